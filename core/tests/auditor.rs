//! The auditor and the predicates against damaged logs: each damage is reported under the right
//! number.
//!
//! Deliberately not here: wrong engines (`proofs/canaries.rs`) and sound logs (`histories.rs`).

use std::collections::BTreeSet;

use duizhang_core::amount::Amount;
use duizhang_core::callback::{AttemptOutcome, CallbackId};
use duizhang_core::decision::Decision;
use duizhang_core::fact::{
    CallbackAttempted, Fact, PaymentAssigned, PaymentDismissed, RefundRequested, RefundStepTaken,
};
use duizhang_core::id::{MerchantId, NotificationId, OrderId, PaymentId, RefundId};
use duizhang_core::invariant::{Auditor, Invariant, check};
use duizhang_core::matcher::{Grade, Rule};
use duizhang_core::notification::Verdict;
use duizhang_core::position::Position;
use duizhang_core::refund::{RefundState, RefundStep};
use duizhang_core::testing::{Book, Entry, order};
use duizhang_core::time::{Span, Timestamp};

const REFUND: RefundId = RefundId::from_bits(5);

/// A day in small: two orders, a payment for one of them told once, an orphan, a refund, an expiry
/// and a release.
fn day() -> Book {
    let mut book = Book::default();
    let one = book.open("shop", "1", 100);
    book.open("shop", "2", 200);
    book.pay(100);
    book.pay(55);
    let callback = CallbackId { order: one, number: 1 };
    book.must(Fact::CallbackAttempted(CallbackAttempted {
        callback,
        outcome: AttemptOutcome::Acknowledged { status: 200 },
        took: Span::ZERO,
        excerpt: String::new(),
        jitter_ppm: 0,
    }));
    book.must(Fact::RefundRequested(RefundRequested {
        refund: REFUND,
        merchant: MerchantId::new("shop").expect("a good name"),
        order: one,
        number: String::from("R"),
        amount: Amount::fen(40),
        reason: String::from("test"),
    }));
    book.must(Fact::RefundStepTaken(RefundStepTaken {
        refund: REFUND,
        step: RefundStep::Approve,
        by: String::from("test"),
        evidence: String::from("test"),
    }));
    book.wait(Span::from_mins(6)).tick();
    book.wait(Span::from_mins(15)).tick();
    assert_eq!(book.violations(), vec![]);
    book
}

fn audited(log: &[Entry]) -> BTreeSet<Invariant> {
    let mut auditor = Auditor::new();
    for entry in log {
        auditor.fold(entry.position, entry.at, &entry.fact, &entry.decisions);
    }
    auditor.violations().iter().map(|violation| violation.invariant).collect()
}

fn id_of(log: &[Entry], number: &str) -> OrderId {
    let found = log.iter().find_map(|entry| match &entry.fact {
        Fact::OrderRequested(request) if request.number == number => Some(request.order),
        _ => None,
    });
    found.expect("it was requested")
}

/// The entries in which a decision of this name is.
fn with<'a>(log: &'a mut [Entry], name: &str) -> &'a mut Entry {
    let found = log.iter_mut().find(|entry| {
        entry.decisions.iter().any(|decision| format!("{decision:?}").starts_with(name))
    });
    found.expect("the decision is there")
}

/// Changes the first decision of this name.
fn change(log: &mut [Entry], name: &str, change: impl Fn(&mut Decision)) {
    let entry = with(log, name);
    let one = entry.decisions.iter_mut().find(|one| format!("{one:?}").starts_with(name));
    change(one.expect("the decision is there"));
}

fn drop_first(log: &mut [Entry], name: &str) {
    let entry = with(log, name);
    entry.decisions.retain(|decision| !format!("{decision:?}").starts_with(name));
}

fn double_first(log: &mut [Entry], name: &str) {
    let entry = with(log, name);
    let one = entry.decisions.iter().find(|one| format!("{one:?}").starts_with(name)).cloned();
    entry.decisions.extend(one);
}

type Damage = fn(&mut Vec<Entry>);

