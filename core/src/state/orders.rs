//! All orders of a book in few bytes each.
//!
//! A closed order keeps its row, because a late payment, a repeat or a refund may name it years
//! later; the row holds no text, and the texts are found in the log at its position. Rows live in
//! fixed chunks, so growing copies nothing, and the look-up tables hold 4-byte row numbers: a
//! million orders cost about 160 MB less than with maps. Order ids are random and keys are SHA-256
//! digests, so their own bits serve as hashes.

use alloc::vec::Vec;

use hashbrown::HashTable;

use crate::amount::Currency;
use crate::code::OwnCode;
use crate::digest::Digest;
use crate::id::OrderId;
use crate::order::{Dialect, OrderStatus};
use crate::position::Position;
use crate::state::{MerchantIndex, WalletIndex};
use crate::time::Timestamp;

/// The reservation of a payable amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// Exclusively this order's until it is paid, closed or expired.
    Held,
    /// Still this order's, so that late money is known as its.
    Quarantined,
    /// Free for others.
    Released,
}

/// One order.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// Its id.
    pub id: OrderId,
    /// The fingerprint of merchant and number.
    pub key: Digest,
    /// The fingerprint of what must be equal in a repeat.
    pub terms: Digest,
    /// Where its request lies in the log.
    pub position: Position,
    /// The asked amount in minor units.
    pub requested: i64,
    /// The amount to pay in minor units.
    pub payable: i64,
    /// The amount that came, in minor units.
    pub received: i64,
    /// The amount in refunds that were not declined, in minor units.
    pub refunded: i64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Held: when it expires. Quarantined: until when. Released: since when.
    pub reserved_until: Timestamp,
    /// The order that held the same slot before, as a row number; [`NO_ROW`] where there was none.
    pub(crate) previous: u32,
    /// Who asked.
    pub merchant: MerchantIndex,
    /// Who receives.
    pub wallet: WalletIndex,
    /// How many callbacks were scheduled.
    pub callbacks: u16,
    /// How many attempts were made over all callbacks.
    pub attempts: u16,
    /// How many held payments name it as a candidate.
    pub claims: u16,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where its amount stands.
    pub reservation: Reservation,
    /// The protocol it came in.
    pub dialect: Dialect,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Whether the request named a callback address.
    pub has_notify_url: bool,
    /// By what code it is paid. One of its own takes no amount of the wallet: `reservation` then
    /// says only how long the order waits, and how long money for it is no surprise.
    pub code: OwnCode,
}

/// No row.
pub(crate) const NO_ROW: u32 = u32::MAX;

/// Rows in one chunk: 4,096 × 136 bytes is about half a megabyte.
const CHUNK_ROWS: usize = 4_096;

/// All orders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    chunks: Vec<Vec<OrderRow>>,
    by_id: HashTable<u32>,
    by_key: HashTable<u32>,
}

#[expect(clippy::as_conversions, reason = "the low 64 bits are wanted")]
const fn low_bits(bits: u128) -> u64 {
    bits as u64
}

fn id_hash(id: OrderId) -> u64 {
    low_bits(id.bits())
}

pub(crate) fn digest_hash(digest: Digest) -> u64 {
    low_bits(u128::from_le_bytes(digest.bytes()))
}

impl Orders {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn row(&self, number: u32) -> &OrderRow {
        let number = usize::try_from(number).expect("32 bits fit into an address");
        &self.chunks[number / CHUNK_ROWS][number % CHUNK_ROWS]
    }

    pub(crate) fn row_mut(&mut self, number: u32) -> &mut OrderRow {
        let number = usize::try_from(number).expect("32 bits fit into an address");
        &mut self.chunks[number / CHUNK_ROWS][number % CHUNK_ROWS]
    }

    pub(crate) fn number_of(&self, id: OrderId) -> Option<u32> {
        self.by_id.find(id_hash(id), |number| self.row(*number).id == id).copied()
    }

    pub(crate) fn number_by_key(&self, key: Digest) -> Option<u32> {
        self.by_key.find(digest_hash(key), |number| self.row(*number).key == key).copied()
    }

    /// Adds a row and returns its number.
    pub(crate) fn insert(&mut self, row: OrderRow) -> u32 {
        let number = u32::try_from(self.len()).ok().filter(|number| *number != NO_ROW);
        let number = number.expect("a book holds fewer than 2^32 - 1 orders");
        let (id, key) = (row.id, row.key);
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK_ROWS) {
            self.chunks.push(Vec::with_capacity(CHUNK_ROWS));
        }
        self.chunks.last_mut().expect("a chunk was just made").push(row);
        let Self { chunks, by_id, by_key } = self;
        let at = |number: &u32| {
            let number = usize::try_from(*number).expect("32 bits fit into an address");
            &chunks[number / CHUNK_ROWS][number % CHUNK_ROWS]
        };
        by_id.insert_unique(id_hash(id), number, |other| id_hash(at(other).id));
        by_key.insert_unique(digest_hash(key), number, |other| digest_hash(at(other).key));
        number
    }

    /// Every row, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &OrderRow> {
        self.chunks.iter().flatten()
    }
}
