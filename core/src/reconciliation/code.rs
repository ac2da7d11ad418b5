//! The words of a reconciliation: classes, break codes, directions.
//!
//! Invariants: each has one word, the same in views, API and reports; the code of a break is the
//! one of the taxonomy. IN means that more money came than our books say, OUT that less came or
//! that money left, NEUTRAL that money agrees and data differ, CONTROL that the process is at
//! fault and not the money.
//! Deliberately not here: sentences for people, and which class applies (`classify.rs`).

use crate::breaks::BreakCode;
pub use crate::breaks::Direction;

/// Where one payment or one line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Both sides say the same.
    Matched,
    /// Both sides say the same, on neighbouring business days.
    CrossDay,
    /// We saw it, and a statement that should have it has not.
    OnlyOurs,
    /// The statement has it, and we never saw it.
    OnlyChannel,
    /// One serial or order number, and two amounts or currencies.
    AmountDiffers,
    /// One serial or order number, and the channel does not call it paid, or calls it refunded.
    StatusDiffers,
    /// Amounts agree, the fee is not the one that was expected.
    FeeDiffers,
    /// One serial or order number, and another wallet, or a time beyond the neighbouring days.
    DataDiffers,
    /// The same line again, in this file or in another.
    DuplicateLine,
    /// The same serial observed again.
    DuplicateNotice,
    /// Money that came twice for one order.
    DuplicatePayment,
    /// One key with contents that exclude each other.
    KeyConflict,
    /// A refund on the statement without one of ours.
    RefundOnlyChannel,
    /// A refund of ours that is not on the statement.
    RefundOnlyOurs,
    /// Matched, and the order had expired before.
    Late,
    /// A kind of line that no payment of ours can explain: interest, transfers, own spending.
    Excluded,
    /// Waits: its neighbour day, or a statement that is not there yet, decides.
    Pool,
    /// One to many or many to one: the sums agree in exactly one way.
    Split,
    /// Several could be meant.
    Ambiguous,
    /// The search ended at its limit. Counts as ambiguous, never as unmatched.
    SearchLimit,
}

impl Class {
    /// Every class, in the order of reports.
    pub const ALL: [Self; 20] = [
        Self::Matched,
        Self::CrossDay,
        Self::OnlyOurs,
        Self::OnlyChannel,
        Self::AmountDiffers,
        Self::StatusDiffers,
        Self::FeeDiffers,
        Self::DataDiffers,
        Self::DuplicateLine,
        Self::DuplicateNotice,
        Self::DuplicatePayment,
        Self::KeyConflict,
        Self::RefundOnlyChannel,
        Self::RefundOnlyOurs,
        Self::Late,
        Self::Excluded,
        Self::Pool,
        Self::Split,
        Self::Ambiguous,
        Self::SearchLimit,
    ];

    /// The key under which words in any language explain it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::CrossDay => "cross_day",
            Self::OnlyOurs => "only_ours",
            Self::OnlyChannel => "only_channel",
            Self::AmountDiffers => "amount_differs",
            Self::StatusDiffers => "status_differs",
            Self::FeeDiffers => "fee_differs",
            Self::DataDiffers => "data_differs",
            Self::DuplicateLine => "duplicate_line",
            Self::DuplicateNotice => "duplicate_notice",
            Self::DuplicatePayment => "duplicate_payment",
            Self::KeyConflict => "key_conflict",
            Self::RefundOnlyChannel => "refund_only_channel",
            Self::RefundOnlyOurs => "refund_only_ours",
            Self::Late => "late",
            Self::Excluded => "excluded",
            Self::Pool => "pool",
            Self::Split => "split",
            Self::Ambiguous => "ambiguous",
            Self::SearchLimit => "search_limit",
        }
    }
}

