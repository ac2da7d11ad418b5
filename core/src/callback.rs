//! Callbacks: signed messages to a merchant, and the attempts to deliver them.
//!
//! Invariants: a callback keeps its id over all its attempts; attempts stop after acknowledgement
//! or abandonment, and only an operator starts them again; delivery is at least once. Delays come
//! from the policy's schedule, chance for them from the fact.
//! Deliberately not here: how a message is written and sent (dialects and the deliverer).

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::decide::{Repeat, Ruling};
use crate::decision::Decision;
use crate::fact::{CallbackAttempted, RedeliveryRequested};
use crate::id::{IdError, OrderId};
use crate::limits::{CALLBACK_ADDRESSES_MAX, NOTE_BYTES_MAX, RETRY_AFTER_MAX};
use crate::order::Dialect;
use crate::rejection::Rejection;
use crate::state::{OrderRow, State};
use crate::time::{Span, Timestamp};

/// A message to a merchant: which order it is about, and its number among that order's messages,
/// from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallbackId {
    /// The order.
    pub order: OrderId,
    /// The number, from 1.
    pub number: u16,
}

impl fmt::Display for CallbackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "msg_{}_{}", self.order, self.number)
    }
}

impl FromStr for CallbackId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let rest = text.strip_prefix("msg_").ok_or(IdError::NotAnId)?;
        let (order, number) = rest.split_once('_').ok_or(IdError::NotAnId)?;
        let id =
            Self { order: order.parse()?, number: number.parse().map_err(|_| IdError::NotAnId)? };
        let plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        if plain { Ok(id) } else { Err(IdError::NotAnId) }
    }
}

/// What a callback says. Variants are only ever appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Topic {
    /// The order is paid, in time or late, exactly or with more.
    OrderPaid,
    /// The money of this refund is back with the payer.
    RefundConfirmed(crate::id::RefundId),
    /// This refund will not happen.
    RefundDeclined(crate::id::RefundId),
}

impl Topic {
    /// The word that messages and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OrderPaid => "order.paid",
            Self::RefundConfirmed(_) => "refund.confirmed",
            Self::RefundDeclined(_) => "refund.declined",
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptOutcome {
    /// The merchant's answer means "got it" in its dialect.
    Acknowledged {
        /// The HTTP status.
        status: u16,
    },
    /// The merchant answered something else.
    Answered {
        /// The HTTP status.
        status: u16,
        /// How long it asked us to wait.
        retry_after: Option<Span>,
    },
    /// The merchant answered that the endpoint is gone for good.
    Gone,
    /// No answer: name, connection, time or protocol failed.
    Unreachable,
    /// The address is one that we do not call.
    AddressRefused,
    /// The message could not be written, most often for want of a key to sign with; nothing was
    /// sent.
    Unsendable,
}

/// What `decide` remembers of a callback that has attempts ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingCallback {
    /// What it says.
    pub topic: Topic,
    /// When the next attempt is due.
    pub due: Timestamp,
    /// Attempts since it was scheduled.
    pub tries: u16,
}

/// The addresses in a text that may name several, divided by semicolons. A semicolon divides only
/// in front of another address, because an address may hold one.
#[must_use]
pub fn addresses(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    let divides = |(_, after): &(&str, &str)| {
        let after = after.trim_start();
        after.starts_with("http://") || after.starts_with("https://")
    };
    while found.len() < CALLBACK_ADDRESSES_MAX {
        let mut cuts = rest.match_indices(';').map(|(at, _)| rest.split_at(at));
        let cut = cuts.find(|(head, tail)| divides(&(head, tail.trim_start_matches(';'))));
        let (head, tail) = cut.unwrap_or((rest, ""));
        found.push(head.trim_matches([';', ' ']));
        rest = tail.trim_start_matches([';', ' ']);
        if rest.is_empty() {
            break;
        }
    }
    found.retain(|address| !address.is_empty());
    found
}

/// Schedules the next messages about an order, where its dialect has a word for the topic and there
/// is an address to send it to.
pub(crate) fn schedule(
    state: &State,
    at: Timestamp,
    order: OrderId,
    topic: Topic,
) -> Vec<Decision> {
    let Some(row) = state.order(order) else { return Vec::new() };
    // Only our own protocol has words for refunds.
    let spoken = row.dialect == Dialect::Native || topic == Topic::OrderPaid;
    let delay = state.policy().delay(row.dialect, 0).filter(|_| spoken);
    delay.map_or(Vec::new(), |delay| messages(state, row, topic, at.plus(delay)))
}

