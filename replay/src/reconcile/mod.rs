//! A business day of the log compared with the channel's own statements.
//!
//! Nothing is appended: the same log and the same files give the same report, and the same facts
//! about the day.

mod inputs;
mod observed;
mod report;
mod run;
mod runs;
mod sides;
mod snapshots;
mod text;

#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod taken_tests;
#[cfg(test)]
mod tests;

pub use observed::{Observed, observed};
pub use report::{
    BreakLine, FileLine, ItemLine, Proposal, ReconciliationReport, StatementCheck, Tally,
    WalletTally,
};
pub use run::{BREAKS_MAX, Compared, compare_day};
pub use runs::{OpenBreak, Paper, Run, needs_a_person};
pub use sides::StatementLines;
pub use snapshots::{CHANGES_MAX, Change, Merged, ToldRow, merge};
