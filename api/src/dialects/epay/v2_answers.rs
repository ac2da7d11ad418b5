//! What a shop of the second version hears: code 0, with the time and our signature.
//!
//! Invariants: what is not a refusal is signed, and where we have no key to sign with it is a
//! refusal; a query leaves out what is empty, as the original does, and a list shows it as `null`;
//! lists are not signed; an order of another protocol does not exist.
//! Deliberately not here: the words of refusals.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::refund::RefundState;
use duizhang_listener_bridge::wire::{Answer, Params};
use duizhang_projections::orders::{DayTally, OrderView};
use duizhang_projections::refunds::RefundView;

use super::callback::by_platform;
use super::fields::{Fields, pid};
use super::lists::{described, status_of, time_text};
use super::numbers::{out_trade_no, shops_number};
use super::place::Second;
use super::refusal::{Refusal, Wanted};
use super::v1_answers::{created, of_reply, refund_words, refunded, refuse};
use crate::dialects::way::{cashier_address, page_to_cashier};
use crate::dialects::words::RETRY_AFTER_SECS;
use crate::dialects::{Call, Caller, Desk, Reply};

/// Words what came of a call.
pub(super) fn word(
    ask: Second,
    params: &Params,
    call: &Call,
    reply: &Reply,
    desk: &dyn Desk,
) -> Answer {
    let worded = match (ask, reply) {
        (Second::Submit, Reply::Order { order, repeated }) => {
            created(order, *repeated).map(|()| page_to_cashier(order.id, desk))
        }
        _ => fields(ask, params, call, reply, desk).and_then(|fields| signed(fields, call, desk)),
    };
    let answer = worded.unwrap_or_else(|refusal| refuse(ask == Second::Submit, &refusal));
    match reply {
        Reply::Busy | Reply::OutcomeUnknown => answer.with_header("retry-after", RETRY_AFTER_SECS),
        _ => answer,
    }
}

fn signed(fields: Fields, call: &Call, desk: &dyn Desk) -> Result<Answer, Refusal> {
    let Caller::Merchant(merchant) = &call.caller else { return Err(Refusal::new("操作失败")) };
    let signed = by_platform(fields, merchant, desk.now(), desk);
    let fields = signed.ok_or_else(|| Refusal::new("平台尚未生成与该商户的RSA密钥"))?;
    Ok(Answer::json(200, fields.json()))
}

fn fields(
    ask: Second,
    params: &Params,
    call: &Call,
    reply: &Reply,
    desk: &dyn Desk,
) -> Result<Fields, Refusal> {
    let ok = || Fields::new().with("code", 0);
    match (ask, reply) {
        (Second::Create, Reply::Order { order, repeated }) => {
            created(order, *repeated)?;
            Ok(ok()
                .with("trade_no", order.id.to_string())
                .with("pay_type", "jump")
                .with("pay_info", cashier_address(order.id, desk)))
        }
        (Second::Query, Reply::Order { order, .. }) if order.dialect == Dialect::Epay => {
            Ok(one(ok(), order, desk).without_empty())
        }
        (Second::Close, Reply::Order { order, .. }) => match order.status {
            OrderStatus::Closed => Ok(ok().with("msg", "订单关闭成功")),
            _ => Err(Refusal::new("该订单状态不支持关闭！")),
        },
        (Second::Refund, Reply::Refund { refund, repeated }) => refunded(refund, *repeated, params),
        (Second::RefundQuery, Reply::Refund { refund, .. }) => Ok(one_refund(ok(), refund, desk)),
        (Second::Info, Reply::Orders { .. }) => Ok(account(ok(), call, desk)),
        (Second::Orders, Reply::Orders { orders, .. }) => {
            let row = |order: &OrderView| one(Fields::new(), order, desk);
            Ok(ok().with_list("data", orders.iter().map(row).collect()))
        }
        (Second::RefundQuery, Reply::NotFound) => Err(Refusal::new("退款记录不存在")),
        (Second::Refund, _) => Err(of_reply(Wanted::Refund, call, params, reply, desk)),
        _ => Err(of_reply(Wanted::Other, call, params, reply, desk)),
    }
}

/// An order. 2 means that all that was asked for is on its way back, by refunds that were not
/// declined; the fen that the payer paid above it may stay.
fn one(fields: Fields, order: &OrderView, desk: &dyn Desk) -> Fields {
    let fields =
        fields.with("trade_no", order.id.to_string()).with("out_trade_no", out_trade_no(order));
    let back = order.refunded.is_positive() && order.refunded >= order.requested;
    let status = if back { 2 } else { status_of(order) };
    let refunded = order.refunded.is_positive().then(|| order.refunded.decimal_text());
    described(fields, order, desk)
        .with("status", status)
        .with_filled("refundmoney", refunded.as_deref())
}

/// A refund: 1 once the money is back with the payer, else 0; the words say which step it is at.
fn one_refund(fields: Fields, refund: &RefundView, desk: &dyn Desk) -> Fields {
    let (zone, number) = (desk.zone(), desk.number(refund.order));
    let done = refund.state == RefundState::Confirmed;
    let ended = done.then(|| time_text(refund.updated_at, zone));
    let words = refund_words(refund, true).unwrap_or_else(|refusal| refusal.text);
    fields
        .with("refund_no", refund.id.to_string())
        .with("out_refund_no", refund.number.as_str())
        .with("trade_no", refund.order.to_string())
        .with_filled("out_trade_no", number.as_deref().map(shops_number))
        .with("uid", pid(&refund.merchant))
        .with("money", refund.amount.decimal_text())
        .with("reducemoney", refund.amount.decimal_text())
        .with("status", i32::from(done))
        .with("state", refund.state.word())
        .with("addtime", time_text(refund.created_at, zone))
        .with("endtime", ended)
        .with("msg", words)
}

/// The merchant's account; see the first version's for why it has no balance.
fn account(fields: Fields, call: &Call, desk: &dyn Desk) -> Fields {
    let Caller::Merchant(merchant) = &call.caller else { return fields };
    let tally = desk.tally(merchant, Dialect::Epay);
    let sum = |day: DayTally| Amount::from_minor(day.minor, Currency::Cny).decimal_text();
    fields
        .with("pid", pid(merchant))
        .with("status", 1)
        .with("pay_status", 1)
        .with("settle_status", 0)
        .with("money", "0.00")
        .with("order_num", tally.orders)
        .with("order_num_today", tally.today.orders)
        .with("order_num_lastday", tally.yesterday.orders)
        .with("order_money_today", sum(tally.today))
        .with("order_money_lastday", sum(tally.yesterday))
}
