//! What the log says of money around a day: payments, refunds and withdrawals, each with what the
//! books made of it by the end of the log.
//!
//! Invariants: a payment appears once however often it was told; what was dismissed or assigned
//! later counts as it stands now; the order is that of the log.
//! Deliberately not here: the comparison.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use duizhang_core::amount::Amount;
use duizhang_core::breaks::Subject;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Fact, Reading};
use duizhang_core::id::{OrderId, PaymentId, RefundId, WalletId};
use duizhang_core::ledger::{Movement, MovementRecorded};
use duizhang_core::matcher::{HoldReason, Standing};
use duizhang_core::position::Position;
use duizhang_core::reconciliation::{Claim, Flow};
use duizhang_core::refund::RefundState;
use duizhang_core::time::Timestamp;
use duizhang_eventlog::EventLog;

use crate::error::ReplayError;
use crate::play::{Progress, play};

/// The shortest run of digits that is taken for a channel's number: those of WeChat and Alipay have
/// 28, and a time of day without its signs has 14.
const SERIAL_DIGITS_MIN: usize = 16;

/// Money that the log knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its id: of a payment, a refund or a movement.
    pub id: u128,
    /// The id as people write it.
    pub name: String,
    /// What it is.
    pub flow: Flow,
    /// The wallets that it may have gone through.
    pub wallets: Vec<WalletId>,
    /// How much.
    pub amount: Amount,
    /// When it was paid or sent, as far as we know.
    pub time: Timestamp,
    /// When we heard of it.
    pub seen: Timestamp,
    /// The event that it was first told by.
    pub position: Position,
    /// The order that it belongs to.
    pub order: Option<OrderId>,
    /// The shop's number of that order.
    pub number: Option<String>,
    /// What was written beside it.
    pub note: String,
    /// How the books stand to it.
    pub claim: Claim,
    /// What was given back of it.
    pub refunded: i64,
    /// The channel's own number, where it came into the books from a line of a statement.
    pub serial: String,
}

/// Collects the money of a span of time, as the log stands at a position.
///
/// # Errors
/// [`ReplayError::History`] where an event cannot be read.
pub fn observed(
    log: &dyn EventLog,
    span: Range<Timestamp>,
    known_to: Position,
    progress: &mut Progress<'_>,
) -> Result<Vec<Observed>, ReplayError> {
    let mut collector = Collector { span, ..Collector::default() };
    play(log, known_to, progress, &mut |chapter| {
        collector.fold(chapter);
        ControlFlow::Continue(())
    })?;
    // A second walk names the orders: keeping every order of the log would take its memory.
    play(log, known_to, progress, &mut |chapter| {
        collector.name(chapter);
        ControlFlow::Continue(())
    })?;
    Ok(collector.finish())
}

/// Evidence that is nothing but a long run of digits is the channel's own number.
fn serial_of(evidence: &str) -> &str {
    let number = evidence.bytes().all(|byte| byte.is_ascii_digit());
    if number && evidence.len() >= SERIAL_DIGITS_MIN { evidence } else { "" }
}

#[derive(Default)]
struct Collector {
    span: Range<Timestamp>,
    payments: BTreeMap<PaymentId, Observed>,
    refunds: BTreeMap<RefundId, Refund>,
    orders: BTreeMap<OrderId, Order>,
    references: Vec<String>,
    withdrawals: Vec<Observed>,
    /// The numbers of the lines that breaks are about.
    serials: BTreeMap<PaymentId, String>,
}

struct Refund {
    order: OrderId,
    amount: Amount,
    sent: Option<(Timestamp, Position)>,
    gone: bool,
}

#[derive(Default)]
struct Order {
    number: Option<String>,
    wallet: Option<WalletId>,
}

impl Collector {
    fn fold(&mut self, chapter: &Chapter) {
        self.references = match &chapter.fact {
            Fact::NotificationReceived(received) => match &received.reading {
                Reading::Money { references, .. } => references.clone(),
                Reading::Ignored | Reading::Unreadable | Reading::Forged => Vec::new(),
            },
            _ => Vec::new(),
        };
        if let Fact::RefundRequested(asked) = &chapter.fact
            && !chapter.decisions.is_empty()
        {
            let (order, amount) = (asked.order, asked.amount);
            self.refunds.insert(asked.refund, Refund { order, amount, sent: None, gone: false });
        }
        if let Fact::MovementRecorded(recorded) = &chapter.fact {
            self.record(chapter, recorded);
        }
        for decision in &chapter.decisions {
            self.conclude(chapter, decision);
        }
    }

    /// A withdrawal is the one movement that a statement shows as money of ours.
    fn record(&mut self, chapter: &Chapter, recorded: &MovementRecorded) {
        let Movement::WithdrawalSent { wallet, amount, fee, .. } = &recorded.movement else {
            return;
        };
        if !self.span.contains(&recorded.moved_at) {
            return;
        }
        let whole = amount.minor().saturating_add(fee.minor());
        let whole = Amount::from_minor(whole, amount.currency());
        self.withdrawals.push(Observed {
            id: recorded.id.bits(),
            name: recorded.id.to_string(),
            flow: Flow::Withdrawal,
            note: recorded.evidence.clone(),
            serial: serial_of(&recorded.evidence).to_owned(),
            ..seen(vec![wallet.clone()], whole, recorded.moved_at, chapter)
        });
    }

