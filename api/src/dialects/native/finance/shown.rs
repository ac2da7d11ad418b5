//! The JSON that finance gets.
//!
//! Invariants: as for the other bodies: amounts are texts, and a field that has no value is `null`.
//! A break in a list has the fields of a break by itself but for its history.
//! Deliberately not here: how the fields come about (see `answers`).

use duizhang_core::id::{AdjustmentId, BreakId, MovementId};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::shown::{AmountDigits, Text};

/// What a break is about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BreakSubject)]
pub(in crate::dialects::native) struct SubjectBody {
    /// `payment`, `order`, `refund`, `movement`, `line`, `row`, `statement` or `day`.
    #[schema(example = "line")]
    pub(super) kind: &'static str,
    /// Our id, the channel's number of a line, or the hash of a statement.
    #[schema(example = "4200002511202611210000000001")]
    pub(super) id: Option<String>,
    /// The place in the statement, of a row without a number.
    pub(super) row: Option<u32>,
}

/// An end that waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BreakProposal)]
pub(in crate::dialects::native) struct ProposalBody<'a> {
    /// Who proposed it.
    pub(super) by: &'a str,
    /// How it is to end.
    #[schema(example = "written-off")]
    pub(super) resolution: &'a str,
    /// Where the difference came from.
    #[schema(example = "payer")]
    pub(super) root: &'a str,
    /// Why.
    pub(super) reason: &'a str,
}

/// How a break ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BreakEnding)]
pub(in crate::dialects::native) struct EndingBody {
    /// A person's word as it was given, `taken-in`, `auto-late-arrival`,
    /// `auto-no-longer-found`, `auto-matched` or `auto-dismissed`.
    #[schema(example = "written-off")]
    pub(super) word: &'static str,
    /// Where the difference came from, as far as anybody knows.
    #[schema(example = "payer")]
    pub(super) root: &'static str,
    /// What explains it, where something does.
    pub(super) by: Option<SubjectBody>,
}

/// A break.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Break)]
pub(in crate::dialects::native) struct BreakBody<'a> {
    /// Its id, which follows from what it is about.
    #[schema(value_type = String, example = "b00000000000000000000000007")]
    pub(super) id: Text<BreakId>,
    /// On whose statement.
    #[schema(example = "wx-main")]
    pub(super) wallet: &'a str,
    /// The day that it is about.
    #[schema(example = "2026-11-21")]
    pub(super) day: String,
    /// The day that it is booked in.
    #[schema(example = "2026-11-21")]
    pub(super) booked: String,
    /// Its code, and P01 beside it where its own day was closed when it came.
    #[schema(example = json!(["M01"]))]
    pub(super) codes: Vec<&'static str>,
    /// The word of its code.
    #[schema(example = "amount_over")]
    pub(super) word: &'static str,
    /// The Chinese word of its code.
    #[schema(example = "多付")]
    pub(super) chinese: &'static str,
    /// `in`, `out`, `neutral` or `control`.
    #[schema(example = "in")]
    pub(super) direction: &'static str,
    /// How much, never negative.
    #[schema(value_type = String, example = "0.50")]
    pub(super) amount: AmountDigits,
    /// Its currency.
    #[schema(example = "CNY")]
    pub(super) currency: &'static str,
    /// What it is about.
    pub(super) subject: SubjectBody,
    /// What else it names.
    pub(super) related: Vec<SubjectBody>,
    /// `open`, `assigned`, `waiting`, `proposed`, `resolved` or `reopened`.
    #[schema(example = "open")]
    pub(super) state: &'static str,
    /// What it waits for, while it is waiting.
    pub(super) waiting_for: Option<&'static str>,
    /// Who has it.
    #[schema(example = "li")]
    pub(super) owner: Option<&'a str>,
    /// The end that waits for a second person.
    pub(super) proposal: Option<ProposalBody<'a>>,
    /// How it ended, while it is over.
    pub(super) ending: Option<EndingBody>,
    /// When it was opened first.
    pub(super) opened_at: String,
    /// How old it is, or was when it ended: `D0`, `D1`, `D2-3`, `D4-7`, `D8-30` or `>30`.
    #[schema(example = "D0")]
    pub(super) age: &'static str,
    /// Everything that happened to it, oldest first; `null` in a list.
    pub(super) history: Option<Vec<EntryBody<'a>>>,
}

