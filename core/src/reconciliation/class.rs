//! Where a payment or a line ends.
//!
//! Invariant: each class has one word, the same in views, API and reports.
//! Deliberately not here: sentences for people, and which class applies (`classify.rs`).

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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn each_class_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = Class::ALL.map(Class::word).into_iter().collect();
        assert_eq!(words.len(), Class::ALL.len());
        assert_eq!(Class::CrossDay.word(), "cross_day");
    }
}
