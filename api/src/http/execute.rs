//! Carrying out a verified call: a fact for the writer, or a look into the views.
//!
//! Invariants: whose order it is, is checked here for every action; another merchant's order is
//! answered like none.

use duizhang_core::callback::CallbackId;
use duizhang_core::decide::Repeat;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{
    Closer, EvidenceJudged, Fact, OrderCloseRequested, OrderRequested, PaymentAssigned,
    PaymentDismissed, RedeliveryRequested, RefundRequested, RefundStepTaken,
};
use duizhang_core::id::{MerchantId, OrderId, RefundId};
use duizhang_core::order::{self, OrderStatus};
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_projections::inbox::Inbox;
use duizhang_projections::orders::OrderRow;

use super::finance;
use super::pages::{list, page};
use crate::app::App;
use crate::book::{Settled, SubmitError};
use crate::dialects::{
    Action, Call, Caller, NewOrder, NewRefund, OrderQuery, PAGE_INBOX_MAX, PAGE_OFFSET_MAX, Reply,
};
use crate::youzan::{self, IssueError};

/// Carries out a call.
pub(super) async fn execute(app: &App, dialect: order::Dialect, call: &Call) -> Reply {
    match &call.action {
        Action::Create(new) => create(app, dialect, &call.caller, new).await,
        Action::CreateAgain { order, number } => {
            create_again(app, dialect, &call.caller, order, number).await
        }
        Action::Get(query) => get(app, &call.caller, query),
        Action::List { before, limit } => list(app, &call.caller, *before, *limit),
        Action::Page { dialect, settled, offset, limit } => {
            let fits = |row: &&OrderRow| {
                row.dialect == *dialect
                    && settled.is_none_or(|settled| row.status.is_settled() == settled)
            };
            page(app, &call.caller, &fits, (*offset).min(PAGE_OFFSET_MAX), *limit)
        }
        Action::Close(order) => close(app, dialect, &call.caller, *order).await,
        Action::Watchers => watchers(app, &call.caller),
        Action::Refund(new) => refund(app, &call.caller, new).await,
        Action::GetRefund(id) => get_refund(app, &call.caller, *id, false),
        Action::ListRefunds(order) => list_refunds(app, &call.caller, *order),
        Action::Redeliver(callback) => redeliver(app, &call.caller, *callback).await,
        Action::StepRefund { refund, step, evidence } => {
            let Some(by) = operator(&call.caller) else { return Reply::Forbidden };
            let (step, evidence) = (*step, evidence.clone());
            let taken = RefundStepTaken { refund: *refund, step, by, evidence };
            match app.book.submit(Fact::RefundStepTaken(taken)).await {
                Ok(settled) => get_refund(app, &call.caller, *refund, is_repeat(&settled)),
                Err(error) => refused(error),
            }
        }
        Action::Inbox { after, limit } => match operator(&call.caller) {
            Some(_) => inbox(&app.book.views().inbox, *after, *limit),
            None => Reply::Forbidden,
        },
        Action::Assign { payment, order, reason } => {
            let Some(by) = operator(&call.caller) else { return Reply::Forbidden };
            let (payment, order, reason) = (*payment, *order, reason.clone());
            let assigned = PaymentAssigned { payment, order, by, reason };
            match app.book.submit(Fact::PaymentAssigned(assigned)).await {
                Ok(settled) => show(app, order, is_repeat(&settled)),
                Err(error) => refused(error),
            }
        }
        Action::Dismiss { payment, reason } => {
            let Some(by) = operator(&call.caller) else { return Reply::Forbidden };
            let dismissed = PaymentDismissed { payment: *payment, by, reason: reason.clone() };
            done(app.book.submit(Fact::PaymentDismissed(dismissed)).await)
        }
        Action::Judge { notification, judgement, reason } => {
            let Some(by) = operator(&call.caller) else { return Reply::Forbidden };
            let (judgement, reason) = (judgement.clone(), reason.clone());
            let judged = EvidenceJudged { notification: *notification, judgement, by, reason };
            done(app.book.submit(Fact::EvidenceJudged(judged)).await)
        }
        Action::Record(deed) => match &call.caller {
            Caller::Operator(by) => finance::record(&app.book, &*app.clock, by, deed).await,
            Caller::Merchant(_) | Caller::Holder => Reply::Forbidden,
        },
        Action::Look(look) => match &call.caller {
            Caller::Operator(_) => finance::look(&app.book.views(), look),
            Caller::Merchant(_) | Caller::Holder => Reply::Forbidden,
        },
    }
}

