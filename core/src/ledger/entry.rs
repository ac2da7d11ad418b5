//! An entry of the journal: lines that sum to zero in each currency.
//!
//! Invariants: the only way to an entry is [`Entry::new`], which drops empty lines and refuses what
//! does not balance; an entry names the event that it was posted for.
//! Deliberately not here: which lines a chapter posts ([`super::Poster`]).

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::account::Numbered;
use super::narration::Narration;
use crate::amount::{Amount, Currency};
use crate::id::{AdjustmentId, BreakId, MovementId, OrderId, PaymentId, RefundId};
use crate::position::Position;
use crate::time::Timestamp;

/// One line: a debit where the amount is positive, a credit where it is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub account: Numbered,
    /// The signed amount.
    pub amount: Amount,
}

/// What an entry is about; links lead from it to the other entries about the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// The order.
    pub order: Option<OrderId>,
    /// The payment.
    pub payment: Option<PaymentId>,
    /// The refund.
    pub refund: Option<RefundId>,
    /// The movement.
    pub movement: Option<MovementId>,
    /// The adjustment.
    pub adjustment: Option<AdjustmentId>,
    /// The break.
    pub difference: Option<BreakId>,
}

impl Subjects {
    /// Each thing by its kind and its id.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("order", self.order.map(|id| id.to_string())),
            ("payment", self.payment.map(|id| id.to_string())),
            ("refund", self.refund.map(|id| id.to_string())),
            ("movement", self.movement.map(|id| id.to_string())),
            ("adjustment", self.adjustment.map(|id| id.to_string())),
            ("break", self.difference.map(|id| id.to_string())),
        ];
        all.into_iter().filter_map(|(kind, id)| Some((kind, id?))).collect()
    }
}

/// Where an entry comes from and what it says, without its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) position: Position,
    pub(crate) cause: Position,
    pub(crate) at: Timestamp,
    pub(crate) value_at: Timestamp,
    pub(crate) narration: Narration,
    pub(crate) subjects: Subjects,
    pub(crate) note: String,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    heading: Heading,
    lines: Vec<Line>,
}

/// Lines that do not sum to zero in each currency, or beyond what can be summed, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbalanced;

impl fmt::Display for Unbalanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lines do not sum to zero")
    }
}

impl core::error::Error for Unbalanced {}

/// Checks that amounts sum to zero in each currency.
pub(super) fn check_balanced(amounts: impl Iterator<Item = Amount>) -> Result<(), Unbalanced> {
    let mut amounts = amounts.peekable();
    let Some(first) = amounts.peek().map(|amount| amount.currency()) else {
        return Err(Unbalanced);
    };
    // Nearly every entry has one currency, which needs no map.
    let mut sum = 0_i128;
    let mut foreign: BTreeMap<Currency, i128> = BTreeMap::new();
    for amount in amounts {
        let of = if amount.currency() == first {
            &mut sum
        } else {
            foreign.entry(amount.currency()).or_default()
        };
        *of = of.checked_add(i128::from(amount.minor())).ok_or(Unbalanced)?;
    }
    let zero = sum == 0 && foreign.values().all(|sum| *sum == 0);
    if zero { Ok(()) } else { Err(Unbalanced) }
}

impl Entry {
    /// An entry of these lines; lines of nothing are left out.
    pub(crate) fn new(heading: Heading, lines: &[Line]) -> Result<Self, Unbalanced> {
        let lines: Vec<Line> =
            lines.iter().copied().filter(|line| line.amount.minor() != 0).collect();
        check_balanced(lines.iter().map(|line| line.amount))?;
        Ok(Self { heading, lines })
    }

    /// The lines, in the order in which they were posted.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The place of the event that it was posted for.
    #[must_use]
    pub fn position(&self) -> Position {
        self.heading.position
    }

    /// The place of the fact that the event followed from.
    #[must_use]
    pub fn cause(&self) -> Position {
        self.heading.cause
    }

    /// Log time.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.heading.at
    }

    /// The time that decides its business day: the channel's where there is one, else log time.
    #[must_use]
    pub fn value_at(&self) -> Timestamp {
        self.heading.value_at
    }

    /// What it says.
    #[must_use]
    pub fn narration(&self) -> Narration {
        self.heading.narration
    }

    /// What it is about.
    #[must_use]
    pub fn subjects(&self) -> &Subjects {
        &self.heading.subjects
    }

    /// A person's own words about it; empty where no person spoke.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.heading.note
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Account;

    fn entry(lines: &[(Numbered, Amount)]) -> Result<Entry, Unbalanced> {
        let heading = Heading {
            position: Position::new(2),
            cause: Position::new(1),
            at: Timestamp::from_secs(1),
            value_at: Timestamp::from_secs(1),
            narration: Narration::Adjusted,
            subjects: Subjects::default(),
            note: String::new(),
        };
        let lines: Vec<Line> = lines
            .iter()
            .map(|(account, amount)| Line { account: *account, amount: *amount })
            .collect();
        Entry::new(heading, &lines)
    }

    #[test]
    fn what_does_not_balance_in_each_currency_cannot_be_built() {
        let yen = |minor| Amount::from_minor(minor, Currency::Jpy);
        let (a, b) = (Account::Receivable, Account::Orders);
        assert!(entry(&[(a, Amount::fen(5)), (b, Amount::fen(-5))]).is_ok());
        assert!(
            entry(&[(a, Amount::fen(5)), (b, Amount::fen(-5)), (a, yen(1)), (b, yen(-1))]).is_ok()
        );
        for bad in [
            &[][..],
            &[(a, Amount::fen(0))],
            &[(a, Amount::fen(1))],
            &[(a, Amount::fen(5)), (b, Amount::fen(-4))],
            &[(a, Amount::fen(5)), (b, yen(-5))],
            &[(a, Amount::fen(i64::MAX)), (a, Amount::fen(i64::MAX))],
        ] {
            assert_eq!(entry(bad), Err(Unbalanced), "{bad:?}");
        }
    }

    #[test]
    fn lines_of_nothing_are_left_out() {
        let lines = [(Account::Receivable, 5), (Account::AmountBump, 0), (Account::Orders, -5)];
        let entry = entry(&lines.map(|(account, fen)| (account, Amount::fen(fen))));
        assert_eq!(entry.expect("it balances").lines().len(), 2);
    }
}
