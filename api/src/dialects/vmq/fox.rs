//! The paths of the fork `hulisang/vmqfox-backend`: `/api/order/…`, codes 200 and 400.
//!
//! Orders are the same V免签 orders; what differs is the signature of `create`, over names and
//! values, and the answers' shape.
//!
//! Invariants: the signed fields hold neither `&` nor `=`, so a request's text has one reading; a
//! strict merchant's have the strict grammar as well, because the callback is signed by the
//! original's formula; the signed way back is shown only once the order is settled, where the fork
//! shows it to everybody at any time.
//! Deliberately not here: `close`, `list`, `detail` and `delete`, which the fork takes from anybody
//! by a row's number and without any proof (`/closeOrder` closes); the fork's administration.
//!
//! Wire facts: `hulisang/vmqfox-backend: app/controller/api/Order.php`, `route/app.php`.

use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::{Answer, Method, Params, Request, hex_equal, md5_hex};
use duizhang_projections::orders::OrderView;

use super::answers::of_rejection;
use super::callback::{java_text, kind_of, signed_query, way_back};
use super::grammar::Signed;
use super::protocol::wants_page;
use super::requests::{Asked, channel_of, check_plain, check_strict, filled, new_order};
use crate::dialects::proof::{merchant_named, proven, split_merchant};
use crate::dialects::way::{cashier_address, page_to_cashier};
use crate::dialects::words::{RETRY_AFTER_SECS, of_params, quoted, state_number};
use crate::dialects::{Action, Call, Caller, Desk, OrderQuery, Reply};

/// The word that an order keeps which came by these paths. The fork prints amounts with two
/// decimals where it signs them.
pub(super) const BY_FOX: &str = "fox";

const NO_ORDER: &str = "订单不存在";

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint<'a> {
    /// `create`
    Create,
    /// `get/{id}`
    Get(&'a str),
    /// `check/{id}`
    Check(&'a str),
    /// `return-url/{id}`
    ReturnUrl(&'a str),
}

/// A path of this fork, and the merchant that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    endpoint: Endpoint<'a>,
    merchant: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// Reads a path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let (merchant, rest) = split_merchant(path)?;
        let tail = rest.strip_prefix("api/order/")?;
        let endpoint = match tail.split_once('/') {
            None if tail == "create" => Endpoint::Create,
            Some(("get", id)) => Endpoint::Get(id),
            Some(("check", id)) => Endpoint::Check(id),
            Some(("return-url", id)) => Endpoint::ReturnUrl(id),
            _ => return None,
        };
        Some(Self { endpoint, merchant })
    }

    /// Reads a request.
    pub(super) fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        let id = match self.endpoint {
            Endpoint::Create => {
                if !matches!(request.method, Method::Get | Method::Post) {
                    return Err(wrong_verb("GET, POST"));
                }
                let params = Params::of(request).map_err(|error| refuse(&of_params(&error)))?;
                let page = wants_page(&params);
                return self
                    .read_create(&params, desk)
                    .map_err(|text| if page { Answer::text(200, text) } else { refuse(&text) });
            }
            Endpoint::Get(id) | Endpoint::Check(id) | Endpoint::ReturnUrl(id) => id,
        };
        if request.method != Method::Get {
            return Err(wrong_verb("GET"));
        }
        let order = id.parse().map_err(|_| refuse(NO_ORDER))?;
        Ok(Call { caller: Caller::Holder, action: Action::Get(OrderQuery::Id(order)) })
    }

    fn read_create(&self, params: &Params, desk: &dyn Desk) -> Result<Call, String> {
        let all = ["payId", "type", "price", "sign"].map(|name| filled(params, name));
        let [Some(pay_id), Some(kind), Some(price), Some(sign)] = all else {
            return Err(String::from("参数不完整"));
        };
        let channel = channel_of(kind).ok_or("支付类型错误")?;
        if !is_price(price) {
            return Err(String::from("价格错误"));
        }
        let param = params.get("param").unwrap_or_default();
        let text = format!("payId={pay_id}&param={param}&type={kind}&price={price}&key=");
        let merchant = proven(merchant_named(self.merchant, desk), desk, &|key| {
            hex_equal(sign, &md5_hex(&[text.as_bytes(), key]))
        });
        let merchant = merchant.ok_or("签名错误")?;
        let signed = Signed { pay_id, param, kind, price };
        check_plain(&signed)?;
        if merchant.strict {
            check_strict(params, &signed)?;
        }
        let asked = Asked { signed, channel, echo: format!("{kind} {BY_FOX}") };
        let order = new_order(params, asked, desk)?;
        Ok(Call { caller: Caller::Merchant(merchant.id), action: Action::Create(order) })
    }

    /// Words what came of a call.
    pub(super) fn word(&self, page: bool, reply: &Reply, desk: &dyn Desk) -> Answer {
        match reply {
            Reply::Order { order, repeated } if !self.is_foreign(order) => {
                self.word_order(page, order, *repeated, desk)
            }
            Reply::Rejected(rejection) => refuse_in(page, &of_fox_rejection(rejection)),
            Reply::Busy => {
                refuse_in(page, "系统繁忙，请稍后重试").with_header("retry-after", RETRY_AFTER_SECS)
            }
            Reply::OutcomeUnknown => refuse_in(page, "结果未知，请用同一商户订单号重试")
                .with_header("retry-after", RETRY_AFTER_SECS),
            Reply::Order { .. }
            | Reply::NotFound
            | Reply::Forbidden
            | Reply::Done
            | Reply::Orders { .. }
            | Reply::Refund { .. }
            | Reply::Refunds(_)
            | Reply::Watchers { .. }
            | Reply::Inbox { .. }
            | Reply::Seen { .. } => refuse_in(page, NO_ORDER),
        }
    }

    fn word_order(&self, page: bool, order: &OrderView, repeated: bool, desk: &dyn Desk) -> Answer {
        match self.endpoint {
            Endpoint::Create if repeated && order.status != OrderStatus::Open => {
                refuse_in(page, "商户订单号已存在，请勿重复提交")
            }
            Endpoint::Create if page => page_to_cashier(order.id, desk),
            Endpoint::Create => success("成功", &created(order, desk)),
            Endpoint::Get(_) => success("成功", &shown(order, desk)),
            Endpoint::Check(_) => checked(order, desk),
            Endpoint::ReturnUrl(_) => returning(order, desk),
        }
    }

    fn is_foreign(&self, order: &OrderView) -> bool {
        let other = self.merchant.is_some_and(|merchant| merchant != order.merchant.as_str());
        other || order.dialect != Dialect::Vmq
    }
}

