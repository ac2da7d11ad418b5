//! The event that is being posted, and the lines that are made of it.
//!
//! Invariant: an entry is never valued behind log time, and one of evidence at most
//! [`VALUE_BACK_MAX`] before it.
//! Deliberately not here: which lines ([`super::Poster`]).

use alloc::string::String;

use super::account::Numbered;
use super::entry::{Entry, Heading, Line, Subjects};
use super::narration::Narration;
use crate::amount::Amount;
use crate::decision::Decision;
use crate::fact::Fact;
use crate::id::{OrderId, WalletId};
use crate::position::Position;
use crate::time::{Span, Timestamp};

/// The furthest that a value date lies before log time: a month, so that a statement of the month
/// before still counts into it, and a clock that is years wrong does not.
pub const VALUE_BACK_MAX: Span = Span::from_hours(31 * 24);

/// The event that is being posted.
pub(super) struct Place<'a> {
    pub(super) cause: Position,
    pub(super) position: Position,
    pub(super) at: Timestamp,
    pub(super) fact: &'a Fact,
    pub(super) decisions: &'a [Decision],
}

/// What posting hands its entries to.
pub(super) type Visit<'a> = dyn FnMut(Entry) + 'a;

impl<'a> Place<'a> {
    /// The payment that came with the fact: wallets, amount and time.
    pub(super) fn observed(&self) -> Option<(&'a [WalletId], Amount, Timestamp)> {
        self.decisions.iter().find_map(|decision| {
            let Decision::PaymentObserved { wallets, amount, paid_at, .. } = decision else {
                return None;
            };
            Some((wallets.as_slice(), *amount, *paid_at))
        })
    }

    pub(super) fn entry(
        &self,
        narration: Narration,
        value_at: Timestamp,
        subjects: Subjects,
        note: &str,
        lines: &[Line],
    ) -> Option<Entry> {
        let recent = value_at <= self.at && self.at.since(value_at) <= VALUE_BACK_MAX;
        let value_at = if recent { value_at } else { self.at };
        self.said(narration, value_at, subjects, note, lines)
    }

    /// An entry that is valued when a person says; the rules have looked at the time.
    pub(super) fn said(
        &self,
        narration: Narration,
        value_at: Timestamp,
        subjects: Subjects,
        note: &str,
        lines: &[Line],
    ) -> Option<Entry> {
        let at = self.at;
        let heading = Heading {
            position: self.position,
            cause: self.cause,
            at,
            value_at: value_at.min(at),
            narration,
            subjects,
            note: String::from(note),
        };
        Entry::new(heading, lines).ok()
    }

    pub(super) fn about_order(
        &self,
        narration: Narration,
        order: OrderId,
        lines: &[Line],
    ) -> Option<Entry> {
        let subjects = Subjects { order: Some(order), ..Subjects::default() };
        self.entry(narration, self.at, subjects, "", lines)
    }
}

pub(super) const fn debit(account: Numbered, amount: Amount) -> Line {
    Line { account, amount }
}

pub(super) const fn credit(account: Numbered, amount: Amount) -> Line {
    let minor = amount.minor().saturating_neg();
    Line { account, amount: Amount::from_minor(minor, amount.currency()) }
}
