//! A business day of the log compared with the channel's own statements.
//!
//! Nothing is appended: the same log and the same files give the same report.

mod checks;
mod closing;
mod counting;
mod csv;
mod details;
mod differences;
mod format;
mod html;
mod known;
mod listed;
mod numbers;
mod observed;
mod overview;
mod report;
mod run;
mod sheets;
mod sides;
mod text;
mod then_and_now;
mod xlsx;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod then_tests;

pub use closing::closed_at;
pub use format::{ReportFormat, UnknownReportFormat};
pub use numbers::{Both, Count, Receipts, Standing, Tally, WalletDay};
pub use observed::{Observed, observed};
pub use report::{
    BreakLine, BreakStanding, Closed, DayReport, ExcludedKind, FileLine, ItemLine, PairLine,
    PolicyInForce, Proposal, RowChange, StatementCheck, Unclaimed, Verdict, VoucherLine,
};
pub use run::{BREAKS_MAX, Compared, PAIRS_MAX, compare_day};
pub use sides::StatementLines;
pub use then_and_now::{
    About, DIFFERENCES_MAX, Difference, Make, REPORTS_MAX, ThenAndNow, then_and_now,
};
