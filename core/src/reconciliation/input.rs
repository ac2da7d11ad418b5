//! What is compared: payments as we observed them, lines as the channel states them.
//!
//! Both are packed while they are pushed, so that a million of each costs about 110 bytes apiece
//! and nothing of the caller's needs to stay; the two sides share nothing and may be filled by two
//! threads.
//!
//! Invariants: an item keeps the index at which it was pushed; ids are unique within a side and
//! give the order wherever two items are alike, so the order of pushing decides nothing.
//! Deliberately not here: files, their parsers, and the log from which payments come.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::keys::Origin;
use super::side::{BLANK, FeeKnown, Item, Side, Status};
use crate::amount::Amount;
use crate::statement::{Line, LineKind, LineStatus, Precision};
use crate::time::Timestamp;

/// A wallet by its number in the caller's own list.
pub type Wallet = u16;

/// Most items of one side: they are addressed by 32 bits, and 2^24 of them take 2 GiB.
pub const ITEMS_MAX: usize = 1 << 24;

/// Most bytes of all texts of one side: they are addressed by 32 bits.
pub const TEXT_BYTES_MAX: usize = 4_294_967_295;

/// Longest serial, order number or note in bytes: lengths have 8 bits, and the longest serial of a
/// channel has 64.
pub const KEY_BYTES_MAX: usize = 255;

/// Fewest digits of a note that mean something: shorter runs are prices and table numbers.
pub const NOTE_DIGITS_MIN: usize = 4;

/// What kind of money an observed item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// A payment to us.
    PayIn,
    /// A refund by us.
    RefundOut,
    /// Money that we moved from the wallet to a bank.
    Withdrawal,
}

/// How the book stands to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// It settles its order.
    Order,
    /// It settles its order, which had expired.
    Late,
    /// Its order had its money already.
    Twice,
    /// No order is known for it.
    Orphan,
}

/// A payment, refund or withdrawal as we observed it. Empty texts are absent ones.
#[derive(Clone, Copy, Debug)]
pub struct Payment<'a> {
    /// Its id.
    pub id: u128,
    /// What it is.
    pub flow: Flow,
    /// The wallets that it may have gone through, at least one.
    pub wallets: &'a [Wallet],
    /// Its amount, positive.
    pub amount: Amount,
    /// The fee that the channel is expected to take, in minor units.
    pub fee: Option<i64>,
    /// What we gave back of it, in minor units.
    pub refunded: i64,
    /// When it was made, or when we heard of it.
    pub time: Timestamp,
    /// How exactly the time is known.
    pub precision: Precision,
    /// The channel's serial number.
    pub serial: &'a str,
    /// Our order number, as the channel may have been told it.
    pub order: &'a str,
    /// The payer's remark.
    pub note: &'a str,
    /// How the book stands to it.
    pub claim: Claim,
}

/// Why an item was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputError {
    /// The side has [`ITEMS_MAX`] items or [`TEXT_BYTES_MAX`] bytes of text.
    Full,
    /// A serial or an order number is longer than [`KEY_BYTES_MAX`].
    KeyTooLong,
    /// The item names no wallet.
    NoWallet,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "too many items for one reconciliation",
            Self::KeyTooLong => "a serial or an order number is too long",
            Self::NoWallet => "an item names no wallet",
        })
    }
}

impl core::error::Error for InputError {}

/// The longest run of digits of a remark that is long enough to mean something.
fn digits_of(note: &str) -> &str {
    let runs = note.split(|c: char| !c.is_ascii_digit());
    let long = runs.filter(|run| (NOTE_DIGITS_MIN..=KEY_BYTES_MAX).contains(&run.len()));
    long.reduce(|best, run| if run.len() > best.len() { run } else { best }).unwrap_or_default()
}

/// The observed side.
#[derive(Clone, Debug, Default)]
pub struct Payments {
    pub(super) side: Side,
}

