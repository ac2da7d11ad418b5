//! From verified parameters to what is asked for: an order, a refund, the name of either.
//!
//! Invariants: the original's order and words; numbers are read only after the signature was
//! checked; an order of another protocol does not exist.
//! Deliberately not here: who signed.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::id::{MerchantId, OrderId};
use duizhang_core::order::Dialect;
use duizhang_listener_bridge::wire::Params;

use super::callback::Version;
use super::canon::filled;
use super::numbers::{self, Numbers};
use super::refusal::Refusal;
use crate::dialects::way::is_web_address;
use crate::dialects::{Action, Desk, NewOrder, NewRefund, OrderQuery};

/// Longest name of goods in bytes; longer ones are cut, as the original does it.
const NAME_BYTES_MAX: usize = 127;
/// Longest type in bytes: the original's column has 20 and the longest known word 10.
const TYPE_BYTES_MAX: usize = 32;
/// Most orders on one page of a list, as in the original.
const LIST_MAX: usize = 50;
const LIST_DEFAULT: usize = 10;

/// How an order comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// With the payer's browser: there must be an address to go back to, and no type means any.
    Browser,
    /// From the shop's server, which says who pays and how.
    Server,
}

/// Reads that a merchant wants an order.
pub(super) fn read_create(
    params: &Params,
    merchant: &MerchantId,
    way: Way,
    version: Version,
    desk: &dyn Desk,
) -> Result<Action, Refusal> {
    let order = read_order(params, way, version, desk)?;
    let number = order.number.as_deref().unwrap_or_default();
    let Numbers { asked, again } = numbers::of_new(merchant, number, desk);
    let order = NewOrder { number: Some(asked), ..order };
    Ok(match again {
        Some(number) => Action::CreateAgain { order, number },
        None => Action::Create(order),
    })
}

fn read_order(
    params: &Params,
    way: Way,
    version: Version,
    desk: &dyn Desk,
) -> Result<NewOrder, Refusal> {
    let given = |name, text| filled(params, name).ok_or_else(|| Refusal::new(text));
    let number = given("out_trade_no", "订单号(out_trade_no)不能为空")?;
    let notify_url = given("notify_url", "通知地址(notify_url)不能为空")?;
    if way == Way::Browser {
        given("return_url", "回调地址(return_url)不能为空")?;
    }
    let name = given("name", "商品名称(name)不能为空")?;
    let money = given("money", "金额(money)不能为空")?;
    let kind = filled(params, "type").unwrap_or_default();
    if way == Way::Server {
        given("type", "支付方式(type)不能为空")?;
        given("clientip", "用户IP地址(clientip)不能为空")?;
    }
    if !is_number(number) {
        return Err(Refusal::new("订单号(out_trade_no)格式不正确"));
    }
    let requested = read_money(money).ok_or_else(|| Refusal::new("金额不合法"))?;
    let channels = channels_of(kind).ok_or_else(|| Refusal::new("支付方式(type)不存在"))?;
    if !is_web_address(notify_url) {
        return Err(Refusal::new("通知地址(notify_url)格式不正确"));
    }
    desk.check_callback(notify_url).map_err(|_| Refusal::new("通知地址(notify_url)不允许访问"))?;
    let return_url = filled(params, "return_url");
    if return_url.is_some_and(|address| !is_web_address(address)) {
        return Err(Refusal::new("回调地址(return_url)格式不正确"));
    }
    Ok(NewOrder {
        number: Some(String::from(number)),
        requested,
        channels,
        ttl: None,
        notify_url: Some(String::from(notify_url)),
        return_url: return_url.map(String::from),
        subject: Some(String::from(cut(name))),
        attachment: filled(params, "param").map(String::from),
        echo: Some(version.echo(kind)),
        idempotency: None,
    })
}

/// How an order is named: by our number, else by the shop's.
pub(super) fn read_name(
    params: &Params,
    merchant: &MerchantId,
    desk: &dyn Desk,
) -> Result<OrderQuery, Refusal> {
    let none = || Refusal::new("订单号不存在");
    let order = match (filled(params, "trade_no"), filled(params, "out_trade_no")) {
        (Some(ours), _) => ours.parse().map_err(|_| none())?,
        (None, Some(number)) => numbers::find(merchant, number, desk).ok_or_else(none)?.order,
        (None, None) => return Err(Refusal::coded(-4, "订单号不能为空")),
    };
    Ok(OrderQuery::Id(order))
}

/// The order of this merchant and protocol that is named.
pub(super) fn read_own(
    params: &Params,
    merchant: &MerchantId,
    desk: &dyn Desk,
) -> Result<OrderId, Refusal> {
    let none = || Refusal::new("当前订单不存在！");
    let query = match read_name(params, merchant, desk) {
        Ok(query) => query,
        Err(refusal) if refusal.code == -4 => return Err(refusal),
        Err(_) => return Err(none()),
    };
    let found = desk.find(merchant, &query).filter(|found| found.dialect == Dialect::Epay);
    found.map(|found| found.order).ok_or_else(none)
}

/// Reads a refund. Without a number of the shop's own, the order and the amount are its number, so
/// that a request that is sent twice does not ask for the money twice.
pub(super) fn read_refund(
    params: &Params,
    merchant: &MerchantId,
    desk: &dyn Desk,
) -> Result<NewRefund, Refusal> {
    let money = filled(params, "money").and_then(|money| read_money(money.trim()));
    let amount = money.ok_or_else(|| Refusal::new("金额输入错误"))?;
    let order = read_own(params, merchant, desk)?;
    let number = filled(params, "out_refund_no").map(String::from);
    Ok(NewRefund {
        order,
        number: Some(number.unwrap_or_else(|| format!("{order}-{}", amount.decimal_text()))),
        amount,
        reason: String::from("epay refund"),
    })
}

/// Reads which page of orders is wanted. A number that is none counts as not given, as in PHP.
pub(super) fn read_page(params: &Params) -> Action {
    let number = |name| filled(params, name).and_then(|text| text.parse::<usize>().ok());
    let limit = number("limit").unwrap_or(LIST_DEFAULT).clamp(1, LIST_MAX);
    let page = number("page").map(|page| page.saturating_sub(1).saturating_mul(limit));
    Action::Page {
        dialect: Dialect::Epay,
        settled: number("status").map(|status| status > 0),
        offset: number("offset").or(page).unwrap_or_default(),
        limit,
    }
}

/// `^[a-zA-Z0-9._\-|]+$`
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-|".contains(&byte))
}

/// Digits and dots that make a positive amount of whole fen.
fn read_money(text: &str) -> Option<Amount> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount = Amount::parse(text, Currency::Cny).ok()?;
    (plain && amount.is_positive()).then_some(amount)
}

/// The networks of a type; any for none. None where no wallet of ours can ever be of that type.
fn channels_of(kind: &str) -> Option<Vec<Channel>> {
    if kind.len() > TYPE_BYTES_MAX {
        return None;
    }
    Some(match kind {
        "" => Vec::new(),
        "alipay" => vec![Channel::Alipay],
        "wxpay" => vec![Channel::Wechat],
        "qqpay" | "tenpay" => vec![Channel::Qq],
        "bank" => vec![Channel::Unionpay],
        _ => return None,
    })
}

fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_BYTES_MAX)]
}
