//! The settings that decisions depend on. A policy is activated by a fact, so it lies in the log as
//! bytes and a replay decides under the policy that was in force.
//!
//! Deliberately not here: settings that no decision depends on (addresses, timeouts, log levels).

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::SCHEDULE_DELAYS_MAX;
use crate::order::Dialect;
use crate::time::Span;

/// Where a payable amount moves when the asked one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// The payer pays a little more.
    Up,
    /// The payer pays a little less.
    Down,
    /// Whichever free amount is nearest; less where both are equally near.
    Nearest,
}

/// What happens with money that comes after its order has expired, while the amount is still known
/// to be that order's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LateRule {
    /// The order becomes paid late and the merchant is told.
    Settle,
    /// The payment is held for a person.
    Hold,
}

/// The delays between the attempts of one dialect's callbacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Whose callbacks.
    pub dialect: Dialect,
    /// The delay before each attempt, counted from the one before; the first is usually zero.
    pub delays: Vec<Span>,
}

/// All settings that decisions depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How long an order waits for its payment where the request does not say.
    pub order_ttl: Span,
    /// How long an amount stays with its order after payment, close or expiry.
    pub quarantine: Span,
    /// Where a taken amount moves.
    pub step: Step,
    /// The furthest that a payable amount may lie from the asked one, in minor units.
    pub max_offset: u32,
    /// How far a phone's clock may differ from ours before its time needs a second witness.
    pub clock_skew: Span,
    /// How long an ended hold is still considered for evidence that comes late.
    pub lookback: Span,
    /// What happens with late money.
    pub late: LateRule,
    /// How long a device may be silent before it counts as offline.
    pub device_silence: Span,
    /// Most open orders of one merchant.
    pub open_orders_max: u32,
    /// The callback schedules; a dialect without one gets a single attempt.
    pub schedules: Vec<Schedule>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            order_ttl: Span::from_mins(5),
            quarantine: Span::from_mins(15),
            step: Step::Up,
            max_offset: 99,
            clock_skew: Span::from_mins(2),
            lookback: Span::from_hours(24),
            late: LateRule::Settle,
            // Phones beat every 30 or 50 seconds; two missed beats are silence.
            device_silence: Span::from_secs(110),
            open_orders_max: 10_000,
            schedules: default_schedules(),
        }
    }
}

fn default_schedules() -> Vec<Schedule> {
    // Where the original sends once and never again, its users' first complaint, a shop that is
    // back within a day gets its callback.
    const PATIENT: &[u64] = &[0, 15, 60, 180, 600, 1_800, 3_600, 7_200, 21_600, 43_200];
    let schedules: [(Dialect, &[u64]); 7] = [
        // The Standard Webhooks recommendation.
        (Dialect::Native, &[0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]),
        (Dialect::Vmq, PATIENT),
        // The original's own: after 1, 2, 4, 16, 64 and 300 minutes.
        (Dialect::Bufpay, &[0, 60, 120, 240, 960, 3_840, 18_000]),
        (Dialect::Gogo, PATIENT),
        // The original keeps sending until it reads its word; how often is not known.
        (Dialect::Codepay, PATIENT),
        // The original's own times after the payment are 1, 3 and 20 minutes, 1 and 2 hours.
        (Dialect::Epay, &[0, 60, 120, 1_020, 2_400, 3_600]),
        (Dialect::Youzan, PATIENT),
    ];
    let spans = |delays: &[u64]| delays.iter().copied().map(Span::from_secs).collect();
    schedules.map(|(dialect, delays)| Schedule { dialect, delays: spans(delays) }).into()
}

/// Why a policy is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyError {
    /// The order life is outside the limits.
    OrderTtl,
    /// The quarantine is shorter than the clock skew, so a slow clock could give money to the next
    /// holder.
    QuarantineBelowSkew,
    /// The lookback is shorter than the quarantine.
    LookbackBelowQuarantine,
    /// A schedule has no delay or too many, or a dialect has two.
    Schedule,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OrderTtl => "order_ttl must lie between 10 seconds and 24 hours",
            Self::QuarantineBelowSkew => "quarantine must not be shorter than clock_skew",
            Self::LookbackBelowQuarantine => "lookback must not be shorter than quarantine",
            Self::Schedule => "each dialect has one callback schedule of 1 to 32 delays",
        })
    }
}

impl core::error::Error for PolicyError {}

impl Policy {
    /// Checks what the settings mean together.
    ///
    /// # Errors
    /// The first [`PolicyError`] found.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.order_ttl < crate::limits::ORDER_TTL_MIN
            || self.order_ttl > crate::limits::ORDER_TTL_MAX
        {
            return Err(PolicyError::OrderTtl);
        }
        if self.quarantine < self.clock_skew {
            return Err(PolicyError::QuarantineBelowSkew);
        }
        if self.lookback < self.quarantine {
            return Err(PolicyError::LookbackBelowQuarantine);
        }
        for (index, schedule) in self.schedules.iter().enumerate() {
            let count = schedule.delays.len();
            let twice = self.schedules.iter().take(index).any(|s| s.dialect == schedule.dialect);
            if count == 0 || count > SCHEDULE_DELAYS_MAX || twice {
                return Err(PolicyError::Schedule);
            }
        }
        Ok(())
    }

    /// The delay before the attempt that follows `tries` attempts; none when the schedule has
    /// ended.
    #[must_use]
    pub fn delay(&self, dialect: Dialect, tries: u16) -> Option<Span> {
        match self.schedules.iter().find(|schedule| schedule.dialect == dialect) {
            Some(schedule) => schedule.delays.get(usize::from(tries)).copied(),
            None => (tries == 0).then_some(Span::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_sound() {
        assert_eq!(Policy::default().check(), Ok(()));
    }

    #[test]
    fn settings_that_would_lose_or_misassign_money_are_refused() {
        let with = |change: fn(&mut Policy)| {
            let mut policy = Policy::default();
            change(&mut policy);
            policy.check()
        };
        assert_eq!(with(|p| p.order_ttl = Span::ZERO), Err(PolicyError::OrderTtl));
        assert_eq!(with(|p| p.order_ttl = Span::from_hours(25)), Err(PolicyError::OrderTtl));
        assert_eq!(with(|p| p.quarantine = Span::ZERO), Err(PolicyError::QuarantineBelowSkew));
        assert_eq!(with(|p| p.lookback = Span::ZERO), Err(PolicyError::LookbackBelowQuarantine));
        assert_eq!(with(|p| p.schedules[0].delays.clear()), Err(PolicyError::Schedule));
        assert_eq!(with(|p| p.schedules[1].dialect = Dialect::Native), Err(PolicyError::Schedule));
    }

    #[test]
    fn a_dialect_without_schedule_gets_one_attempt() {
        let policy = Policy { schedules: Vec::new(), ..Policy::default() };
        assert_eq!(policy.delay(Dialect::Vmq, 0), Some(Span::ZERO));
        assert_eq!(policy.delay(Dialect::Vmq, 1), None);
    }
}
