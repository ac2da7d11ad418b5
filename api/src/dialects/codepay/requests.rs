//! From the parameters of a request to a verified call.
//!
//! Invariants: the proof is checked over the bytes as received, before any number is parsed; an
//! unknown merchant, one without a key, a wrong signature and a wrong token are one answer, at the
//! cost of at least one hash each; where there is a signature, a token beside it counts for
//! nothing; a strict merchant takes no token for creating.
//! Deliberately not here: which texts may stand in a request (see [`super::grammar`]).

use std::collections::BTreeMap;

use duizhang_core::amount::{Amount, AmountError, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::id::MerchantId;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::{hex_equal, md5_hex};

use super::kept::Kept;
use super::money::Money;
use super::numbers::{PAY_ID_BYTES_MAX, number_of};
use super::protocol::Place;
use super::received::{Charset, Received};
use super::{grammar, pages, tokens};
use crate::dialects::proof::{merchant_named, proven};
use crate::dialects::way::{callable, is_web_address};
use crate::dialects::{Action, Call, Caller, Desk, MerchantCard, NewOrder, OrderQuery};

/// The largest price in fen: 99999.99, as the original says.
const PRICE_MINOR_MAX: i64 = 9_999_999;
/// The wait in seconds that an order has where the shop names none.
const OUT_TIME_SECS: u64 = 360;
/// The shortest wait in seconds; what is below becomes [`OUT_TIME_SECS`], as in the original's own
/// examples.
const OUT_TIME_SECS_MIN: u64 = 60;
/// Most digits of a wait: the original's six, 11 days. The rules cut at a day.
const OUT_TIME_DIGITS_MAX: usize = 6;

/// Why a request is refused: the protocol's status and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// -1 failed, -2 bad parameters, -6 bad token.
    pub(super) status: i8,
    /// The message, in English as the original's.
    pub(super) text: String,
}

impl Refusal {
    fn bad(text: impl Into<String>) -> Self {
        Self { status: -2, text: text.into() }
    }
}

/// Reads `creat_order`.
pub(super) fn read_create(
    received: &Received,
    place: &Place<'_>,
    settings: &BTreeMap<MerchantId, Money>,
    desk: &dyn Desk,
) -> Result<Call, Refusal> {
    let needed = |name: &'static str| {
        received.filled(name).ok_or_else(|| Refusal::bad(format!("undefined {name}")))
    };
    let (id, pay_id, price) = (needed("id")?, needed("pay_id")?, needed("price")?);
    let merchant = verify(received, id, place, desk)?;
    check_grammar(received, &merchant)?;
    if pay_id.len() > PAY_ID_BYTES_MAX {
        return Err(Refusal::bad("too long pay_id"));
    }
    let (kind, channel) = read_kind(received.filled("type"))?;
    let requested = read_price(price)?;
    // The answer does not say what it may not reach.
    let notify_url = callable(read_address(received, "notify_url")?, desk)
        .map_err(|_| Refusal::bad("undefined notify_url"))?;
    let return_url = read_address(received, "return_url")?;
    let attachment = received.filled("param").map(String::from);
    let amount = requested.decimal_text();
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let (param, notify, back) = (text(&attachment), text(&notify_url), text(&return_url));
    let terms = [param.as_str(), kind, &amount, &notify, &back];
    let number = number_of(&merchant.id, pay_id, &terms, desk)
        .ok_or_else(|| Refusal { status: -1, text: String::from("creat fail") })?;
    let money = settings.get(&merchant.id).copied().unwrap_or_default();
    let order = NewOrder {
        number: Some(number),
        requested,
        channels: vec![channel],
        ttl: Some(read_wait(received.filled("outTime"))?),
        notify_url,
        return_url,
        subject: None,
        attachment,
        echo: Some(Kept { kind, charset: received.charset, money }.text()),
        idempotency: None,
    };
    Ok(Call { caller: Caller::Merchant(merchant.id), action: Action::Create(order) })
}

