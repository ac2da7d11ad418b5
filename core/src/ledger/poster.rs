//! Posting: which entries each chapter of the log makes.
//!
//! | event | debit | credit |
//! |---|---|---|
//! | order accepted | receivable | income |
//! | order expired or closed | income | receivable |
//! | payment settles or brings a part | wallet, or its suspense | receivable, bump, surplus |
//! | the same for an ended order | before it, the order is raised again | |
//! | payment held | wallet | suspense by the reason |
//! | held payment of no order | suspense | unclaimed |
//! | refund approved | surplus first, then income | refunds |
//! | refund confirmed | refunds | wallet |
//! | approved refund declined | refunds | surplus and income as they were |
//! | fee, withdrawal, transfer, opening, adjustment | as recorded | |
//! | break opened, changed, over, open again | `differences` | |
//!
//! Invariants: a pure fold, which asks neither the rules nor their state; each entry balances. What
//! contradicts the chapters before it posts nothing, and the auditor finds that the books and the
//! questions differ. An entry is valued when the channel says that the money moved, as long as that
//! is not more than [`VALUE_BACK_MAX`](super::VALUE_BACK_MAX) ago; what a person decides is valued
//! when it was decided.
//! Deliberately not here: what people record (`recording`), breaks (`differences`), sums of entries
//! (projections), and what the sums must be (the auditor).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::account::{Account, Numbered};
use super::chart::Chart;
use super::differences::Difference;
use super::entry::{Entry, Line, Subjects};
use super::narration::Narration;
use super::orders::{Claim, OrderRow, Orders};
use super::place::{Place, Visit, credit, debit};
use crate::amount::Amount;
use crate::decision::Decision;
use crate::event::Chapter;
use crate::fact::Fact;
use crate::id::{AdjustmentId, BreakId, MovementId, OrderId, PaymentId, RefundId, WalletId};
use crate::matcher::{HoldReason, Standing};
use crate::position::Position;
use crate::refund::RefundState;
use crate::time::Timestamp;

/// Money in suspense.
#[derive(Clone, Debug)]
struct Held {
    question: Numbered,
    money: Numbered,
    amount: Amount,
    /// The wallets that it may have come to.
    wallets: Vec<u16>,
}

/// A refund that was opened.
#[derive(Clone, Copy, Debug)]
struct Refund {
    order: OrderId,
    amount: Amount,
    /// How much of it was taken from the order's surplus; none before it is agreed.
    agreed: Option<i64>,
    /// Whether it left its wallet.
    confirmed: bool,
}

/// Posts the chapters of a log, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Poster {
    pub(super) chart: Chart,
    orders: Orders,
    held: BTreeMap<PaymentId, Held>,
    /// Payments of which nobody has said yet to which of their wallets they came.
    pub(super) unlocated: BTreeSet<PaymentId>,
    refunds: BTreeMap<RefundId, Refund>,
    pub(super) differences: BTreeMap<BreakId, Difference>,
    pub(super) withdrawals: BTreeMap<MovementId, (Numbered, Amount)>,
    pub(super) proposed: BTreeMap<AdjustmentId, (Vec<Line>, Timestamp, String)>,
}

impl Poster {
    /// Before the first chapter.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the wallets and banks are called.
    #[must_use]
    pub fn chart(&self) -> &Chart {
        &self.chart
    }

    /// The entries of the next chapter.
    pub fn post(&mut self, chapter: &Chapter) -> Vec<Entry> {
        self.post_events(chapter.position, chapter.at, &chapter.fact, &chapter.decisions)
    }

    /// Hands the entries of the next chapter on, one by one and without a list of them.
    pub fn post_each(&mut self, chapter: &Chapter, visit: &mut dyn FnMut(Entry)) {
        let Chapter { position, at, fact, decisions } = chapter;
        let (position, at) = (*position, *at);
        self.post_place(Place { cause: position, position, at, fact, decisions }, visit);
    }

    /// The entries of the next fact and the decisions made on it.
    pub fn post_events(
        &mut self,
        position: Position,
        at: Timestamp,
        fact: &Fact,
        decisions: &[Decision],
    ) -> Vec<Entry> {
        let mut entries = Vec::new();
        let place = Place { cause: position, position, at, fact, decisions };
        self.post_place(place, &mut |entry| entries.push(entry));
        entries
    }

    fn post_place(&mut self, mut place: Place<'_>, visit: &mut Visit<'_>) {
        self.post_fact(&place, visit);
        for decision in place.decisions {
            place.position = place.position.next();
            self.post_decision(&place, decision, visit);
        }
    }

    fn post_fact(&mut self, place: &Place<'_>, visit: &mut Visit<'_>) {
        if let Fact::WalletDeclared(wallet) = place.fact {
            self.chart.declare(&wallet.id, wallet.channel);
        } else if let Fact::MovementRecorded(recorded) = place.fact {
            self.move_money(place, recorded).into_iter().for_each(visit);
        } else if let Fact::AdjustmentProposed(proposed) = place.fact {
            self.propose(proposed);
        }
    }

