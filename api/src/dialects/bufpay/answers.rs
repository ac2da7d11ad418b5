//! What the shop hears: a JSON object that begins with `status`, or a page.
//!
//! Where a wallet's code carries no amount, `qr_price` is empty, and shops then show `price` as the
//! amount to type. So both say what is to be paid, which may be some fen more than what was asked:
//! a payer who typed the asked amount would pay nobody's order. The shop knows what it asked for,
//! and the callback's `price` says it again.
//!
//! Invariants: a body of JSON stays JSON whatever texts stand in it; amounts are texts with two
//! decimals; the keys have the original's order; nothing signed is in an answer; an order of
//! another protocol does not exist.
//! Deliberately not here: which parameter is wrong in what way (see [`super::requests`]).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_core::channel::Channel;
use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::{Answer, Method, Params, Request};
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::OrderView;

use super::requests::aoid_of;
use crate::cashier::code_png;
use crate::dialects::way::page_to_cashier;
use crate::dialects::words::{RETRY_AFTER_SECS, quoted};
use crate::dialects::{Desk, Reply};

/// What the caller wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `format=json`, in query or body.
    Json,
    /// The default: the way to the cashier page.
    Page,
}

impl Shape {
    /// What a request asks for, even where it is broken.
    pub(super) fn of(request: &Request) -> Self {
        let params = Params::of_form_or_json(request);
        let params = params.unwrap_or_else(|_| Params::sound_part(request));
        if params.get("format") == Some("json") { Self::Json } else { Self::Page }
    }
}

/// Why nobody can pay. The first four are the original's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The signature is wrong.
    Sign,
    /// The order is paid.
    Paid,
    /// The order is over.
    Expired,
    /// No amount or code is free.
    NoCode,
    /// The number belongs to another order.
    NumberTaken,
    /// A parameter is wrong, with a sentence about it.
    Param(String),
    /// Nothing has changed; later it may.
    Busy,
    /// Whether it happened is unknown.
    OutcomeUnknown,
}

impl Refused {
    fn status(&self) -> &'static str {
        match self {
            Self::Sign => "sign_error",
            Self::Paid => "order_payed",
            Self::Expired => "order_expire",
            Self::NoCode => "qr_limit",
            Self::NumberTaken => "order_exist",
            Self::Param(_) => "param_error",
            Self::Busy => "busy",
            Self::OutcomeUnknown => "unknown",
        }
    }

    fn sentence(&self) -> &str {
        match self {
            Self::Sign => "签名错误",
            Self::Paid => "订单已支付",
            Self::Expired => "订单已过期",
            Self::NoCode => "支付二维码不足，请稍后重试",
            Self::NumberTaken => "订单号已存在",
            Self::Param(sentence) => sentence,
            Self::Busy => "系统繁忙，请稍后重试",
            Self::OutcomeUnknown => "结果未知，请用同一订单号重试",
        }
    }
}

impl From<&Rejection> for Refused {
    fn from(rejection: &Rejection) -> Self {
        match rejection {
            Rejection::UnknownMerchant => Self::Sign,
            Rejection::BadText(field) => Self::Param(format!("参数错误：{}", wire_name(field))),
            Rejection::AmountNotPositive => Self::Param(String::from("参数错误：price")),
            Rejection::NumberTaken(_) | Rejection::IdempotencyKeyReused(_) => Self::NumberTaken,
            Rejection::CurrencyUnsupported
            | Rejection::NoWallet
            | Rejection::TooManyOpenOrders
            | Rejection::AmountsExhausted => Self::NoCode,
            Rejection::BookAlreadyOpen
            | Rejection::Books(_)
            | Rejection::BadPolicy(_)
            | Rejection::TooManyDeclared
            | Rejection::UnknownWallet
            | Rejection::UnknownDevice
            | Rejection::UnknownPayment
            | Rejection::UnknownNotification
            | Rejection::UnknownCallback
            | Rejection::UnknownOrder
            | Rejection::OrderIs(_)
            | Rejection::RefundNumberTaken
            | Rejection::RefundExceeds { .. }
            | Rejection::UnknownRefund
            | Rejection::RefundIs(_)
            | Rejection::Break(_)
            | Rejection::Day(_) => Self::Busy,
        }
    }
}

fn wire_name(field: &str) -> &str {
    match field {
        "number" => "order_id",
        "subject" => "name",
        "attachment" => "order_uid",
        "echo" => "pay_type",
        other => other,
    }
}

