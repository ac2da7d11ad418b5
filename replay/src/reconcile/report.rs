//! What a reconciliation of a day says, as data.
//!
//! Invariants: every sum is an integer of minor units; each item of the day stands in exactly one
//! class of its wallet's tally; a break names what it is about on both sides.
//! Deliberately not here: counting (`run`), words for people (`text`).

use duizhang_core::amount::Amount;
use duizhang_core::position::Position;
use serde::Serialize;

use super::snapshots::Change;
use crate::spelling;

/// A day of the log beside the channel's statements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReconciliationReport {
    /// The business day.
    pub day: String,
    /// Its zone.
    pub time_zone: String,
    /// The last position that was looked at.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// Whether nothing is left for a person.
    pub agrees: bool,
    /// The files.
    pub files: Vec<FileLine>,
    /// Each wallet that has a file, or money of ours.
    pub wallets: Vec<WalletTally>,
    /// Pairs that a person is to confirm.
    pub proposals: Vec<Proposal>,
    /// How many more proposals there are than are listed.
    pub proposals_unlisted: usize,
    /// What needs a person, and what was explained by a rule.
    pub breaks: Vec<BreakLine>,
    /// How many more breaks there are than are listed.
    pub breaks_unlisted: usize,
    /// Rows that a later file of the wallet tells otherwise, or no longer has.
    pub changes: Vec<Change>,
    /// How many more changes there are than are listed.
    pub changes_unlisted: usize,
    /// Whether the sums hold.
    pub checks: Vec<StatementCheck>,
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
    /// What its own totals prove: ok, warn or fail.
    pub proof: String,
    /// What the proof, and unreadable rows, have to say.
    pub findings: Vec<String>,
}

/// Money in and out of a wallet on the day, by class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WalletTally {
    /// The wallet.
    pub wallet: String,
    /// Its channel.
    pub channel: String,
    /// Whether a file of it covers the whole day.
    pub covered: bool,
    /// One row for each class that has an item.
    pub classes: Vec<Tally>,
    /// All of it.
    pub total: Tally,
}

/// Both sides of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The class; `total` for the sum.
    pub class: String,
    /// How many of ours.
    pub ours: usize,
    /// Their sum in minor units, money out counted negative.
    pub ours_minor: i128,
    /// How many of the channel's.
    pub channel: usize,
    /// Their sum in minor units, money out counted negative.
    pub channel_minor: i128,
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

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakLine {
    /// Its code.
    pub code: String,
    /// What it means.
    pub meaning: String,
    /// Its class.
    pub class: String,
    /// IN, OUT, NEUTRAL or CONTROL.
    pub direction: String,
    /// Whether a person must look.
    pub open: bool,
    /// The wallet.
    pub wallet: String,
    /// Our side.
    pub ours: Vec<ItemLine>,
    /// The channel's side.
    pub channel: Vec<ItemLine>,
}

/// One side of a break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemLine {
    /// Where it stands: a position of the log, or a file and its row.
    pub place: String,
    /// Its id: a payment, a refund, or the channel's serial.
    pub id: String,
    /// When.
    pub time: String,
    /// How much.
    #[serde(serialize_with = "spelling::money")]
    pub amount: Amount,
    /// The shop's order number, or what the channel wrote beside it.
    pub note: String,
}

/// A check of the report's own arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementCheck {
    /// What holds, or should.
    pub what: String,
    /// Whether it holds.
    pub holds: bool,
}
