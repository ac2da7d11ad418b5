//! The numbered list.
//!
//! Invariants: a number stays with its sentence for ever, because audit reports name it.
//! Deliberately not here: the checks themselves (`auditor`, `money`, `check`).

use alloc::string::String;
use core::fmt;

use crate::position::Position;

/// What must hold, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Positions have no gaps.
    PositionsDense,
    /// Log time never goes back.
    TimeNeverBack,
    /// One holder per (wallet, payable), among the orders that are paid by the wallet's code.
    OneHolder,
    /// A quarantined amount is not held again before its time, and its time is the policy's.
    QuarantineKept,
    /// A payable amount lies within the policy's distance and direction of the asked one.
    PayableNear,
    /// An order is settled at most once.
    SettledOnce,
    /// A payment settles at most one order.
    PaymentSettlesOne,
    /// The matched amount equals the payable one unless a reference or an operator named the order.
    MatchedExactly,
    /// What settles by itself had one candidate.
    NeverGuessed,
    /// Refunds never exceed what was received, and take their steps in order.
    RefundsWithinReceived,
    /// Attempts are numbered and stop after acknowledgement or abandonment.
    AttemptsEnd,
    /// Suspense equals observed less matched and dismissed money.
    SuspenseAddsUp,
    /// Every notification has exactly one verdict, and the right one.
    OneVerdict,
    /// Only the first delivery of a key, or an operator's word, gives rise to a payment.
    OnlyFirstPays,
    /// A decision speaks only of what the log has introduced, and of it in a state that allows the
    /// decision.
    KnownOnly,
    /// What the state derives twice agrees with itself.
    StateAgrees,
    /// Rebuilding the log gives the live state.
    RebuildEqualsLive,
    /// The outcome does not depend on how facts were grouped.
    GroupingIrrelevant,
    /// Each entry of the books sums to zero in each currency.
    EntriesBalance,
    /// Suspense accounts equal the held payments, by the reasons why they are held.
    SuspenseIsQuestions,
    /// The receivable equals what open orders are still to bring, and what was adjusted on it.
    ReceivableIsOpenOrders,
    /// The refunds' liability equals the refunds that were agreed and are not confirmed.
    RefundsAreOwed,
    /// A break is open or over, never both, and ends only by what ends it.
    BreakOpenOrOver,
    /// A closed day was reconciled, and has no open break that nobody accepted.
    ClosedDayClean,
    /// No break is dated into a closed day: it goes into the first open one after it.
    ClosedStaysClosed,
    /// What needs a second person had two.
    TwoPersons,
    /// Long equals the open breaks where a channel has more than the books say.
    LongIsOpenBreaks,
    /// Short equals the open breaks where a channel has less than the books say.
    ShortIsOpenBreaks,
}

