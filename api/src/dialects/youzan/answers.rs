//! What the shop hears.
//!
//! Invariants: a code is shown only while its order is open, and only one that asks for exactly
//! what the shop asked for; the keys stand in the original's order, and `qr_id` is a text.
//! Deliberately not here: reading requests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_core::order::OrderStatus;
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::Answer;
use duizhang_projections::orders::OrderView;

use crate::cashier::code_png;
use crate::dialects::Reply;
use crate::dialects::words::{RETRY_AFTER_SECS, quoted};

/// The original's own words where the platform gave no code.
const NO_CODE: &str = "Create payment qrcode failed";

/// A failure, in a sentence.
pub(super) fn failed(why: &str) -> Answer {
    Answer::text(500, why)
}

/// Who may not ask.
pub(super) fn not_allowed() -> Answer {
    Answer::text(401, "show the merchant's token as a bearer token, or call from this machine")
        .with_header("www-authenticate", "Bearer")
}

/// A path that is not of this protocol.
pub(super) fn no_such_path() -> Answer {
    Answer::text(404, "Not Found")
}

/// A verb that the original does not take.
pub(super) fn wrong_verb() -> Answer {
    Answer::text(405, "Method Not Allowed").with_header("allow", "POST")
}

/// Words what came of a call.
pub(super) fn word(reply: &Reply) -> Answer {
    match reply {
        Reply::Order { order, .. } if order.status == OrderStatus::Open => {
            code_of(order).map_or_else(|| failed(NO_CODE), |code| Answer::json(200, code))
        }
        Reply::Order { order, .. } => failed(&format!("the order is {}", order.status)),
        Reply::Rejected(rejection) => failed(&of_rejection(rejection)),
        Reply::Busy => again("busy, ask again"),
        Reply::OutcomeUnknown => again("the outcome is unknown, ask again with the same order_id"),
        Reply::Orders { .. }
        | Reply::Refund { .. }
        | Reply::Refunds(_)
        | Reply::Watchers { .. }
        | Reply::Inbox { .. }
        | Reply::Seen { .. }
        | Reply::Done
        | Reply::NotFound
        | Reply::Forbidden => failed(NO_CODE),
    }
}

fn again(why: &str) -> Answer {
    failed(why).with_header("retry-after", RETRY_AFTER_SECS)
}

/// The code that a payer scans. A wallet with one code for everybody will do where the order is to
/// be paid with just what the shop asked for, because the shop shows its own price beside the code.
fn code_of(order: &OrderView) -> Option<String> {
    let id = order.id.to_string();
    let (reference, picture) = match &order.code {
        Some(code) => (code.reference.as_str(), code.picture.as_str()),
        None if order.payable == order.requested && !order.qr.is_empty() => (id.as_str(), ""),
        None => return None,
    };
    let picture = if picture.is_empty() {
        format!("data:image/png;base64,{}", STANDARD.encode(code_png(&order.qr)?))
    } else {
        picture.to_owned()
    };
    Some(format!(
        r#"{{"qr_id":{},"qr_url":{},"qr_code":{},"qr_type":"QR_TYPE_DYNAMIC"}}"#,
        quoted(reference),
        quoted(&order.qr),
        quoted(&picture),
    ))
}

fn of_rejection(rejection: &Rejection) -> String {
    match rejection {
        Rejection::NumberTaken(_) | Rejection::IdempotencyKeyReused(_) => {
            "order_id was used before with another name or price".into()
        }
        Rejection::BadText(field) => {
            let name = match *field {
                "number" => "order_id",
                "subject" => "name",
                other => other,
            };
            format!("{name} is too long or holds control characters")
        }
        Rejection::AmountNotPositive => "price is not above zero".into(),
        Rejection::NoWallet | Rejection::CurrencyUnsupported => {
            "no wallet of this merchant is a Youzan shop".into()
        }
        Rejection::TooManyOpenOrders => "too many open orders".into(),
        Rejection::AmountsExhausted => "every amount near this price is taken".into(),
        Rejection::OrderIs(status) => format!("the order is {status}"),
        Rejection::BookAlreadyOpen
        | Rejection::Books(_)
        | Rejection::BadPolicy(_)
        | Rejection::TooManyDeclared
        | Rejection::UnknownMerchant
        | Rejection::UnknownWallet
        | Rejection::UnknownDevice
        | Rejection::UnknownOrder
        | Rejection::UnknownPayment
        | Rejection::UnknownNotification
        | Rejection::UnknownCallback
        | Rejection::RefundNumberTaken
        | Rejection::RefundExceeds { .. }
        | Rejection::UnknownRefund
        | Rejection::RefundIs(_)
        | Rejection::Break(_)
        | Rejection::Day(_) => NO_CODE.into(),
    }
}
