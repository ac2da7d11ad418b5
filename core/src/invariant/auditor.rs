//! A second opinion on a whole log.
//!
//! The auditor folds facts and decisions with its own small maps and never asks the rules or their
//! state, so a mistake there cannot hide here. It goes on after a violation: one broken promise
//! must not cover another.
//! Invariants: memory is one small record for each order, payment, notification key and refund,
//! plus the open holds and callbacks; at most `VIOLATIONS_MAX` violations are kept.
//! Deliberately not here: verdicts on deliveries (`deliveries`), money after it was observed
//! (`money`), the books (`books`), whether a better decision existed
//! (the oracle in the tests), stored bytes and roots (eventlog).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::books::BooksCheck;
use super::codes::{Codes, Slot};
use super::holds::Holder;
use super::list::{Invariant, Violation};
use super::reckoning::Reckonings;
use crate::amount::Amount;
use crate::callback::CallbackId;
use crate::decision::Decision;
use crate::digest::Digest;
use crate::fact::{Fact, OrderRequested};
use crate::id::{NotificationId, OrderId, PaymentId, RefundId, WalletId};
use crate::matcher::Standing;
use crate::policy::{Policy, Step};
use crate::position::Position;
use crate::refund::RefundState;
use crate::time::Timestamp;

/// Most violations kept: whoever reads a report does not read more, and a broken log may have
/// millions.
const VIOLATIONS_MAX: usize = 1_000;

/// What the auditor remembers of an order.
#[derive(Clone, Debug)]
pub(super) struct OrderRecord {
    pub(super) payable: Amount,
    pub(super) received: i128,
    pub(super) refunded: i128,
    pub(super) settled: bool,
    pub(super) open: bool,
    pub(super) callbacks: u16,
    pub(super) wallet: u16,
    /// Whether it has a code of its own, and so may have the same amount as others.
    pub(super) own_code: bool,
    /// When it stops waiting if nothing comes.
    pub(super) expires_at: Timestamp,
}

/// What the auditor remembers of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PaymentRecord {
    Observed(Amount),
    Held(Amount),
    /// Matched to the order; the next decision must give it this very amount.
    Matched(OrderId, Amount),
    Paid,
    Dismissed,
}

/// The second opinion.
#[derive(Clone, Debug, Default)]
pub struct Auditor {
    pub(super) position: Position,
    pub(super) at: Timestamp,
    pub(super) policy: Policy,
    pub(super) wallets: Vec<WalletId>,
    pub(super) holders: BTreeMap<Slot, Holder>,
    pub(super) orders: BTreeMap<OrderId, OrderRecord>,
    pub(super) keys: BTreeMap<Digest, (Digest, NotificationId)>,
    pub(super) questions: BTreeSet<NotificationId>,
    pub(super) payments: BTreeMap<PaymentId, PaymentRecord>,
    pub(super) refunds: BTreeMap<RefundId, (OrderId, Amount, RefundState)>,
    pub(super) callbacks: BTreeSet<CallbackId>,
    pub(super) codes: Codes,
    pub(super) reckonings: Reckonings,
    /// Observed, matched, held and dismissed money in minor units, whatever its currency.
    pub(super) sums: [i128; 4],
    /// The wallets that this group's payment may have come to.
    pub(super) came_to: Vec<WalletId>,
    /// The payment that this group's fact may give rise to.
    pub(super) payment_due: Option<PaymentId>,
    /// The ledger, and what it should be.
    books: BooksCheck,
    violations: Vec<Violation>,
}

impl Auditor {
    /// Before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was found so far, oldest first.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// What an order has received by the auditor's own count, in minor units.
    #[must_use]
    pub fn received(&self, order: OrderId) -> Option<i128> {
        self.orders.get(&order).map(|record| record.received)
    }

    /// Money in suspense by the auditor's own count, in minor units.
    #[must_use]
    pub fn suspense(&self) -> i128 {
        self.sums[2]
    }

