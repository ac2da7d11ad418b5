//! What came of a call, as JSON.
//!
//! Invariants: what is new is answered with 201 and what was done before with 200 and
//! `Idempotent-Replayed: true`; an order, a refund and a page have one shape wherever they stand.
//! Deliberately not here: errors found while reading (see [`super::requests`]).

use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::wire::Answer;
use duizhang_projections::book::DeviceView;
use duizhang_projections::calendar::Zone;
use duizhang_projections::inbox::{Held, Question};
use duizhang_projections::orders::OrderView;
use duizhang_projections::refunds::RefundView;
use serde::Serialize;

use super::finance;
use super::problem::{Code, not_found, of_rejection, problem};
use super::requests::cursor;
use super::shown::{
    AmountDigits, DeviceBody, DeviceListBody, HeldBody, InboxBody, OrderBody, OrderPageBody,
    QuestionBody, RefundBody, RefundListBody, Text,
};
use crate::dialects::{Action, Call, Desk, Reply};

/// Words what came of a call.
pub(super) fn word(call: &Call, reply: &Reply, desk: &dyn Desk) -> Answer {
    let creates = matches!(call.action, Action::Create(_) | Action::Refund(_));
    match reply {
        Reply::Order { order, repeated } => made(creates, *repeated, &order_body(order, desk)),
        Reply::Orders { orders, next } => {
            let orders = orders.iter().map(|order| order_body(order, desk)).collect();
            ok(&OrderPageBody { orders, next_cursor: next.map(cursor) })
        }
        Reply::Refund { refund, repeated } => made(creates, *repeated, &refund_body(refund, desk)),
        Reply::Refunds(refunds) => {
            let refunds = refunds.iter().map(|refund| refund_body(refund, desk)).collect();
            ok(&RefundListBody { refunds })
        }
        Reply::Watchers { devices, last_money } => {
            let devices = devices.iter().map(|device| device_body(device, desk)).collect();
            ok(&DeviceListBody { devices, last_money: time(*last_money, desk) })
        }
        Reply::Inbox { held, questions, next } => ok(&InboxBody {
            held: held.iter().map(|held| held_body(held, desk)).collect(),
            questions: questions.iter().map(|question| question_body(question, desk)).collect(),
            next_cursor: next.map(cursor),
        }),
        Reply::Seen { .. }
        | Reply::Done
        | Reply::NotFound
        | Reply::Forbidden
        | Reply::Rejected(_)
        | Reply::Busy
        | Reply::OutcomeUnknown => word_without_desk(call, reply, desk.zone()),
    }
}

/// Words what needs no desk. Whoever has none asks for nothing else.
pub(crate) fn word_without_desk(call: &Call, reply: &Reply, zone: Zone) -> Answer {
    match reply {
        Reply::Seen { seen, repeated } => finance::word(call, seen, *repeated, zone),
        Reply::Done => Answer::new(204, "application/json", Vec::new()),
        Reply::Forbidden => problem(Code::Forbidden, "this needs another kind of token"),
        Reply::Rejected(rejection) => of_rejection(rejection),
        Reply::Busy => problem(Code::Busy, "nothing has changed; repeat the request"),
        Reply::OutcomeUnknown => problem(
            Code::OutcomeUnknown,
            "repeat the request with the same Idempotency-Key, number or id: it is carried out once",
        ),
        Reply::NotFound
        | Reply::Order { .. }
        | Reply::Orders { .. }
        | Reply::Refund { .. }
        | Reply::Refunds(_)
        | Reply::Watchers { .. }
        | Reply::Inbox { .. } => not_found(),
    }
}

fn json(status: u16, body: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(body).expect("texts and numbers are always JSON");
    Answer::new(status, "application/json", body)
}

pub(super) fn ok(body: &impl Serialize) -> Answer {
    json(200, body)
}

pub(super) fn made(creates: bool, repeated: bool, body: &impl Serialize) -> Answer {
    match (creates, repeated) {
        (true, false) => json(201, body),
        (_, true) => json(200, body).with_header("idempotent-replayed", "true"),
        (false, false) => json(200, body),
    }
}

fn time(at: Option<Timestamp>, desk: &dyn Desk) -> Option<String> {
    at.map(|at| desk.zone().rfc3339(at))
}

/// An order as it is shown everywhere.
pub(super) fn order_body<'a>(order: &'a OrderView, desk: &dyn Desk) -> OrderBody<'a> {
    let zone = desk.zone();
    OrderBody {
        id: Text(order.id),
        number: &order.number,
        status: order.status.word(),
        channel: order.channel.word(),
        currency: order.payable.currency().code(),
        requested: AmountDigits(order.requested),
        payable: AmountDigits(order.payable),
        received: AmountDigits(order.received),
        refunded: AmountDigits(order.refunded),
        qr: &order.qr,
        qr_fixed: order.qr_fixed,
        cashier_url: format!("{}/pay/{}", desk.public_url(), order.id),
        subject: order.subject.as_deref(),
        attachment: order.attachment.as_deref(),
        notify_url: order.notify_url.as_deref(),
        return_url: order.return_url.as_deref(),
        callback: order.callback.word(),
        created_at: zone.rfc3339(order.created_at),
        expires_at: zone.rfc3339(order.expires_at),
        ended_at: order.ended_at.map(|at| zone.rfc3339(at)),
    }
}

/// A refund as it is shown everywhere.
pub(super) fn refund_body<'a>(refund: &'a RefundView, desk: &dyn Desk) -> RefundBody<'a> {
    RefundBody {
        id: Text(refund.id),
        order: Text(refund.order),
        number: &refund.number,
        amount: AmountDigits(refund.amount),
        currency: refund.amount.currency().code(),
        reason: &refund.reason,
        state: refund.state.word(),
        evidence: refund.evidence.as_deref(),
        created_at: desk.zone().rfc3339(refund.created_at),
        updated_at: desk.zone().rfc3339(refund.updated_at),
    }
}

fn device_body<'a>(device: &'a DeviceView, desk: &dyn Desk) -> DeviceBody<'a> {
    DeviceBody {
        id: device.declared.id.as_str(),
        wallets: device.declared.wallets.iter().map(|wallet| wallet.as_str()).collect(),
        enabled: device.declared.enabled,
        silent: device.silent,
        last_heard: time(device.last_heard, desk),
        last_money: time(device.last_money, desk),
    }
}

fn held_body(held: &Held, desk: &dyn Desk) -> HeldBody {
    HeldBody {
        payment: Text(held.payment),
        amount: AmountDigits(held.amount),
        wallets: held.wallets.iter().cloned().map(Text).collect(),
        paid_at: desk.zone().rfc3339(held.paid_at),
        since: desk.zone().rfc3339(held.since),
        grade: held.grade.word(),
        reason: held.reason.word(),
        candidates: held.candidates.iter().copied().map(Text).collect(),
        proposed: held.proposed.map(Text),
    }
}

fn question_body(question: &Question, desk: &dyn Desk) -> QuestionBody {
    QuestionBody {
        notification: Text(question.notification),
        verdict: question.verdict.word(),
        since: desk.zone().rfc3339(question.since),
    }
}
