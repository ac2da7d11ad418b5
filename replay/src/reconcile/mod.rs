//! A business day of the log compared with the channel's own statements.
//!
//! Nothing is appended: the same log and the same files give the same report, and the same facts
//! about the day.

mod fees;
mod inputs;
mod observed;
mod report;
mod run;
mod runs;
mod sides;
mod snapshots;
mod text;
mod told_twice;

#[cfg(test)]
mod fees_order_tests;
#[cfg(test)]
mod fees_tests;
#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod taken_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod told_twice_tests;

pub use fees::{FEES_TOLD_MAX, FeeSum, Fees, FeesDue, FeesTold, Money};
pub use observed::{Observed, observed};
pub use report::{
    BreakLine, FileLine, ItemLine, Proposal, ReconciliationReport, StatementCheck, Tally,
    WalletTally,
};
pub use run::{BREAKS_MAX, Compared, compare_day};
pub use runs::{OpenBreak, Paper, Run, needs_a_person};
pub use sides::StatementLines;
pub use snapshots::{CHANGES_MAX, Change, Merged, ToldRow, merge};
