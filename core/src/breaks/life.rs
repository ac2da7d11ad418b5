//! The life of a break: states, steps of people, endings, ages.
//!
//! open → assigned → waiting → proposed → resolved, and reopened, which is open with a past.
//! Invariants: a break ends by an [`Ending`] and by nothing else; what ends by itself names what
//! explained it, and what a person ends names the cause of the difference.
//! Deliberately not here: which step is allowed when (`work`, `run`, `explain`).

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::told::{FoundBreak, Subject};
use crate::closing::Day;
use crate::digest::Digest;
use crate::id::{OrderId, PaymentId, WalletId};
use crate::time::{Span, Timestamp};

/// What a break waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum WaitingFor {
    /// The channel's answer.
    Provider,
    /// The payer's answer.
    Payer,
    /// A later statement.
    Statement,
    /// Somebody's consent outside of this program.
    Approval,
}

impl WaitingFor {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Payer => "payer",
            Self::Statement => "statement",
            Self::Approval => "approval",
        }
    }
}

/// Where a break stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BreakState {
    /// Nobody has it.
    Open,
    /// Somebody has it.
    Assigned,
    /// Nothing can be done until something comes.
    Waiting(WaitingFor),
    /// Somebody proposed an end that a second person has to approve.
    Proposed,
    /// It is over.
    Resolved,
    /// It was over, and is open again.
    Reopened,
}

impl BreakState {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Assigned => "assigned",
            Self::Waiting(_) => "waiting",
            Self::Proposed => "proposed",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
        }
    }

    /// Whether somebody may take it, let it wait, or propose its end.
    pub(crate) const fn is_workable(self) -> bool {
        matches!(self, Self::Open | Self::Assigned | Self::Waiting(_) | Self::Reopened)
    }
}

impl fmt::Display for BreakState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting(on) => write!(f, "waiting for {}", on.word()),
            Self::Open | Self::Assigned | Self::Proposed | Self::Resolved | Self::Reopened => {
                f.write_str(self.word())
            }
        }
    }
}

/// How a person ends a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ResolutionKind {
    /// The two sides belong together after all.
    Matched,
    /// It was taken apart, or put together.
    Split,
    /// The money went back.
    Refunded,
    /// The channel owes it.
    Claimed,
    /// An entry of the ledger puts it right.
    Adjusted,
    /// Nobody will ever pay it.
    WrittenOff,
    /// The same thing is told twice.
    Duplicate,
    /// It was no difference.
    NotABreak,
    /// Ended without an explanation, by two persons.
    Forced,
}

impl ResolutionKind {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Split => "split",
            Self::Refunded => "refunded",
            Self::Claimed => "claimed",
            Self::Adjusted => "adjusted",
            Self::WrittenOff => "written-off",
            Self::Duplicate => "duplicate",
            Self::NotABreak => "not-a-break",
            Self::Forced => "forced",
        }
    }
}

/// Where the difference came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RootCause {
    /// The two sides told of it at different times.
    Timing,
    /// The channel.
    Provider,
    /// The payer.
    Payer,
    /// The merchant.
    Merchant,
    /// Ourselves.
    Us,
    /// Nobody knows.
    Unknown,
}

impl RootCause {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Timing => "timing",
            Self::Provider => "provider",
            Self::Payer => "payer",
            Self::Merchant => "merchant",
            Self::Us => "us",
            Self::Unknown => "unknown",
        }
    }
}

/// How a person wants a break ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// How.
    pub kind: ResolutionKind,
    /// Where the difference came from.
    pub root: RootCause,
    /// Why, and the evidence.
    pub reason: String,
}

/// What a person does with a break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BreakStep {
    /// Gives it to somebody.
    Assign {
        /// To whom.
        to: String,
    },
    /// Writes something to it.
    Comment {
        /// What.
        text: String,
    },
    /// Lets it wait.
    Wait {
        /// For what.
        on: WaitingFor,
    },
    /// Proposes an end that another person has to approve.
    Propose(Resolution),
    /// Approves what another person proposed.
    Approve,
    /// Takes a proposal back, or refuses another's.
    Refuse {
        /// Why.
        reason: String,
    },
    /// Ends it alone.
    Resolve(Resolution),
    /// Opens it again.
    Reopen {
        /// Why.
        reason: String,
    },
}