// tidy: long because it is one table
fn damages() -> Vec<(&'static str, Damage, Invariant)> {
    use Invariant::{
        AttemptsEnd, KnownOnly, MatchedExactly, NeverGuessed, OneHolder, OneVerdict, OnlyFirstPays,
        PayableNear, PaymentSettlesOne, PositionsDense, QuarantineKept, RefundsWithinReceived,
        SettledOnce, SuspenseAddsUp, TimeNeverBack,
    };
    vec![
        ("an entry is missing", |log| drop(log.remove(4)), PositionsDense),
        ("two entries are exchanged", |log| log.swap(10, 11), PositionsDense),
        ("a place is doubled", |log| log[9].position = Position::new(1), PositionsDense),
        ("the clock went back", |log| log[12].at = Timestamp::from_secs(1), TimeNeverBack),
        ("an amount is held twice", |log| double_first(log, "OrderAccepted"), OneHolder),
        (
            "an amount is far from the asked one",
            |log| {
                change(log, "OrderAccepted", |one| {
                    if let Decision::OrderAccepted { payable, .. } = one {
                        *payable = Amount::fen(99);
                    }
                });
            },
            PayableNear,
        ),
        (
            "a short quarantine",
            |log| {
                change(log, "OrderExpired", |one| {
                    if let Decision::OrderExpired { quarantined_until, .. } = one {
                        *quarantined_until = Timestamp::from_secs(1);
                    }
                });
            },
            QuarantineKept,
        ),
        (
            "an early release",
            |log| {
                let release = log.pop().expect("the last is the release");
                let index = log.len() - 1;
                log[index].decisions.extend(release.decisions);
            },
            QuarantineKept,
        ),
        ("paid twice over", |log| double_first(log, "OrderPaid"), SettledOnce),
        ("matched twice", |log| double_first(log, "PaymentMatched"), PaymentSettlesOne),
        ("paid without a match", |log| drop_first(log, "PaymentMatched"), PaymentSettlesOne),
        (
            "matched to an order of another amount",
            |log| {
                let other = id_of(log, "2");
                change(log, "PaymentMatched", |one| {
                    if let Decision::PaymentMatched { order, candidates, .. } = one {
                        *order = other;
                        *candidates = vec![other];
                    }
                });
            },
            MatchedExactly,
        ),
        (
            "settled by itself among several",
            |log| {
                let other = id_of(log, "2");
                change(log, "PaymentMatched", |one| {
                    if let Decision::PaymentMatched { candidates, .. } = one {
                        candidates.push(other);
                    }
                });
            },
            NeverGuessed,
        ),
        (
            "an operator's match without the operator",
            |log| {
                change(log, "PaymentMatched", |one| {
                    if let Decision::PaymentMatched { rule, grade, .. } = one {
                        (*rule, *grade) = (Rule::Operator, Grade::Assigned);
                    }
                });
            },
            NeverGuessed,
        ),
        ("held money is dropped", |log| drop_first(log, "PaymentHeld"), SuspenseAddsUp),
        ("held money is held twice", |log| double_first(log, "PaymentHeld"), PaymentSettlesOne),
        (
            "a refund beyond what came",
            |log| {
                let fact = &mut with(log, "RefundOpened").fact;
                if let Fact::RefundRequested(request) = fact {
                    request.amount = Amount::fen(101);
                }
            },
            RefundsWithinReceived,
        ),
        (
            "a refund skips a step",
            |log| {
                change(log, "RefundAdvanced", |one| {
                    let to = RefundState::Sent;
                    *one = Decision::RefundAdvanced { refund: REFUND, to };
                });
            },
            RefundsWithinReceived,
        ),
        (
            "an attempt after the end",
            |log| {
                let again = with(log, "CallbackAcknowledged").clone();
                log.push(again);
            },
            AttemptsEnd,
        ),
        (
            "a callback out of its number",
            |log| {
                change(log, "CallbackScheduled", |one| {
                    if let Decision::CallbackScheduled { callback, .. } = one {
                        callback.number = 2;
                    }
                });
            },
            AttemptsEnd,
        ),
        (
            "an attempt without consequence",
            |log| drop_first(log, "CallbackAcknowledged"),
            AttemptsEnd,
        ),
        ("no verdict", |log| drop_first(log, "NotificationJudged"), OneVerdict),
        ("two verdicts", |log| double_first(log, "NotificationJudged"), OneVerdict),
        (
            "a repeat of nothing",
            |log| {
                change(log, "NotificationJudged", |one| {
                    if let Decision::NotificationJudged { verdict, .. } = one {
                        *verdict = Verdict::Repeat { of: NotificationId::from_bits(1) };
                    }
                });
            },
            OneVerdict,
        ),
        (
            "money from a delivery that was ignored",
            |log| {
                change(log, "NotificationJudged", |one| {
                    if let Decision::NotificationJudged { verdict, .. } = one {
                        *verdict = Verdict::Ignored;
                    }
                });
            },
            OnlyFirstPays,
        ),
        ("observed twice", |log| double_first(log, "PaymentObserved"), OnlyFirstPays),
        (
            "an order that nobody requested",
            |log| with(log, "OrderAccepted").fact = Fact::ClockTicked,
            KnownOnly,
        ),
        ("expired twice", |log| double_first(log, "OrderExpired"), KnownOnly),
        ("released twice", |log| double_first(log, "AmountReleased"), KnownOnly),
        (
            "a proposal for nobody",
            |log| {
                let order = OrderId::from_bits(1);
                let payment = PaymentId::from_bits(1);
                log[9].decisions.push(Decision::MatchProposed { payment, order });
            },
            KnownOnly,
        ),
    ]
}

