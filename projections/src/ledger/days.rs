//! The business day of an instant, for many instants in a row.
//!
//! Invariant: the answer is the zone's; most instants lie on the day of the one before, and need no
//! look into its rules.

use chrono::NaiveDate;
use duizhang_core::time::Timestamp;

use crate::calendar::Zone;

/// The days of a zone, remembering the last one that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Days {
    zone: Zone,
    last: Option<(Timestamp, Timestamp, NaiveDate)>,
}

impl Days {
    pub(super) const fn new(zone: Zone) -> Self {
        Self { zone, last: None }
    }

    pub(super) fn of(&mut self, at: Timestamp) -> NaiveDate {
        match self.last {
            Some((from, to, day)) if from <= at && at < to => day,
            _ => {
                let day = self.zone.day_of(at);
                self.last = Some((self.zone.start_of(day), self.zone.end_of(day), day));
                day
            }
        }
    }
}