/// Whether a text is a number above zero. The fork says so before it looks at the signature; a look
/// at the digits is enough, and what the number is is read behind the signature.
fn is_price(text: &str) -> bool {
    let (yuan, fen) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    digits(yuan) && digits(fen) && text.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// The fork's own words where it has them.
fn of_fox_rejection(rejection: &Rejection) -> String {
    let text = match rejection {
        Rejection::UnknownMerchant => "签名错误",
        Rejection::NumberTaken(_) | Rejection::IdempotencyKeyReused(_) => {
            "商户订单号已存在，请勿重复提交"
        }
        Rejection::AmountsExhausted => "订单超出负荷，请稍后重试",
        Rejection::NoWallet | Rejection::CurrencyUnsupported => "暂无可用支付二维码",
        Rejection::BadText(_)
        | Rejection::AmountNotPositive
        | Rejection::TooManyOpenOrders
        | Rejection::UnknownOrder
        | Rejection::OrderIs(_)
        | Rejection::BookAlreadyOpen
        | Rejection::BadPolicy(_)
        | Rejection::TooManyDeclared
        | Rejection::UnknownWallet
        | Rejection::UnknownDevice
        | Rejection::UnknownPayment
        | Rejection::UnknownNotification
        | Rejection::UnknownCallback
        | Rejection::RefundNumberTaken
        | Rejection::RefundExceeds { .. }
        | Rejection::UnknownRefund
        | Rejection::Books(_)
        | Rejection::Break(_)
        | Rejection::Day(_)
        | Rejection::RefundIs(_) => return of_rejection(rejection),
    };
    String::from(text)
}

fn created(order: &OrderView, desk: &dyn Desk) -> String {
    format!(
        r#"{{"payId":{},"orderId":"{}","payType":"{}","price":"{}","reallyPrice":"{}","payUrl":{},"isAuto":{},"redirectUrl":{}}}"#,
        quoted(&order.number),
        order.id,
        kind_of(order),
        order.requested.decimal_text(),
        order.payable.decimal_text(),
        quoted(&order.qr),
        u8::from(!order.qr_fixed),
        quoted(&cashier_address(order.id, desk)),
    )
}

fn shown(order: &OrderView, desk: &dyn Desk) -> String {
    let (state, text) = state_of(order);
    let life = order.expires_at.since(order.created_at);
    format!(
        r#"{{"payId":{},"orderId":"{}","payType":{},"price":{},"reallyPrice":{},"payUrl":{},"isAuto":{},"state":{state},"stateText":"{text}","timeOut":{},"date":{},"remainingSeconds":{},{}}}"#,
        quoted(&order.number),
        order.id,
        kind_of(order),
        java_text(order.requested),
        java_text(order.payable),
        quoted(&order.qr),
        u8::from(!order.qr_fixed),
        life.secs().div_ceil(60),
        order.created_at.secs(),
        remaining_secs(order, desk),
        way_and_param(order),
    )
}

fn checked(order: &OrderView, desk: &dyn Desk) -> Answer {
    let rest = way_and_param(order);
    match order.status {
        OrderStatus::Open | OrderStatus::Underpaid => {
            let left = remaining_secs(order, desk);
            let data = format!(r#"{{"state":0,"remainingSeconds":{left},{rest}}}"#);
            success("订单未支付", &data)
        }
        OrderStatus::Expired | OrderStatus::Closed => {
            success("订单已过期", &format!(r#"{{"state":-1,"remainingSeconds":0,{rest}}}"#))
        }
        OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => {
            let back = quoted(order.return_url.as_deref().unwrap_or_default());
            let data = format!(r#"{{"redirectUrl":{back},"remainingSeconds":0,{rest}}}"#);
            success("支付成功", &data)
        }
    }
}

fn returning(order: &OrderView, desk: &dyn Desk) -> Answer {
    if !order.status.is_settled() {
        return refuse("订单未支付");
    }
    let query = signed_query(order, desk.now(), desk);
    let sign = query.as_deref().and_then(|query| query.rsplit_once("&sign="));
    match (way_back(order, desk), sign) {
        (Some(address), Some((_, sign))) => {
            let data = format!(r#"{{"returnUrl":{},"sign":"{sign}"}}"#, quoted(&address));
            success("成功", &data)
        }
        _ => refuse("订单没有配置返回URL"),
    }
}

fn state_of(order: &OrderView) -> (i8, &'static str) {
    let text = match order.status {
        OrderStatus::Open | OrderStatus::Underpaid => "未支付",
        OrderStatus::Expired | OrderStatus::Closed => "已关闭",
        OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => "已支付",
    };
    (state_number(order), text)
}

fn remaining_secs(order: &OrderView, desk: &dyn Desk) -> u64 {
    match order.status {
        OrderStatus::Open | OrderStatus::Underpaid => order.expires_at.since(desk.now()).secs(),
        OrderStatus::Expired
        | OrderStatus::Closed
        | OrderStatus::Paid
        | OrderStatus::PaidLate
        | OrderStatus::Overpaid => 0,
    }
}

fn way_and_param(order: &OrderView) -> String {
    let back = quoted(order.return_url.as_deref().unwrap_or_default());
    let param = quoted(order.attachment.as_deref().unwrap_or_default());
    format!(r#""return_url":{back},"param":{param}"#)
}

fn success(text: &str, data: &str) -> Answer {
    Answer::json(200, format!(r#"{{"code":200,"msg":"{text}","data":{data}}}"#))
}

/// A refusal as JSON.
pub(super) fn refuse(text: &str) -> Answer {
    Answer::json(200, refusal_body(text))
}

fn refusal_body(text: &str) -> String {
    format!(r#"{{"code":400,"msg":{},"data":null}}"#, quoted(text))
}

fn refuse_in(page: bool, text: &str) -> Answer {
    if page { Answer::text(200, text) } else { refuse(text) }
}

fn wrong_verb(allowed: &str) -> Answer {
    Answer::json(405, refusal_body("请求方式错误")).with_header("allow", allowed)
}
