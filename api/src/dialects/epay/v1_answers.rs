//! What a shop of the first version hears.
//!
//! Invariants: HTTP 200 for all that the original answers; JSON whatever texts stand in it, and a
//! page that no text can break; success is code 1, but 0 for a refund, as deployed installations
//! say it; an order of another protocol, or of another merchant than the path names, does not
//! exist; no answer holds a key.
//! Deliberately not here: the words of refusals.

use duizhang_core::order::Dialect;
use duizhang_core::refund::RefundState;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::{Answer, Params};
use duizhang_projections::orders::OrderView;
use duizhang_projections::refunds::RefundView;

use super::callback::way_back;
use super::canon::filled;
use super::fields::{Fields, pid};
use super::lists::{described, is_over, status_of};
use super::numbers::out_trade_no;
use super::place::Place;
use super::refusal::{self, Refusal, Wanted};
use super::v1_requests::Ask;
use crate::dialects::way::{cashier_address, page_to_cashier};
use crate::dialects::words::RETRY_AFTER_SECS;
use crate::dialects::{Call, Caller, Desk, Reply};

/// How long a paid order's page leads back to the shop with the signed parameters, as in the
/// original: an address that lies in somebody's history should not say "paid" for ever.
const WAY_BACK_MAX: Span = Span::from_mins(5);

/// A refusal in the shape that the question wants.
pub(super) fn refuse(page: bool, refusal: &Refusal) -> Answer {
    if page {
        return Answer::html(200, error_page(&refusal.text));
    }
    let fields = Fields::new().with("code", refusal.code).with("msg", refusal.text.as_str());
    Answer::json(200, fields.json())
}

fn error_page(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>站点提示信息</title></head><body><h3>站点提示信息</h3><p>{safe}</p></body></html>"
    )
}

/// Words what came of a call.
pub(super) fn word(
    ask: Ask,
    place: &Place<'_>,
    params: &Params,
    call: &Call,
    reply: &Reply,
    desk: &dyn Desk,
) -> Answer {
    let page = ask == Ask::Submit;
    let worded = match (ask, reply) {
        (Ask::Submit | Ask::Mapi, Reply::Order { order, repeated }) => created(order, *repeated)
            .map(|()| match ask {
                Ask::Submit => page_to_cashier(order.id, desk),
                _ => Answer::json(200, mapi(order, desk).json()),
            }),
        (Ask::Getshop, Reply::Order { order, .. }) => {
            getshop(place, order, desk).map(|fields| Answer::json(200, fields.json()))
        }
        (Ask::Order, Reply::Order { order, .. }) if order.dialect == Dialect::Epay => {
            Ok(Answer::json(200, one(order, desk).json()))
        }
        (Ask::Orders, Reply::Orders { orders, .. }) => {
            Ok(Answer::json(200, several(orders, desk).json()))
        }
        (Ask::Query | Ask::Settle, Reply::Orders { .. }) => match &call.caller {
            Caller::Merchant(_) => Ok(Answer::json(200, account(ask, call, desk).json())),
            Caller::Operator(_) | Caller::Holder => Err(Refusal::new("操作失败")),
        },
        (Ask::Refund, Reply::Refund { refund, repeated }) => {
            refunded(refund, *repeated, params).map(|fields| Answer::json(200, fields.json()))
        }
        _ => Err(refused(ask, call, params, reply, desk)),
    };
    let answer = worded.unwrap_or_else(|refusal| refuse(page, &refusal));
    match reply {
        Reply::Busy | Reply::OutcomeUnknown => answer.with_header("retry-after", RETRY_AFTER_SECS),
        _ => answer,
    }
}

/// Whether a created or repeated order can still be paid.
pub(super) fn created(order: &OrderView, repeated: bool) -> Result<(), Refusal> {
    if repeated && order.status.is_settled() {
        return Err(refusal::number_taken(out_trade_no(order), true));
    }
    if repeated && is_over(order.status) {
        return Err(refusal::number_over(out_trade_no(order)));
    }
    Ok(())
}

fn mapi(order: &OrderView, desk: &dyn Desk) -> Fields {
    Fields::new()
        .with("code", 1)
        .with("trade_no", order.id.to_string())
        .with("payurl", cashier_address(order.id, desk))
}

fn getshop(place: &Place<'_>, order: &OrderView, desk: &dyn Desk) -> Result<Fields, Refusal> {
    let shown = order.dialect == Dialect::Epay && place.shows(&order.merchant);
    if !shown || !order.status.is_settled() {
        return Err(Refusal::new("未付款"));
    }
    let recent = order.ended_at.is_some_and(|at| desk.now().since(at) <= WAY_BACK_MAX);
    let back = way_back(order, desk).filter(|_| recent);
    Ok(Fields::new()
        .with("code", 1)
        .with("msg", "付款成功")
        .with("backurl", back.unwrap_or_else(|| cashier_address(order.id, desk))))
}

