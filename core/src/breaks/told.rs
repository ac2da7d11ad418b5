//! What the log is told of reconciliation: statements, runs, the work of people.
//!
//! Invariants: as for every fact, a released field never changes; a break bears the id of what it
//! is about, so two runs that find the same thing find the same break.
//! Deliberately not here: the file itself (the shell keeps the bytes under their hash), and how the
//! shell came to its outcome (`reconciliation`).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::code::{BreakCode, Direction};
use super::life::BreakStep;
use crate::amount::Amount;
use crate::closing::Day;
use crate::digest::Digest;
use crate::id::{BreakId, MovementId, OrderId, PaymentId, RefundId, WalletId};
use crate::merkle::Hash;
use crate::time::Timestamp;

/// What came of a file's own totals and balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProofOutcome {
    /// They add up.
    Proven,
    /// The file has none, or something is odd about them.
    Doubtful,
    /// They do not add up.
    Failed,
}

impl ProofOutcome {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Doubtful => "doubtful",
            Self::Failed => "failed",
        }
    }
}

/// A channel's statement was read and is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementKept {
    /// SHA-256 of the original bytes.
    pub statement: Hash,
    /// Whose statement it is.
    pub wallet: WalletId,
    /// The layout that it was read as.
    pub layout: String,
    /// The first day that it tells of.
    pub first: Day,
    /// The last day that it tells of.
    pub last: Day,
    /// Rows that were read.
    pub lines: u32,
    /// Rows that could not be read.
    pub rejected: u32,
    /// The sum of what came in.
    pub gross_in: Amount,
    /// The sum of what went out.
    pub gross_out: Amount,
    /// What came of the file's own totals.
    pub proof: ProofOutcome,
    /// Who imported it.
    pub by: String,
}

/// What a break is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// A payment that we observed.
    Payment(PaymentId),
    /// An order.
    Order(OrderId),
    /// A refund.
    Refund(RefundId),
    /// A line of the statement, by the channel's own number.
    Line {
        /// The number.
        serial: String,
    },
    /// A row of a file that has no number of its own: another export is another row.
    Row {
        /// The file.
        statement: Hash,
        /// The place in it.
        number: u32,
    },
    /// A whole file.
    Statement(Hash),
    /// The day of the wallet as a whole.
    Day,
    /// A movement that somebody recorded.
    Movement(MovementId),
}

impl BreakId {
    /// The break about a payment.
    #[must_use]
    pub fn of_payment(payment: PaymentId) -> Self {
        Self::of(&[b"payment", &payment.bits().to_be_bytes()])
    }

    /// The break about a refund.
    #[must_use]
    pub fn of_refund(refund: RefundId) -> Self {
        Self::of(&[b"refund", &refund.bits().to_be_bytes()])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let parts: Vec<&[u8]> =
            core::iter::once(b"break".as_slice()).chain(parts.iter().copied()).collect();
        Self::from_bits(u128::from_be_bytes(Digest::of(&parts).bytes()))
    }

    /// The break about this, wherever a run finds it.
    #[must_use]
    pub fn about(wallet: &WalletId, day: Day, subject: &Subject) -> Self {
        let wallet = wallet.as_str().as_bytes();
        // What has an id of its own has one break, whichever wallet's statement shows it.
        match subject {
            Subject::Payment(id) => Self::of_payment(*id),
            Subject::Order(id) => Self::of(&[b"order", &id.bits().to_be_bytes()]),
            Subject::Refund(id) => Self::of_refund(*id),
            Subject::Movement(id) => Self::of(&[b"movement", &id.bits().to_be_bytes()]),
            Subject::Line { serial } => Self::of(&[b"line", wallet, serial.as_bytes()]),
            Subject::Row { statement, number } => {
                Self::of(&[b"row", wallet, &statement.bytes(), &number.to_be_bytes()])
            }
            Subject::Statement(hash) => Self::of(&[b"statement", wallet, &hash.bytes()]),
            Subject::Day => Self::of(&[b"day", wallet, &day.number().to_be_bytes()]),
        }
    }
}

/// A difference, as a run found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundBreak {
    /// What it is about.
    pub subject: Subject,
    /// What kind of difference it is.
    pub code: BreakCode,
    /// What it does to the money.
    pub direction: Direction,
    /// How much, never negative: the direction has no sign.
    pub amount: Amount,
    /// What else it names: the other side of a pair, the alternatives of an ambiguity.
    pub related: Vec<Subject>,
}

/// A break that a run can explain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The break, of this day or of another one.
    pub id: BreakId,
    /// What explains it.
    pub by: Subject,
}

/// What a run counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTotals {
    /// Payments that went in.
    pub payments: u64,
    /// Statement lines that went in.
    pub lines: u64,
    /// Pairs.
    pub matched: u64,
    /// The money of the pairs.
    pub matched_amount: Amount,
}

/// A day of a wallet was reconciled, or a part of that. A run with more breaks than fit into one
/// event comes in parts, one after the other, and the last one says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReconciled {
    /// Whose day.
    pub wallet: WalletId,
    /// Which day.
    pub day: Day,
    /// The files that the run looked at, the same in every part.
    pub statements: Vec<Hash>,
    /// The fingerprint of everything that went in, settings among it: equal inputs give an equal
    /// outcome, so a second run over them is a repeat.
    pub inputs: Digest,
    /// The number of this part, from 0.
    pub part: u32,
    /// Whether nothing more comes.
    pub last: bool,
    /// What the whole run counted, the same in every part.
    pub totals: RunTotals,
    /// What differs.
    pub found: Vec<FoundBreak>,
    /// What differed and is explained now.
    pub explained: Vec<Explained>,
    /// Who asked for the run.
    pub by: String,
}

/// A person did something with a break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakWorked {
    /// Which one.
    pub id: BreakId,
    /// What was done.
    pub step: BreakStep,
    /// Who did it.
    pub by: String,
}

/// A person takes a line of the statement that nobody observed for a payment. Amount and wallet are
/// those of its break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTaken {
    /// The break about the line.
    pub id: BreakId,
    /// When the channel says that the money came.
    pub paid_at: Timestamp,
    /// The merchant's order number that the line shows, where it shows one.
    pub number: Option<String>,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
}
