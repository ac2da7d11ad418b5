//! The auditor's part on the books: the ledger beside the questions that it must answer.
//!
//! What the open orders, the held payments and the agreed refunds should come to is counted here
//! from the events, with small records of its own; what the ledger says is summed from its entries.
//! Invariants: nothing here asks the rules or trusts the poster; after a difference was told, the
//! count goes on from what the ledger says, so that one mistake is told once.
//! Deliberately not here: money before it is in the books (`money`).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::list::Invariant;
use crate::amount::{Amount, Currency};
use crate::decision::Decision;
use crate::fact::Fact;
use crate::id::{AdjustmentId, OrderId, PaymentId, RefundId};
use crate::ledger::{Account, Entry, Numbered, Poster};
use crate::matcher::HoldReason;
use crate::position::Position;
use crate::refund::RefundState;
use crate::time::Timestamp;

/// Sums of an account in one currency, in minor units; credits are negative.
type Sums = BTreeMap<(Numbered, Currency), i128>;

/// The accounts whose balance the events decide, and the invariant that says so.
const DECIDED: [(Numbered, Invariant); 5] = [
    (Account::Receivable, Invariant::ReceivableIsOpenOrders),
    (Account::Unidentified, Invariant::SuspenseIsQuestions),
    (Account::Late, Invariant::SuspenseIsQuestions),
    (Account::Ambiguous, Invariant::SuspenseIsQuestions),
    (Account::Refunds, Invariant::RefundsAreOwed),
];

/// What is remembered of an order.
#[derive(Clone, Copy, Debug)]
struct Owing {
    requested: Amount,
    payable: i64,
    received: i64,
    ended: bool,
}

impl Owing {
    fn left(&self) -> i64 {
        let waits = !self.ended && self.received < self.payable;
        let left = self.requested.minor().saturating_sub(self.received);
        if waits { left.max(0) } else { 0 }
    }
}

/// The ledger, and what it should be.
#[derive(Clone, Debug, Default)]
pub(super) struct BooksCheck {
    poster: Poster,
    balances: Sums,
    expected: Sums,
    orders: BTreeMap<OrderId, Owing>,
    observed: Option<Amount>,
    held: BTreeMap<PaymentId, (Numbered, Amount)>,
    refunds: BTreeMap<RefundId, (Amount, bool)>,
    /// What waiting adjustments would do to the receivable.
    proposed: BTreeMap<AdjustmentId, Vec<Amount>>,
}

impl BooksCheck {
    /// Folds a fact and the decisions made on it, and says what does not hold behind them.
    pub(super) fn fold(
        &mut self,
        position: Position,
        at: Timestamp,
        fact: &Fact,
        decisions: &[Decision],
    ) -> Vec<(Invariant, String)> {
        if let Fact::AdjustmentProposed(proposed) = fact {
            let lines = proposed.lines.iter();
            let receivable = lines.filter(|(account, _)| *account == Account::Receivable);
            self.proposed.insert(proposed.id, receivable.map(|(_, amount)| *amount).collect());
        }
        for decision in decisions {
            self.expect(fact, decision);
        }
        let entries = self.poster.post_events(position, at, fact, decisions);
        let mut found = self.sum(&entries);
        found.extend(self.compare());
        found
    }

    /// Adds entries to the balances; each must be whole by itself.
    fn sum(&mut self, entries: &[Entry]) -> Vec<(Invariant, String)> {
        let mut found = Vec::new();
        for entry in entries {
            let mut rests: BTreeMap<Currency, i128> = BTreeMap::new();
            for line in entry.lines() {
                let (minor, currency) = (i128::from(line.amount.minor()), line.amount.currency());
                add(&mut self.balances, line.account, currency, minor);
                let rest = rests.entry(currency).or_default();
                *rest = rest.saturating_add(minor);
            }
            if rests.values().any(|rest| *rest != 0) {
                found.push((Invariant::EntriesBalance, format!("entry at {}", entry.position())));
            }
        }
        found
    }

    fn compare(&mut self) -> Vec<(Invariant, String)> {
        let mut found = Vec::new();
        for (account, invariant) in DECIDED {
            for currency in Currency::ALL {
                let key = (account, currency);
                let says = self.balances.get(&key).copied().unwrap_or_default();
                let should = self.expected.get(&key).copied().unwrap_or_default();
                if says != should {
                    let what = format!("{} has {says} of {currency}, not {should}", account.path());
                    found.push((invariant, what));
                    self.expected.insert(key, says);
                }
            }
        }
        found
    }

