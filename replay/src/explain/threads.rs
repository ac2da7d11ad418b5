//! Which events belong to a story.
//!
//! A story starts with one id and learns others from the events that name it: an order learns of
//! payments that could have been its own, a delivery of its repeats. It never learns of another
//! order, or every story would become the whole log.
//! Deliberately not here: how events are told (`sentences`).

use std::collections::{BTreeMap, BTreeSet};

use duizhang_core::callback::CallbackId;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, NotificationId, OrderId, PaymentId, RefundId};
use duizhang_core::notification::Verdict;

use super::subject::Subject;

/// The ids whose events belong to a story.
#[derive(Clone, Debug, Default)]
pub(crate) struct Threads {
    number: Option<String>,
    pub(crate) orders: BTreeSet<OrderId>,
    pub(crate) notifications: BTreeSet<NotificationId>,
    pub(crate) payments: BTreeSet<PaymentId>,
    pub(crate) callback: Option<CallbackId>,
    difference: Option<BreakId>,
    pub(crate) matched: BTreeMap<PaymentId, OrderId>,
    refunds: BTreeSet<RefundId>,
}

impl Threads {
    pub(crate) fn of(subject: &Subject) -> Self {
        let mut threads = Self::default();
        match subject {
            Subject::Order(id) => {
                threads.orders.insert(*id);
            }
            Subject::OrderNumber(number) => threads.number = Some(number.clone()),
            Subject::Notification(id) => threads.learn_payment(PaymentId::of(*id)),
            Subject::Payment(id) => threads.learn_payment(*id),
            Subject::Callback(id) => threads.callback = Some(*id),
            Subject::Break(id) => threads.difference = Some(*id),
        }
        threads
    }

    fn learn_payment(&mut self, payment: PaymentId) {
        self.payments.insert(payment);
        self.notifications.insert(NotificationId::from_bits(payment.bits()));
    }

    /// Takes in what a chapter tells of further ids.
    pub(crate) fn learn(&mut self, chapter: &Chapter) {
        match &chapter.fact {
            Fact::OrderRequested(request) if self.number.as_ref() == Some(&request.number) => {
                self.orders.insert(request.order);
            }
            Fact::RefundRequested(request) if self.orders.contains(&request.order) => {
                self.refunds.insert(request.refund);
            }
            _ => {}
        }
        for decision in &chapter.decisions {
            match decision {
                Decision::PaymentMatched { payment, order, .. } if self.decision(decision) => {
                    self.learn_payment(*payment);
                    self.matched.insert(*payment, *order);
                }
                Decision::PaymentHeld { payment, .. } if self.decision(decision) => {
                    self.learn_payment(*payment);
                }
                Decision::NotificationJudged { notification, .. } if self.decision(decision) => {
                    self.notifications.insert(*notification);
                }
                _ => {}
            }
        }
    }

    fn is_about(&self, callback: CallbackId) -> bool {
        self.callback == Some(callback) || self.orders.contains(&callback.order)
    }

