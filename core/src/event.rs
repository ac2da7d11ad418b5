//! One entry of the log: a fact with its time, or a decision made on the fact before it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::fact::Fact;
use crate::position::Position;
use crate::time::Timestamp;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Something came from outside at this time.
    Fact {
        /// Log time, which never goes back.
        at: Timestamp,
        /// What came.
        fact: Fact,
    },
    /// The engine concluded this from the fact before.
    Decision(Decision),
}

/// A fact with the decisions that were made on it: what is folded at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// The place of the fact; its decisions follow.
    pub position: Position,
    /// When it came.
    pub at: Timestamp,
    /// What came.
    pub fact: Fact,
    /// What followed from it.
    pub decisions: Vec<Decision>,
}

impl Chapter {
    /// The place of the last decision, or of the fact where there is none.
    #[must_use]
    pub fn last_position(&self) -> Position {
        self.position.plus(u64::try_from(self.decisions.len()).unwrap_or(u64::MAX))
    }
}
