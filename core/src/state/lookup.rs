//! Looking things up in the state.
//!
//! Invariants: nothing here changes anything or refuses anything; every walk has the same order on
//! every machine.
//! Deliberately not here: what follows from what is found ([`crate::decide`]).

use alloc::vec::Vec;

use super::model::{DeadlineKey, Seen, Totals};
use super::orders::{NO_ROW, digest_hash};
use super::{
    Deadline, DeviceState, HeldPayment, MerchantIndex, OrderRow, Reservation, State, WalletIndex,
    WalletState,
};
use crate::callback::{CallbackId, PendingCallback, Topic};
use crate::channel::Channel;
use crate::digest::Digest;
use crate::fact::Merchant;
use crate::id::{DeviceId, MerchantId, NotificationId, OrderId, PaymentId, RefundId, WalletId};
use crate::ledger::Books;
use crate::policy::Policy;
use crate::position::Position;
use crate::refund::RefundRecord;
use crate::time::Timestamp;

impl State {
    /// Before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the log has been opened.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The latest log time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The place of the last event folded in.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether the policy in force is in the log. A book activates one before anything else, even
    /// one that equals the default, because the next build may have another default.
    #[must_use]
    pub fn has_policy(&self) -> bool {
        self.has_policy
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// All merchants, in the order of declaration.
    #[must_use]
    pub fn merchants(&self) -> &[Merchant] {
        &self.merchants
    }

    /// All wallets, in the order of declaration.
    #[must_use]
    pub fn wallets(&self) -> &[WalletState] {
        &self.wallets
    }

    /// All devices, in the order of declaration.
    #[must_use]
    pub fn devices(&self) -> &[DeviceState] {
        &self.devices
    }

    /// A merchant by name.
    #[must_use]
    pub fn merchant(&self, id: &MerchantId) -> Option<(MerchantIndex, &Merchant)> {
        let number = *self.merchant_numbers.get(id)?;
        Some((MerchantIndex(number), &self.merchants[usize::from(number)]))
    }

    /// The merchant of an order.
    #[must_use]
    pub fn merchant_of(&self, row: &OrderRow) -> &Merchant {
        &self.merchants[usize::from(row.merchant.0)]
    }

    /// How many open orders a merchant has.
    #[must_use]
    pub fn open_orders(&self, merchant: MerchantIndex) -> u32 {
        self.open_orders[usize::from(merchant.0)]
    }

    /// A wallet by name.
    #[must_use]
    pub fn wallet(&self, id: &WalletId) -> Option<&WalletState> {
        self.wallet_index(id).map(|index| &self.wallets[usize::from(index.0)])
    }

    /// A wallet's number by name.
    #[must_use]
    pub fn wallet_index(&self, id: &WalletId) -> Option<WalletIndex> {
        self.wallet_numbers.get(id).copied().map(WalletIndex)
    }

    /// A wallet's name by number.
    #[must_use]
    pub fn wallet_id(&self, index: WalletIndex) -> WalletId {
        self.wallets[usize::from(index.0)].declared.id.clone()
    }

    /// A device by name.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&DeviceState> {
        self.device_numbers.get(id).map(|number| &self.devices[usize::from(*number)])
    }

    /// The wallets that a device's notification of money since `from` may be about: those that it
    /// watches, and those that it watched at that time or later.
    #[must_use]
    pub fn wallets_of(
        &self,
        device: &DeviceState,
        channel: Option<Channel>,
        from: Timestamp,
    ) -> Vec<WalletIndex> {
        let watched = device.declared.wallets.iter().filter_map(|id| self.wallet_index(id));
        let former = device.former.iter().filter(|former| former.until >= from);
        let watched = watched.chain(former.flat_map(|former| former.wallets.iter().copied()));
        let mut wallets: Vec<WalletIndex> = watched
            .filter(|index| {
                let wallet = &self.wallets[usize::from(index.0)].declared;
                channel.is_none_or(|channel| {
                    wallet.channel == channel || wallet.channel == Channel::Sandbox
                })
            })
            .collect();
        wallets.sort_unstable();
        wallets.dedup();
        wallets
    }

    /// Whether a merchant may be paid into any of these wallets.
    #[must_use]
    pub fn may_be_paid_into(&self, merchant: &Merchant, wallets: &[WalletIndex]) -> bool {
        let mut named = merchant.wallets.iter().filter_map(|id| self.wallet_index(id));
        named.any(|index| wallets.contains(&index))
    }

    /// How well a wallet is watched: 0 by a device that was heard, 1 by nobody yet, 2 only by
    /// silent ones.
    #[must_use]
    pub fn watch_rank(&self, wallet: &WalletState) -> u8 {
        let mut rank = 1;
        for device in &self.devices {
            if device.declared.enabled && device.declared.wallets.contains(&wallet.declared.id) {
                match (device.last_heard, device.silent) {
                    (Some(_), false) => return 0,
                    (Some(_), true) => rank = 2,
                    (None, _) => {}
                }
            }
        }
        rank
    }

