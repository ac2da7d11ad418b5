//! What is to be done, in the order of time.
//!
//! Invariants: what was entered first for an instant is done first.

use std::collections::BTreeMap;

use duizhang_core::refund::RefundStep;
use duizhang_core::time::Timestamp;

use super::day::{Deed, Scene};
use super::phones::Notice;

/// One thing to do.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// The phones that are on say that they are alive.
    Beat,
    /// A customer orders.
    Open(usize),
    /// A customer pays or cancels.
    Do(usize, Deed),
    /// A phone tells of money.
    Tell(Notice),
    /// A phone forwards a report that is no money.
    MonthlyReport,
    /// Somebody pays an amount that nobody asked for.
    Stray { fen: i64 },
    /// Somebody without a key tells of money.
    Forge,
    /// The phone that was off is on again.
    ComeBack,
    /// An operator says whose a held payment is.
    Assign(Scene),
    /// An operator reads what the rules could not.
    Judge(Scene),
    /// A merchant asks to give money back: all of it, or some fen.
    Refund { scene: Scene, fen: Option<i64>, reason: &'static str },
    /// An operator moves a refund on.
    Step { scene: Scene, step: RefundStep, evidence: &'static str },
    /// An operator writes down a withdrawal.
    Withdraw,
}

/// What is to be done.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    acts: BTreeMap<(Timestamp, u32), Act>,
    entered: u32,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Timestamp, act: Act) {
        self.entered = self.entered.saturating_add(1);
        self.acts.insert((at, self.entered), act);
    }

    pub(super) fn next(&mut self) -> Option<(Timestamp, Act)> {
        self.acts.pop_first().map(|((at, _), act)| (at, act))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_orders_acts_and_entering_orders_those_of_one_instant() {
        let at = Timestamp::from_secs;
        let mut agenda = Agenda::default();
        for (second, place) in [(20, 1), (10, 2), (20, 3), (10, 4)] {
            agenda.add(at(second), Act::Open(place));
        }
        let mut done = Vec::new();
        while let Some((when, act)) = agenda.next() {
            done.push((when.secs(), format!("{act:?}")));
        }
        let expected = [(10, 2), (10, 4), (20, 1), (20, 3)];
        assert_eq!(done, expected.map(|(second, place)| (second, format!("Open({place})"))));
    }
}
