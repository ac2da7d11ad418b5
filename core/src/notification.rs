//! Notifications: inbound evidence that money arrived.
//!
//! Invariants: every delivery is kept with its verdict; only the first of a key has an effect;
//! evidence that nobody can read, or that contradicts an earlier delivery, waits for a person.
//! Deliberately not here: reading wires (sources), finding the order ([`crate::matcher`]).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::amount::AMOUNT_MINOR_MAX;
use crate::code::{self, Trade};
use crate::decide::Ruling;
use crate::decision::Decision;
use crate::fact::{EvidenceJudged, HeartbeatReceived, Judgement, NotificationReceived, Reading};
use crate::id::{DeviceId, NotificationId, PaymentId};
use crate::limits::{
    EVIDENCE_BYTES_MAX, NOTE_BYTES_MAX, REFERENCE_BYTES_MAX, REFERENCES_BYTES_MAX, REFERENCES_MAX,
};
use crate::matcher::{self, Sighting, When};
use crate::policy::Policy;
use crate::rejection::Rejection;
use crate::state::{DeviceState, State};
use crate::time::Timestamp;

/// What kind of delivery this was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The first of its key; it has its effect.
    First,
    /// The first of its key, but so old that nobody can tell any more which orders there were;
    /// held.
    Stale,
    /// The same delivery again; no effect.
    Repeat {
        /// The first one.
        of: NotificationId,
    },
    /// The same key with other content; waits for a person.
    Conflict {
        /// The first one.
        with: NotificationId,
    },
    /// A rule knows that it is no money; no effect.
    Ignored,
    /// Nobody can tell what it says; waits for a person.
    Unreadable,
    /// The signature is wrong; no effect.
    Forged,
}

impl Verdict {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Stale => "stale",
            Self::Repeat { .. } => "repeat",
            Self::Conflict { .. } => "conflict",
            Self::Ignored => "ignored",
            Self::Unreadable => "unreadable",
            Self::Forged => "forged",
        }
    }
}

pub(crate) fn rule_on_receipt(
    state: &State,
    at: Timestamp,
    received: &NotificationReceived,
) -> Result<Ruling, Rejection> {
    if received.raw.len() > EVIDENCE_BYTES_MAX {
        return Err(Rejection::BadText("evidence"));
    }
    if let Reading::Money { references, .. } = &received.reading {
        let bytes = references.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        if bytes > REFERENCES_BYTES_MAX {
            return Err(Rejection::BadText("references"));
        }
    }
    let judged =
        |verdict| Decision::NotificationJudged { notification: received.notification, verdict };
    let Some(device) = received.authentic_device() else {
        return Ok(Ruling::Decided(vec![judged(Verdict::Forged)]));
    };
    let device = state.device(device).filter(|device| device.declared.enabled);
    let device = device.ok_or(Rejection::UnknownDevice)?;
    let mut decisions = Vec::new();
    decisions.extend(device.return_decision());
    if let Some(verdict) = earlier(state, received) {
        decisions.push(judged(verdict));
        return Ok(Ruling::Decided(decisions));
    }
    match &received.reading {
        Reading::Ignored => decisions.push(judged(Verdict::Ignored)),
        Reading::Unreadable => decisions.push(judged(Verdict::Unreadable)),
        Reading::Forged => unreachable!("forged evidence has no authentic device"),
        Reading::Money { amount, channel, sent_at, references } => {
            if !amount.is_positive() || amount.minor() > AMOUNT_MINOR_MAX {
                decisions.push(judged(Verdict::Unreadable));
                return Ok(Ruling::Decided(decisions));
            }
            let when = When::of(state.policy(), device.clock(state.policy(), at), *sent_at, at);
            let stale = when.is_stale(state.policy(), at);
            let sighting = Sighting {
                payment: PaymentId::of(received.notification),
                wallets: state.wallets_of(device, *channel, when.begins()),
                amount: *amount,
                when,
                references: looked_at(references),
            };
            decisions.push(judged(if stale { Verdict::Stale } else { Verdict::First }));
            matcher::settle(state, at, &sighting, &mut decisions);
        }
    }
    Ok(Ruling::Decided(decisions))
}

