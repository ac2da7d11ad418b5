//! What the report of a business day holds.
//!
//! Orders, deliveries, callbacks and refunds belong to the day in which the log has them; a payment
//! belongs to the day in which it was paid, as far as its evidence tells. What became of a payment
//! is told as it was known at the report's position, which may lie in a later day.
//! Invariants: amounts carry their currency and are never added across two; lists are in the order
//! of the log or of names; nothing here depends on when the report is made.
//! Deliberately not here: how it is counted (`daybook`), how it looks (`text`).

use duizhang_core::amount::Amount;
use duizhang_core::position::Position;
use serde::Serialize;

use crate::spelling;

/// The report of a business day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayReport {
    /// The book's name.
    pub book: String,
    /// The day, as `2026-11-21`.
    pub day: String,
    /// The zone whose calendar days are business days.
    pub time_zone: String,
    /// Its first instant.
    pub from: String,
    /// The instant just beyond it.
    pub to: String,
    /// The last position that this report knows.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// The policy in force at the end of the day.
    pub policy: PolicyLine,
    /// Orders.
    pub orders: OrderCounts,
    /// Deliveries of evidence.
    pub notifications: NotificationCounts,
    /// Payments.
    pub payments: PaymentCounts,
    /// Money of the day's payments, by currency.
    pub totals: Vec<CurrencyTotal>,
    /// Callbacks.
    pub callbacks: CallbackCounts,
    /// Refunds that came into a state, by state.
    pub refunds: Vec<RefundTally>,
    /// Money by wallet and currency.
    pub wallets: Vec<WalletLine>,
    /// Spans in which nobody watched.
    pub gaps: Vec<GapLine>,
    /// What a person should look at.
    pub exceptions: Vec<ExceptionLine>,
    /// How many more there are than are listed.
    pub exceptions_unlisted: u64,
    /// The arithmetic of this report, checked.
    pub checks: Vec<DayCheck>,
}

/// The settings that a reader of the report must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyLine {
    /// How long an order waits, in seconds.
    pub order_ttl_seconds: u64,
    /// How long an amount stays with its order afterwards, in seconds.
    pub quarantine_seconds: u64,
    /// Where a taken amount moves.
    pub step: &'static str,
    /// How far, in minor units.
    pub max_offset: u32,
    /// What happens with late money.
    pub late: &'static str,
}

/// Orders of the day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OrderCounts {
    /// Open when the day began.
    pub open_before: u64,
    /// Accepted.
    pub created: u64,
    /// Paid exactly and in time.
    pub paid_exact: u64,
    /// Paid exactly after they had expired or were closed.
    pub paid_late: u64,
    /// Paid with more than was payable.
    pub overpaid: u64,
    /// Paid with less than was payable.
    pub underpaid: u64,
    /// Of all these, how many were open until then.
    pub paid_from_open: u64,
    /// Expired unpaid.
    pub expired: u64,
    /// Closed unpaid.
    pub closed: u64,
    /// Open when the day ended, or at the report's position where that is earlier.
    pub open_after: u64,
}

/// Deliveries of evidence, by verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotificationCounts {
    /// All deliveries.
    pub deliveries: u64,
    /// The first of their kind.
    pub first: u64,
    /// First, but older than the lookback.
    pub stale: u64,
    /// The same again.
    pub repeat: u64,
    /// The same key with other content.
    pub conflict: u64,
    /// Known to be no money.
    pub ignored: u64,
    /// Nobody could read them.
    pub unreadable: u64,
    /// With a wrong signature.
    pub forged: u64,
    /// Evidence that an operator read as money.
    pub judged_money: u64,
    /// Evidence that an operator dismissed.
    pub dismissed: u64,
    /// Payments that all these gave rise to, whenever they were paid.
    pub payments: u64,
}

/// Payments that were paid in the day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PaymentCounts {
    /// All of them.
    pub observed: u64,
    /// Matched to an order by the rules.
    pub matched_isolated: u64,
    /// Assigned to an order by an operator.
    pub matched_assigned: u64,
    /// Dismissed by an operator: they belong to no order.
    pub dismissed: u64,
    /// Still held, by grade and reason.
    pub held: Vec<HeldTally>,
}

/// Held payments of one grade and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldTally {
    /// Ambiguous or orphan.
    pub grade: &'static str,
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
}

/// Money of the day's payments in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CurrencyTotal {
    /// All payments.
    #[serde(serialize_with = "spelling::money")]
    pub observed: Amount,
    /// What settles orders.
    #[serde(serialize_with = "spelling::money")]
    pub matched: Amount,
    /// What is in suspense.
    #[serde(serialize_with = "spelling::money")]
    pub held: Amount,
    /// What belongs to no order, by an operator's word.
    #[serde(serialize_with = "spelling::money")]
    pub dismissed: Amount,
}

/// Callbacks of the day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallbackCounts {
    /// Scheduled, redeliveries included.
    pub scheduled: u64,
    /// Attempts to deliver one.
    pub attempts: u64,
    /// Acknowledged by the merchant.
    pub acknowledged: u64,
    /// Attempts that will be followed by another.
    pub retried: u64,
    /// Given up.
    pub abandoned: u64,
    /// With attempts ahead when the day ended, or at the report's position.
    pub pending_after: u64,
}

/// Refunds that came into one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundTally {
    /// The state.
    pub state: &'static str,
    /// How many came into it.
    pub count: u64,
    /// How much they are together.
    #[serde(serialize_with = "spelling::money")]
    pub amount: Amount,
}

/// A wallet's day in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WalletLine {
    /// The wallet; several, where a held payment may have come to any of them.
    pub wallet: String,
    /// Orders accepted on it.
    pub orders: u64,
    /// What they asked for.
    #[serde(serialize_with = "spelling::money")]
    pub requested: Amount,
    /// What their payers were to pay.
    #[serde(serialize_with = "spelling::money")]
    pub payable: Amount,
    /// Payable less requested.
    #[serde(serialize_with = "spelling::money")]
    pub bump: Amount,
    /// Payments that settle orders of it.
    pub payments: u64,
    /// Their money.
    #[serde(serialize_with = "spelling::money")]
    pub received: Amount,
    /// Money of payments in suspense.
    #[serde(serialize_with = "spelling::money")]
    pub held: Amount,
    /// Money of payments that belong to no order.
    #[serde(serialize_with = "spelling::money")]
    pub dismissed: Amount,
}

/// A span in which a device was not heard, cut to the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GapLine {
    /// The device.
    pub device: String,
    /// The wallets that it watches.
    pub wallets: Vec<String>,
    /// When it was last heard, or the day's beginning.
    pub from: String,
    /// When it was back, or the day's end; none where it is silent still.
    pub to: Option<String>,
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExceptionLine {
    /// `held`, `dismissed`, `conflict`, `unreadable`, `forged` or `abandoned`.
    pub kind: &'static str,
    /// The payment, notification or callback.
    pub id: String,
    /// Where its evidence lies in the log.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// When the log got it.
    pub at: String,
    /// Why it is here, and how it stands.
    pub detail: String,
}

/// Two sums that must be equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayCheck {
    /// What is compared.
    pub name: String,
    /// The left side.
    pub left: String,
    /// The right side.
    pub right: String,
    /// Whether they are equal.
    pub ok: bool,
}

impl DayReport {
    /// Whether all of the report's arithmetic holds.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        spelling::document(self)
    }
}
