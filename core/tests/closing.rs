//! Closing days: when one closes, what that means for what comes late, and who opens it again; and
//! random runs, people and clocks over all of it.
//!
//! Deliberately not here: what a run or a person does to a break in an open day (`breaks.rs`).

use std::collections::BTreeSet;

use duizhang_core::breaks::{
    BreakCode, BreakRefusal, BreakStep, DayReconciled, Explained, ResolutionKind, Subject,
    WaitingFor,
};
use duizhang_core::channel::Channel;
use duizhang_core::closing::{Day, DayRefusal};
use duizhang_core::decide::{Repeat, Ruling};
use duizhang_core::decision::Decision;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, WalletId};
use duizhang_core::invariant::{Auditor, Invariant};
use duizhang_core::limits::ACCEPTED_MAX;
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_core::testing::reckoning::{
    close, end_of, found, reopen, resolution, run, statement, work,
};
use duizhang_core::testing::{Book, Entry, wallet};
use duizhang_core::time::{Span, Timestamp};
use proptest::prelude::*;

/// The day of the test book's first instant, 2023-11-14.
const DAY: Day = Day::new(19_675);

fn wx() -> WalletId {
    WalletId::new("wx").expect("a name")
}

fn line(serial: &str) -> BreakId {
    BreakId::about(&wx(), DAY, &Subject::Line { serial: String::from(serial) })
}

fn refused(refusal: DayRefusal) -> Result<Ruling, Rejection> {
    Err(Rejection::Day(refusal))
}

/// The morning after `DAY`, with a statement, a run over it, and the break M01 about line A; the
/// other wallets' runs found nothing.
fn morning() -> (Book, BreakId) {
    let mut book = Book::default();
    book.must(Fact::StatementKept(statement(1, DAY)));
    let breaks = vec![found("A", BreakCode::AmountOver, 5)];
    book.must(Fact::DayReconciled(run(1, DAY, &[1], breaks)));
    book.reconcile_rest(DAY);
    book.at = end_of(DAY);
    (book, line("A"))
}

