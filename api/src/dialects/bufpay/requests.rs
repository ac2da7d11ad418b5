//! From the parameters of a request to a verified call.
//!
//! Invariants: the signature is checked over the texts as received, before anything else is said
//! about them; an unknown merchant, one without a key and a wrong signature are one answer, at the
//! cost of at least one hash each.
//! Deliberately not here: which of two readings a signed text has (see [`super::grammar`]).

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::id::OrderId;
use duizhang_core::limits::ORDER_TTL_MAX;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::{Params, hex_equal, md5_hex};

use super::answers::Refused;
use super::grammar::Signed;
use crate::dialects::proof::{merchant_named, proven};
use crate::dialects::way::{callable, is_web_address};
use crate::dialects::{Action, Call, Caller, Desk, MerchantCard, NewOrder, OrderQuery};

/// The parameters beside the signed ones; strict merchants may send no others.
const UNSIGNED_NAMES: [&str; 4] = ["sign", "format", "expire", "user_cache"];
/// Digits of an id as the original writes it: 128 bits.
const AOID_DIGITS: usize = 32;

/// Reads a request to be paid.
pub(super) fn read_pay(params: &Params, aid: &str, desk: &dyn Desk) -> Result<Call, Refused> {
    let text = |name: &str| params.get(name).unwrap_or_default();
    let signed = Signed {
        name: text("name"),
        pay_type: text("pay_type"),
        price: text("price"),
        order_id: text("order_id"),
        order_uid: text("order_uid"),
        notify_url: text("notify_url"),
        return_url: text("return_url"),
        feedback_url: text("feedback_url"),
    };
    let merchant = verify(&signed, text("sign"), aid, desk).ok_or(Refused::Sign)?;
    check(params, &signed, &merchant)?;
    let channel = match signed.pay_type {
        "alipay" => Channel::Alipay,
        "wechat" => Channel::Wechat,
        _ => return Err(bad("pay_type")),
    };
    let amount = Amount::parse(signed.price, Currency::Cny).ok().filter(|a| a.is_positive());
    let order = NewOrder {
        number: Some(String::from(signed.order_id)),
        requested: amount.ok_or_else(|| bad("price"))?,
        channels: vec![channel],
        ttl: read_expire(text("expire"))?,
        notify_url: callable(filled(signed.notify_url), desk).map_err(|_| bad("notify_url"))?,
        return_url: filled(signed.return_url),
        subject: filled(signed.name),
        attachment: filled(signed.order_uid),
        echo: filled(signed.pay_type),
        idempotency: None,
    };
    Ok(Call { caller: Caller::Merchant(merchant.id), action: Action::Create(order) })
}

/// Reads a query. It carries no signature: the order's id is the capability.
pub(super) fn read_query(aoid: &str) -> Option<Call> {
    let order = order_of(aoid)?;
    Some(Call { caller: Caller::Holder, action: Action::Get(OrderQuery::Id(order)) })
}

/// An id as the original writes it: 32 hexadecimal digits. Shops keep it in columns of that size.
pub(super) fn aoid_of(order: OrderId) -> String {
    format!("{:032x}", order.bits())
}

/// The order of an id, in the original's writing or in our own.
fn order_of(aoid: &str) -> Option<OrderId> {
    if aoid.len() == AOID_DIGITS && aoid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return u128::from_str_radix(aoid, 16).ok().map(OrderId::from_bits);
    }
    aoid.parse().ok()
}

/// The merchant that is asked, if the signature was made with one of its keys.
fn verify(signed: &Signed<'_>, sign: &str, aid: &str, desk: &dyn Desk) -> Option<MerchantCard> {
    let texts = signed.named().map(|(_, text)| text.as_bytes());
    let fits = |key: &[u8]| hex_equal(sign, &md5_hex(&[texts.as_slice(), &[key]].concat()));
    proven(merchant_named(Some(aid), desk), desk, &fits)
}

fn check(params: &Params, signed: &Signed<'_>, merchant: &MerchantCard) -> Result<(), Refused> {
    if merchant.strict {
        let known = |name: &str| {
            UNSIGNED_NAMES.contains(&name) || signed.named().iter().any(|(own, _)| *own == name)
        };
        if let Some(foreign) = params.iter().find(|param| !known(&param.name)) {
            return Err(Refused::Param(format!("严格模式不接受参数：{}", foreign.name)));
        }
        let unfit = |name| Refused::Param(format!("参数不符合严格模式：{name}"));
        signed.check_strict().map_err(unfit)?;
    } else {
        let odd = |name| Refused::Param(format!("参数含有不允许的字符：{name}"));
        signed.check_plain().map_err(odd)?;
    }
    for (name, text) in [("name", signed.name), ("order_id", signed.order_id)] {
        if text.is_empty() {
            return Err(Refused::Param(format!("缺少参数：{name}")));
        }
    }
    for (name, text) in [("return_url", signed.return_url), ("feedback_url", signed.feedback_url)] {
        if !text.is_empty() && !is_web_address(text) {
            return Err(bad(name));
        }
    }
    Ok(())
}

/// Seconds. One client in the wild sends milliseconds and so asks for years: the longest life of an
/// order is what it gets.
fn read_expire(text: &str) -> Result<Option<Span>, Refused> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad("expire"));
    }
    if text.bytes().all(|byte| byte == b'0') {
        return Ok(None);
    }
    let secs = text.parse().unwrap_or(u64::MAX).min(ORDER_TTL_MAX.secs());
    Ok(Some(Span::from_secs(secs)))
}

fn bad(name: &str) -> Refused {
    Refused::Param(format!("参数错误：{name}"))
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| String::from(text))
}
