//! The accounts of a book.
//!
//! One list in two forms: with numbers for posting, which is done for every chapter, and with names
//! for what people write, which lies in the log.
//! Invariants: variants are only ever appended, because the named form is stored; which account is
//! derived from the open questions, and so may not be adjusted by hand, is said here once.
//! Deliberately not here: paths and codes of wallets and banks, which a book gives
//! ([`super::Chart`]).

use serde::{Deserialize, Serialize};

use crate::breaks::{BreakCode, Direction, FoundBreak, Subject};
use crate::id::{BankId, WalletId};
use crate::matcher::HoldReason;

/// An account; `W` says which wallet, `B` which bank account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Account<W, B> {
    /// Money at a channel, on one wallet.
    Wallet(W),
    /// Money that came to one of several wallets, nobody knows which.
    Unlocated,
    /// Withdrawn and not yet at the bank.
    InTransit,
    /// Money at a bank.
    Bank(B),
    /// What the open orders and the unpaid rests are to bring.
    Receivable,
    /// Our own records of money that the channel does not have.
    Short,
    /// Money without an order, and second payments.
    Unidentified,
    /// What came beyond what was to be paid.
    Overpaid,
    /// Money for an order that had ended.
    Late,
    /// Money that could be for several orders, or that something speaks against.
    Ambiguous,
    /// Money that the channel has and we never saw.
    Long,
    /// Refunds that were agreed and are not yet with the payer.
    Refunds,
    /// What orders bring.
    Orders,
    /// The fen that keep equal prices apart, of both signs.
    AmountBump,
    /// Suspense that belongs to no order.
    Unclaimed,
    /// What channels charge for payments.
    ChannelFees,
    /// What channels charge for withdrawals and transfers.
    WithdrawFees,
    /// Small rests that were forgiven.
    Tolerance,
    /// Where the balances before the first event come from.
    Opening,
    /// What a channel owes, because it does not have what it should.
    ProviderClaim,
    /// What a channel does not have, and nobody will pay.
    ReconLoss,
}

/// An account as a poster numbers wallets and banks: by the order of their first mention.
pub type Numbered = Account<u16, u16>;

/// An account as a person names it.
pub type Named = Account<WalletId, BankId>;

/// What an account is to a balance sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    /// What there is.
    Asset,
    /// What is owed.
    Liability,
    /// Where the first balances came from.
    Equity,
    /// What came in for good.
    Income,
    /// What went for good.
    Expense,
}

impl AccountKind {
    /// The word for programs, and the Chinese one.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Asset => ("asset", "资产"),
            Self::Liability => ("liability", "负债"),
            Self::Equity => ("equity", "权益"),
            Self::Income => ("income", "收入"),
            Self::Expense => ("expense", "费用"),
        }
    }
}

impl<W, B> Account<W, B> {
    /// What it is to a balance sheet.
    #[must_use]
    pub const fn kind(&self) -> AccountKind {
        match self {
            Self::Wallet(_)
            | Self::Unlocated
            | Self::InTransit
            | Self::Bank(_)
            | Self::Receivable
            | Self::ProviderClaim
            | Self::Short => AccountKind::Asset,
            Self::Unidentified
            | Self::Overpaid
            | Self::Late
            | Self::Ambiguous
            | Self::Long
            | Self::Refunds => AccountKind::Liability,
            Self::Opening => AccountKind::Equity,
            Self::Orders | Self::AmountBump | Self::Unclaimed => AccountKind::Income,
            Self::ChannelFees | Self::WithdrawFees | Self::Tolerance | Self::ReconLoss => {
                AccountKind::Expense
            }
        }
    }

    /// Where held money stands, by the reason why it is held.
    #[must_use]
    pub const fn of_hold(reason: HoldReason) -> Self {
        match reason {
            HoldReason::NoOrder | HoldReason::AlreadyPaid | HoldReason::Stale => Self::Unidentified,
            HoldReason::Late | HoldReason::OrderClosed => Self::Late,
            HoldReason::SeveralOrders
            | HoldReason::RivalPayment
            | HoldReason::ClockDoubt
            | HoldReason::Vetoed
            | HoldReason::AmountDiffers
            | HoldReason::PartlyRefunded => Self::Ambiguous,
        }
    }

    /// Where a break stands while it is open: on [`Account::Long`] where the wallet has more than
    /// the books say, on [`Account::Short`] where it has less, and nowhere where the money is equal
    /// or stands elsewhere already. A payment of no order, for one, is in suspense by its hold.
    #[must_use]
    pub const fn of_break(found: &FoundBreak) -> Option<Self> {
        let overdue = matches!(found.code, BreakCode::OverdueStatement);
        // What the books say was withdrawn, and the statement does not, is still there.
        let kept = overdue && matches!(found.subject, Subject::Movement(_));
        if kept || matches!(found.code, BreakCode::AmountOver | BreakCode::RefundNotSettled) {
            return Some(Self::Long);
        }
        let missing = overdue && matches!(found.subject, Subject::Payment(_));
        if missing || matches!(found.code, BreakCode::AmountUnder) {
            return Some(Self::Short);
        }
        match (&found.subject, found.direction) {
            (Subject::Line { .. } | Subject::Row { .. }, Direction::In) => Some(Self::Long),
            (Subject::Line { .. } | Subject::Row { .. }, Direction::Out) => Some(Self::Short),
            (
                Subject::Payment(_)
                | Subject::Order(_)
                | Subject::Refund(_)
                | Subject::Line { .. }
                | Subject::Row { .. }
                | Subject::Statement(_)
                | Subject::Day
                | Subject::Movement(_),
                _,
            ) => None,
        }
    }

