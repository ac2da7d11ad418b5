//! One line of a channel's statement, in the normal form that every layout is read into.
//!
//! Invariants: `gross` and `fee` are never negative, because the direction of the money is the
//! `kind`, never a sign; a word that no reader knows becomes `Unknown` and keeps its text; a line
//! refers to its place in the file, so that anyone can find the row again.
//! Deliberately not here: how a file is read (`listener-bridge`), which payment a line belongs to
//! (`reconciliation`), and the business day of a line, for core knows no calendar.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::time::Timestamp;

/// The most lines that one statement may have: a busy shop's month is some ten thousand lines, and
/// a million lines of about 300 bytes still fit the memory of a small machine.
pub const STATEMENT_LINES_MAX: usize = 1_000_000;

/// One row of a statement, as the channel tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The row's place in the file: for a text its line, for a sheet its row, both counted from
    /// one; for a tree or a stream of records the record's number.
    pub number: u32,
    /// The channel's own number of this movement; empty where the layout has none.
    pub serial: String,
    /// The serial without the suffix (after `_` or `*`) that a refund's row bears, so that a refund
    /// and the payment which it gives back have the same base.
    pub serial_base: String,
    /// The number that the merchant gave, where the row shows one.
    pub merchant_no: Option<String>,
    /// What the money did.
    pub kind: LineKind,
    /// The amount that moved, before the fee.
    pub gross: Amount,
    /// The fee that this row itself states; zero where fees are rows of their own.
    pub fee: Amount,
    /// The balance after the row, where the layout shows one.
    pub balance: Option<Amount>,
    /// When the channel says that it happened: the beginning of the second, minute or day.
    pub time: Timestamp,
    /// How exactly `time` is known.
    pub precision: Precision,
    /// Who stands on the other side, as the channel shows it (often masked).
    pub counterparty: String,
    /// What payer or payee wrote, or what was sold.
    pub note: String,
    /// What became of it.
    pub status: LineStatus,
    /// The status in the channel's own words.
    pub raw_status: String,
}

/// What the money of a line did, seen from the wallet whose statement it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LineKind {
    /// Somebody paid us.
    PayIn,
    /// We paid somebody.
    PayOut,
    /// Money that we had paid came back.
    RefundIn,
    /// We gave money back.
    RefundOut,
    /// The channel took a fee in a row of its own.
    Fee,
    /// Money moved between our own pockets inside the channel.
    Transfer,
    /// Money left the channel for a bank.
    Withdrawal,
    /// The channel counts it as neither income nor expense, and we know no better.
    Neutral,
    /// No reader knows the words of this row.
    Unknown,
    /// The channel gave a fee back in a row of its own.
    FeeBack,
}

/// How exactly the time of a line is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute (files that a spreadsheet has saved again).
    Minute,
    /// To the day.
    Day,
}

/// What became of a line's money when the file was made. A later file may tell otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineStatus {
    /// It happened.
    Ok,
    /// It was called off: no money moved.
    Closed,
    /// It is not decided yet.
    Pending,
    /// It happened and was given back in full.
    RefundedFull,
    /// It happened and this much of it was given back.
    RefundedPart(Amount),
    /// No reader knows the word.
    Unknown,
}

impl LineKind {
    /// Every kind, in stored order.
    pub const ALL: [Self; 10] = [
        Self::PayIn,
        Self::PayOut,
        Self::RefundIn,
        Self::RefundOut,
        Self::Fee,
        Self::Transfer,
        Self::Withdrawal,
        Self::Neutral,
        Self::Unknown,
        Self::FeeBack,
    ];

    /// The word for reports and interfaces.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PayIn => "pay_in",
            Self::PayOut => "pay_out",
            Self::RefundIn => "refund_in",
            Self::RefundOut => "refund_out",
            Self::Fee => "fee",
            Self::Transfer => "transfer",
            Self::Withdrawal => "withdrawal",
            Self::Neutral => "neutral",
            Self::Unknown => "unknown",
            Self::FeeBack => "fee_back",
        }
    }
}

impl Line {
    /// The base of a serial: what stands before the suffix of a refund. A serial that begins with
    /// the mark has no suffix.
    #[must_use]
    pub fn base_of(serial: &str) -> &str {
        match serial.find(['_', '*']) {
            Some(at) if at > 0 => serial.get(..at).unwrap_or(serial),
            Some(_) | None => serial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn a_refund_shares_its_base_with_what_it_gives_back() {
        let cases = [
            ("2021090322001", "2021090322001"),
            ("2021090322001_1", "2021090322001"),
            ("2021090322001*tail", "2021090322001"),
            ("2021_1*2", "2021"),
            ("_1", "_1"),
            ("", ""),
        ];
        for (serial, base) in cases {
            assert_eq!(Line::base_of(serial), base, "{serial}");
        }
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = LineKind::ALL.iter().map(|kind| kind.word()).collect();
        assert_eq!(words.len(), LineKind::ALL.len());
    }
}