/// The first references that can name an order at all.
fn looked_at(references: &[String]) -> Vec<&str> {
    let short = references.iter().map(String::as_str).filter(|r| r.len() <= REFERENCE_BYTES_MAX);
    short.take(REFERENCES_MAX).collect()
}

impl NotificationReceived {
    /// The device whose signature the delivery bears; none where it is forged.
    #[must_use]
    pub fn authentic_device(&self) -> Option<&DeviceId> {
        match self.reading {
            Reading::Forged => None,
            Reading::Money { .. } | Reading::Ignored | Reading::Unreadable => self.device.as_ref(),
        }
    }
}

fn earlier(state: &State, received: &NotificationReceived) -> Option<Verdict> {
    let seen = state.seen(received.key)?;
    Some(if seen.content == received.content {
        Verdict::Repeat { of: seen.notification }
    } else {
        Verdict::Conflict { with: seen.notification }
    })
}

pub(crate) fn rule_on_heartbeat(
    state: &State,
    heartbeat: &HeartbeatReceived,
) -> Result<Ruling, Rejection> {
    let device = state.device(&heartbeat.device).filter(|device| device.declared.enabled);
    let device = device.ok_or(Rejection::UnknownDevice)?;
    Ok(Ruling::Decided(device.return_decision().into_iter().collect()))
}

impl DeviceState {
    /// What the device's clock lacks in microseconds, where a heartbeat that is not older than a
    /// silence says so: clocks are set, and an old word about one is none.
    fn clock(&self, policy: &Policy, at: Timestamp) -> Option<i64> {
        let heard = self.clock_heard.filter(|heard| at.since(*heard) <= policy.device_silence)?;
        self.clock_told.map(|told| heard.micros().saturating_sub(told.micros()))
    }

    /// The decision that a silent device is back, where it was silent.
    fn return_decision(&self) -> Option<Decision> {
        let since = self.last_heard.filter(|_| self.silent)?;
        Some(Decision::DeviceReturned { device: self.declared.id.clone(), since })
    }
}

pub(crate) fn rule_on_judgement(
    state: &State,
    at: Timestamp,
    judged: &EvidenceJudged,
) -> Result<Ruling, Rejection> {
    for (field, text) in [("by", &judged.by), ("reason", &judged.reason)] {
        if text.trim().is_empty() || text.len() > NOTE_BYTES_MAX {
            return Err(Rejection::BadText(field));
        }
    }
    if !state.is_question(judged.notification) {
        return Err(Rejection::UnknownNotification);
    }
    match &judged.judgement {
        Judgement::Trade { wallet, amount, paid_at, number, reference } => {
            let (amount, paid_at) = (*amount, *paid_at);
            let trade = Trade { wallet, amount, paid_at, number, reference: reference.as_deref() };
            code::rule_on_trade(state, at, judged.notification, &trade)
        }
        Judgement::NotMoney => Ok(Ruling::Decided(vec![Decision::EvidenceDismissed {
            notification: judged.notification,
        }])),
        Judgement::Money { wallet, amount, paid_at } => {
            let wallet = state.wallet_index(wallet).ok_or(Rejection::UnknownWallet)?;
            if !amount.is_positive() {
                return Err(Rejection::AmountNotPositive);
            }
            let sighting = Sighting {
                payment: PaymentId::of(judged.notification),
                wallets: vec![wallet],
                amount: *amount,
                when: When::reported(state.policy(), *paid_at, at),
                references: Vec::new(),
            };
            let mut decisions = Vec::new();
            matcher::settle(state, at, &sighting, &mut decisions);
            Ok(Ruling::Decided(decisions))
        }
    }
}
