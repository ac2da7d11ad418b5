//! Planted wrong engines. Each is caught by the harness that the right one passes; a harness that
//! lets one of them through proves nothing.
//!
//! Deliberately not here: mistakes of the log and of the shell (eventlog's and the simulator's
//! canaries).

use duizhang_core::decide::{Ruling, decide};
use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::fact::Fact;
use duizhang_core::id::{OrderId, PaymentId};
use duizhang_core::invariant::Invariant;
use duizhang_core::matcher::{Grade, HoldReason, Rule, Standing};
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::Policy;
use duizhang_core::rejection::Rejection;
use duizhang_core::state::State;
use duizhang_core::testing::{Book, Engine, history};
use duizhang_core::time::Timestamp;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::oracle::disagreement;

type Answer = Result<Ruling, Rejection>;

/// Who caught an engine.
#[derive(Debug, PartialEq, Eq)]
enum Catch {
    Auditor(Invariant),
    Oracle,
}

/// Plays histories until somebody objects.
fn caught(engine: Engine) -> Option<Catch> {
    let mut runner = TestRunner::deterministic();
    for _ in 0..200 {
        let steps = history(100).new_tree(&mut runner).expect("steps are made").current();
        let mut book = Book::with_engine(Policy::default(), engine);
        book.play(&steps);
        if let Some(violation) = book.violations().first() {
            return Some(Catch::Auditor(violation.invariant));
        }
        if disagreement(&book.log).is_some() {
            return Some(Catch::Oracle);
        }
    }
    None
}

fn changed(answer: Answer, change: impl Fn(Vec<Decision>) -> Vec<Decision>) -> Answer {
    match answer? {
        Ruling::Decided(decisions) => Ok(Ruling::Decided(change(decisions))),
        repeat @ Ruling::Repeat(_) => Ok(repeat),
    }
}

/// Turns a held payment into a settled one.
fn settle(
    state: &State,
    at: Timestamp,
    decisions: Vec<Decision>,
    payment: PaymentId,
    order: OrderId,
    candidates: Vec<OrderId>,
) -> Vec<Decision> {
    let amount = decisions.iter().find_map(|decision| match decision {
        Decision::PaymentObserved { amount, .. } => Some(*amount),
        _ => None,
    });
    let mut kept: Vec<Decision> = decisions
        .into_iter()
        .filter(|decision| !matches!(decision, Decision::PaymentHeld { .. }))
        .collect();
    kept.push(Decision::PaymentMatched {
        payment,
        order,
        grade: Grade::Isolated,
        rule: Rule::Slot,
        candidates,
    });
    kept.push(Decision::OrderPaid {
        order,
        payment,
        received: amount.expect("it was observed"),
        standing: Standing::Exact,
        quarantined_until: at.plus(state.policy().quarantine),
    });
    kept
}

fn held(decisions: &[Decision], wanted: HoldReason) -> Option<(PaymentId, Vec<OrderId>)> {
    decisions.iter().find_map(|decision| match decision {
        Decision::PaymentHeld { payment, reason, candidates, .. } if *reason == wanted => {
            Some((*payment, candidates.clone()))
        }
        _ => None,
    })
}

/// First fit: of several orders it takes the first, and says that there were several.
fn first_fit(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |decisions| {
        match held(&decisions, HoldReason::SeveralOrders) {
            Some((payment, several)) => {
                settle(state, at, decisions, payment, several[0], several.clone())
            }
            None => decisions,
        }
    })
}

/// First fit that hides what else it saw.
fn first_fit_in_hiding(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |decisions| {
        let open = |order: &OrderId| state.order(*order).is_some_and(|row| row.received == 0);
        match held(&decisions, HoldReason::SeveralOrders) {
            Some((payment, several)) if open(&several[0]) => {
                settle(state, at, decisions, payment, several[0], vec![several[0]])
            }
            Some(_) | None => decisions,
        }
    })
}

/// Pays an order again.
fn paid_twice(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |decisions| match held(&decisions, HoldReason::AlreadyPaid) {
        Some((payment, one)) => settle(state, at, decisions, payment, one[0], one.clone()),
        None => decisions,
    })
}

/// An allocator that asks nobody what is held.
fn no_claim(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |mut decisions| {
        for decision in &mut decisions {
            if let (Decision::OrderAccepted { payable, .. }, Fact::OrderRequested(request)) =
                (decision, fact)
            {
                *payable = request.requested;
            }
        }
        decisions
    })
}

/// An allocator that honours quarantines and forgets open orders.
fn no_claim_on_open(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |mut decisions| {
        for decision in &mut decisions {
            if let (
                Decision::OrderAccepted { wallet, payable, .. },
                Fact::OrderRequested(request),
            ) = (decision, fact)
            {
                let index = state.wallet_index(wallet).expect("it was chosen");
                let same = |row: &&duizhang_core::state::OrderRow| {
                    row.wallet == index && row.payable == request.requested.minor()
                };
                let open = state.orders().filter(same).any(|row| row.status == OrderStatus::Open);
                if open {
                    *payable = request.requested;
                }
            }
        }
        decisions
    })
}

