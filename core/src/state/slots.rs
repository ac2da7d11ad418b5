//! The amounts of one wallet: which are taken, and who held each last.
//!
//! Invariants: runs of taken amounts are disjoint and never touch, so the amount just beyond a run is free.

use alloc::collections::BTreeMap;

/// The amounts of one wallet, in minor units.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// First and last amount of each unbroken run of taken amounts.
    runs: BTreeMap<i64, i64>,
    /// The row number of the order that holds or last held an amount.
    heads: BTreeMap<i64, u32>,
    holds: u32,
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
        self.heads.get(&minor).copied()
    }

    /// Takes a free amount for an order and returns the row that held it before.
    ///
    /// # Panics
    /// Where the amount is taken: one amount would have two holders.
    pub(crate) fn take(&mut self, minor: i64, row: u32) -> Option<u32> {
        assert!(self.is_free(minor), "a taken amount cannot be taken again");
        let before = minor.checked_sub(1).and_then(|below| self.run_with(below));
        let after = minor.checked_add(1).and_then(|above| self.runs.remove(&above));
        let first = before.map_or(minor, |(first, _)| first);
        self.runs.insert(first, after.unwrap_or(minor));
        self.holds = self.holds.saturating_add(1);
        self.heads.insert(minor, row)
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
