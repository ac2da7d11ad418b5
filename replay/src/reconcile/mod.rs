//! A business day of the log compared with the channel's own statements.
//!
//! Nothing is appended: the same log and the same files give the same report, and the same facts
//! about the day.

mod checks;
mod closing;
mod counting;
mod csv;
mod details;
mod differences;
mod fees;
mod format;
mod html;
mod inputs;
mod known;
mod listed;
mod numbers;
mod observed;
mod overview;
mod report;
mod run;
mod run_totals;
mod runs;
mod sheets;
mod sides;
mod snapshots;
mod text;
mod then_and_now;
mod told_twice;
mod xlsx;

#[cfg(test)]
mod differences_tests;
#[cfg(test)]
mod fees_order_tests;
#[cfg(test)]
mod fees_tests;
#[cfg(test)]
mod file_missing_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod taken_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod then_tests;
#[cfg(test)]
mod told_twice_tests;
#[cfg(test)]
mod wallets_tests;
#[cfg(test)]
mod workbook_tests;

pub use closing::closed_at;
pub use fees::{FEES_TOLD_MAX, FeeSum, Fees, FeesDue, FeesTold, Money};
pub use format::{ReportFormat, UnknownReportFormat};
pub use numbers::{Both, Count, Receipts, Standing, Tally, WalletDay};
pub use observed::{Observed, observed};
pub use report::{
    BreakLine, BreakStanding, Closed, DayReport, ExcludedKind, FileLine, ItemLine, PairLine,
    PolicyInForce, Proposal, StatementCheck, Unclaimed, Verdict, VoucherLine,
};
pub use run::{BREAKS_MAX, Compared, PAIRS_MAX, compare_day};
pub use runs::{OpenBreak, Paper, Run, needs_a_person};
pub use sides::StatementLines;
pub use snapshots::{CHANGES_MAX, Change, Merged, ToldRow, merge};
pub use then_and_now::{
    About, DIFFERENCES_MAX, Difference, Make, REPORTS_MAX, ThenAndNow, then_and_now,
};