/// A message for each address. The Youzan bridge tells several; each is a message of its own, with
/// its own attempts, so that one dead address delays no other and repeats nothing to it.
fn messages(state: &State, row: &OrderRow, topic: Topic, due: Timestamp) -> Vec<Decision> {
    let count = match (row.has_notify_url, &state.merchant_of(row).notify_url) {
        (false, None) => 0,
        (false, Some(text)) if row.dialect == Dialect::Youzan => addresses(text).len(),
        (true, _) | (false, Some(_)) => 1,
    };
    let order = row.id;
    let numbers = (row.callbacks.saturating_add(1)..=u16::MAX).take(count);
    let message = |number| {
        let callback = CallbackId { order, number };
        Decision::CallbackScheduled { callback, topic, due }
    };
    numbers.filter(|number| *number > row.callbacks).map(message).collect()
}

/// The order was settled while there was no address, so nothing was scheduled; where there is one
/// by now, its first message can still be asked for.
fn first_after_all(
    state: &State,
    at: Timestamp,
    callback: CallbackId,
) -> Result<Ruling, Rejection> {
    let row = state.order(callback.order).ok_or(Rejection::UnknownCallback)?;
    let messages = messages(state, row, Topic::OrderPaid, at);
    if messages.is_empty() {
        Err(Rejection::UnknownCallback)
    } else {
        Ok(Ruling::Decided(messages))
    }
}

pub(crate) fn rule_on_attempt(
    state: &State,
    at: Timestamp,
    attempt: &CallbackAttempted,
) -> Result<Ruling, Rejection> {
    let callback = attempt.callback;
    let pending = state.pending_callback(callback).ok_or(Rejection::UnknownCallback)?;
    let row = state.order(callback.order).ok_or(Rejection::UnknownCallback)?;
    let asked = match attempt.outcome {
        AttemptOutcome::Acknowledged { .. } => {
            return Ok(Ruling::Decided(vec![Decision::CallbackAcknowledged { callback }]));
        }
        AttemptOutcome::Gone => {
            return Ok(Ruling::Decided(vec![Decision::CallbackAbandoned { callback }]));
        }
        AttemptOutcome::Answered { retry_after, .. } => retry_after.unwrap_or_default(),
        AttemptOutcome::Unreachable
        | AttemptOutcome::AddressRefused
        | AttemptOutcome::Unsendable => Span::ZERO,
    };
    let tries = pending.tries.saturating_add(1);
    let decision = match state.policy().delay(row.dialect, tries) {
        Some(delay) => {
            let delay = delay.plus_ppm(attempt.jitter_ppm).max(asked.min(RETRY_AFTER_MAX));
            Decision::CallbackRetried { callback, due: at.plus(delay) }
        }
        None => Decision::CallbackAbandoned { callback },
    };
    Ok(Ruling::Decided(vec![decision]))
}

pub(crate) fn rule_on_redelivery(
    state: &State,
    at: Timestamp,
    request: &RedeliveryRequested,
) -> Result<Ruling, Rejection> {
    if request.by.trim().is_empty() || request.by.len() > NOTE_BYTES_MAX {
        return Err(Rejection::BadText("by"));
    }
    let callback = request.callback;
    let row = state.order(callback.order).ok_or(Rejection::UnknownCallback)?;
    if callback.number == 1 && row.callbacks == 0 && row.status.is_settled() {
        return first_after_all(state, at, callback);
    }
    if callback.number == 0 || callback.number > row.callbacks {
        return Err(Rejection::UnknownCallback);
    }
    let topic = match state.pending_callback(callback) {
        Some(pending) if pending.due <= at => {
            return Ok(Ruling::Repeat(Repeat::Callback(callback)));
        }
        Some(pending) => pending.topic,
        None => state.topic_of(callback).ok_or(Rejection::UnknownCallback)?,
    };
    Ok(Ruling::Decided(vec![Decision::CallbackScheduled { callback, topic, due: at }]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn ids_round_trip_and_near_misses_are_refused() {
        let id = CallbackId { order: OrderId::from_bits(7), number: 12 };
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for bad in ["", "msg_", &text[..text.len() - 3], &text.replace("_12", "_012"), &text[1..]] {
            assert_eq!(bad.parse::<CallbackId>(), Err(IdError::NotAnId), "{bad}");
        }
    }
}
