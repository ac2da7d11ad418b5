//! The words for a match: how sure it is, by what it was found, why a payment is held instead, and
//! how what came stands to what was payable.
//!
//! Invariants: all of these lie in the log, so a released variant never changes and variants are
//! only appended; each has one word, the same in views, API and reports.
//! Deliberately not here: which of them applies ([`crate::matcher`]).

use serde::{Deserialize, Serialize};

/// How sure a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// One payment, one order, no other candidate on either side: settles by itself.
    Isolated,
    /// The only place that is left when others are taken as right: proposed.
    Forced,
    /// Several could be meant, or one could but something speaks against it: held.
    Ambiguous,
    /// No order could be meant: held.
    Orphan,
    /// A person decided.
    Assigned,
}

impl Grade {
    /// The word that views, API and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Isolated => "isolated",
            Self::Forced => "forced",
            Self::Ambiguous => "ambiguous",
            Self::Orphan => "orphan",
            Self::Assigned => "assigned",
        }
    }
}

/// By what a payment found its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rule {
    /// A reference that names the order.
    Reference,
    /// Wallet, amount and time.
    Slot,
    /// A person's word.
    Operator,
}

/// Why a payment is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldReason {
    /// No order held this amount at that time.
    NoOrder,
    /// Several orders could be meant.
    SeveralOrders,
    /// The one possible order has its money already: paid twice, or told twice.
    AlreadyPaid,
    /// The one possible order was closed by its merchant.
    OrderClosed,
    /// The one possible order had expired, and the policy holds late money.
    Late,
    /// Another held payment could also be this order's.
    RivalPayment,
    /// The device's clock and ours disagree about which order was waiting.
    ClockDoubt,
    /// The evidence is older than the lookback.
    Stale,
    /// The reference names an order that this wallet or channel cannot have been paid for.
    Vetoed,
    /// The merchant's number in the remark names an order, and the amount is not what is missing of
    /// it.
    AmountDiffers,
    /// The one possible order gave money back before it was settled.
    PartlyRefunded,
}

impl HoldReason {
    /// The word that views, API and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoOrder => "no_order",
            Self::SeveralOrders => "several_orders",
            Self::AlreadyPaid => "already_paid",
            Self::OrderClosed => "order_closed",
            Self::Late => "late",
            Self::RivalPayment => "rival_payment",
            Self::ClockDoubt => "clock_doubt",
            Self::Stale => "stale",
            Self::Vetoed => "vetoed",
            Self::AmountDiffers => "amount_differs",
            Self::PartlyRefunded => "partly_refunded",
        }
    }
}

/// How the received amount and time stand to the order's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// The payable amount while the order was open.
    Exact,
    /// The payable amount, told after it had expired or was closed. The payer may have been in
    /// time: what counts is when we heard of it.
    Late,
    /// More than the payable amount.
    Over,
    /// Less than the payable amount.
    Under,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    /// A word is read by shops' programs: no two variants share one, and none is spelt by chance.
    #[test]
    fn each_variant_has_a_word_of_its_own() {
        let grades =
            [Grade::Isolated, Grade::Forced, Grade::Ambiguous, Grade::Orphan, Grade::Assigned];
        let reasons = [
            HoldReason::NoOrder,
            HoldReason::SeveralOrders,
            HoldReason::AlreadyPaid,
            HoldReason::OrderClosed,
            HoldReason::Late,
            HoldReason::RivalPayment,
            HoldReason::ClockDoubt,
            HoldReason::Stale,
            HoldReason::Vetoed,
            HoldReason::AmountDiffers,
            HoldReason::PartlyRefunded,
        ];
        let words: BTreeSet<&str> =
            grades.map(Grade::word).into_iter().chain(reasons.map(HoldReason::word)).collect();
        assert_eq!(words.len(), grades.len() + reasons.len());
        let spelt = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(words.iter().all(spelt), "{words:?}");
        assert_eq!(HoldReason::SeveralOrders.word(), "several_orders");
        assert_eq!(Grade::Isolated.word(), "isolated");
    }
}
