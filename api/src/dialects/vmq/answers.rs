//! What the shop hears: the envelope of code, message and data.
//!
//! Invariants: the body is JSON whatever texts stand in it; amounts are numbers, printed from
//! integers as the original prints them; `createOrder` leaves an empty `data` out and all others
//! say `null`, as the original's two JSON writers do; an order of another protocol, or of another
//! merchant than the path names, does not exist.
//! Deliberately not here: the texts of what a request lacks (see [`super::requests`]).

use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::wire::Answer;
use duizhang_projections::book::DeviceView;
use duizhang_projections::orders::OrderView;

use super::callback::{java_text, kind_of, way_back};
use super::protocol::{Endpoint, Place};
use crate::dialects::way::{cashier_address, page_to_cashier};
use crate::dialects::words::{RETRY_AFTER_SECS, quoted, state_number, success};
use crate::dialects::{Desk, Reply};

const GENERIC: &str = "失败";
const NO_ORDER: &str = "云端订单编号不存在";

/// A refusal.
pub(super) fn refuse(endpoint: Endpoint, page: bool, text: &str) -> Answer {
    match endpoint {
        Endpoint::Create if page => Answer::text(200, text),
        Endpoint::Create => Answer::json(200, format!(r#"{{"code":-1,"msg":{}}}"#, quoted(text))),
        Endpoint::Get | Endpoint::Check | Endpoint::Close | Endpoint::State => {
            Answer::json(200, format!(r#"{{"code":-1,"msg":{},"data":null}}"#, quoted(text)))
        }
    }
}

/// A path that is not of this protocol.
pub(super) fn no_such_path() -> Answer {
    Answer::json(404, format!(r#"{{"code":-1,"msg":{},"data":null}}"#, quoted(GENERIC)))
}

/// A verb that the original does not take.
pub(super) fn wrong_verb() -> Answer {
    let body = format!(r#"{{"code":-1,"msg":{},"data":null}}"#, quoted("请使用GET或POST"));
    Answer::json(405, body).with_header("allow", "GET, POST")
}

/// Words what came of a call.
pub(super) fn word(place: &Place<'_>, page: bool, reply: &Reply, desk: &dyn Desk) -> Answer {
    let endpoint = place.endpoint;
    let refuse = |text: &str| refuse(endpoint, page, text);
    match reply {
        Reply::Order { order, .. } if endpoint == Endpoint::Close => match order.status {
            OrderStatus::Closed => success("null"),
            _ => refuse("订单状态不允许关闭"),
        },
        Reply::Order { order, .. } if is_foreign(place, order) => refuse(NO_ORDER),
        Reply::Order { order, repeated } => match endpoint {
            Endpoint::Create if *repeated && order.status != OrderStatus::Open => {
                refuse("商户订单号已存在！")
            }
            Endpoint::Create if page => page_to_cashier(order.id, desk),
            Endpoint::Check => match order.status {
                OrderStatus::Open | OrderStatus::Underpaid => refuse("订单未支付"),
                OrderStatus::Expired | OrderStatus::Closed => refuse("订单已过期"),
                OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => {
                    let cashier = || cashier_address(order.id, desk);
                    success(&quoted(&way_back(order, desk).unwrap_or_else(cashier)))
                }
            },
            Endpoint::Create | Endpoint::Get | Endpoint::Close | Endpoint::State => {
                success(&order_data(order))
            }
        },
        Reply::Watchers { devices, last_money } => success(&state_data(devices, *last_money)),
        Reply::Done => success("null"),
        Reply::NotFound => refuse(NO_ORDER),
        Reply::Rejected(rejection) => refuse(&of_rejection(rejection)),
        Reply::Busy => refuse("系统繁忙，请稍后重试").with_header("retry-after", RETRY_AFTER_SECS),
        Reply::OutcomeUnknown => {
            refuse("结果未知，请用同一商户订单号重试").with_header("retry-after", RETRY_AFTER_SECS)
        }
        Reply::Orders { .. }
        | Reply::Refund { .. }
        | Reply::Refunds(_)
        | Reply::Inbox { .. }
        | Reply::Seen { .. }
        | Reply::Forbidden => refuse(GENERIC),
    }
}

fn is_foreign(place: &Place<'_>, order: &OrderView) -> bool {
    let other = place.merchant.is_some_and(|merchant| merchant != order.merchant.as_str());
    other || order.dialect != Dialect::Vmq
}

/// The words of a refusal by the rules.
pub(super) fn of_rejection(rejection: &Rejection) -> String {
    let text = match rejection {
        Rejection::UnknownMerchant => "签名校验不通过",
        Rejection::BadText(field) => return format!("参数错误：{}", wire_name(field)),
        Rejection::AmountNotPositive => "订单金额必须大于0",
        Rejection::NumberTaken(_) | Rejection::IdempotencyKeyReused(_) => "商户订单号已存在！",
        Rejection::CurrencyUnsupported | Rejection::NoWallet => "请您先进入后台配置程序",
        Rejection::TooManyOpenOrders => "订单超出负荷，请稍后重试",
        Rejection::AmountsExhausted => "所有金额均被占用",
        Rejection::UnknownOrder => NO_ORDER,
        Rejection::OrderIs(_) => "订单状态不允许关闭",
        Rejection::BookAlreadyOpen
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
        "notify_url" => "notifyUrl",
        "return_url" => "returnUrl",
        other => other,
    }
}

fn order_data(order: &OrderView) -> String {
    let life = order.expires_at.since(order.created_at);
    format!(
        r#"{{"payId":{},"orderId":"{}","payType":{},"price":{},"reallyPrice":{},"payUrl":{},"isAuto":{},"state":{},"timeOut":{},"date":{}}}"#,
        quoted(&order.number),
        order.id,
        kind_of(order),
        java_text(order.requested),
        java_text(order.payable),
        quoted(&order.qr),
        u8::from(!order.qr_fixed),
        state_number(order),
        life.secs().div_ceil(60),
        order.created_at.millis(),
    )
}

/// All values are texts, as in the original; the PHP fork calls the state `jkstate`, so both names
/// stand.
fn state_data(devices: &[DeviceView], last_money: Option<Timestamp>) -> String {
    let last_heard = devices.iter().filter_map(|device| device.last_heard).max();
    let state = match last_heard {
        None => "-1",
        Some(_) if devices.iter().any(|device| device.last_heard.is_some() && !device.silent) => {
            "1"
        }
        Some(_) => "0",
    };
    let millis = |at: Option<Timestamp>| at.map_or(0, Timestamp::millis);
    format!(
        r#"{{"state":"{state}","lastheart":"{}","lastpay":"{}","jkstate":"{state}"}}"#,
        millis(last_heard),
        millis(last_money),
    )
}