/// Steps amounts in yuan, as a float, and cuts them back to fen, so that it lands a fen low on a
/// taken amount.
#[expect(clippy::float_arithmetic, clippy::as_conversions, reason = "floats are the planted fault")]
fn float_steps(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |mut decisions| {
        for decision in &mut decisions {
            if let (Decision::OrderAccepted { payable, .. }, Fact::OrderRequested(request)) =
                (decision, fact)
            {
                let asked = request.requested.minor();
                let mut yuan = asked as f64 / 100.0;
                for _ in asked..payable.minor() {
                    yuan += 0.01;
                }
                *payable = duizhang_core::amount::Amount::fen((yuan * 100.0) as i64);
            }
        }
        decisions
    })
}

/// Compares amounts as floats, near enough.
#[expect(clippy::float_arithmetic, clippy::as_conversions, reason = "floats are the planted fault")]
fn float_match(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |decisions| {
        let Some((payment, _)) = held(&decisions, HoldReason::NoOrder) else { return decisions };
        let fen = decisions.iter().find_map(|decision| match decision {
            Decision::PaymentObserved { amount, .. } => Some(amount.minor()),
            _ => None,
        });
        let yuan = fen.expect("it was observed") as f64 / 100.0;
        let near = state
            .orders()
            .find(|row| row.received == 0 && (row.payable as f64 / 100.0 - yuan).abs() < 0.015);
        match near.map(|row| row.id) {
            Some(order) => settle(state, at, decisions, payment, order, vec![order]),
            None => decisions,
        }
    })
}

/// Opens refunds whatever is left.
fn refunds_unasked(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    match (decide(state, at, fact), fact) {
        (Err(Rejection::RefundExceeds { left }), Fact::RefundRequested(request))
            if request.amount.currency() == left.currency() =>
        {
            Ok(Ruling::Decided(vec![Decision::RefundOpened { refund: request.refund }]))
        }
        (answer, _) => answer,
    }
}

/// A memory for deliveries that forgets.
fn forgetful(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    let mut fact = fact.clone();
    if let Fact::NotificationReceived(received) = &mut fact {
        received.key = Digest::of(&[&received.notification.bits().to_be_bytes()]);
    }
    decide(state, at, &fact)
}

/// No quarantine at all.
fn no_quarantine(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |mut decisions| {
        for decision in &mut decisions {
            if let Decision::OrderExpired { quarantined_until, .. }
            | Decision::OrderClosed { quarantined_until, .. }
            | Decision::OrderPaid { quarantined_until, .. } = decision
            {
                *quarantined_until = at;
            }
        }
        decisions
    })
}

/// Goes on after the end: an acknowledged callback is told again.
fn tells_for_ever(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |mut decisions| {
        let ended = decisions.iter().find_map(|decision| match decision {
            Decision::CallbackAcknowledged { callback } => Some(*callback),
            _ => None,
        });
        if let Some(callback) = ended {
            let topic = duizhang_core::callback::Topic::OrderPaid;
            decisions.push(Decision::CallbackScheduled { callback, topic, due: at });
        }
        decisions
    })
}

/// Loses money that it cannot place.
fn drops_orphans(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |mut decisions| {
        decisions.retain(|decision| {
            !matches!(decision, Decision::PaymentHeld { reason: HoldReason::NoOrder, .. })
        });
        decisions
    })
}

/// Takes what it cannot place out of the books by itself.
fn dismisses_orphans(state: &State, at: Timestamp, fact: &Fact) -> Answer {
    changed(decide(state, at, fact), |mut decisions| {
        if let Some((payment, _)) = held(&decisions, HoldReason::NoOrder) {
            decisions.push(Decision::SuspenseEnded { payment });
        }
        decisions
    })
}

#[test]
fn the_right_engine_is_not_caught() {
    assert_eq!(caught(decide), None);
}

/// Which of a canary's faults shows first depends on the histories; each has few.
#[test]
fn every_canary_is_caught() {
    use Invariant::{
        AttemptsEnd, MatchedExactly, NeverGuessed, OneHolder, OneVerdict, QuarantineKept,
        RefundsWithinReceived, SettledOnce, SuspenseAddsUp,
    };
    let canaries: [(&str, Engine, &[Invariant]); 12] = [
        ("first fit", first_fit, &[NeverGuessed]),
        ("paid twice", paid_twice, &[SettledOnce]),
        ("no claim", no_claim, &[OneHolder, QuarantineKept]),
        ("no claim on open", no_claim_on_open, &[OneHolder]),
        ("float steps", float_steps, &[OneHolder, QuarantineKept]),
        ("float match", float_match, &[MatchedExactly, NeverGuessed]),
        ("refunds unasked", refunds_unasked, &[RefundsWithinReceived]),
        ("forgetful", forgetful, &[OneVerdict]),
        ("no quarantine", no_quarantine, &[QuarantineKept]),
        ("tells for ever", tells_for_ever, &[AttemptsEnd]),
        ("drops orphans", drops_orphans, &[SuspenseAddsUp]),
        ("dismisses orphans", dismisses_orphans, &[SuspenseAddsUp]),
    ];
    for (name, engine, by) in canaries {
        let catch = caught(engine);
        let known = by.iter().any(|invariant| catch == Some(Catch::Auditor(*invariant)));
        assert!(known, "{name}: {catch:?}");
    }
    assert_eq!(caught(first_fit_in_hiding), Some(Catch::Oracle));
}
