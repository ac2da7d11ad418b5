//! Folding events into the state.
//!
//! Invariants: no rule and no refusal here; what a decision says happens. A decision that speaks of
//! something unknown cannot come from `decide`, so it is an assertion and not an error: the log is
//! not ours or is damaged.

use alloc::vec::Vec;

use super::model::DeadlineKey;
use super::orders::{NO_ROW, digest_hash};
use super::{HeldPayment, OrderRow, Pool, Reservation, Slots, State, WalletState};
use crate::amount::Amount;
use crate::callback::{CallbackId, PendingCallback, Topic};
use crate::code::OwnCode;
use crate::decision::Decision;
use crate::fact::{Fact, OrderRequested, Wallet};
use crate::id::{OrderId, PaymentId};
use crate::matcher::Standing;
use crate::notification::Verdict;
use crate::order::{self, OrderStatus};
use crate::position::Position;
use crate::time::Timestamp;

impl State {
    /// Folds a fact and the decisions made on it. `position` is the fact's place; the decisions
    /// follow it.
    ///
    /// # Panics
    /// Where the events cannot have come from [`crate::decide::decide`] on this state.
    pub fn evolve(
        &mut self,
        position: Position,
        at: Timestamp,
        fact: &Fact,
        decisions: &[Decision],
    ) {
        assert!(at >= self.now, "log time goes back");
        assert!(position == self.position.next(), "the log has a gap");
        self.now = at;
        self.forget();
        self.fold_fact(at, fact);
        for decision in decisions {
            self.fold_decision(position, at, fact, decision);
        }
        let count = u64::try_from(decisions.len()).expect("a list fits into 64 bits");
        self.position = position.plus(count);
    }

