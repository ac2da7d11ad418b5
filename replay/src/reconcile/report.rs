//! What the report of a day says, as data.
//!
//! Invariants: every sum is an integer of minor units of one currency; each item of the day stands
//! in exactly one class; what is listed up to a limit says how much more there is, and all of it is
//! counted. Nothing here depends on anything but the log up to a position and the statements.
//! Deliberately not here: counting (`counting`, `run`), words for people (`overview`, `details`).

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::position::Position;
use serde::Serialize;

use super::numbers::{Standing, WalletDay};
use super::snapshots::Change;
use crate::spelling;

/// A day of the log beside the channel's statements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayReport {
    /// The business day.
    pub day: String,
    /// Its zone.
    pub time_zone: String,
    /// How many whole runs over the day the log has; of the wallet that has most of them.
    pub run: u64,
    /// The last position that was looked at.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// The time of what lies there; empty where nothing does, before the first event.
    pub known_until: String,
    /// The Merkle root over the log up to there.
    pub root: String,
    /// The policy in force there.
    pub policy: Option<PolicyInForce>,
    /// The terms of the comparison.
    pub terms: String,
    /// Who closed the day, where it is closed.
    pub closed: Option<Closed>,
    /// Whether nothing is left for a person.
    pub agrees: bool,
    /// How many breaks and pairs wait for a person.
    pub waiting: usize,
    /// The files.
    pub files: Vec<FileLine>,
    /// Each wallet that has a file, or money of ours; once for each of its currencies.
    pub wallets: Vec<WalletDay>,
    /// The sums of all wallets, once for each currency.
    pub totals: Vec<WalletDay>,
    /// What is open in the books at the end of the day, once for each currency.
    pub standing: Vec<Standing>,
    /// Pairs that a person is to confirm.
    pub proposals: Vec<Proposal>,
    /// How many more proposals there are than are listed.
    pub proposals_unlisted: usize,
    /// What needs a person, and what was explained by a rule.
    pub breaks: Vec<BreakLine>,
    /// How many more breaks there are than are listed.
    pub breaks_unlisted: usize,
    /// What agrees.
    pub pairs: Vec<PairLine>,
    /// How many more pairs agree than are listed.
    pub pairs_unlisted: usize,
    /// What lies across midnight, or waits for another day or file.
    pub pool: Vec<PairLine>,
    /// How many more of that there are than are listed.
    pub pool_unlisted: usize,
    /// Money in the books without an order at the end of the day.
    pub unclaimed: Vec<Unclaimed>,
    /// How much more of it there is than is listed.
    pub unclaimed_unlisted: usize,
    /// Kinds of lines that are no payment of ours.
    pub excluded: Vec<ExcludedKind>,
    /// The entries of the books that count on the day, line by line.
    pub vouchers: Vec<VoucherLine>,
    /// How many more lines there are than are listed.
    pub vouchers_unlisted: usize,
    /// Rows that a later file of the wallet tells otherwise, or no longer has.
    pub changes: Vec<Change>,
    /// How many more changes there are than are listed.
    pub changes_unlisted: usize,
    /// Whether the sums hold.
    pub checks: Vec<StatementCheck>,
}

/// A policy, named by the event that activated it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyInForce {
    /// The position of its activation.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// The leaf hash of that event.
    pub digest: String,
}

/// That a day is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The position of the request.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// Who closed it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// How many open breaks were accepted by name.
    pub accepted: usize,
}

/// A statement file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileLine {
    /// Its name.
    pub name: String,
    /// The digest of its bytes.
    pub sha256: String,
    /// The wallet that it is of.
    pub wallet: String,
    /// Its layout.
    pub layout: String,
    /// How many lines were read.
    pub lines: usize,
    /// How many rows could not be read.
    pub rejected: usize,
    /// What its own totals prove: ok, warn or fail.
    pub proof: String,
    /// What the proof, and unreadable rows, have to say.
    pub findings: Vec<String>,
}

/// A pair that is likely and not certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The wallet.
    pub wallet: String,
    /// Whether it is the only one that is left, or only the nearest.
    pub grade: &'static str,
    /// By what they were found.
    pub by: &'static str,
    /// Our side.
    pub ours: ItemLine,
    /// The channel's side.
    pub channel: ItemLine,
}

