//! Saying no: the code and the words.
//!
//! Invariant: every refusal of the rules has words, and none of them tells a stranger more than a
//! wrong signature does.
//! Deliberately not here: in which shape they are shown.

use duizhang_core::id::MerchantId;
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::ParamsError;
use duizhang_projections::refunds::RefundView;

use crate::dialects::{Desk, OrderQuery};

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The protocol's code.
    pub(super) code: i32,
    /// The words.
    pub(super) text: String,
}

impl Refusal {
    /// With the code of most refusals.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::coded(-1, text)
    }

    /// With a code of its own.
    pub(super) fn coded(code: i32, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// What a caller wanted of the order that the rules refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Its money back.
    Refund,
    /// Anything else.
    Other,
}

/// What is wrong with the parameters as such.
pub(super) fn of_params(error: &ParamsError) -> Refusal {
    Refusal::new(match error {
        ParamsError::Twice(name) => format!("参数重复：{name}"),
        ParamsError::Undecodable { name, .. } => format!("参数编码错误：{name}"),
        ParamsError::TooLong(name) => format!("参数过长：{name}"),
        ParamsError::TooMany => String::from("参数过多"),
        ParamsError::FormNotUtf8 => String::from("表单不是UTF-8编码"),
        ParamsError::Missing(name) => format!("缺少参数：{name}"),
        ParamsError::Multipart(_) | ParamsError::Json(_) => String::from("表单格式错误"),
    })
}

/// An order number that was used before.
pub(super) fn number_taken(number: &str, settled: bool) -> Refusal {
    Refusal::new(if settled {
        format!("该订单({number})已完成支付，请勿重复发起支付")
    } else {
        format!("该订单({number})支付参数有变化，请更换订单号重新发起支付")
    })
}

/// An order number whose order is over without having been paid.
pub(super) fn number_over(number: &str) -> Refusal {
    Refusal::new(format!("该订单({number})已关闭，请更换订单号重新发起支付"))
}

/// A refund of an amount that goes back, or went back, already.
pub(super) fn refunded_before(refund: &RefundView) -> Refusal {
    let (amount, id) = (refund.amount.decimal_text(), refund.id);
    Refusal::new(format!(
        "该订单已有一笔相同金额(¥{amount})的退款申请({id})，本次未受理；如需再退一笔，请填写退款单号(out_refund_no)"
    ))
}

/// What the rules refuse.
pub(super) fn of_rejection(
    rejection: &Rejection,
    number: &str,
    merchant: &MerchantId,
    wanted: Wanted,
    desk: &dyn Desk,
) -> Refusal {
    let text = match rejection {
        Rejection::UnknownMerchant => "签名校验失败，请返回重试！",
        Rejection::BadText(field) => {
            return Refusal::new(format!("参数错误：{}", wire_name(field, wanted)));
        }
        Rejection::AmountNotPositive => "金额不合法",
        Rejection::NumberTaken(order) | Rejection::IdempotencyKeyReused(order) => {
            let found = desk.find(merchant, &OrderQuery::Id(*order));
            return number_taken(number, found.is_some_and(|found| found.status.is_settled()));
        }
        Rejection::CurrencyUnsupported | Rejection::NoWallet => {
            "当前支付方式没有可用的收款账户，请更换支付方式"
        }
        Rejection::TooManyOpenOrders => "当前商户已超出订单并发量限制，请稍后再试",
        Rejection::AmountsExhausted => "当前金额的待支付订单已满，请稍后再试或更换金额",
        Rejection::UnknownOrder => "订单号不存在",
        Rejection::OrderIs(_) if wanted == Wanted::Refund => "该订单状态不支持退款！",
        Rejection::OrderIs(_) => "该订单状态不支持关闭！",
        Rejection::RefundNumberTaken => "退款单号已被使用，且退款内容不同",
        Rejection::RefundExceeds { .. } => "退款金额不能超过该订单剩余可退款金额！",
        Rejection::UnknownRefund => "退款记录不存在",
        Rejection::BookAlreadyOpen
        | Rejection::BadPolicy(_)
        | Rejection::TooManyDeclared
        | Rejection::UnknownWallet
        | Rejection::UnknownDevice
        | Rejection::UnknownPayment
        | Rejection::UnknownNotification
        | Rejection::UnknownCallback
        | Rejection::Books(_)
        | Rejection::Break(_)
        | Rejection::Day(_)
        | Rejection::RefundIs(_) => "操作失败",
    };
    Refusal::new(text)
}

fn wire_name(field: &str, wanted: Wanted) -> &str {
    match (field, wanted) {
        ("number", Wanted::Refund) => "out_refund_no",
        ("number", Wanted::Other) => "out_trade_no",
        ("attachment", _) => "param",
        ("subject", _) => "name",
        ("echo", _) => "type",
        (other, _) => other,
    }
}