    /// An order by id.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&OrderRow> {
        self.orders.number_of(id).map(|number| self.orders.row(number))
    }

    /// An order by its merchant's number ([`crate::order::number_key`]).
    #[must_use]
    pub fn order_by_number(&self, key: Digest) -> Option<&OrderRow> {
        self.orders.number_by_key(key).map(|number| self.orders.row(number))
    }

    /// An order by its client's idempotency key ([`crate::order::idempotency_key`]).
    #[must_use]
    pub fn order_by_idempotency(&self, key: Digest) -> Option<&OrderRow> {
        let found = self.idempotency.find(digest_hash(key), |(other, _)| *other == key)?;
        Some(self.orders.row(found.1))
    }

    /// Every order, oldest first.
    pub fn orders(&self) -> impl Iterator<Item = &OrderRow> {
        self.orders.iter()
    }

    /// How many orders there are.
    #[must_use]
    pub fn orders_count(&self) -> usize {
        self.orders.len()
    }

    /// The orders that held an amount at some time within the span, both ends included; newest
    /// first.
    pub fn holders(
        &self,
        wallet: WalletIndex,
        minor: i64,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &OrderRow> {
        let head = self.wallets[usize::from(wallet.0)].slots.head(minor);
        let chain = core::iter::successors(head.map(|number| self.orders.row(number)), |row| {
            (row.previous != NO_ROW).then(|| self.orders.row(row.previous))
        });
        // Holds of one slot never overlap, so once one ended before the span all earlier ones did.
        chain
            .take_while(move |row| {
                row.reservation != Reservation::Released || row.reserved_until >= from
            })
            .filter(move |row| row.created_at <= to)
    }

    /// The first delivery of a notification key.
    #[must_use]
    pub fn seen(&self, key: Digest) -> Option<&Seen> {
        let at = |number: &u32| &self.seen[usize::try_from(*number).expect("32 bits fit")];
        self.seen_numbers.find(digest_hash(key), |number| at(number).key == key).map(at)
    }

    /// Whether a notification waits for a person.
    #[must_use]
    pub fn is_question(&self, notification: NotificationId) -> bool {
        self.questions.contains(&notification)
    }

    /// A payment in suspense.
    #[must_use]
    pub fn held_payment(&self, payment: PaymentId) -> Option<&HeldPayment> {
        self.held.get(&payment)
    }

    /// Whether a payment left suspense without an order.
    #[must_use]
    pub fn is_dismissed(&self, payment: PaymentId) -> bool {
        self.dismissed.contains(&payment)
    }

    /// All payments in suspense.
    pub fn held_payments(&self) -> impl Iterator<Item = (PaymentId, &HeldPayment)> {
        self.held.iter().map(|(id, held)| (*id, held))
    }

    /// The payments in suspense that name an order as a candidate.
    pub fn rivals(&self, order: OrderId) -> impl Iterator<Item = (PaymentId, &HeldPayment)> {
        let claimed = self.order(order).is_some_and(|row| row.claims > 0);
        let held = claimed.then(|| self.held_payments()).into_iter().flatten();
        held.filter(move |(_, held)| held.candidates.contains(&order))
    }

    /// A callback that has attempts ahead.
    #[must_use]
    pub fn pending_callback(&self, id: CallbackId) -> Option<&PendingCallback> {
        self.pending_callbacks.get(&id)
    }

    /// All callbacks that have attempts ahead.
    pub fn pending_callbacks(&self) -> impl Iterator<Item = (CallbackId, &PendingCallback)> {
        self.pending_callbacks.iter().map(|(id, pending)| (*id, pending))
    }

    /// What a scheduled callback says, also after it ended.
    #[must_use]
    pub fn topic_of(&self, id: CallbackId) -> Option<Topic> {
        let row = self.order(id.order)?;
        let known = (1..=row.callbacks).contains(&id.number);
        known.then(|| self.refund_topics.get(&id).copied().unwrap_or(Topic::OrderPaid))
    }

    /// A refund by id.
    #[must_use]
    pub fn refund(&self, id: RefundId) -> Option<&RefundRecord> {
        self.refunds.get(&id)
    }

    /// A refund by its merchant's number ([`crate::refund::number_key`]).
    #[must_use]
    pub fn refund_by_number(&self, key: Digest) -> Option<(RefundId, &RefundRecord)> {
        let id = *self.refund_numbers.get(&key)?;
        self.refund(id).map(|refund| (id, refund))
    }

    /// All refunds.
    pub fn refunds(&self) -> impl Iterator<Item = (RefundId, &RefundRecord)> {
        self.refunds.iter().map(|(id, refund)| (*id, refund))
    }

    /// Sums of money over the whole log.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// What decisions about the books need to know.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// What is due at a time, earliest first.
    pub fn due(&self, at: Timestamp) -> impl Iterator<Item = Deadline> {
        let end = (at, DeadlineKey::Device(u16::MAX));
        self.deadlines.range(..=end).map(|(_, key)| match key {
            DeadlineKey::Order(number) => {
                let row = self.orders.row(*number);
                match row.reservation {
                    Reservation::Held => Deadline::Expire(row.id),
                    Reservation::Quarantined | Reservation::Released => Deadline::Release(row.id),
                }
            }
            DeadlineKey::Device(number) => {
                let device = &self.devices[usize::from(*number)];
                let since = device.last_heard.unwrap_or_default();
                Deadline::Silence(device.declared.id.clone(), since)
            }
        })
    }

    /// When something is due next; callbacks, which the deliverer sends, are not counted.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }
}
