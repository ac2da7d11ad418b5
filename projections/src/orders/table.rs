//! Orders as readers see them.
//!
//! Invariants: a row is a few words of numbers, whatever the texts of its request were; the texts
//! are read from the log at the row's position when somebody looks. Rows are numbered in the order
//! of the log, which is the order of lists. Counts are kept beside the rows, so that nobody walks
//! them to count.
//! Deliberately not here: an order with its texts (see [`super::view`]).

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Fact, OrderRequested};
use duizhang_core::id::{MerchantId, OrderId, WalletId};
use duizhang_core::matcher::Standing;
use duizhang_core::order::{Dialect, OrderStatus, number_key};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;
use hashbrown::HashTable;

use super::tally::Tally;
use crate::calendar::Zone;
use crate::callbacks::CallbackStanding;
use crate::projection::Projection;

/// An order in numbers.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// Its id.
    pub id: OrderId,
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
    /// When it stops waiting.
    pub expires_at: Timestamp,
    /// When it left the open state.
    pub ended_at: Option<Timestamp>,
    key: Digest,
    merchant: u16,
    wallet: u16,
    /// Where it stands.
    pub status: OrderStatus,
    /// How its latest callback stands.
    pub callback: CallbackStanding,
    /// The protocol it came in.
    pub dialect: Dialect,
    /// The currency of all its amounts.
    pub currency: Currency,
}

/// Rows in one chunk: 4,096 × 128 bytes are half a megabyte, and growing copies nothing.
const CHUNK_ROWS: usize = 4_096;

/// Most orders on one page of a list.
pub const PAGE_ORDERS_MAX: usize = 200;

/// All orders.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    chunks: Vec<Vec<OrderRow>>,
    by_id: HashTable<u32>,
    by_key: HashTable<u32>,
    merchants: Vec<OfMerchant>,
    wallets: Vec<WalletId>,
    /// The zone of business days, once the book was opened.
    zone: Option<Zone>,
}

/// What a merchant has: its rows, and how many of them each protocol brought.
#[derive(Clone, Debug)]
struct OfMerchant {
    id: MerchantId,
    rows: Vec<u32>,
    tallies: Vec<(Dialect, Tally)>,
}

impl OfMerchant {
    fn tally_mut(&mut self, dialect: Dialect) -> &mut Tally {
        let known = self.tallies.iter().position(|(known, _)| *known == dialect);
        let at = known.unwrap_or_else(|| {
            self.tallies.push((dialect, Tally::default()));
            self.tallies.len() - 1
        });
        &mut self.tallies[at].1
    }
}

#[expect(clippy::as_conversions, reason = "the low 64 bits are wanted")]
const fn low_bits(bits: u128) -> u64 {
    bits as u64
}

fn id_hash(id: OrderId) -> u64 {
    low_bits(id.bits())
}

fn key_hash(key: Digest) -> u64 {
    low_bits(u128::from_le_bytes(key.bytes()))
}

fn place(number: u32) -> (usize, usize) {
    let number = usize::try_from(number).expect("32 bits fit into an address");
    (number / CHUNK_ROWS, number % CHUNK_ROWS)
}

impl Projection for Orders {
    fn fold(&mut self, chapter: &Chapter) {
        if let Fact::BookOpened(opened) = &chapter.fact {
            self.zone = Zone::new(&opened.time_zone).ok();
        }
        for decision in &chapter.decisions {
            self.fold_decision(chapter, decision);
        }
        if let Fact::RefundRequested(request) = &chapter.fact
            && !chapter.decisions.is_empty()
        {
            let row = self.row_mut(request.order);
            row.refunded = row.refunded.saturating_add(request.amount.minor());
        }
    }
}

impl Orders {
    fn fold_decision(&mut self, chapter: &Chapter, decision: &Decision) {
        let at = chapter.at;
        match decision {
            Decision::OrderAccepted { wallet, payable, expires_at, .. } => {
                if let Fact::OrderRequested(request) = &chapter.fact {
                    self.accept(chapter, request, wallet, *payable, *expires_at);
                }
            }
            Decision::OrderExpired { order, .. } => self.end(*order, OrderStatus::Expired, at),
            Decision::OrderClosed { order, .. } => self.end(*order, OrderStatus::Closed, at),
            Decision::OrderPaid { order, received, standing, .. } => {
                let row = self.row_mut(*order);
                row.received = row.received.saturating_add(received.minor());
                let status = match standing {
                    Standing::Exact => OrderStatus::Paid,
                    Standing::Late => OrderStatus::PaidLate,
                    Standing::Over => OrderStatus::Overpaid,
                    Standing::Under => OrderStatus::Underpaid,
                };
                self.count_settled(*order, status);
                self.end(*order, status, at);
            }
            Decision::CallbackScheduled { callback, .. } => {
                self.row_mut(callback.order).callback = CallbackStanding::Pending;
            }
            Decision::CallbackAcknowledged { callback } => {
                self.row_mut(callback.order).callback = CallbackStanding::Acknowledged;
            }
            Decision::CallbackAbandoned { callback } => {
                self.row_mut(callback.order).callback = CallbackStanding::Abandoned;
            }
            _ => {}
        }
    }

    /// Gives the room of a declined refund back.
    pub fn decline_refund(&mut self, order: OrderId, amount: Amount) {
        let row = self.row_mut(order);
        row.refunded = row.refunded.saturating_sub(amount.minor());
    }