/// The codes of the break taxonomy that a reconciliation of two sides can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Observed, the statement of that time is not there yet.
    T01,
    /// On the neighbour day.
    T02,
    /// Observed, and not on the statement that should have it.
    T03,
    /// On the statement, never observed, order known.
    U01,
    /// On the statement or observed, no order at all.
    U02,
    /// A refund on the statement without a request.
    U03,
    /// Paid more.
    M01,
    /// Paid less.
    M02,
    /// Differs within the tolerance.
    M03,
    /// Another currency.
    M04,
    /// The fee is not the expected one.
    M06,
    /// Amounts agree, the status differs.
    M07,
    /// A reference, the wallet or the kind differs.
    M08,
    /// The time lies outside the neighbouring days.
    M09,
    /// Money with several possible owners.
    A01,
    /// An expected payment with several possible moneys.
    A02,
    /// The search stopped at its limit.
    A03,
    /// The same payment told again.
    D01,
    /// The payer really paid twice.
    D02,
    /// The same line twice.
    D03,
    /// The same key with other content.
    D04,
    /// Paid after the order had expired.
    L01,
    /// One to many or many to one, proposed.
    S01,
    /// A refund that is not settled.
    R01,
}

impl Code {
    /// Every code, in the order of the taxonomy.
    pub const ALL: [Self; 24] = [
        Self::T01,
        Self::T02,
        Self::T03,
        Self::U01,
        Self::U02,
        Self::U03,
        Self::M01,
        Self::M02,
        Self::M03,
        Self::M04,
        Self::M06,
        Self::M07,
        Self::M08,
        Self::M09,
        Self::A01,
        Self::A02,
        Self::A03,
        Self::D01,
        Self::D02,
        Self::D03,
        Self::D04,
        Self::L01,
        Self::S01,
        Self::R01,
    ];

    /// The code as the taxonomy spells it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::T01 => "T01",
            Self::T02 => "T02",
            Self::T03 => "T03",
            Self::U01 => "U01",
            Self::U02 => "U02",
            Self::U03 => "U03",
            Self::M01 => "M01",
            Self::M02 => "M02",
            Self::M03 => "M03",
            Self::M04 => "M04",
            Self::M06 => "M06",
            Self::M07 => "M07",
            Self::M08 => "M08",
            Self::M09 => "M09",
            Self::A01 => "A01",
            Self::A02 => "A02",
            Self::A03 => "A03",
            Self::D01 => "D01",
            Self::D02 => "D02",
            Self::D03 => "D03",
            Self::D04 => "D04",
            Self::L01 => "L01",
            Self::S01 => "S01",
            Self::R01 => "R01",
        }
    }
}

/// What the log records of a finding bears the same letters.
impl From<Code> for BreakCode {
    fn from(code: Code) -> Self {
        match code {
            Code::T01 => Self::PendingStatement,
            Code::T02 => Self::DayCut,
            Code::T03 => Self::OverdueStatement,
            Code::U01 => Self::UnobservedPayment,
            Code::U02 => Self::OrphanPayment,
            Code::U03 => Self::OrphanRefund,
            Code::M01 => Self::AmountOver,
            Code::M02 => Self::AmountUnder,
            Code::M03 => Self::Rounding,
            Code::M04 => Self::Currency,
            Code::M06 => Self::FeeVariance,
            Code::M07 => Self::Status,
            Code::M08 => Self::Data,
            Code::M09 => Self::Date,
            Code::A01 => Self::AmbiguousOrders,
            Code::A02 => Self::AmbiguousPayments,
            Code::A03 => Self::SearchLimit,
            Code::D01 => Self::DuplicateNotice,
            Code::D02 => Self::DuplicatePayment,
            Code::D03 => Self::DuplicateLine,
            Code::D04 => Self::KeyConflict,
            Code::L01 => Self::PaidAfterExpiry,
            Code::S01 => Self::SplitIncomplete,
            Code::R01 => Self::RefundNotSettled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn each_class_and_each_code_has_a_word_of_its_own() {
        let words: BTreeSet<&str> =
            Class::ALL.map(Class::word).into_iter().chain(Code::ALL.map(Code::word)).collect();
        assert_eq!(words.len(), Class::ALL.len() + Code::ALL.len());
        assert_eq!(Class::CrossDay.word(), "cross_day");
        assert_eq!(Direction::Control.word(), "control");
    }

    #[test]
    fn each_code_is_recorded_under_its_own_letters() {
        for code in Code::ALL {
            assert_eq!(BreakCode::from(code).letters(), code.word());
        }
    }
}
