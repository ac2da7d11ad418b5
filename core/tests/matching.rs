//! What settles what, by example: each standing, each verdict, each reason to hold, and the clocks.
//!
//! Deliberately not here: the same rules over random histories (`oracle.rs`), refusals
//! (`rejections.rs`).

use duizhang_core::amount::{AMOUNT_MINOR_MAX, Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::fact::{
    Closer, EvidenceJudged, Fact, HeartbeatReceived, Judgement, NotificationReceived,
    OrderCloseRequested, PaymentAssigned, Reading,
};
use duizhang_core::id::{DeviceId, MerchantId, NotificationId, OrderId, PaymentId, WalletId};
use duizhang_core::limits::DUE_PER_TICK_MAX;
use duizhang_core::matcher::{Grade, HoldReason, Rule, Standing};
use duizhang_core::notification::Verdict;
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::{LateRule, Policy, Step};
use duizhang_core::state::Reservation;
use duizhang_core::testing::{Book, device, merchant, order, policy_fact};
use duizhang_core::time::{Span, Timestamp};

fn mins(count: u64) -> Span {
    Span::from_mins(count)
}

/// A book whose only merchant is paid into one wallet, so that amounts collide at once.
fn narrow(policy: Policy) -> Book {
    let mut book = Book::new(policy);
    book.must(Fact::MerchantDeclared(merchant("shop", &["wx"])));
    book
}

/// Amounts so scarce that one is given again as soon as it is released.
fn scarce() -> Policy {
    Policy { max_offset: 0, ..Policy::default() }
}

fn verdict(decisions: &[Decision]) -> Verdict {
    let verdict = decisions.iter().find_map(|decision| match decision {
        Decision::NotificationJudged { verdict, .. } => Some(*verdict),
        _ => None,
    });
    verdict.expect("a delivery is judged")
}

fn held(decisions: &[Decision]) -> Option<(Grade, HoldReason, Vec<OrderId>)> {
    decisions.iter().find_map(|decision| match decision {
        Decision::PaymentHeld { grade, reason, candidates, .. } => {
            Some((*grade, *reason, candidates.clone()))
        }
        _ => None,
    })
}

fn paid(decisions: &[Decision]) -> Option<(OrderId, Standing)> {
    decisions.iter().find_map(|decision| match decision {
        Decision::OrderPaid { order, standing, .. } => Some((*order, *standing)),
        _ => None,
    })
}

fn rule(decisions: &[Decision]) -> Option<(Rule, Grade)> {
    decisions.iter().find_map(|decision| match decision {
        Decision::PaymentMatched { rule, grade, .. } => Some((*rule, *grade)),
        _ => None,
    })
}

fn close(book: &mut Book, order: OrderId) {
    let by = Closer::Operator(String::from("test"));
    book.must(Fact::OrderCloseRequested(OrderCloseRequested { order, by }));
}

fn assign(book: &mut Book, payment: PaymentId, order: OrderId) -> Vec<Decision> {
    let (by, reason) = (String::from("test"), String::from("seen"));
    book.must(Fact::PaymentAssigned(PaymentAssigned { payment, order, by, reason }))
}

fn beat(book: &mut Book, sent_at: Timestamp) {
    let device = DeviceId::new("phone").expect("it is there");
    let fact = Fact::HeartbeatReceived(HeartbeatReceived { device, sent_at: Some(sent_at) });
    book.must(fact);
}

/// Pays fen at a device time, or none, with references; the decisions.
fn push(book: &mut Book, fen: i64, sent: Option<Timestamp>, named: &[&str]) -> Vec<Decision> {
    let received = book.money_with(fen, sent, named);
    book.notify(received)
}

#[test]
fn the_exact_amount_in_time_settles_by_itself() {
    let mut book = narrow(Policy::default());
    let one = book.open("shop", "1", 100);
    let two = book.open("shop", "2", 100);
    assert_eq!((book.row(one).payable, book.row(two).payable), (100, 101));
    let (_, decisions) = book.pay(101);
    assert_eq!(paid(&decisions), Some((two, Standing::Exact)));
    assert_eq!(rule(&decisions), Some((Rule::Slot, Grade::Isolated)));
    assert_eq!(book.status(one), OrderStatus::Open);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn money_during_quarantine_is_late_money_of_that_order() {
    for (rule, wanted) in [(LateRule::Settle, None), (LateRule::Hold, Some(HoldReason::Late))] {
        let mut book = narrow(Policy { late: rule, ..Policy::default() });
        let order = book.open("shop", "1", 100);
        book.wait(mins(6)).tick();
        let other = book.open("shop", "2", 100);
        assert_eq!(book.row(other).payable, 101, "a quarantined amount is not given out");
        let (_, decisions) = book.pay(100);
        assert_eq!(held(&decisions).map(|(_, reason, _)| reason), wanted);
        if wanted.is_none() {
            assert_eq!(paid(&decisions), Some((order, Standing::Late)));
            assert_eq!(book.status(order), OrderStatus::PaidLate);
        }
        assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn late_evidence_never_pays_the_new_holder_of_the_amount() {
    // (does a fresh heartbeat vouch for the clock, what must come out)
    for vouched in [false, true] {
        let mut book = narrow(scarce());
        let start = book.at;
        let old = book.open("shop", "old", 100);
        book.wait(mins(6)).tick();
        book.wait(mins(16)).tick();
        assert_eq!(book.row(old).reservation, Reservation::Released);
        let new = book.open("shop", "new", 100);
        assert_eq!(book.row(new).payable, 100);
        book.wait(mins(1));
        if vouched {
            let now = book.at;
            beat(&mut book, now);
        }
        let decisions = push(&mut book, 100, Some(start.plus(mins(1))), &[]);
        if vouched {
            assert_eq!(paid(&decisions), Some((old, Standing::Late)));
        } else {
            let several = (Grade::Ambiguous, HoldReason::SeveralOrders, vec![old, new]);
            assert_eq!(held(&decisions), Some(several));
        }
        assert_eq!(book.status(new), OrderStatus::Open);
        assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn a_heartbeat_that_is_old_or_came_late_takes_no_candidate_away() {
    // The clock was an hour ahead at the heartbeat and has been set since: its true time is now.
    let mut book = narrow(scarce());
    let old = book.open("shop", "old", 100);
    book.wait(mins(6)).tick();
    book.wait(mins(16)).tick();
    book.wait(mins(40));
    let ahead = book.at.plus(mins(60));
    beat(&mut book, ahead);
    book.wait(mins(3)).tick();
    let new = book.open("shop", "new", 100);
    let now = book.at;
    let decisions = push(&mut book, 100, Some(now), &[]);
    assert_eq!(paid(&decisions), Some((new, Standing::Exact)), "not {old}");

    // A queue of an hour is flushed: the heartbeat is as late as the evidence behind it, so it
    // seems to say that the evidence is from now. Its own time still names the order of then.
    let mut book = narrow(scarce());
    let start = book.at;
    let old = book.open("shop", "old", 100);
    book.wait(mins(6)).tick();
    book.wait(mins(16)).tick();
    book.wait(mins(38));
    let new = book.open("shop", "new", 100);
    beat(&mut book, start.plus(mins(1)));
    let decisions = push(&mut book, 100, Some(start.plus(mins(1))), &[]);
    assert_eq!(
        held(&decisions),
        Some((Grade::Ambiguous, HoldReason::SeveralOrders, vec![old, new]))
    );
    assert_eq!(book.status(new), OrderStatus::Open);
}

#[test]
fn clocks_that_are_wrong_only_add_doubt() {
    let hour = mins(60);
    // (the clock's word at the payment, the heartbeat's, what comes out for the one open order)
    type Case =
        (fn(Timestamp) -> Timestamp, Option<fn(Timestamp) -> Timestamp>, Option<HoldReason>);
    let cases: [Case; 8] = [
        (|now| now, None, None),
        (|now| now.plus(mins(2)), None, None),
        (|now| now.minus(mins(2)), None, None),
        (|now| now.plus(mins(60)), None, Some(HoldReason::ClockDoubt)),
        (|now| now.minus(mins(60)), None, Some(HoldReason::ClockDoubt)),
        (|now| now.plus(mins(60)), Some(|now| now.plus(mins(60))), None),
        (|now| now.minus(mins(60)), Some(|now| now.minus(mins(60))), None),
        (|_| Timestamp::MIN, None, Some(HoldReason::Stale)),
    ];
    for (number, (said, heartbeat, wanted)) in cases.into_iter().enumerate() {
        let mut book = narrow(Policy::default());
        book.wait(hour);
        let order = book.open("shop", "1", 100);
        let now = book.at;
        if let Some(heartbeat) = heartbeat {
            beat(&mut book, heartbeat(now));
        }
        let decisions = push(&mut book, 100, Some(said(now)), &[]);
        assert_eq!(held(&decisions).map(|(_, reason, _)| reason), wanted, "case {number}");
        let settled = wanted.is_none().then_some((order, Standing::Exact));
        assert_eq!(paid(&decisions), settled, "case {number}");
        assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn a_heartbeat_that_comes_again_says_nothing_of_the_clock() {
    let mut book = narrow(Policy::default());
    let old = book.at;
    beat(&mut book, old);
    book.wait(mins(60));
    let order = book.open("shop", "1", 100);
    // Whoever saw it an hour ago sends it now: the phone would look an hour slow.
    let mut alone = book.clone();
    beat(&mut alone, old);
    let decisions = push(&mut alone, 100, Some(old), &[]);
    let wanted = Some((Grade::Ambiguous, HoldReason::ClockDoubt, vec![order]));
    assert_eq!(held(&decisions), wanted, "an old time stays in doubt");
    let now = book.at;
    beat(&mut book, now);
    beat(&mut book, old);
    let decisions = push(&mut book, 100, Some(now), &[]);
    assert_eq!(paid(&decisions), Some((order, Standing::Exact)), "the phone's own word counts");
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_clock_that_is_set_back_is_vouched_for_when_it_has_caught_up() {
    let mut book = narrow(Policy::default());
    let ahead = book.at.plus(mins(30));
    beat(&mut book, ahead);
    for wait in [mins(10), mins(10), mins(15)] {
        book.wait(wait);
        let now = book.at;
        beat(&mut book, now);
        let order = book.open("shop", &now.micros().to_string(), 100);
        let (_, decisions) = book.pay(100);
        assert_eq!(held(&decisions), None, "what comes at once needs no heartbeat");
        assert_eq!(book.status(order), OrderStatus::Paid);
        book.wait(mins(20)).tick();
    }
}

#[test]
fn an_hour_old_guess_by_a_raw_clock_settles_nothing() {
    // The phone is an hour slow and says so; nobody holds the amount now, somebody held it an hour
    // ago.
    let mut book = narrow(Policy::default());
    let old = book.open("shop", "old", 100);
    book.wait(mins(6)).tick();
    book.wait(mins(16)).tick();
    book.wait(mins(38));
    let slow = book.at.minus(mins(60));
    beat(&mut book, slow);
    let decisions = push(&mut book, 100, Some(slow), &[]);
    assert_eq!(held(&decisions), Some((Grade::Ambiguous, HoldReason::ClockDoubt, vec![old])));
}

#[test]
fn every_reason_to_hold_is_reached() {
    let mut book = narrow(Policy::default());
    let (_, decisions) = book.pay(77);
    assert_eq!(held(&decisions), Some((Grade::Orphan, HoldReason::NoOrder, vec![])));

    let order = book.open("shop", "1", 100);
    book.pay(100);
    let (_, decisions) = book.pay(100);
    let twice = Some((Grade::Ambiguous, HoldReason::AlreadyPaid, vec![order]));
    assert_eq!(held(&decisions), twice);
    let decisions = push(&mut book, 100, None, &[&order.to_string()]);
    assert_eq!(held(&decisions), twice, "a reference does not pay an order twice");

    let closed = book.open("shop", "2", 200);
    close(&mut book, closed);
    let (_, decisions) = book.pay(200);
    let wanted = Some((Grade::Ambiguous, HoldReason::OrderClosed, vec![closed]));
    assert_eq!(held(&decisions), wanted);

    let rival = book.open("shop", "3", 300);
    let ahead = book.at.plus(mins(90));
    push(&mut book, 300, Some(ahead), &[]);
    let (_, decisions) = book.pay(300);
    let wanted = Some((Grade::Ambiguous, HoldReason::RivalPayment, vec![rival]));
    assert_eq!(held(&decisions), wanted);

    let day_ago = book.at.minus(Span::from_hours(25));
    let decisions = push(&mut book, 999, Some(day_ago), &[]);
    assert_eq!(verdict(&decisions), Verdict::Stale);
    assert_eq!(held(&decisions), Some((Grade::Orphan, HoldReason::Stale, vec![])));
    let open = book.open("shop", "4", 400);
    let decisions = push(&mut book, 400, Some(day_ago), &["4"]);
    assert_eq!(held(&decisions), Some((Grade::Ambiguous, HoldReason::Stale, vec![open])));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn references_name_one_order_or_none() {
    let mut book = Book::default();
    book.must(Fact::MerchantDeclared(merchant("shop", &["wx"])));
    book.must(Fact::MerchantDeclared(merchant("mall", &["ali"])));
    let one = book.open("shop", "N1", 100);
    let two = book.open("shop", "N2", 100);
    let elsewhere = book.open("mall", "N1", 100);
    let stranger = OrderId::from_bits(9).to_string();
    let held_with = |reason, candidates: &[OrderId]| {
        let grade = if candidates.is_empty() { Grade::Orphan } else { Grade::Ambiguous };
        Err((grade, reason, candidates.to_vec()))
    };
    use HoldReason::{AmountDiffers, SeveralOrders, Vetoed};
    type Case<'a> = (&'a str, i64, Vec<String>, Result<OrderId, (Grade, HoldReason, Vec<OrderId>)>);
    let cases: Vec<Case<'_>> = vec![
        ("id", 101, vec![two.to_string()], Ok(two)),
        ("number", 101, vec!["N2".into()], Ok(two)),
        ("number beside a word", 101, vec!["thanks".into(), "N2".into()], Ok(two)),
        ("our id over slot", 100, vec![two.to_string()], Ok(two)),
        (
            "a number with another amount is no word on whose it is",
            100,
            vec!["N2".into()],
            held_with(SeveralOrders, &[one, two]),
        ),
        ("a number alone", 555, vec!["N2".into()], held_with(AmountDiffers, &[two])),
        ("twice the same", 101, vec!["N2".into(), two.to_string()], Ok(two)),
        ("a word alone leaves the slot", 100, vec!["thanks".into()], Ok(one)),
        ("a stranger is a veto", 100, vec![stranger.clone()], held_with(Vetoed, &[])),
        (
            "a stranger beside ours is a veto",
            100,
            vec![one.to_string(), stranger],
            held_with(Vetoed, &[one]),
        ),
        (
            "another wallet's order is a veto",
            100,
            vec![elsewhere.to_string()],
            held_with(Vetoed, &[elsewhere]),
        ),
        (
            "another wallet's order beside ours is a veto",
            100,
            vec![one.to_string(), elsewhere.to_string()],
            held_with(Vetoed, &[one, elsewhere]),
        ),
        ("two orders", 100, vec!["N1".into(), "N2".into()], held_with(SeveralOrders, &[one, two])),
    ];
    for (name, fen, named, wanted) in cases {
        let mut book = book.clone();
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let mut received = book.money_with(fen, None, &named);
        if let Reading::Money { channel, .. } = &mut received.reading {
            *channel = Some(Channel::Wechat);
        }
        let decisions = book.notify(received);
        match wanted {
            Ok(order) => {
                assert_eq!(paid(&decisions).map(|(order, _)| order), Some(order), "{name}");
            }
            Err(wanted) => assert_eq!(held(&decisions), Some(wanted), "{name}"),
        }
        assert_eq!(book.violations(), vec![], "{name}");
    }
}

#[test]
fn a_merchants_number_does_not_override_who_holds_the_amount_now() {
    let mut book = narrow(Policy::default());
    let old = book.open("shop", "4711", 100);
    book.wait(mins(6)).tick();
    book.wait(mins(16)).tick();
    book.wait(Span::from_hours(25)).pay(1);
    let new = book.open("shop", "4712", 100);
    assert_eq!((book.row(old).payable, book.row(new).payable), (100, 100));
    // The remark may hold a number by chance, as the amount may be the old order's by chance.
    let mut named = book.clone();
    let decisions = push(&mut named, 100, None, &["4711"]);
    let several = Some((Grade::Ambiguous, HoldReason::SeveralOrders, vec![old, new]));
    assert_eq!(held(&decisions), several);
    assert_eq!(named.violations(), vec![]);
    for (number, order) in [("4712", new), (&old.to_string(), old)] {
        let mut book = book.clone();
        let decisions = push(&mut book, 100, None, &[number]);
        assert_eq!(paid(&decisions).map(|(order, _)| order), Some(order), "{number}");
    }
}

#[test]
fn a_number_that_looks_like_an_id_is_still_a_number() {
    let mut book = narrow(Policy::default());
    let number = OrderId::from_bits(77).to_string();
    let order = book.open("shop", &number, 100);
    let decisions = push(&mut book, 100, None, &[&number]);
    assert_eq!(paid(&decisions), Some((order, Standing::Exact)));
    assert_eq!(rule(&decisions), Some((Rule::Reference, Grade::Isolated)));
}

#[test]
fn a_reference_settles_less_and_more_and_is_topped_up() {
    let mut book = narrow(Policy::default());
    let order = book.open("shop", "1", 100);
    let decisions = push(&mut book, 40, None, &[&order.to_string()]);
    assert_eq!(paid(&decisions), Some((order, Standing::Under)));
    assert_eq!(book.status(order), OrderStatus::Underpaid);
    let told = |decisions: &[Decision]| {
        decisions.iter().any(|one| matches!(one, Decision::CallbackScheduled { .. }))
    };
    assert!(!told(&decisions), "the shop is not told of a part");
    let (_, decisions) = book.pay(100);
    let reason = held(&decisions).map(|(_, reason, _)| reason);
    assert_eq!(reason, Some(HoldReason::AlreadyPaid), "the whole amount again is no rest");
    let (rest, _) = book.pay(60);
    let decisions = assign(&mut book, rest, order);
    assert_eq!(paid(&decisions), Some((order, Standing::Exact)));
    assert!(told(&decisions));
    assert_eq!((book.status(order), book.row(order).received), (OrderStatus::Paid, 100));

    let order = book.open("shop", "2", 200);
    let decisions = push(&mut book, 250, None, &[&order.to_string()]);
    assert_eq!(paid(&decisions), Some((order, Standing::Over)));
    assert!(told(&decisions));
    let order = book.open("shop", "3", 300);
    push(&mut book, 100, None, &[&order.to_string()]);
    push(&mut book, 100, None, &[&order.to_string()]);
    assert_eq!(book.status(order), OrderStatus::Underpaid);
    let decisions = push(&mut book, 150, None, &[&order.to_string()]);
    assert_eq!(paid(&decisions), Some((order, Standing::Over)));
    assert_eq!(book.row(order).received, 350);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn foreign_money_is_nobodys_and_blocks_nobody() {
    let mut book = narrow(Policy::default());
    let order = book.open("shop", "1", 100);
    let mut received = book.money(100);
    if let Reading::Money { amount, .. } = &mut received.reading {
        *amount = Amount::from_minor(100, Currency::Usd);
    }
    let decisions = book.notify(received.clone());
    assert_eq!(held(&decisions), Some((Grade::Orphan, HoldReason::NoOrder, vec![])));
    let (_, decisions) = book.pay(100);
    assert_eq!(paid(&decisions), Some((order, Standing::Exact)));
    let other = book.open("shop", "2", 200);
    received.key = Digest::of(&[b"named"]);
    received.notification = NotificationId::from_bits(4);
    if let Reading::Money { references, .. } = &mut received.reading {
        references.push(String::from("2"));
    }
    let decisions = book.notify(received);
    assert_eq!(held(&decisions), Some((Grade::Ambiguous, HoldReason::Vetoed, vec![other])));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn every_verdict_is_reached() {
    let mut book = narrow(Policy::default());
    book.open("shop", "1", 100);
    let first = book.money(100);
    let of = first.notification;
    assert_eq!(verdict(&book.notify(first.clone())), Verdict::First);
    let again = |change: &dyn Fn(&mut NotificationReceived)| {
        let mut again = first.clone();
        again.notification = NotificationId::from_bits(7);
        change(&mut again);
        again
    };
    let before = book.state.money_fingerprint();
    assert_eq!(verdict(&book.notify(again(&|_| {}))), Verdict::Repeat { of });
    assert_eq!(book.state.money_fingerprint(), before);
    let other = again(&|again| again.content = Digest::of(&[b"other"]));
    let conflict = book.notify(other);
    assert_eq!(conflict.len(), 1, "a conflict moves no money: {conflict:?}");
    assert_eq!(verdict(&conflict), Verdict::Conflict { with: of });
    assert!(book.state.is_question(NotificationId::from_bits(7)));
    // (what it is, its reading, the verdict)
    for (number, reading, wanted) in [
        (1, Reading::Ignored, Verdict::Ignored),
        (2, Reading::Unreadable, Verdict::Unreadable),
        (3, Reading::Forged, Verdict::Forged),
    ] {
        let mut received = book.money(number);
        received.reading = reading;
        let id = received.notification;
        let decisions = book.notify(received);
        assert_eq!((decisions.len(), verdict(&decisions)), (1, wanted));
        assert_eq!(book.state.is_question(id), wanted == Verdict::Unreadable);
    }
    for fen in [0, -100, i64::MIN, i64::MAX, AMOUNT_MINOR_MAX + 1] {
        let (_, decisions) = book.pay(fen);
        assert_eq!(verdict(&decisions), Verdict::Unreadable, "{fen}");
        assert_eq!(decisions.len(), 1);
    }
    let (_, decisions) = book.pay(AMOUNT_MINOR_MAX);
    assert_eq!(verdict(&decisions), Verdict::First);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_person_reads_what_the_engine_could_not() {
    let mut book = narrow(Policy::default());
    let order = book.open("shop", "1", 100);
    let mut received = book.money(1);
    received.reading = Reading::Unreadable;
    let notification = received.notification;
    book.notify(received);
    let judged = |judgement| {
        let (by, reason) = (String::from("test"), String::from("photo"));
        Fact::EvidenceJudged(EvidenceJudged { notification, judgement, by, reason })
    };
    let wallet = WalletId::new("wx").expect("it is there");
    let money = Judgement::Money { wallet, amount: Amount::fen(100), paid_at: book.at };
    let mut dismissed = book.clone();
    assert_eq!(
        dismissed.must(judged(Judgement::NotMoney)),
        vec![Decision::EvidenceDismissed { notification }]
    );
    assert!(dismissed.submit(judged(money.clone())).is_err(), "asked and answered");
    let decisions = book.must(judged(money.clone()));
    assert_eq!(paid(&decisions), Some((order, Standing::Exact)));
    assert!(book.submit(judged(money)).is_err());
    assert_eq!((book.violations(), dismissed.violations()), (vec![], vec![]));
}

#[test]
fn an_assignment_frees_the_claims_and_proposes_what_is_left() {
    let mut book = narrow(scarce());
    let start = book.at;
    let old = book.open("shop", "old", 100);
    book.wait(mins(6)).tick();
    book.wait(mins(16)).tick();
    book.wait(mins(1));
    let new = book.open("shop", "new", 100);
    // Two payments of which each could be either order's.
    let mut both = Vec::new();
    for _ in 0..2 {
        let received = book.money_with(100, Some(start.plus(mins(1))), &[]);
        both.push(PaymentId::of(received.notification));
        let decisions = book.notify(received);
        assert_eq!(held(&decisions).map(|(_, reason, _)| reason), Some(HoldReason::SeveralOrders));
    }
    assert_eq!((book.row(old).claims, book.row(new).claims), (2, 2));
    let decisions = assign(&mut book, both[0], old);
    assert!(decisions.contains(&Decision::MatchProposed { payment: both[1], order: new }));
    assert_eq!((book.row(old).claims, book.row(new).claims), (1, 1));
    let (_, decisions) = book.pay(100);
    assert_eq!(held(&decisions).map(|(_, reason, _)| reason), Some(HoldReason::RivalPayment));

    // An order that was no candidate takes a payment; the candidates' claims go all the same.
    let other = book.open("shop", "other", 500);
    let decisions = assign(&mut book, both[1], other);
    assert_eq!(paid(&decisions), Some((other, Standing::Under)));
    assert_eq!((book.row(old).claims, book.row(new).claims, book.row(other).claims), (0, 1, 0));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_released_amount_stays_released_when_its_order_is_paid() {
    let mut book = narrow(scarce());
    let start = book.at;
    let old = book.open("shop", "old", 100);
    book.wait(mins(6)).tick();
    book.wait(mins(16)).tick();
    book.wait(mins(1));
    let new = book.open("shop", "new", 100);
    let now = book.at;
    beat(&mut book, now);
    let decisions = push(&mut book, 100, Some(start), &[]);
    assert_eq!(paid(&decisions), Some((old, Standing::Late)));
    assert_eq!(book.row(old).reservation, Reservation::Released);
    assert_eq!(book.row(new).reservation, Reservation::Held);
    let (_, decisions) = book.pay(100);
    assert_eq!(paid(&decisions), Some((new, Standing::Exact)));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn at_the_very_instant_of_a_change_both_orders_could_be_meant() {
    let mut book = narrow(scarce());
    let old = book.open("shop", "old", 100);
    book.wait(mins(6)).tick();
    book.wait(mins(15)).tick();
    let new = book.open("shop", "new", 100);
    let (_, decisions) = book.pay(100);
    assert_eq!(
        held(&decisions),
        Some((Grade::Ambiguous, HoldReason::SeveralOrders, vec![old, new]))
    );
}

#[test]
fn one_tick_takes_a_bounded_number_and_the_next_ones_the_rest() {
    let mut book = Book::new(Policy { max_offset: 2_000, ..Policy::default() });
    let count = DUE_PER_TICK_MAX * 2 + 3;
    for number in 0..count {
        book.open("shop", &format!("N{number}"), 100);
    }
    book.wait(mins(6));
    let first = book.must(Fact::ClockTicked);
    assert_eq!(first.len(), DUE_PER_TICK_MAX);
    let rest = book.tick();
    assert_eq!(rest.len(), count - DUE_PER_TICK_MAX);
    assert_eq!(book.state.orders().filter(|row| row.status == OrderStatus::Expired).count(), count);
    assert_eq!(book.wait(mins(15)).tick().len(), count, "each amount is released once");
    assert_eq!(book.state.next_due(), None);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn silence_and_return_of_a_device_are_seen() {
    let mut book = Book::default();
    book.must(Fact::DeviceDeclared(device("phone", &["wx"])));
    let start = book.at;
    beat(&mut book, start);
    let phone = DeviceId::new("phone").expect("it is there");
    book.wait(Span::from_secs(109)).tick();
    assert!(!book.state.device(&phone).expect("it is there").silent);
    let decisions = book.wait(Span::from_secs(1)).tick();
    let fell = Decision::DeviceFellSilent { device: phone.clone(), since: start };
    assert_eq!(decisions, vec![fell]);
    let wallet =
        book.state.wallet(&WalletId::new("wx").expect("it is there")).expect("it is there");
    assert_eq!(book.state.watch_rank(wallet), 2);
    let (_, decisions) = book.wait(mins(1)).pay(5);
    assert_eq!(decisions[0], Decision::DeviceReturned { device: phone, since: start });
    assert_eq!(book.state.next_due(), Some(book.at.plus(Span::from_secs(110))));
}

#[test]
fn amounts_at_the_edge_of_numbers_neither_wrap_nor_pass() {
    for step in [Step::Up, Step::Down, Step::Nearest] {
        for fen in [1, 2, AMOUNT_MINOR_MAX, i64::MAX - 1, i64::MAX] {
            let mut book = narrow(Policy { step, max_offset: 1, ..Policy::default() });
            for number in 0..4 {
                let _full =
                    book.submit(Fact::OrderRequested(order("shop", &format!("N{number}"), fen)));
            }
            let payables: Vec<i64> = book.state.orders().map(|row| row.payable).collect();
            assert!(payables.iter().all(|payable| *payable > 0 && payable.abs_diff(fen) <= 1));
            assert_eq!(book.violations(), vec![], "{step:?} {fen}");
        }
    }
    let mut book = narrow(Policy::default());
    let order = book.open("shop", "1", AMOUNT_MINOR_MAX);
    for _ in 0..2 {
        push(&mut book, AMOUNT_MINOR_MAX - 1, None, &[&order.to_string()]);
    }
    assert_eq!(book.status(order), OrderStatus::Overpaid);
    assert_eq!(book.row(order).received, 2 * (AMOUNT_MINOR_MAX - 1));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_policy_counts_from_its_activation() {
    let mut book = narrow(Policy::default());
    let order = book.open("shop", "1", 100);
    book.must(policy_fact(Policy { quarantine: mins(3), ..Policy::default() }));
    book.wait(mins(6)).tick();
    assert_eq!(book.row(order).reserved_until, book.at.plus(mins(3)));
    assert_eq!(
        book.state
            .merchant(&MerchantId::new("shop").expect("it is there"))
            .expect("it is there")
            .1
            .wallets
            .len(),
        1
    );
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_fixed_code_in_another_currency_and_a_wallet_named_twice_change_nothing() {
    let mut book = Book::default();
    let mut fixed = duizhang_core::testing::wallet("box", Channel::Sandbox);
    fixed.qr = None;
    fixed.fixed = vec![(Amount::from_minor(700, Currency::Usd), String::from("qr"))];
    book.must(Fact::WalletDeclared(fixed));
    book.must(Fact::MerchantDeclared(merchant("shop", &["box"])));
    let refused = book.submit(Fact::OrderRequested(order("shop", "1", 700)));
    assert_eq!(refused, Err(duizhang_core::rejection::Rejection::AmountsExhausted));
    book.must(Fact::DeviceDeclared(device("phone", &["wx", "wx"])));
    let (_, decisions) = book.wait(Span::from_secs(1)).pay(5);
    let once = vec![WalletId::new("wx").expect("it is there")];
    assert!(
        decisions.iter().any(
            |one| matches!(one, Decision::PaymentObserved { wallets, .. } if *wallets == once)
        )
    );
}
