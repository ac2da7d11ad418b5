//! The first version's requests: who asks, by MD5 over the parameters or by the key itself.
//!
//! `api.php` takes the key in clear, as the original does. It is compared in constant time, is
//! never kept, and a merchant without a key is proven by nothing. One order may also be asked for
//! with a signature: there are libraries that never send the key.
//! Invariants: an unknown merchant, one without a key and a wrong signature or key are one answer
//! at one cost; the signature is checked before anything else of a request is read.
//! Deliberately not here: which parameters an order has (see [`super::orders`]).

use duizhang_core::order::Dialect;
use duizhang_listener_bridge::wire::{Params, bytes_equal};

use super::callback::Version;
use super::canon::{filled, md5_fits, texts};
use super::grammar;
use super::orders::{self, Way};
use super::place::{Endpoint, Place};
use super::refusal::Refusal;
use crate::dialects::proof::proven;
use crate::dialects::{Action, Call, Caller, Desk, MerchantCard, OrderQuery};

const BAD_SIGN: &str = "签名校验失败，请返回重试！";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Submit,
    Mapi,
    Getshop,
    Query,
    Settle,
    Order,
    Orders,
    Refund,
}

impl Ask {
    /// What a path and its `act` ask for; none for an `act` that is none.
    pub(super) fn of(endpoint: Endpoint, params: &Params) -> Option<Self> {
        Some(match endpoint {
            Endpoint::Submit => Self::Submit,
            Endpoint::Mapi => Self::Mapi,
            Endpoint::Getshop => Self::Getshop,
            Endpoint::Api => match params.get("act")? {
                "query" => Self::Query,
                "settle" => Self::Settle,
                "order" => Self::Order,
                "orders" => Self::Orders,
                "refund" => Self::Refund,
                _ => return None,
            },
            Endpoint::Second(_) => return None,
        })
    }
}

/// Reads a request.
pub(super) fn read(
    ask: Ask,
    place: &Place<'_>,
    params: &Params,
    desk: &dyn Desk,
) -> Result<Call, Refusal> {
    match ask {
        Ask::Submit => {
            if params.get("pid").is_none() {
                return Err(Refusal::new("你还未配置支付接口商户！"));
            }
            let merchant = signer(place, params, desk)?;
            create(merchant, params, Way::Browser, desk)
        }
        Ask::Mapi => {
            if params.get("pid").is_none() {
                return Err(Refusal::coded(-4, "未传入任何参数"));
            }
            let merchant = signer(place, params, desk)?;
            create(merchant, params, Way::Server, desk)
        }
        Ask::Getshop => {
            let none = || Refusal::coded(-2, "No trade_no!");
            let text = filled(params, "trade_no").ok_or_else(none)?;
            let order = text.parse().map_err(|_| Refusal::new("未付款"))?;
            Ok(Call { caller: Caller::Holder, action: Action::Get(OrderQuery::Id(order)) })
        }
        Ask::Query | Ask::Settle => {
            let merchant = holder_of_key(place, params, desk)?;
            // Nothing is asked of the book but that it answers: the desk counts.
            let nothing =
                Action::Page { dialect: Dialect::Epay, settled: None, offset: 0, limit: 0 };
            Ok(called(merchant, nothing))
        }
        Ask::Order => {
            // `act` is signed with the rest and sorts before all that orders and callbacks sign,
            // so that neither of their texts can be read as this question.
            let signed = filled(params, "key").is_none() && filled(params, "sign").is_some();
            let prove = if signed { signer } else { holder_of_key };
            let merchant = prove(place, params, desk)?;
            let query = orders::read_name(params, &merchant.id, desk)?;
            Ok(called(merchant, Action::Get(query)))
        }
        Ask::Orders => {
            let merchant = holder_of_key(place, params, desk)?;
            Ok(called(merchant, orders::read_page(params)))
        }
        Ask::Refund => {
            let merchant = holder_of_key(place, params, desk)?;
            let refund = orders::read_refund(params, &merchant.id, desk)?;
            Ok(called(merchant, Action::Refund(refund)))
        }
    }
}

fn called(merchant: MerchantCard, action: Action) -> Call {
    Call { caller: Caller::Merchant(merchant.id), action }
}

fn create(
    merchant: MerchantCard,
    params: &Params,
    way: Way,
    desk: &dyn Desk,
) -> Result<Call, Refusal> {
    let action = orders::read_create(params, &merchant.id, way, Version::First, desk)?;
    Ok(called(merchant, action))
}

/// The merchant, if one of its keys signed the parameters. `sign_type` is not looked at: the first
/// version knows MD5 only, and some shops write other things there.
fn signer(place: &Place<'_>, params: &Params, desk: &dyn Desk) -> Result<MerchantCard, Refusal> {
    let pid = filled(params, "pid").ok_or_else(|| Refusal::new("商户ID不能为空"))?;
    let sign = filled(params, "sign").ok_or_else(|| Refusal::new(BAD_SIGN))?;
    let texts = texts(params);
    let fits = |key: &[u8]| md5_fits(&texts, sign.trim(), key);
    let merchant = proven(place.merchant(pid, desk), desk, &fits);
    let merchant = merchant.ok_or_else(|| Refusal::new(BAD_SIGN))?;
    check_grammar(params, merchant.strict)?;
    Ok(merchant)
}

/// Refuses what could be read in two ways.
pub(super) fn check_grammar(params: &Params, strict: bool) -> Result<(), Refusal> {
    grammar::check(params, strict).map_err(|name| {
        Refusal::new(if strict {
            format!("参数不符合严格模式：{name}")
        } else {
            format!("参数含有不允许的内容：{name}")
        })
    })
}

/// The merchant whose key was sent.
fn holder_of_key(
    place: &Place<'_>,
    params: &Params,
    desk: &dyn Desk,
) -> Result<MerchantCard, Refusal> {
    let wrong = || Refusal::coded(-3, "商户密钥错误");
    let pid = filled(params, "pid").ok_or_else(|| Refusal::coded(-3, "商户ID不存在"))?;
    let given = filled(params, "key").ok_or_else(wrong)?;
    let fits = |key: &[u8]| bytes_equal(given.as_bytes(), key);
    proven(place.merchant(pid, desk), desk, &fits).ok_or_else(wrong)
}