    pub(super) fn report(&mut self, invariant: Invariant, what: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation { invariant, position: self.position, what });
        }
    }

    pub(super) fn expect(&mut self, holds: bool, invariant: Invariant, what: &str) {
        if !holds {
            self.report(invariant, String::from(what));
        }
    }

    /// Folds a fact, with its place, and the decisions made on it.
    pub fn fold(&mut self, position: Position, at: Timestamp, fact: &Fact, decisions: &[Decision]) {
        let dense = position == self.position.next();
        self.position = position;
        self.expect(dense, Invariant::PositionsDense, "this place does not follow the one before");
        self.expect(at >= self.at, Invariant::TimeNeverBack, "earlier than the fact before");
        self.at = self.at.max(at);
        self.fold_fact(fact, decisions);
        for decision in decisions {
            self.fold_decision(fact, decision);
            self.settled(fact, decisions, decision);
        }
        self.close_group(decisions);
        for (invariant, what) in self.books.fold(position, at, fact, decisions) {
            self.report(invariant, what);
        }
        let count = u64::try_from(decisions.len()).unwrap_or(u64::MAX);
        self.position = position.plus(count);
    }

    fn fold_fact(&mut self, fact: &Fact, decisions: &[Decision]) {
        self.payment_due = None;
        self.came_to.clear();
        match fact {
            Fact::PolicyActivated(activated) => self.policy = activated.policy.clone(),
            Fact::WalletDeclared(wallet) => {
                self.codes.declare(wallet);
                if !self.wallets.contains(&wallet.id) {
                    self.wallets.push(wallet.id.clone());
                }
            }
            Fact::NotificationReceived(received) => self.judge(received, decisions),
            Fact::CallbackAttempted(attempt) => {
                let pending = self.callbacks.contains(&attempt.callback);
                self.expect(pending, Invariant::AttemptsEnd, "an attempt after the end");
                let ends = decisions.len() == 1;
                self.expect(ends, Invariant::AttemptsEnd, "an attempt has one consequence");
            }
            Fact::EvidenceJudged(judged) => {
                let asked = self.questions.remove(&judged.notification);
                self.expect(asked, Invariant::KnownOnly, "nobody asked about this evidence");
                self.payment_due = Some(PaymentId::of(judged.notification));
            }
            Fact::PaymentDismissed(dismissed) => {
                let ended = Decision::SuspenseEnded { payment: dismissed.payment };
                let ends = decisions.first() == Some(&ended);
                self.expect(ends, Invariant::SuspenseAddsUp, "a dismissal ends its suspense");
            }
            Fact::CodeIssued(issued) => self.code_issued(issued),
            Fact::StatementKept(kept) => self.reckonings.keep(kept),
            Fact::DayReconciled(run) => self.reckonings.take_part(run),
            Fact::BreakWorked(worked) => self.worked(worked),
            Fact::LineTaken(taken) => self.payment_due = Some(PaymentId::of_line(taken.id)),
            Fact::MovementRecorded(_)
            | Fact::AdjustmentProposed(_)
            | Fact::AdjustmentJudged(_)
            | Fact::BooksPolicyActivated(_)
            | Fact::TermsActivated(_)
            | Fact::DayCloseRequested(_)
            | Fact::DayReopenRequested(_)
            | Fact::BookOpened(_)
            | Fact::MerchantDeclared(_)
            | Fact::DeviceDeclared(_)
            | Fact::OrderRequested(_)
            | Fact::OrderCloseRequested(_)
            | Fact::HeartbeatReceived(_)
            | Fact::ClockTicked
            | Fact::RedeliveryRequested(_)
            | Fact::RefundRequested(_)
            | Fact::RefundStepTaken(_)
            | Fact::PaymentAssigned(_) => {}
        }
    }

    // tidy: long because it is one arm for each decision
    fn fold_decision(&mut self, fact: &Fact, decision: &Decision) {
        match decision {
            Decision::OrderAccepted { order, wallet, payable, expires_at } => {
                if let Fact::OrderRequested(request) = fact
                    && request.order == *order
                {
                    self.accept(request, wallet, *payable, *expires_at);
                } else {
                    self.report(Invariant::KnownOnly, format!("{order} was not requested"));
                }
            }
            Decision::OrderExpired { order, quarantined_until }
            | Decision::OrderClosed { order, quarantined_until } => {
                let open = self
                    .orders
                    .get_mut(order)
                    .is_some_and(|record| core::mem::replace(&mut record.open, false));
                self.expect(open, Invariant::KnownOnly, "only an open order ends");
                self.quarantine(*order, *quarantined_until);
            }
            Decision::AmountReleased { order } => self.release(*order),
            Decision::NotificationJudged { .. } => {
                let received = matches!(fact, Fact::NotificationReceived(_));
                self.expect(received, Invariant::OneVerdict, "a verdict without a delivery");
            }
            Decision::PaymentObserved { payment, wallets, amount, .. } => {
                self.came_to.clone_from(wallets);
                let due = self.payment_due.take() == Some(*payment);
                self.expect(due, Invariant::OnlyFirstPays, "nothing gives rise to this payment");
                self.observe(*payment, *amount);
            }
            Decision::PaymentMatched { payment, order, rule, candidates, .. } => {
                self.matched(fact, *payment, *order, *rule, candidates);
            }
            Decision::PaymentHeld { payment, candidates, .. } => {
                self.held(*payment, candidates);
            }
            Decision::MatchProposed { payment, order } => self.proposed(*payment, *order),
            Decision::OrderPaid { order, payment, received, standing, quarantined_until } => {
                self.paid(*order, *payment, *received);
                match standing {
                    Standing::Under => self.keep(*order, *received, *quarantined_until),
                    Standing::Exact | Standing::Late | Standing::Over => {
                        self.quarantine(*order, *quarantined_until);
                    }
                }
            }
            Decision::CallbackScheduled { callback, .. } => self.scheduled(fact, *callback),
            Decision::CallbackRetried { callback, .. } => self.attempted(fact, *callback),
            Decision::CallbackAcknowledged { callback }
            | Decision::CallbackAbandoned { callback } => {
                self.attempted(fact, *callback);
                self.callbacks.remove(callback);
            }
            Decision::RefundOpened { refund } => self.refund_opened(fact, *refund),
            Decision::RefundAdvanced { refund, to } => self.refund_advanced(*refund, *to),
            Decision::SuspenseEnded { payment } => self.dismissed(fact, *payment),
            // Breaks and days have an eye of their own (`settled`).
            Decision::BreakOpened { .. }
            | Decision::BreakReclassified { .. }
            | Decision::BreakReopened { .. }
            | Decision::BreakMoved { .. }
            | Decision::BreakResolved { .. }
            | Decision::DayReckoned { .. }
            | Decision::DayClosed { .. }
            | Decision::DayReopenProposed { .. }
            | Decision::DayReopened { .. }
            | Decision::DeviceFellSilent { .. }
            | Decision::DeviceReturned { .. }
            | Decision::EvidenceDismissed { .. }
            | Decision::AdjustmentPosted { .. }
            | Decision::AdjustmentDeclined { .. } => {}
        }
    }

    fn accept(
        &mut self,
        request: &OrderRequested,
        wallet: &WalletId,
        payable: Amount,
        expires_at: Timestamp,
    ) {
        let offset = payable.minor().saturating_sub(request.requested.minor());
        let near = offset.unsigned_abs() <= u64::from(self.policy.max_offset);
        let directed = match self.policy.step {
            Step::Up => offset >= 0,
            Step::Down => offset <= 0,
            Step::Nearest => true,
        };
        let sound = payable.is_positive() && payable.currency() == request.requested.currency();
        let own_code = self.codes.accept(request.order, wallet);
        let near = near && (offset == 0 || !own_code);
        self.expect(near && directed && sound, Invariant::PayableNear, "not near what was asked");
        let Some(wallet) = self.wallets.iter().position(|known| known == wallet) else {
            self.report(Invariant::KnownOnly, format!("unknown wallet {wallet}"));
            return;
        };
        let wallet = u16::try_from(wallet).unwrap_or(u16::MAX);
        let slot = (wallet, payable.minor(), own_code.then_some(request.order));
        match self.holders.get(&slot).copied() {
            Some(Holder { order, until: None }) => {
                self.report(Invariant::OneHolder, format!("{order} holds it"));
            }
            Some(Holder { order, until: Some(_) }) => {
                self.report(Invariant::QuarantineKept, format!("still {order}'s"));
            }
            None => {}
        }
        self.holders.insert(slot, Holder { order: request.order, until: None });
        let record = OrderRecord {
            payable,
            received: 0,
            refunded: 0,
            settled: false,
            open: true,
            callbacks: 0,
            wallet,
            own_code,
            expires_at,
        };
        let new = self.orders.insert(request.order, record).is_none();
        self.expect(new, Invariant::KnownOnly, "an order id was given twice");
    }

    fn close_group(&mut self, decisions: &[Decision]) {
        self.closed_days_stay_clean(decisions);
        for decision in decisions {
            let (Decision::PaymentObserved { payment, .. }
            | Decision::PaymentMatched { payment, .. }) = decision
            else {
                continue;
            };
            let record = self.payments.get(payment);
            if matches!(record, Some(PaymentRecord::Observed(_) | PaymentRecord::Matched(..))) {
                self.report(Invariant::SuspenseAddsUp, format!("{payment} went nowhere"));
            }
        }
        let [observed, matched, held, dismissed] = self.sums;
        let adds_up = observed == matched.saturating_add(held).saturating_add(dismissed);
        self.expect(adds_up, Invariant::SuspenseAddsUp, "observed is not all that became of it");
    }
}
