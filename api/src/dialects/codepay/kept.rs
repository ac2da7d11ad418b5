//! What an order keeps of its request's own spelling: three words.

use duizhang_core::channel::Channel;
use duizhang_projections::orders::OrderView;

use super::money::Money;
use super::received::Charset;

/// The word of an order whose callback reports the asked amount as the paid one.
const ASKED: &str = "asked";

/// The words kept with an order, as in `3 gb2312 asked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept<'a> {
    /// The type as the shop sent it: 1 Alipay, 2 QQ, 3 WeChat.
    pub(super) kind: &'a str,
    /// The character set that the shop's texts came in.
    pub(super) charset: Charset,
    /// What the callback reports, as the merchant's setting was when the order was asked for.
    pub(super) money: Money,
}

impl<'a> Kept<'a> {
    /// The words of an order. What is not there is told by the channel, in UTF-8.
    pub(super) fn of(order: &'a OrderView) -> Self {
        let mut words = order.echo.as_deref().unwrap_or_default().split(' ');
        let kind = words.next().filter(|kind| matches!(*kind, "1" | "2" | "3"));
        let charset = words.next().and_then(Charset::read).unwrap_or_default();
        let kind = kind.unwrap_or(match order.channel {
            Channel::Alipay => "1",
            Channel::Qq => "2",
            Channel::Wechat | Channel::Unionpay | Channel::Youzan | Channel::Sandbox => "3",
        });
        let money = if words.next() == Some(ASKED) { Money::Asked } else { Money::Paid };
        Self { kind, charset, money }
    }

    /// The words as they are kept.
    pub(super) fn text(&self) -> String {
        let money = match self.money {
            Money::Asked => ASKED,
            Money::Paid => "received",
        };
        format!("{} {} {money}", self.kind, self.charset.word())
    }
}
