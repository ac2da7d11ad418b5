//! What the cashier page is made from: plain data, already looked up.
//!
//! Invariants: nothing here is secret (the device's and the merchant's keys have no field), and
//! time is an argument. The page shows foreign text as text; whoever fills this in need not escape
//! anything.
//! Deliberately not here: where an order is found, and what may be known by whom.

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::time::Timestamp;

use super::language::Language;

/// How an order stands, as far as its payer has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CashierState {
    /// The code may be paid.
    Waiting,
    /// Money arrived, and a person has to look at it: too little, too much, or several possible
    /// owners.
    Held,
    /// Paid in time.
    Paid {
        /// When the money arrived.
        at: Timestamp,
        /// How much of it: the payable amount, unless a person decided otherwise.
        received: Amount,
    },
    /// Paid after the deadline; the shop decides what becomes of it.
    PaidLate {
        /// When the money arrived.
        at: Timestamp,
        /// How much of it.
        received: Amount,
    },
    /// The deadline passed without money.
    Expired,
    /// The shop took the order back.
    Closed,
    /// Money went back.
    Refunded {
        /// How much of it.
        amount: Amount,
    },
}

impl CashierState {
    /// The word that the stream of events sends and the page compares.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Paid { .. } => "paid",
            Self::PaidLate { .. } => "paid-late",
            Self::Expired => "expired",
            Self::Closed => "closed",
            Self::Refunded { .. } => "refunded",
        }
    }

    /// Whether the page still waits for something and therefore follows the stream of events. An
    /// expired page does too: money may still come late.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Waiting | Self::Held | Self::Expired => true,
            Self::Paid { .. } | Self::PaidLate { .. } | Self::Closed | Self::Refunded { .. } => {
                false
            }
        }
    }
}

/// Everything that the page shows.
#[derive(Clone, Debug)]
pub struct CashierView {
    /// The language of the page.
    pub language: Language,
    /// The payment network of the wallet.
    pub channel: Channel,
    /// What the shop asked for.
    pub requested: Amount,
    /// What the payer has to pay, in the same currency.
    pub payable: Amount,
    /// The text of the QR code. One of more than [`QR_TEXT_BYTES_MAX`](super::QR_TEXT_BYTES_MAX)
    /// bytes is shown as text.
    pub qr: String,
    /// Whether the code carries the amount; otherwise the payer types it.
    pub fixed: bool,
    /// What is bought, in the shop's words.
    pub subject: String,
    /// The shop's name.
    pub merchant: String,
    /// The order number that the payer knows: the shop's own.
    pub order_number: String,
    /// When the order was accepted.
    pub created: Timestamp,
    /// When the code stops being good.
    pub expires: Timestamp,
    /// The time at which this page is rendered; the count-down begins here.
    pub now: Timestamp,
    /// The book's distance from UTC, in seconds east.
    pub utc_offset_secs: i32,
    /// How the order stands.
    pub state: CashierState,
    /// Where the payer goes afterwards; shown only when it is an http or https address.
    pub return_url: Option<String>,
    /// The path of the stream of events for this order.
    pub events_path: String,
}
