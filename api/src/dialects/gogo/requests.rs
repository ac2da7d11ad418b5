//! From the headers and parameters of a request to a verified call.
//!
//! Every request carries the merchant's name and its key in clear, so TLS in front of us is all
//! that keeps the key; a request to be paid carries a signature as well, and both are asked for.
//!
//! The formula `md5(App-Id + payId + param + type + price + key)` has no separators. Nobody without
//! the key can send a request all the same, but a callback is signed alike, and the payer's browser
//! may carry it. A strict merchant's texts have one reading: `payId` holds no mark, `param` is
//! marked (see [`crate::dialects::strict`]), and prices have two decimals.
//!
//! Invariants: nothing is said about a request before it is proven; an unknown merchant, one
//! without a key, a wrong key and a wrong signature are one answer, at the cost of at least one
//! hash each; the secret stays in its header.
//! Deliberately not here: what the shop hears.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::id::{MerchantId, OrderId};
use duizhang_listener_bridge::wire::{Params, Request, bytes_equal, hex_equal, md5_hex};

use super::callback::echo_of;
use crate::dialects::proof::{merchant_named, proven};
use crate::dialects::strict::{is_marked, is_odd, is_strict_number, is_strict_price};
use crate::dialects::way::{callable, is_web_address};
use crate::dialects::{Action, Call, Caller, Desk, MerchantCard, NewOrder, OrderQuery};

/// The parameters that `createOrder` knows; strict merchants may send no others.
const CREATE_NAMES: [&str; 11] = [
    "payId",
    "param",
    "type",
    "price",
    "sign",
    "isHtml",
    "notifyUrl",
    "returnUrl",
    "title",
    "content",
    "returnParam",
];

const NOT_PROVEN: &str = "App-Id、App-Secret或签名错误";
const NO_ORDER: &str = "云端订单编号不存在";

/// A refusal in the protocol's own words.
type Text = String;

/// The two headers. No `Debug`: one of them is the key.
#[derive(Clone, Copy)]
pub(super) struct Credentials<'a> {
    app_id: &'a str,
    app_secret: &'a str,
}

impl<'a> Credentials<'a> {
    /// What a request carries; a header that is absent or stands twice is empty, and proves
    /// nothing.
    pub(super) fn of(request: &'a Request) -> Self {
        let only = |name: &str| {
            let mut values = request.headers.iter().filter(|(known, _)| known == name);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => value.trim(),
                _ => "",
            }
        };
        Self { app_id: only("app-id"), app_secret: only("app-secret") }
    }

    /// The merchant, if the secret is one of its keys, and whatever else `fits` that key.
    fn prove(&self, desk: &dyn Desk, fits: &dyn Fn(&[u8]) -> bool) -> Result<MerchantCard, Text> {
        let both = |key: &[u8]| bytes_equal(self.app_secret.as_bytes(), key) & fits(key);
        let named = merchant_named(Some(self.app_id), desk);
        proven(named, desk, &both).ok_or_else(|| Text::from(NOT_PROVEN))
    }
}

/// Reads `createOrder`.
pub(super) fn read_create(
    params: &Params,
    credentials: Credentials<'_>,
    desk: &dyn Desk,
) -> Result<Call, Text> {
    let text = |name: &str| params.get(name).unwrap_or_default();
    let [pay_id, param, kind, price] = ["payId", "param", "type", "price"].map(text);
    let signed = [credentials.app_id, pay_id, param, kind, price].map(str::as_bytes);
    let sign = text("sign");
    let merchant = credentials
        .prove(desk, &|key| hex_equal(sign, &md5_hex(&[signed.as_slice(), &[key]].concat())))?;
    if pay_id.is_empty() {
        return Err(Text::from("请传入商户订单号"));
    }
    let channel = match kind {
        "1" => Channel::Wechat,
        "2" => Channel::Alipay,
        _ => return Err(Text::from("支付方式错误=>1|微信 2|支付宝")),
    };
    check(params, &merchant)?;
    let amount = Amount::parse(price, Currency::Cny).ok().filter(|amount| amount.is_positive());
    let order = NewOrder {
        number: Some(Text::from(pay_id)),
        requested: amount.ok_or("订单金额必须是大于0且最多两位小数的数字")?,
        channels: vec![channel],
        ttl: None,
        notify_url: callable(read_address(params, "notifyUrl")?, desk)
            .map_err(|_| "地址不允许访问：notifyUrl")?,
        return_url: read_address(params, "returnUrl")?,
        subject: subject_of(text("title"), text("content")),
        attachment: filled(params, "param").map(Text::from),
        echo: Some(echo_of(kind, text("returnParam") == "1")),
        idempotency: None,
    };
    Ok(Call { caller: Caller::Merchant(merchant.id), action: Action::Create(order) })
}

