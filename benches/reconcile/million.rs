//! A million payments against a million lines, read from two files, in a process of its own so
//! that its peak of memory is nobody else's.
//!
//! Invariants: every planted break is found and none is invented, and the checker agrees; the
//! bench fails otherwise.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use duizhang_core::breaks::BreakCode;
use duizhang_core::reconciliation::{
    Class, DayBounds, Finding, Handling, Outcome, Terms, check, reconcile,
};
use duizhang_core::time::Timestamp;

use crate::files::{self, Fate, MIDNIGHT, arrived, fate};

const DAY: DayBounds = DayBounds {
    before: Timestamp::from_secs(MIDNIGHT - 86_400),
    start: Timestamp::from_secs(MIDNIGHT),
    end: Timestamp::from_secs(MIDNIGHT + 86_400),
    after: Timestamp::from_secs(MIDNIGHT + 172_800),
};

/// Writes the files and measures in a child process.
pub(crate) fn report(count: u64, keep: Option<PathBuf>) {
    let scratch = tempfile::tempdir().expect("a folder for the files");
    let folder = keep.unwrap_or_else(|| scratch.path().to_owned());
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    files::write(&folder, count).expect("the files can be written");
    let program = std::env::current_exe().expect("the bench knows itself");
    let status = Command::new(program).arg("--verify").arg(&folder).status();
    assert!(status.expect("the bench starts itself").success(), "the measured run failed");
}

/// What the measured process does in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Checks the outcome, and compares it with what was planted.
    Verified,
    /// Nothing more, as beside other programs.
    Bare,
}

/// Reads, reconciles, reports.
pub(crate) fn measure(folder: &Path, ending: Ending) {
    let start = Instant::now();
    let (payments, mut lines) = std::thread::scope(|scope| {
        let ours = scope.spawn(|| files::payments(folder));
        let lines = files::lines(folder);
        (ours.join().expect("the payments are readable"), lines)
    });
    let read = start.elapsed();
    for wallet in 0..4 {
        lines.cover(wallet, DAY.before, DAY.after);
    }
    let terms = Terms::default();
    let outcome = reconcile(&payments, &lines, &terms, &DAY);
    let whole = start.elapsed();
    println!(
        "{} payments against {} lines: read {} ms, reconciled {} ms, together {} ms, peak {} MB",
        payments.len(),
        lines.len(),
        read.as_millis(),
        (whole - read).as_millis(),
        whole.as_millis(),
        peak_kilobytes() / 1_024
    );
    if ending == Ending::Bare {
        return;
    }
    let start = Instant::now();
    assert_eq!(check(&payments, &lines, &terms, &outcome), [], "the checker agrees");
    println!("the checker: {} ms, no flaw", start.elapsed().as_millis());
    planted(&outcome);
}

/// The most memory that this process ever had in use.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

type Verdict = (Class, Option<BreakCode>);

fn expected(fate: Fate) -> Verdict {
    match fate {
        Fate::Whole | Fate::Bare => (Class::Matched, None),
        Fate::Lost => (Class::OnlyChannel, Some(BreakCode::OrphanPayment)),
        Fate::Phantom => (Class::OnlyOurs, Some(BreakCode::OverdueStatement)),
        Fate::Over => (Class::AmountDiffers, Some(BreakCode::AmountOver)),
        Fate::Under => (Class::AmountDiffers, Some(BreakCode::AmountUnder)),
        Fate::Doubled => (Class::DuplicateLine, Some(BreakCode::DuplicateLine)),
        Fate::Elsewhere => (Class::DataDiffers, Some(BreakCode::Data)),
        Fate::Twin => (Class::Ambiguous, None),
    }
}

fn planted(outcome: &Outcome) {
    let lines_lost = |number: &u64| fate(*number) != Fate::Lost;
    // The count follows from the payments: of each thousand one is lost.
    let there = u64::try_from(outcome.payments.len()).expect("counts fit");
    let count = (there..).find(|count| count - (count + 998) / 1_000 == there).expect("a count");
    let ours = (0..count).map(|place| arrived(place, count)).filter(lines_lost);
    let mut breaks = 0_u64;
    for (number, finding) in ours.zip(&outcome.payments) {
        let fate = if fate(number) == Fate::Doubled { Fate::Whole } else { fate(number) };
        breaks += u64::from(agrees(number, fate, finding));
    }
    let theirs = (0..count).filter(|number| fate(*number) != Fate::Phantom);
    let mut findings = outcome.lines.iter();
    for number in theirs {
        let first = if fate(number) == Fate::Doubled { Fate::Whole } else { fate(number) };
        breaks += u64::from(agrees(number, first, findings.next().expect("a line each")));
        if fate(number) == Fate::Doubled {
            let copy = findings.next().expect("the copy follows");
            breaks += u64::from(agrees(number, Fate::Doubled, copy));
        }
    }
    assert_eq!(findings.next(), None, "no line is left");
    let automatic =
        outcome.pairs.iter().filter(|pair| pair.handling == Handling::Automatic).count();
    println!(
        "{breaks} findings of planted breaks, all found, none invented; {automatic} automatic"
    );
}

/// Whether the finding is of a break. It must be the planted one, or none.
fn agrees(number: u64, fate: Fate, finding: &Finding) -> bool {
    let (class, code) = expected(fate);
    assert_eq!(finding.class, class, "payment {number}, {fate:?}");
    assert!(fate == Fate::Twin || finding.code == code, "payment {number}, {fate:?}: {finding:?}");
    finding.class != Class::Matched
}
