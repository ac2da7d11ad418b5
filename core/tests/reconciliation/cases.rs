//! Each class once, with its code: what finance will read.

use std::slice::from_ref;

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{BreakCode, Direction};
use duizhang_core::grade::Grade;
use duizhang_core::reconciliation::{BundleKind, By, Claim, Class, Flow, Handling, Link};
use duizhang_core::statement::{LineKind, LineStatus, Precision};
use duizhang_core::time::{Span, Timestamp};

use crate::world::{NOON, Ours, Theirs, World, paid, stated};

fn keyed(serial: &str, fen: i64) -> (Ours, Theirs) {
    let mut theirs = stated(1, fen, 0);
    theirs.line.serial = serial.to_owned();
    (Ours { serial: serial.to_owned(), ..paid(1, fen, 0) }, theirs)
}

fn refund(id: u128, fen: i64, serial: &str) -> Ours {
    Ours { flow: Flow::RefundOut, serial: serial.to_owned(), ..paid(id, fen, 0) }
}

fn stated_as(kind: LineKind, number: u32, fen: i64, serial: &str) -> Theirs {
    let mut theirs = stated(number, fen, 0);
    theirs.line.kind = kind;
    theirs.line.serial = serial.to_owned();
    theirs
}

type Expected = (Class, Option<BreakCode>);

fn pair_of(ours: Ours, theirs: Theirs) -> Expected {
    let (payments, lines) = World::new(&[ours], &[theirs]).classes();
    assert_eq!(payments, lines, "both sides of a pair are of one class");
    payments[0]
}

fn sides(ours: &[Ours], theirs: &[Theirs]) -> (Vec<Expected>, Vec<Expected>) {
    World::new(ours, theirs).classes()
}

#[test]
fn a_pair_that_agrees_is_matched_and_one_that_does_not_says_how() {
    let (ours, theirs) = keyed("S1", 1_000);
    let ours = || ours.clone();
    let changed = |change: &dyn Fn(&mut Theirs)| {
        let mut line = theirs.clone();
        change(&mut line);
        line
    };
    let cases = [
        (ours(), changed(&|_| ()), (Class::Matched, None)),
        (
            ours(),
            changed(&|t| t.line.gross = Amount::fen(1_001)),
            (Class::AmountDiffers, Some(BreakCode::AmountOver)),
        ),
        (
            ours(),
            changed(&|t| t.line.gross = Amount::fen(999)),
            (Class::AmountDiffers, Some(BreakCode::AmountUnder)),
        ),
        (
            ours(),
            changed(&|t| {
                t.line.gross = Amount::from_minor(1_000, duizhang_core::amount::Currency::Hkd)
            }),
            (Class::AmountDiffers, Some(BreakCode::Currency)),
        ),
        (ours(), changed(&|t| t.wallet = 2), (Class::DataDiffers, Some(BreakCode::Data))),
        (
            ours(),
            changed(&|t| t.line.status = LineStatus::Closed),
            (Class::StatusDiffers, Some(BreakCode::Status)),
        ),
        (
            ours(),
            changed(&|t| t.line.status = LineStatus::RefundedFull),
            (Class::StatusDiffers, Some(BreakCode::Status)),
        ),
        (
            Ours { refunded: 300, ..ours() },
            changed(&|t| t.line.status = LineStatus::RefundedPart(Amount::fen(300))),
            (Class::Matched, None),
        ),
        (
            Ours { fee: Some(6), ..ours() },
            changed(&|t| t.line.fee = Amount::fen(6)),
            (Class::Matched, None),
        ),
        (
            Ours { fee: Some(6), ..ours() },
            changed(&|t| t.line.fee = Amount::fen(7)),
            (Class::FeeDiffers, Some(BreakCode::FeeVariance)),
        ),
    ];
    agree(&cases);
}

#[test]
fn a_pair_that_agrees_may_still_be_late_twice_or_of_another_day() {
    let (ours, theirs) = keyed("S1", 1_000);
    let ours = || ours.clone();
    let changed = |change: &dyn Fn(&mut Theirs)| {
        let mut line = theirs.clone();
        change(&mut line);
        line
    };
    let cases = [
        (
            Ours { claim: Claim::Late, ..ours() },
            changed(&|_| ()),
            (Class::Late, Some(BreakCode::PaidAfterExpiry)),
        ),
        (
            Ours { claim: Claim::Twice, ..ours() },
            changed(&|_| ()),
            (Class::DuplicatePayment, Some(BreakCode::DuplicatePayment)),
        ),
        (
            Ours { claim: Claim::Orphan, ..ours() },
            changed(&|_| ()),
            (Class::Matched, Some(BreakCode::OrphanPayment)),
        ),
        (
            ours(),
            changed(&|t| t.line.time = Timestamp::from_secs(NOON - 50_000)),
            (Class::CrossDay, Some(BreakCode::DayCut)),
        ),
        (
            ours(),
            changed(&|t| t.line.time = Timestamp::from_secs(NOON - 200_000)),
            (Class::DataDiffers, Some(BreakCode::Date)),
        ),
    ];
    agree(&cases);
}

