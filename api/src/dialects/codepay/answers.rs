//! What the shop hears: one flat object, as JSON, as a script or behind a page.
//!
//! Invariants: the object's names stand in the original's order and `money` is what must be paid,
//! whatever the callback will say; nothing in an object can end a script; an order of another
//! protocol does not exist; the answer is in the character set of the request.
//! Deliberately not here: what a request lacks (see [`super::requests`]).

use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::{Answer, ParamsError};
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::OrderView;

use super::kept::Kept;
use super::numbers::pay_id_of;
use super::pages::{self, Page};
use super::protocol::{Endpoint, Place};
use super::received::{Charset, Received};
use super::requests::Refusal;
use super::{grammar, tokens};
use crate::cashier::code_png;
use crate::dialects::words::{self, RETRY_AFTER_SECS};
use crate::dialects::{Desk, Reply, proof, way};

/// The largest merchant id that is written as a number: what a script holds exactly.
const USER_ID_MAX: u64 = (1 << 53) - 1;

/// A path that is not of this protocol, and a picture that is not there.
pub(super) fn no_such_path() -> Answer {
    Answer::text(404, "no\n")
}

/// A verb that the original does not take.
pub(super) fn wrong_verb(endpoint: Endpoint<'_>) -> Answer {
    let allowed = match endpoint {
        Endpoint::Create => "GET, POST",
        Endpoint::IsPay | Endpoint::Picture(_) => "GET",
    };
    Answer::text(405, "undefined\n").with_header("allow", allowed)
}

/// Parameters that cannot be read, so that nobody knows how the answer is wanted.
pub(super) fn unreadable(error: &ParamsError) -> Answer {
    let text = match error {
        ParamsError::Twice(name) | ParamsError::Undecodable { name, .. } => {
            format!("undefined {name}")
        }
        ParamsError::TooLong(name) => format!("too long {name}"),
        ParamsError::TooMany => String::from("too long"),
        ParamsError::FormNotUtf8 => String::from("undefined chart"),
        ParamsError::Missing(name) => format!("undefined {name}"),
        ParamsError::Multipart(_) | ParamsError::Json(_) => String::from("undefined body"),
    };
    json(Charset::Utf8, &refused(Charset::Utf8, &Refusal { status: -2, text }))
}

/// A refusal, in the shape that the request asks for.
pub(super) fn refuse(endpoint: Endpoint<'_>, received: &Received, refusal: &Refusal) -> Answer {
    let object = refused(received.charset, refusal);
    match endpoint {
        Endpoint::Create => match Page::of(received) {
            Page::Framed | Page::Form => pages::note(&refusal.text, received.charset),
            Page::Script => script(received, &object),
            Page::Json => json(received.charset, &object),
        },
        Endpoint::IsPay | Endpoint::Picture(_) => script(received, &object),
    }
}

