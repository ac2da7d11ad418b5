//! Builders for statements, runs, and the work of people, on the wallet `wx` unless changed.
//!
//! Deliberately not here: anything that depends on what happened before ([`super::Book`]), but for
//! the runs that a day still needs.

use alloc::string::String;
use alloc::vec::Vec;

use super::book::Book;
use crate::amount::Amount;
use crate::breaks::{
    BreakCode, BreakStep, BreakWorked, DayReconciled, Direction, FoundBreak, ProofOutcome,
    Resolution, ResolutionKind, RootCause, RunTotals, StatementKept, Subject,
};
use crate::closing::{Day, DayCloseRequested, DayReopenRequested};
use crate::digest::Digest;
use crate::fact::Fact;
use crate::id::{BreakId, WalletId};
use crate::merkle::Hash;
use crate::time::Timestamp;

fn wx() -> WalletId {
    WalletId::new("wx").expect("a good name")
}

/// The first instant beyond a day, in UTC.
#[must_use]
pub fn end_of(day: Day) -> Timestamp {
    Timestamp::from_secs(i64::from(day.next().number()).saturating_mul(86_400))
}

/// A statement of one day; its bytes are told apart by a number.
#[must_use]
pub fn statement(number: u8, day: Day) -> StatementKept {
    StatementKept {
        statement: Hash::from_bytes([number; 32]),
        wallet: wx(),
        layout: String::from("test"),
        first: day,
        last: day,
        lines: 1,
        rejected: 0,
        gross_in: Amount::fen(100),
        gross_out: Amount::fen(0),
        proof: ProofOutcome::Proven,
        by: String::from("ann"),
    }
}

/// A difference of some fen about a line, with the direction of its code.
#[must_use]
pub fn found(serial: &str, code: BreakCode, fen: i64) -> FoundBreak {
    FoundBreak {
        subject: Subject::Line { serial: String::from(serial) },
        code,
        direction: code.direction().unwrap_or(Direction::In),
        amount: Amount::fen(fen),
        related: Vec::new(),
    }
}

/// A whole run in one part; its inputs are told apart by a number.
#[must_use]
pub fn run(inputs: u8, day: Day, files: &[u8], found: Vec<FoundBreak>) -> DayReconciled {
    let totals = RunTotals { payments: 1, lines: 1, matched: 1, matched_amount: Amount::fen(100) };
    DayReconciled {
        wallet: wx(),
        day,
        statements: files.iter().map(|file| Hash::from_bytes([*file; 32])).collect(),
        inputs: Digest::of(&[b"inputs", &[inputs]]),
        part: 0,
        last: true,
        totals,
        found,
        explained: Vec::new(),
        by: String::from("ann"),
    }
}

impl Book {
    /// Records a whole run that finds nothing for each wallet without any run over the day, so that
    /// it may close. A refusal leaves the wallet without.
    pub fn reconcile_rest(&mut self, day: Day) {
        let wallets = self.state.wallets().iter().map(|wallet| wallet.declared.id.clone());
        let rest: Vec<WalletId> =
            wallets.filter(|wallet| self.state.reckoning(wallet, day).is_none()).collect();
        for wallet in rest {
            let empty = DayReconciled { wallet, ..run(0, day, &[], Vec::new()) };
            // A day that has not begun has no runs.
            let _ = self.submit(Fact::DayReconciled(empty));
        }
    }
}

/// A step with a break.
#[must_use]
pub fn work(id: BreakId, by: &str, step: BreakStep) -> Fact {
    Fact::BreakWorked(BreakWorked { id, step, by: String::from(by) })
}

/// An end of this kind, with a cause and a reason.
#[must_use]
pub fn resolution(kind: ResolutionKind) -> Resolution {
    Resolution { kind, root: RootCause::Provider, reason: String::from("they said so") }
}

/// A request to close a day.
#[must_use]
pub fn close(day: Day, by: &str, accepted: &[BreakId]) -> Fact {
    Fact::DayCloseRequested(DayCloseRequested {
        day,
        ends_at: end_of(day),
        accepted: accepted.to_vec(),
        by: String::from(by),
        reason: String::from("month's end"),
    })
}

/// A request to open a day again.
#[must_use]
pub fn reopen(day: Day, by: &str) -> Fact {
    let (by, reason) = (String::from(by), String::from("a line came late"));
    Fact::DayReopenRequested(DayReopenRequested { day, by, reason })
}
