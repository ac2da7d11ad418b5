//! Counting a day: a pure fold of the whole log that remembers what one business day needs.
//!
//! Invariants: counts come from events, open orders from counting rows, money from payments, so
//! that the report's checks compare numbers that were found in different ways.
//! Deliberately not here: the report's form (`report`), its checks (`checks`).

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::callback::CallbackId;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Fact, Judgement};
use duizhang_core::id::{NotificationId, OrderId, PaymentId, WalletId};
use duizhang_core::matcher::{Grade, HoldReason, Standing};
use duizhang_core::notification::Verdict;
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::Policy;
use duizhang_core::position::Position;
use duizhang_core::refund::RefundState;
use duizhang_core::time::Timestamp;
use duizhang_projections::projection::Projection;
use duizhang_projections::views::Views;

use super::report::{CallbackCounts, NotificationCounts, OrderCounts};
use super::sums::Sums;

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Unknown,
    Matched { order: OrderId, grade: Grade },
    Held { grade: Grade, reason: HoldReason, candidates: Vec<OrderId> },
    Dismissed { by: String, reason: String },
}

/// A payment that was paid in the day.
#[derive(Clone, Debug)]
pub(crate) struct PaymentLine {
    pub(crate) position: Position,
    pub(crate) at: Timestamp,
    pub(crate) amount: Amount,
    pub(crate) wallets: Vec<WalletId>,
    pub(crate) fate: Fate,
    pub(crate) proposed: Option<OrderId>,
}

/// A delivery that a person should know of.
#[derive(Clone, Debug)]
pub(crate) struct Doubt {
    pub(crate) notification: NotificationId,
    pub(crate) position: Position,
    pub(crate) at: Timestamp,
    pub(crate) verdict: Verdict,
}

/// A day being counted.
#[derive(Clone, Debug)]
pub(crate) struct Daybook {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) views: Views,
    pub(crate) policy: Policy,
    pub(crate) orders: OrderCounts,
    pub(crate) created: Vec<OrderId>,
    pub(crate) notifications: NotificationCounts,
    pub(crate) callbacks: CallbackCounts,
    pub(crate) abandoned: Vec<(CallbackId, Position, Timestamp)>,
    pub(crate) refunds: BTreeMap<RefundState, (u64, Sums)>,
    pub(crate) payments: BTreeMap<PaymentId, PaymentLine>,
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) observed: Sums,
    begun: bool,
    ended: bool,
}

impl Daybook {
    pub(crate) fn new(from: Timestamp, to: Timestamp) -> Self {
        Self {
            from,
            to,
            views: Views::default(),
            policy: Policy::default(),
            orders: OrderCounts::default(),
            created: Vec::new(),
            notifications: NotificationCounts::default(),
            callbacks: CallbackCounts::default(),
            abandoned: Vec::new(),
            refunds: BTreeMap::new(),
            payments: BTreeMap::new(),
            doubts: Vec::new(),
            observed: Sums::default(),
            begun: false,
            ended: false,
        }
    }

    pub(crate) fn fold(&mut self, chapter: &Chapter) {
        if chapter.at >= self.from {
            self.begin();
        }
        if chapter.at >= self.to {
            self.end();
        }
        let inside = self.begun && !self.ended;
        if inside {
            self.count_fact(&chapter.fact);
        }
        for decision in &chapter.decisions {
            self.follow_payment(chapter, decision);
            if inside {
                self.count_order(decision);
                self.count_callback(chapter, decision);
                self.count_notification(chapter, decision);
            }
        }
        self.views.fold(chapter);
        if inside {
            self.count_refunds(&chapter.decisions);
        }
    }

    /// The log has no more.
    pub(crate) fn finish(&mut self) {
        self.begin();
        self.end();
    }

    fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            self.orders.open_before = self.open_orders();
        }
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.orders.open_after = self.open_orders();
            let pending = self.views.callbacks.pending_count();
            self.callbacks.pending_after = u64::try_from(pending).unwrap_or(u64::MAX);
            self.policy = self.views.book.policy().clone();
        }
    }

    fn open_orders(&self) -> u64 {
        let open = self.views.orders.iter().filter(|row| row.status == OrderStatus::Open);
        u64::try_from(open.count()).unwrap_or(u64::MAX)
    }

    fn count_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::NotificationReceived(_) => self.notifications.deliveries += 1,
            Fact::CallbackAttempted(_) => self.callbacks.attempts += 1,
            Fact::EvidenceJudged(judged) => match judged.judgement {
                Judgement::Money { .. } | Judgement::Trade { .. } => {
                    self.notifications.judged_money += 1
                }
                Judgement::NotMoney => {}
            },
            _ => {}
        }
    }

    fn count_order(&mut self, decision: &Decision) {
        let counts = &mut self.orders;
        match decision {
            Decision::OrderAccepted { order, .. } => {
                counts.created += 1;
                self.created.push(*order);
            }
            Decision::OrderExpired { .. } => counts.expired += 1,
            Decision::OrderClosed { .. } => counts.closed += 1,
            Decision::OrderPaid { order, standing, .. } => {
                match standing {
                    Standing::Exact => counts.paid_exact += 1,
                    Standing::Late => counts.paid_late += 1,
                    Standing::Over => counts.overpaid += 1,
                    Standing::Under => counts.underpaid += 1,
                }
                let row = self.views.orders.get(*order);
                if row.is_some_and(|row| row.status == OrderStatus::Open) {
                    counts.paid_from_open += 1;
                }
            }
            _ => {}
        }
    }

    fn count_callback(&mut self, chapter: &Chapter, decision: &Decision) {
        let counts = &mut self.callbacks;
        match decision {
            Decision::CallbackScheduled { .. } => counts.scheduled += 1,
            Decision::CallbackRetried { .. } => counts.retried += 1,
            Decision::CallbackAcknowledged { .. } => counts.acknowledged += 1,
            Decision::CallbackAbandoned { callback } => {
                counts.abandoned += 1;
                self.abandoned.push((*callback, chapter.position, chapter.at));
            }
            _ => {}
        }
    }

    fn count_notification(&mut self, chapter: &Chapter, decision: &Decision) {
        let counts = &mut self.notifications;
        match decision {
            Decision::NotificationJudged { notification, verdict } => {
                *match verdict {
                    Verdict::First => &mut counts.first,
                    Verdict::Stale => &mut counts.stale,
                    Verdict::Repeat { .. } => &mut counts.repeat,
                    Verdict::Conflict { .. } => &mut counts.conflict,
                    Verdict::Ignored => &mut counts.ignored,
                    Verdict::Unreadable => &mut counts.unreadable,
                    Verdict::Forged => &mut counts.forged,
                } += 1;
                if matches!(
                    verdict,
                    Verdict::Conflict { .. } | Verdict::Unreadable | Verdict::Forged
                ) {
                    let (notification, verdict) = (*notification, *verdict);
                    let (position, at) = (chapter.position, chapter.at);
                    self.doubts.push(Doubt { notification, position, at, verdict });
                }
            }
            Decision::EvidenceDismissed { .. } => counts.dismissed += 1,
            Decision::PaymentObserved { .. } => counts.payments += 1,
            _ => {}
        }
    }

    fn follow_payment(&mut self, chapter: &Chapter, decision: &Decision) {
        match decision {
            Decision::PaymentObserved { payment, wallets, amount, paid_at }
                if (self.from..self.to).contains(paid_at) =>
            {
                self.observed.add(*amount);
                let line = PaymentLine {
                    position: chapter.position,
                    at: chapter.at,
                    amount: *amount,
                    wallets: wallets.clone(),
                    fate: Fate::Unknown,
                    proposed: None,
                };
                self.payments.insert(*payment, line);
            }
            Decision::PaymentMatched { payment, order, grade, .. } => {
                if let Some(line) = self.payments.get_mut(payment) {
                    line.fate = Fate::Matched { order: *order, grade: *grade };
                }
            }
            Decision::PaymentHeld { payment, grade, reason, candidates } => {
                if let Some(line) = self.payments.get_mut(payment) {
                    let (grade, reason) = (*grade, *reason);
                    line.fate = Fate::Held { grade, reason, candidates: candidates.clone() };
                }
            }
            Decision::SuspenseEnded { payment } => {
                if let (Some(line), Fact::PaymentDismissed(word)) =
                    (self.payments.get_mut(payment), &chapter.fact)
                {
                    let (by, reason) = (word.by.clone(), word.reason.clone());
                    line.fate = Fate::Dismissed { by, reason };
                }
            }
            Decision::MatchProposed { payment, order } => {
                if let Some(line) = self.payments.get_mut(payment) {
                    line.proposed = Some(*order);
                }
            }
            _ => {}
        }
    }

    fn count_refunds(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            let (refund, state) = match decision {
                Decision::RefundOpened { refund } => (*refund, RefundState::Requested),
                Decision::RefundAdvanced { refund, to } => (*refund, *to),
                _ => continue,
            };
            let tally = self.refunds.entry(state).or_default();
            tally.0 += 1;
            if let Some(view) = self.views.refunds.get(refund) {
                tally.1.add(view.amount);
            }
        }
    }
}
