//! The auditor's part on money: payments, what they settle, callbacks and refunds.
//!
//! Invariants: as for the auditor; nothing here asks the rules.
//! Deliberately not here: amounts held by orders and verdicts on deliveries (`auditor`).

use alloc::format;

use super::auditor::{Auditor, PaymentRecord};
use super::list::Invariant;
use crate::amount::Amount;
use crate::callback::CallbackId;
use crate::fact::Fact;
use crate::id::{OrderId, PaymentId, RefundId};
use crate::matcher::Rule;
use crate::refund::RefundState;

impl Auditor {
    pub(super) fn observe(&mut self, payment: PaymentId, amount: Amount) {
        self.expect(amount.is_positive(), Invariant::SuspenseAddsUp, "a payment of nothing");
        self.sums[0] = self.sums[0].saturating_add(i128::from(amount.minor()));
        let new = self.payments.insert(payment, PaymentRecord::Observed(amount)).is_none();
        self.expect(new, Invariant::PaymentSettlesOne, "a payment was observed twice");
    }

    pub(super) fn held(&mut self, payment: PaymentId, candidates: &[OrderId]) {
        let known = candidates.iter().all(|order| self.orders.contains_key(order));
        self.expect(known, Invariant::KnownOnly, "a candidate is not an order");
        match self.payments.get(&payment).copied() {
            Some(PaymentRecord::Observed(amount)) => {
                self.sums[2] = self.sums[2].saturating_add(i128::from(amount.minor()));
                self.payments.insert(payment, PaymentRecord::Held(amount));
            }
            Some(
                PaymentRecord::Held(_)
                | PaymentRecord::Matched(..)
                | PaymentRecord::Paid
                | PaymentRecord::Dismissed,
            )
            | None => {
                self.report(Invariant::PaymentSettlesOne, format!("{payment} was placed already"));
            }
        }
    }

    pub(super) fn matched(
        &mut self,
        fact: &Fact,
        payment: PaymentId,
        order: OrderId,
        rule: Rule,
        candidates: &[OrderId],
    ) {
        let amount = match self.payments.get(&payment).copied() {
            Some(PaymentRecord::Observed(amount)) => amount,
            Some(PaymentRecord::Held(amount)) => {
                self.sums[2] = self.sums[2].saturating_sub(i128::from(amount.minor()));
                amount
            }
            Some(PaymentRecord::Matched(..) | PaymentRecord::Paid | PaymentRecord::Dismissed)
            | None => {
                self.report(Invariant::PaymentSettlesOne, format!("{payment} is not waiting"));
                return;
            }
        };
        self.payments.insert(payment, PaymentRecord::Matched(order, amount));
        self.sums[1] = self.sums[1].saturating_add(i128::from(amount.minor()));
        let by_person = matches!(fact, Fact::PaymentAssigned(assigned)
            if assigned.payment == payment && assigned.order == order);
        self.expect(
            by_person == (rule == Rule::Operator),
            Invariant::NeverGuessed,
            "an operator's match needs the operator's word for it",
        );
        let alone = by_person || candidates == [order];
        self.expect(alone, Invariant::NeverGuessed, "it settled by itself among several");
        let Some(record) = self.orders.get(&order) else {
            self.report(Invariant::KnownOnly, format!("{order} is not an order"));
            return;
        };
        let wallet = self.wallets.get(usize::from(record.wallet));
        let here = by_person || wallet.is_some_and(|wallet| self.came_to.contains(wallet));
        let exact = record.payable == amount;
        let named = rule != Rule::Slot && record.payable.currency() == amount.currency();
        self.matched_by_code(fact, order, rule, amount);
        self.expect(exact || named, Invariant::MatchedExactly, "not the payable amount");
        self.expect(here, Invariant::NeverGuessed, "the money did not come to the order's wallet");
    }

    pub(super) fn paid(&mut self, order: OrderId, payment: PaymentId, received: Amount) {
        let matched = PaymentRecord::Matched(order, received);
        let matched = self.payments.insert(payment, PaymentRecord::Paid) == Some(matched);
        self.expect(
            matched,
            Invariant::PaymentSettlesOne,
            "paid by a payment without a match of this order and amount",
        );
        let Some(record) = self.orders.get_mut(&order) else {
            self.report(Invariant::KnownOnly, format!("{order} is not an order"));
            return;
        };
        let once = !record.settled;
        record.received = record.received.saturating_add(i128::from(received.minor()));
        record.settled = record.received >= i128::from(record.payable.minor());
        record.open = false;
        self.expect(once, Invariant::SettledOnce, "it had its money already");
    }

