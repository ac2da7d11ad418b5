//! The auditor's part on the books: the ledger beside the questions that it must answer.
//!
//! What the open orders, the held payments, the agreed refunds and the open breaks should come to
//! is counted here from the events, with small records of its own; what the ledger says is summed
//! from its entries.
//! Invariants: nothing here asks the rules or trusts the poster; after a difference was told, the
//! count goes on from what the ledger says, so that one mistake is told once.
//! Deliberately not here: money before it is in the books (`money`).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::list::Invariant;
use crate::amount::{Amount, Currency};
use crate::breaks::{Direction, FoundBreak, Subject};
use crate::decision::Decision;
use crate::fact::Fact;
use crate::id::{AdjustmentId, BreakId, OrderId, PaymentId, RefundId, WalletId};
use crate::ledger::{Account, Entry, Numbered, Poster};
use crate::matcher::HoldReason;
use crate::position::Position;
use crate::refund::RefundState;
use crate::time::Timestamp;

/// Sums of an account in one currency, in minor units; credits are negative.
type Sums = BTreeMap<(Numbered, Currency), i128>;

/// Payments that may have come to several wallets, or to none that is known, with these.
type Nowhere = BTreeMap<PaymentId, Vec<WalletId>>;

/// The accounts whose balance the events decide, and the invariant that says so.
const DECIDED: [(Numbered, Invariant); 7] = [
    (Account::Receivable, Invariant::ReceivableIsOpenOrders),
    (Account::Unidentified, Invariant::SuspenseIsQuestions),
    (Account::Late, Invariant::SuspenseIsQuestions),
    (Account::Ambiguous, Invariant::SuspenseIsQuestions),
    (Account::Refunds, Invariant::RefundsAreOwed),
    (Account::Long, Invariant::LongIsOpenBreaks),
    (Account::Short, Invariant::ShortIsOpenBreaks),
];

/// What is remembered of an order.
#[derive(Clone, Debug)]
struct Owing {
    wallet: WalletId,
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

/// What is remembered of a break.
#[derive(Clone, Debug)]
struct Found {
    told: FoundBreak,
    open: bool,
}

impl Found {
    /// Where it stands, as a debit. What is claimed of a refund counts once the refund has left,
    /// and what is claimed of a payment once its wallet is known.
    fn stands(&self, left: &BTreeSet<RefundId>, nowhere: &Nowhere) -> Option<(Numbered, Amount)> {
        let FoundBreak { subject, code, direction, amount, .. } = &self.told;
        let of_line = matches!(subject, Subject::Line { .. } | Subject::Row { .. });
        let of_payment = matches!(subject, Subject::Payment(_));
        if let Subject::Payment(payment) = subject
            && nowhere.contains_key(payment)
        {
            return None;
        }
        let gone = if let Subject::Refund(refund) = subject { left.contains(refund) } else { true };
        let line = |side| of_line && *direction == side;
        let more = match code.letters() {
            "M01" => true,
            "R01" => gone,
            "T03" if matches!(subject, Subject::Movement(_)) => true,
            "M02" => false,
            _ => line(Direction::In),
        };
        let less = match code.letters() {
            "M02" => true,
            "M01" | "R01" => false,
            "T03" if of_payment => true,
            _ => line(Direction::Out),
        };
        match (self.open, more, less) {
            (true, true, _) => Some((Account::Long, negated(*amount))),
            (true, false, true) => Some((Account::Short, *amount)),
            (true, false, false) | (false, ..) => None,
        }
    }
}

/// The ledger, and what it should be.
#[derive(Clone, Debug, Default)]
pub(super) struct BooksCheck {
    poster: Poster,
    balances: Sums,
    expected: Sums,
    orders: BTreeMap<OrderId, Owing>,
    observed: Option<(Vec<WalletId>, Amount)>,
    held: BTreeMap<PaymentId, (Numbered, Amount)>,
    refunds: BTreeMap<RefundId, (Amount, bool)>,
    /// Payments that no order has placed on one of their wallets.
    nowhere: Nowhere,
    /// Refunds that left their wallets.
    left: BTreeSet<RefundId>,
    breaks: BTreeMap<BreakId, Found>,
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