    fn expect(&mut self, fact: &Fact, decision: &Decision) {
        match decision {
            Decision::OrderAccepted { order, payable, .. } => {
                if let Fact::OrderRequested(request) = fact {
                    let (requested, payable) = (request.requested, payable.minor());
                    let owing = Owing { requested, payable, received: 0, ended: false };
                    self.orders.insert(*order, owing);
                    self.owe(Account::Receivable, requested);
                }
            }
            Decision::OrderExpired { order, .. } | Decision::OrderClosed { order, .. } => {
                self.change(*order, |owing| owing.ended = true);
            }
            Decision::OrderPaid { order, received, .. } => self.change(*order, |owing| {
                owing.ended = false;
                owing.received = owing.received.saturating_add(received.minor());
            }),
            Decision::PaymentObserved { amount, .. } => self.observed = Some(*amount),
            Decision::PaymentHeld { payment, reason, .. } => {
                if let Some(amount) = self.observed.take() {
                    self.held.insert(*payment, (question(*reason), amount));
                    self.owe(question(*reason), negated(amount));
                }
            }
            Decision::PaymentMatched { payment, .. } | Decision::SuspenseEnded { payment } => {
                if let Some((account, amount)) = self.held.remove(payment) {
                    self.owe(account, amount);
                }
            }
            Decision::RefundOpened { refund } => {
                if let Fact::RefundRequested(request) = fact {
                    self.refunds.insert(*refund, (request.amount, false));
                }
            }
            Decision::RefundAdvanced { refund, to } => self.refund(*refund, *to),
            Decision::AdjustmentPosted { adjustment } => {
                for amount in self.proposed.remove(adjustment).unwrap_or_default() {
                    self.owe(Account::Receivable, amount);
                }
            }
            Decision::AdjustmentDeclined { adjustment } => {
                self.proposed.remove(adjustment);
            }
            Decision::AmountReleased { .. }
            | Decision::NotificationJudged { .. }
            | Decision::MatchProposed { .. }
            | Decision::CallbackScheduled { .. }
            | Decision::CallbackRetried { .. }
            | Decision::CallbackAcknowledged { .. }
            | Decision::CallbackAbandoned { .. }
            | Decision::DeviceFellSilent { .. }
            | Decision::DeviceReturned { .. }
            | Decision::EvidenceDismissed { .. }
            | Decision::BreakOpened { .. }
            | Decision::BreakReclassified { .. }
            | Decision::BreakReopened { .. }
            | Decision::BreakMoved { .. }
            | Decision::BreakResolved { .. }
            | Decision::DayReckoned { .. }
            | Decision::DayClosed { .. }
            | Decision::DayReopenProposed { .. }
            | Decision::DayReopened { .. } => {}
        }
    }

    /// Something happens to an order; what it is to bring changes by the difference.
    fn change(&mut self, order: OrderId, how: impl FnOnce(&mut Owing)) {
        let Some(owing) = self.orders.get_mut(&order) else { return };
        let before = owing.left();
        how(owing);
        let change = owing.left().saturating_sub(before);
        let change = Amount::from_minor(change, owing.requested.currency());
        self.owe(Account::Receivable, change);
    }

    fn refund(&mut self, refund: RefundId, to: RefundState) {
        let Some((amount, agreed)) = self.refunds.get_mut(&refund) else { return };
        let (amount, before) = (*amount, *agreed);
        *agreed = matches!(to, RefundState::Approved | RefundState::Sent);
        match (before, *agreed) {
            (false, true) => self.owe(Account::Refunds, negated(amount)),
            (true, false) => self.owe(Account::Refunds, amount),
            (false, false) | (true, true) => {}
        }
    }

    fn owe(&mut self, account: Numbered, amount: Amount) {
        add(&mut self.expected, account, amount.currency(), i128::from(amount.minor()));
    }
}

fn add(sums: &mut Sums, account: Numbered, currency: Currency, minor: i128) {
    let sum = sums.entry((account, currency)).or_default();
    *sum = sum.saturating_add(minor);
}

const fn negated(amount: Amount) -> Amount {
    Amount::from_minor(amount.minor().saturating_neg(), amount.currency())
}

/// The auditor's own reading of where a question stands.
const fn question(reason: HoldReason) -> Numbered {
    match reason {
        HoldReason::Late | HoldReason::OrderClosed => Account::Late,
        HoldReason::NoOrder | HoldReason::AlreadyPaid | HoldReason::Stale => Account::Unidentified,
        HoldReason::SeveralOrders
        | HoldReason::RivalPayment
        | HoldReason::ClockDoubt
        | HoldReason::Vetoed
        | HoldReason::AmountDiffers
        | HoldReason::PartlyRefunded => Account::Ambiguous,
    }
}