fn agree(cases: &[(Ours, Theirs, Expected)]) {
    for (place, (ours, theirs, expected)) in cases.iter().enumerate() {
        assert_eq!(pair_of(ours.clone(), theirs.clone()), *expected, "case {place}");
    }
}

#[test]
fn a_difference_within_the_tolerance_is_rounding() {
    let (ours, mut theirs) = keyed("S1", 1_000);
    theirs.line.gross = Amount::fen(1_001);
    let mut world = World::new(&[ours], &[theirs]);
    world.terms.rounding = 1;
    assert_eq!(world.classes().0, [(Class::AmountDiffers, Some(BreakCode::Rounding))]);
}

#[test]
fn what_has_no_partner_says_why() {
    let ours_only = (Class::OnlyOurs, Some(BreakCode::OverdueStatement));
    assert_eq!(sides(&[paid(1, 5, 0)], &[]).0, [ours_only]);
    assert_eq!(
        sides(&[], &[stated(1, 5, 0)]).1,
        [(Class::OnlyChannel, Some(BreakCode::OrphanPayment))]
    );
    let mut named = stated(1, 5, 0);
    named.line.merchant_no = Some("N1".to_owned());
    assert_eq!(sides(&[], &[named]).1, [(Class::OnlyChannel, Some(BreakCode::UnobservedPayment))]);
    assert_eq!(
        sides(&[refund(1, 5, "R")], &[]).0,
        [(Class::RefundOnlyOurs, Some(BreakCode::RefundNotSettled))]
    );
    let lone = |kind| sides(&[], &[stated_as(kind, 1, 5, "")]).1[0];
    assert_eq!(
        lone(LineKind::RefundOut),
        (Class::RefundOnlyChannel, Some(BreakCode::OrphanRefund))
    );
    assert_eq!(lone(LineKind::Withdrawal), (Class::OnlyChannel, Some(BreakCode::OrphanRefund)));
    for kind in [
        LineKind::PayOut,
        LineKind::RefundIn,
        LineKind::Fee,
        LineKind::FeeBack,
        LineKind::Transfer,
        LineKind::Neutral,
    ] {
        assert_eq!(lone(kind), (Class::Excluded, None), "{kind:?}");
    }
    assert_eq!(lone(LineKind::Unknown), (Class::Excluded, Some(BreakCode::Data)));
}

#[test]
fn what_another_day_or_file_may_have_waits() {
    let pool = |code| (Class::Pool, Some(code));
    assert_eq!(
        sides(&[paid(1, 5, -50_000)], &[stated(1, 7, 50_000)]),
        (vec![pool(BreakCode::DayCut)], vec![pool(BreakCode::DayCut)])
    );
    let elsewhere = Ours { wallets: vec![1, 9], ..paid(1, 5, 0) };
    assert_eq!(
        sides(&[elsewhere], &[]).0,
        [pool(BreakCode::PendingStatement)],
        "wallet 9 has no file yet"
    );
    let mut pending = stated(1, 5, 0);
    pending.line.status = LineStatus::Pending;
    assert_eq!(sides(&[], &[pending.clone()]).1, [pool(BreakCode::PendingStatement)]);
    pending.line.status = LineStatus::Closed;
    assert_eq!(sides(&[], &[pending]).1, [(Class::Excluded, None)]);
}

#[test]
fn copies_name_their_first_and_contradictions_stay_whole() {
    let (ours, theirs) = keyed("S1", 10);
    let mut again = theirs.clone();
    again.line.number = 2;
    let twice = Ours { id: 2, ..ours.clone() };
    let world = World::new(&[twice.clone(), ours.clone()], &[again.clone(), theirs.clone()]);
    let outcome = world.outcome();
    assert_eq!(outcome.lines[0].link, Link::CopyOf(1), "the later line is the copy");
    assert_eq!(
        (outcome.lines[0].class, outcome.lines[0].code),
        (Class::DuplicateLine, Some(BreakCode::DuplicateLine))
    );
    assert_eq!(outcome.payments[0].class, Class::DuplicateNotice, "the greater id is the copy");
    assert_eq!(outcome.lines[0].direction, Direction::Control);
    again.line.gross = Amount::fen(11);
    let conflict = (Class::KeyConflict, Some(BreakCode::KeyConflict));
    assert_eq!(sides(from_ref(&ours), &[theirs, again]), (vec![conflict], vec![conflict; 2]));
    assert_eq!(sides(&[ours, Ours { fen: 11, ..twice }], &[]).0, [conflict; 2]);
}

