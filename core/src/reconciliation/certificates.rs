//! Whether the certificates of a group hold: its matching, its heights, its turns.
//!
//! Invariants: every candidate of the group is looked at, and nothing is searched for.
//! Deliberately not here: why heights prove what they prove (`outcome.rs`).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use super::check::{Checker, Flaw, Open};
use super::index::wide;
use super::outcome::{Group, Turn};
use crate::grade::Grade;

/// A group with its candidates written out, by place.
struct Written<'a> {
    group: &'a Group,
    /// For each line the payments that it could be.
    candidates: Vec<BTreeSet<u32>>,
    payment_of: BTreeMap<u32, u32>,
}

pub(super) fn check(checker: &Checker<'_>, open: &Open, index: u32, group: &Group) -> Option<Flaw> {
    let count = group.payments.len();
    if [group.matching.len(), group.heights.len(), group.grades.len()] != [count; 3] {
        return Some(Flaw::Matching(index));
    }
    let Some(candidates) = written_out(checker, open, group) else {
        return Some(Flaw::GroupNotClosed(index));
    };
    if group.limited {
        let claims = group.grades.contains(&Grade::Forced) || !group.turns.is_empty();
        return claims.then_some(Flaw::Matching(index));
    }
    let mut payment_of = BTreeMap::new();
    for (payment, line) in (0..).zip(&group.matching) {
        let Some(line) = line else { continue };
        let meets = candidates.get(wide(*line)).is_some_and(|them| them.contains(&payment));
        if !meets || payment_of.insert(*line, payment).is_some() {
            return Some(Flaw::Matching(index));
        }
    }
    let written = Written { group, candidates, payment_of };
    if !written.heights_hold() {
        return Some(Flaw::Heights(index));
    }
    if !group.turns.iter().all(|turn| written.turns(turn)) {
        return Some(Flaw::Turn(index));
    }
    (!written.all_shown()).then_some(Flaw::Unshown(index))
}

/// The candidates of each line as places; nothing if one lies outside the group.
fn written_out(checker: &Checker<'_>, open: &Open, group: &Group) -> Option<Vec<BTreeSet<u32>>> {
    let places: BTreeMap<u32, u32> =
        group.payments.iter().zip(0..).map(|(payment, place)| (*payment, place)).collect();
    let lines: BTreeSet<u32> = group.lines.iter().copied().collect();
    let inside =
        |payment: &u32| checker.lines_for(open, *payment).iter().all(|line| lines.contains(line));
    if !group.payments.iter().all(inside) {
        return None;
    }
    let of_line = |line: &u32| -> Option<BTreeSet<u32>> {
        let payments = checker.payments_for(open, *line);
        payments.iter().map(|payment| places.get(payment).copied()).collect()
    };
    group.lines.iter().map(of_line).collect()
}

impl Written<'_> {
    /// No candidate leads upwards, free lines stand at the bottom and free payments at the top, and
    /// what is called forced stands alone in between.
    fn heights_hold(&self) -> bool {
        let heights = &self.group.heights;
        let top = heights.iter().copied().max().unwrap_or_default().max(1);
        let free = |place: usize| self.group.matching[place].is_none();
        let mut standing: BTreeMap<u32, u32> = BTreeMap::new();
        for (place, height) in heights.iter().enumerate() {
            let count = standing.entry(*height).or_default();
            *count = count.saturating_add(1);
            if free(place) && (*height != top || self.group.grades[place] == Grade::Forced) {
                return false;
            }
        }
        // Without a free payment the top is a height like any other.
        let ceiling = if (0..heights.len()).any(free) { Some(top) } else { None };
        let falls = (0..).zip(&self.candidates).all(|(line, payments)| {
            let height = self.payment_of.get(&line).map_or(0, |payment| heights[wide(*payment)]);
            payments.iter().all(|payment| heights[wide(*payment)] <= height)
        });
        let forced = |place: &usize| self.group.grades[*place] == Grade::Forced;
        let alone = |place: usize| {
            let height = heights[place];
            height > 0 && Some(height) != ceiling && standing.get(&height) == Some(&1)
        };
        falls && (0..heights.len()).filter(forced).all(alone)
    }

    /// A turn gives each of its payments another candidate, and matches as many in the end.
    fn turns(&self, turn: &Turn) -> bool {
        let own = |payment: &u32| self.group.matching.get(wide(*payment)).copied().flatten();
        let left: BTreeSet<u32> = turn.instead.iter().filter_map(|(one, _)| own(one)).collect();
        let payments: BTreeSet<u32> = turn.instead.iter().map(|(payment, _)| *payment).collect();
        let lines: BTreeSet<u32> = turn.instead.iter().map(|(_, line)| *line).collect();
        let moves = |(payment, line): &(u32, u32)| {
            let candidates = self.candidates.get(wide(*line));
            candidates.is_some_and(|them| them.contains(payment))
                && self.group.matching[wide(*payment)] != Some(*line)
        };
        // Whoever has one of these lines and gets no other is the end of the chain: free now. So as
        // many are matched as before if as many lines are taken up as were left.
        let idle = |line: &&u32| !self.payment_of.contains_key(line) || left.contains(line);
        let taken_up = lines.iter().filter(idle).count();
        !turn.instead.is_empty()
            && turn.instead.iter().all(moves)
            && [payments.len(), lines.len()] == [turn.instead.len(); 2]
            && taken_up == left.len()
    }

    /// Every member that is not forced changes partner in some turn.
    fn all_shown(&self) -> bool {
        let mut payments = vec![false; self.group.payments.len()];
        let mut lines = vec![false; self.group.lines.len()];
        for (place, line) in self.group.matching.iter().enumerate() {
            if let (Grade::Forced, Some(line)) = (self.group.grades[place], line) {
                payments[place] = true;
                lines[wide(*line)] = true;
            }
        }
        for (payment, line) in self.group.turns.iter().flat_map(|turn| &turn.instead) {
            payments[wide(*payment)] = true;
            lines[wide(*line)] = true;
            // Whoever had the line has another or none now.
            if let Some(former) = self.payment_of.get(line) {
                payments[wide(*former)] = true;
            }
            if let Some(Some(former)) = self.group.matching.get(wide(*payment)) {
                lines[wide(*former)] = true;
            }
        }
        payments.iter().all(|shown| *shown) && lines.iter().all(|shown| *shown)
    }
}
