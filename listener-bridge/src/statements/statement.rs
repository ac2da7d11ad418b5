//! What a statement file says once it is read: its lines, what could not be read, and how far the
//! file proves itself.
//!
//! Invariants: every row of the table is in `lines` or in `rejected`, never in neither; a line
//! keeps the bytes of its row; a period is half-open; `left_out` counts lines, it removes none.
//! Deliberately not here: reading (the layouts), and matching lines with payments
//! (`core::reconciliation`).

use std::fmt;

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::statement::Line;
use duizhang_core::time::Timestamp;

/// A statement as its file tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which layout it was read by, as `alipay-personal-3`.
    pub layout: &'static str,
    /// Whose statement it is; `None` for files of banks.
    pub channel: Option<Channel>,
    /// SHA-256 of the file as it was handed in, so that the same file is known again.
    pub sha256: [u8; 32],
    /// How its text was decoded.
    pub encoding: Encoding,
    /// The account that the file names, as it names it.
    pub account: Option<String>,
    /// What time it covers, where it says so.
    pub period: Option<Period>,
    /// When the channel made it, where it says so.
    pub exported_at: Option<Timestamp>,
    /// The totals that the file itself declares.
    pub declared: Vec<Declared>,
    /// What was checked inside the file, and with what outcome.
    pub proof: Vec<Finding>,
    /// The rows that were read, in the order of the file.
    pub lines: Vec<Recorded>,
    /// The rows that were not read, each with its reason.
    pub rejected: Vec<Rejected>,
    /// The channel's kinds of lines that cannot settle an order, counted and summed.
    pub left_out: Vec<LeftOut>,
}

/// How bytes became text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// UTF-8.
    Utf8,
    /// GB18030, of which GBK is a part.
    Gb18030,
    /// A workbook, whose texts are UTF-8 in XML.
    Workbook,
}

/// A span of time: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant behind it.
    pub to: Timestamp,
}

/// A total that the file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The file's own word for what is summed.
    pub word: String,
    /// How many rows, where it is said and can be read.
    pub count: Option<u32>,
    /// Their sum with its sign, where it is said and can be read.
    pub sum: Option<Amount>,
}

/// One check inside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// How it went.
    pub outcome: Outcome,
    /// The numbers behind it, in a sentence.
    pub detail: String,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The declared totals against the rows.
    Totals,
    /// Each balance against the one before it.
    Balances,
    /// Serials that stand twice.
    Serials,
    /// Times against the period.
    Period,
    /// Words that no reader knows.
    Words,
    /// How exactly times are known.
    Precision,
    /// Rows that were rejected.
    Rows,
    /// Whether the file is whole.
    Complete,
}

/// How a check went, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It holds.
    Ok,
    /// It does not hold, and a file of this layout may be so; or it could not be checked.
    Warn,
    /// It does not hold, and must.
    Fail,
}

/// A line and the bytes that it was read from.
#[derive(Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The normal form.
    pub line: Line,
    /// The row as it stands in the file; of a workbook the cells' texts between tabs.
    pub raw: Vec<u8>,
}

/// A row that was not read.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its place in the file, counted as in [`Line::number`].
    pub number: u32,
    /// Why.
    pub reason: String,
    /// The row as it stands in the file.
    pub raw: Vec<u8>,
}

/// A channel's kind of lines that no order can be settled by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The channel's word for the kind.
    pub word: String,
    /// How many lines.
    pub count: u32,
    /// The sum of their amounts without regard to direction.
    pub sum: Amount,
}

impl Statement {
    /// The worst outcome of its findings.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.proof.iter().map(|finding| finding.outcome).max().unwrap_or(Outcome::Ok)
    }
}

impl Period {
    /// Whether an instant lies inside.
    #[must_use]
    pub fn holds(self, time: Timestamp) -> bool {
        self.from <= time && time < self.to
    }
}

impl fmt::Debug for Recorded {
    /// Without the raw bytes, which are the channel's data about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").field("line", &self.line).finish_non_exhaustive()
    }
}

impl fmt::Debug for Rejected {
    /// Without the raw bytes, which are the channel's data about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("number", &self.number)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}
