//! The largest run, break step and closing that the rules take fit into one event each.
//!
//! Invariants: every length here is a limit of the core; a limit that grows fails here first.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::breaks::{
    BreakCode, BreakStep, BreakWorked, DayReconciled, Direction, Explained, FoundBreak, Resolution,
    ResolutionKind, RootCause, RunTotals, Subject,
};
use duizhang_core::closing::{Day, DayCloseRequested};
use duizhang_core::digest::Digest;
use duizhang_core::event::Event;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, NAME_BYTES_MAX, WalletId};
use duizhang_core::limits::{
    ACCEPTED_MAX, BREAKS_PER_PART_MAX, EXPLAINED_PER_PART_MAX, NOTE_BYTES_MAX, REFERENCE_BYTES_MAX,
    RELATED_MAX, RUN_PARTS_MAX, STATEMENTS_PER_RUN_MAX,
};
use duizhang_core::merkle::Hash;
use duizhang_core::time::Timestamp;
use duizhang_eventlog::EVENT_BYTES_MAX;
use duizhang_eventlog::codec;

fn bytes_of(fact: Fact) -> usize {
    let mut bytes = Vec::new();
    codec::encode(&Event::Fact { at: Timestamp::MAX, fact }, &mut bytes).expect("it encodes");
    bytes.len()
}

fn note() -> String {
    "x".repeat(NOTE_BYTES_MAX)
}

#[test]
fn the_largest_facts_of_reconciliation_fit_into_one_event() {
    let line = Subject::Line { serial: "9".repeat(REFERENCE_BYTES_MAX) };
    let id = BreakId::from_bits(u128::MAX);
    let amount = Amount::from_minor(i64::MAX, Currency::Cny);
    let found = FoundBreak {
        subject: line.clone(),
        code: BreakCode::ProofBad,
        direction: Direction::Control,
        amount,
        related: vec![line.clone(); RELATED_MAX],
    };
    let most = u64::MAX;
    let run = DayReconciled {
        wallet: WalletId::new(&"w".repeat(NAME_BYTES_MAX)).expect("a name"),
        day: Day::new(i32::MAX),
        statements: vec![Hash::from_bytes([0xff; 32]); STATEMENTS_PER_RUN_MAX],
        inputs: Digest::of(&[]),
        part: RUN_PARTS_MAX,
        last: true,
        totals: RunTotals { payments: most, lines: most, matched: most, matched_amount: amount },
        found: vec![found; BREAKS_PER_PART_MAX],
        explained: vec![Explained { id, by: line }; EXPLAINED_PER_PART_MAX],
        by: note(),
    };
    let run = bytes_of(Fact::DayReconciled(run));
    let (kind, root) = (ResolutionKind::Forced, RootCause::Unknown);
    let step = BreakStep::Propose(Resolution { kind, root, reason: note() });
    let worked = bytes_of(Fact::BreakWorked(BreakWorked { id, step, by: note() }));
    let request = DayCloseRequested {
        day: Day::new(i32::MAX),
        ends_at: Timestamp::MAX,
        accepted: vec![id; ACCEPTED_MAX],
        by: note(),
        reason: note(),
    };
    let close = bytes_of(Fact::DayCloseRequested(request));
    let all = [run, worked, close];
    assert!(all.iter().all(|bytes| *bytes <= EVENT_BYTES_MAX), "{all:?}");
    assert!(run > EVENT_BYTES_MAX / 2, "the limit of a part is about an event: {run}");
}
