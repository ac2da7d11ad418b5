//! The second version's requests: signed with the merchant's RSA key, with a time.
//!
//! Invariants: an unknown merchant, one without a public key and a wrong signature are one answer
//! at the cost of one verification; a request is good for 300 seconds around log time; the
//! parameters of an order are not those of a refund or a close, so a signature for the one is not
//! good for the other.
//! Deliberately not here: which parameters an order has (see [`super::orders`]).

use std::collections::BTreeMap;

use duizhang_core::id::MerchantId;
use duizhang_core::order::Dialect;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::Params;

use super::callback::Version;
use super::canon::{filled, rsa_fits, texts};
use super::orders::{self, Way};
use super::place::{Place, Second};
use super::refusal::Refusal;
use super::shops::Shop;
use super::v1_requests::check_grammar;
use crate::dialects::{Action, Call, Caller, Desk, MerchantCard};

/// How far a request's time may lie from log time, as in the original.
const TIMESTAMP_DISTANCE_MAX: Span = Span::from_secs(300);

/// Reads a request.
pub(super) fn read(
    ask: Second,
    place: &Place<'_>,
    params: &Params,
    shops: &BTreeMap<MerchantId, Shop>,
    desk: &dyn Desk,
) -> Result<Call, Refusal> {
    if params.get("pid").is_none() {
        return Err(Refusal::coded(-4, "未传入任何参数"));
    }
    let merchant = signer(place, params, shops, desk)?;
    let create = |way| orders::read_create(params, &merchant.id, way, Version::Second, desk);
    let action = match ask {
        Second::Submit => create(Way::Browser)?,
        Second::Create => create(Way::Server)?,
        Second::Query => Action::Get(orders::read_name(params, &merchant.id, desk)?),
        Second::Refund => {
            refuse_an_order(params)?;
            Action::Refund(orders::read_refund(params, &merchant.id, desk)?)
        }
        Second::RefundQuery => read_refund_query(params, &merchant.id, desk)?,
        Second::Close => {
            refuse_an_order(params)?;
            Action::Close(orders::read_own(params, &merchant.id, desk)?)
        }
        // Nothing is asked of the book but that it answers: the desk counts.
        Second::Info => Action::Page { dialect: Dialect::Epay, settled: None, offset: 0, limit: 0 },
        Second::Orders => orders::read_page(params),
    };
    Ok(Call { caller: Caller::Merchant(merchant.id), action })
}

/// A request for an order passes through the payer's browser. Within its 300 seconds whoever saw it
/// could send it as a refund or a close of that order, so what only an order has is refused there.
fn refuse_an_order(params: &Params) -> Result<(), Refusal> {
    match ["notify_url", "return_url", "name"].into_iter().find(|name| params.get(name).is_some()) {
        Some(name) => Err(Refusal::new(format!("参数含有不允许的内容：{name}"))),
        None => Ok(()),
    }
}

fn read_refund_query(
    params: &Params,
    merchant: &MerchantId,
    desk: &dyn Desk,
) -> Result<Action, Refusal> {
    let none = || Refusal::new("退款记录不存在");
    let refund = match (filled(params, "refund_no"), filled(params, "out_refund_no")) {
        (Some(ours), _) => ours.parse().map_err(|_| none())?,
        (None, Some(number)) => desk.find_refund(merchant, number).ok_or_else(none)?,
        (None, None) => return Err(Refusal::new("商户退款单号不能为空")),
    };
    Ok(Action::GetRefund(refund))
}

/// The merchant, if its key signed the parameters just now.
fn signer(
    place: &Place<'_>,
    params: &Params,
    shops: &BTreeMap<MerchantId, Shop>,
    desk: &dyn Desk,
) -> Result<MerchantCard, Refusal> {
    let refuse = |text: &str| Refusal::coded(-3, text);
    let pid = filled(params, "pid").ok_or_else(|| Refusal::new("商户ID不能为空"))?;
    let rsa = filled(params, "sign_type").is_some_and(|kind| kind.eq_ignore_ascii_case("RSA"));
    if !rsa {
        return Err(refuse("该接口只能使用RSA签名类型"));
    }
    let time = filled(params, "timestamp");
    check_time(time.ok_or_else(|| refuse("时间戳(timestamp)字段不能为空"))?, desk.now())?;
    let sign = filled(params, "sign").ok_or_else(|| refuse("缺少签名参数"))?;
    let merchant = place.merchant(pid, desk);
    let own = merchant.as_ref().and_then(|card| shops.get(&card.id)?.public_key.as_ref());
    // A merchant that is unknown or has no key costs the verification that a known one does.
    let any = || shops.values().find_map(|shop| shop.public_key.as_ref());
    let fits = own.or_else(any).is_some_and(|key| rsa_fits(&texts(params), sign, key));
    let proven = merchant.filter(|_| own.is_some() && fits);
    let merchant = proven.ok_or_else(|| refuse("RSA签名校验失败"))?;
    check_grammar(params, merchant.strict)?;
    Ok(merchant)
}

fn check_time(text: &str, now: Timestamp) -> Result<(), Refusal> {
    let digits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let at = text.parse().ok().filter(|_| digits).map(Timestamp::from_secs);
    if at.is_some_and(|at| at.distance(now) <= TIMESTAMP_DISTANCE_MAX) {
        Ok(())
    } else {
        Err(Refusal::coded(-3, "时间戳字段不正确，请检查服务器时间"))
    }
}