#[test]
fn a_day_closes_only_when_it_is_over_reconciled_and_clean() {
    let (mut book, id) = morning();
    book.at = end_of(DAY).minus(Span::from_secs(1));
    assert_eq!(book.submit(close(DAY, "ann", &[id])), refused(DayRefusal::NotOver));
    book.at = end_of(DAY);
    assert_eq!(book.submit(close(DAY, "ann", &[])), refused(DayRefusal::BreaksLeft(1)));
    let unknown = Err(Rejection::Break(BreakRefusal::Unknown));
    assert_eq!(book.submit(close(DAY, "ann", &[id, line("B")])), unknown);
    let many = vec![id; ACCEPTED_MAX + 1];
    assert_eq!(book.submit(close(DAY, "ann", &many)), refused(DayRefusal::Unfit("accepted")));
    let Fact::DayCloseRequested(mut far) = close(DAY, "ann", &[id]) else { unreachable!() };
    far.ends_at = end_of(DAY).minus(Span::from_hours(27));
    let unfit = refused(DayRefusal::Unfit("ends_at"));
    assert_eq!(book.submit(Fact::DayCloseRequested(far)), unfit, "a day ends where it ends");
    assert_eq!(book.submit(close(DAY, "", &[id])), Err(Rejection::BadText("by")));

    let mut later = book.clone();
    later.must(Fact::StatementKept(statement(2, DAY)));
    assert_eq!(later.submit(close(DAY, "ann", &[id])), refused(DayRefusal::NotReconciled(wx())));
    let mut begun = run(2, DAY, &[1, 2], vec![]);
    begun.last = false;
    later.must(Fact::DayReconciled(begun));
    assert_eq!(later.submit(close(DAY, "ann", &[id])), refused(DayRefusal::NotReconciled(wx())));

    assert_eq!(book.must(close(DAY, "ann", &[id])), vec![Decision::DayClosed { day: DAY }]);
    let again = book.submit(close(DAY, "bob", &[id]));
    assert_eq!(again, Ok(Ruling::Repeat(Repeat::Nothing)));
    assert_eq!(book.submit(close(DAY, "ann", &[])), refused(DayRefusal::Closed));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_resolved_break_needs_no_acceptance() {
    let (mut book, id) = morning();
    book.must(work(id, "ann", BreakStep::Resolve(resolution(ResolutionKind::Claimed))));
    book.must(close(DAY, "ann", &[]));
    book.at = end_of(DAY.next());
    book.reconcile_rest(DAY.next());
    book.must(close(DAY.next(), "ann", &[]));
    assert_eq!(book.state.booked_day(DAY), DAY.next().next());
    assert_eq!(book.state.booked_day(DAY.next().next()), DAY.next().next());
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_day_closes_only_with_a_whole_run_of_every_declared_wallet() {
    let mut book = Book::default();
    book.at = end_of(DAY);
    let mut wallets: Vec<WalletId> =
        book.state.wallets().iter().map(|wallet| wallet.declared.id.clone()).collect();
    assert_eq!(wallets.len(), 3);
    // One that is declared after the day is no exception: its empty run costs nothing.
    book.must(Fact::WalletDeclared(wallet("new", Channel::Wechat)));
    wallets.push(WalletId::new("new").expect("a name"));
    let empty = |wallet: &WalletId| DayReconciled {
        wallet: wallet.clone(),
        ..run(1, DAY, &[], Vec::new())
    };
    for lacking in &wallets {
        let mut book = book.clone();
        let others = wallets.iter().filter(|wallet| *wallet != lacking);
        others.for_each(|wallet| drop(book.must(Fact::DayReconciled(empty(wallet)))));
        let refusal = refused(DayRefusal::NotReconciled(lacking.clone()));
        assert_eq!(book.submit(close(DAY, "ann", &[])), refusal, "a day without its run");
        let said = refusal.clone().expect_err("it is refused").to_string();
        assert!(
            said.contains(&format!("wallet {lacking} ")) && said.contains("reconcile"),
            "{said}"
        );
        book.must(Fact::DayReconciled(DayReconciled { last: false, ..empty(lacking) }));
        assert_eq!(book.submit(close(DAY, "ann", &[])), refusal, "a run that is not whole");
        book.must(Fact::DayReconciled(DayReconciled { part: 1, ..empty(lacking) }));
        let of_other_day = Fact::DayReconciled(DayReconciled { day: DAY.next(), ..empty(lacking) });
        book.must(of_other_day);
        book.must(close(DAY, "ann", &[]));
        assert_eq!(book.violations(), vec![]);
    }
    assert_eq!(book.submit(close(DAY, "ann", &[])), refused(DayRefusal::NotReconciled(wx())));
}

#[test]
fn what_comes_late_goes_into_the_first_open_day() {
    let (mut book, id) = morning();
    book.must(close(DAY, "ann", &[id]));
    let open = DAY.next();
    let breaks =
        vec![found("A", BreakCode::AmountOver, 500), found("B", BreakCode::OrphanPayment, 7)];
    let decisions = book.must(Fact::DayReconciled(run(2, DAY, &[1], breaks)));
    let booked = decisions.iter().filter_map(|decision| match decision {
        Decision::BreakOpened { id, booked, day, .. } => Some((*id, *day, *booked)),
        Decision::BreakReclassified { id, booked, .. } => Some((*id, DAY, *booked)),
        _ => None,
    });
    let wanted = vec![(id, DAY, open), (line("B"), DAY, open)];
    assert_eq!(booked.collect::<Vec<_>>(), wanted, "what was accepted was another amount");
    assert_eq!(book.state.open_breaks_booked(DAY).count(), 0);
    assert_eq!(book.state.open_breaks_of(&wx(), DAY).count(), 2);
    book.must(work(id, "ann", BreakStep::Resolve(resolution(ResolutionKind::Split))));
    let step = BreakStep::Reopen { reason: String::from("not so") };
    let decisions = book.must(work(id, "ann", step));
    assert_eq!(decisions, vec![Decision::BreakReopened { id, booked: open }]);
    book.reconcile_rest(open);
    book.at = end_of(open);
    let left = refused(DayRefusal::BreaksLeft(2));
    assert_eq!(book.submit(close(open, "ann", &[])), left);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn an_accepted_break_lives_on_in_its_day() {
    let (mut book, id) = morning();
    book.must(close(DAY, "ann", &[id]));
    book.must(work(id, "bob", BreakStep::Wait { on: WaitingFor::Provider }));
    assert_eq!(book.state.find_break(id).unwrap().booked, DAY);
    book.must(work(id, "bob", BreakStep::Resolve(resolution(ResolutionKind::Claimed))));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn two_people_open_a_closed_day_again() {
    let (mut book, id) = morning();
    assert_eq!(book.submit(reopen(DAY, "ann")), refused(DayRefusal::Open));
    book.must(close(DAY, "ann", &[id]));
    let proposed = vec![Decision::DayReopenProposed { day: DAY }];
    assert_eq!(book.must(reopen(DAY, "ann")), proposed);
    assert_eq!(book.submit(reopen(DAY, "ann")), Ok(Ruling::Repeat(Repeat::Nothing)));
    assert_eq!(book.submit(reopen(DAY, " ann")), Err(Rejection::BadText("by")));
    book.restart();
    assert_eq!(book.must(reopen(DAY, "bob")), vec![Decision::DayReopened { day: DAY }]);
    assert_eq!(book.state.booked_day(DAY), DAY);
    assert_eq!(book.submit(close(DAY, "ann", &[])), refused(DayRefusal::BreaksLeft(1)));
    book.must(close(DAY, "ann", &[id]));
    assert_eq!(book.must(reopen(DAY, "bob")), proposed, "the first proposal is used up");
    assert_eq!(book.violations(), vec![]);
}

/// The auditor's own findings on a log that was changed after it was written.
fn audited(log: &[Entry]) -> BTreeSet<Invariant> {
    let mut auditor = Auditor::new();
    for Entry { position, at, fact, decisions } in log {
        auditor.fold(*position, *at, fact, decisions);
    }
    auditor.violations().iter().map(|violation| violation.invariant).collect()
}

#[test]
fn the_auditor_sees_each_broken_promise() {
    let (mut book, id) = morning();
    let forced = resolution(ResolutionKind::Forced);
    book.must(work(id, "ann", BreakStep::Propose(forced)));
    book.must(work(id, "bob", BreakStep::Approve));
    book.must(close(DAY, "ann", &[]));
    let late = vec![found("B", BreakCode::OrphanPayment, 7)];
    book.must(Fact::DayReconciled(run(2, DAY, &[1], late)));
    book.must(reopen(DAY, "ann"));
    book.must(reopen(DAY, "bob"));
    assert_eq!(audited(&book.log), BTreeSet::new());

    let changed = |change: &dyn Fn(&mut Entry)| {
        let mut log = book.log.clone();
        log.iter_mut().for_each(change);
        audited(&log)
    };
    let alone = changed(&|entry| {
        if let Fact::BreakWorked(worked) = &mut entry.fact {
            worked.by = String::from("ann");
        }
    });
    assert_eq!(alone, [Invariant::TwoPersons].into());
    let alone = changed(&|entry| {
        if let Fact::DayReopenRequested(request) = &mut entry.fact {
            request.by = String::from("ann");
        }
    });
    assert_eq!(alone, [Invariant::TwoPersons].into());
    let dated = changed(&|entry| {
        for decision in &mut entry.decisions {
            if let Decision::BreakOpened { booked, .. } = decision {
                *booked = DAY;
            }
        }
    });
    let into_closed = [Invariant::ClosedDayClean, Invariant::ClosedStaysClosed];
    assert_eq!(dated, into_closed.into());
    let unreconciled = changed(&|entry| {
        if let Fact::DayReconciled(run) = &mut entry.fact {
            run.statements.clear();
        }
    });
    assert_eq!(unreconciled, [Invariant::ClosedDayClean].into());
    let alone = {
        let of_other = |entry: &Entry| matches!(&entry.fact, Fact::DayReconciled(run) if run.wallet.as_str() == "ali");
        let log: Vec<Entry> = book.log.iter().filter(|entry| !of_other(entry)).cloned().collect();
        let mut position = Position::START.next();
        let log = log.into_iter().map(|entry| {
            let place = position;
            position = (0..=entry.decisions.len()).fold(position, |at, _| at.next());
            Entry { position: place, ..entry }
        });
        audited(&log.collect::<Vec<_>>())
    };
    assert_eq!(alone, [Invariant::ClosedDayClean].into(), "a wallet without a run");
    let dropped = changed(&|entry| {
        entry.decisions.retain(|one| !matches!(one, Decision::BreakResolved { .. }));
    });
    assert!(dropped.contains(&Invariant::ClosedDayClean), "{dropped:?}");
    let twice = changed(&|entry| {
        if let Some(position) =
            entry.decisions.iter().position(|one| matches!(one, Decision::BreakResolved { .. }))
        {
            let again = entry.decisions[position].clone();
            entry.decisions.push(again);
        }
    });
    assert!(twice.contains(&Invariant::BreakOpenOrOver), "{twice:?}");
}

/// One thing that happens in a random history.
#[derive(Clone, Debug)]
enum Act {
    Keep(u8, u8),
    Run { day: u8, files: Vec<u8>, breaks: Vec<(u8, u8, i64)>, explained: Vec<u8>, last: bool },
    Work { about: u8, who: u8, step: u8, kind: u8 },
    Close { day: u8, who: u8, honest: bool },
    Reopen { day: u8, who: u8 },
    Wait(u32),
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let small = 0_u8..4;
    let breaks = prop::collection::vec((0_u8..5, 0_u8..4, 0_i64..3_000), 0..4);
    let files = prop::collection::vec(0_u8..6, 0..4);
    let explained = prop::collection::vec(0_u8..5, 0..2);
    prop_oneof![
        1 => (0_u8..6, small.clone()).prop_map(|(file, day)| Act::Keep(file, day)),
        4 => (small.clone(), files, breaks, explained, prop::bool::weighted(0.8)).prop_map(
            |(day, files, breaks, explained, last)| Act::Run { day, files, breaks, explained, last }
        ),
        8 => (0_u8..5, 0_u8..3, 0_u8..8, 0_u8..9)
            .prop_map(|(about, who, step, kind)| Act::Work { about, who, step, kind }),
        3 => (small.clone(), 0_u8..3, prop::bool::weighted(0.8))
            .prop_map(|(day, who, honest)| Act::Close { day, who, honest }),
        2 => (small, 0_u8..3).prop_map(|(day, who)| Act::Reopen { day, who }),
        2 => (1_u32..100_000).prop_map(Act::Wait),
        1 => Just(Act::Restart),
    ]
}

const CODES: [BreakCode; 4] = [
    BreakCode::AmountOver,
    BreakCode::OverdueStatement,
    BreakCode::AmbiguousOrders,
    BreakCode::FileTotals,
];

const KINDS: [ResolutionKind; 9] = [
    ResolutionKind::Matched,
    ResolutionKind::Split,
    ResolutionKind::Refunded,
    ResolutionKind::Claimed,
    ResolutionKind::Adjusted,
    ResolutionKind::WrittenOff,
    ResolutionKind::Duplicate,
    ResolutionKind::NotABreak,
    ResolutionKind::Forced,
];

fn nth(day: u8) -> Day {
    Day::new(DAY.number() + i32::from(day))
}

fn serial(about: u8) -> BreakId {
    line(&about.to_string())
}

fn step_of(step: u8, kind: u8) -> BreakStep {
    let text = String::from("because");
    let end = resolution(KINDS[usize::from(kind)]);
    match step {
        0 => BreakStep::Assign { to: String::from("bob") },
        1 => BreakStep::Comment { text },
        2 => BreakStep::Wait { on: WaitingFor::Statement },
        3 => BreakStep::Propose(end),
        4 | 5 => BreakStep::Approve,
        6 => BreakStep::Resolve(end),
        _ => BreakStep::Reopen { reason: text },
    }
}

/// What the act asks for; `number` tells the inputs of runs apart.
fn fact_of(book: &mut Book, act: &Act, number: u8) -> Option<Fact> {
    let who = |who: u8| ["ann", "bob", "eve"][usize::from(who)];
    Some(match act {
        Act::Keep(file, day) => {
            let mut kept = statement(*file, nth(*day));
            kept.last = nth(day.saturating_add(file % 2));
            Fact::StatementKept(kept)
        }
        Act::Run { day, files, breaks, explained, last } => {
            let mut unique = BTreeSet::new();
            let breaks = breaks.iter().filter(|(about, ..)| unique.insert(*about));
            let breaks = breaks.map(|(about, code, fen)| {
                found(&about.to_string(), CODES[usize::from(*code)], *fen)
            });
            let known =
                |file: &&u8| book.state.statement(statement(**file, DAY).statement).is_some();
            let files: Vec<u8> = files.iter().filter(known).copied().collect();
            let mut run = run(number, nth(*day), &files, breaks.collect());
            let explained = explained.iter().filter(|about| unique.insert(**about));
            run.explained =
                explained.map(|about| Explained { id: serial(*about), by: Subject::Day }).collect();
            run.last = *last;
            Fact::DayReconciled(run)
        }
        Act::Work { about, who: by, step, kind } => {
            work(serial(*about), who(*by), step_of(*step, *kind))
        }
        Act::Close { day, who: by, honest } => {
            if *honest {
                book.reconcile_rest(nth(*day));
            }
            let open: Vec<BreakId> = book.state.open_breaks_booked(nth(*day)).collect();
            close(nth(*day), who(*by), if *honest { &open } else { &[] })
        }
        Act::Reopen { day, who: by } => reopen(nth(*day), who(*by)),
        Act::Wait(_) | Act::Restart => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever runs, people and clocks do: the auditor and the predicates have nothing to say, the
    /// log gives the state again, and nothing open lies in a closed day but what was accepted.
    #[test]
    fn random_mornings_keep_every_promise(acts in prop::collection::vec(act(), 1..60)) {
        let mut book = Book::default();
        let mut closed: BTreeSet<Day> = BTreeSet::new();
        for (number, act) in (0_u8..).zip(&acts) {
            match act {
                Act::Wait(secs) => { book.wait(Span::from_secs(u64::from(*secs))); }
                Act::Restart => book.restart(),
                other => {
                    let Some(fact) = fact_of(&mut book, other, number) else { continue };
                    let before = book.state.fingerprint();
                    match book.submit(fact) {
                        Ok(Ruling::Decided(decisions)) => watch(&mut closed, &decisions, book.at)?,
                        Ok(Ruling::Repeat(_)) | Err(_) => {
                            prop_assert_eq!(book.state.fingerprint(), before);
                        }
                    }
                }
            }
            prop_assert_eq!(book.violations(), vec![]);
        }
        prop_assert_eq!(book.rebuilt().fingerprint(), book.state.fingerprint());
    }
}

/// The test's own small account of closed days.
fn watch(
    closed: &mut BTreeSet<Day>,
    decisions: &[Decision],
    at: Timestamp,
) -> Result<(), TestCaseError> {
    for decision in decisions {
        match decision {
            Decision::DayClosed { day } => {
                prop_assert!(at >= end_of(*day));
                prop_assert!(closed.insert(*day));
            }
            Decision::DayReopened { day } => prop_assert!(closed.remove(day)),
            Decision::BreakOpened { booked, .. }
            | Decision::BreakReclassified { booked, .. }
            | Decision::BreakReopened { booked, .. } => prop_assert!(!closed.contains(booked)),
            _ => {}
        }
    }
    Ok(())
}