/// What happened to a break or a day, when, and by whom.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub(in crate::dialects::native) struct EntryBody<'a> {
    /// Where the fact lies in the log.
    #[schema(example = 42)]
    pub(super) position: u64,
    /// When.
    pub(super) at: String,
    /// Who; empty where a payment settled by itself.
    pub(super) by: &'a str,
    /// What: of a break `opened`, `reclassified`, `reopened`, `assign`, `comment`, `wait`,
    /// `propose`, `approve`, `refuse`, `resolve`, `reopen`, `take`, `ended` or `accepted`; of a
    /// day `closed`, `reopen-proposed` or `reopened`.
    #[schema(example = "comment")]
    pub(super) deed: &'static str,
    /// The words to it.
    #[schema(example = "asked the channel, ticket 4711")]
    pub(super) note: Option<String>,
}

/// A page of breaks, in the order of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BreakPage)]
pub(in crate::dialects::native) struct BreakPageBody<'a> {
    /// The breaks.
    pub(super) breaks: Vec<BreakBody<'a>>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

/// The latest whole run over a wallet's day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub(in crate::dialects::native) struct RunBody<'a> {
    /// Whose day.
    #[schema(example = "wx-main")]
    pub(super) wallet: &'a str,
    /// Where its last part lies in the log.
    #[schema(example = 42)]
    pub(super) position: u64,
    /// When that came.
    pub(super) at: String,
    /// The fingerprint of what went in: 32 hexadecimal digits.
    #[schema(example = "6f1ed002ab5595859014ebf0951522d9")]
    pub(super) inputs: String,
    /// The hashes of the statements that it looked at.
    pub(super) statements: Vec<String>,
    /// Payments that went in.
    pub(super) payments: u64,
    /// Lines that went in.
    pub(super) lines: u64,
    /// Pairs.
    pub(super) matched: u64,
    /// The money of the pairs.
    #[schema(value_type = String, example = "1203.50")]
    pub(super) matched_amount: AmountDigits,
    /// Its currency.
    #[schema(example = "CNY")]
    pub(super) currency: &'static str,
}

/// A statement that tells of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayStatement)]
pub(in crate::dialects::native) struct StatementBody<'a> {
    /// SHA-256 of its bytes.
    pub(super) statement: String,
    /// Whose statement it is.
    #[schema(example = "wx-main")]
    pub(super) wallet: &'a str,
    /// The layout that it was read as.
    pub(super) layout: &'a str,
    /// Rows that were read.
    pub(super) lines: u32,
    /// Rows that could not be read.
    pub(super) rejected: u32,
    /// What came of its own totals: `proven`, `doubtful` or `failed`.
    #[schema(example = "proven")]
    pub(super) proof: &'static str,
    /// Whether the latest run over the day looked at it.
    pub(super) reconciled: bool,
}

/// A business day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BusinessDay)]
pub(in crate::dialects::native) struct DayBody<'a> {
    /// Which one.
    #[schema(example = "2026-11-21")]
    pub(super) day: String,
    /// `open` or `closed`.
    #[schema(example = "open")]
    pub(super) state: &'static str,
    /// Who wants it open again, while a second person has to.
    pub(super) reopen_proposed_by: Option<&'a str>,
    /// How many breaks are booked in it.
    pub(super) breaks: usize,
    /// How many of them are open.
    pub(super) open_breaks: usize,
    /// The statements that tell of it.
    pub(super) statements: Vec<StatementBody<'a>>,
    /// The latest whole run over each wallet's day.
    pub(super) runs: Vec<RunBody<'a>>,
    /// Everything that happened to it, oldest first.
    pub(super) history: Vec<EntryBody<'a>>,
}