fn one(order: &OrderView, desk: &dyn Desk) -> Fields {
    let fields = Fields::new()
        .with("code", 1)
        .with("msg", "succ")
        .with("trade_no", order.id.to_string())
        .with("out_trade_no", out_trade_no(order))
        .with("api_trade_no", None::<String>);
    described(fields, order, desk)
        .with("status", status_of(order))
        .with("payurl", cashier_address(order.id, desk))
}

fn several(orders: &[OrderView], desk: &dyn Desk) -> Fields {
    let row = |order: &OrderView| {
        let fields = Fields::new()
            .with("trade_no", order.id.to_string())
            .with("out_trade_no", out_trade_no(order));
        described(fields, order, desk).with("status", status_of(order))
    };
    Fields::new()
        .with("code", 1)
        .with("msg", "查询订单记录成功！")
        .with("count", orders.len())
        .with_list("data", orders.iter().map(row).collect())
}

/// The merchant's account. It has no balance, because payers pay into the shop's own wallets, and
/// so nothing is settled with it either. The key is not repeated.
fn account(ask: Ask, call: &Call, desk: &dyn Desk) -> Fields {
    let Caller::Merchant(merchant) = &call.caller else { return Fields::new() };
    if ask == Ask::Settle {
        let fields = Fields::new().with("code", 1).with("msg", "查询结算记录成功！");
        return fields.with_list("data", Vec::new());
    }
    let tally = desk.tally(merchant, Dialect::Epay);
    Fields::new()
        .with("code", 1)
        .with("pid", pid(merchant))
        .with("key", "")
        .with("active", 1)
        .with("money", "0.00")
        .with("type", 1)
        .with("account", "")
        .with("username", "")
        .with("orders", tally.orders)
        .with("orders_today", tally.today.orders)
        .with("orders_lastday", tally.yesterday.orders)
        .with("order_today", tally.today.orders)
        .with("order_lastday", tally.yesterday.orders)
}

/// The words of a refund that was asked for: a person sends the money, so nothing has gone back
/// yet.
pub(super) fn refund_words(refund: &RefundView, repeated: bool) -> Result<String, Refusal> {
    let amount = refund.amount.decimal_text();
    match refund.state {
        RefundState::Declined => Err(Refusal::new("该退款申请已被拒绝，未退款")),
        RefundState::Confirmed => Ok(format!("已退款！退款金额¥{amount}")),
        RefundState::Requested | RefundState::Approved | RefundState::Sent if repeated => {
            Ok(format!("退款申请此前已受理，由人工打款！退款金额¥{amount}"))
        }
        RefundState::Requested | RefundState::Approved | RefundState::Sent => {
            Ok(format!("退款申请已受理，由人工打款！退款金额¥{amount}"))
        }
    }
}

/// The fields of a refund that was asked for. Without a number of the shop's own a second one of
/// the same amount cannot be told from the first one sent again; a yes would have the shop book two
/// where one is sent.
pub(super) fn refunded(
    refund: &RefundView,
    repeated: bool,
    params: &Params,
) -> Result<Fields, Refusal> {
    if repeated && filled(params, "out_refund_no").is_none() {
        return Err(refusal::refunded_before(refund));
    }
    let words = refund_words(refund, repeated)?;
    Ok(Fields::new()
        .with("code", 0)
        .with("refund_no", refund.id.to_string())
        .with("out_refund_no", refund.number.as_str())
        .with("trade_no", refund.order.to_string())
        .with_filled("out_trade_no", params.get("out_trade_no"))
        .with("uid", pid(&refund.merchant))
        .with("money", refund.amount.decimal_text())
        .with("reducemoney", refund.amount.decimal_text())
        .with("msg", words))
}

fn refused(ask: Ask, call: &Call, params: &Params, reply: &Reply, desk: &dyn Desk) -> Refusal {
    let wanted = if ask == Ask::Refund { Wanted::Refund } else { Wanted::Other };
    if ask == Ask::Getshop {
        return Refusal::new("未付款");
    }
    of_reply(wanted, call, params, reply, desk)
}

/// What is said where a reply is not what was asked for.
pub(super) fn of_reply(
    wanted: Wanted,
    call: &Call,
    params: &Params,
    reply: &Reply,
    desk: &dyn Desk,
) -> Refusal {
    match (reply, &call.caller) {
        (Reply::Rejected(rejection), Caller::Merchant(merchant)) => {
            let number = params.get("out_trade_no").unwrap_or_default();
            refusal::of_rejection(rejection, number, merchant, wanted, desk)
        }
        (Reply::Busy, _) => Refusal::new("系统繁忙，请稍后重试"),
        (Reply::OutcomeUnknown, _) => Refusal::new("结果未知，请用同一订单号重试"),
        (Reply::NotFound | Reply::Order { .. }, _) => Refusal::new("订单号不存在"),
        _ => Refusal::new("操作失败"),
    }
}
