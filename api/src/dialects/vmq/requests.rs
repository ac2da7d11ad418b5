//! From the parameters of a request to a verified call.
//!
//! Invariants: what is missing is named in the original's order and words; the signature is checked
//! over the texts as received, before any number is parsed; an unknown merchant, one without a key
//! and a wrong signature are one answer, at the cost of at least one hash each.
//! Deliberately not here: which of two readings a signed text has (see [`super::grammar`]).

use duizhang_core::amount::{Amount, AmountError, Currency};
use duizhang_core::channel::Channel;
use duizhang_listener_bridge::wire::{Params, hex_equal, md5_hex};

use super::grammar::Signed;
use super::protocol::Place;
use super::suite;
use crate::dialects::proof::proven;
use crate::dialects::way::{callable, is_web_address};
use crate::dialects::{Action, Call, Caller, Desk, MerchantCard, NewOrder, OrderQuery};
use crate::outbound::UrlRefusal;

/// The parameters that `createOrder` knows; strict merchants may send no others.
const CREATE_NAMES: [&str; 8] =
    ["payId", "param", "type", "price", "notifyUrl", "returnUrl", "sign", "isHtml"];

/// The word that an order keeps which was asked for by HMAC, and is called back so.
pub(super) const BY_HMAC: &str = "hmac";

const BAD_SIGN: &str = "签名校验不通过";
const NO_ORDER: &str = "云端订单编号不存在";

/// A refusal in the protocol's own words.
type Text = String;

/// Reads `createOrder`.
pub(super) fn read_create(
    params: &Params,
    place: &Place<'_>,
    desk: &dyn Desk,
) -> Result<Call, Text> {
    let pay_id = filled(params, "payId").ok_or("请传入商户订单号")?;
    let kind = filled(params, "type").ok_or("请传入支付方式=>1|微信 2|支付宝")?;
    let channel = channel_of(kind).ok_or("支付方式错误=>1|微信 2|支付宝")?;
    let price = filled(params, "price").ok_or("请传入订单金额")?;
    if price.starts_with('-') || price.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        return Err(Text::from("订单金额必须大于0"));
    }
    let sign = filled(params, "sign").ok_or("请传入签名")?;
    let param = params.get("param").unwrap_or_default();
    let signed = Signed { pay_id, param, kind, price };
    let by_hmac = suite::is_asked(params);
    let merchant = verify(params, place, desk, sign, &signed.fields())?;
    if merchant.strict && !by_hmac {
        check_strict(params, &signed)?;
    } else {
        check_plain(&signed)?;
    }
    let echo = if by_hmac { format!("{kind} {BY_HMAC}") } else { Text::from(kind) };
    let order = new_order(params, Asked { signed, channel, echo }, desk)?;
    Ok(Call { caller: Caller::Merchant(merchant.id), action: Action::Create(order) })
}

/// What every form of the request for an order comes to.
pub(super) struct Asked<'a> {
    /// The signed texts.
    pub(super) signed: Signed<'a>,
    /// The network of the type.
    pub(super) channel: Channel,
    /// What is kept of the request's own form.
    pub(super) echo: String,
}

/// The network of a type.
pub(super) fn channel_of(kind: &str) -> Option<Channel> {
    match kind {
        "1" => Some(Channel::Wechat),
        "2" => Some(Channel::Alipay),
        _ => None,
    }
}

/// Checks what holds for every merchant.
pub(super) fn check_plain(signed: &Signed<'_>) -> Result<(), Text> {
    signed.check_plain().map_err(|name| format!("参数含有不允许的字符：{name}"))
}

/// Checks what a strict merchant's order needs whose callback has no names in its signed text.
pub(super) fn check_strict(params: &Params, signed: &Signed<'_>) -> Result<(), Text> {
    if let Some(foreign) = params.iter().find(|one| !CREATE_NAMES.contains(&one.name.as_str())) {
        return Err(format!("严格模式不接受参数：{}", foreign.name));
    }
    signed.check_strict().map_err(|name| format!("参数不符合严格模式：{name}"))
}

/// Reads what is left of a request whose signature fits.
pub(super) fn new_order(
    params: &Params,
    asked: Asked<'_>,
    desk: &dyn Desk,
) -> Result<NewOrder, Text> {
    let Asked { signed, channel, echo } = asked;
    Ok(NewOrder {
        number: Some(Text::from(signed.pay_id)),
        requested: read_price(signed.price)?,
        channels: vec![channel],
        ttl: None,
        notify_url: read_callback(params, "notifyUrl", desk)?,
        return_url: read_address(params, "returnUrl")?,
        subject: None,
        attachment: (!signed.param.is_empty()).then(|| Text::from(signed.param)),
        echo: Some(echo),
        idempotency: None,
    })
}

