//! What a reader of the log knows, by walking all of it each time. Slow and plain on purpose.
//!
//! Deliberately not here: any look at the engine's state.

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::fact::{Device, Fact, Merchant, Wallet};
use duizhang_core::id::{
    DeviceId, MerchantId, NotificationId, OrderId, PaymentId, RefundId, WalletId,
};
use duizhang_core::matcher::Standing;
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::Policy;
use duizhang_core::refund::RefundState;
use duizhang_core::testing::Entry;
use duizhang_core::time::Timestamp;

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) merchant: MerchantId,
    pub(crate) number: String,
    pub(crate) wallet: WalletId,
    pub(crate) payable: Amount,
    pub(crate) from: Timestamp,
    pub(crate) until: Option<Timestamp>,
    pub(crate) status: OrderStatus,
    /// What came and what was asked back, in minor units.
    pub(crate) came: i64,
    pub(crate) returning: i64,
}

/// Everything that was said before a moment.
#[derive(Default)]
pub(crate) struct Past {
    pub(crate) policy: Policy,
    pub(crate) orders: Vec<Order>,
    pub(crate) merchants: BTreeMap<MerchantId, Merchant>,
    pub(crate) wallets: BTreeMap<WalletId, Wallet>,
    pub(crate) devices: BTreeMap<DeviceId, Device>,
    /// Devices as they were declared before, and until when.
    pub(crate) unwatched: Vec<(Device, Timestamp)>,
    /// Refunds with their orders and amounts.
    pub(crate) refunds: BTreeMap<RefundId, (OrderId, i64)>,
    /// Whether a device that was heard counts as silent.
    pub(crate) silent: BTreeMap<DeviceId, bool>,
    /// The last heartbeat with a time: when it came, and what it said.
    pub(crate) beats: BTreeMap<DeviceId, (Timestamp, Timestamp)>,
    pub(crate) keys: BTreeMap<Digest, (Digest, NotificationId)>,
    pub(crate) suspense: BTreeMap<PaymentId, Vec<OrderId>>,
    /// Amounts that unpaid orders held, and when they were released.
    pub(crate) late: Vec<(Timestamp, WalletId, i64)>,
}

impl Past {
    pub(crate) fn of(log: &[Entry]) -> Self {
        let mut past = Self::default();
        for entry in log {
            let lookback = past.policy.lookback;
            past.late.retain(|(since, ..)| entry.at.since(*since) <= lookback);
            past.hear(entry);
            for decision in &entry.decisions {
                past.follow(entry, decision);
            }
        }
        past
    }

    fn hear(&mut self, entry: &Entry) {
        match &entry.fact {
            Fact::PolicyActivated(activated) => self.policy = activated.policy.clone(),
            Fact::MerchantDeclared(one) => drop(self.merchants.insert(one.id.clone(), one.clone())),
            Fact::WalletDeclared(one) => drop(self.wallets.insert(one.id.clone(), one.clone())),
            Fact::DeviceDeclared(one) => {
                if let Some(before) = self.devices.insert(one.id.clone(), one.clone())
                    && before.wallets != one.wallets
                {
                    self.unwatched.push((before, entry.at));
                }
            }
            Fact::HeartbeatReceived(beat) => {
                self.silent.insert(beat.device.clone(), false);
                if let Some(sent_at) = beat.sent_at {
                    // An old heartbeat may come again, from whomever.
                    let known = self.beats.get(&beat.device);
                    if known.is_none_or(|(_, told)| *told < sent_at) {
                        self.beats.insert(beat.device.clone(), (entry.at, sent_at));
                    }
                }
            }
            Fact::NotificationReceived(received) => {
                if let Some(device) = received.authentic_device() {
                    self.silent.insert(device.clone(), false);
                    let first = (received.content, received.notification);
                    self.keys.entry(received.key).or_insert(first);
                }
            }
            _ => {}
        }
    }

    fn order_mut(&mut self, id: OrderId) -> &mut Order {
        self.orders.iter_mut().find(|order| order.id == id).expect("the log named it before")
    }

    fn follow(&mut self, entry: &Entry, decision: &Decision) {
        match decision {
            Decision::OrderAccepted { order, wallet, payable, .. } => {
                let Fact::OrderRequested(request) = &entry.fact else { panic!("no request") };
                self.orders.push(Order {
                    id: *order,
                    merchant: request.merchant.clone(),
                    number: request.number.clone(),
                    wallet: wallet.clone(),
                    payable: *payable,
                    from: entry.at,
                    until: None,
                    status: OrderStatus::Open,
                    came: 0,
                    returning: 0,
                });
            }
            Decision::OrderExpired { order, .. } => {
                self.order_mut(*order).status = OrderStatus::Expired;
            }
            Decision::OrderClosed { order, .. } => {
                self.order_mut(*order).status = OrderStatus::Closed;
            }
            Decision::AmountReleased { order } => {
                let one = self.order_mut(*order);
                one.until = Some(entry.at);
                if !one.status.is_settled() {
                    let late = (entry.at, one.wallet.clone(), one.payable.minor());
                    self.late.push(late);
                }
            }
            Decision::RefundOpened { .. } => {
                let Fact::RefundRequested(request) = &entry.fact else { panic!("no request") };
                self.order_mut(request.order).returning += request.amount.minor();
                self.refunds.insert(request.refund, (request.order, request.amount.minor()));
            }
            Decision::RefundAdvanced { refund, to: RefundState::Declined } => {
                let (order, minor) = self.refunds[refund];
                self.order_mut(order).returning -= minor;
            }
            Decision::OrderPaid { order, standing, received, .. } => {
                self.order_mut(*order).came += received.minor();
                self.order_mut(*order).status = match standing {
                    Standing::Exact => OrderStatus::Paid,
                    Standing::Late => OrderStatus::PaidLate,
                    Standing::Over => OrderStatus::Overpaid,
                    Standing::Under => OrderStatus::Underpaid,
                };
            }
            Decision::PaymentHeld { payment, candidates, .. } => {
                self.suspense.insert(*payment, candidates.clone());
            }
            Decision::PaymentMatched { payment, .. } | Decision::SuspenseEnded { payment } => {
                self.suspense.remove(payment);
            }
            Decision::DeviceFellSilent { device, .. } => {
                self.silent.insert(device.clone(), true);
            }
            _ => {}
        }
    }
}