    fn accept(
        &mut self,
        chapter: &Chapter,
        request: &OrderRequested,
        wallet: &WalletId,
        payable: Amount,
        expires_at: Timestamp,
    ) {
        let number = u32::try_from(self.by_id.len()).expect("fewer than 2^32 orders");
        let merchant = self.merchant_number(&request.merchant);
        let row = OrderRow {
            id: request.order,
            position: chapter.position,
            requested: request.requested.minor(),
            payable: payable.minor(),
            received: 0,
            refunded: 0,
            created_at: chapter.at,
            expires_at,
            ended_at: None,
            key: number_key(&request.merchant, &request.number),
            merchant: u16::try_from(merchant).expect("fewer than 2^16 merchants"),
            wallet: self.wallet_number(wallet),
            status: OrderStatus::Open,
            callback: CallbackStanding::None,
            dialect: request.dialect,
            currency: payable.currency(),
        };
        let (id, key) = (row.id, row.key);
        self.merchants[merchant].rows.push(number);
        self.merchants[merchant].tally_mut(request.dialect).count();
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK_ROWS) {
            self.chunks.push(Vec::with_capacity(CHUNK_ROWS));
        }
        self.chunks.last_mut().expect("a chunk was just made").push(row);
        let Self { chunks, by_id, by_key, .. } = self;
        let at = |number: &u32| {
            let (chunk, index) = place(*number);
            &chunks[chunk][index]
        };
        by_id.insert_unique(id_hash(id), number, |other| id_hash(at(other).id));
        by_key.insert_unique(key_hash(key), number, |other| key_hash(at(other).key));
    }

    fn merchant_number(&mut self, id: &MerchantId) -> usize {
        if let Some(number) = self.merchants.iter().position(|known| known.id == *id) {
            return number;
        }
        self.merchants.push(OfMerchant { id: id.clone(), rows: Vec::new(), tallies: Vec::new() });
        self.merchants.len() - 1
    }

    fn wallet_number(&mut self, id: &WalletId) -> u16 {
        let known = self.wallets.iter().position(|known| known == id);
        let number = known.unwrap_or_else(|| {
            self.wallets.push(id.clone());
            self.wallets.len() - 1
        });
        u16::try_from(number).expect("fewer than 2^16 wallets")
    }

    /// Counts an order that comes to a status in which its money is there, once.
    fn count_settled(&mut self, order: OrderId, status: OrderStatus) {
        let Some(zone) = self.zone else { return };
        let row = self.row_mut(order);
        if status.is_settled() && !row.status.is_settled() {
            let (merchant, dialect) = (usize::from(row.merchant), row.dialect);
            let (day, asked) = (zone.day_of(row.created_at), row.requested);
            self.merchants[merchant].tally_mut(dialect).settle(day, asked);
        }
    }

    fn end(&mut self, order: OrderId, status: OrderStatus, at: Timestamp) {
        let row = self.row_mut(order);
        row.status = status;
        row.ended_at = Some(at);
    }

    fn row(&self, number: u32) -> &OrderRow {
        let (chunk, index) = place(number);
        &self.chunks[chunk][index]
    }

    fn row_mut(&mut self, order: OrderId) -> &mut OrderRow {
        let number = self.number_of(order).expect("the log speaks of known orders");
        let (chunk, index) = place(number);
        &mut self.chunks[chunk][index]
    }

    fn number_of(&self, order: OrderId) -> Option<u32> {
        self.by_id.find(id_hash(order), |number| self.row(*number).id == order).copied()
    }

    /// An order by id.
    #[must_use]
    pub fn get(&self, order: OrderId) -> Option<&OrderRow> {
        self.number_of(order).map(|number| self.row(number))
    }

    /// An order by its merchant's own number.
    #[must_use]
    pub fn by_number(&self, merchant: &MerchantId, number: &str) -> Option<&OrderRow> {
        let key = number_key(merchant, number);
        let found = self.by_key.find(key_hash(key), |number| self.row(*number).key == key)?;
        Some(self.row(*found))
    }

    /// The merchant of a row.
    #[must_use]
    pub fn merchant_of(&self, row: &OrderRow) -> &MerchantId {
        &self.merchants[usize::from(row.merchant)].id
    }

    /// The wallet of a row.
    #[must_use]
    pub fn wallet_of(&self, row: &OrderRow) -> &WalletId {
        &self.wallets[usize::from(row.wallet)]
    }

    /// How many orders there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A merchant's orders, newest first, that lie before a position in the log.
    pub fn of_merchant(
        &self,
        merchant: &MerchantId,
        before: Position,
    ) -> impl Iterator<Item = &OrderRow> {
        let numbers = self.merchants.iter().find(|known| known.id == *merchant);
        let numbers = numbers.map_or(&[][..], |known| known.rows.as_slice());
        let end = numbers.partition_point(|number| self.row(*number).position < before);
        numbers[..end].iter().rev().map(|number| self.row(*number))
    }

    /// How many orders of a protocol a merchant has; none where it has none.
    #[must_use]
    pub fn tally(&self, merchant: &MerchantId, dialect: Dialect) -> Option<&Tally> {
        let known = self.merchants.iter().find(|known| known.id == *merchant)?;
        known.tallies.iter().find(|(of, _)| *of == dialect).map(|(_, tally)| tally)
    }

    /// Every order, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &OrderRow> {
        self.chunks.iter().flatten()
    }
}
