//! Samples of statements, runs, breaks and closed days.
//!
//! Invariants: as for the other samples: none changes after its golden file was released.

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{
    BreakCode, BreakState, BreakStep, BreakWorked, DayReconciled, Direction, Ending, Explained,
    FoundBreak, LineTaken, ProofOutcome, Resolution, ResolutionKind, RootCause, RunTotals,
    StatementKept, Subject, TermsActivated, WaitingFor,
};
use duizhang_core::closing::{Day, DayCloseRequested, DayReopenRequested};
use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, MovementId, RefundId};
use duizhang_core::merkle::Hash;
use duizhang_core::reconciliation::BookTerms;
use duizhang_core::time::Span;

use crate::samples::{Samples, at, order, payment, person, wallet};

const DAY: Day = Day::new(20_778);

fn id() -> BreakId {
    BreakId::from_bits(0x0f1e_2d3c_4b5a_6978_8796_a5b4_c3d2_e1f0)
}

fn file() -> Hash {
    Hash::from_bytes([0xab; 32])
}

fn found(code: BreakCode) -> FoundBreak {
    FoundBreak {
        subject: Subject::Line { serial: String::from("4200002026112100001") },
        code,
        direction: code.direction().unwrap_or(Direction::Out),
        amount: Amount::fen(65_536),
        related: vec![
            Subject::Payment(payment()),
            Subject::Order(order()),
            Subject::Refund(RefundId::from_bits(1)),
            Subject::Row { statement: file(), number: 17 },
        ],
    }
}

fn resolution(kind: ResolutionKind, root: RootCause) -> Resolution {
    Resolution { kind, root, reason: String::from("渠道已确认") }
}

pub(crate) fn reckoning_facts(all: &mut Samples) {
    for proof in [ProofOutcome::Proven, ProofOutcome::Doubtful, ProofOutcome::Failed] {
        let kept = StatementKept {
            statement: file(),
            wallet: wallet(),
            layout: String::from("wechat-merchant-27"),
            first: DAY,
            last: DAY.next(),
            lines: 300,
            rejected: 1,
            gross_in: Amount::fen(130_238),
            gross_out: Amount::fen(0),
            proof,
            by: person(),
        };
        let name = format!("statement-kept-{}", proof.word());
        all.fact(&name, 1_800_000_000, Fact::StatementKept(kept));
    }
    let totals =
        RunTotals { payments: 301, lines: 300, matched: 299, matched_amount: Amount::fen(130_000) };
    let run = DayReconciled {
        wallet: wallet(),
        day: DAY,
        statements: vec![file()],
        inputs: Digest::of(&[b"inputs"]),
        part: 0,
        last: true,
        totals,
        found: BreakCode::ALL.map(found).to_vec(),
        explained: [Subject::Day, Subject::Statement(file())]
            .map(|by| Explained { id: id(), by })
            .to_vec(),
        by: person(),
    };
    all.fact("day-reconciled", 1_800_000_001, Fact::DayReconciled(run));
    work(all);
    let reason = String::from("月结");
    let request = DayCloseRequested {
        day: DAY,
        ends_at: at(1_795_276_800),
        accepted: vec![id()],
        by: person(),
        reason: reason.clone(),
    };
    all.fact("day-close-requested", 1_800_000_003, Fact::DayCloseRequested(request));
    let request = DayReopenRequested { day: DAY, by: person(), reason };
    all.fact("day-reopen-requested", 1_800_000_004, Fact::DayReopenRequested(request));
    let number = Some(String::from("A-1"));
    let (paid_at, reason) = (at(1_795_200_000), String::from("手机没电"));
    let taken = LineTaken { id: id(), paid_at, number, by: person(), reason };
    all.fact("line-taken", 1_800_000_005, Fact::LineTaken(taken));
    let terms = BookTerms {
        delay: Span::from_mins(30),
        skew: Span::from_secs(60),
        rounding: 1,
        fee_rounding: 2,
        parts_max: 3,
    };
    let activated = TermsActivated { terms, by: person() };
    all.fact("terms-activated", 1_800_000_006, Fact::TermsActivated(activated));
}

fn work(all: &mut Samples) {
    let reason = || String::from("再问");
    let mut steps = vec![
        ("assign", BreakStep::Assign { to: person() }),
        ("comment", BreakStep::Comment { text: reason() }),
        ("approve", BreakStep::Approve),
        ("refuse", BreakStep::Refuse { reason: reason() }),
        ("reopen", BreakStep::Reopen { reason: reason() }),
        ("resolve", BreakStep::Resolve(resolution(ResolutionKind::NotABreak, RootCause::Timing))),
    ];
    let waits =
        [WaitingFor::Provider, WaitingFor::Payer, WaitingFor::Statement, WaitingFor::Approval];
    steps.extend(waits.map(|on| (on.word(), BreakStep::Wait { on })));
    let kinds = [
        (ResolutionKind::Matched, RootCause::Timing),
        (ResolutionKind::Split, RootCause::Provider),
        (ResolutionKind::Refunded, RootCause::Payer),
        (ResolutionKind::Claimed, RootCause::Merchant),
        (ResolutionKind::Adjusted, RootCause::Us),
        (ResolutionKind::WrittenOff, RootCause::Unknown),
        (ResolutionKind::Duplicate, RootCause::Unknown),
        (ResolutionKind::Forced, RootCause::Unknown),
    ];
    let proposed = |(kind, root): (ResolutionKind, RootCause)| {
        (kind.word(), BreakStep::Propose(resolution(kind, root)))
    };
    steps.extend(kinds.map(proposed));
    for (name, step) in steps {
        let worked = BreakWorked { id: id(), step, by: person() };
        all.fact(&format!("break-worked-{name}"), 1_800_000_002, Fact::BreakWorked(worked));
    }
}

pub(crate) fn reckoning_decisions(all: &mut Samples) {
    let (id, booked) = (id(), DAY.next());
    let found = found(BreakCode::AmountUnder);
    let (wallet, day) = (wallet(), DAY);
    let opened =
        Decision::BreakOpened { id, wallet: wallet.clone(), day, booked, found: found.clone() };
    all.decision("break-opened", opened);
    all.decision("break-reclassified", Decision::BreakReclassified { id, booked, found });
    all.decision("break-reopened", Decision::BreakReopened { id, booked });
    for to in [
        BreakState::Open,
        BreakState::Assigned,
        BreakState::Waiting(WaitingFor::Statement),
        BreakState::Proposed,
        BreakState::Resolved,
        BreakState::Reopened,
    ] {
        let name = format!("break-moved-{}", to.word());
        all.decision(&name, Decision::BreakMoved { id, to });
    }
    let (kind, root) = (ResolutionKind::WrittenOff, RootCause::Payer);
    for ending in [
        Ending::Person { kind, root },
        Ending::LateArrival { by: Subject::Payment(payment()) },
        Ending::NoLongerFound,
        Ending::Matched { order: order() },
        Ending::Dismissed,
        Ending::TakenIn { payment: payment() },
    ] {
        let name = format!("break-resolved-{}", ending.word());
        all.decision(&name, Decision::BreakResolved { id, ending });
    }
    let ending = Ending::LateArrival { by: Subject::Movement(MovementId::from_bits(2)) };
    all.decision("break-resolved-by-movement", Decision::BreakResolved { id, ending });
    all.decision("day-reckoned", Decision::DayReckoned { wallet, day });
    all.decision("day-closed", Decision::DayClosed { day });
    all.decision("day-reopen-proposed", Decision::DayReopenProposed { day });
    all.decision("day-reopened", Decision::DayReopened { day });
}