    /// Whether a person may post to it. The others say at every moment what is still open, so they
    /// move only with the payment, refund or break that they speak of.
    #[must_use]
    pub const fn is_adjustable(&self) -> bool {
        match self {
            Self::Unlocated
            | Self::Unidentified
            | Self::Late
            | Self::Ambiguous
            | Self::Refunds
            | Self::Short
            | Self::Long => false,
            Self::Wallet(_)
            | Self::InTransit
            | Self::Bank(_)
            | Self::Receivable
            | Self::Overpaid
            | Self::Orders
            | Self::AmountBump
            | Self::Unclaimed
            | Self::ChannelFees
            | Self::WithdrawFees
            | Self::Tolerance
            | Self::Opening
            | Self::ProviderClaim
            | Self::ReconLoss => true,
        }
    }

    /// The path in books: roots and levels parted by colons. Of a wallet or bank, what goes before
    /// its own part.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        match self {
            Self::Wallet(_) => "Assets:Channel",
            Self::Unlocated => "Assets:Channel:Unlocated",
            Self::InTransit => "Assets:Channel:InTransit",
            Self::Bank(_) => "Assets:Bank",
            Self::Receivable => "Assets:Receivable:Orders",
            Self::Short => "Assets:Suspense:Short",
            Self::Unidentified => "Liabilities:Suspense:Unidentified",
            Self::Overpaid => "Liabilities:Suspense:Overpaid",
            Self::Late => "Liabilities:Suspense:Late",
            Self::Ambiguous => "Liabilities:Suspense:Ambiguous",
            Self::Long => "Liabilities:Suspense:Long",
            Self::Refunds => "Liabilities:Refunds",
            Self::Orders => "Income:Orders",
            Self::AmountBump => "Income:AmountBump",
            Self::Unclaimed => "Income:Unclaimed",
            Self::ChannelFees => "Expenses:Fees:Channel",
            Self::WithdrawFees => "Expenses:Fees:Withdraw",
            Self::Tolerance => "Expenses:Tolerance",
            Self::Opening => "Equity:Opening",
            Self::ProviderClaim => "Assets:ProviderClaim",
            Self::ReconLoss => "Expenses:ReconLoss",
        }
    }

    /// The code of Chinese bookkeeping (科目编码). Of a wallet or bank, what goes before its number.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wallet(_) => "101201",
            Self::InTransit => "101202",
            Self::Unlocated => "101203",
            Self::Bank(_) => "1002",
            Self::Receivable => "112201",
            Self::ProviderClaim => "1131",
            Self::Short => "190101",
            Self::Long => "190102",
            Self::Unidentified => "224101",
            Self::Late => "224102",
            Self::Ambiguous => "224103",
            Self::Overpaid => "224104",
            Self::Refunds => "224105",
            Self::Opening => "3001",
            Self::Orders => "600101",
            Self::AmountBump => "600102",
            Self::Unclaimed => "630101",
            Self::ChannelFees => "660301",
            Self::WithdrawFees => "660302",
            Self::Tolerance => "671101",
            Self::ReconLoss => "671102",
        }
    }

    /// The Chinese name (科目名称). Of a wallet or bank, what goes before its own part.
    #[must_use]
    pub const fn chinese(&self) -> &'static str {
        match self {
            Self::Wallet(_) => "其他货币资金",
            Self::Unlocated => "其他货币资金-渠道待定",
            Self::InTransit => "其他货币资金-在途资金",
            Self::Bank(_) => "银行存款",
            Self::Receivable => "应收账款-订单",
            Self::Short => "待处理财产损溢-短款挂账",
            Self::Unidentified => "其他应付款-暂收款",
            Self::Overpaid => "其他应付款-多收待退",
            Self::Late => "其他应付款-过期到账",
            Self::Ambiguous => "其他应付款-撞单待判",
            Self::Long => "待处理财产损溢-长款挂账",
            Self::Refunds => "其他应付款-应付退款",
            Self::Orders => "主营业务收入-订单",
            Self::AmountBump => "主营业务收入-金额避让差额",
            Self::Unclaimed => "营业外收入-无主款项",
            Self::ChannelFees => "财务费用-渠道手续费",
            Self::WithdrawFees => "财务费用-提现手续费",
            Self::Tolerance => "营业外支出-抹零",
            Self::Opening => "期初余额",
            Self::ProviderClaim => "应收渠道差错款",
            Self::ReconLoss => "营业外支出-短款损失",
        }
    }
}