fn operator(caller: &Caller) -> Option<String> {
    match caller {
        Caller::Operator(name) => Some(name.clone()),
        Caller::Merchant(_) | Caller::Holder => None,
    }
}

pub(super) fn is_repeat(settled: &Settled) -> bool {
    matches!(settled, Settled::Repeat(_))
}

pub(super) fn refused(error: SubmitError) -> Reply {
    match error {
        SubmitError::Rejected(
            Rejection::UnknownOrder
            | Rejection::UnknownRefund
            | Rejection::UnknownPayment
            | Rejection::UnknownNotification
            | Rejection::UnknownCallback,
        ) => Reply::NotFound,
        SubmitError::Rejected(rejection) => Reply::Rejected(rejection),
        SubmitError::Busy | SubmitError::Stopped => Reply::Busy,
        SubmitError::OutcomeUnknown => Reply::OutcomeUnknown,
    }
}

fn done(submitted: Result<Settled, SubmitError>) -> Reply {
    submitted.map_or_else(refused, |_| Reply::Done)
}

/// Whether the caller may see an order of this merchant.
fn may_see(caller: &Caller, merchant: &MerchantId) -> bool {
    match caller {
        Caller::Merchant(id) => id == merchant,
        Caller::Operator(_) | Caller::Holder => true,
    }
}

fn show(app: &App, order: OrderId, repeated: bool) -> Reply {
    match app.book.order(order) {
        Ok(Some(order)) => Reply::Order { order: Box::new(order), repeated },
        Ok(None) => Reply::NotFound,
        Err(error) => {
            tracing::error!(%error, %order, "an order cannot be read from the log");
            Reply::Busy
        }
    }
}

async fn create(app: &App, dialect: order::Dialect, caller: &Caller, new: &NewOrder) -> Reply {
    let Caller::Merchant(merchant) = caller else { return Reply::Forbidden };
    let order = OrderId::from_bits(app.clock.draw());
    let request = OrderRequested {
        order,
        merchant: merchant.clone(),
        number: number_of(new, order),
        requested: new.requested,
        channels: new.channels.clone(),
        dialect,
        ttl: new.ttl,
        notify_url: new.notify_url.clone(),
        return_url: new.return_url.clone(),
        subject: new.subject.clone(),
        attachment: new.attachment.clone(),
        echo: new.echo.clone(),
        idempotency: new.idempotency,
    };
    let reply = match app.book.submit(Fact::OrderRequested(request)).await {
        Ok(Settled::Recorded(chapter)) => created(app, &chapter),
        Ok(Settled::Repeat(Repeat::Order(order))) => show(app, order, true),
        Ok(Settled::Repeat(_)) => unreachable!("a request for an order repeats an order"),
        Err(error) => refused(error),
    };
    with_code(app, reply).await
}

/// The rules compare the request with the order that it repeats, and only where that is the same
/// and has expired another follows. Its money, should it still come, stays its own.
async fn create_again(
    app: &App,
    dialect: order::Dialect,
    caller: &Caller,
    new: &NewOrder,
    number: &str,
) -> Reply {
    match create(app, dialect, caller, new).await {
        Reply::Order { order, repeated: true } if order.status == OrderStatus::Expired => {
            let next = NewOrder { number: Some(number.to_owned()), ..new.clone() };
            create(app, dialect, caller, &next).await
        }
        reply => reply,
    }
}

