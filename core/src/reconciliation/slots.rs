//! Pairs by wallet, amount and time, graded against everything else that could be meant.
//!
//! A component of one payment and one line is isolated: it is matched, by itself if the two are
//! near. Any other component is solved as a whole; forced pairs of it are proposed, because they
//! lean on the others being right, and the rest is ambiguous and shown with its alternatives. What
//! has no candidate at all gets one more chance in the far window, as a proposal and only if alone.
//!
//! Invariants: nothing of several is ever paired automatically.
//! Deliberately not here: how a component is solved (`matching.rs`, `grades.rs`).

use alloc::vec;
use alloc::vec::Vec;

use super::draft::Draft;
use super::grades::{self, Grades};
use super::graph::{Component, Graph, Reach};
use super::index::{narrow, wide};
use super::input::{Lines, Payments};
use super::matching::{self, LimitReached, Matching, NONE, Steps};
use super::outcome::{By, Group, Handling, Link, Pair, Turn};
use super::side::{Item, Status};
use super::strong::is_ours;
use super::terms::Terms;
use crate::grade::Grade;

pub(super) struct Slots<'a> {
    payments: &'a Payments,
    lines: &'a Lines,
    terms: &'a Terms,
}

impl<'a> Slots<'a> {
    pub(super) const fn new(payments: &'a Payments, lines: &'a Lines, terms: &'a Terms) -> Self {
        Self { payments, lines, terms }
    }

    pub(super) fn place(&self, draft: &mut Draft) {
        for component in self.components(draft, Reach::of(self.terms)) {
            match (component.payments.as_slice(), component.lines.as_slice()) {
                ([payment], [line]) => draft.pair(self.sole(*payment, *line)),
                _ => self.solve(component, draft),
            }
        }
        for component in self.components(draft, Reach::both(self.terms.far)) {
            if let ([payment], [line]) = (component.payments.as_slice(), component.lines.as_slice())
            {
                let (payment, line) = (*payment, *line);
                let (by, grade, handling) = (By::Far, Grade::Isolated, Handling::Proposed);
                draft.pair(Pair { payment, line, by, grade, handling });
            }
        }
    }

    fn components(&self, draft: &Draft, reach: Reach) -> Vec<Component> {
        let payments = (0..narrow(self.payments.len())).filter(|index| draft.payment_open(*index));
        let lines = (0..narrow(self.lines.len()))
            .filter(|index| draft.line_open(*index) && moves_money(self.line(*index)));
        let graph = Graph::new(self.payments, self.lines, reach);
        graph.components(payments.collect(), lines.collect())
    }

    fn line(&self, index: u32) -> &Item {
        &self.lines.side.items[wide(index)]
    }

    fn sole(&self, payment: u32, line: u32) -> Pair {
        let near = Reach { early: self.terms.near_early, late: self.terms.near };
        let close = near.holds(&self.payments.side.items[wide(payment)], self.line(line));
        let handling = if close { Handling::Automatic } else { Handling::Proposed };
        Pair { payment, line, by: By::Slot, grade: Grade::Isolated, handling }
    }

    fn solve(&self, component: Component, draft: &mut Draft) {
        let mut steps = Steps(self.terms.search_max);
        let solved: Result<(Matching, Grades), LimitReached> =
            matching::largest(&component.candidates, &mut steps).and_then(|matching| {
                let grades = grades::grade(&component.candidates, &matching, &mut steps)?;
                Ok((matching, grades))
            });
        let group = match solved {
            Ok((matching, grades)) => self.group(component, &matching, grades),
            Err(LimitReached) => unsolved(component),
        };
        let link = Link::Group(narrow(draft.groups.len()));
        for (place, payment) in group.payments.iter().enumerate() {
            if let (Grade::Forced, Some(line)) = (group.grades[place], group.matching[place]) {
                let (by, grade, handling) = (By::Slot, Grade::Forced, Handling::Proposed);
                let line = group.lines[wide(line)];
                draft.pair(Pair { payment: *payment, line, by, grade, handling });
            } else {
                draft.payments[wide(*payment)] = link;
            }
        }
        for line in &group.lines {
            if draft.line_open(*line) {
                draft.lines[wide(*line)] = link;
            }
        }
        draft.groups.push(group);
    }

    fn group(&self, component: Component, matching: &Matching, grades: Grades) -> Group {
        let partner = |line: &usize| (*line != NONE).then(|| narrow(*line));
        let grade = |forced: &bool| if *forced { Grade::Forced } else { Grade::Ambiguous };
        let place = |(payment, line): (usize, usize)| (narrow(payment), narrow(line));
        let turn = |instead: Vec<(usize, usize)>| Turn {
            instead: instead.into_iter().map(place).collect(),
        };
        Group {
            hints: self.hints(&component),
            matching: matching.line_of.iter().map(partner).collect(),
            heights: grades.heights.iter().map(|height| narrow(*height)).collect(),
            grades: grades.forced.iter().map(grade).collect(),
            turns: grades.turns.into_iter().map(turn).collect(),
            payments: component.payments,
            lines: component.lines,
            limited: false,
        }
    }

    /// Candidates whose remarks agree, where nobody else of the group has the same digits.
    fn hints(&self, component: &Component) -> Vec<(u32, u32)> {
        let (ours, theirs) = (&self.payments.side, &self.lines.side);
        let mut notes: Vec<(&[u8], bool, usize)> = Vec::new();
        for (place, payment) in component.payments.iter().enumerate() {
            notes.push((ours.note(&ours.items[wide(*payment)]), false, place));
        }
        for (place, line) in component.lines.iter().enumerate() {
            notes.push((theirs.note(&theirs.items[wide(*line)]), true, place));
        }
        notes.retain(|(note, ..)| !note.is_empty());
        notes.sort_unstable();
        let alike = notes.chunk_by(|a, b| a.0 == b.0).filter_map(|run| match run {
            [(_, false, payment), (_, true, line)] => Some((*payment, *line)),
            _ => None,
        });
        alike
            .filter(|(payment, line)| component.candidates.meet(*line, *payment))
            .map(|(payment, line)| (narrow(payment), narrow(line)))
            .collect()
    }
}

fn unsolved(component: Component) -> Group {
    let count = component.payments.len();
    Group {
        matching: vec![None; count],
        heights: vec![0; count],
        grades: vec![Grade::Ambiguous; count],
        turns: Vec::new(),
        hints: Vec::new(),
        payments: component.payments,
        lines: component.lines,
        limited: true,
    }
}

/// Whether a line can be somebody's money: closed and pending ones have moved none.
fn moves_money(line: &Item) -> bool {
    let moved = match line.status {
        Status::Paid | Status::Refunded | Status::Unknown => true,
        Status::Closed | Status::Pending => false,
    };
    moved && is_ours(line.kind)
}
