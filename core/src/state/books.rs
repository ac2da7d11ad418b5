//! Folding what people put into the books.
//!
//! Deliberately not here: what is posted ([`crate::ledger::Poster`]); no decision asks for it.

use super::State;
use crate::fact::Fact;
use crate::ledger::{adjustment_content, movement_content};

impl State {
    /// Folds a fact about the books; others say nothing about them.
    pub(super) fn keep_books(&mut self, fact: &Fact) {
        if let Fact::MovementRecorded(recorded) = fact {
            self.books.record(recorded, movement_content(recorded));
        } else if let Fact::AdjustmentProposed(proposed) = fact {
            self.books.propose(proposed, adjustment_content(proposed));
        } else if let Fact::BooksPolicyActivated(activated) = fact {
            self.books.activate(activated.policy);
        }
    }
}
