//! One side of a comparison, packed: items of one size, their texts in one piece, their wallets by
//! the number of the set.
//!
//! Invariants: a text lies where its item says, serial, order number and note in this order; a set
//! of wallets has one number.
//! Deliberately not here: what is pushed, and by whom (`input.rs`).

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::index::wide;
use super::input::{Claim, ITEMS_MAX, InputError, TEXT_BYTES_MAX, Wallet};
use super::keys::{Key, Origin};
use crate::amount::Currency;
use crate::statement::{Line, LineKind, Precision};
use crate::time::Timestamp;

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
    pub(super) text: u32,
    pub(super) serial: u8,
    pub(super) base: u8,
    pub(super) order: u8,
    pub(super) note: u8,
    pub(super) set: u16,
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

/// How many sets are compared one after the other before the map is asked.
const SETS_LOOKED_AT: usize = 8;

/// One side, packed.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) items: Vec<Item>,
    text: Vec<u8>,
    sets: Vec<Vec<Wallet>>,
    set_numbers: BTreeMap<Vec<Wallet>, u16>,
    /// Serials by hash, where they were sorted ahead.
    pub(super) serials: Vec<Key>,
}

impl Side {
    pub(super) fn with_capacity(items: usize, text_bytes: usize) -> Self {
        let (items, text) = (Vec::with_capacity(items), Vec::with_capacity(text_bytes));
        Self { items, text, ..Self::default() }
    }

    pub(super) fn keep(
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
        self.serials.clear();
        Ok(index)
    }

    /// The number of a set of wallets. Neighbours mostly have the same, and most books few of them.
    fn set(&mut self, wallets: &[Wallet]) -> Result<u16, InputError> {
        if wallets.is_empty() {
            return Err(InputError::NoWallet);
        }
        if let Some(last) = self.items.last()
            && self.sets.get(usize::from(last.set)).is_some_and(|set| set == wallets)
        {
            return Ok(last.set);
        }
        if let Some(number) =
            (0..).zip(&self.sets).take(SETS_LOOKED_AT).find(|(_, set)| *set == wallets)
        {
            return Ok(number.0);
        }
        if let Some(number) = self.set_numbers.get(wallets) {
            return Ok(*number);
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

    /// Serials by hash: those sorted ahead, or sorted now.
    pub(super) fn serials(&self, origin: Origin) -> Cow<'_, [Key]> {
        if self.serials.is_empty() {
            Cow::Owned(self.sorted_serials(origin))
        } else {
            Cow::Borrowed(&self.serials)
        }
    }

    pub(super) fn sorted_serials(&self, origin: Origin) -> Vec<Key> {
        let mut keys = Vec::with_capacity(self.items.len());
        for (index, item) in (0..).zip(&self.items) {
            if item.serial > 0 {
                keys.push(Key::new(self.serial(item), origin, index));
            }
        }
        Key::sort(&mut keys);
        keys
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
        let start = wide(item.text).saturating_add(skip);
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

/// An item of which nothing is known yet.
pub(super) const BLANK: Item = Item {
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
