//! The payment network of a wallet.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A payment network. Variants are only ever appended: the index is the stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    /// WeChat Pay (微信).
    Wechat,
    /// Alipay (支付宝).
    Alipay,
    /// QQ wallet (QQ钱包).
    Qq,
    /// UnionPay (云闪付).
    Unionpay,
    /// Youzan (有赞).
    Youzan,
    /// Play money for trying things out.
    Sandbox,
}

impl Channel {
    /// Every channel, in stored order.
    pub const ALL: [Self; 6] =
        [Self::Wechat, Self::Alipay, Self::Qq, Self::Unionpay, Self::Youzan, Self::Sandbox];

    /// The word that configuration and API use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
            Self::Qq => "qq",
            Self::Unionpay => "unionpay",
            Self::Youzan => "youzan",
            Self::Sandbox => "sandbox",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The text is not the word of any channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownChannel;

impl fmt::Display for UnknownChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown channel: one of wechat, alipay, qq, unionpay, youzan, sandbox")
    }
}

impl core::error::Error for UnknownChannel {}

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        Self::ALL.into_iter().find(|channel| channel.word() == text).ok_or(UnknownChannel)
    }
}
