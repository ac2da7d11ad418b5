//! What a break can be about: codes, words and directions.
//!
//! Invariants: a code keeps its letters and its place for ever, because the log stores the place
//! and reports name the letters; the direction is the truth about the money, and a code that leaves
//! it open is told it with the break.
//! Deliberately not here: which code a difference gets (the matcher's classes decide).

use core::fmt;

use serde::{Deserialize, Serialize};

/// What the difference does to the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// More money came than the books say.
    In,
    /// Less money came, or money left.
    Out,
    /// The money is equal, what is told about it differs.
    Neutral,
    /// The process, not the money.
    Control,
}

impl Direction {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Neutral => "neutral",
            Self::Control => "control",
        }
    }
}

/// What kind of difference a break is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BreakCode {
    /// T01: observed; the statement of that day is not due yet.
    PendingStatement,
    /// T02: it is on the neighbour day's statement.
    DayCut,
    /// T03: observed, and still not on the statement after its time.
    OverdueStatement,
    /// U01: on the statement, never observed; the order is known.
    UnobservedPayment,
    /// U02: money without any order.
    OrphanPayment,
    /// U03: money that left on the statement, a refund or a withdrawal, and nobody recorded it.
    OrphanRefund,
    /// M01: more was paid than the books say.
    AmountOver,
    /// M02: less was paid than the books say.
    AmountUnder,
    /// M03: a difference within the tolerance.
    Rounding,
    /// M04: another currency.
    Currency,
    /// M05: the rate differs or is missing.
    FxVariance,
    /// M06: the fee is not the one of the schedule.
    FeeVariance,
    /// M07: the amounts agree and the status differs.
    Status,
    /// M08: reference, account or kind differs.
    Data,
    /// M09: outside of the window.
    Date,
    /// A01: one payment, several possible orders.
    AmbiguousOrders,
    /// A02: one order, several possible payments.
    AmbiguousPayments,
    /// A03: the search stopped at its limit.
    SearchLimit,
    /// D01: the same payment was told again.
    DuplicateNotice,
    /// D02: the payer paid twice.
    DuplicatePayment,
    /// D03: the same line twice.
    DuplicateLine,
    /// D04: the same key with other content.
    KeyConflict,
    /// L01: late, and nobody else holds the amount.
    PaidAfterExpiry,
    /// L02: late, and the amount is another order's by now.
    PaidAfterReuse,
    /// S01: parts of a whole are missing.
    SplitIncomplete,
    /// S02: a payout is less than its lines.
    PayoutShort,
    /// S03: a payout is more than its lines.
    PayoutOver,
    /// R01: a refund that is on no statement.
    RefundNotSettled,
    /// R02: a refund that the channel refused.
    RefundFailed,
    /// R03: a refund that went out twice.
    RefundTwice,
    /// C01: the payer disputes it.
    ChargebackOpen,
    /// F01: no statement of that day.
    FileMissing,
    /// F02: not the bytes that the channel announced.
    FileHash,
    /// F03: the file's own totals do not add up.
    FileTotals,
    /// F04: a row that could not be read.
    RowRejected,
    /// F05: the same bytes were read differently before.
    ParserChanged,
    /// G01: nobody watched the wallet at that time.
    CollectorGap,
    /// X01: a notification with a wrong signature.
    ForgedNotice,
    /// X02: a notification that came too late to be trusted.
    StaleNotice,
    /// X03: a device's clock is wrong.
    ClockSkew,
    /// P01: it belongs to a closed day.
    ClosedPeriod,
    /// V01: a replay decided otherwise.
    ReplayDiff,
    /// V02: an invariant of the books is broken.
    BalanceInvariant,
    /// V03: a proof does not verify.
    ProofBad,
}

impl BreakCode {
    /// Every code, in stored order.
    pub const ALL: [Self; 44] = [
        Self::PendingStatement,
        Self::DayCut,
        Self::OverdueStatement,
        Self::UnobservedPayment,
        Self::OrphanPayment,
        Self::OrphanRefund,
        Self::AmountOver,
        Self::AmountUnder,
        Self::Rounding,
        Self::Currency,
        Self::FxVariance,
        Self::FeeVariance,
        Self::Status,
        Self::Data,
        Self::Date,
        Self::AmbiguousOrders,
        Self::AmbiguousPayments,
        Self::SearchLimit,
        Self::DuplicateNotice,
        Self::DuplicatePayment,
        Self::DuplicateLine,
        Self::KeyConflict,
        Self::PaidAfterExpiry,
        Self::PaidAfterReuse,
        Self::SplitIncomplete,
        Self::PayoutShort,
        Self::PayoutOver,
        Self::RefundNotSettled,
        Self::RefundFailed,
        Self::RefundTwice,
        Self::ChargebackOpen,
        Self::FileMissing,
        Self::FileHash,
        Self::FileTotals,
        Self::RowRejected,
        Self::ParserChanged,
        Self::CollectorGap,
        Self::ForgedNotice,
        Self::StaleNotice,
        Self::ClockSkew,
        Self::ClosedPeriod,
        Self::ReplayDiff,
        Self::BalanceInvariant,
        Self::ProofBad,
    ];

