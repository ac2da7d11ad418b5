//! What the state is made of.
//!
//! Invariants: no field is public; the fold writes them and the look-ups read them. Walks go over
//! vectors and trees only: a hash table answers questions about one key and is never walked.
//! Deliberately not here: folding (`evolve`), looking up (`lookup`), rows and amounts (`orders`,
//! `slots`).

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use hashbrown::HashTable;

use super::orders::Orders;
use super::pools::Pool;
use super::reckoning::Reckonings;
use super::slots::Slots;
use crate::amount::Amount;
use crate::callback::{CallbackId, PendingCallback, Topic};
use crate::digest::Digest;
use crate::fact::{Device, Merchant, Wallet};
use crate::id::{DeviceId, MerchantId, NotificationId, OrderId, PaymentId, RefundId, WalletId};
use crate::ledger::Books;
use crate::policy::Policy;
use crate::position::Position;
use crate::refund::RefundRecord;
use crate::time::Timestamp;

/// The number of a wallet in its book, in the order of declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalletIndex(pub(super) u16);

impl WalletIndex {
    /// The number, from 0.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// The number of a merchant in its book, in the order of declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MerchantIndex(pub(super) u16);

/// A wallet with its amounts.
#[derive(Clone, Debug)]
pub struct WalletState {
    /// What was declared.
    pub declared: Wallet,
    /// Its amounts.
    pub slots: Slots,
    /// The number of the first wallet that it shares amounts with; its own where it shares none.
    pub(crate) pool: u16,
}

/// Wallets that a device watched before it was declared anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// The wallets, in no order that means anything.
    pub wallets: Vec<WalletIndex>,
    /// When it was given others.
    pub until: Timestamp,
}

/// A device and when it was heard.
#[derive(Clone, Debug)]
pub struct DeviceState {
    /// What was declared.
    pub declared: Device,
    /// What it watched before, oldest first: evidence may come later than the change.
    pub former: Vec<Former>,
    /// When it was last heard.
    pub last_heard: Option<Timestamp>,
    /// Whether it counts as offline.
    pub silent: bool,
    /// The latest time that a heartbeat of it told. One with an earlier time is an old one that
    /// came again, or comes from a clock that was set back: it says nothing of the clock.
    pub clock_told: Option<Timestamp>,
    /// When the first heartbeat with that time came in.
    pub clock_heard: Option<Timestamp>,
    /// When it counts as offline if nothing is heard.
    pub silence_due: Option<Timestamp>,
}

/// The first delivery of a key.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The key.
    pub key: Digest,
    /// What it said.
    pub content: Digest,
    /// Which delivery it was.
    pub notification: NotificationId,
}

/// A payment in suspense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPayment {
    /// How much.
    pub amount: Amount,
    /// Every order that could have been meant.
    pub candidates: Vec<OrderId>,
}

/// Something that happens by itself when its time comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The order stops waiting.
    Expire(OrderId),
    /// The quarantine of the order's amount ends.
    Release(OrderId),
    /// The device, last heard at this time, counts as offline.
    Silence(DeviceId, Timestamp),
}

/// A deadline in few bytes, ordered by time and then by kind and number, so that walks are the same
/// everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DeadlineKey {
    Order(u32),
    Device(u16),
}

/// Sums of money over the whole log, for the invariant that none of it is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All payments observed, in minor units.
    pub observed: i128,
    /// All payments that settled an order, in minor units.
    pub matched: i128,
    /// All payments in suspense, in minor units.
    pub held: i128,
    /// All payments that belong to no order, by an operator's word, in minor units.
    pub dismissed: i128,
}

/// What decisions need to know.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(super) open: bool,
    pub(super) now: Timestamp,
    pub(super) position: Position,
    pub(super) policy: Policy,
    /// Whether the policy in force is in the log; until then it is the default of this build.
    pub(super) has_policy: bool,
    pub(super) merchants: Vec<Merchant>,
    pub(super) merchant_numbers: BTreeMap<MerchantId, u16>,
    pub(super) open_orders: Vec<u32>,
    pub(super) wallets: Vec<WalletState>,
    /// One for each wallet; those that are not the first of their pool stay empty.
    pub(super) pools: Vec<Pool>,
    pub(super) wallet_numbers: BTreeMap<WalletId, u16>,
    pub(super) devices: Vec<DeviceState>,
    pub(super) device_numbers: BTreeMap<DeviceId, u16>,
    pub(super) orders: Orders,
    /// Unpaid orders whose released amounts may still get late money, oldest release first.
    pub(super) remembered: VecDeque<u32>,
    pub(super) idempotency: HashTable<(Digest, u32)>,
    pub(super) codes: HashTable<(Digest, u32)>,
    pub(super) deadlines: BTreeSet<(Timestamp, DeadlineKey)>,
    pub(super) seen: Vec<Seen>,
    pub(super) seen_numbers: HashTable<u32>,
    pub(super) questions: BTreeSet<NotificationId>,
    pub(super) observed: Option<(PaymentId, Amount)>,
    pub(super) held: BTreeMap<PaymentId, HeldPayment>,
    /// Payments that left suspense without an order: 16 bytes for each time that a person did it.
    pub(super) dismissed: BTreeSet<PaymentId>,
    pub(super) pending_callbacks: BTreeMap<CallbackId, PendingCallback>,
    pub(super) refund_topics: BTreeMap<CallbackId, Topic>,
    pub(super) refunds: BTreeMap<RefundId, RefundRecord>,
    pub(super) refund_numbers: BTreeMap<Digest, RefundId>,
    pub(super) totals: Totals,
    pub(super) books: Books,
    pub(super) reckonings: Reckonings,
}