/// Words what came of a call.
pub(super) fn word(
    place: &Place<'_>,
    received: &Received,
    reply: &Reply,
    desk: &dyn Desk,
) -> Answer {
    match (place.endpoint, reply) {
        (Endpoint::Picture(_), Reply::Order { order, .. }) => picture(place, order),
        (Endpoint::Picture(_), _) => no_such_path(),
        (Endpoint::Create, Reply::Order { order, .. })
            if waits(order) && order.dialect == Dialect::Codepay =>
        {
            created(received, order, desk)
        }
        (Endpoint::IsPay, Reply::Order { order, .. }) if order.dialect == Dialect::Codepay => {
            let (status, text) = paid(order);
            script(received, &format!(r#"{{"status":{status},"msg":"{text}"}}"#))
        }
        (endpoint, reply) => {
            let answer = refuse(endpoint, received, &of_reply(endpoint, reply));
            match reply {
                Reply::Busy | Reply::OutcomeUnknown => {
                    answer.with_header("retry-after", RETRY_AFTER_SECS)
                }
                _ => answer,
            }
        }
    }
}

fn of_reply(endpoint: Endpoint<'_>, reply: &Reply) -> Refusal {
    let text = match (endpoint, reply) {
        (_, Reply::Rejected(rejection)) => return of_rejection(rejection),
        (_, Reply::Busy) => "creat fail, busy",
        (_, Reply::OutcomeUnknown) => "creat fail, send the same again",
        (Endpoint::IsPay | Endpoint::Picture(_), _) => "no",
        (Endpoint::Create, _) => "creat fail",
    };
    Refusal { status: -1, text: String::from(text) }
}

fn of_rejection(rejection: &Rejection) -> Refusal {
    let (status, text) = match rejection {
        Rejection::UnknownMerchant => (-2, "sign fail"),
        Rejection::BadText(field) => {
            return Refusal { status: -2, text: format!("too long {}", wire_name(field)) };
        }
        Rejection::AmountNotPositive => (-2, "undefined price"),
        Rejection::AmountsExhausted => (-1, "qrcode too little"),
        Rejection::NoWallet | Rejection::CurrencyUnsupported => (-1, "creat fail, no qrcode"),
        Rejection::TooManyOpenOrders => (-1, "creat fail, too many orders wait"),
        Rejection::BookAlreadyOpen
        | Rejection::Books(_)
        | Rejection::BadPolicy(_)
        | Rejection::TooManyDeclared
        | Rejection::NumberTaken(_)
        | Rejection::IdempotencyKeyReused(_)
        | Rejection::UnknownOrder
        | Rejection::OrderIs(_)
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
        | Rejection::Day(_) => (-1, "creat fail"),
    };
    Refusal { status, text: String::from(text) }
}

fn wire_name(field: &str) -> &str {
    match field {
        "number" => "pay_id",
        "attachment" => "param",
        other => other,
    }
}

fn waits(order: &OrderView) -> bool {
    matches!(order.status, OrderStatus::Open | OrderStatus::Underpaid)
}

fn created(received: &Received, order: &OrderView, desk: &dyn Desk) -> Answer {
    match Page::of(received) {
        Page::Framed => pages::framed(order, received.charset, desk),
        Page::Form => pages::form(order, received.charset, desk),
        Page::Script => script(received, &order_object(received, order, desk)),
        Page::Json => json(received.charset, &order_object(received, order, desk)),
    }
}

/// The status and message of `ispay`: an underpaid order waits for the rest or for a person, and is
/// not paid.
fn paid(order: &OrderView) -> (i8, &'static str) {
    match order.status {
        OrderStatus::Open | OrderStatus::Underpaid => (0, "no"),
        OrderStatus::Expired | OrderStatus::Closed => (-1, "no"),
        OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => match order.callback {
            CallbackStanding::Acknowledged => (2, "ok"),
            CallbackStanding::None | CallbackStanding::Pending | CallbackStanding::Abandoned => {
                (1, "ok")
            }
        },
    }
}

fn order_object(received: &Received, order: &OrderView, desk: &dyn Desk) -> String {
    let kept = Kept::of(order);
    let money = order.payable.decimal_text();
    let qrcode = match received.filled("qrcode_url") {
        Some(own) => way::join(own, &format!("type={}&money={money}&tag=0", kept.kind)),
        None => pages::picture_address(order, desk),
    };
    let token = |key: &[u8]| tokens::order_token(key, order.id);
    format!(
        r#"{{"msg":"ok","qrcode":{},"status":0,"chart":"{}","order_id":"{}","pay_id":{},"type":{},"price":"{}","money":"{money}","userID":{},"notiry_key":"{}","tag":0,"serverTime":{},"endTime":{}}}"#,
        quoted(&qrcode),
        received.charset.word(),
        order.id,
        quoted(pay_id_of(&order.number)),
        kept.kind,
        order.requested.decimal_text(),
        user_id(order.merchant.as_str()),
        proof::signed(&order.merchant, desk, &token).unwrap_or_default(),
        desk.now().secs(),
        order.expires_at.secs(),
    )
}

/// The original's ids are numbers; ours may be any word.
fn user_id(merchant: &str) -> String {
    match merchant.parse::<u64>() {
        Ok(number) if number <= USER_ID_MAX && number.to_string() == merchant => {
            String::from(merchant)
        }
        _ => quoted(merchant),
    }
}

fn picture(place: &Place<'_>, order: &OrderView) -> Answer {
    let own = place.merchant.is_none_or(|merchant| merchant == order.merchant.as_str());
    let shown = own && waits(order) && order.dialect == Dialect::Codepay;
    match code_png(&order.qr).filter(|_| shown) {
        Some(png) => {
            Answer::new(200, "image/png", png).with_header("cache-control", "private, no-store")
        }
        None => no_such_path(),
    }
}

fn refused(charset: Charset, refusal: &Refusal) -> String {
    let (text, status) = (quoted(&refusal.text), refusal.status);
    format!(r#"{{"msg":{text},"status":{status},"chart":"{}"}}"#, charset.word())
}

fn json(charset: Charset, object: &str) -> Answer {
    in_charset(charset, "application/json", object)
}

/// The object as the argument of the function that the request names; plain where it names none
/// that may be called. The comment in front keeps other readers from taking the name for content.
fn script(received: &Received, object: &str) -> Answer {
    match received.filled("call").filter(|call| grammar::is_call(call)) {
        Some(call) => {
            let text = format!("/**/{call}({object});");
            in_charset(received.charset, "application/javascript", &text)
        }
        None => json(received.charset, object),
    }
}

fn in_charset(charset: Charset, media: &str, text: &str) -> Answer {
    let media = format!("{media};charset={}", charset.word());
    Answer::new(200, &media, charset.bytes(text)).with_header("x-content-type-options", "nosniff")
}

/// A JSON text in which nothing can end a script or a page, or a line of either.
fn quoted(text: &str) -> String {
    let plain = words::quoted(text);
    let mut safe = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    safe
}
