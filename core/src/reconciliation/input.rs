//! What is compared: payments as we observed them, lines as the channel states them.
//!
//! Both are packed while they are pushed, so that a million of each costs about 110 bytes apiece
//! and nothing of the caller's needs to stay; the two sides share nothing and may be filled by two
//! threads.
//!
//! Invariants: an item keeps the index at which it was pushed; ids are unique within a side and
//! give the order wherever two items are alike, so the order of pushing decides nothing.
//! Deliberately not here: files, their parsers, and the log from which payments come.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use crate::amount::{Amount, Currency};
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

/// What the channel says about a line, without the amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Paid,
    Refunded,
    Closed,
    Pending,
    Unknown,
}

/// One packed payment or line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) id: [u8; 16],
    pub(super) amount: i64,
    /// What a line says was taken; what is expected of a payment, where something is.
    pub(super) fee: i64,
    pub(super) refunded: i64,
    pub(super) time: Timestamp,
    text: u32,
    serial: u8,
    base: u8,
    order: u8,
    note: u8,
    set: u16,
    pub(super) currency: Currency,
    pub(super) kind: LineKind,
    pub(super) status: Status,
    pub(super) claim: Claim,
    pub(super) precision: Precision,
    pub(super) fee_known: FeeKnown,
}

/// Whether a fee is there to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeeKnown {
    Yes,
    No,
}

/// One side, packed.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) items: Vec<Item>,
    text: Vec<u8>,
    sets: Vec<Vec<Wallet>>,
    set_numbers: BTreeMap<Vec<Wallet>, u16>,
}

impl Side {
    fn keep(
        &mut self,
        wallets: &[Wallet],
        keys: [&str; 3],
        mut item: Item,
    ) -> Result<u32, InputError> {
        let [serial, order, note] = keys;
        let bytes = serial.len().saturating_add(order.len()).saturating_add(note.len());
        let length = self.text.len();
        if self.items.len() >= ITEMS_MAX || length.saturating_add(bytes) > TEXT_BYTES_MAX {
            return Err(InputError::Full);
        }
        let short = |text: &str| u8::try_from(text.len()).map_err(|_| InputError::KeyTooLong);
        item.serial = short(serial)?;
        item.order = short(order)?;
        item.note = short(note)?;
        item.base = short(Line::base_of(serial))?;
        item.text = u32::try_from(length).map_err(|_| InputError::Full)?;
        item.set = self.set(wallets)?;
        keys.iter().for_each(|key| self.text.extend_from_slice(key.as_bytes()));
        let index = u32::try_from(self.items.len()).map_err(|_| InputError::Full)?;
        self.items.push(item);
        Ok(index)
    }

    /// The number of a set of wallets. Neighbours mostly have the same.
    fn set(&mut self, wallets: &[Wallet]) -> Result<u16, InputError> {
        if wallets.is_empty() {
            return Err(InputError::NoWallet);
        }
        if let Some(last) = self.items.last()
            && self.sets.get(usize::from(last.set)).is_some_and(|set| set == wallets)
        {
            return Ok(last.set);
        }
        let set: Vec<Wallet> =
            wallets.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        if let Some(number) = self.set_numbers.get(&set) {
            return Ok(*number);
        }
        let number = u16::try_from(self.sets.len()).map_err(|_| InputError::Full)?;
        self.set_numbers.insert(set.clone(), number);
        self.sets.push(set);
        Ok(number)
    }

    pub(super) fn wallets(&self, item: &Item) -> &[Wallet] {
        self.sets.get(usize::from(item.set)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn sets(&self) -> &[Vec<Wallet>] {
        &self.sets
    }

    pub(super) const fn set_of(item: &Item) -> u16 {
        item.set
    }

    fn piece(&self, item: &Item, skip: usize, length: u8) -> &[u8] {
        let start = super::index::wide(item.text).saturating_add(skip);
        let end = start.saturating_add(usize::from(length));
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn serial(&self, item: &Item) -> &[u8] {
        self.piece(item, 0, item.serial)
    }

    /// The serial up to the mark behind which channels write a refund's own number.
    pub(super) fn base(&self, item: &Item) -> &[u8] {
        self.piece(item, 0, item.base)
    }

    pub(super) fn order(&self, item: &Item) -> &[u8] {
        self.piece(item, usize::from(item.serial), item.order)
    }

    pub(super) fn note(&self, item: &Item) -> &[u8] {
        let skip = usize::from(item.serial).saturating_add(usize::from(item.order));
        self.piece(item, skip, item.note)
    }
}

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
        Self { side: with_capacity(items, text_bytes) }
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
        Self { side: with_capacity(items, text_bytes), covered: BTreeMap::new() }
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

fn with_capacity(items: usize, text_bytes: usize) -> Side {
    let (items, text) = (Vec::with_capacity(items), Vec::with_capacity(text_bytes));
    Side { items, text, ..Side::default() }
}

const BLANK: Item = Item {
    id: [0; 16],
    amount: 0,
    fee: 0,
    refunded: 0,
    time: Timestamp::MIN,
    text: 0,
    serial: 0,
    base: 0,
    order: 0,
    note: 0,
    set: 0,
    currency: Currency::Cny,
    kind: LineKind::Unknown,
    status: Status::Unknown,
    claim: Claim::Order,
    precision: Precision::Second,
    fee_known: FeeKnown::No,
};