    fn post_decision(&mut self, place: &Place<'_>, decision: &Decision, visit: &mut Visit<'_>) {
        match decision {
            Decision::OrderAccepted { order, wallet, payable, .. } => {
                self.raise(place, *order, wallet, *payable).into_iter().for_each(visit);
            }
            Decision::OrderExpired { order, .. } => {
                self.end(place, *order, Narration::OrderExpired).into_iter().for_each(visit);
            }
            Decision::OrderClosed { order, .. } => {
                self.end(place, *order, Narration::OrderClosed).into_iter().for_each(visit);
            }
            Decision::PaymentHeld { payment, reason, .. } => {
                self.hold(place, *payment, *reason).into_iter().for_each(visit);
            }
            Decision::OrderPaid { order, payment, received, standing, .. } => {
                self.pay(place, (*order, *payment), *received, *standing, visit);
            }
            Decision::SuspenseEnded { payment } => {
                self.let_go(place, *payment).into_iter().for_each(visit);
            }
            Decision::RefundOpened { refund } => self.open_refund(place, *refund),
            Decision::RefundAdvanced { refund, to } => {
                self.advance_refund(place, *refund, *to).into_iter().for_each(&mut *visit);
                self.refund_left(place, *refund, *to).into_iter().for_each(visit);
            }
            Decision::AdjustmentPosted { adjustment } => {
                self.adjust(place, *adjustment).into_iter().for_each(visit);
            }
            Decision::AdjustmentDeclined { adjustment } => {
                self.proposed.remove(adjustment);
            }
            Decision::BreakOpened { id, wallet, found, .. } => {
                self.open_break(place, *id, wallet, found).into_iter().for_each(visit);
            }
            Decision::BreakReclassified { id, found, .. } => {
                self.change_break(place, *id, found, visit);
            }
            Decision::BreakReopened { id, .. } => {
                self.reopen_break(place, *id).into_iter().for_each(visit);
            }
            Decision::BreakResolved { id, ending } => {
                self.end_break(place, *id, ending).into_iter().for_each(visit);
            }
            Decision::AmountReleased { .. }
            | Decision::NotificationJudged { .. }
            | Decision::PaymentObserved { .. }
            | Decision::PaymentMatched { .. }
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

    fn raise(
        &mut self,
        place: &Place<'_>,
        order: OrderId,
        wallet: &WalletId,
        payable: Amount,
    ) -> Option<Entry> {
        let Fact::OrderRequested(request) = place.fact else { return None };
        let wallet = self.chart.wallet(wallet)?;
        self.orders.insert(OrderRow::new(order, request.requested, payable, wallet));
        let lines = [
            debit(Account::Receivable, request.requested),
            credit(Account::Orders, request.requested),
        ];
        place.about_order(Narration::OrderRaised, order, &lines)
    }

    /// What an order does not bring any more; nothing where nothing was left.
    fn end(&mut self, place: &Place<'_>, order: OrderId, narration: Narration) -> Option<Entry> {
        let row = self.orders.row_mut(order)?;
        let rest = Amount::from_minor(row.rest(), row.currency);
        (row.claim, row.ended_at) = (Claim::Ended, place.at);
        let lines = [debit(Account::Orders, rest), credit(Account::Receivable, rest)];
        place.about_order(narration, order, &lines)
    }

    fn hold(&mut self, place: &Place<'_>, payment: PaymentId, reason: HoldReason) -> Option<Entry> {
        let (wallets, amount, paid_at) = place.observed()?;
        let wallets = self.numbers(wallets);
        let question = Account::of_hold(reason);
        let money = match wallets[..] {
            [only] => Account::Wallet(only),
            _ => {
                self.unlocated.insert(payment);
                Account::Unlocated
            }
        };
        self.held.insert(payment, Held { question, money, amount, wallets });
        let subjects = Subjects { payment: Some(payment), ..Subjects::default() };
        let lines = [debit(money, amount), credit(question, amount)];
        place.entry(Narration::PaymentHeld, paid_at, subjects, reason.word(), &lines)
    }

    fn pay(
        &mut self,
        place: &Place<'_>,
        (order, payment): (OrderId, PaymentId),
        received: Amount,
        standing: Standing,
        visit: &mut Visit<'_>,
    ) {
        let Some(row) = self.orders.row_mut(order) else { return };
        let value_at = place.observed().map_or(place.at, |(_, _, paid_at)| paid_at);
        if row.claim == Claim::Ended {
            row.claim = Claim::Raised;
            let asked = Amount::from_minor(row.requested(), row.currency);
            let lines = [debit(Account::Receivable, asked), credit(Account::Orders, asked)];
            // Not before its raise was taken back, and else with the money that revives it: a day's
            // receivable would have what nobody owes, or lack what somebody does.
            let revived_at = value_at.max(row.ended_at);
            let subjects = Subjects { order: Some(order), ..Subjects::default() };
            place
                .entry(Narration::OrderRevived, revived_at, subjects, "", &lines)
                .into_iter()
                .for_each(&mut *visit);
        }
        let narration = match standing {
            Standing::Exact | Standing::Late => Narration::OrderSettled,
            Standing::Over => Narration::OrderOverpaid,
            Standing::Under => Narration::OrderPartPaid,
        };
        let parts = row.receive(received.minor(), standing != Standing::Under);
        let part = |minor| Amount::from_minor(minor, received.currency());
        let wallet = Account::Wallet(row.wallet);
        let (from, located) = match self.held.remove(&payment) {
            None => (wallet, part(0)),
            // The order says which of the wallets it was.
            Some(Held { question, money: Account::Unlocated, wallets, .. })
                if wallets.contains(&row.wallet) =>
            {
                (question, received)
            }
            Some(held) => (held.question, part(0)),
        };
        let lines = [
            debit(from, received),
            debit(wallet, located),
            credit(Account::Unlocated, located),
            credit(Account::Receivable, part(parts.receivable)),
            credit(Account::AmountBump, part(parts.bump)),
            credit(Account::Overpaid, part(parts.surplus)),
        ];
        let subjects =
            Subjects { order: Some(order), payment: Some(payment), ..Subjects::default() };
        place.entry(narration, value_at, subjects, "", &lines).into_iter().for_each(&mut *visit);
        if located.minor() != 0 {
            self.payment_located(place, payment, wallet).into_iter().for_each(visit);
        }
    }

    fn let_go(&mut self, place: &Place<'_>, payment: PaymentId) -> Option<Entry> {
        let Fact::PaymentDismissed(word) = place.fact else { return None };
        let held = self.held.remove(&payment)?;
        let lines = [debit(held.question, held.amount), credit(Account::Unclaimed, held.amount)];
        let subjects = Subjects { payment: Some(payment), ..Subjects::default() };
        let at = place.at;
        place.entry(Narration::PaymentUnclaimed, at, subjects, &word.reason, &lines)
    }

    fn open_refund(&mut self, place: &Place<'_>, refund: RefundId) {
        let Fact::RefundRequested(request) = place.fact else { return };
        let (order, amount) = (request.order, request.amount);
        self.refunds.insert(refund, Refund { order, amount, agreed: None, confirmed: false });
    }

    fn advance_refund(
        &mut self,
        place: &Place<'_>,
        id: RefundId,
        to: RefundState,
    ) -> Option<Entry> {
        let refund = self.refunds.get_mut(&id)?;
        let (order, amount) = (refund.order, refund.amount);
        let row = self.orders.row_mut(order)?;
        let part = |minor| Amount::from_minor(minor, amount.currency());
        let (narration, lines) = match (to, refund.agreed) {
            (RefundState::Approved, _) => {
                let surplus = row.surplus.min(amount.minor());
                row.surplus = row.surplus.saturating_sub(surplus);
                refund.agreed = Some(surplus);
                let income = part(amount.minor().saturating_sub(surplus));
                let lines = Vec::from([
                    debit(Account::Overpaid, part(surplus)),
                    debit(Account::Orders, income),
                    credit(Account::Refunds, amount),
                ]);
                (Narration::RefundAgreed, lines)
            }
            (RefundState::Confirmed, _) => {
                refund.confirmed = true;
                let wallet = Account::Wallet(row.wallet);
                let lines = Vec::from([debit(Account::Refunds, amount), credit(wallet, amount)]);
                (Narration::RefundConfirmed, lines)
            }
            (RefundState::Declined, Some(surplus)) => {
                row.surplus = row.surplus.saturating_add(surplus);
                let income = part(amount.minor().saturating_sub(surplus));
                let lines = Vec::from([
                    debit(Account::Refunds, amount),
                    credit(Account::Overpaid, part(surplus)),
                    credit(Account::Orders, income),
                ]);
                (Narration::RefundDeclined, lines)
            }
            (RefundState::Requested | RefundState::Sent | RefundState::Declined, _) => return None,
        };
        let subjects = Subjects { order: Some(order), refund: Some(id), ..Subjects::default() };
        let Fact::RefundStepTaken(taken) = place.fact else { return None };
        place.entry(narration, place.at, subjects, &taken.evidence, &lines)
    }

    /// Whether a refund left its wallet.
    pub(super) fn is_confirmed(&self, refund: RefundId) -> bool {
        self.refunds.get(&refund).is_some_and(|one| one.confirmed)
    }

    fn numbers(&self, wallets: &[WalletId]) -> Vec<u16> {
        wallets.iter().filter_map(|wallet| self.chart.wallet(wallet)).collect()
    }
}
