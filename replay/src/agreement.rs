//! Whether the views say the same as the state. Both are folded from the log by different code, so
//! what one of them gets wrong shows here.
//!
//! Deliberately not here: texts of requests, which only views know, and times of hearing devices.

use std::collections::BTreeSet;

use duizhang_core::id::NotificationId;
use duizhang_core::state::State;
use duizhang_projections::views::Views;

/// Every difference, in words.
pub(crate) fn differences(views: &Views, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            found.push(what);
        }
    };
    expect(views.position == state.position(), format!("views end at {}", views.position));
    expect(
        views.orders.len() == state.orders_count(),
        format!("views have {} orders, the state {}", views.orders.len(), state.orders_count()),
    );
    for row in state.orders() {
        let known = views.orders.get(row.id).is_some_and(|view| {
            let amounts = (view.requested, view.payable, view.received, view.refunded);
            amounts == (row.requested, row.payable, row.received, row.refunded)
                && (view.status, view.position) == (row.status, row.position)
                && *views.orders.wallet_of(view) == state.wallet_id(row.wallet)
        });
        expect(known, format!("order {} stands otherwise in the views", row.id));
    }
    let held: BTreeSet<_> =
        views.inbox.held().map(|held| (held.payment, held.amount, &held.candidates)).collect();
    let in_state: BTreeSet<_> =
        state.held_payments().map(|(id, held)| (id, held.amount, &held.candidates)).collect();
    for (payment, ..) in held.symmetric_difference(&in_state) {
        expect(false, format!("payment {payment} is not held alike"));
    }
    for question in views.inbox.questions() {
        let id: NotificationId = question.notification;
        expect(state.is_question(id), format!("notification {id} waits in the views only"));
    }
    let pending = state.pending_callbacks().count();
    expect(
        views.callbacks.pending_count() == pending,
        format!("views have {} pending callbacks, not {pending}", views.callbacks.pending_count()),
    );
    for (id, pending) in state.pending_callbacks() {
        let same = views.callbacks.get(id).is_some_and(|view| {
            (view.due, view.tries, view.topic) == (pending.due, pending.tries, pending.topic)
        });
        expect(same, format!("callback {id} is not pending alike"));
    }
    expect(
        views.refunds.iter().count() == state.refunds().count(),
        "the views do not have all refunds".to_owned(),
    );
    for (id, refund) in state.refunds() {
        let same = views.refunds.get(id).is_some_and(|view| {
            (view.order, view.amount, view.state) == (refund.order, refund.amount, refund.state)
        });
        expect(same, format!("refund {id} stands otherwise in the views"));
    }
    found
}
