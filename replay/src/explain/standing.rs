//! Where the subject of a story stands, and why it does not stand better.
//!
//! Invariants: it says only what the views say at the end of the log; a held payment is always told
//! with each of its candidates and how that one stands.
//! Deliberately not here: what happened on the way (`story`).

use duizhang_core::amount::Amount;
use duizhang_core::callback::CallbackId;
use duizhang_core::id::{BreakId, NotificationId, OrderId, PaymentId};
use duizhang_core::order::OrderStatus;
use duizhang_projections::breaks::Deed;
use duizhang_projections::calendar::{Zone, date_of};
use duizhang_projections::inbox::{Dismissed, Held};
use duizhang_projections::views::Views;

use super::subject::Subject;
use super::threads::Threads;
use crate::{break_sentences, words};

pub(crate) fn standing(
    subject: &Subject,
    threads: &Threads,
    views: &Views,
    zone: Zone,
) -> Vec<String> {
    let witness = Witness { views, threads, zone };
    match subject {
        Subject::Order(_) | Subject::OrderNumber(_) => {
            threads.orders.iter().flat_map(|id| witness.order(*id)).collect()
        }
        Subject::Notification(id) => witness.notification(*id),
        Subject::Payment(id) => witness.payment(*id),
        Subject::Callback(id) => witness.callback(*id),
        Subject::Break(id) => witness.difference(*id),
    }
}

struct Witness<'a> {
    views: &'a Views,
    threads: &'a Threads,
    zone: Zone,
}

impl Witness<'_> {
    fn order(&self, id: OrderId) -> Vec<String> {
        let Some(row) = self.views.orders.get(id) else { return Vec::new() };
        let amount = |minor| Amount::from_minor(minor, row.currency);
        let mut told = vec![format!(
            "Order {id} is {}: asked {}, payable {}, received {}, in refunds {}.",
            row.status,
            amount(row.requested),
            amount(row.payable),
            amount(row.received),
            amount(row.refunded)
        )];
        if row.received == 0 {
            told.push(match row.status {
                OrderStatus::Open => {
                    format!(
                        "No payment was matched to it; it waits until {}.",
                        self.at(row.expires_at)
                    )
                }
                _ => "No payment was matched to it.".to_owned(),
            });
        }
        let held = self.views.inbox.held();
        for payment in held.filter(|held| held.candidates.contains(&id)) {
            told.extend(self.held(payment));
        }
        told.push(format!("Its latest callback is {}.", row.callback.word()));
        let callbacks = (1..=u16::MAX).map(|number| CallbackId { order: id, number });
        // Callbacks are numbered without gaps, and an order has as many as it was told of.
        let pending = callbacks.take(CALLBACKS_SHOWN_MAX);
        told.extend(pending.filter_map(|callback| self.pending(callback)));
        told
    }

    fn at(&self, at: duizhang_core::time::Timestamp) -> String {
        self.zone.rfc3339(at)
    }

    fn notification(&self, id: NotificationId) -> Vec<String> {
        let mut told = Vec::new();
        let others = self.threads.notifications.len().saturating_sub(1);
        if others > 0 {
            told.push(format!("It was delivered {others} more times under the same key."));
        }
        let mut questions = self.views.inbox.questions();
        if questions.any(|question| question.notification == id) {
            told.push("It waits for a person to say what it is.".to_owned());
        }
        told.extend(self.payment(PaymentId::of(id)));
        told
    }

    fn payment(&self, id: PaymentId) -> Vec<String> {
        if let Some(held) = self.views.inbox.held().find(|held| held.payment == id) {
            return self.held(held);
        }
        let dismissed = self.views.inbox.dismissed(id).map(|one| self.dismissed(one));
        let settles = |order| format!("Payment {id} settles order {order}.");
        dismissed.or_else(|| self.threads.matched.get(&id).map(settles)).into_iter().collect()
    }

    fn dismissed(&self, dismissed: &Dismissed) -> String {
        let (payment, amount) = (dismissed.payment, dismissed.amount);
        let (by, at) = (&dismissed.by, self.at(dismissed.at));
        let reason = &dismissed.reason;
        format!("Payment {payment} of {amount} was dismissed by {by} at {at}: {reason}.")
    }

    fn held(&self, held: &Held) -> Vec<String> {
        let (grade, why) = (held.grade.word(), words::hold_clause(held.reason));
        let mut told = vec![format!(
            "Payment {} of {} is held as {grade} since {}: {why}. It settles nothing until an \
             operator assigns it.",
            held.payment,
            held.amount,
            self.at(held.since)
        )];
        told.extend(held.candidates.iter().map(|candidate| self.candidate(*candidate)));
        if let Some(order) = held.proposed {
            told.push(format!("Order {order} is proposed: all other candidates have their money."));
        }
        told
    }

    fn candidate(&self, id: OrderId) -> String {
        let Some(row) = self.views.orders.get(id) else { return format!("Candidate {id}.") };
        let payable = Amount::from_minor(row.payable, row.currency);
        let (wallet, from) = (self.views.orders.wallet_of(row), self.at(row.created_at));
        let status = row.status;
        format!("Candidate {id}: {payable} on {wallet}, accepted at {from}, is {status}.")
    }

    fn pending(&self, id: CallbackId) -> Option<String> {
        let pending = self.views.callbacks.get(id)?;
        let (tries, due) = (pending.tries, self.at(pending.due));
        Some(format!("Callback {id} was tried {tries} times; the next attempt is due at {due}."))
    }

    fn difference(&self, id: BreakId) -> Vec<String> {
        let Some(view) = self.views.breaks.get(id) else { return Vec::new() };
        let (state, day) = (view.state, date_of(view.day));
        let what = break_sentences::difference(&view.found);
        let mut told = vec![format!("Break {id} of {day} is {state}: {what}.")];
        if let Some(ending) = &view.ending {
            told.push(format!("It ended {}.", break_sentences::ending(ending)));
        } else {
            let (since, age) = (self.at(view.opened_at), view.age(self.views.now).word());
            let owner = view.owner.as_deref().unwrap_or("nobody");
            told.push(format!("It is open since {since} ({age}); {owner} has it."));
        }
        if let Some((by, end)) = &view.proposal {
            let kind = end.kind.word();
            told.push(format!("{by} proposed {kind}; another person has to approve that."));
        }
        if view.booked != view.day {
            let booked = date_of(view.booked);
            told.push(format!("P01: its own day was closed, so it is booked in {booked}."));
        }
        let accepted = view.history.iter().filter_map(|entry| match entry.deed {
            Deed::Accepted(day) => Some((entry.by.as_str(), date_of(day))),
            _ => None,
        });
        told.extend(accepted.map(|(by, day)| format!("{by} accepted it when {day} was closed.")));
        told
    }

    fn callback(&self, id: CallbackId) -> Vec<String> {
        let ended = || format!("Callback {id} has no attempts ahead.");
        vec![self.pending(id).unwrap_or_else(ended)]
    }
}

/// Callbacks of one order that are looked for: one for its payment and two for each of its refunds;
/// nobody reads more than some dozens.
const CALLBACKS_SHOWN_MAX: usize = 64;
