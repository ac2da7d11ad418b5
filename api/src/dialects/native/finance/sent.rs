//! The JSON that finance sends.
//!
//! Invariants: as for the other bodies: amounts are texts, and a field that is not listed or stands
//! twice is refused; a word that is none of the listed ones is refused with the list.
//! Deliberately not here: what the fields mean (see `requests`).

use std::borrow::Cow;

use duizhang_core::breaks::{ResolutionKind, RootCause, WaitingFor};
use serde::{Deserialize, Deserializer, de};
use utoipa::ToSchema;

use super::super::sent::AmountText;

/// To whom a break is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BreakOwner)]
pub(in crate::dialects::native) struct OwnerBody {
    /// A name, most often an operator's.
    #[schema(example = "li")]
    pub(super) to: String,
}

/// What is written to a break.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BreakComment)]
pub(in crate::dialects::native) struct CommentBody {
    /// The text, at most 1024 bytes.
    #[schema(example = "asked the channel, ticket 4711")]
    pub(super) text: String,
}

/// What a break waits for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BreakWait)]
pub(in crate::dialects::native) struct WaitBody {
    /// `provider`, `payer`, `statement` or `approval`.
    #[serde(rename = "for")]
    #[schema(value_type = String, example = "provider")]
    pub(super) on: AwaitedWord,
}

/// How a break ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BreakEnd)]
pub(in crate::dialects::native) struct EndBody {
    /// `matched`, `split`, `refunded`, `claimed`, `adjusted`, `written-off`, `duplicate`,
    /// `not-a-break` or `forced`.
    #[schema(value_type = String, example = "written-off")]
    pub(super) resolution: KindWord,
    /// Where the difference came from: `timing`, `provider`, `payer`, `merchant`, `us` or
    /// `unknown`.
    #[schema(value_type = String, example = "payer")]
    pub(super) root: CauseWord,
    /// Why, and the evidence.
    #[schema(example = "3 fen that nobody will pay")]
    pub(super) reason: String,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reason)]
pub(in crate::dialects::native) struct ReasonBody {
    /// At most 1024 bytes.
    #[schema(example = "a line came late")]
    pub(super) reason: String,
}

/// That the line of a break become a payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LineTake)]
pub(in crate::dialects::native) struct TakeBody {
    /// When the channel says that the money came.
    #[schema(example = "2026-11-20T10:03:00+08:00")]
    pub(super) paid_at: String,
    /// The shop's order number, where the line shows one.
    #[schema(example = "A-1001")]
    pub(super) number: Option<String>,
    /// Why it is no copy of another payment, at most 1024 bytes.
    #[schema(example = "the phone was off")]
    pub(super) reason: String,
}

/// That a business day be closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DayClose)]
pub(in crate::dialects::native) struct CloseBody {
    /// The ids of the open breaks that are accepted: all that are booked in the day, or it does not
    /// close. At most 1024.
    #[serde(default)]
    #[schema(example = json!(["b00000000000000000000000007"]))]
    pub(super) accepted: Vec<String>,
    /// Why they are acceptable, or that all is well.
    #[schema(example = "the channel answers on Monday")]
    pub(super) reason: String,
}

/// A movement of money without a payer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMovement)]
pub(in crate::dialects::native) struct MovementBody<'a> {
    /// Its id, so that the same sent twice counts once; drawn where it is absent.
    #[schema(example = "m00000000000000000000000007")]
    pub(super) id: Option<String>,
    /// What moved.
    pub(super) kind: MovementKind,
    /// The wallet that it leaves; with all but `arrival` and `opening`.
    #[schema(example = "wx-main")]
    pub(super) wallet: Option<String>,
    /// The wallet that it reaches; with `transfer` only.
    #[schema(example = "ali-main")]
    pub(super) to: Option<String>,
    /// The bank that it reaches; with `withdrawal` only.
    #[schema(example = "cmb")]
    pub(super) bank: Option<String>,
    /// What was opened, as `wallet:ID` or `bank:ID`; with `opening` only.
    #[schema(example = "wallet:wx-main")]
    pub(super) account: Option<String>,
    /// The movement that sent the money; with `arrival` only.
    #[schema(example = "m00000000000000000000000007")]
    pub(super) withdrawal: Option<String>,
    /// How much: the fee, what arrives, or what was there; with all but `arrival`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "400.00")]
    pub(super) amount: Option<AmountText<'a>>,
    /// What the channel takes beside it; with `withdrawal` and `transfer` only, nothing where it is
    /// absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "0.40")]
    pub(super) fee: Option<AmountText<'a>>,
    /// When the channel or the bank says that it moved, RFC 3339.
    #[schema(example = "2026-11-21T12:00:00+08:00")]
    pub(super) moved_at: String,
    /// A statement's line, a serial number, a note. At most 1024 bytes.
    #[schema(example = "statement of 2026-11-21, line 7")]
    pub(super) evidence: String,
}