/// Reads `getOrder` and `checkOrder`.
pub(super) fn read_look(
    params: &Params,
    credentials: Credentials<'_>,
    desk: &dyn Desk,
) -> Result<Call, Text> {
    let merchant = credentials.prove(desk, &|_| true)?;
    let order = order_of(params, &merchant.id, desk)?;
    let action = Action::Get(OrderQuery::Id(order));
    Ok(Call { caller: Caller::Merchant(merchant.id), action })
}

/// Reads `closeOrder` and `deleteOrder`. The log forgets nothing, so deleting an order is closing
/// it.
pub(super) fn read_close(
    params: &Params,
    credentials: Credentials<'_>,
    desk: &dyn Desk,
) -> Result<Call, Text> {
    let merchant = credentials.prove(desk, &|_| true)?;
    let order = order_of(params, &merchant.id, desk)?;
    Ok(Call { caller: Caller::Merchant(merchant.id), action: Action::Close(order) })
}

/// The order that `orderId` and `payId` name; where both stand, they name one order.
fn order_of(params: &Params, merchant: &MerchantId, desk: &dyn Desk) -> Result<OrderId, Text> {
    let no_order = || Text::from(NO_ORDER);
    let by_id = match filled(params, "orderId") {
        Some(text) => Some(text.parse::<OrderId>().map_err(|_| no_order())?),
        None => None,
    };
    let by_number = match filled(params, "payId") {
        Some(number) => {
            let found = desk.find(merchant, &OrderQuery::Number(String::from(number)));
            Some(found.ok_or_else(no_order)?.order)
        }
        None => None,
    };
    match (by_id, by_number) {
        (Some(id), Some(numbered)) if id != numbered => Err(no_order()),
        (Some(order), _) | (None, Some(order)) => Ok(order),
        (None, None) => Err(Text::from("请传入云端订单号")),
    }
}

fn check(params: &Params, merchant: &MerchantCard) -> Result<(), Text> {
    let texts = ["payId", "param", "price"].map(|name| (name, params.get(name).unwrap_or("")));
    if !merchant.strict {
        let odd = texts.iter().find(|(_, text)| is_odd(text));
        return odd.map_or(Ok(()), |(name, _)| Err(format!("参数含有不允许的字符：{name}")));
    }
    if let Some(foreign) = params.iter().find(|one| !CREATE_NAMES.contains(&one.name.as_str())) {
        return Err(format!("严格模式不接受参数：{}", foreign.name));
    }
    let fits = [is_strict_number, is_marked, is_strict_price];
    let unfit = texts.iter().zip(fits).find(|((_, text), fits)| !fits(text));
    unfit.map_or(Ok(()), |((name, _), _)| Err(format!("参数不符合严格模式：{name}")))
}

/// What is sold, for people: title and content in one line.
fn subject_of(title: &str, content: &str) -> Option<String> {
    let line: String =
        [title, content].join(" ").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| String::from(line))
}

fn read_address(params: &Params, name: &str) -> Result<Option<String>, Text> {
    match filled(params, name) {
        Some(text) if !is_web_address(text) => Err(format!("地址必须以http或https开头：{name}")),
        address => Ok(address.map(Text::from)),
    }
}

fn filled<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|value| !value.is_empty())
}
