//! Instants and spans of log time, in whole microseconds.
//!
//! Invariants: an instant is UTC microseconds since 1970, truncated when it is made, so that what
//! is read back from the log equals what was written; arithmetic saturates, because a time far away
//! is still "never".
//! Deliberately not here: any clock, any time zone, any text form (the shell prints RFC 3339).

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(i64);

/// A span of microseconds, never negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Span(u64);

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant, which stands for "never".
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds since 1970 (UTC).
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since 1970 (UTC), as phones send them.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From seconds since 1970 (UTC).
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970 (UTC).
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970 (UTC), rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since 1970 (UTC), rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The instant a span later.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }

    /// The instant a span earlier.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }

    /// How long ago `earlier` was; zero where it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        if self.0 > earlier.0 { Span(self.0.abs_diff(earlier.0)) } else { Span(0) }
    }

    /// The distance to another instant, whichever comes first.
    #[must_use]
    pub const fn distance(self, other: Self) -> Span {
        Span(self.0.abs_diff(other.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// From minutes.
    #[must_use]
    pub const fn from_mins(mins: u64) -> Self {
        Self::from_secs(mins.saturating_mul(60))
    }

    /// From hours.
    #[must_use]
    pub const fn from_hours(hours: u64) -> Self {
        Self::from_mins(hours.saturating_mul(60))
    }

    /// In microseconds.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// In whole milliseconds, rounded down.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0 / 1_000
    }

    /// In whole seconds, rounded down.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0 / 1_000_000
    }

    /// This span and a share of it in parts per million; used for jitter that the shell draws.
    #[must_use]
    pub const fn plus_ppm(self, ppm: u32) -> Self {
        let share = (self.0 / 1_000_000).saturating_mul(widen(ppm));
        let rest = (self.0 % 1_000_000).saturating_mul(widen(ppm)) / 1_000_000;
        Self(self.0.saturating_add(share).saturating_add(rest))
    }
}

#[expect(clippy::as_conversions, reason = "u64::from is not const; widening loses nothing")]
const fn widen(ppm: u32) -> u64 {
    ppm as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_never() {
        assert_eq!(Timestamp::MAX.plus(Span::from_secs(1)), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(Span::from_secs(1)), Timestamp::MIN);
        assert_eq!(Timestamp::from_secs(1).since(Timestamp::from_secs(2)), Span::ZERO);
        assert_eq!(Timestamp::from_secs(1).distance(Timestamp::from_secs(3)), Span::from_secs(2));
    }

    #[test]
    fn times_before_1970_round_down() {
        assert_eq!(Timestamp::from_micros(-1).millis(), -1);
        assert_eq!(Timestamp::from_micros(-1).secs(), -1);
    }

    #[test]
    fn a_share_is_added() {
        assert_eq!(Span::from_secs(10).plus_ppm(200_000), Span::from_secs(12));
        assert_eq!(Span::from_micros(10).plus_ppm(500_000), Span::from_micros(15));
    }
}
