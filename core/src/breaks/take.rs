//! A line of the statement that nobody observed becomes a payment (补单).
//!
//! The channel's own record is evidence, but a person says that it is no copy of something else.
//! The money then goes the way of every payment: it settles the one order that it can be meant for,
//! or it is held.
//! Invariants: a break gives rise to one payment at the most, for ever, with the amount and the
//! wallet of the break and a time of its day; an open break about a line with money that came is
//! the only way in.
//! Deliberately not here: which orders it could be for ([`crate::matcher`]).

use alloc::vec;

use super::code::{BreakCode, Direction};
use super::life::{BreakRecord, Ending};
use super::refusal::BreakRefusal;
use super::told::{LineTaken, Subject};
use super::work::{check_note, check_operator};
use crate::amount::AMOUNT_MINOR_MAX;
use crate::decide::{Repeat, Ruling};
use crate::decision::Decision;
use crate::declare::check_text;
use crate::digest::Digest;
use crate::id::{BreakId, PaymentId};
use crate::limits::REFERENCE_BYTES_MAX;
use crate::matcher::{self, Sighting, When};
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::Timestamp;

impl PaymentId {
    /// The payment that a line of a statement gives rise to. Both ids are fingerprints or drawn, so
    /// it meets no notification's.
    #[must_use]
    pub const fn of_line(id: BreakId) -> Self {
        Self::from_bits(id.bits())
    }
}

pub(crate) fn rule_on_taking(
    state: &State,
    at: Timestamp,
    taken: &LineTaken,
) -> Result<Ruling, Rejection> {
    check_operator(&taken.by)?;
    check_note("reason", &taken.reason)?;
    if let Some(number) = &taken.number {
        check_text("number", number, REFERENCE_BYTES_MAX)?;
    }
    let unknown = Rejection::Break(BreakRefusal::Unknown);
    let record = state.find_break(taken.id).ok_or(unknown)?;
    let payment = PaymentId::of_line(taken.id);
    match record.taken {
        Some(said) if said == taken_content(taken) => {
            return Ok(Ruling::Repeat(Repeat::Payment(payment)));
        }
        Some(_) => return Err(Rejection::Break(BreakRefusal::Taken)),
        None => {}
    }
    if !record.is_open() {
        return Err(Rejection::Break(BreakRefusal::Is(record.state)));
    }
    if !is_unobserved(record) {
        return Err(Rejection::Break(BreakRefusal::NotALine));
    }
    let amount = record.found.amount;
    if !amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    let unfit = |field| Err(Rejection::Break(BreakRefusal::Unfit(field)));
    if amount.minor() > AMOUNT_MINOR_MAX {
        return unfit("amount");
    }
    // Elsewhere no run over the break's day would see the payment: the line would stay a break, and
    // its money would stand in the books twice.
    if taken.paid_at > at || !record.day.may_hold(taken.paid_at) {
        return unfit("paid_at");
    }
    let wallet = state.wallet_index(&record.wallet).ok_or(Rejection::UnknownWallet)?;
    let sighting = Sighting {
        payment,
        wallets: vec![wallet],
        amount,
        when: When::reported(state.policy(), taken.paid_at, at),
        references: taken.number.as_deref().into_iter().collect(),
    };
    let mut decisions =
        vec![Decision::BreakResolved { id: taken.id, ending: Ending::TakenIn { payment } }];
    matcher::settle(state, at, &sighting, &mut decisions);
    Ok(Ruling::Decided(decisions))
}

/// The fingerprint of what must be equal in a repeat: which payment it became.
pub(crate) fn taken_content(taken: &LineTaken) -> Digest {
    let time = taken.paid_at.micros().to_be_bytes();
    let number = taken.number.as_deref().unwrap_or_default();
    Digest::of(&[&time, number.as_bytes()])
}

/// Whether the break is about money that came and that only the channel knows of.
fn is_unobserved(record: &BreakRecord) -> bool {
    let found = &record.found;
    let line = matches!(found.subject, Subject::Line { .. } | Subject::Row { .. });
    let unseen = matches!(
        found.code,
        BreakCode::UnobservedPayment | BreakCode::OrphanPayment | BreakCode::DuplicatePayment
    );
    line && unseen && found.direction == Direction::In
}