    /// Whether the story is about this fact.
    pub(crate) fn fact(&self, fact: &Fact) -> bool {
        match fact {
            Fact::OrderRequested(request) => self.orders.contains(&request.order),
            Fact::OrderCloseRequested(request) => self.orders.contains(&request.order),
            Fact::NotificationReceived(received) => {
                self.notifications.contains(&received.notification)
            }
            Fact::EvidenceJudged(judged) => self.notifications.contains(&judged.notification),
            Fact::CodeIssued(issued) => self.orders.contains(&issued.order),
            Fact::CallbackAttempted(attempt) => self.is_about(attempt.callback),
            Fact::RedeliveryRequested(request) => self.is_about(request.callback),
            Fact::RefundRequested(request) => self.orders.contains(&request.order),
            Fact::RefundStepTaken(taken) => self.refunds.contains(&taken.refund),
            Fact::PaymentAssigned(assigned) => {
                self.payments.contains(&assigned.payment) || self.orders.contains(&assigned.order)
            }
            Fact::PaymentDismissed(dismissed) => self.payments.contains(&dismissed.payment),
            Fact::BreakWorked(worked) => self.difference == Some(worked.id),
            Fact::LineTaken(taken) => {
                self.difference == Some(taken.id)
                    || self.payments.contains(&PaymentId::of_line(taken.id))
            }
            Fact::DayCloseRequested(request) => {
                self.difference.is_some_and(|id| request.accepted.contains(&id))
            }
            Fact::StatementKept(_)
            | Fact::DayReconciled(_)
            | Fact::DayReopenRequested(_)
            | Fact::BookOpened(_)
            | Fact::PolicyActivated(_)
            | Fact::MerchantDeclared(_)
            | Fact::WalletDeclared(_)
            | Fact::DeviceDeclared(_)
            | Fact::HeartbeatReceived(_)
            | Fact::ClockTicked
            | Fact::MovementRecorded(_)
            | Fact::AdjustmentProposed(_)
            | Fact::AdjustmentJudged(_)
            | Fact::BooksPolicyActivated(_)
            | Fact::TermsActivated(_) => false,
        }
    }

    /// Whether the story is about this decision.
    pub(crate) fn decision(&self, decision: &Decision) -> bool {
        let any = |candidates: &[OrderId]| candidates.iter().any(|id| self.orders.contains(id));
        match decision {
            Decision::OrderAccepted { order, .. }
            | Decision::OrderExpired { order, .. }
            | Decision::OrderClosed { order, .. }
            | Decision::AmountReleased { order } => self.orders.contains(order),
            Decision::NotificationJudged { notification, verdict } => {
                let earlier = match verdict {
                    Verdict::Repeat { of } => Some(of),
                    Verdict::Conflict { with } => Some(with),
                    Verdict::First
                    | Verdict::Stale
                    | Verdict::Ignored
                    | Verdict::Unreadable
                    | Verdict::Forged => None,
                };
                self.notifications.contains(notification)
                    || earlier.is_some_and(|id| self.notifications.contains(id))
            }
            Decision::PaymentObserved { payment, .. } | Decision::SuspenseEnded { payment } => {
                self.payments.contains(payment)
            }
            Decision::PaymentMatched { payment, order, candidates, .. } => {
                self.payments.contains(payment) || self.orders.contains(order) || any(candidates)
            }
            Decision::PaymentHeld { payment, candidates, .. } => {
                self.payments.contains(payment) || any(candidates)
            }
            Decision::MatchProposed { payment, order }
            | Decision::OrderPaid { order, payment, .. } => {
                self.payments.contains(payment) || self.orders.contains(order)
            }
            Decision::CallbackScheduled { callback, .. }
            | Decision::CallbackRetried { callback, .. }
            | Decision::CallbackAcknowledged { callback }
            | Decision::CallbackAbandoned { callback } => self.is_about(*callback),
            Decision::RefundOpened { refund } | Decision::RefundAdvanced { refund, .. } => {
                self.refunds.contains(refund)
            }
            Decision::EvidenceDismissed { notification } => {
                self.notifications.contains(notification)
            }
            Decision::BreakOpened { id, .. }
            | Decision::BreakReclassified { id, .. }
            | Decision::BreakReopened { id, .. }
            | Decision::BreakMoved { id, .. }
            | Decision::BreakResolved { id, .. } => self.difference == Some(*id),
            Decision::DeviceFellSilent { .. }
            | Decision::DeviceReturned { .. }
            | Decision::DayReckoned { .. }
            | Decision::DayClosed { .. }
            | Decision::DayReopenProposed { .. }
            | Decision::DayReopened { .. }
            | Decision::AdjustmentPosted { .. }
            | Decision::AdjustmentDeclined { .. } => false,
        }
    }
}