/// One item, or two that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairLine {
    /// The class.
    pub class: &'static str,
    /// What the money did, in the word for a line's kind.
    pub kind: &'static str,
    /// How it came to its class: by what the two were found, or what it waits for.
    pub by: &'static str,
    /// The wallet.
    pub wallet: String,
    /// Our side.
    pub ours: Option<ItemLine>,
    /// The channel's side.
    pub channel: Option<ItemLine>,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakLine {
    /// Its id, the same in every run; empty where the log does not know it and no person is asked.
    pub id: String,
    /// Its code.
    pub code: String,
    /// What it means, and what stands beside it: G01, P01.
    pub meaning: String,
    /// Its class; empty where the comparison does not find it any more.
    pub class: String,
    /// IN, OUT, NEUTRAL or CONTROL.
    pub direction: String,
    /// Whether a person must look.
    pub open: bool,
    /// The wallet.
    pub wallet: String,
    /// How much: the difference of a pair, else the whole of what it is about.
    #[serde(serialize_with = "spelling::money")]
    pub amount: Amount,
    /// What the log has of it; none where no run has recorded it.
    pub record: Option<BreakStanding>,
    /// Our side.
    pub ours: Vec<ItemLine>,
    /// The channel's side.
    pub channel: Vec<ItemLine>,
}

/// Where a recorded break stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakStanding {
    /// The code under which it is recorded; a run to come may find it otherwise.
    pub code: &'static str,
    /// The day that it is about.
    pub day: String,
    /// The day that it is booked in: the first open one, where its own was closed.
    pub booked: String,
    /// When it was found first.
    pub found_at: String,
    /// The position at which it was opened.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// Its state.
    pub state: String,
    /// Its age when the log had come to the report's position.
    pub age: &'static str,
    /// Who has it.
    pub owner: String,
    /// How it ended, while it is over.
    pub ending: &'static str,
    /// Whether it was accepted by name when its day was closed.
    pub accepted: bool,
}

/// One side of a break or pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemLine {
    /// Where it stands: a position of the log, or a file and its row.
    pub place: String,
    /// Its id: a payment, a refund, or the channel's serial.
    pub id: String,
    /// When; empty where only the log knows of it, and not when it was.
    pub time: String,
    /// How much.
    #[serde(serialize_with = "spelling::money")]
    pub amount: Amount,
    /// The shop's order number, or what the channel wrote beside it.
    pub note: String,
    /// Who stands on the other side, as the channel shows it; empty on ours.
    pub party: String,
}

/// Money that the books hold without an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unclaimed {
    /// The payment.
    pub payment: String,
    /// The account in which it stands.
    pub account: String,
    /// Why it is held.
    pub reason: String,
    /// When it was paid.
    pub time: String,
    /// How much.
    #[serde(serialize_with = "spelling::money")]
    pub amount: Amount,
    /// The position of the event that held it.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
}

/// Lines of a kind that no payment of ours can explain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExcludedKind {
    /// The wallet.
    pub wallet: String,
    /// The kind.
    pub kind: &'static str,
    /// The status in the channel's own words.
    pub status: String,
    /// How many.
    pub count: u64,
    /// Their sum in minor units, without a sign.
    pub minor: i128,
    /// The currency.
    #[serde(serialize_with = "spelling::currency")]
    pub currency: Currency,
}

/// A line of an entry of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VoucherLine {
    /// The position of the event that it was posted for.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// The time by which it counts.
    pub time: String,
    /// What the entry says.
    pub text: String,
    /// The account's code.
    pub code: String,
    /// The account's path.
    pub account: String,
    /// The account's Chinese name.
    pub name: String,
    /// How much: positive to debit, negative to credit.
    #[serde(serialize_with = "spelling::money")]
    pub amount: Amount,
    /// What was written beside it.
    pub note: String,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It cannot be made: a side of it is not known.
    Unknown,
}

/// A check of the report's own arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementCheck {
    /// What holds, or should.
    pub what: String,
    /// The numbers on both sides.
    pub numbers: String,
    /// What came of it.
    pub verdict: Verdict,
}

impl StatementCheck {
    /// Whether it does not fail.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.verdict != Verdict::Fails
    }
}
