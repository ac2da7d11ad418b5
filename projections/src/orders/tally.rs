//! How many orders a merchant has in one protocol, counted as they come and as their money comes.
//!
//! Invariants: reading costs the same however many orders there are; an order belongs to the
//! business day on which it was accepted, whenever its money comes; only the newest days are kept.
//! Deliberately not here: which day is today (the reader says).

use chrono::NaiveDate;

/// Days that are kept: today, yesterday, and one more for a reader whose clock was set back over
/// midnight.
const DAYS_MAX: usize = 3;

/// The settled orders of one business day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayTally {
    /// How many.
    pub orders: u64,
    /// The sum of what was asked, in minor units.
    pub minor: i64,
}

/// How many orders there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    orders: u64,
    /// The newest first.
    days: Vec<(NaiveDate, DayTally)>,
}

impl Tally {
    /// All orders, paid or not.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.orders
    }

    /// The settled orders of a day; none where it is older than those that are kept.
    #[must_use]
    pub fn day(&self, day: NaiveDate) -> DayTally {
        let known = self.days.iter().find(|(known, _)| *known == day);
        known.map(|(_, tally)| *tally).unwrap_or_default()
    }

    /// One more order.
    pub(super) fn count(&mut self) {
        self.orders = self.orders.saturating_add(1);
    }

    /// The money of an order of a day came.
    pub(super) fn settle(&mut self, day: NaiveDate, minor: i64) {
        let at = self.days.partition_point(|(known, _)| *known > day);
        if self.days.get(at).is_none_or(|(known, _)| *known != day) {
            self.days.insert(at, (day, DayTally::default()));
        }
        let tally = &mut self.days[at].1;
        tally.orders = tally.orders.saturating_add(1);
        tally.minor = tally.minor.saturating_add(minor);
        self.days.truncate(DAYS_MAX);
    }
}
