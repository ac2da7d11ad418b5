//! Orders as readers see them.
//!
//! Invariants: a row is a few words of numbers, whatever the texts of its request were; the texts
//! are read from the log at the row's position when somebody looks. Rows are numbered in the order
//! of the log, which is the order of lists.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{CodeIssued, Fact, OrderRequested, Wallet};
use duizhang_core::id::{MerchantId, OrderId, WalletId};
use duizhang_core::matcher::Standing;
use duizhang_core::order::{Dialect, OrderStatus, number_key};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;
use hashbrown::HashTable;

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

/// An order whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// Where its request lies in the log.
    pub position: Position,
    /// Who asked.
    pub merchant: MerchantId,
    /// The merchant's own number.
    pub number: String,
    /// The protocol it came in.
    pub dialect: Dialect,
    /// Who receives.
    pub wallet: WalletId,
    /// The wallet's network.
    pub channel: Channel,
    /// The asked amount.
    pub requested: Amount,
    /// The amount to pay.
    pub payable: Amount,
    /// The amount that came.
    pub received: Amount,
    /// The amount in refunds that were not declined.
    pub refunded: Amount,
    /// Where it stands.
    pub status: OrderStatus,
    /// How its callbacks stand.
    pub callback: CallbackStanding,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it stops waiting.
    pub expires_at: Timestamp,
    /// When it left the open state.
    pub ended_at: Option<Timestamp>,
    /// The text of the code to pay with.
    pub qr: String,
    /// Whether the code carries the amount.
    pub qr_fixed: bool,
    /// The code that a platform made for this order alone, where one did.
    pub code: Option<Box<CodeIssued>>,
    /// The platform's number of the trade that paid it.
    pub trade: Option<String>,
    /// What is being paid for.
    pub subject: Option<String>,
    /// Text that goes back to the merchant unchanged.
    pub attachment: Option<String>,
    /// What the dialect kept of the request's own spelling.
    pub echo: Option<String>,
    /// Where the callback goes, where the request said so.
    pub notify_url: Option<String>,
    /// Where the payer's browser goes afterwards.
    pub return_url: Option<String>,
}

impl OrderView {
    pub(crate) fn assemble(
        row: &OrderRow,
        request: &OrderRequested,
        wallet: Option<&Wallet>,
    ) -> Self {
        let amount = |minor| Amount::from_minor(minor, row.currency);
        let payable = amount(row.payable);
        let fixed = wallet
            .and_then(|wallet| wallet.fixed.iter().find(|(amount, _)| *amount == payable))
            .map(|(_, text)| text.clone());
        let any = wallet.and_then(|wallet| wallet.qr.clone());
        Self {
            id: row.id,
            position: row.position,
            merchant: request.merchant.clone(),
            number: request.number.clone(),
            dialect: row.dialect,
            wallet: wallet.map_or_else(no_wallet, |wallet| wallet.id.clone()),
            channel: wallet.map_or(Channel::Sandbox, |wallet| wallet.channel),
            requested: amount(row.requested),
            payable,
            received: amount(row.received),
            refunded: amount(row.refunded),
            status: row.status,
            callback: row.callback,
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            qr_fixed: fixed.is_some(),
            qr: fixed.or(any).unwrap_or_default(),
            code: None,
            trade: None,
            subject: request.subject.clone(),
            attachment: request.attachment.clone(),
            echo: request.echo.clone(),
            notify_url: request.notify_url.clone(),
            return_url: request.return_url.clone(),
        }
    }

    /// The same order with the code that was made for it.
    #[must_use]
    pub fn with_code(self, code: CodeIssued) -> Self {
        Self { qr: code.qr.clone(), qr_fixed: true, code: Some(Box::new(code)), ..self }
    }
}

fn no_wallet() -> WalletId {
    WalletId::new("unknown").expect("a plain word is a name")
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
    merchants: Vec<(MerchantId, Vec<u32>)>,
    wallets: Vec<WalletId>,
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
        self.merchants[merchant].1.push(number);
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
        if let Some(number) = self.merchants.iter().position(|(known, _)| known == id) {
            return number;
        }
        self.merchants.push((id.clone(), Vec::new()));
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
        &self.merchants[usize::from(row.merchant)].0
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
        let numbers = self.merchants.iter().find(|(id, _)| id == merchant);
        let numbers = numbers.map_or(&[][..], |(_, numbers)| numbers.as_slice());
        let end = numbers.partition_point(|number| self.row(*number).position < before);
        numbers[..end].iter().rev().map(|number| self.row(*number))
    }

    /// Every order, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &OrderRow> {
        self.chunks.iter().flatten()
    }
}
