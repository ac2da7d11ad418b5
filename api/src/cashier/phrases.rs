//! The sentences of the page in both languages.
//!
//! Invariants: every sentence exists in both languages, which the exhaustive matches enforce; a
//! sentence about money says what the payer has to do next.
//! Deliberately not here: layout, and any text that a shop supplied.

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;

use super::language::Language::{self, Chinese, English};
use super::text::amount as spell;
use super::view::CashierState;

/// The sentences that hold no value.
#[derive(Debug)]
pub(super) struct Phrases {
    pub(super) amount_due: &'static str,
    pub(super) code_label: &'static str,
    pub(super) address_label: &'static str,
    pub(super) open_address: &'static str,
    pub(super) no_address: &'static str,
    pub(super) time_left: &'static str,
    pub(super) pay_before: &'static str,
    pub(super) live: &'static str,
    pub(super) reconnecting: &'static str,
    pub(super) without_script: &'static str,
    pub(super) refresh: &'static str,
    pub(super) refresh_quietly: &'static str,
    pub(super) details: &'static str,
    pub(super) subject: &'static str,
    pub(super) order_number: &'static str,
    pub(super) requested: &'static str,
    pub(super) payable: &'static str,
    pub(super) created: &'static str,
    pub(super) settled: &'static str,
    pub(super) back_to_shop: &'static str,
    pub(super) returning: &'static str,
    pub(super) play_money: &'static str,
    pub(super) not_found: &'static str,
    pub(super) not_found_advice: &'static str,
}

static CHINESE: Phrases = Phrases {
    amount_due: "应付金额",
    code_label: "收款二维码",
    address_label: "收款地址",
    open_address: "打开收款地址",
    no_address: "收款码无法显示，请联系商家。",
    time_left: "剩余时间",
    pay_before: "付款截止：",
    live: "付款后本页会自动更新",
    reconnecting: "连接中断，正在重新连接…",
    without_script: "本页每 10 秒自动刷新一次。",
    refresh: "我已付款，刷新状态",
    refresh_quietly: "刷新状态",
    details: "订单信息",
    subject: "商品",
    order_number: "订单号",
    requested: "订单金额",
    payable: "应付金额",
    created: "下单时间",
    settled: "到账时间",
    back_to_shop: "返回商家",
    returning: "# 秒后自动返回商家",
    play_money: "沙盒：这里的付款都是演示，不会动用真钱。",
    not_found: "找不到这笔订单",
    not_found_advice: "链接可能不完整，或订单已经清除。请回到商家页面重新打开付款链接。",
};

static ENGLISH: Phrases = Phrases {
    amount_due: "Amount to pay",
    code_label: "Payment QR code",
    address_label: "Payment address",
    open_address: "Open the payment address",
    no_address: "The payment code cannot be shown. Please contact the shop.",
    time_left: "Time left",
    pay_before: "Pay before ",
    live: "This page updates by itself once you have paid",
    reconnecting: "Connection lost, trying again…",
    without_script: "This page refreshes itself every 10 seconds.",
    refresh: "I have paid – refresh",
    refresh_quietly: "Refresh",
    details: "Order details",
    subject: "Item",
    order_number: "Order number",
    requested: "Order amount",
    payable: "Amount to pay",
    created: "Ordered at",
    settled: "Received at",
    back_to_shop: "Back to the shop",
    returning: "Returning to the shop in # s",
    play_money: "Sandbox: payments here are play money, nothing real is moved.",
    not_found: "Order not found",
    not_found_advice: "The link may be incomplete, or the order is gone. Please open the payment link \
                       again from the shop.",
};

impl Phrases {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Chinese => &CHINESE,
            English => &ENGLISH,
        }
    }
}

/// The name of the network, as its users call it.
pub(super) const fn channel_name(language: Language, channel: Channel) -> &'static str {
    match (language, channel) {
        (Chinese, Channel::Wechat) => "微信支付",
        (Chinese, Channel::Alipay) => "支付宝",
        (Chinese, Channel::Qq) => "QQ钱包",
        (Chinese, Channel::Unionpay) => "云闪付",
        (Chinese, Channel::Youzan) => "有赞",
        (Chinese, Channel::Sandbox) => "沙盒",
        (English, Channel::Wechat) => "WeChat Pay",
        (English, Channel::Alipay) => "Alipay",
        (English, Channel::Qq) => "QQ Wallet",
        (English, Channel::Unionpay) => "UnionPay",
        (English, Channel::Youzan) => "Youzan",
        (English, Channel::Sandbox) => "Sandbox",
    }
}

/// The app that the payer opens; Youzan's codes are read by either of the two large ones.
const fn app_name(language: Language, channel: Channel) -> &'static str {
    match (language, channel) {
        (Chinese, Channel::Wechat) => "微信",
        (Chinese, Channel::Alipay) => "支付宝",
        (Chinese, Channel::Qq) => "手机 QQ",
        (Chinese, Channel::Unionpay) => "云闪付",
        (Chinese, Channel::Youzan) => "微信或支付宝",
        (Chinese, Channel::Sandbox) => "任意扫码工具",
        (English, Channel::Wechat) => "WeChat",
        (English, Channel::Alipay) => "Alipay",
        (English, Channel::Qq) => "QQ",
        (English, Channel::Unionpay) => "UnionPay",
        (English, Channel::Youzan) => "WeChat or Alipay",
        (English, Channel::Sandbox) => "a QR scanner",
    }
}