    fn fold_fact(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::BookOpened(_) => self.open = true,
            Fact::PolicyActivated(activated) => {
                self.policy = activated.policy.clone();
                self.has_policy = true;
            }
            Fact::MerchantDeclared(merchant) => match self.merchant_numbers.get(&merchant.id) {
                Some(number) => self.merchants[usize::from(*number)] = merchant.clone(),
                None => {
                    let number = next_number(self.merchants.len());
                    self.merchant_numbers.insert(merchant.id.clone(), number);
                    self.merchants.push(merchant.clone());
                    self.open_orders.push(0);
                }
            },
            Fact::WalletDeclared(wallet) => self.declare_wallet(wallet),
            Fact::DeviceDeclared(device) => {
                self.declare_device(at, device);
                self.link();
            }
            Fact::NotificationReceived(received) => self.hear_notification(at, received),
            Fact::HeartbeatReceived(heartbeat) => {
                self.hear(&heartbeat.device, at);
                if let Some(told) = heartbeat.sent_at {
                    self.hear_clock(&heartbeat.device, at, told);
                }
            }
            Fact::CallbackAttempted(attempt) => self.count_attempt(attempt.callback),
            Fact::CodeIssued(issued) => self.issue_code(issued),
            Fact::MovementRecorded(_)
            | Fact::AdjustmentProposed(_)
            | Fact::BooksPolicyActivated(_) => self.keep_books(fact),
            Fact::TermsActivated(activated) => self.set_terms(activated.terms),
            Fact::StatementKept(kept) => self.keep_statement(kept),
            Fact::DayReconciled(run) => self.take_part(run),
            Fact::OrderRequested(_)
            | Fact::BreakWorked(_)
            | Fact::LineTaken(_)
            | Fact::DayCloseRequested(_)
            | Fact::DayReopenRequested(_)
            | Fact::OrderCloseRequested(_)
            | Fact::ClockTicked
            | Fact::RedeliveryRequested(_)
            | Fact::RefundRequested(_)
            | Fact::RefundStepTaken(_)
            | Fact::PaymentAssigned(_)
            | Fact::EvidenceJudged(_)
            | Fact::PaymentDismissed(_)
            | Fact::AdjustmentJudged(_) => {}
        }
    }

    fn declare_wallet(&mut self, wallet: &Wallet) {
        match self.wallet_numbers.get(&wallet.id) {
            Some(number) => {
                self.wallets[usize::from(*number)].declared = wallet.clone();
                self.link();
            }
            None => {
                let pool = next_number(self.wallets.len());
                self.wallet_numbers.insert(wallet.id.clone(), pool);
                let slots = Slots::default();
                self.wallets.push(WalletState { declared: wallet.clone(), slots, pool });
                self.pools.push(Pool::default());
            }
        }
    }

    // tidy: long because it is one arm for each decision
    fn fold_decision(
        &mut self,
        position: Position,
        at: Timestamp,
        fact: &Fact,
        decision: &Decision,
    ) {
        match decision {
            Decision::OrderAccepted { order, wallet, payable, expires_at } => {
                let Fact::OrderRequested(request) = fact else {
                    panic!("an order is accepted only on its request")
                };
                assert!(*order == request.order, "the accepted order is the requested one");
                let wallet = self.wallet_index(wallet).expect("the wallet was declared");
                let row = self.new_row(position, at, request, wallet, *payable, *expires_at);
                self.accept(row, request);
            }
            Decision::OrderExpired { order, quarantined_until } => {
                self.end_order(*order, OrderStatus::Expired, *quarantined_until);
            }
            Decision::OrderClosed { order, quarantined_until } => {
                self.end_order(*order, OrderStatus::Closed, *quarantined_until);
            }
            Decision::AmountReleased { order } => self.release(*order, at),
            Decision::NotificationJudged { notification, verdict } => match verdict {
                Verdict::Unreadable | Verdict::Conflict { .. } => {
                    self.questions.insert(*notification);
                }
                Verdict::First
                | Verdict::Stale
                | Verdict::Repeat { .. }
                | Verdict::Ignored
                | Verdict::Forged => {}
            },
            Decision::PaymentObserved { payment, amount, .. } => {
                self.observe(*payment, *amount);
            }
            Decision::PaymentMatched { payment, .. } => self.place(*payment),
            Decision::PaymentHeld { payment, candidates, .. } => self.hold(*payment, candidates),
            Decision::MatchProposed { .. } => {}
            Decision::OrderPaid { order, received, standing, quarantined_until, .. } => {
                self.pay(*order, *received, *standing, *quarantined_until);
            }
            Decision::CallbackScheduled { callback, topic, due } => {
                self.schedule(*callback, *topic, *due);
            }
            Decision::CallbackRetried { callback, due } => {
                let pending = self.pending_callbacks.get_mut(callback).expect("it is pending");
                pending.due = *due;
            }
            Decision::CallbackAcknowledged { callback }
            | Decision::CallbackAbandoned { callback } => {
                self.pending_callbacks.remove(callback);
            }
            Decision::DeviceFellSilent { device, .. } => self.fall_silent(device),
            // Hearing it has already brought it back.
            Decision::DeviceReturned { .. } => {}
            Decision::RefundOpened { .. } => self.open_refund(fact),
            Decision::RefundAdvanced { refund, to } => self.advance_refund(*refund, *to),
            Decision::EvidenceDismissed { notification } => {
                self.questions.remove(notification);
            }
            Decision::SuspenseEnded { payment } => self.dismiss(*payment),
            Decision::AdjustmentPosted { adjustment } => self.books.post(*adjustment),
            Decision::AdjustmentDeclined { adjustment } => self.books.decline(*adjustment),
            Decision::BreakOpened { .. }
            | Decision::BreakReclassified { .. }
            | Decision::BreakReopened { .. }
            | Decision::BreakMoved { .. }
            | Decision::BreakResolved { .. }
            | Decision::DayReckoned { .. }
            | Decision::DayClosed { .. }
            | Decision::DayReopenProposed { .. }
            | Decision::DayReopened { .. } => self.settle(at, fact, decision),
        }
    }

    pub(super) fn row_mut(&mut self, order: OrderId) -> &mut OrderRow {
        let number = self.orders.number_of(order).expect("a decision names a known order");
        self.orders.row_mut(number)
    }

    fn new_row(
        &self,
        position: Position,
        at: Timestamp,
        request: &OrderRequested,
        wallet: super::WalletIndex,
        payable: Amount,
        expires_at: Timestamp,
    ) -> OrderRow {
        let (merchant, _) = self.merchant(&request.merchant).expect("the merchant was declared");
        OrderRow {
            id: request.order,
            key: order::number_key(&request.merchant, &request.number),
            terms: order::terms(request),
            position,
            requested: request.requested.minor(),
            payable: payable.minor(),
            received: 0,
            refunded: 0,
            created_at: at,
            reserved_until: expires_at,
            previous: NO_ROW,
            merchant,
            wallet,
            callbacks: 0,
            attempts: 0,
            claims: 0,
            status: OrderStatus::Open,
            reservation: Reservation::Held,
            dialect: request.dialect,
            currency: payable.currency(),
            has_notify_url: request.notify_url.is_some(),
            code: OwnCode::None,
        }
    }

    fn accept(&mut self, row: OrderRow, request: &OrderRequested) {
        let (wallet, merchant) = (usize::from(row.wallet.0), usize::from(row.merchant.0));
        let (minor, expires_at) = (row.payable, row.reserved_until);
        let number = self.orders.insert(row);
        if self.wallets[wallet].declared.gives_own_codes() {
            self.orders.row_mut(number).code = OwnCode::Awaited;
        } else {
            self.take(wallet, minor, number);
        }
        self.open_orders[merchant] = self.open_orders[merchant].saturating_add(1);
        self.deadlines.insert((expires_at, DeadlineKey::Order(number)));
        if let Some(key) = request.idempotency {
            self.idempotency
                .insert_unique(digest_hash(key), (key, number), |(other, _)| digest_hash(*other));
        }
    }

    /// Moves the order's amount into quarantine, whatever it was in before.
    fn quarantine(&mut self, number: u32, until: Timestamp) {
        let row = self.orders.row_mut(number);
        let was = (row.reserved_until, row.reservation);
        if was.1 == Reservation::Released {
            // Others may hold the amount by now; what is released stays released.
            return;
        }
        row.reservation = Reservation::Quarantined;
        row.reserved_until = until;
        self.deadlines.remove(&(was.0, DeadlineKey::Order(number)));
        self.deadlines.insert((until, DeadlineKey::Order(number)));
    }

    fn leave_open(&mut self, number: u32) {
        let row = self.orders.row(number);
        if row.status == OrderStatus::Open {
            let merchant = usize::from(row.merchant.0);
            self.open_orders[merchant] = self.open_orders[merchant].saturating_sub(1);
        }
    }

    fn end_order(&mut self, order: OrderId, status: OrderStatus, until: Timestamp) {
        let number = self.orders.number_of(order).expect("a decision names a known order");
        self.leave_open(number);
        self.orders.row_mut(number).status = status;
        self.quarantine(number, until);
    }

    fn release(&mut self, order: OrderId, at: Timestamp) {
        let number = self.orders.number_of(order).expect("a decision names a known order");
        let row = self.orders.row_mut(number);
        let was = row.reserved_until;
        row.reservation = Reservation::Released;
        row.reserved_until = at;
        let (wallet, minor, unpaid, code) =
            (usize::from(row.wallet.0), row.payable, !row.status.is_settled(), row.code);
        self.deadlines.remove(&(was, DeadlineKey::Order(number)));
        if code != OwnCode::None {
            return;
        }
        if unpaid {
            self.remember(number);
        }
        let WalletState { slots, pool, .. } = &mut self.wallets[wallet];
        slots.free();
        self.pools[usize::from(*pool)].free(minor);
    }

    fn observe(&mut self, payment: PaymentId, amount: Amount) {
        self.questions.remove(&crate::id::NotificationId::from_bits(payment.bits()));
        self.totals.observed = self.totals.observed.saturating_add(i128::from(amount.minor()));
        self.observed = Some((payment, amount));
    }

    fn hold(&mut self, payment: PaymentId, candidates: &[OrderId]) {
        let (observed, amount) = self.observed.take().expect("a held payment was just observed");
        assert!(observed == payment, "the held payment is the observed one");
        self.totals.held = self.totals.held.saturating_add(i128::from(amount.minor()));
        for order in candidates {
            let row = self.row_mut(*order);
            row.claims = row.claims.saturating_add(1);
        }
        let candidates = Vec::from(candidates);
        self.held.insert(payment, HeldPayment { amount, candidates });
    }

    /// A matched payment has its place, and leaves suspense where it was there.
    fn place(&mut self, payment: PaymentId) {
        self.observed = None;
        self.unhold(payment);
    }

    fn dismiss(&mut self, payment: PaymentId) {
        let amount = self.unhold(payment).expect("only a held payment is dismissed");
        let sum = self.totals.dismissed.saturating_add(i128::from(amount.minor()));
        self.totals.dismissed = sum;
        self.dismissed.insert(payment);
    }

    /// A payment leaves suspense, where it was there, and claims no order any more.
    fn unhold(&mut self, payment: PaymentId) -> Option<Amount> {
        let held = self.held.remove(&payment)?;
        self.totals.held = self.totals.held.saturating_sub(i128::from(held.amount.minor()));
        for order in held.candidates {
            let row = self.row_mut(order);
            row.claims = row.claims.saturating_sub(1);
        }
        Some(held.amount)
    }

    fn pay(&mut self, order: OrderId, received: Amount, standing: Standing, until: Timestamp) {
        let number = self.orders.number_of(order).expect("a decision names a known order");
        self.leave_open(number);
        let row = self.orders.row_mut(number);
        row.received = row.received.saturating_add(received.minor());
        row.status = match standing {
            Standing::Exact => OrderStatus::Paid,
            Standing::Late => OrderStatus::PaidLate,
            Standing::Over => OrderStatus::Overpaid,
            Standing::Under => OrderStatus::Underpaid,
        };
        self.totals.matched = self.totals.matched.saturating_add(i128::from(received.minor()));
        self.quarantine(number, until);
    }

    fn schedule(&mut self, callback: CallbackId, topic: Topic, due: Timestamp) {
        let row = self.row_mut(callback.order);
        row.callbacks = row.callbacks.max(callback.number);
        match topic {
            Topic::OrderPaid => {}
            Topic::RefundConfirmed(_) | Topic::RefundDeclined(_) => {
                self.refund_topics.insert(callback, topic);
            }
        }
        self.pending_callbacks.insert(callback, PendingCallback { topic, due, tries: 0 });
    }

    fn count_attempt(&mut self, callback: CallbackId) {
        let row = self.row_mut(callback.order);
        row.attempts = row.attempts.saturating_add(1);
        let pending = self.pending_callbacks.get_mut(&callback).expect("it is pending");
        pending.tries = pending.tries.saturating_add(1);
    }
}

pub(super) fn next_number(len: usize) -> u16 {
    u16::try_from(len).expect("decide keeps declarations within 16 bits")
}
