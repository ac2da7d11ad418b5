//! A business day of the log compared with the channel's own statements.
//!
//! Nothing is appended: the same log and the same files give the same report.

mod observed;
mod report;
mod run;
mod sides;
mod text;

#[cfg(test)]
mod tests;

pub use observed::{Observed, observed};
pub use report::{
    BreakLine, FileLine, ItemLine, Proposal, ReconciliationReport, StatementCheck, Tally,
    WalletTally,
};
pub use run::{BREAKS_MAX, Compared, compare_day};
pub use sides::StatementLines;