/// How a break ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// By a person's word; the fact, or the proposal before it, has the reason.
    Person {
        /// How.
        kind: ResolutionKind,
        /// Where the difference came from.
        root: RootCause,
    },
    /// The other side came later: a run found it.
    LateArrival {
        /// What explains the break.
        by: Subject,
    },
    /// A whole run of its day does not find it any more.
    NoLongerFound,
    /// Its payment settles an order now.
    Matched {
        /// The order.
        order: OrderId,
    },
    /// Its payment belongs to no order, by a person's word.
    Dismissed,
    /// The line that it was about was taken for a payment, by a person's word.
    TakenIn {
        /// The payment.
        payment: PaymentId,
    },
}

impl Ending {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Person { kind, .. } => kind.word(),
            Self::LateArrival { .. } => "auto-late-arrival",
            Self::NoLongerFound => "auto-no-longer-found",
            Self::Matched { .. } => "auto-matched",
            Self::Dismissed => "auto-dismissed",
            Self::TakenIn { .. } => "taken-in",
        }
    }

    /// Where the difference came from, as far as anybody knows.
    #[must_use]
    pub const fn root(&self) -> RootCause {
        match self {
            Self::Person { root, .. } => *root,
            Self::LateArrival { .. } => RootCause::Timing,
            Self::NoLongerFound | Self::Matched { .. } | Self::Dismissed | Self::TakenIn { .. } => {
                RootCause::Unknown
            }
        }
    }
}

/// An end that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who proposed it.
    pub by: String,
    /// What.
    pub resolution: Resolution,
    /// Where the break stood, and will stand again if it is refused.
    pub from: BreakState,
}

/// What `decide` remembers of a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakRecord {
    /// On whose statement.
    pub wallet: WalletId,
    /// The day that it is about.
    pub day: Day,
    /// The day that it is booked in: the same one, or the first open one after it.
    pub booked: Day,
    /// What was found.
    pub found: FoundBreak,
    /// Where it stands.
    pub state: BreakState,
    /// When it was opened first.
    pub opened_at: Timestamp,
    /// The end that waits for a second person.
    pub proposal: Option<Proposal>,
    /// Whether it ended by a person's word, which the same finding does not undo.
    pub by_person: bool,
    /// The fingerprint of what was said when its line was taken for a payment, which happens once.
    pub taken: Option<Digest>,
}

impl BreakRecord {
    /// Whether it still asks for something.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != BreakState::Resolved
    }
}

/// How old a break is, in whole days of log time since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AgeBucket {
    /// Less than a day.
    D0,
    /// One day.
    D1,
    /// Two or three days.
    D2To3,
    /// Four to seven days.
    D4To7,
    /// Eight to thirty days.
    D8To30,
    /// More.
    Over30,
}

impl AgeBucket {
    /// The bucket of an age. A break keeps its age when it is reopened.
    #[must_use]
    pub const fn of(age: Span) -> Self {
        match age.secs() / 86_400 {
            0 => Self::D0,
            1 => Self::D1,
            2..=3 => Self::D2To3,
            4..=7 => Self::D4To7,
            8..=30 => Self::D8To30,
            _ => Self::Over30,
        }
    }

    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::D0 => "D0",
            Self::D1 => "D1",
            Self::D2To3 => "D2-3",
            Self::D4To7 => "D4-7",
            Self::D8To30 => "D8-30",
            Self::Over30 => ">30",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_turn_at_whole_days() {
        let hours = [0, 23, 24, 47, 48, 95, 96, 191, 192, 743, 744, 100_000];
        let words = hours.map(|hours| AgeBucket::of(Span::from_hours(hours)).word());
        let turns = ["D0", "D0", "D1", "D1", "D2-3", "D2-3", "D4-7", "D4-7", "D8-30", "D8-30"];
        assert_eq!(words[..10], turns);
        assert_eq!(words[10..], [">30", ">30"]);
    }
}
