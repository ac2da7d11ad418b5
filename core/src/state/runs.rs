//! A set of amounts in minor units, as unbroken runs.
//!
//! Invariants: runs are disjoint and never touch, so the amount just beyond a run is not in the set
//! and a neighbour outside is one look-up.
//! Deliberately not here: what it means to be in the set (`pools`).

use alloc::collections::BTreeMap;

/// A set of amounts.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// First and last amount of each unbroken run.
    runs: BTreeMap<i64, i64>,
}

impl Runs {
    fn run_with(&self, minor: i64) -> Option<(i64, i64)> {
        let (first, last) = self.runs.range(..=minor).next_back()?;
        (*last >= minor).then_some((*first, *last))
    }

    pub(super) fn contains(&self, minor: i64) -> bool {
        self.run_with(minor).is_some()
    }

    /// The smallest amount that is not below this one and not in the set.
    pub(super) fn outside_at_or_above(&self, minor: i64) -> Option<i64> {
        self.run_with(minor).map_or(Some(minor), |(_, last)| last.checked_add(1))
    }

    /// The largest amount that is not above this one and not in the set.
    pub(super) fn outside_at_or_below(&self, minor: i64) -> Option<i64> {
        self.run_with(minor).map_or(Some(minor), |(first, _)| first.checked_sub(1))
    }

    /// Puts an amount into the set; whether it was outside.
    pub(super) fn insert(&mut self, minor: i64) -> bool {
        // No run begins just above an amount that is inside, so nothing is lost by looking first.
        let after = minor.checked_add(1).and_then(|above| self.runs.remove(&above));
        let last = after.unwrap_or(minor);
        match self.runs.range_mut(..=minor).next_back() {
            Some((_, before)) if *before >= minor => return false,
            Some((_, before)) if before.checked_add(1) == Some(minor) => *before = last,
            Some(_) | None => drop(self.runs.insert(minor, last)),
        }
        true
    }

    /// Takes an amount out of the set.
    ///
    /// # Panics
    /// Where it is outside.
    pub(super) fn remove(&mut self, minor: i64) {
        let (first, last) = self.run_with(minor).expect("only what is inside is taken out");
        self.runs.remove(&first);
        if first < minor {
            self.runs.insert(first, minor.saturating_sub(1));
        }
        if minor < last {
            self.runs.insert(minor.saturating_add(1), last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    proptest! {
        /// Runs answer like a plain set.
        #[test]
        fn runs_equal_a_set(steps in prop::collection::vec((1_i64..30, any::<bool>()), 0..200)) {
            let mut runs = Runs::default();
            let mut set = BTreeSet::new();
            for (minor, insert) in steps {
                if insert {
                    prop_assert_eq!(runs.insert(minor), set.insert(minor));
                } else if set.remove(&minor) {
                    runs.remove(minor);
                }
                for probe in 0..32 {
                    let above = (probe..).find(|m| !set.contains(m));
                    let below = (-1..=probe).rev().find(|m| !set.contains(m));
                    prop_assert_eq!(runs.contains(probe), set.contains(&probe));
                    prop_assert_eq!(runs.outside_at_or_above(probe), above);
                    prop_assert_eq!(runs.outside_at_or_below(probe), below);
                }
                let touching = runs.runs.iter().zip(runs.runs.iter().skip(1))
                    .any(|((_, last), (first, _))| last.saturating_add(1) >= *first);
                prop_assert!(!touching);
            }
        }
    }
}
