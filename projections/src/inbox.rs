//! What waits for a person: held payments, and evidence that nobody could read or that contradicts
//! itself; and the payments that a person has dismissed, because their money is still somebody's.

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{NotificationId, OrderId, PaymentId, WalletId};
use duizhang_core::matcher::{Grade, HoldReason};
use duizhang_core::notification::Verdict;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::projection::Projection;

/// A payment in suspense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The payment.
    pub payment: PaymentId,
    /// Where its evidence lies in the log.
    pub position: Position,
    /// How much.
    pub amount: Amount,
    /// The wallets that it may have come to.
    pub wallets: Vec<WalletId>,
    /// When it was paid, as far as we can tell.
    pub paid_at: Timestamp,
    /// Since when it waits.
    pub since: Timestamp,
    /// Ambiguous or orphan.
    pub grade: Grade,
    /// Why.
    pub reason: HoldReason,
    /// Every order that could have been meant.
    pub candidates: Vec<OrderId>,
    /// The only order left, where others were settled since.
    pub proposed: Option<OrderId>,
}

/// A payment that belongs to no order, by a person's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dismissed {
    /// The payment.
    pub payment: PaymentId,
    /// How much.
    pub amount: Amount,
    /// When it was dismissed.
    pub at: Timestamp,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Evidence that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The delivery.
    pub notification: NotificationId,
    /// Where it lies in the log.
    pub position: Position,
    /// Since when it waits.
    pub since: Timestamp,
    /// Unreadable or conflict.
    pub verdict: Verdict,
}

/// What waits for a person.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    held: BTreeMap<PaymentId, Held>,
    dismissed: BTreeMap<PaymentId, Dismissed>,
    questions: BTreeMap<NotificationId, Question>,
}

impl Projection for Inbox {
    fn fold(&mut self, chapter: &Chapter) {
        let mut seen = None;
        for decision in &chapter.decisions {
            match decision {
                Decision::NotificationJudged { notification, verdict } => {
                    self.judge(chapter, *notification, *verdict);
                }
                Decision::PaymentObserved { payment, wallets, amount, paid_at } => {
                    self.questions.remove(&NotificationId::from_bits(payment.bits()));
                    seen = Some((wallets, *amount, *paid_at));
                }
                Decision::PaymentHeld { payment, grade, reason, candidates } => {
                    if let Some((wallets, amount, paid_at)) = seen.take() {
                        let held = Held {
                            payment: *payment,
                            position: chapter.position,
                            amount,
                            wallets: wallets.clone(),
                            paid_at,
                            since: chapter.at,
                            grade: *grade,
                            reason: *reason,
                            candidates: candidates.clone(),
                            proposed: None,
                        };
                        self.held.insert(*payment, held);
                    }
                }
                Decision::PaymentMatched { payment, .. } => {
                    self.held.remove(payment);
                }
                Decision::SuspenseEnded { payment } => self.dismiss(chapter, *payment),
                Decision::MatchProposed { payment, order } => {
                    if let Some(held) = self.held.get_mut(payment) {
                        held.proposed = Some(*order);
                    }
                }
                Decision::EvidenceDismissed { notification } => {
                    self.questions.remove(notification);
                }
                _ => {}
            }
        }
    }
}

impl Inbox {
    fn judge(&mut self, chapter: &Chapter, notification: NotificationId, verdict: Verdict) {
        if matches!(verdict, Verdict::Unreadable | Verdict::Conflict { .. }) {
            let (position, since) = (chapter.position, chapter.at);
            self.questions
                .insert(notification, Question { notification, position, since, verdict });
        }
    }

    fn dismiss(&mut self, chapter: &Chapter, payment: PaymentId) {
        let Some(held) = self.held.remove(&payment) else { return };
        let Fact::PaymentDismissed(word) = &chapter.fact else { return };
        let (by, reason) = (word.by.clone(), word.reason.clone());
        let dismissed = Dismissed { payment, amount: held.amount, at: chapter.at, by, reason };
        self.dismissed.insert(payment, dismissed);
    }

    /// A payment that a person dismissed.
    #[must_use]
    pub fn dismissed(&self, payment: PaymentId) -> Option<&Dismissed> {
        self.dismissed.get(&payment)
    }

    /// All payments in suspense.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    /// Whether this evidence still waits.
    #[must_use]
    pub fn is_question(&self, notification: NotificationId) -> bool {
        self.questions.contains_key(&notification)
    }

    /// All evidence that waits for a person.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.questions.values()
    }
}