/// A page of days, the latest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayPage)]
pub(in crate::dialects::native) struct DayPageBody<'a> {
    /// The days.
    pub(super) days: Vec<DayBody<'a>>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

/// A movement of money without a payer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Movement)]
pub(in crate::dialects::native) struct MovementShown<'a> {
    /// Its id.
    #[schema(value_type = String, example = "m00000000000000000000000007")]
    pub(super) id: Text<MovementId>,
    /// Where it lies in the log.
    #[schema(example = 42)]
    pub(super) position: u64,
    /// `fee`, `withdrawal`, `arrival`, `transfer` or `opening`.
    #[schema(example = "withdrawal")]
    pub(super) kind: &'static str,
    /// What the money leaves, as `wallet:ID`.
    pub(super) from: Option<String>,
    /// What the money reaches, as `wallet:ID` or `bank:ID`.
    pub(super) to: Option<String>,
    /// The movement that sent the money, of an arrival.
    pub(super) withdrawal: Option<String>,
    /// How much; of an arrival the withdrawal says it.
    #[schema(value_type = Option<String>, example = "400.00")]
    pub(super) amount: Option<AmountDigits>,
    /// What the channel takes beside it.
    #[schema(value_type = Option<String>, example = "0.40")]
    pub(super) fee: Option<AmountDigits>,
    /// The currency of both.
    #[schema(example = "CNY")]
    pub(super) currency: Option<&'static str>,
    /// The movement that ended it, of a withdrawal that is at the bank.
    pub(super) arrived: Option<String>,
    /// When the channel or the bank says that it moved.
    pub(super) moved_at: String,
    /// Who recorded it.
    pub(super) by: &'a str,
    /// The evidence.
    pub(super) evidence: &'a str,
}

/// A page of withdrawals that are not at the bank yet, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovementPage)]
pub(in crate::dialects::native) struct MovementPageBody<'a> {
    /// The withdrawals.
    pub(super) movements: Vec<MovementShown<'a>>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

/// A line of an adjustment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdjustmentLine)]
pub(in crate::dialects::native) struct LineBody {
    /// The account, by its path, or as `wallet:ID` or `bank:ID`.
    #[schema(example = "Expenses:Tolerance")]
    pub(super) account: String,
    /// How much: positive to debit, negative to credit.
    #[schema(value_type = String, example = "-0.01")]
    pub(super) amount: AmountDigits,
    /// Its currency.
    #[schema(example = "CNY")]
    pub(super) currency: &'static str,
}

/// An adjustment of the books.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Adjustment)]
pub(in crate::dialects::native) struct AdjustmentShown<'a> {
    /// Its id.
    #[schema(value_type = String, example = "a00000000000000000000000007")]
    pub(super) id: Text<AdjustmentId>,
    /// Where its proposal lies in the log.
    #[schema(example = 42)]
    pub(super) position: u64,
    /// `proposed`, `posted` or `declined`.
    #[schema(example = "proposed")]
    pub(super) state: &'static str,
    /// What is posted.
    pub(super) lines: Vec<LineBody>,
    /// When it counts.
    pub(super) value_at: String,
    /// Who proposed it.
    pub(super) by: &'a str,
    /// Why.
    pub(super) reason: &'a str,
    /// When it was proposed.
    pub(super) proposed_at: String,
    /// Who judged it; none while it waits, or where one person sufficed.
    pub(super) judged_by: Option<&'a str>,
    /// When.
    pub(super) judged_at: Option<String>,
    /// The words to it.
    pub(super) judged_reason: Option<&'a str>,
}

/// A page of adjustments that wait for a second person, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdjustmentPage)]
pub(in crate::dialects::native) struct AdjustmentPageBody<'a> {
    /// The adjustments.
    pub(super) adjustments: Vec<AdjustmentShown<'a>>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}
