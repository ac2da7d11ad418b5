//! Why the rules refuse what is said about statements, runs and breaks.
//!
//! Invariants: the order of the variants is their precedence, as in [`crate::rejection`].

use core::fmt;

use super::life::BreakState;
use crate::limits::WRITE_OFF_ALONE_MAX;

/// Why the rules refuse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakRefusal {
    /// No such break.
    Unknown,
    /// A part of the run is not what it can be; which one is named.
    Unfit(&'static str),
    /// The run looked at a statement that was not kept for its wallet.
    UnknownStatement,
    /// The same bytes were kept for another wallet, or read differently.
    StatementDiffers,
    /// The parts of a run come one after the other.
    OutOfOrder {
        /// The part that may come next, beside the first of another run.
        expected: u32,
    },
    /// One thing ends in one class, and this run tells of it twice.
    FoundTwice,
    /// The break's state does not allow this step.
    Is(BreakState),
    /// A second person has to approve this end.
    SecondPersonNeeded,
    /// The second person is the first one.
    SamePerson,
    /// The break is not about money that came and that only the channel knows of.
    NotALine,
    /// Its line became a payment already.
    Taken,
}

impl fmt::Display for BreakRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown break"),
            Self::Unfit(field) => write!(f, "{field} is more, less or other than it can be"),
            Self::UnknownStatement => f.write_str("the run names a statement that was not kept"),
            Self::StatementDiffers => {
                f.write_str("these bytes were kept for another wallet or read differently")
            }
            Self::OutOfOrder { expected } => write!(f, "part {expected} of the run comes next"),
            Self::FoundTwice => f.write_str("the run tells of one thing twice"),
            Self::Is(state) => write!(f, "the break is {state}"),
            Self::SecondPersonNeeded => write!(
                f,
                "forced ends, and write-offs above {WRITE_OFF_ALONE_MAX} minor units, need a \
                 proposal and another person's approval"
            ),
            Self::Taken => f.write_str("its line became a payment already, which happens once"),
            Self::NotALine => {
                f.write_str("only a line of money that came and nobody observed becomes a payment")
            }
            Self::SamePerson => f.write_str("another person than the first has to do this"),
        }
    }
}
