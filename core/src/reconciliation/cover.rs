//! Which lines have a payment among their candidates, each told once: a tree over the ranges by
//! their beginning, which knows the furthest end below each knot.
//!
//! Invariants: a range that was taken is never found again, so all searches together cost one
//! descent for each range.
//! Deliberately not here: the way from a line to its payments, which are ranges already.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "places within slices that exist, far below the largest word"
)]

use alloc::vec;
use alloc::vec::Vec;

use super::matching::Candidates;

pub(super) struct Cover {
    /// Beginning and line of each range, by beginning.
    ranges: Vec<(usize, usize)>,
    /// The furthest end below each knot, zero where all were taken; leaves from `leaves` on.
    ends: Vec<usize>,
    leaves: usize,
}

impl Cover {
    pub(super) fn new(candidates: &Candidates) -> Self {
        let mut ranges: Vec<(usize, usize, usize)> = (0..candidates.lines)
            .flat_map(|line| candidates.of(line).iter().map(move |r| (r.start, r.end, line)))
            .collect();
        ranges.sort_unstable();
        let leaves = ranges.len().next_power_of_two();
        let mut ends = vec![0; 2 * leaves];
        for (place, (_, end, _)) in ranges.iter().enumerate() {
            ends[leaves + place] = *end;
        }
        for knot in (1..leaves).rev() {
            ends[knot] = ends[2 * knot].max(ends[2 * knot + 1]);
        }
        let ranges = ranges.into_iter().map(|(start, _, line)| (start, line)).collect();
        Self { ranges, ends, leaves }
    }

    /// Takes a range that holds the payment, and gives its line.
    pub(super) fn take(&mut self, payment: usize) -> Option<usize> {
        let beginning = self.ranges.partition_point(|(start, _)| *start <= payment);
        let place = self.find(payment, beginning)?;
        let mut knot = self.leaves + place;
        self.ends[knot] = 0;
        while knot > 1 {
            knot /= 2;
            self.ends[knot] = self.ends[2 * knot].max(self.ends[2 * knot + 1]);
        }
        Some(self.ranges[place].1)
    }

    /// The line of some range that holds the payment and was not taken.
    pub(super) fn any(&self, payment: usize) -> Option<usize> {
        let beginning = self.ranges.partition_point(|(start, _)| *start <= payment);
        self.find(payment, beginning).map(|place| self.ranges[place].1)
    }

    /// A place before `limit` whose range ends behind the payment: the way up from the limit meets
    /// every subtree that lies wholly before it.
    fn find(&self, payment: usize, limit: usize) -> Option<usize> {
        let (mut low, mut high) = (self.leaves, self.leaves + limit);
        while low < high {
            if high % 2 == 1 {
                high -= 1;
                if self.ends[high] > payment {
                    return Some(self.descend(payment, high));
                }
            }
            if low % 2 == 1 {
                if self.ends[low] > payment {
                    return Some(self.descend(payment, low));
                }
                low += 1;
            }
            low /= 2;
            high /= 2;
        }
        None
    }

    fn descend(&self, payment: usize, from: usize) -> usize {
        let mut knot = from;
        while knot < self.leaves {
            knot *= 2;
            if self.ends[knot] <= payment {
                knot += 1;
            }
        }
        knot - self.leaves
    }
}