    /// Only a person ends a suspense without an order, and only one that there is.
    pub(super) fn dismissed(&mut self, fact: &Fact, payment: PaymentId) {
        let by_person =
            matches!(fact, Fact::PaymentDismissed(dismissed) if dismissed.payment == payment);
        self.expect(by_person, Invariant::SuspenseAddsUp, "money is not dropped by itself");
        let Some(PaymentRecord::Held(amount)) = self.payments.get(&payment).copied() else {
            self.report(Invariant::PaymentSettlesOne, format!("{payment} is not held"));
            return;
        };
        self.sums[2] = self.sums[2].saturating_sub(i128::from(amount.minor()));
        self.sums[3] = self.sums[3].saturating_add(i128::from(amount.minor()));
        self.payments.insert(payment, PaymentRecord::Dismissed);
    }

    pub(super) fn proposed(&mut self, payment: PaymentId, order: OrderId) {
        let held = matches!(self.payments.get(&payment), Some(PaymentRecord::Held(_)));
        let waiting = self.orders.get(&order).is_some_and(|record| !record.settled);
        self.expect(held && waiting, Invariant::KnownOnly, "a proposal between two that wait");
    }

    /// A new message has the next number; an old one is sent again only where an operator asked,
    /// who may also ask for the first of a settled order that had no address.
    pub(super) fn scheduled(&mut self, fact: &Fact, callback: CallbackId) {
        let Some(record) = self.orders.get_mut(&callback.order) else {
            self.report(Invariant::KnownOnly, format!("{callback} is about no order"));
            return;
        };
        let next = record.callbacks.saturating_add(1) == callback.number;
        let known = (1..=record.callbacks).contains(&callback.number);
        record.callbacks = record.callbacks.max(callback.number);
        let asked =
            matches!(fact, Fact::RedeliveryRequested(request) if request.callback == callback);
        let first = next && callback.number == 1 && record.settled;
        let right = if asked { known || first } else { next };
        self.expect(right, Invariant::AttemptsEnd, "a message out of its number");
        self.callbacks.insert(callback);
    }

    pub(super) fn attempted(&mut self, fact: &Fact, callback: CallbackId) {
        let own = matches!(fact, Fact::CallbackAttempted(attempt) if attempt.callback == callback);
        self.expect(own, Invariant::AttemptsEnd, "a consequence without its attempt");
    }

    pub(super) fn refund_opened(&mut self, fact: &Fact, refund: RefundId) {
        let Fact::RefundRequested(request) = fact else {
            self.report(Invariant::KnownOnly, format!("{refund} was not requested"));
            return;
        };
        self.expect(request.refund == refund, Invariant::KnownOnly, "another refund's request");
        let amount = request.amount;
        self.refunds.insert(refund, (request.order, amount, RefundState::Requested));
        let Some(record) = self.orders.get_mut(&request.order) else {
            self.report(Invariant::KnownOnly, format!("{refund} is of no order"));
            return;
        };
        record.refunded = record.refunded.saturating_add(i128::from(amount.minor()));
        let within = record.refunded <= record.received;
        let sound = amount.is_positive() && amount.currency() == record.payable.currency();
        self.expect(within && sound, Invariant::RefundsWithinReceived, "more than was received");
    }

    pub(super) fn refund_advanced(&mut self, refund: RefundId, to: RefundState) {
        let Some((order, amount, from)) = self.refunds.get(&refund).copied() else {
            self.report(Invariant::KnownOnly, format!("unknown refund {refund}"));
            return;
        };
        let in_order = match to {
            RefundState::Requested => false,
            RefundState::Approved => from == RefundState::Requested,
            RefundState::Sent => from == RefundState::Approved,
            RefundState::Confirmed => from == RefundState::Sent,
            RefundState::Declined => {
                !matches!(from, RefundState::Confirmed | RefundState::Declined)
            }
        };
        self.expect(in_order, Invariant::RefundsWithinReceived, "a step out of order");
        self.refunds.insert(refund, (order, amount, to));
        if to == RefundState::Declined
            && let Some(record) = self.orders.get_mut(&order)
        {
            record.refunded = record.refunded.saturating_sub(i128::from(amount.minor()));
        }
    }
}