/// The same reply, with the order's own code where its platform makes it one. Without the platform
/// the order stands without a code, and a repeat of the request asks again.
async fn with_code(app: &App, reply: Reply) -> Reply {
    let Reply::Order { order, repeated } = reply else { return reply };
    match youzan::issue(app, &order).await {
        Ok(false) => Reply::Order { order, repeated },
        Ok(true) => show(app, order.id, repeated),
        Err(IssueError::Book(error @ (SubmitError::Busy | SubmitError::Stopped)))
        | Err(IssueError::Book(error @ SubmitError::OutcomeUnknown)) => refused(error),
        // What the rules refuse is the code, and not the order: it may be another order's.
        Err(error @ (IssueError::Book(SubmitError::Rejected(_)) | IssueError::Platform(_))) => {
            tracing::warn!(%error, order = %order.id, "an order has no code");
            Reply::Order { order, repeated }
        }
    }
}

/// The merchant's number of a new order. Where it named none, a retry must come to the same number:
/// one made from its idempotency key, or else our id, which makes every request a new order.
fn number_of(new: &NewOrder, order: OrderId) -> String {
    match (&new.number, new.idempotency) {
        (Some(number), _) => number.clone(),
        (None, Some(key)) => format!("key-{key:?}"),
        (None, None) => order.to_string(),
    }
}

/// The new order, from the chapter itself: nothing is read from disk on the fast path.
fn created(app: &App, chapter: &Chapter) -> Reply {
    let Fact::OrderRequested(request) = &chapter.fact else {
        unreachable!("the chapter is of the fact that was submitted")
    };
    let views = app.book.views();
    match views.orders.get(request.order) {
        Some(row) => Reply::Order { order: Box::new(views.order(row, request)), repeated: false },
        None => unreachable!("an answered fact is folded into the views"),
    }
}

fn get(app: &App, caller: &Caller, query: &OrderQuery) -> Reply {
    let found = {
        let views = app.book.views();
        let row = match (query, caller) {
            (OrderQuery::Id(id), _) => views.orders.get(*id),
            (OrderQuery::Number(number), Caller::Merchant(merchant)) => {
                views.orders.by_number(merchant, number)
            }
            (OrderQuery::Number(_), Caller::Operator(_) | Caller::Holder) => None,
        };
        row.filter(|row| may_see(caller, views.orders.merchant_of(row))).map(|row| row.id)
    };
    found.map_or(Reply::NotFound, |id| show(app, id, false))
}

/// Closes an order. The native API speaks of all orders of a merchant, every other protocol of its
/// own.
async fn close(app: &App, dialect: order::Dialect, caller: &Caller, order: OrderId) -> Reply {
    let own = |row: &OrderRow| row.dialect == dialect || dialect == order::Dialect::Native;
    if !app.book.views().orders.get(order).is_some_and(own) {
        return Reply::NotFound;
    }
    let by = match caller {
        Caller::Merchant(id) => Closer::Merchant(id.clone()),
        Caller::Operator(name) => Closer::Operator(name.clone()),
        Caller::Holder => return Reply::Forbidden,
    };
    let request = OrderCloseRequested { order, by };
    match app.book.submit(Fact::OrderCloseRequested(request)).await {
        Ok(settled) => show(app, order, is_repeat(&settled)),
        Err(error) => refused(error),
    }
}

