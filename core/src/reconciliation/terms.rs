//! Under which terms two sides are compared: windows, tolerances, the search limit, the day.
//!
//! Invariants: the terms are arguments and nothing else decides; a wider window only ever adds
//! candidates, so it can turn a match into an ambiguity and never one match into another. What a
//! book may set lies in its log, so that a day can be compared again as it was; the rest keeps
//! chance out of what is booked without a person, and is nobody's to loosen.
//! Deliberately not here: the calendar that says when a day begins (projections).

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// The longest delay that a book may allow: half a day. What a phone brings later than that lies on
/// the neighbouring day for nearly everybody, and is compared by the wider window of a day.
pub const DELAY_MAX: Span = Span::from_hours(12);

/// The most that a book may let clocks differ: beyond that the clock is the thing to mend.
pub const SKEW_MAX: Span = Span::from_mins(15);

/// The largest difference in minor units that a book may call rounding: one yuan.
pub const ROUNDING_MAX: u64 = 100;

/// The most payments or lines that a book may let add up to one: sets of eight among twenty are
/// 125,970, and the search has its own limit beside this.
pub const PARTS_MAX: u32 = 8;

/// Most steps that one search may take when the terms do not say otherwise: a step is one visited
/// candidate, and 2^22 of them take about as long as reading a file of 20 MB.
pub const SEARCH_STEPS_MAX: u64 = 1 << 22;

/// Windows, tolerances and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How much earlier than its line a payment may lie: clocks differ.
    pub skew: Span,
    /// How much later than its line a payment may lie: notices are delivered late. Take the longest
    /// delay that phones really have: what lies outside is not seen as a candidate.
    pub delay: Span,
    /// How much later than its line a sole candidate may be to be matched without a person.
    pub near: Span,
    /// How much earlier: a notice before its payment is only ever a matter of clocks.
    pub near_early: Span,
    /// How many chance meetings of strangers may be expected in a wallet's day, in thousandths,
    /// before nothing of it is matched by wallet, amount and time without a person.
    pub chance_per_mille: u64,
    /// How far a sole candidate may be to be proposed, where nothing lies within skew and delay.
    pub far: Span,
    /// Largest difference of two amounts, in minor units, that counts as rounding.
    pub rounding: u64,
    /// Largest difference of two fees in minor units.
    pub fee_rounding: u64,
    /// Most payments or lines that may add up to one.
    pub parts_max: usize,
    /// Most steps of one search.
    pub search_max: u64,
}

/// What a book may set of its terms. It lies in the log: a released field never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookTerms {
    /// How much later than its line a payment may lie.
    pub delay: Span,
    /// How much earlier.
    pub skew: Span,
    /// Largest difference of two amounts, in minor units, that counts as rounding.
    pub rounding: u64,
    /// Largest difference of two fees in minor units.
    pub fee_rounding: u64,
    /// Most payments or lines that may add up to one; below two, none do.
    pub parts_max: u32,
}

impl Default for BookTerms {
    fn default() -> Self {
        Self {
            delay: Span::from_mins(15),
            skew: Span::from_secs(90),
            rounding: 0,
            fee_rounding: 0,
            parts_max: 0,
        }
    }
}

impl BookTerms {
    /// Whether they lie within what a book may set.
    ///
    /// # Errors
    /// The name of the first that does not.
    pub fn check(&self) -> Result<(), &'static str> {
        let checks = [
            ("delay", self.delay <= DELAY_MAX),
            ("skew", self.skew <= SKEW_MAX),
            ("rounding", self.rounding <= ROUNDING_MAX),
            ("fee_rounding", self.fee_rounding <= ROUNDING_MAX),
            ("parts", self.parts_max <= PARTS_MAX),
        ];
        checks.into_iter().find(|(_, fits)| !fits).map_or(Ok(()), |(name, _)| Err(name))
    }
}

impl From<BookTerms> for Terms {
    fn from(terms: BookTerms) -> Self {
        let BookTerms { delay, skew, rounding, fee_rounding, parts_max } = terms;
        let parts_max = usize::try_from(parts_max).unwrap_or(usize::MAX);
        Self { delay, skew, rounding, fee_rounding, parts_max, ..Self::default() }
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            skew: Span::from_secs(90),
            delay: Span::from_mins(15),
            near: Span::from_secs(10),
            near_early: Span::from_secs(2),
            chance_per_mille: 2,
            far: Span::from_hours(24),
            rounding: 0,
            fee_rounding: 0,
            parts_max: 0,
            search_max: SEARCH_STEPS_MAX,
        }
    }
}

/// A business day and its neighbours, as four instants in order. The second, third and last are
/// the first instants after what they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayBounds {
    /// The first instant of the day before.
    pub before: Timestamp,
    /// The first instant of the day.
    pub start: Timestamp,
    /// The first instant of the day after.
    pub end: Timestamp,
    /// The first instant that is no longer of the day after.
    pub after: Timestamp,
}

/// Which of the three days an instant is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayPlace {
    /// Before the day before.
    Earlier,
    /// The day before.
    Before,
    /// The day itself.
    Within,
    /// The day after.
    After,
    /// After the day after.
    Later,
}

impl DayBounds {
    /// The place of an instant.
    #[must_use]
    pub fn place(&self, time: Timestamp) -> DayPlace {
        if time < self.before {
            DayPlace::Earlier
        } else if time < self.start {
            DayPlace::Before
        } else if time < self.end {
            DayPlace::Within
        } else if time < self.after {
            DayPlace::After
        } else {
            DayPlace::Later
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_half_open() {
        let at = Timestamp::from_secs;
        let day = DayBounds { before: at(10), start: at(20), end: at(30), after: at(40) };
        let places = [9, 10, 19, 20, 29, 30, 39, 40].map(|secs| day.place(at(secs)));
        assert_eq!(
            places,
            [
                DayPlace::Earlier,
                DayPlace::Before,
                DayPlace::Before,
                DayPlace::Within,
                DayPlace::Within,
                DayPlace::After,
                DayPlace::After,
                DayPlace::Later
            ]
        );
    }
}
