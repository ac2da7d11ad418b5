//! From a request to a verified call.
//!
//! The original asks nobody who they are and tells its users to keep it on their own machine.
//! Whoever may ask for a code can ask for one over a cent under another's order number, so here a
//! caller shows the merchant's token, or calls from this very machine, not through a proxy and not
//! from a page: a browser on this machine would ask for whatever page it shows. A strict merchant
//! always wants the token.
//!
//! Invariants: who asks is settled before the body is read; an unknown merchant and a wrong token
//! are one answer; the price is a whole number of fen, whose sign the original drops too.
//! Deliberately not here: what the code is made of.

use std::net::IpAddr;

use duizhang_core::amount::{AMOUNT_MINOR_MAX, Amount};
use duizhang_core::channel::Channel;
use duizhang_core::id::MerchantId;
use duizhang_core::limits::{ORDER_NUMBER_BYTES_MAX, ORDER_TEXT_BYTES_MAX};
use duizhang_listener_bridge::wire::{Answer, Params, Request};
use serde::Deserialize;
use serde_json::Value;

use super::answers;
use crate::dialects::proof::merchant_named;
use crate::dialects::{Action, Call, Caller, Desk, NewOrder, Token};

/// What a proxy says of whom it speaks for.
const PROXY_HEADERS: [&str; 5] =
    ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"];

/// What a browser says of the page that asks.
const PAGE_HEADERS: [&str; 3] = ["origin", "sec-fetch-site", "sec-fetch-mode"];

/// What shops write, and the only media that count without a token: a page may send a text without
/// being asked where it comes from.
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The body. A name that stands twice is refused by the reader itself; names that the original does
/// not know are passed over, as it does.
#[derive(Default, Deserialize)]
struct Sent {
    name: Option<Value>,
    price: Option<Value>,
    order_id: Option<Value>,
}

/// Reads a request for a code.
pub(super) fn read_create(
    request: &Request,
    merchant: Option<&str>,
    desk: &dyn Desk,
) -> Result<Call, Answer> {
    let params = Params::of(request).map_err(|error| answers::failed(&error.to_string()))?;
    let merchant = prove(request, &params, merchant, desk).ok_or_else(answers::not_allowed)?;
    let order = read_order(request, &params).map_err(answers::failed)?;
    Ok(Call { caller: Caller::Merchant(merchant), action: Action::Create(order) })
}

/// The merchant, if the caller may ask in its name.
fn prove(
    request: &Request,
    params: &Params,
    merchant: Option<&str>,
    desk: &dyn Desk,
) -> Option<MerchantId> {
    let card = merchant_named(merchant, desk);
    let shown = request.bearer().or_else(|| params.get("token"));
    let allowed = match (shown, &card) {
        (Some(token), Some(card)) => desk.token(token) == Some(Token::Merchant(card.id.clone())),
        (None, Some(card)) => !card.strict && is_near(request),
        (_, None) => false,
    };
    card.filter(|_| allowed).map(|card| card.id)
}

/// Whether the caller is on this machine, and speaks for itself.
fn is_near(request: &Request) -> bool {
    let here = request.peer.is_some_and(|peer| match peer.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_loopback(),
    });
    let known = matches!(request.content_type().as_deref(), Some(JSON | FORM));
    let foreign = PROXY_HEADERS.iter().chain(&PAGE_HEADERS);
    here && known && foreign.into_iter().all(|name| request.header(name).is_none())
}

fn read_order(request: &Request, params: &Params) -> Result<NewOrder, &'static str> {
    let form = request.content_type().as_deref() == Some(FORM);
    let sent = if form {
        let text = |name| params.get(name).map(Value::from);
        Sent { name: text("name"), price: text("price"), order_id: text("order_id") }
    } else {
        serde_json::from_slice(&request.body).map_err(|_| "the body is not a JSON object")?
    };
    let number = spelled(sent.order_id).ok_or("order_id is missing")?;
    if number.len() > ORDER_NUMBER_BYTES_MAX || number.chars().any(char::is_control) {
        return Err("order_id is too long or holds control characters");
    }
    let name = spelled(sent.name).ok_or("name is missing")?;
    if name.len() > ORDER_TEXT_BYTES_MAX || name.chars().any(char::is_control) {
        return Err("name is too long or holds control characters");
    }
    let price = spelled(sent.price).ok_or("price is missing")?;
    Ok(NewOrder {
        number: Some(number),
        requested: read_price(&price).ok_or("price is not a whole number of fen above zero")?,
        channels: vec![Channel::Youzan],
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: Some(name),
        attachment: None,
        echo: None,
        idempotency: None,
    })
}

/// A text, or a number as it is spelled; shops send numbers of orders as either.
fn spelled(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number. PHP writes one that was a float as `1250.0`, and some shops as `1250.00`.
fn read_price(text: &str) -> Option<Amount> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let fen = whole.parse::<i64>().ok()?.checked_abs()?;
    (1..=AMOUNT_MINOR_MAX).contains(&fen).then(|| Amount::fen(fen))
}
