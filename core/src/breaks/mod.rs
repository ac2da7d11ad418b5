//! Breaks: what books and statements disagree about, as the log records it.
//!
//! A run of the pure matcher lies outside the log, because a day's payments have left the state;
//! its outcome comes in as a fact, and the rules here make breaks of it: opened, changed, resolved
//! by themselves once nothing speaks for them any more, worked on by people.
//! Deliberately not here: how lines and payments are paired (`reconciliation`), what closes a day
//! ([`crate::closing`]).

mod code;
mod explain;
mod life;
mod refusal;
mod run;
mod take;
mod terms;
mod told;
mod work;

pub use code::{BreakCode, Direction};
pub(crate) use explain::explain;
pub use life::{
    AgeBucket, BreakRecord, BreakState, BreakStep, Ending, Proposal, Resolution, ResolutionKind,
    RootCause, WaitingFor,
};
pub use refusal::BreakRefusal;
pub(crate) use run::{rule_on_run, rule_on_statement};
pub(crate) use take::{rule_on_taking, taken_content};
pub use terms::TermsActivated;
pub(crate) use terms::rule_on_terms;
pub use told::{
    BreakWorked, DayReconciled, Explained, FoundBreak, LineTaken, ProofOutcome, RunTotals,
    StatementKept, Subject,
};
pub(crate) use work::{check_note, check_operator, rule_on_work};