#[test]
fn a_differing_key_is_a_veto_and_a_second_serial_second_money() {
    let mut theirs = stated(1, 10, 0);
    theirs.line.serial = "S2".to_owned();
    theirs.line.merchant_no = Some("N1".to_owned());
    let ours = Ours { serial: "S1".to_owned(), order: "N1".to_owned(), ..paid(1, 10, 0) };
    let (payments, lines) = sides(from_ref(&ours), from_ref(&theirs));
    assert_eq!((payments[0].0, lines[0].0), (Class::OnlyOurs, Class::OnlyChannel));
    let mut first = stated(2, 10, 0);
    first.line.serial = "S1".to_owned();
    let (payments, lines) = sides(&[ours], &[theirs, first]);
    assert_eq!(payments[0].0, Class::Matched);
    assert_eq!(
        lines,
        [(Class::DuplicatePayment, Some(BreakCode::DuplicatePayment)), (Class::Matched, None)]
    );
}

#[test]
fn an_order_number_pairs_whatever_the_time_and_sums_are_proposed() {
    let order = |id, fen| Ours { order: "N1".to_owned(), ..paid(id, fen, 0) };
    let mut theirs = stated(1, 30, 3_000);
    theirs.line.merchant_no = Some("N1".to_owned());
    let world = World::new(&[order(1, 30)], &[theirs.clone()]);
    assert_eq!(world.outcome().pairs[0].by, By::Order);
    let split = (Class::Split, Some(BreakCode::SplitIncomplete));
    assert_eq!(
        sides(&[order(1, 10), order(2, 20)], &[theirs.clone()]),
        (vec![split; 2], vec![split])
    );
    let conflict = (Class::KeyConflict, Some(BreakCode::KeyConflict));
    assert_eq!(
        sides(&[order(1, 10), order(2, 21)], &[theirs]),
        (vec![conflict; 2], vec![conflict])
    );
}

#[test]
fn refunds_are_found_by_the_serial_that_they_give_back() {
    let ours = [refund(1, 5, "S1"), refund(2, 7, "S1_2")];
    let theirs = [
        stated_as(LineKind::RefundOut, 1, 5, "S1_r1"),
        stated_as(LineKind::RefundOut, 2, 7, "S1_r2"),
    ];
    let outcome = World::new(&ours, &theirs).outcome();
    assert!(outcome.pairs.iter().all(|pair| pair.by == By::Base && pair.payment == pair.line));
    let rivals = [refund(1, 5, "S1_a"), refund(2, 5, "S1_b")];
    let (payments, lines) = sides(&rivals, &theirs[..1]);
    assert_eq!(payments, [(Class::RefundOnlyOurs, Some(BreakCode::RefundNotSettled)); 2]);
    assert_eq!(lines[0].0, Class::RefundOnlyChannel, "two could be meant");
}

#[test]
fn isolation_is_not_enough_the_two_must_also_be_near() {
    let near = World::new(&[paid(1, 10, 5)], &[stated(1, 10, 0)]).outcome();
    let late = World::new(&[paid(1, 10, 6)], &[stated(1, 10, 0)]).outcome();
    let of = |pair: duizhang_core::reconciliation::Pair| (pair.by, pair.grade, pair.handling);
    assert_eq!(of(near.pairs[0]), (By::Slot, Grade::Isolated, Handling::Automatic));
    assert_eq!(of(late.pairs[0]), (By::Slot, Grade::Isolated, Handling::Proposed));
    let mut ahead = World::new(&[paid(1, 10, 0)], &[stated(1, 10, 3)]);
    ahead.terms.near_early = Span::from_secs(2);
    assert_eq!(of(ahead.outcome().pairs[0]), (By::Slot, Grade::Isolated, Handling::Proposed));
    let mut far = World::new(&[paid(1, 10, 600)], &[stated(1, 10, 0)]);
    far.terms.far = Span::from_hours(1);
    assert_eq!(of(far.outcome().pairs[0]), (By::Far, Grade::Isolated, Handling::Proposed));
    far.theirs.push(stated(2, 10, 60));
    assert_eq!(far.outcome().pairs, [], "two far ones are none");
}

