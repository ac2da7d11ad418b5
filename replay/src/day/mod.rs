//! One business day played again from the log: its report, and whether its decisions still follow.

mod checks;
mod daybook;
mod report;
mod run;
mod sums;
mod text;

#[cfg(test)]
mod tests;

pub use report::{
    CallbackCounts, CurrencyTotal, DayCheck, DayReport, ExceptionLine, GapLine, HeldTally,
    NotificationCounts, OrderCounts, PaymentCounts, PolicyLine, RefundTally, WalletLine,
};
pub use run::{DayReplay, EXCEPTIONS_MAX, replay_day};