/// The title of the page's body.
pub(super) fn headline(language: Language, state: CashierState, channel: Channel) -> String {
    let app = app_name(language, channel);
    let fixed = match (language, state) {
        (Chinese, CashierState::Waiting) => return format!("请用{app}扫码付款"),
        (English, CashierState::Waiting) => return format!("Scan with {app} to pay"),
        (Chinese, CashierState::Held) => "已收到款项，正在核对",
        (English, CashierState::Held) => "Payment received, being checked",
        (Chinese, CashierState::Paid { .. }) => "付款成功",
        (English, CashierState::Paid { .. }) => "Payment received",
        (Chinese, CashierState::PaidLate { .. }) => "已收到款项，但晚于截止时间",
        (English, CashierState::PaidLate { .. }) => "Payment received after the deadline",
        (Chinese, CashierState::Expired) => "订单已过期",
        (English, CashierState::Expired) => "This order has expired",
        (Chinese, CashierState::Closed) => "订单已关闭",
        (English, CashierState::Closed) => "This order was closed",
        (Chinese, CashierState::Refunded { .. }) => "已退款",
        (English, CashierState::Refunded { .. }) => "Refunded",
    };
    String::from(fixed)
}

/// The title of a page whose payment address is too long for a code.
pub(super) fn headline_without_code(language: Language, channel: Channel) -> String {
    let app = app_name(language, channel);
    match language {
        Chinese => format!("请用{app}付款"),
        English => format!("Pay with {app}"),
    }
}

/// What the state means for the payer; nothing while the order waits, when the steps say it.
pub(super) const fn explanation(language: Language, state: CashierState) -> Option<&'static str> {
    Some(match (language, state) {
        (_, CashierState::Waiting) => return None,
        (Chinese, CashierState::Held) => {
            "商家正在人工核对这笔款项，请不要重复付款。核对完成后本页会更新。"
        }
        (English, CashierState::Held) => {
            "The shop is checking this payment by hand. Please do not pay again; this page will update."
        }
        (Chinese, CashierState::Paid { .. }) => "款项已到账，我们正在通知商家。",
        (English, CashierState::Paid { .. }) => "The money has arrived and the shop is being told.",
        (Chinese, CashierState::PaidLate { .. }) => {
            "款项已记在这笔订单名下，发货或退款由商家决定。请不要重复付款，如有疑问请联系商家。"
        }
        (English, CashierState::PaidLate { .. }) => {
            "Your money is recorded for this order. The shop decides whether to deliver or to refund. \
             Please do not pay again; contact the shop if in doubt."
        }
        (Chinese, CashierState::Expired) => {
            "二维码已失效，请不要再付款，回到商家重新下单即可。如果您刚刚已经付款，款项不会丢失，请稍候或联系商家。"
        }
        (English, CashierState::Expired) => {
            "The code is no longer valid: please do not pay now, but order again at the shop. If you \
             have just paid, the money is not lost; wait a moment or contact the shop."
        }
        (Chinese, CashierState::Closed) => "商家已关闭这笔订单，请不要再付款。",
        (English, CashierState::Closed) => "The shop has closed this order. Please do not pay.",
        (Chinese, CashierState::Refunded { .. }) => "款项按原路退回，到账时间以收款渠道为准。",
        (English, CashierState::Refunded { .. }) => {
            "The money goes back the way it came; when it arrives depends on the channel."
        }
    })
}

/// Why the amount is not the one that the shop named, and that it matters.
pub(super) fn exact_amount(
    language: Language,
    due: Amount,
    asked: Amount,
    apart: Amount,
) -> String {
    let (due, asked) = (spell(language, due), spell(language, asked));
    match language {
        Chinese if apart == Amount::fen(1) => {
            format!("请务必支付 {due}，不是 {asked}：这一分钱用来认出您的付款。")
        }
        Chinese => {
            let apart = spell(language, apart);
            format!("请务必支付 {due}，不是 {asked}：相差的 {apart}用来认出您的付款。")
        }
        English => {
            let apart = spell(language, apart);
            format!(
                "Pay exactly {due}, not {asked}: the difference of {apart} is how your payment is \
                 recognised."
            )
        }
    }
}

/// What to do, step by step; the second step depends on whether the code carries the amount.
pub(super) fn steps(language: Language, channel: Channel, due: Amount, fixed: bool) -> [String; 3] {
    let app = app_name(language, channel);
    let due = spell(language, due);
    match language {
        Chinese => [
            format!("用{app}扫描二维码；在本机付款请截图后从相册识别。"),
            if fixed {
                format!("金额已自动填好，请核对是 {due}。")
            } else {
                format!("扫码后手动输入 {due}，一分不差。")
            },
            String::from("确认付款，然后回到本页。"),
        ],
        English => [
            format!("Scan the code with {app}. Paying on this phone? Scan a screenshot of it."),
            if fixed {
                format!("The amount is filled in for you: check that it is {due}.")
            } else {
                format!("Type the amount {due} yourself, to the cent.")
            },
            String::from("Confirm the payment, then come back to this page."),
        ],
    }
}

/// The same where there is an address in the place of a code, which may carry the amount or not.
pub(super) fn steps_without_code(language: Language, channel: Channel, due: Amount) -> [String; 3] {
    let app = app_name(language, channel);
    let due = spell(language, due);
    match language {
        Chinese => [
            format!("复制收款地址，用{app}打开；在本机可直接点开。"),
            format!("核对或输入金额 {due}，一分不差。"),
            String::from("确认付款，然后回到本页。"),
        ],
        English => [
            format!("Copy the payment address and open it with {app}, or follow it on this phone."),
            format!("Check or type the amount {due}, to the cent."),
            String::from("Confirm the payment, then come back to this page."),
        ],
    }
}
