//! What finance's paths ask for.
//!
//! Deliberately not here: the paths themselves, which stand in the one table (`routes`).

use duizhang_core::ledger::AdjustmentVerdict;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialects::native) enum Finance {
    /// Breaks.
    Breaks,
    /// One break.
    Break,
    /// That something be done with a break.
    Work(Work),
    /// That the line of a break become a payment.
    Take,
    /// Days.
    Days,
    /// One day.
    Day,
    /// That a day be closed.
    CloseDay,
    /// That a day be opened again.
    ReopenDay,
    /// Withdrawals under way.
    UnderWay,
    /// That a movement be recorded.
    Move,
    /// Adjustments that wait.
    Waiting,
    /// That an adjustment be made.
    Propose,
    /// That an adjustment be judged.
    Judge(AdjustmentVerdict),
}

/// What is done with a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialects::native) enum Work {
    /// Give it to somebody.
    Assign,
    /// Write to it.
    Comment,
    /// Let it wait.
    Wait,
    /// Propose an end.
    Propose,
    /// Approve the proposed end.
    Approve,
    /// Refuse the proposed end.
    Refuse,
    /// End it alone.
    Resolve,
    /// Open it again.
    Reopen,
}