/// Reads `ispay`, which is proven by the merchant's token or by the order's own.
pub(super) fn read_is_pay(received: &Received, desk: &dyn Desk) -> Result<Call, Refusal> {
    let token = received.filled("token").unwrap_or_default();
    let order = received.filled("order_id").and_then(|text| text.parse().ok());
    let fits = |key: &[u8]| {
        let merchants = tokens::is_merchant_token(token, key);
        let orders = order.is_some_and(|order| tokens::is_order_token(token, key, order));
        merchants | orders
    };
    let named = received.filled("id").and_then(|id| merchant_named(Some(id), desk));
    let merchant = proven(named, desk, &fits)
        .ok_or_else(|| Refusal { status: -6, text: String::from("token error") })?;
    let order = order.ok_or_else(|| Refusal { status: -1, text: String::from("no") })?;
    let action = Action::Get(OrderQuery::Id(order));
    Ok(Call { caller: Caller::Merchant(merchant.id), action })
}

/// Reads the address of a picture; the order's id is the capability.
pub(super) fn read_picture(order: &str) -> Option<Call> {
    let action = Action::Get(OrderQuery::Id(order.parse().ok()?));
    Some(Call { caller: Caller::Holder, action })
}

/// The merchant that the request names, if it was signed with one of its keys, or carries its
/// token. A merchant in the path must be the same.
fn verify(
    received: &Received,
    id: &str,
    place: &Place<'_>,
    desk: &dyn Desk,
) -> Result<MerchantCard, Refusal> {
    let named = merchant_named(Some(id), desk);
    let named = named.filter(|card| place.merchant.is_none_or(|path| path == card.id.as_str()));
    let merchant = match received.filled("sign") {
        Some(sign) => {
            let signed = received.signed();
            proven(named, desk, &|key| hex_equal(sign, &md5_hex(&[&signed, key])))
        }
        None => {
            let token = received.filled("token").unwrap_or_default();
            let merchant = proven(named, desk, &|key| tokens::is_merchant_token(token, key));
            merchant.filter(|card| !card.strict)
        }
    };
    merchant.ok_or_else(|| Refusal::bad("sign fail"))
}

fn check_grammar(received: &Received, merchant: &MerchantCard) -> Result<(), Refusal> {
    let undefined = |name: String| Refusal::bad(format!("undefined {name}"));
    grammar::check_plain(received).map_err(undefined)?;
    if merchant.strict {
        grammar::check_strict(received).map_err(undefined)?;
    }
    let known = [
        ("chart", received.filled("chart").is_none_or(|text| Charset::read(text).is_some())),
        ("page", pages::Page::read(received.filled("page")).is_some()),
        ("call", received.filled("call").is_none_or(grammar::is_call)),
        ("qrcode_url", received.filled("qrcode_url").is_none_or(grammar::is_picture_address)),
    ];
    let odd = known.into_iter().find(|(_, known)| !known);
    odd.map_or(Ok(()), |(name, _)| Err(undefined(String::from(name))))
}

fn read_kind(text: Option<&str>) -> Result<(&'static str, Channel), Refusal> {
    match text.unwrap_or("1") {
        "1" => Ok(("1", Channel::Alipay)),
        "2" => Ok(("2", Channel::Qq)),
        "3" => Ok(("3", Channel::Wechat)),
        _ => Err(Refusal::bad("undefined type")),
    }
}

fn read_price(text: &str) -> Result<Amount, Refusal> {
    match Amount::parse(text, Currency::Cny) {
        Ok(amount) if (1..=PRICE_MINOR_MAX).contains(&amount.minor()) => Ok(amount),
        Ok(_) | Err(AmountError::TooLarge | AmountError::Overflow) => {
            Err(Refusal::bad("undefined price, 0.01 to 99999.99"))
        }
        Err(AmountError::NotWholeMinorUnits) => Err(Refusal::bad("too long price, two decimals")),
        Err(
            AmountError::NotANumber | AmountError::UnknownCurrency | AmountError::CurrencyMismatch,
        ) => Err(Refusal::bad("undefined price")),
    }
}

fn read_wait(text: Option<&str>) -> Result<Span, Refusal> {
    let Some(text) = text else { return Ok(Span::from_secs(OUT_TIME_SECS)) };
    let digits = text.len() <= OUT_TIME_DIGITS_MAX && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse().ok().filter(|_| digits) {
        Some(secs) if secs >= OUT_TIME_SECS_MIN => Ok(Span::from_secs(secs)),
        Some(_) => Ok(Span::from_secs(OUT_TIME_SECS)),
        None => Err(Refusal::bad("undefined outTime")),
    }
}

fn read_address(received: &Received, name: &str) -> Result<Option<String>, Refusal> {
    match received.filled(name) {
        Some(text) if !is_web_address(text) => Err(Refusal::bad(format!("undefined {name}"))),
        address => Ok(address.map(String::from)),
    }
}