impl Payments {
    /// Room for so many payments with so many bytes of keys; more may follow.
    #[must_use]
    pub fn with_capacity(items: usize, text_bytes: usize) -> Self {
        Self { side: Side::with_capacity(items, text_bytes) }
    }

    /// Adds one and gives its index.
    ///
    /// # Errors
    /// [`InputError`], without a trace of the item.
    pub fn push(&mut self, payment: &Payment<'_>) -> Result<u32, InputError> {
        let item = Item {
            id: payment.id.to_be_bytes(),
            amount: payment.amount.minor(),
            fee: payment.fee.unwrap_or_default(),
            refunded: payment.refunded,
            time: payment.time,
            currency: payment.amount.currency(),
            kind: match payment.flow {
                Flow::PayIn => LineKind::PayIn,
                Flow::RefundOut => LineKind::RefundOut,
                Flow::Withdrawal => LineKind::Withdrawal,
            },
            status: Status::Paid,
            claim: payment.claim,
            precision: payment.precision,
            fee_known: if payment.fee.is_some() { FeeKnown::Yes } else { FeeKnown::No },
            ..BLANK
        };
        let keys = [payment.serial, payment.order, digits_of(payment.note)];
        self.side.keep(payment.wallets, keys, item)
    }

    /// Sorts the serials ahead of comparing, where two threads fill the two sides. What is compared
    /// without it is sorted then.
    pub fn sort_ahead(&mut self) {
        self.side.serials = self.side.sorted_serials(Origin::Payment);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.side.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.side.items.is_empty()
    }
}

/// The channel's side: lines, and the time for which files of a wallet are there at all.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    pub(super) side: Side,
    pub(super) covered: BTreeMap<Wallet, Vec<(Timestamp, Timestamp)>>,
}

impl Lines {
    /// Room for so many lines with so many bytes of keys; more may follow.
    #[must_use]
    pub fn with_capacity(items: usize, text_bytes: usize) -> Self {
        Self { side: Side::with_capacity(items, text_bytes), covered: BTreeMap::new() }
    }

    /// Says that a file of a wallet holds every line from an instant to before another.
    pub fn cover(&mut self, wallet: Wallet, from: Timestamp, to: Timestamp) {
        let spans = self.covered.entry(wallet).or_default();
        spans.push((from, to));
        spans.sort_unstable();
    }

    /// Adds a line of a wallet's file and gives its index.
    ///
    /// # Errors
    /// [`InputError`], without a trace of the line.
    pub fn push(&mut self, wallet: Wallet, file: u32, line: &Line) -> Result<u32, InputError> {
        let gross = line.gross.minor();
        let (status, refunded) = match line.status {
            LineStatus::Ok => (Status::Paid, 0),
            LineStatus::Closed => (Status::Closed, 0),
            LineStatus::Pending => (Status::Pending, 0),
            LineStatus::RefundedFull => (Status::Refunded, gross),
            LineStatus::RefundedPart(part) => (Status::Refunded, part.minor()),
            LineStatus::Unknown => (Status::Unknown, 0),
        };
        let item = Item {
            id: (u128::from(file) << 32 | u128::from(line.number)).to_be_bytes(),
            amount: gross,
            fee: line.fee.minor(),
            refunded,
            time: line.time,
            currency: line.gross.currency(),
            kind: line.kind,
            status,
            precision: line.precision,
            fee_known: FeeKnown::Yes,
            ..BLANK
        };
        let order = line.merchant_no.as_deref().unwrap_or_default();
        self.side.keep(&[wallet], [&line.serial, order, digits_of(&line.note)], item)
    }

    /// Sorts the serials ahead of comparing, where two threads fill the two sides. What is compared
    /// without it is sorted then.
    pub fn sort_ahead(&mut self) {
        self.side.serials = self.side.sorted_serials(Origin::Line);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.side.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.side.items.is_empty()
    }
}