    // tidy: long because it is one arm for each decision
    fn expect(&mut self, fact: &Fact, decision: &Decision) {
        match decision {
            Decision::OrderAccepted { order, wallet, payable, .. } => {
                if let Fact::OrderRequested(request) = fact {
                    let (requested, payable) = (request.requested, payable.minor());
                    let wallet = wallet.clone();
                    let owing = Owing { wallet, requested, payable, received: 0, ended: false };
                    self.orders.insert(*order, owing);
                    self.owe(Account::Receivable, requested);
                }
            }
            Decision::OrderExpired { order, .. } | Decision::OrderClosed { order, .. } => {
                self.change(*order, |owing| owing.ended = true);
            }
            Decision::OrderPaid { order, payment, received, .. } => {
                self.change(*order, |owing| {
                    owing.ended = false;
                    owing.received = owing.received.saturating_add(received.minor());
                });
                self.locate(*order, *payment);
            }
            Decision::PaymentObserved { wallets, amount, .. } => {
                self.observed = Some((wallets.clone(), *amount));
            }
            Decision::PaymentHeld { payment, reason, .. } => {
                if let Some((wallets, amount)) = self.observed.take() {
                    if wallets.len() != 1 {
                        self.nowhere.insert(*payment, wallets);
                    }
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
            Decision::BreakOpened { .. }
            | Decision::BreakReclassified { .. }
            | Decision::BreakReopened { .. }
            | Decision::BreakResolved { .. } => self.expect_break(decision),
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
            | Decision::BreakMoved { .. }
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

    fn expect_break(&mut self, decision: &Decision) {
        if let Decision::BreakOpened { id, found, .. } = decision {
            let told = found.clone();
            self.turn(*id, |one| *one = Some(Found { told, open: true }));
        } else if let Decision::BreakReclassified { id, found, .. } = decision {
            self.turn(*id, |one| one.iter_mut().for_each(|one| one.told = found.clone()));
        } else if let Decision::BreakReopened { id, .. } = decision {
            self.turn(*id, |one| one.iter_mut().for_each(|one| one.open = true));
        } else if let Decision::BreakResolved { id, .. } = decision {
            self.turn(*id, |one| one.iter_mut().for_each(|one| one.open = false));
        }
    }

    /// Something happens to a break; what long or short is to be changes by the difference.
    fn turn(&mut self, id: BreakId, how: impl FnOnce(&mut Option<Found>)) {
        let mut one = self.lift(id);
        how(&mut one);
        self.put(id, one);
    }

    fn lift(&mut self, id: BreakId) -> Option<Found> {
        let one = self.breaks.remove(&id);
        let stood = one.as_ref().and_then(|one| one.stands(&self.left, &self.nowhere));
        if let Some((account, amount)) = stood {
            self.owe(account, negated(amount));
        }
        one
    }

    fn put(&mut self, id: BreakId, one: Option<Found>) {
        let Some(one) = one else { return };
        if let Some((account, amount)) = one.stands(&self.left, &self.nowhere) {
            self.owe(account, amount);
        }
        self.breaks.insert(id, one);
    }

    /// An order that is paid says to which of its wallets a payment came.
    fn locate(&mut self, order: OrderId, payment: PaymentId) {
        let Some(owing) = self.orders.get(&order) else { return };
        let wallets = self.nowhere.get(&payment);
        if wallets.is_some_and(|wallets| wallets.contains(&owing.wallet)) {
            let id = BreakId::of_payment(payment);
            let one = self.lift(id);
            self.nowhere.remove(&payment);
            self.put(id, one);
        }
    }

    fn refund(&mut self, refund: RefundId, to: RefundState) {
        if to == RefundState::Confirmed {
            let id = BreakId::of_refund(refund);
            let one = self.lift(id);
            self.left.insert(refund);
            self.put(id, one);
        }
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