/// A refusal.
pub(super) fn refuse(shape: Shape, refused: &Refused) -> Answer {
    let (status, sentence) = (refused.status(), refused.sentence());
    let answer = match (shape, refused) {
        (Shape::Page, _) => Answer::text(200, format!("{sentence}（{status}）")),
        (Shape::Json, Refused::Param(_)) => {
            let body = format!(r#"{{"status":"{status}","msg":{}}}"#, quoted(sentence));
            Answer::json(200, body)
        }
        (Shape::Json, _) => status_alone(status),
    };
    match refused {
        Refused::Busy | Refused::OutcomeUnknown => {
            answer.with_header("retry-after", RETRY_AFTER_SECS)
        }
        Refused::Sign
        | Refused::Paid
        | Refused::Expired
        | Refused::NoCode
        | Refused::NumberTaken
        | Refused::Param(_) => answer,
    }
}

/// Words what came of a request to be paid. A payer who sends the shop's form again after paying is
/// led to the cashier page as well: it says how the order stands, and leads back.
pub(super) fn word_pay(shape: Shape, reply: &Reply, desk: &dyn Desk) -> Answer {
    let refused = match reply {
        Reply::Order { order, .. } if shape == Shape::Page => {
            return page_to_cashier(order.id, desk);
        }
        Reply::Order { order, .. } => match order.status {
            OrderStatus::Open => return Answer::json(200, order_data(order, desk)),
            OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => Refused::Paid,
            OrderStatus::Expired | OrderStatus::Closed => Refused::Expired,
            // Money came and is not enough: paying the whole again would make it worse.
            OrderStatus::Underpaid => Refused::NumberTaken,
        },
        Reply::Rejected(rejection) => Refused::from(rejection),
        Reply::OutcomeUnknown => Refused::OutcomeUnknown,
        Reply::Busy
        | Reply::NotFound
        | Reply::Forbidden
        | Reply::Done
        | Reply::Orders { .. }
        | Reply::Refund { .. }
        | Reply::Refunds(_)
        | Reply::Watchers { .. }
        | Reply::Inbox { .. }
        | Reply::Seen { .. } => Refused::Busy,
    };
    refuse(shape, &refused)
}

/// Words how an order stands.
pub(super) fn word_query(reply: &Reply) -> Answer {
    match reply {
        Reply::Order { order, .. } if order.dialect == Dialect::Bufpay => {
            status_alone(standing(order))
        }
        Reply::Busy => refuse(Shape::Json, &Refused::Busy),
        Reply::OutcomeUnknown => refuse(Shape::Json, &Refused::OutcomeUnknown),
        Reply::Order { .. }
        | Reply::NotFound
        | Reply::Rejected(_)
        | Reply::Forbidden
        | Reply::Done
        | Reply::Orders { .. }
        | Reply::Refund { .. }
        | Reply::Refunds(_)
        | Reply::Watchers { .. }
        | Reply::Inbox { .. }
        | Reply::Seen { .. } => not_exist(),
    }
}

/// An underpaid order still waits, for the rest or for a person: the shop must neither deliver nor
/// give it up. `fee_error` is never said, because we take no fee.
fn standing(order: &OrderView) -> &'static str {
    match order.status {
        OrderStatus::Open | OrderStatus::Underpaid => "new",
        OrderStatus::Expired | OrderStatus::Closed => "expire",
        OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => match order.callback {
            CallbackStanding::Acknowledged => "success",
            CallbackStanding::None | CallbackStanding::Pending | CallbackStanding::Abandoned => {
                "payed"
            }
        },
    }
}

fn order_data(order: &OrderView, desk: &dyn Desk) -> String {
    let to_pay = order.payable.decimal_text();
    let qr_price = if order.qr_fixed { to_pay.as_str() } else { "" };
    // Shops put it into `src` as it is, so it is a whole address.
    let picture = code_png(&order.qr)
        .map(|png| format!("data:image/png;base64,{}", STANDARD.encode(png)))
        .unwrap_or_default();
    format!(
        r#"{{"status":"ok","aoid":"{}","pay_type":"{}","price":"{to_pay}","qr_price":"{qr_price}","qr":{},"qr_img":"{picture}","expires_in":{},"return_url":{}}}"#,
        aoid_of(order.id),
        pay_type(order),
        quoted(&order.qr),
        order.expires_at.since(desk.now()).secs(),
        quoted(order.return_url.as_deref().unwrap_or_default()),
    )
}

/// The word as the shop sent it.
fn pay_type(order: &OrderView) -> &str {
    let known = order.echo.as_deref().filter(|word| matches!(*word, "alipay" | "wechat"));
    known.unwrap_or(if order.channel == Channel::Alipay { "alipay" } else { "wechat" })
}

/// No such order, or another protocol's.
pub(super) fn not_exist() -> Answer {
    status_alone("not_exist")
}

/// A path that is not of this protocol.
pub(super) fn no_such_path() -> Answer {
    Answer::json(404, r#"{"status":"not_exist"}"#)
}

/// A verb that the original does not take.
pub(super) fn wrong_verb(right: &Method) -> Answer {
    Answer::json(405, r#"{"status":"param_error"}"#).with_header("allow", right.to_string())
}

fn status_alone(status: &str) -> Answer {
    Answer::json(200, format!(r#"{{"status":"{status}"}}"#))
}