/// A page of held payments and questions in the order of the log, in which each lies at a place of
/// its own.
fn inbox(inbox: &Inbox, after: Option<Position>, limit: usize) -> Reply {
    let limit = limit.clamp(1, PAGE_INBOX_MAX);
    let held = inbox.held().map(|held| held.position);
    let questions = inbox.questions().map(|question| question.position);
    let mut places: Vec<Position> =
        held.chain(questions).filter(|at| after.is_none_or(|after| *at > after)).collect();
    let mut next = None;
    if places.len() > limit {
        // The whole inbox need not be in order, only what is on the page.
        let (_, last, _) = places.select_nth_unstable(limit - 1);
        next = Some(*last);
    }
    let on_page =
        |at: Position| after.is_none_or(|after| at > after) && next.is_none_or(|last| at <= last);
    let mut held: Vec<_> = inbox.held().filter(|held| on_page(held.position)).cloned().collect();
    held.sort_unstable_by_key(|held| held.position);
    let questions = inbox.questions().filter(|question| on_page(question.position));
    let mut questions: Vec<_> = questions.cloned().collect();
    questions.sort_unstable_by_key(|question| question.position);
    Reply::Inbox { held, questions, next }
}

fn watchers(app: &App, caller: &Caller) -> Reply {
    let views = app.book.views();
    let wallets = match caller {
        Caller::Merchant(id) => match views.book.merchant(id) {
            Some(merchant) => Some(&merchant.wallets),
            None => return Reply::NotFound,
        },
        Caller::Operator(_) => None,
        Caller::Holder => return Reply::Forbidden,
    };
    let watches = |device: &&duizhang_projections::book::DeviceView| {
        let declared = &device.declared;
        declared.enabled
            && wallets.is_none_or(|own| declared.wallets.iter().any(|id| own.contains(id)))
    };
    let devices: Vec<_> = views.book.devices().filter(watches).cloned().collect();
    let last_money = devices.iter().filter_map(|device| device.last_money).max();
    Reply::Watchers { devices, last_money }
}

async fn refund(app: &App, caller: &Caller, new: &NewRefund) -> Reply {
    let Caller::Merchant(merchant) = caller else { return Reply::Forbidden };
    let refund = RefundId::from_bits(app.clock.draw());
    let request = RefundRequested {
        refund,
        merchant: merchant.clone(),
        order: new.order,
        number: new.number.clone().unwrap_or_else(|| refund.to_string()),
        amount: new.amount,
        reason: new.reason.clone(),
    };
    match app.book.submit(Fact::RefundRequested(request)).await {
        Ok(Settled::Recorded(_)) => get_refund(app, caller, refund, false),
        Ok(Settled::Repeat(Repeat::Refund(known))) => get_refund(app, caller, known, true),
        Ok(Settled::Repeat(_)) => unreachable!("a request for a refund repeats a refund"),
        Err(error) => refused(error),
    }
}

fn get_refund(app: &App, caller: &Caller, id: RefundId, repeated: bool) -> Reply {
    let views = app.book.views();
    match views.refunds.get(id).filter(|refund| may_see(caller, &refund.merchant)) {
        Some(refund) => Reply::Refund { refund: Box::new(refund.clone()), repeated },
        None => Reply::NotFound,
    }
}

fn list_refunds(app: &App, caller: &Caller, order: OrderId) -> Reply {
    let views = app.book.views();
    let seen = views.orders.get(order).filter(|row| may_see(caller, views.orders.merchant_of(row)));
    match seen {
        Some(_) => Reply::Refunds(views.refunds.of_order(order).cloned().collect()),
        None => Reply::NotFound,
    }
}

async fn redeliver(app: &App, caller: &Caller, callback: CallbackId) -> Reply {
    let by = match caller {
        Caller::Merchant(id) => format!("merchant {id}"),
        Caller::Operator(name) => name.clone(),
        Caller::Holder => return Reply::Forbidden,
    };
    let seen = {
        let views = app.book.views();
        let row = views.orders.get(callback.order);
        row.is_some_and(|row| may_see(caller, views.orders.merchant_of(row)))
    };
    if !seen {
        return Reply::NotFound;
    }
    done(app.book.submit(Fact::RedeliveryRequested(RedeliveryRequested { callback, by })).await)
}

/// Whether a recorded chapter holds a payment that waits for a person.
pub(super) fn is_held(chapter: &Chapter) -> bool {
    chapter.decisions.iter().any(|decision| matches!(decision, Decision::PaymentHeld { .. }))
}