impl Invariant {
    /// Every invariant, in the order of their numbers.
    pub const ALL: [Self; 28] = [
        Self::PositionsDense,
        Self::TimeNeverBack,
        Self::OneHolder,
        Self::QuarantineKept,
        Self::PayableNear,
        Self::SettledOnce,
        Self::PaymentSettlesOne,
        Self::MatchedExactly,
        Self::NeverGuessed,
        Self::RefundsWithinReceived,
        Self::AttemptsEnd,
        Self::SuspenseAddsUp,
        Self::OneVerdict,
        Self::OnlyFirstPays,
        Self::KnownOnly,
        Self::StateAgrees,
        Self::RebuildEqualsLive,
        Self::GroupingIrrelevant,
        Self::EntriesBalance,
        Self::SuspenseIsQuestions,
        Self::ReceivableIsOpenOrders,
        Self::RefundsAreOwed,
        Self::BreakOpenOrOver,
        Self::ClosedDayClean,
        Self::ClosedStaysClosed,
        Self::TwoPersons,
        Self::LongIsOpenBreaks,
        Self::ShortIsOpenBreaks,
    ];

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> u8 {
        let place = Self::ALL.iter().position(|one| *one == self).unwrap_or_default();
        u8::try_from(place.saturating_add(1)).unwrap_or(u8::MAX)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PositionsDense => "positions-dense",
            Self::TimeNeverBack => "time-never-back",
            Self::OneHolder => "one-holder",
            Self::QuarantineKept => "quarantine-kept",
            Self::PayableNear => "payable-near",
            Self::SettledOnce => "settled-once",
            Self::PaymentSettlesOne => "payment-settles-one",
            Self::MatchedExactly => "matched-exactly",
            Self::NeverGuessed => "never-guessed",
            Self::RefundsWithinReceived => "refunds-within-received",
            Self::AttemptsEnd => "attempts-end",
            Self::SuspenseAddsUp => "suspense-adds-up",
            Self::OneVerdict => "one-verdict",
            Self::OnlyFirstPays => "only-first-pays",
            Self::KnownOnly => "known-only",
            Self::StateAgrees => "state-agrees",
            Self::RebuildEqualsLive => "rebuild-equals-live",
            Self::GroupingIrrelevant => "grouping-irrelevant",
            Self::EntriesBalance => "entries-balance",
            Self::SuspenseIsQuestions => "suspense-is-questions",
            Self::ReceivableIsOpenOrders => "receivable-is-open-orders",
            Self::RefundsAreOwed => "refunds-are-owed",
            Self::BreakOpenOrOver => "break-open-or-over",
            Self::ClosedDayClean => "closed-day-clean",
            Self::ClosedStaysClosed => "closed-stays-closed",
            Self::TwoPersons => "two-persons",
            Self::LongIsOpenBreaks => "long-is-open-breaks",
            Self::ShortIsOpenBreaks => "short-is-open-breaks",
        }
    }

    /// What it says, in one sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::PositionsDense => "positions have no gaps",
            Self::TimeNeverBack => "log time never goes back",
            Self::OneHolder => "an amount on a wallet has one holder",
            Self::QuarantineKept => "a quarantined amount is not held again before its time",
            Self::PayableNear => {
                "a payable amount lies within the policy's distance of the asked one"
            }
            Self::SettledOnce => "an order is settled at most once",
            Self::PaymentSettlesOne => "a payment settles at most one order",
            Self::MatchedExactly => {
                "the matched amount equals the payable one unless the order was named"
            }
            Self::NeverGuessed => "what settles by itself had one candidate",
            Self::RefundsWithinReceived => "refunds never exceed what was received",
            Self::AttemptsEnd => "attempts are numbered and stop after their end",
            Self::SuspenseAddsUp => "suspense equals observed less matched money",
            Self::OneVerdict => "every notification has exactly one verdict",
            Self::OnlyFirstPays => "only a first delivery or an operator gives rise to a payment",
            Self::KnownOnly => "a decision speaks only of what the log has introduced",
            Self::StateAgrees => "what the state derives twice agrees with itself",
            Self::RebuildEqualsLive => "rebuilding the log gives the live state",
            Self::GroupingIrrelevant => "the outcome does not depend on how facts were grouped",
            Self::EntriesBalance => "each entry of the books sums to zero in each currency",
            Self::SuspenseIsQuestions => {
                "suspense accounts equal the held payments by their reasons"
            }
            Self::ReceivableIsOpenOrders => {
                "the receivable equals what open orders are still to bring"
            }
            Self::RefundsAreOwed => {
                "the refunds' liability equals what was agreed and not confirmed"
            }
            Self::BreakOpenOrOver => "a break is open or over, never both",
            Self::ClosedDayClean => "a closed day has no open break that nobody accepted",
            Self::ClosedStaysClosed => "no break is dated into a closed day",
            Self::TwoPersons => "what needs a second person had two",
            Self::LongIsOpenBreaks => "long equals the open breaks of money beyond the books",
            Self::ShortIsOpenBreaks => "short equals the open breaks of money that is missing",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I-{:02} {}", self.number(), self.name())
    }
}

/// A broken invariant, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub invariant: Invariant,
    /// The place of the fact that it was seen at.
    pub position: Position,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.invariant, self.position, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    #[test]
    fn numbers_are_dense_and_names_are_one_each() {
        let numbers: BTreeSet<u8> = Invariant::ALL.iter().map(|one| one.number()).collect();
        assert_eq!(numbers, (1..=28).collect());
        let names: BTreeSet<&str> = Invariant::ALL.iter().map(|one| one.name()).collect();
        let sentences: BTreeSet<&str> = Invariant::ALL.iter().map(|one| one.sentence()).collect();
        assert_eq!((names.len(), sentences.len()), (28, 28));
        assert_eq!(Invariant::OneHolder.to_string(), "I-03 one-holder");
    }
}
