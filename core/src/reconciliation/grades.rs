//! Which pairs of a largest matching are in every largest matching, and what shows that the others
//! are not.
//!
//! A pair can be exchanged exactly if it lies on an alternating cycle or on an even alternating
//! path from a free payment or a free line. The first are the strongly connected components of the
//! graph that leads from a pair to every pair whose payment its line may have; the second are what
//! free lines reach forwards and free payments reach backwards (the parts of the decomposition of
//! Dulmage and Mendelsohn). Both are searches that visit each pair once and each range once.
//!
//! Invariants: what is called forced stands alone on its height, what is called ambiguous has a
//! turn, and both can be checked without this file.
//! Deliberately not here: the checks (`check.rs`).
#![expect(
    clippy::arithmetic_side_effects,
    reason = "places within slices that exist, far below the largest word"
)]

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::cover::Cover;
use super::matching::{Candidates, LimitReached, Matching, NONE, Steps, Unvisited};

/// Exchanges that give a second largest matching: a payment and the line it has instead.
pub(super) type Instead = Vec<(usize, usize)>;

/// What is known about the pairs of a component.
#[derive(Clone, Debug)]
pub(super) struct Grades {
    /// The height of each payment.
    pub(super) heights: Vec<usize>,
    /// Whether each payment's pair is forced.
    pub(super) forced: Vec<bool>,
    /// At least one turn for each item that is not forced.
    pub(super) turns: Vec<Instead>,
}

/// Grades every pair.
pub(super) fn grade(
    candidates: &Candidates,
    matching: &Matching,
    steps: &mut Steps,
) -> Result<Grades, LimitReached> {
    let search = Search { candidates, matching };
    let from_lines = search.forwards_from_free_lines();
    let from_payments = search.backwards_from_free_payments();
    let cycles = search.cycles();
    let count = candidates.payments;
    let top = cycles.count + 1;
    let mut sizes = vec![0_usize; cycles.count];
    cycles.of.iter().filter(|cycle| **cycle != NONE).for_each(|cycle| sizes[*cycle] += 1);
    let mut grades =
        Grades { heights: vec![top; count], forced: vec![false; count], turns: Vec::new() };
    for payment in 0..count {
        let cycle = cycles.of[payment];
        if cycle == NONE || from_payments[payment] != NONE {
            continue;
        }
        if from_lines[payment] != NONE {
            grades.heights[payment] = 0;
            continue;
        }
        grades.heights[payment] = cycles.count - cycle;
        grades.forced[payment] = sizes[cycle] == 1;
    }
    let reached = Reached { from_lines, from_payments, cycles };
    grades.turns = search.turns(&grades.forced, &reached, steps)?;
    Ok(grades)
}

/// By which pair each pair was reached. A root names itself.
struct Reached {
    /// For each payment the line whose candidate it was.
    from_lines: Vec<usize>,
    /// For each payment the payment that its line would have instead.
    from_payments: Vec<usize>,
    cycles: Cycles,
}

/// The strongly connected components, first those from which others are reached.
struct Cycles {
    of: Vec<usize>,
    count: usize,
    /// For each payment the payment of its component whose line reaches it, away from the root.
    down: Vec<usize>,
    /// For each payment the payment of its component that its line reaches, towards the root.
    up: Vec<usize>,
    /// For each root the first payment that its line reaches in its component.
    child: Vec<usize>,
}

struct Search<'a> {
    candidates: &'a Candidates,
    matching: &'a Matching,
}