/// Reads `getOrder` and `checkOrder`, which carry no signature: the order's id is the capability.
pub(super) fn read_look(params: &Params) -> Result<Call, Text> {
    let text = params.get("orderId").ok_or("请传入订单编号")?;
    let order = text.parse().map_err(|_| NO_ORDER)?;
    Ok(Call { caller: Caller::Holder, action: Action::Get(OrderQuery::Id(order)) })
}

/// Reads `closeOrder`.
pub(super) fn read_close(
    params: &Params,
    place: &Place<'_>,
    desk: &dyn Desk,
) -> Result<Call, Text> {
    let text = filled(params, "orderId").ok_or("请传入云端订单号")?;
    let sign = filled(params, "sign").ok_or("请传入签名")?;
    let merchant = verify(params, place, desk, sign, &[("orderId", text)])?;
    let order = text.parse().map_err(|_| NO_ORDER)?;
    Ok(Call { caller: Caller::Merchant(merchant.id), action: Action::Close(order) })
}

/// Reads `getState`. A `t` that is no time is refused: `md5(t + key)` would otherwise also be the
/// proof for closing the order that `t` names.
pub(super) fn read_state(
    params: &Params,
    place: &Place<'_>,
    desk: &dyn Desk,
) -> Result<Call, Text> {
    let t = filled(params, "t").ok_or("请传入t")?;
    let sign = filled(params, "sign").ok_or("请传入sign")?;
    let merchant = verify_md5(place, desk, sign, &[("t", t)])?;
    let digits = matches!(t.len(), 10 | 13) && t.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(Text::from("参数错误：t"));
    }
    Ok(Call { caller: Caller::Merchant(merchant.id), action: Action::Watchers })
}

/// A value that is there and not empty.
pub(super) fn filled<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|value| !value.is_empty())
}

/// The merchant that is spoken to, if the signature was made with one of its keys: by the
/// original's formula, or by the fork's where the request says so.
fn verify(
    params: &Params,
    place: &Place<'_>,
    desk: &dyn Desk,
    sign: &str,
    fields: &[(&str, &str)],
) -> Result<MerchantCard, Text> {
    if !suite::is_asked(params) {
        return verify_md5(place, desk, sign, fields);
    }
    let merchant = suite::verify(params, fields, sign, place.merchant(desk), desk);
    merchant.ok_or_else(|| Text::from(BAD_SIGN))
}

/// The merchant that is spoken to, if one of its keys behind these values makes the signature.
fn verify_md5(
    place: &Place<'_>,
    desk: &dyn Desk,
    sign: &str,
    fields: &[(&str, &str)],
) -> Result<MerchantCard, Text> {
    let values: Vec<&[u8]> = fields.iter().map(|(_, value)| value.as_bytes()).collect();
    let matches = |key: &[u8]| hex_equal(sign, &md5_hex(&[values.as_slice(), &[key]].concat()));
    proven(place.merchant(desk), desk, &matches).ok_or_else(|| Text::from(BAD_SIGN))
}

fn read_price(text: &str) -> Result<Amount, Text> {
    match Amount::parse(text, Currency::Cny) {
        Ok(amount) if amount.is_positive() => Ok(amount),
        Ok(_) => Err(Text::from("订单金额必须大于0")),
        Err(AmountError::NotWholeMinorUnits) => Err(Text::from("订单金额最多两位小数")),
        Err(AmountError::TooLarge | AmountError::Overflow) => Err(Text::from("订单金额过大")),
        Err(
            AmountError::NotANumber | AmountError::UnknownCurrency | AmountError::CurrencyMismatch,
        ) => Err(Text::from("订单金额格式错误")),
    }
}

fn read_address(params: &Params, name: &str) -> Result<Option<String>, Text> {
    match filled(params, name) {
        Some(text) if !is_web_address(text) => Err(format!("地址必须以http或https开头：{name}")),
        address => Ok(address.map(Text::from)),
    }
}

/// Why an address cannot be called is said, as far as it tells nothing of the network.
fn read_callback(params: &Params, name: &str, desk: &dyn Desk) -> Result<Option<String>, Text> {
    callable(read_address(params, name)?, desk).map_err(|refusal| match refusal {
        UrlRefusal::TooLong(_) => format!("参数过长：{name}"),
        UrlRefusal::ForbiddenPort(_)
        | UrlRefusal::LocalName
        | UrlRefusal::Own
        | UrlRefusal::Address(_) => format!("地址不允许访问：{name}"),
        UrlRefusal::BadCharacter
        | UrlRefusal::BadScheme
        | UrlRefusal::UserInfo
        | UrlRefusal::NotAUrl => format!("地址格式错误：{name}"),
    })
}