    /// The letters, the word of views and reports, and the Chinese one.
    // tidy: long because it is one row for each code
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::PendingStatement => ("T01", "pending_statement", "待出账单"),
            Self::DayCut => ("T02", "day_cut", "日切"),
            Self::OverdueStatement => ("T03", "overdue_statement", "账单缺失"),
            Self::UnobservedPayment => ("U01", "unobserved_payment", "漏单"),
            Self::OrphanPayment => ("U02", "orphan_payment", "无主收款"),
            Self::OrphanRefund => ("U03", "orphan_refund", "无主退款或提现"),
            Self::AmountOver => ("M01", "amount_over", "多付"),
            Self::AmountUnder => ("M02", "amount_under", "少付"),
            Self::Rounding => ("M03", "rounding", "尾差"),
            Self::Currency => ("M04", "currency", "币种不符"),
            Self::FxVariance => ("M05", "fx_variance", "汇率差异"),
            Self::FeeVariance => ("M06", "fee_variance", "手续费差异"),
            Self::Status => ("M07", "status", "状态不符"),
            Self::Data => ("M08", "data", "要素不符"),
            Self::Date => ("M09", "date", "日期不符"),
            Self::AmbiguousOrders => ("A01", "ambiguous_orders", "撞单待判"),
            Self::AmbiguousPayments => ("A02", "ambiguous_payments", "多笔待判"),
            Self::SearchLimit => ("A03", "search_limit", "搜索超限"),
            Self::DuplicateNotice => ("D01", "duplicate_notice", "重复推送"),
            Self::DuplicatePayment => ("D02", "duplicate_payment", "重复支付"),
            Self::DuplicateLine => ("D03", "duplicate_line", "重复账单行"),
            Self::KeyConflict => ("D04", "key_conflict", "键值冲突"),
            Self::PaidAfterExpiry => ("L01", "paid_after_expiry", "迟到支付"),
            Self::PaidAfterReuse => ("L02", "paid_after_reuse", "迟到撞单"),
            Self::SplitIncomplete => ("S01", "split_incomplete", "拆分不全"),
            Self::PayoutShort => ("S02", "payout_short", "结算短款"),
            Self::PayoutOver => ("S03", "payout_over", "结算长款"),
            Self::RefundNotSettled => ("R01", "refund_not_settled", "退款未达"),
            Self::RefundFailed => ("R02", "refund_failed", "退款失败"),
            Self::RefundTwice => ("R03", "refund_twice", "重复退款"),
            Self::ChargebackOpen => ("C01", "chargeback_open", "拒付"),
            Self::FileMissing => ("F01", "file_missing", "缺账单文件"),
            Self::FileHash => ("F02", "file_hash", "文件校验不符"),
            Self::FileTotals => ("F03", "file_totals", "文件合计不符"),
            Self::RowRejected => ("F04", "row_rejected", "行无法解析"),
            Self::ParserChanged => ("F05", "parser_changed", "解析结果变化"),
            Self::CollectorGap => ("G01", "collector_gap", "监听中断"),
            Self::ForgedNotice => ("X01", "forged_notice", "伪造通知"),
            Self::StaleNotice => ("X02", "stale_notice", "过期通知"),
            Self::ClockSkew => ("X03", "clock_skew", "时钟偏差"),
            Self::ClosedPeriod => ("P01", "closed_period", "跨期"),
            Self::ReplayDiff => ("V01", "replay_diff", "重放不一致"),
            Self::BalanceInvariant => ("V02", "balance_invariant", "账不平"),
            Self::ProofBad => ("V03", "proof_bad", "证明无效"),
        }
    }

    /// The letters, as in `M01`.
    #[must_use]
    pub const fn letters(self) -> &'static str {
        self.names().0
    }

    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.names().1
    }

    /// The word for accountants.
    #[must_use]
    pub const fn chinese(self) -> &'static str {
        self.names().2
    }

    /// What it says, as the end of a sentence.
    // tidy: long because it is one row for each code
    #[must_use]
    pub const fn clause(self) -> &'static str {
        match self {
            Self::PendingStatement => "observed; the statement of that day is not due yet",
            Self::DayCut => "it is on the neighbour day's statement",
            Self::OverdueStatement => "observed, and still not on the statement after its time",
            Self::UnobservedPayment => "on the statement, never observed; the order is known",
            Self::OrphanPayment => "money without any order",
            Self::OrphanRefund => "a refund or a withdrawal on the statement that nobody recorded",
            Self::AmountOver => "more was paid than the books say",
            Self::AmountUnder => "less was paid than the books say",
            Self::Rounding => "a difference within the tolerance",
            Self::Currency => "another currency",
            Self::FxVariance => "the rate differs or is missing",
            Self::FeeVariance => "the fee is not the one of the schedule",
            Self::Status => "the amounts agree and the status differs",
            Self::Data => "reference, account or kind differs",
            Self::Date => "outside of the window",
            Self::AmbiguousOrders => "one payment, several possible orders",
            Self::AmbiguousPayments => "one order, several possible payments",
            Self::SearchLimit => "the search stopped at its limit",
            Self::DuplicateNotice => "the same payment was told again",
            Self::DuplicatePayment => "the payer paid twice",
            Self::DuplicateLine => "the same line twice",
            Self::KeyConflict => "the same key with other content",
            Self::PaidAfterExpiry => "late, and nobody else holds the amount",
            Self::PaidAfterReuse => "late, and the amount is another order's by now",
            Self::SplitIncomplete => "parts of a whole are missing",
            Self::PayoutShort => "a payout is less than its lines",
            Self::PayoutOver => "a payout is more than its lines",
            Self::RefundNotSettled => "a refund that is on no statement",
            Self::RefundFailed => "a refund that the channel refused",
            Self::RefundTwice => "a refund that went out twice",
            Self::ChargebackOpen => "the payer disputes it",
            Self::FileMissing => "no statement of that day",
            Self::FileHash => "not the bytes that the channel announced",
            Self::FileTotals => "the file's own totals do not add up",
            Self::RowRejected => "a row that could not be read",
            Self::ParserChanged => "the same bytes were read differently before",
            Self::CollectorGap => "nobody watched the wallet at that time",
            Self::ForgedNotice => "a notification with a wrong signature",
            Self::StaleNotice => "a notification that came too late to be trusted",
            Self::ClockSkew => "a device's clock is wrong",
            Self::ClosedPeriod => "it belongs to a closed day",
            Self::ReplayDiff => "a replay decided otherwise",
            Self::BalanceInvariant => "an invariant of the books is broken",
            Self::ProofBad => "a proof does not verify",
        }
    }

    /// The direction that this code always has; none where each break is told its own.
    #[must_use]
    pub const fn direction(self) -> Option<Direction> {
        match self {
            Self::PendingStatement
            | Self::DayCut
            | Self::Rounding
            | Self::Currency
            | Self::Status
            | Self::Data
            | Self::Date
            | Self::ClosedPeriod => Some(Direction::Neutral),
            Self::OverdueStatement
            | Self::OrphanRefund
            | Self::AmountUnder
            | Self::PayoutShort
            | Self::RefundNotSettled
            | Self::RefundFailed
            | Self::RefundTwice
            | Self::ChargebackOpen => Some(Direction::Out),
            Self::UnobservedPayment
            | Self::OrphanPayment
            | Self::AmountOver
            | Self::AmbiguousOrders
            | Self::AmbiguousPayments
            | Self::DuplicatePayment
            | Self::PaidAfterExpiry
            | Self::PaidAfterReuse
            | Self::PayoutOver => Some(Direction::In),
            Self::FxVariance | Self::FeeVariance | Self::SplitIncomplete => None,
            Self::SearchLimit
            | Self::DuplicateNotice
            | Self::DuplicateLine
            | Self::KeyConflict
            | Self::FileMissing
            | Self::FileHash
            | Self::FileTotals
            | Self::RowRejected
            | Self::ParserChanged
            | Self::CollectorGap
            | Self::ForgedNotice
            | Self::StaleNotice
            | Self::ClockSkew
            | Self::ReplayDiff
            | Self::BalanceInvariant
            | Self::ProofBad => Some(Direction::Control),
        }
    }
}

impl fmt::Display for BreakCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.letters(), self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    #[test]
    fn letters_words_and_clauses_name_one_code_each() {
        let all = BreakCode::ALL;
        let letters: BTreeSet<_> = all.iter().map(|code| code.letters()).collect();
        let words: BTreeSet<_> = all.iter().map(|code| code.word()).collect();
        let chinese: BTreeSet<_> = all.iter().map(|code| code.chinese()).collect();
        let clauses: BTreeSet<_> = all.iter().map(|code| code.clause()).collect();
        let counts = [letters.len(), words.len(), chinese.len(), clauses.len()];
        assert_eq!(counts, [all.len(); 4]);
        assert_eq!(BreakCode::AmountOver.to_string(), "M01 amount_over");
    }

    #[test]
    fn only_rates_fees_and_splits_leave_the_direction_open() {
        let open: BTreeSet<_> =
            BreakCode::ALL.iter().filter(|code| code.direction().is_none()).collect();
        let known = [BreakCode::FxVariance, BreakCode::FeeVariance, BreakCode::SplitIncomplete];
        assert_eq!(open, known.iter().collect());
    }
}
