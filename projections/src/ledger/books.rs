//! The trial balance at the position folded to, and on any business day.
//!
//! Invariants: a pure fold; memory is one set of sums for each day that something counts on,
//! and what the poster remembers. A balance at an earlier position is this fold of the log up to
//! there.
//! Deliberately not here: the entries themselves (`journal`).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use duizhang_core::event::Chapter;
use duizhang_core::ledger::{Chart, Poster};

use super::balances::Balances;
use super::dating::Dating;
use crate::calendar::Zone;
use crate::projection::Projection;

/// The books, summed by day.
#[derive(Clone, Debug)]
pub struct Books {
    poster: Poster,
    dating: Dating,
    sums: BTreeMap<NaiveDate, Balances>,
    entries: u64,
}

impl Projection for Books {
    fn fold(&mut self, chapter: &Chapter) {
        let Self { poster, dating, sums, entries } = self;
        dating.take_in(chapter);
        poster.post_each(chapter, &mut |entry| {
            let sums = sums.entry(dating.place(&entry).day).or_default();
            entry.lines().iter().for_each(|line| sums.add(line));
            *entries += 1;
        });
    }
}

impl Books {
    /// The books before the first chapter, in a zone.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        let (poster, dating) = (Poster::new(), Dating::new(zone));
        Self { poster, dating, sums: BTreeMap::new(), entries: 0 }
    }

    /// What the accounts are called.
    #[must_use]
    pub fn chart(&self) -> &Chart {
        self.poster.chart()
    }

    /// How many entries were posted.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The trial balance at the position folded to.
    #[must_use]
    pub fn trial_balance(&self) -> Balances {
        summed(self.sums.values())
    }

    /// The trial balance at the end of a business day, as far as the log folded tells.
    #[must_use]
    pub fn trial_balance_on(&self, day: NaiveDate) -> Balances {
        summed(self.sums.range(..=day).map(|(_, sums)| sums))
    }

    /// What moved on a business day.
    #[must_use]
    pub fn moved_on(&self, day: NaiveDate) -> Balances {
        self.sums.get(&day).cloned().unwrap_or_default()
    }
}

fn summed<'a>(all: impl Iterator<Item = &'a Balances>) -> Balances {
    all.fold(Balances::default(), |mut sum, day| {
        sum.add_all(day);
        sum
    })
}