/// What kind of movement it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(example = "withdrawal")]
pub(in crate::dialects::native) enum MovementKind {
    /// A channel took a fee.
    Fee,
    /// Money left a wallet for the bank.
    Withdrawal,
    /// A withdrawal is at the bank.
    Arrival,
    /// Money went from one wallet to another.
    Transfer,
    /// What was there before the first event.
    Opening,
}

/// An adjustment of the books.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAdjustment)]
pub(in crate::dialects::native) struct AdjustmentBody<'a> {
    /// Its id, so that the same sent twice counts once; drawn where it is absent.
    #[schema(example = "a00000000000000000000000007")]
    pub(super) id: Option<String>,
    /// What is to be posted: 2 to 32 lines that sum to zero.
    #[serde(borrow)]
    pub(super) lines: Vec<AdjustmentLineBody<'a>>,
    /// When it is to count, RFC 3339.
    #[schema(example = "2026-11-21T12:00:00+08:00")]
    pub(super) value_at: String,
    /// Why. At most 1024 bytes.
    #[schema(example = "last cent forgiven")]
    pub(super) reason: String,
}

/// A line of an adjustment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAdjustmentLine)]
pub(in crate::dialects::native) struct AdjustmentLineBody<'a> {
    /// The account, by its path or Chinese name, or as `wallet:ID` or `bank:ID`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "Expenses:Tolerance")]
    pub(super) account: Cow<'a, str>,
    /// How much: positive to debit, negative to credit.
    #[serde(borrow)]
    #[schema(value_type = String, example = "-0.01")]
    pub(super) amount: AmountText<'a>,
}

/// What a break waits for, by its word.
#[derive(Clone, Copy, Debug)]
pub(in crate::dialects::native) struct AwaitedWord(pub(super) WaitingFor);

/// How a break ends, by its word.
#[derive(Clone, Copy, Debug)]
pub(in crate::dialects::native) struct KindWord(pub(super) ResolutionKind);

/// Where a difference came from, by its word.
#[derive(Clone, Copy, Debug)]
pub(in crate::dialects::native) struct CauseWord(pub(super) RootCause);

const AWAITED: [WaitingFor; 4] =
    [WaitingFor::Provider, WaitingFor::Payer, WaitingFor::Statement, WaitingFor::Approval];

const KINDS: [ResolutionKind; 9] = [
    ResolutionKind::Matched,
    ResolutionKind::Split,
    ResolutionKind::Refunded,
    ResolutionKind::Claimed,
    ResolutionKind::Adjusted,
    ResolutionKind::WrittenOff,
    ResolutionKind::Duplicate,
    ResolutionKind::NotABreak,
    ResolutionKind::Forced,
];

const CAUSES: [RootCause; 6] = [
    RootCause::Timing,
    RootCause::Provider,
    RootCause::Payer,
    RootCause::Merchant,
    RootCause::Us,
    RootCause::Unknown,
];

fn known<'de, D, T>(from: D, all: &[T], word: fn(T) -> &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Copy,
{
    let text = Cow::<str>::deserialize(from)?;
    all.iter().copied().find(|one| word(*one) == text).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|one| word(*one)).collect();
        de::Error::custom(format!("{text:?} is none of {}", words.join(", ")))
    })
}

impl<'de> Deserialize<'de> for AwaitedWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        known(deserializer, &AWAITED, WaitingFor::word).map(Self)
    }
}

impl<'de> Deserialize<'de> for KindWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        known(deserializer, &KINDS, ResolutionKind::word).map(Self)
    }
}

impl<'de> Deserialize<'de> for CauseWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        known(deserializer, &CAUSES, RootCause::word).map(Self)
    }
}
