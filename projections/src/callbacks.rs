//! Callbacks that have attempts ahead: what the deliverer works from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::OrderId;
use duizhang_core::time::Timestamp;

use crate::projection::Projection;

/// How an order's latest callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackStanding {
    /// There is none.
    None,
    /// Attempts lie ahead.
    Pending,
    /// The merchant has it.
    Acknowledged,
    /// No more attempts by ourselves.
    Abandoned,
}

impl CallbackStanding {
    /// The word that API and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Acknowledged => "acknowledged",
            Self::Abandoned => "abandoned",
        }
    }
}

/// A callback that has attempts ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What it says.
    pub topic: Topic,
    /// When the next attempt is due.
    pub due: Timestamp,
    /// When it was scheduled.
    pub since: Timestamp,
    /// Attempts since then.
    pub tries: u16,
}

/// Callbacks that have attempts ahead, and counts of all others.
#[derive(Clone, Debug, Default)]
pub struct Callbacks {
    pending: BTreeMap<CallbackId, Pending>,
    due: BTreeSet<(Timestamp, CallbackId)>,
    /// Attempts made over the whole log.
    pub attempts: u64,
    /// Callbacks acknowledged over the whole log.
    pub acknowledged: u64,
    /// Callbacks abandoned over the whole log.
    pub abandoned: u64,
}

impl Projection for Callbacks {
    fn fold(&mut self, chapter: &Chapter) {
        if let Fact::CallbackAttempted(attempt) = &chapter.fact {
            self.attempts = self.attempts.saturating_add(1);
            if let Some(pending) = self.pending.get_mut(&attempt.callback) {
                pending.tries = pending.tries.saturating_add(1);
            }
        }
        for decision in &chapter.decisions {
            match decision {
                Decision::CallbackScheduled { callback, topic, due } => {
                    self.remove(*callback);
                    let pending = Pending { topic: *topic, due: *due, since: chapter.at, tries: 0 };
                    self.pending.insert(*callback, pending);
                    self.due.insert((*due, *callback));
                }
                Decision::CallbackRetried { callback, due } => {
                    if let Some(pending) = self.remove(*callback) {
                        self.pending.insert(*callback, Pending { due: *due, ..pending });
                        self.due.insert((*due, *callback));
                    }
                }
                Decision::CallbackAcknowledged { callback } => {
                    self.remove(*callback);
                    self.acknowledged = self.acknowledged.saturating_add(1);
                }
                Decision::CallbackAbandoned { callback } => {
                    self.remove(*callback);
                    self.abandoned = self.abandoned.saturating_add(1);
                }
                _ => {}
            }
        }
    }
}

impl Callbacks {
    fn remove(&mut self, callback: CallbackId) -> Option<Pending> {
        let pending = self.pending.remove(&callback)?;
        self.due.remove(&(pending.due, callback));
        Some(pending)
    }

    /// A callback that has attempts ahead.
    #[must_use]
    pub fn get(&self, callback: CallbackId) -> Option<&Pending> {
        self.pending.get(&callback)
    }

    /// What is due within a span of time, both ends included, earliest first.
    pub fn due_between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, CallbackId)> {
        let first = CallbackId { order: OrderId::from_bits(0), number: 0 };
        self.due.range((from, first)..).copied().take_while(move |(due, _)| *due <= to)
    }

    /// The earliest time beyond this one at which something is due.
    #[must_use]
    pub fn next_due_after(&self, at: Timestamp) -> Option<Timestamp> {
        let last = CallbackId { order: OrderId::from_bits(u128::MAX), number: u16::MAX };
        let beyond = (Bound::Excluded((at, last)), Bound::Unbounded);
        self.due.range(beyond).next().map(|(due, _)| *due)
    }

    /// How many have attempts ahead.
    #[must_use]
    pub fn pending_count(&self) -> usize {
        self.pending.len()
    }

    /// When the callback that waits longest was scheduled.
    #[must_use]
    pub fn oldest_since(&self) -> Option<Timestamp> {
        self.pending.values().map(|pending| pending.since).min()
    }
}
