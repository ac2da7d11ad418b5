//! What the shop hears: the envelope of code, message and data.
//!
//! Invariants: the body is JSON whatever texts stand in it, in front of a page as well, because
//! shops look for the message of a failed page there; amounts are texts with two decimals, all else
//! of an order but its names are numbers, as the original's tables say; `data` of a failure is
//! `null`; an order of another protocol does not exist.
//! Deliberately not here: the texts of what a request lacks (see [`super::requests`]).

use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::Answer;
use duizhang_projections::orders::OrderView;

use super::callback::{kind_of, way_back};
use super::protocol::Endpoint;
use crate::dialects::way::{cashier_address, page_to_cashier};
use crate::dialects::words::{RETRY_AFTER_SECS, quoted, state_number, success};
use crate::dialects::{Desk, Reply};

const GENERIC: &str = "失败";
const NO_ORDER: &str = "云端订单编号不存在";

/// A refusal.
pub(super) fn refuse(text: &str) -> Answer {
    Answer::json(200, refusal(text))
}

/// A path that is not of this protocol.
pub(super) fn no_such_path() -> Answer {
    Answer::json(404, refusal(GENERIC))
}

/// A verb that the original does not take.
pub(super) fn wrong_verb() -> Answer {
    Answer::json(405, refusal("请使用POST")).with_header("allow", "GET, POST")
}

fn refusal(text: &str) -> String {
    format!(r#"{{"code":0,"msg":{},"data":null}}"#, quoted(text))
}

/// Words what came of `createOrder` for a payer's browser. Whoever sends the shop's page again
/// after paying is led to the cashier page as well: it says how the order stands, and leads back.
pub(super) fn word_page(reply: &Reply, desk: &dyn Desk) -> Answer {
    match reply {
        Reply::Order { order, .. } => page_to_cashier(order.id, desk),
        Reply::Rejected(_)
        | Reply::Busy
        | Reply::OutcomeUnknown
        | Reply::NotFound
        | Reply::Forbidden
        | Reply::Done
        | Reply::Orders { .. }
        | Reply::Refund { .. }
        | Reply::Refunds(_)
        | Reply::Watchers { .. }
        | Reply::Inbox { .. }
        | Reply::Seen { .. } => word(Endpoint::Create, reply, desk),
    }
}

/// Words what came of a call.
pub(super) fn word(endpoint: Endpoint, reply: &Reply, desk: &dyn Desk) -> Answer {
    match reply {
        Reply::Order { order, .. } if order.dialect != Dialect::Gogo => refuse(NO_ORDER),
        Reply::Order { order, repeated } => match endpoint {
            Endpoint::Create if *repeated && order.status != OrderStatus::Open => {
                refuse("商户订单号已存在")
            }
            Endpoint::Create | Endpoint::Get => success(&order_data(order)),
            Endpoint::Check => word_check(order, desk),
            Endpoint::Close | Endpoint::Delete => word_over(endpoint, order.status),
        },
        Reply::NotFound => refuse(NO_ORDER),
        Reply::Rejected(Rejection::OrderIs(status)) => word_over(endpoint, *status),
        Reply::Rejected(rejection) => refuse(&of_rejection(rejection)),
        Reply::Busy => refuse("系统繁忙，请稍后重试").with_header("retry-after", RETRY_AFTER_SECS),
        Reply::OutcomeUnknown => {
            refuse("结果未知，请用同一商户订单号重试").with_header("retry-after", RETRY_AFTER_SECS)
        }
        Reply::Forbidden
        | Reply::Done
        | Reply::Orders { .. }
        | Reply::Refund { .. }
        | Reply::Refunds(_)
        | Reply::Watchers { .. }
        | Reply::Inbox { .. }
        | Reply::Seen { .. } => refuse(GENERIC),
    }
}

/// Says whether an order is paid, and where its payer goes then.
fn word_check(order: &OrderView, desk: &dyn Desk) -> Answer {
    match order.status {
        OrderStatus::Open | OrderStatus::Underpaid => refuse("订单未支付"),
        OrderStatus::Expired | OrderStatus::Closed => refuse("订单已过期"),
        OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => {
            let cashier = || cashier_address(order.id, desk);
            success(&quoted(&way_back(order, desk).unwrap_or_else(cashier)))
        }
    }
}

/// Says whether an order is over as the shop wished. An expired order waits for nothing, so it
/// counts as deleted; where money came, the shop must not believe that the order is gone.
fn word_over(endpoint: Endpoint, status: OrderStatus) -> Answer {
    match (endpoint, status) {
        (_, OrderStatus::Closed) | (Endpoint::Delete, OrderStatus::Expired) => success("null"),
        (Endpoint::Delete, _) => refuse("订单已支付，不能删除"),
        _ => refuse("订单状态不允许关闭"),
    }
}

fn of_rejection(rejection: &Rejection) -> String {
    let text = match rejection {
        Rejection::UnknownMerchant => "App-Id、App-Secret或签名错误",
        Rejection::BadText(field) => return format!("参数错误：{}", wire_name(field)),
        Rejection::AmountNotPositive => "订单金额必须大于0",
        Rejection::NumberTaken(_) | Rejection::IdempotencyKeyReused(_) => "商户订单号已存在",
        Rejection::CurrencyUnsupported | Rejection::NoWallet => "请先在后台添加收款码",
        Rejection::TooManyOpenOrders => "订单超出负荷，请稍后重试",
        Rejection::AmountsExhausted => "所有金额均被占用，请稍后重试",
        Rejection::UnknownOrder => NO_ORDER,
        Rejection::OrderIs(_)
        | Rejection::BookAlreadyOpen
        | Rejection::Books(_)
        | Rejection::BadPolicy(_)
        | Rejection::TooManyDeclared
        | Rejection::UnknownWallet
        | Rejection::UnknownDevice
        | Rejection::UnknownPayment
        | Rejection::UnknownNotification
        | Rejection::UnknownCallback
        | Rejection::RefundNumberTaken
        | Rejection::RefundExceeds { .. }
        | Rejection::UnknownRefund
        | Rejection::RefundIs(_)
        | Rejection::Break(_)
        | Rejection::Day(_) => GENERIC,
    };
    String::from(text)
}

fn wire_name(field: &str) -> &str {
    match field {
        "number" => "payId",
        "attachment" => "param",
        "subject" => "title、content",
        "notify_url" => "notifyUrl",
        "return_url" => "returnUrl",
        other => other,
    }
}

fn order_data(order: &OrderView) -> String {
    let life = order.expires_at.since(order.created_at);
    format!(
        r#"{{"payId":{},"orderId":"{}","payType":{},"price":"{}","reallyPrice":"{}","payUrl":{},"isAuto":{},"state":{},"timeOut":{},"date":{}}}"#,
        quoted(&order.number),
        order.id,
        kind_of(order),
        order.requested.decimal_text(),
        order.payable.decimal_text(),
        quoted(&order.qr),
        u8::from(!order.qr_fixed),
        state_number(order),
        life.secs().div_ceil(60),
        order.created_at.secs(),
    )
}