impl Search<'_> {
    /// The payments that some chain from a free line reaches, each with the line before it.
    fn forwards_from_free_lines(&self) -> Vec<usize> {
        let mut from = vec![NONE; self.candidates.payments];
        let mut unvisited = Unvisited::new(self.candidates.payments);
        let free = |line: &usize| self.matching.payment_of[*line] == NONE;
        let mut queue: Vec<usize> = (0..self.candidates.lines).filter(free).collect();
        let mut at = 0;
        while let Some(line) = queue.get(at).copied() {
            at += 1;
            for range in self.candidates.of(line) {
                let mut payment = unvisited.from(range.start);
                while payment < range.end {
                    unvisited.visit(payment);
                    from[payment] = line;
                    queue.push(self.matching.line_of[payment]);
                    payment = unvisited.from(payment);
                }
            }
        }
        from
    }

    /// The matched payments from which a chain leads to a free payment, each with the payment that
    /// its line would have instead.
    fn backwards_from_free_payments(&self) -> Vec<usize> {
        let mut instead = vec![NONE; self.candidates.payments];
        let mut cover = Cover::new(self.candidates);
        let free = |payment: &usize| self.matching.line_of[*payment] == NONE;
        let mut queue: Vec<usize> = (0..self.candidates.payments).filter(free).collect();
        let mut at = 0;
        while let Some(payment) = queue.get(at).copied() {
            at += 1;
            while let Some(line) = cover.take(payment) {
                let partner = self.matching.payment_of[line];
                if partner != NONE && instead[partner] == NONE {
                    instead[partner] = payment;
                    queue.push(partner);
                }
            }
        }
        instead
    }

    fn cycles(&self) -> Cycles {
        let count = self.candidates.payments;
        let none = || vec![NONE; count];
        let mut cycles = Cycles { of: none(), count: 0, down: none(), up: none(), child: none() };
        let mut roots = Vec::new();
        let mut cover = Cover::new(self.candidates);
        for root in self.finished().into_iter().rev() {
            if cycles.of[root] == NONE {
                roots.push(root);
                self.gather(root, &mut cycles, &mut cover);
            }
        }
        // Last components first: what a search meets beyond its own component is visited already.
        let mut unvisited = Unvisited::new(count);
        for root in roots.into_iter().rev() {
            self.spread(root, &mut cycles, &mut unvisited);
        }
        cycles
    }

    /// Matched payments in the order in which a search in depth leaves them.
    fn finished(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.candidates.payments);
        let mut unvisited = Unvisited::new(self.candidates.payments);
        for start in 0..self.candidates.payments {
            if self.matching.line_of[start] == NONE || unvisited.from(start) != start {
                continue;
            }
            unvisited.visit(start);
            let mut path = vec![(start, 0)];
            while let Some((payment, range)) = path.last_mut() {
                let Some(span) = self.candidates.of(self.matching.line_of[*payment]).get(*range)
                else {
                    order.push(*payment);
                    path.pop();
                    continue;
                };
                let next = unvisited.from(span.start);
                if next >= span.end {
                    *range += 1;
                    continue;
                }
                unvisited.visit(next);
                if self.matching.line_of[next] != NONE {
                    path.push((next, 0));
                }
            }
        }
        order
    }

    /// The component of a root: everything not yet gathered that reaches it.
    fn gather(&self, root: usize, cycles: &mut Cycles, cover: &mut Cover) {
        let number = cycles.count;
        cycles.count += 1;
        cycles.of[root] = number;
        cycles.up[root] = root;
        let mut queue = vec![root];
        let mut at = 0;
        while let Some(payment) = queue.get(at).copied() {
            at += 1;
            while let Some(line) = cover.take(payment) {
                let partner = self.matching.payment_of[line];
                if partner != NONE && cycles.of[partner] == NONE {
                    cycles.of[partner] = number;
                    cycles.up[partner] = payment;
                    queue.push(partner);
                }
            }
        }
    }

    /// The same component from its root outwards.
    fn spread(&self, root: usize, cycles: &mut Cycles, unvisited: &mut Unvisited) {
        unvisited.visit(root);
        cycles.down[root] = root;
        let mut queue = vec![root];
        let mut at = 0;
        while let Some(from) = queue.get(at).copied() {
            at += 1;
            for range in self.candidates.of(self.matching.line_of[from]) {
                let mut payment = unvisited.from(range.start);
                while payment < range.end {
                    unvisited.visit(payment);
                    if cycles.of[payment] == cycles.of[root] {
                        cycles.down[payment] = from;
                        if cycles.child[root] == NONE {
                            cycles.child[root] = payment;
                        }
                        queue.push(payment);
                    }
                    payment = unvisited.from(payment);
                }
            }
        }
    }

    fn turns(
        &self,
        forced: &[bool],
        reached: &Reached,
        steps: &mut Steps,
    ) -> Result<Vec<Instead>, LimitReached> {
        let whole = Cover::new(self.candidates);
        let mut turns = Vec::new();
        let mut shown_payment = forced.to_vec();
        let mut shown_line = vec![false; self.candidates.lines];
        for payment in (0..self.candidates.payments).filter(|payment| forced[*payment]) {
            shown_line[self.matching.line_of[payment]] = true;
        }
        for payment in 0..self.candidates.payments {
            if shown_payment[payment] {
                continue;
            }
            let turn = self.turn_of(payment, reached, &whole);
            steps.take(turn.len())?;
            for (changed, line) in &turn {
                shown_payment[*changed] = true;
                shown_line[*line] = true;
                if self.matching.line_of[*changed] != NONE {
                    shown_line[self.matching.line_of[*changed]] = true;
                }
            }
            shown_payment[payment] = true;
            turns.push(turn);
        }
        for line in (0..self.candidates.lines).filter(|line| !shown_line[*line]) {
            steps.take(1)?;
            turns.extend(self.candidates.of(line).first().map(|range| vec![(range.start, line)]));
        }
        Ok(turns)
    }

    /// A second largest matching in which this payment stands elsewhere.
    fn turn_of(&self, payment: usize, reached: &Reached, whole: &Cover) -> Instead {
        if self.matching.line_of[payment] == NONE {
            return whole.any(payment).map(|line| (payment, line)).into_iter().collect();
        }
        if reached.from_lines[payment] != NONE {
            return self.turn_from_line(payment, &reached.from_lines);
        }
        if reached.from_payments[payment] != NONE {
            return self.turn_from_payment(payment, &reached.from_payments);
        }
        self.turn_of_cycle(payment, &reached.cycles)
    }

    /// A free line enters at the far end of the chain, and this payment's line becomes free.
    fn turn_from_line(&self, last: usize, from: &[usize]) -> Instead {
        let mut turn = Vec::new();
        let mut payment = last;
        while payment != NONE {
            turn.push((payment, from[payment]));
            payment = self.matching.payment_of[from[payment]];
        }
        turn
    }

    /// A free payment enters at the far end of the chain, and this one becomes free.
    fn turn_from_payment(&self, last: usize, instead: &[usize]) -> Instead {
        let mut turn = Vec::new();
        let mut payment = last;
        while instead[payment] != NONE {
            turn.push((instead[payment], self.matching.line_of[payment]));
            payment = instead[payment];
        }
        turn
    }

    /// From the root down to the payment and back up, cut where the two ways first meet.
    fn turn_of_cycle(&self, payment: usize, cycles: &Cycles) -> Instead {
        let mut way = vec![payment];
        let mut at = payment;
        while cycles.down[at] != at {
            at = cycles.down[at];
            way.push(at);
        }
        // The way is from the payment to the root, against the direction of the chain.
        let mut back = Vec::new();
        let mut meeting = payment;
        let on_way: BTreeMap<usize, usize> =
            way.iter().enumerate().map(|(place, payment)| (*payment, place)).collect();
        while cycles.up[meeting] != meeting {
            back.push((cycles.up[meeting], self.matching.line_of[meeting]));
            meeting = cycles.up[meeting];
            if on_way.contains_key(&meeting) {
                break;
            }
        }
        if back.is_empty() {
            return self.turn_of_root(payment, cycles);
        }
        let place = on_way[&meeting];
        let mut turn: Instead = way[..=place]
            .windows(2)
            .map(|step| (step[0], self.matching.line_of[step[1]]))
            .collect();
        turn.extend(back);
        turn
    }

    /// A ring through a root: out to a neighbour and back up.
    fn turn_of_root(&self, root: usize, cycles: &Cycles) -> Instead {
        let own = self.matching.line_of[root];
        let first = cycles.child[root];
        let mut turn = vec![(first, own)];
        let mut at = first;
        while at != root {
            turn.push((cycles.up[at], self.matching.line_of[at]));
            at = cycles.up[at];
        }
        turn
    }
}
