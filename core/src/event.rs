//! One entry of the log: a fact with its time, or a decision made on the fact before it.

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::fact::Fact;
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
