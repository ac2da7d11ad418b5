//! What an entry says, in one word for programs and one phrase in each language.
//!
//! Invariant: each has words of its own, which exports of different days share.
//! Deliberately not here: ids and notes, which the entry carries beside it.

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Narration {
    /// An order was accepted: it is to bring its amount.
    OrderRaised,
    /// It expired: it will not.
    OrderExpired,
    /// It was closed: it will not.
    OrderClosed,
    /// Money came after all, so it is raised again.
    OrderRevived,
    /// A payment settled it.
    OrderSettled,
    /// A payment settled it with more than was asked.
    OrderOverpaid,
    /// A payment brought a part of it.
    OrderPartPaid,
    /// Money came and nobody can say for what.
    PaymentHeld,
    /// A person said that held money is for no order.
    PaymentUnclaimed,
    /// A refund was agreed.
    RefundAgreed,
    /// A refund is with the payer.
    RefundConfirmed,
    /// An agreed refund will not happen.
    RefundDeclined,
    /// A channel charged a fee.
    FeeCharged,
    /// Money left a wallet for the bank.
    WithdrawalSent,
    /// It is at the bank.
    WithdrawalArrived,
    /// Money went from one wallet to another.
    Transferred,
    /// What was there before the first event.
    Opened,
    /// A person put the books right.
    Adjusted,
    /// Channel and books differ, and nobody knows why yet.
    BreakSuspended,
    /// A break is over, or is another one now: what was posted for it is taken back.
    BreakReversed,
    /// A break was written off.
    BreakWrittenOff,
    /// Money that nobody knew went back.
    BreakRefunded,
    /// The channel owes what it does not have.
    BreakClaimed,
    /// A break is open again: what its end posted is taken back.
    BreakReopened,
}

impl Narration {
    /// Every narration.
    pub const ALL: [Self; 24] = [
        Self::OrderRaised,
        Self::OrderExpired,
        Self::OrderClosed,
        Self::OrderRevived,
        Self::OrderSettled,
        Self::OrderOverpaid,
        Self::OrderPartPaid,
        Self::PaymentHeld,
        Self::PaymentUnclaimed,
        Self::RefundAgreed,
        Self::RefundConfirmed,
        Self::RefundDeclined,
        Self::FeeCharged,
        Self::WithdrawalSent,
        Self::WithdrawalArrived,
        Self::Transferred,
        Self::Opened,
        Self::Adjusted,
        Self::BreakSuspended,
        Self::BreakReversed,
        Self::BreakWrittenOff,
        Self::BreakRefunded,
        Self::BreakClaimed,
        Self::BreakReopened,
    ];

    /// The word for programs, an English phrase, and a Chinese one (摘要).
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::OrderRaised => ("order-raised", "order raised", "订单挂账"),
            Self::OrderExpired => {
                ("order-expired", "order expired, raise reversed", "订单过期冲回")
            }
            Self::OrderClosed => ("order-closed", "order closed, raise reversed", "订单关闭冲回"),
            Self::OrderRevived => ("order-revived", "order revived", "订单恢复挂账"),
            Self::OrderSettled => ("order-settled", "order paid", "订单收款"),
            Self::OrderOverpaid => ("order-overpaid", "order paid with more", "订单多收"),
            Self::OrderPartPaid => ("order-part-paid", "order paid in part", "订单部分收款"),
            Self::PaymentHeld => ("payment-held", "payment held", "待查收款"),
            Self::PaymentUnclaimed => {
                ("payment-unclaimed", "held payment belongs to no order", "无主款项转出")
            }
            Self::RefundAgreed => ("refund-agreed", "refund agreed", "同意退款"),
            Self::RefundConfirmed => ("refund-confirmed", "refund with the payer", "退款到账"),
            Self::RefundDeclined => ("refund-declined", "agreed refund declined", "退款撤销"),
            Self::FeeCharged => ("fee-charged", "fee of the channel", "渠道手续费"),
            Self::WithdrawalSent => ("withdrawal-sent", "withdrawal sent", "提现发起"),
            Self::WithdrawalArrived => ("withdrawal-arrived", "withdrawal arrived", "提现到账"),
            Self::Transferred => ("transferred", "transfer between wallets", "账户间转账"),
            Self::Opened => ("opened", "opening balance", "期初余额"),
            Self::Adjusted => ("adjusted", "adjustment", "人工调整"),
            Self::BreakSuspended => ("break-suspended", "break put in suspense", "差错挂账"),
            Self::BreakReversed => ("break-reversed", "break taken out of suspense", "差错冲回"),
            Self::BreakWrittenOff => ("break-written-off", "break written off", "差错核销"),
            Self::BreakRefunded => ("break-refunded", "long money sent back", "长款退回"),
            Self::BreakClaimed => ("break-claimed", "short money claimed", "短款转渠道应收"),
            Self::BreakReopened => ("break-reopened", "break open again", "差错重新挂账"),
        }
    }

    /// Whether somebody should look at it.
    #[must_use]
    pub const fn asks(self) -> bool {
        matches!(
            self,
            Self::PaymentHeld
                | Self::OrderOverpaid
                | Self::OrderPartPaid
                | Self::BreakSuspended
                | Self::BreakReopened
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn each_narration_has_words_of_its_own() {
        let words = Narration::ALL.map(|one| one.words().0);
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), Narration::ALL.len());
        let plain = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(words.iter().all(plain), "{words:?}");
    }
}
