//! A largest matching of lines and payments where each line's candidates are a few ranges of the
//! payments in order.
//!
//! Ranges are what windows of time give: a line goes with the payments from here to there. Edges
//! are never written out, so a thousand equal amounts in one hour cost a thousand ranges and not a
//! million edges. First a sweep gives each payment the line that must be served soonest, which is
//! already largest where all ranges are over one order (convex graphs); then free lines are
//! augmented until none can be, which makes it largest in every case.
//!
//! Invariants: the outcome depends on the order of payments and lines alone; a search visits each
//! payment once per round, by jumping over the visited ones.
//! Deliberately not here: which pairs are forced (`grades.rs`).
#![expect(
    clippy::arithmetic_side_effects,
    reason = "places within slices that exist, far below the largest word"
)]

use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::ops::Range;

/// No partner, no parent.
pub(super) const NONE: usize = usize::MAX;

/// The candidates of one component.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidates {
    pub(super) payments: usize,
    pub(super) lines: usize,
    /// Ranges of payments, grouped by line.
    pub(super) ranges: Vec<Range<usize>>,
    /// Where the ranges of each line begin, and behind the last.
    pub(super) starts: Vec<usize>,
}

impl Candidates {
    pub(super) fn of(&self, line: usize) -> &[Range<usize>] {
        &self.ranges[self.starts[line]..self.starts[line + 1]]
    }

    /// Whether a line may be a payment's.
    pub(super) fn meet(&self, line: usize, payment: usize) -> bool {
        self.of(line).iter().any(|range| range.contains(&payment))
    }
}

/// Partners, each by the other's place.
#[derive(Clone, Debug)]
pub(super) struct Matching {
    pub(super) line_of: Vec<usize>,
    pub(super) payment_of: Vec<usize>,
}

/// The search took more steps than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LimitReached;

/// Counts steps down.
#[derive(Clone, Debug)]
pub(super) struct Steps(pub(super) u64);

impl Steps {
    pub(super) fn take(&mut self, count: usize) -> Result<(), LimitReached> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.0 = self.0.checked_sub(count).ok_or(LimitReached)?;
        Ok(())
    }
}

/// Which payments are still to be visited: the next one from any place, in almost constant time.
#[derive(Clone, Debug)]
pub(super) struct Unvisited {
    next: Vec<usize>,
}

impl Unvisited {
    pub(super) fn new(payments: usize) -> Self {
        Self { next: (0..=payments).collect() }
    }

    /// The first unvisited payment from `place` on; the number of payments where there is none.
    pub(super) fn from(&mut self, place: usize) -> usize {
        let mut root = place;
        while self.next[root] != root {
            root = self.next[root];
        }
        let mut at = place;
        while self.next[at] != root {
            at = core::mem::replace(&mut self.next[at], root);
        }
        root
    }

    pub(super) fn visit(&mut self, payment: usize) {
        self.next[payment] = payment + 1;
    }
}

/// A largest matching.
pub(super) fn largest(
    candidates: &Candidates,
    steps: &mut Steps,
) -> Result<Matching, LimitReached> {
    steps.take(candidates.payments + candidates.ranges.len())?;
    let mut matching = sweep(candidates);
    let mut free: Vec<usize> =
        (0..candidates.lines).filter(|line| matching.payment_of[*line] == NONE).collect();
    while !free.is_empty() && matching.line_of.contains(&NONE) {
        steps.take(candidates.payments + free.len())?;
        let mut round = Round {
            candidates,
            unvisited: Unvisited::new(candidates.payments),
            from: vec![NONE; candidates.payments],
        };
        let before = free.len();
        free.retain(|line| !round.augment(*line, &mut matching));
        if free.len() == before {
            break;
        }
    }
    Ok(matching)
}

/// Each payment in turn takes the line whose range ends first.
fn sweep(candidates: &Candidates) -> Matching {
    let mut matching = Matching {
        line_of: vec![NONE; candidates.payments],
        payment_of: vec![NONE; candidates.lines],
    };
    let mut opening: Vec<(usize, usize, usize)> = (0..candidates.lines)
        .flat_map(|line| candidates.of(line).iter().map(move |r| (r.start, r.end, line)))
        .collect();
    opening.sort_unstable();
    let mut opening = opening.into_iter().peekable();
    let mut open: BinaryHeap<Reverse<(usize, usize)>> = BinaryHeap::new();
    for payment in 0..candidates.payments {
        while let Some((_, end, line)) = opening.next_if(|(start, ..)| *start <= payment) {
            open.push(Reverse((end, line)));
        }
        while let Some(Reverse((end, line))) = open.pop() {
            if end > payment && matching.payment_of[line] == NONE {
                matching.payment_of[line] = payment;
                matching.line_of[payment] = line;
                break;
            }
        }
    }
    matching
}

/// One round of augmenting, in which each payment is visited at most once.
struct Round<'a> {
    candidates: &'a Candidates,
    unvisited: Unvisited,
    /// The line from which each payment was reached.
    from: Vec<usize>,
}

impl Round<'_> {
    /// Looks for a free payment along chains of candidates, and exchanges partners along the chain.
    fn augment(&mut self, free: usize, matching: &mut Matching) -> bool {
        let mut waiting = vec![free];
        while let Some(line) = waiting.pop() {
            for range in self.candidates.of(line) {
                let mut payment = self.unvisited.from(range.start);
                while payment < range.end {
                    self.unvisited.visit(payment);
                    self.from[payment] = line;
                    if matching.line_of[payment] == NONE {
                        self.exchange(payment, matching);
                        return true;
                    }
                    waiting.push(matching.line_of[payment]);
                    payment = self.unvisited.from(payment);
                }
            }
        }
        false
    }

    fn exchange(&self, last: usize, matching: &mut Matching) {
        let mut payment = last;
        while payment != NONE {
            let line = self.from[payment];
            matching.line_of[payment] = line;
            payment = core::mem::replace(&mut matching.payment_of[line], payment);
        }
    }
}
