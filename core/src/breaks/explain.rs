//! Breaks that end because something else was decided.
//!
//! A break that asks whose money this is has its answer once the payment settles an order, or once
//! a person says that it belongs to none. The fact that brought the answer is the reason, and lies
//! right before the decision in the log.
//! Invariants: only breaks about the payment itself, and only those with such a question; a log
//! without breaks gets no decision from here.
//! Deliberately not here: differences that only a statement can explain (`run`).

use alloc::vec::Vec;

use super::code::BreakCode;
use super::life::{BreakRecord, Ending};
use crate::decision::Decision;
use crate::id::{BreakId, PaymentId};
use crate::state::State;

/// The codes that ask whose money a payment is.
const WHOSE: [BreakCode; 5] = [
    BreakCode::OrphanPayment,
    BreakCode::AmbiguousOrders,
    BreakCode::AmbiguousPayments,
    BreakCode::SearchLimit,
    BreakCode::PaidAfterReuse,
];

/// The breaks that these decisions answer.
pub(crate) fn explain(state: &State, decisions: &[Decision]) -> Vec<Decision> {
    if !state.has_open_breaks() {
        return Vec::new();
    }
    let mut ended = Vec::new();
    for decision in decisions {
        let (payment, ending) = if let Decision::PaymentMatched { payment, order, .. } = decision {
            (*payment, Ending::Matched { order: *order })
        } else if let Decision::SuspenseEnded { payment } = decision {
            (*payment, Ending::Dismissed)
        } else {
            continue;
        };
        if let Some((id, _)) = asked_about(state, payment) {
            ended.push(Decision::BreakResolved { id, ending });
        }
    }
    ended
}

fn asked_about(state: &State, payment: PaymentId) -> Option<(BreakId, &BreakRecord)> {
    let id = BreakId::of_payment(payment);
    let record = state.find_break(id).filter(|record| record.is_open())?;
    WHOSE.contains(&record.found.code).then_some((id, record))
}
