//! The codes of what the rules refuse finance.
//!
//! Invariant: each refusal is named here; none is the server's own contradiction, because a caller
//! can bring each of them about.

use duizhang_core::breaks::BreakRefusal;
use duizhang_core::closing::DayRefusal;
use duizhang_core::ledger::BooksRefusal;

use super::super::problem::Code;

pub(in crate::dialects::native) const fn of_break(refusal: &BreakRefusal) -> Code {
    match refusal {
        BreakRefusal::Unknown => Code::UnknownBreak,
        BreakRefusal::Unfit(_) | BreakRefusal::UnknownStatement | BreakRefusal::FoundTwice => {
            Code::InvalidRun
        }
        BreakRefusal::StatementDiffers | BreakRefusal::OutOfOrder { .. } => Code::RunConflict,
        BreakRefusal::Is(_) => Code::BreakState,
        BreakRefusal::NotALine => Code::NotALine,
        BreakRefusal::Taken => Code::LineTaken,
        BreakRefusal::SecondPersonNeeded | BreakRefusal::SamePerson => Code::SecondPerson,
    }
}

pub(in crate::dialects::native) const fn of_day(refusal: &DayRefusal) -> Code {
    match refusal {
        DayRefusal::Unfit(_) => Code::InvalidDay,
        DayRefusal::NotOver => Code::DayNotOver,
        DayRefusal::Closed => Code::DayClosed,
        DayRefusal::Open => Code::DayOpen,
        DayRefusal::NotReconciled(_) => Code::DayNotReconciled,
        DayRefusal::BreaksLeft(_) => Code::BreaksLeft,
    }
}

pub(in crate::dialects::native) const fn of_books(refusal: &BooksRefusal) -> Code {
    match refusal {
        BooksRefusal::IdTaken => Code::IdTaken,
        BooksRefusal::UnknownWithdrawal => Code::UnknownWithdrawal,
        BooksRefusal::WithdrawalArrived => Code::WithdrawalArrived,
        BooksRefusal::AlreadyOpened => Code::AlreadyOpened,
        BooksRefusal::NotOpenable | BooksRefusal::NotAdjustable => Code::InvalidAccount,
        BooksRefusal::SameWallet => Code::SameWallet,
        BooksRefusal::BadFee | BooksRefusal::AmountTooLarge => Code::InvalidAmount,
        BooksRefusal::TimeAhead => Code::TimeAhead,
        BooksRefusal::TooLongAgo => Code::TooLongAgo,
        BooksRefusal::BeforeItWasSent => Code::BeforeItWasSent,
        BooksRefusal::TooManyBanks => Code::TooManyBanks,
        BooksRefusal::BadLines | BooksRefusal::Unbalanced => Code::InvalidLines,
        BooksRefusal::UnknownAdjustment => Code::NotFound,
        BooksRefusal::AdjustmentIs(_) => Code::AdjustmentState,
        BooksRefusal::SamePerson => Code::SecondPerson,
    }
}
