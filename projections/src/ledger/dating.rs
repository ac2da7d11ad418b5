//! Which day an entry counts on: its own while the books are open there, else the first open day
//! behind the last one that is closed.
//!
//! A balance is the sum of all days up to its own. So what belongs to an open day before a closed
//! one goes behind the closed one too, or the closed day would end with another balance.
//! Invariants: closed days are those of the log at the position where the entry was posted; once a
//! day is closed, nothing is dated on it or before it until it is opened again.
//! Deliberately not here: which day closes when (`duizhang_core::closing`).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::ledger::Entry;

use super::days::Days;
use crate::calendar::{Zone, date_of};

/// The days of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The day that it counts on.
    pub day: NaiveDate,
    /// The day that it would count on if no day were closed.
    pub natural: NaiveDate,
}

/// The days of entries, one after the other in the order of the log.
#[derive(Clone, Debug)]
pub struct Dating {
    days: Days,
    closed: BTreeSet<NaiveDate>,
}

impl Dating {
    /// Before the first chapter, in a zone.
    #[must_use]
    pub const fn new(zone: Zone) -> Self {
        Self { days: Days::new(zone), closed: BTreeSet::new() }
    }

    /// Takes in what a chapter closes and opens again, before its entries are dated.
    pub fn take_in(&mut self, chapter: &Chapter) {
        // Nothing else closes a day or opens it, and most chapters are of orders.
        if !matches!(chapter.fact, Fact::DayCloseRequested(_) | Fact::DayReopenRequested(_)) {
            return;
        }
        for decision in &chapter.decisions {
            if let Decision::DayClosed { day } = decision {
                self.closed.insert(date_of(*day));
            } else if let Decision::DayReopened { day } = decision {
                self.closed.remove(&date_of(*day));
            }
        }
    }

    /// The days of an entry of the chapter that was taken in last.
    pub fn place(&mut self, entry: &Entry) -> Placed {
        let natural = self.days.of(entry.value_at());
        let open = self.closed.last().and_then(|last| last.succ_opt());
        Placed { day: open.map_or(natural, |open| natural.max(open)), natural }
    }
}