#[test]
fn where_strangers_abound_a_sole_candidate_may_be_one_by_chance() {
    let mut world = World::new(&[paid(1, 10, 0)], &[stated(1, 10, 0)]);
    for number in 0..9 {
        world.ours.push(paid(100 + u128::from(number), 55, 100 + i64::from(number) * 200));
        world.theirs.push(stated(100 + number, 55, 200 + i64::from(number) * 200));
    }
    let handling = |world: &World| world.outcome().pairs[0].handling;
    // 81 pairs that could have met, 11 of 86,400 seconds: one hundredth of a meeting.
    world.terms.chance_per_mille = 11;
    assert_eq!(handling(&world), Handling::Automatic);
    world.terms.chance_per_mille = 10;
    assert_eq!(handling(&world), Handling::Proposed);
    world.ours.iter_mut().skip(1).for_each(|one| one.wallets = vec![2]);
    assert_eq!(handling(&world), Handling::Automatic, "strangers of another wallet");
}

#[test]
fn a_minute_is_any_of_its_seconds() {
    let mut theirs = stated(1, 10, 0);
    let world = |theirs: &Theirs| World::new(&[paid(1, 10, 75)], from_ref(theirs)).outcome();
    assert_eq!(world(&theirs).pairs.len(), 0);
    theirs.line.precision = Precision::Minute;
    assert_eq!(world(&theirs).pairs.len(), 1);
}

#[test]
fn what_comes_in_order_is_forced_and_never_automatic() {
    // The first line is too early for the second payment, the second too late for the first.
    let world =
        World::new(&[paid(1, 10, 0), paid(2, 10, 15)], &[stated(1, 10, 0), stated(2, 10, 15)]);
    let outcome = world.outcome();
    assert!(
        outcome.pairs.iter().all(|pair| pair.grade == Grade::Forced && pair.payment == pair.line)
    );
    assert!(outcome.pairs.iter().all(|pair| pair.handling == Handling::Proposed));
    assert_eq!(outcome.pairs.len(), 2);
}

#[test]
fn two_of_a_kind_are_ambiguous_with_a_second_matching_and_remarks_are_hints() {
    let note = |ours: Ours, text: &str| Ours { note: text.to_owned(), ..ours };
    let mut lines = [stated(1, 10, 0), stated(2, 10, 0)];
    lines[1].line.note = "order 778899, thanks".to_owned();
    let world = World::new(&[note(paid(1, 10, 0), "778899"), paid(2, 10, 0)], &lines);
    let outcome = world.outcome();
    let group = &outcome.groups[0];
    assert_eq!(group.grades, [Grade::Ambiguous; 2]);
    assert_eq!(group.turns[0].instead.len(), 2);
    assert_eq!(group.hints, [(0, 1)]);
    assert_eq!(outcome.payments[0].code, Some(BreakCode::AmbiguousPayments));
    assert_eq!(outcome.lines[0].code, Some(BreakCode::AmbiguousOrders));
}

#[test]
fn a_search_that_ends_at_its_limit_says_so_and_nothing_else() {
    let many: Vec<Ours> = (1..=9).map(|id| paid(id, 10, 0)).collect();
    let lines: Vec<Theirs> = (1..=9).map(|number| stated(number, 10, 0)).collect();
    let mut world = World::new(&many, &lines);
    world.terms.search_max = 20;
    let limit = (Class::SearchLimit, Some(BreakCode::SearchLimit));
    assert_eq!(world.classes(), (vec![limit; 9], vec![limit; 9]));
}

#[test]
fn sums_are_proposed_only_where_one_set_fits() {
    let mut world =
        World::new(&[paid(1, 30, 100), paid(2, 50, 200), paid(3, 7, 300)], &[stated(1, 80, 400)]);
    world.terms.far = Span::from_hours(1);
    let alone = world.classes();
    assert_eq!(
        alone.1,
        [(Class::OnlyChannel, Some(BreakCode::OrphanPayment))],
        "the search is off by default"
    );
    world.terms.parts_max = 3;
    let outcome = world.outcome();
    assert_eq!(outcome.bundles.len(), 1);
    assert_eq!(
        (outcome.bundles[0].kind, &outcome.bundles[0].payments[..]),
        (BundleKind::Split, &[0, 1][..])
    );
    assert_eq!(outcome.payments[2].class, Class::OnlyOurs);
    world.ours.push(paid(4, 43, 500));
    let outcome = world.outcome();
    assert_eq!(outcome.bundles[0].kind, BundleKind::Rivals);
    assert_eq!(outcome.bundles[0].alternatives.len(), 2);
    assert_eq!(outcome.lines[0].class, Class::Ambiguous);
    world.terms.search_max = 5;
    assert_eq!(world.classes().1, [(Class::SearchLimit, Some(BreakCode::SearchLimit))]);
}
