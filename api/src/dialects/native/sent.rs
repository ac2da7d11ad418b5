//! The JSON that callers send.
//!
//! Invariants: an amount is a text and never a JSON number, because a number passes through
//! floating point in most writers; a field that is not listed, and one that stands twice, is
//! refused.
//! Deliberately not here: what the fields mean (see [`super::requests`]), and what callers get.

use std::borrow::Cow;
use std::fmt;

use duizhang_core::channel::Channel;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// A request to be paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrder)]
pub(super) struct NewOrderBody<'a> {
    /// The merchant's own number, unique for the merchant; the order's id where it is absent. At
    /// most 128 bytes.
    #[schema(example = "SO-1001")]
    pub(super) number: Option<String>,
    /// The asked amount: a decimal text of whole minor units.
    #[serde(borrow)]
    #[schema(value_type = String, example = "12.50")]
    pub(super) amount: AmountText<'a>,
    /// The currency; `CNY` where it is absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "CNY")]
    pub(super) currency: Option<Cow<'a, str>>,
    /// The networks that the payer may use; any where it is absent or empty.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["wechat", "alipay"]))]
    pub(super) channels: Option<Vec<ChannelWord>>,
    /// How many seconds to wait for the payment, 10 to 86400; the policy's time where it is absent.
    #[schema(example = 300)]
    pub(super) expires_in: Option<u64>,
    /// Where the callback goes; the merchant's own address where it is absent.
    #[schema(example = "https://shop.example/webhook")]
    pub(super) notify_url: Option<String>,
    /// Where the payer's browser goes afterwards.
    #[schema(example = "https://shop.example/thanks")]
    pub(super) return_url: Option<String>,
    /// What is being paid for. At most 1024 bytes.
    #[schema(example = "Membership, one year")]
    pub(super) subject: Option<String>,
    /// Text that goes back unchanged. At most 1024 bytes.
    #[schema(example = "user 1001")]
    pub(super) attachment: Option<String>,
}

/// A request to give money back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRefund)]
pub(super) struct NewRefundBody<'a> {
    /// The merchant's own number, unique for the merchant; the refund's id where it is absent.
    #[schema(example = "RF-1")]
    pub(super) number: Option<String>,
    /// How much, in the order's currency.
    #[serde(borrow)]
    #[schema(value_type = String, example = "2.50")]
    pub(super) amount: AmountText<'a>,
    /// Why.
    #[schema(example = "one item was missing")]
    pub(super) reason: String,
}

/// That a payment be an order's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Assignment)]
pub(super) struct AssignBody {
    /// The order's id.
    #[schema(example = "o00000000000000000000000007")]
    pub(super) order: String,
    /// Why.
    #[schema(example = "the payer sent a screenshot")]
    pub(super) reason: String,
}

/// That a payment be no order's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Dismissal)]
pub(super) struct DismissBody {
    /// Why, and where the money is now.
    #[schema(example = "paid twice, sent back by hand")]
    pub(super) reason: String,
}

/// What a notification says, by an operator's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewJudgement)]
pub(super) struct JudgeBody<'a> {
    /// Whether it is money.
    pub(super) says: Says,
    /// Where it came in; with `money` only.
    #[schema(example = "ali-main")]
    pub(super) wallet: Option<String>,
    /// How much; with `money` only.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "12.51")]
    pub(super) amount: Option<AmountText<'a>>,
    /// When it was paid, RFC 3339; with `money` only.
    #[schema(example = "2026-11-21T12:00:00+08:00")]
    pub(super) paid_at: Option<String>,
    /// Why.
    #[schema(example = "read on the phone's screen")]
    pub(super) reason: String,
}

/// What an operator reads in a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(example = "money")]
pub(super) enum Says {
    /// Money came.
    Money,
    /// It is something else.
    NotMoney,
}

/// The evidence of a refund's step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Evidence)]
pub(super) struct StepBody {
    /// A transfer number, or the reason of a refusal.
    #[schema(example = "transfer 20261121-77")]
    pub(super) evidence: String,
}

/// A body that says nothing; it may also be absent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NothingBody {}

/// The text of an amount, not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AmountText<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for AmountText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = AmountText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount as a text such as \"10.00\", never as a number")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(AmountText(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(AmountText(Cow::Owned(String::from(text))))
            }
        }

        // Whatever stands there is looked at, so that a number is refused in these words.
        deserializer.deserialize_any(Texts)
    }
}

/// A network by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChannelWord(pub(super) Channel);

impl<'de> Deserialize<'de> for ChannelWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Cow::<str>::deserialize(deserializer)?;
        word.parse().map(Self).map_err(de::Error::custom)
    }
}