#[test]
fn every_damage_is_reported_under_its_number() {
    let sound = day().log;
    assert_eq!(audited(&sound), BTreeSet::new());
    let mut seen = BTreeSet::new();
    for (name, damage, invariant) in damages() {
        let mut log = sound.clone();
        damage(&mut log);
        assert!(audited(&log).contains(&invariant), "{name}: {:?}", audited(&log));
        seen.insert(invariant);
    }
    // The last three are about states; the tests below and the histories speak for them.
    assert_eq!(seen, Invariant::ALL[..15].iter().copied().collect());
}

#[test]
fn a_report_says_number_place_and_what() {
    let mut log = day().log;
    log.remove(4);
    let mut auditor = Auditor::new();
    for entry in &log {
        auditor.fold(entry.position, entry.at, &entry.fact, &entry.decisions);
    }
    let first = &auditor.violations()[0];
    assert_eq!(
        first.to_string(),
        "I-01 positions-dense at 6: this place does not follow the one before"
    );
}

#[test]
fn the_auditor_counts_money_by_itself() {
    let mut book = day();
    let one = id_of(&book.log, "1");
    assert_eq!((book.auditor.received(one), book.auditor.suspense()), (Some(100), 55));
    let (payment, _) = book.state.held_payments().next().expect("the orphan");
    let two = book.request(order("shop", "3", 55));
    book.must(Fact::PaymentAssigned(PaymentAssigned {
        payment,
        order: two,
        by: String::from("test"),
        reason: String::from("test"),
    }));
    assert_eq!((book.auditor.received(two), book.auditor.suspense()), (Some(55), 0));
    assert_eq!(book.violations(), vec![]);
}

/// Suspense ends without an order by a person's word for this payment, once, and not otherwise.
#[test]
fn the_auditor_lets_nobody_drop_money() {
    let mut book = day();
    let (payment, _) = book.state.held_payments().next().expect("the orphan");
    let (by, reason) = (String::from("test"), String::from("sent back"));
    book.must(Fact::PaymentDismissed(PaymentDismissed { payment, by, reason }));
    assert_eq!((audited(&book.log), book.auditor.suspense()), (BTreeSet::new(), 0));
    type Damage = fn(&mut Vec<Entry>);
    let damages: [(&str, Damage, Invariant); 4] = [
        ("no person", |log| with(log, "SuspenseEnded").fact = Fact::ClockTicked, SuspenseAddsUp),
        ("no consequence", |log| drop_first(log, "SuspenseEnded"), SuspenseAddsUp),
        ("twice", |log| double_first(log, "SuspenseEnded"), PaymentSettlesOne),
        (
            "another payment",
            |log| {
                let payment = PaymentId::from_bits(1);
                change(log, "SuspenseEnded", |one| *one = Decision::SuspenseEnded { payment });
            },
            PaymentSettlesOne,
        ),
    ];
    use Invariant::{PaymentSettlesOne, SuspenseAddsUp};
    for (name, damage, invariant) in damages {
        let mut log = book.log.clone();
        damage(&mut log);
        assert!(audited(&log).contains(&invariant), "{name}: {:?}", audited(&log));
    }
}

/// A state that was folded from wrong decisions is seen by the predicates alone.
#[test]
fn predicates_see_what_wrong_decisions_left_behind() {
    type Change = fn(&mut Vec<Decision>);
    let cases: [(&str, Change, Invariant); 3] = [
        (
            "matched and not paid",
            |decisions| decisions.retain(|one| !matches!(one, Decision::OrderPaid { .. })),
            Invariant::SuspenseAddsUp,
        ),
        (
            "more received than was observed",
            |decisions| {
                for one in decisions {
                    if let Decision::OrderPaid { received, .. } = one {
                        *received = Amount::fen(1_000);
                    }
                }
            },
            Invariant::SuspenseAddsUp,
        ),
        (
            "settled with too little",
            |decisions| {
                for one in decisions {
                    if let Decision::OrderPaid { received, .. } = one {
                        *received = Amount::fen(1);
                    }
                }
            },
            Invariant::SettledOnce,
        ),
    ];
    for (name, change, invariant) in cases {
        let mut book = Book::default();
        book.open("shop", "1", 100);
        let before = book.state.clone();
        book.pay(100);
        let entry = book.log.last().expect("the payment").clone();
        let mut decisions = entry.decisions;
        change(&mut decisions);
        decisions.retain(|one| !matches!(one, Decision::CallbackScheduled { .. }));
        let mut state = before;
        state.evolve(entry.position, entry.at, &entry.fact, &decisions);
        let found: BTreeSet<Invariant> = check(&state).iter().map(|one| one.invariant).collect();
        assert!(found.contains(&invariant), "{name}: {found:?}");
    }
}
