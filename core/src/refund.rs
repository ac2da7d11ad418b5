//! Refunds: money going back, with a life of its own.
//!
//! requested → approved → sent → confirmed, or declined before it is confirmed. Personal accounts
//! have no refund API, so a person sends the money and gives the evidence.
//! Invariants: refunds that were not declined never exceed what was received; a number is unique
//! for its merchant.

use alloc::vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::callback::{self, Topic};
use crate::decide::{Repeat, Ruling};
use crate::decision::Decision;
use crate::digest::Digest;
use crate::fact::{RefundRequested, RefundStepTaken};
use crate::id::{MerchantId, OrderId};
use crate::limits::{NOTE_BYTES_MAX, ORDER_NUMBER_BYTES_MAX};
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::Timestamp;

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RefundState {
    /// Waits for approval.
    Requested,
    /// Approved; somebody is to send the money.
    Approved,
    /// The money is on its way.
    Sent,
    /// The money is back with the payer.
    Confirmed,
    /// It will not happen.
    Declined,
}

impl RefundState {
    /// The word that views, API and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Sent => "sent",
            Self::Confirmed => "confirmed",
            Self::Declined => "declined",
        }
    }
}

impl fmt::Display for RefundState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What an operator does with a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundStep {
    /// It may go out.
    Approve,
    /// The money was sent.
    Send,
    /// The payer has it.
    Confirm,
    /// It will not happen.
    Decline,
}

impl RefundStep {
    const fn target(self) -> RefundState {
        match self {
            Self::Approve => RefundState::Approved,
            Self::Send => RefundState::Sent,
            Self::Confirm => RefundState::Confirmed,
            Self::Decline => RefundState::Declined,
        }
    }

    /// The step is allowed from the state just before its target; declining from any state but the
    /// last two.
    const fn follows(self, from: RefundState) -> bool {
        matches!(
            (self, from),
            (Self::Approve, RefundState::Requested)
                | (Self::Send, RefundState::Approved)
                | (Self::Confirm, RefundState::Sent)
                | (
                    Self::Decline,
                    RefundState::Requested | RefundState::Approved | RefundState::Sent
                )
        )
    }
}

/// What `decide` remembers of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundRecord {
    /// Of which order.
    pub order: OrderId,
    /// How much.
    pub amount: Amount,
    /// Where it stands.
    pub state: RefundState,
}

/// The fingerprint under which a merchant's refund number is remembered.
#[must_use]
pub fn number_key(merchant: &MerchantId, number: &str) -> Digest {
    Digest::of(&[b"refund", merchant.as_str().as_bytes(), number.as_bytes()])
}

pub(crate) fn rule_on_request(
    state: &State,
    request: &RefundRequested,
) -> Result<Ruling, Rejection> {
    let (_, merchant) = state.merchant(&request.merchant).ok_or(Rejection::UnknownMerchant)?;
    if !merchant.enabled {
        return Err(Rejection::UnknownMerchant);
    }
    check_note("number", &request.number, ORDER_NUMBER_BYTES_MAX)?;
    check_note("reason", &request.reason, NOTE_BYTES_MAX)?;
    if !request.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    let row = state
        .order(request.order)
        .filter(|row| state.merchant_of(row).id == request.merchant)
        .ok_or(Rejection::UnknownOrder)?;
    if let Some((id, known)) =
        state.refund_by_number(number_key(&request.merchant, &request.number))
    {
        let same = known.order == request.order && known.amount == request.amount;
        return if same {
            Ok(Ruling::Repeat(Repeat::Refund(id)))
        } else {
            Err(Rejection::RefundNumberTaken)
        };
    }
    if row.received == 0 {
        return Err(Rejection::OrderIs(row.status));
    }
    let left = Amount::from_minor(row.received.saturating_sub(row.refunded), row.currency);
    let fits = left.checked_sub(request.amount).is_ok_and(|rest| rest.minor() >= 0);
    if !fits {
        return Err(Rejection::RefundExceeds { left });
    }
    assert!(state.refund(request.refund).is_none(), "a drawn refund id is new");
    Ok(Ruling::Decided(vec![Decision::RefundOpened { refund: request.refund }]))
}

pub(crate) fn rule_on_step(
    state: &State,
    at: Timestamp,
    taken: &RefundStepTaken,
) -> Result<Ruling, Rejection> {
    check_note("by", &taken.by, NOTE_BYTES_MAX)?;
    check_note("evidence", &taken.evidence, NOTE_BYTES_MAX)?;
    let refund = state.refund(taken.refund).ok_or(Rejection::UnknownRefund)?;
    let to = taken.step.target();
    if refund.state == to {
        return Ok(Ruling::Repeat(Repeat::Refund(taken.refund)));
    }
    if !taken.step.follows(refund.state) {
        return Err(Rejection::RefundIs(refund.state));
    }
    let topic = match to {
        RefundState::Confirmed => Some(Topic::RefundConfirmed(taken.refund)),
        RefundState::Declined => Some(Topic::RefundDeclined(taken.refund)),
        RefundState::Requested | RefundState::Approved | RefundState::Sent => None,
    };
    let mut decisions = vec![Decision::RefundAdvanced { refund: taken.refund, to }];
    let messages = topic.map(|topic| callback::schedule(state, at, refund.order, topic));
    decisions.extend(messages.into_iter().flatten());
    Ok(Ruling::Decided(decisions))
}

fn check_note(field: &'static str, text: &str, bytes_max: usize) -> Result<(), Rejection> {
    let bad =
        text.trim().is_empty() || text.len() > bytes_max || text.chars().any(char::is_control);
    if bad { Err(Rejection::BadText(field)) } else { Ok(()) }
}
