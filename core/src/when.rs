//! When a payment was made: a device's time weighed against ours.
//!
//! Invariants: the latest time that evidence can be from is when it came in. A clock's word, and a
//! heartbeat's word about the clock, move what is likely; neither takes the span away that the
//! other speaks for.
//! Deliberately not here: which orders held an amount in a span ([`crate::state`]).

use crate::policy::Policy;
use crate::time::Timestamp;

/// When a payment was made, as far as evidence tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The best single guess.
    pub paid_at: Timestamp,
    /// The span it lies in if the device's clock is what we take it for; none where it cannot be
    /// that.
    pub likely: Option<(Timestamp, Timestamp)>,
    /// The span it lies in if the clock, or its last heartbeat, is wrong.
    pub otherwise: Option<(Timestamp, Timestamp)>,
}

impl When {
    /// Weighs a device's time against ours. `clock_offset` is what a fresh heartbeat says that its
    /// clock lacks, in microseconds. A heartbeat may itself have come late, so its word moves the
    /// likely span and never takes the device's own away.
    #[must_use]
    pub fn of(
        policy: &Policy,
        clock_offset: Option<i64>,
        sent_at: Option<Timestamp>,
        received: Timestamp,
    ) -> Self {
        let Some(said) = sent_at else {
            return Self::witnessed(received, received);
        };
        let corrected =
            Timestamp::from_micros(said.micros().saturating_add(clock_offset.unwrap_or_default()));
        let likely = Self::span(policy, corrected, received);
        let own = Self::span(policy, said, received);
        let paid_at = likely.map_or(received, |_| corrected.min(received));
        let (likely, otherwise) = match (clock_offset, likely) {
            (Some(_), Some(_)) => (likely, own.filter(|own| Some(*own) != likely)),
            (Some(_), None) => (None, Some((own.map_or(received, |(from, _)| from), received))),
            // An old time that no heartbeat vouches for may be delay, a slow clock, or both: the
            // money may be from any instant since, and nothing settles by it alone.
            (None, Some((from, to))) if to < received => (None, Some((from, received))),
            (None, Some(_)) => (likely, None),
            (None, None) => (None, Some((received, received))),
        };
        Self { paid_at, likely, otherwise }
    }

    /// The span that a clock's time stands for; none where it lies in the future, because then the
    /// clock says nothing, and neither does the delay.
    fn span(
        policy: &Policy,
        time: Timestamp,
        received: Timestamp,
    ) -> Option<(Timestamp, Timestamp)> {
        if time.distance(received) <= policy.clock_skew {
            Some((time.min(received), received))
        } else if time > received {
            None
        } else {
            Some((time.minus(policy.clock_skew), time.plus(policy.clock_skew)))
        }
    }

    /// A time that a person or a channel vouches for.
    #[must_use]
    pub fn witnessed(paid_at: Timestamp, received: Timestamp) -> Self {
        let paid_at = paid_at.min(received);
        Self { paid_at, likely: Some((paid_at, paid_at)), otherwise: None }
    }

    /// A time that a person read off a screen, which shows minutes: it is good within the skew.
    #[must_use]
    pub fn reported(policy: &Policy, paid_at: Timestamp, received: Timestamp) -> Self {
        let paid_at = paid_at.min(received);
        let (from, to) = (paid_at.minus(policy.clock_skew), paid_at.plus(policy.clock_skew));
        Self { paid_at, likely: Some((from, to.min(received))), otherwise: None }
    }

    /// The earliest instant that the payment can be from, as far as anybody says.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        let spans = self.likely.into_iter().chain(self.otherwise);
        spans.fold(self.paid_at, |earliest, (from, _)| earliest.min(from))
    }

    /// Whether the orders of that time may be forgotten already.
    #[must_use]
    pub fn is_stale(&self, policy: &Policy, received: Timestamp) -> bool {
        received.since(self.paid_at) > policy.lookback
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the clocks say, spans run forwards, end by the arrival, and one of them holds
        /// the device's own time or the arrival.
        #[test]
        fn spans_are_sound(
            offset in prop::option::of(any::<i64>()),
            sent in prop_oneof![any::<i64>(), -90_000_000_000..90_000_000_000_i64],
            received in -90_000_000_000..90_000_000_000_i64,
        ) {
            let policy = Policy::default();
            let (sent, received) = (Timestamp::from_micros(sent), Timestamp::from_micros(received));
            let when = When::of(&policy, offset, Some(sent), received);
            let spans: [Option<(Timestamp, Timestamp)>; 2] = [when.likely, when.otherwise];
            prop_assert!(when.paid_at <= received);
            for (from, to) in spans.into_iter().flatten() {
                prop_assert!(from <= to && to <= received);
            }
            let holds = |time: Timestamp| {
                spans.into_iter().flatten().any(|(from, to)| from <= time && time <= to)
            };
            let vouched = offset.is_some() && when.likely.is_some();
            prop_assert!(vouched || holds(received));
            prop_assert!(sent > received.plus(Span::ZERO) || holds(sent) || offset.is_none());
        }
    }
}
