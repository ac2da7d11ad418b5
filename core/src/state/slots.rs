//! The amounts of one wallet: which are taken, and who held each last.
//!
//! Invariants: runs of taken amounts are disjoint and never touch, so the amount just beyond a run
//! is free.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashTable;

/// The amounts of one wallet, in minor units.
#[derive(Clone, Default)]
pub struct Slots {
    /// First and last amount of each unbroken run of taken amounts.
    runs: BTreeMap<i64, i64>,
    /// The row number of the order that holds or last held an amount. Each payment asks once, among
    /// all amounts that were ever held, and a table answers with one look where a tree needs ten.
    heads: HashTable<(i64, u32)>,
    holds: u32,
}

/// Neighbouring amounts are what comes, so they are spread over the table (an odd number near 2^64
/// divided by the golden ratio).
const fn spread(minor: i64) -> u64 {
    minor.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl fmt::Debug for Slots {
    /// Sorted, so that the order of the table does not show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut heads: Vec<(i64, u32)> = self.heads.iter().copied().collect();
        heads.sort_unstable();
        let Self { runs, heads: _, holds } = self;
        f.debug_struct("Slots")
            .field("runs", runs)
            .field("heads", &heads)
            .field("holds", holds)
            .finish()
    }
}

impl Slots {
    /// How many amounts are taken.
    #[must_use]
    pub fn holds(&self) -> u32 {
        self.holds
    }

    fn run_with(&self, minor: i64) -> Option<(i64, i64)> {
        let (first, last) = self.runs.range(..=minor).next_back()?;
        (*last >= minor).then_some((*first, *last))
    }

    /// Whether nobody holds this amount.
    #[must_use]
    pub fn is_free(&self, minor: i64) -> bool {
        self.run_with(minor).is_none()
    }

    /// The smallest free amount that is not below this one.
    #[must_use]
    pub fn free_at_or_above(&self, minor: i64) -> Option<i64> {
        self.run_with(minor).map_or(Some(minor), |(_, last)| last.checked_add(1))
    }

    /// The largest free amount that is not above this one.
    #[must_use]
    pub fn free_at_or_below(&self, minor: i64) -> Option<i64> {
        self.run_with(minor).map_or(Some(minor), |(first, _)| first.checked_sub(1))
    }

    /// The row number of the order that holds or last held this amount.
    pub(crate) fn head(&self, minor: i64) -> Option<u32> {
        self.heads.find(spread(minor), |(other, _)| *other == minor).map(|(_, row)| *row)
    }

    /// Takes a free amount for an order and returns the row that held it before.
    ///
    /// # Panics
    /// Where the amount is taken: one amount would have two holders.
    pub(crate) fn take(&mut self, minor: i64, row: u32) -> Option<u32> {
        let after = minor.checked_add(1).and_then(|above| self.runs.remove(&above));
        let last = after.unwrap_or(minor);
        match self.runs.range_mut(..=minor).next_back() {
            Some((_, before)) if before.checked_add(1) == Some(minor) => *before = last,
            before => {
                let free = before.is_none_or(|(_, before)| *before < minor);
                assert!(free, "a taken amount cannot be taken again");
                self.runs.insert(minor, last);
            }
        }
        self.holds = self.holds.saturating_add(1);
        match self.heads.find_mut(spread(minor), |(other, _)| *other == minor) {
            Some((_, head)) => Some(core::mem::replace(head, row)),
            None => {
                self.heads.insert_unique(spread(minor), (minor, row), |(minor, _)| spread(*minor));
                None
            }
        }
    }

    /// Frees a taken amount.
    ///
    /// # Panics
    /// Where the amount is free.
    pub(crate) fn free(&mut self, minor: i64) {
        let (first, last) = self.run_with(minor).expect("only a taken amount can be freed");
        self.runs.remove(&first);
        if first < minor {
            self.runs.insert(first, minor.saturating_sub(1));
        }
        if minor < last {
            self.runs.insert(minor.saturating_add(1), last);
        }
        self.holds = self.holds.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    proptest! {
        /// Runs answer like a plain set of taken amounts.
        #[test]
        fn runs_equal_a_set(steps in prop::collection::vec((1_i64..30, any::<bool>()), 0..200)) {
            let mut slots = Slots::default();
            let mut taken = BTreeSet::new();
            for (minor, take) in steps {
                if take && taken.insert(minor) {
                    slots.take(minor, 0);
                } else if !take && taken.remove(&minor) {
                    slots.free(minor);
                }
                for probe in 0..32 {
                    let above = (probe..).find(|m| !taken.contains(m));
                    let below = (-1..=probe).rev().find(|m| !taken.contains(m));
                    prop_assert_eq!(slots.is_free(probe), !taken.contains(&probe));
                    prop_assert_eq!(slots.free_at_or_above(probe), above);
                    prop_assert_eq!(slots.free_at_or_below(probe), below);
                }
                prop_assert_eq!(usize::try_from(slots.holds()).unwrap(), taken.len());
                let touching = slots.runs.iter().zip(slots.runs.iter().skip(1))
                    .any(|((_, last), (first, _))| last.saturating_add(1) >= *first);
                prop_assert!(!touching);
            }
        }
    }
}