    fn conclude(&mut self, chapter: &Chapter, decision: &Decision) {
        match decision {
            Decision::BreakOpened { id, found, .. } => {
                if let Subject::Line { serial } = &found.subject {
                    self.serials.insert(PaymentId::of_line(*id), serial.clone());
                }
            }
            Decision::PaymentObserved { payment, wallets, amount, paid_at }
                if self.span.contains(paid_at) =>
            {
                let seen = Observed {
                    id: payment.bits(),
                    name: payment.to_string(),
                    note: self.references.join(" "),
                    claim: Claim::Orphan,
                    serial: self.serials.get(payment).cloned().unwrap_or_default(),
                    ..seen(wallets.clone(), *amount, *paid_at, chapter)
                };
                self.payments.insert(*payment, seen);
            }
            Decision::PaymentMatched { payment, order, .. } => {
                if let Some(seen) = self.payments.get_mut(payment) {
                    (seen.order, seen.claim) = (Some(*order), Claim::Order);
                    self.orders.entry(*order).or_default();
                }
            }
            Decision::OrderPaid { payment, standing: Standing::Late, .. } => {
                if let Some(seen) = self.payments.get_mut(payment) {
                    seen.claim = Claim::Late;
                }
            }
            Decision::PaymentHeld { payment, reason: HoldReason::AlreadyPaid, .. } => {
                if let Some(seen) = self.payments.get_mut(payment) {
                    seen.claim = Claim::Twice;
                }
            }
            Decision::RefundAdvanced { refund, to } => {
                if let Some(known) = self.refunds.get_mut(refund) {
                    match to {
                        RefundState::Sent => known.sent = Some((chapter.at, chapter.position)),
                        RefundState::Confirmed if known.sent.is_none() => {
                            known.sent = Some((chapter.at, chapter.position));
                        }
                        RefundState::Declined => known.gone = true,
                        RefundState::Requested | RefundState::Approved | RefundState::Confirmed => {
                        }
                    }
                    self.orders.entry(known.order).or_default();
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, chapter: &Chapter) {
        if let Fact::OrderRequested(asked) = &chapter.fact
            && let Some(order) = self.orders.get_mut(&asked.order)
        {
            order.number = Some(asked.number.clone());
        }
        for decision in &chapter.decisions {
            if let Decision::OrderAccepted { order, wallet, .. } = decision
                && let Some(known) = self.orders.get_mut(order)
            {
                known.wallet = Some(wallet.clone());
            }
        }
    }

    fn finish(mut self) -> Vec<Observed> {
        let mut found: Vec<Observed> = Vec::new();
        let sent = self.refunds.iter().filter(|(_, refund)| !refund.gone);
        for (id, refund) in sent {
            let Some((time, position)) = refund.sent else { continue };
            let order = self.orders.get(&refund.order);
            for payment in self.payments.values_mut() {
                if payment.order == Some(refund.order) {
                    payment.refunded = payment.refunded.saturating_add(refund.amount.minor());
                }
            }
            if self.span.contains(&time) {
                found.push(Observed {
                    id: id.bits(),
                    name: id.to_string(),
                    flow: Flow::RefundOut,
                    wallets: order.and_then(|order| order.wallet.clone()).into_iter().collect(),
                    amount: refund.amount,
                    time,
                    seen: time,
                    position,
                    order: Some(refund.order),
                    number: None,
                    note: String::new(),
                    claim: Claim::Order,
                    refunded: 0,
                    serial: String::new(),
                });
            }
        }
        found.extend(self.payments.into_values());
        found.extend(self.withdrawals);
        for item in &mut found {
            let Some(order) = item.order.and_then(|order| self.orders.get(&order)) else {
                continue;
            };
            item.number.clone_from(&order.number);
            // Whoever settled the order knew which of the wallets it was. What a person gave to an
            // order of another wallet stays where it came, as in the books.
            if let Some(wallet) = &order.wallet
                && item.wallets.contains(wallet)
            {
                item.wallets = vec![wallet.clone()];
            }
        }
        found.sort_by_key(|item| (item.position, item.id));
        found
    }
}

/// What is seen for the first time, without what only its kind knows.
fn seen(wallets: Vec<WalletId>, amount: Amount, time: Timestamp, chapter: &Chapter) -> Observed {
    Observed {
        id: 0,
        name: String::new(),
        flow: Flow::PayIn,
        wallets,
        amount,
        time,
        seen: chapter.at,
        position: chapter.position,
        order: None,
        number: None,
        note: String::new(),
        claim: Claim::Order,
        refunded: 0,
        serial: String::new(),
    }
}
