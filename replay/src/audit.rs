//! Checking a whole log: what is stored, what was decided, what is built from it, and whether the
//! files that it tells of are kept beside it.
//!
//! Invariants: a check that could not be made because an earlier one failed is not called passed;
//! every finding names a position or an id; nothing of the log is believed because it was written
//! by us. Views are compared with the state, which is folded from the same log by other code.
//! Deliberately not here: repairs, the signed heads of other machines, and where kept files lie:
//! whoever asks for an audit looks there.

use std::fmt;
use std::ops::ControlFlow;

use duizhang_core::decide::Ruling;
use duizhang_core::event::Chapter;
use duizhang_core::invariant::{Auditor, check};
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_core::state::State;
use duizhang_eventlog::{EventLog, verify};
use duizhang_projections::calendar::Zone;
use duizhang_projections::projection::Projection;
use duizhang_projections::statements::Statements;
use duizhang_projections::views::Views;
use serde::Serialize;

use crate::agreement;
use crate::play::{Contradiction, Progress, book_zone, guarded, play, rule_and_fold};
use crate::rederive::Rederivation;
use crate::spelling;

/// Most findings of one check that are told; a report is read by people.
pub const FINDINGS_MAX: usize = 20;

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be made, because the log could not be played to its end.
    Impossible,
}

impl Outcome {
    /// The word of the report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Impossible => "impossible",
        }
    }
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// What was checked, or what was found.
    pub detail: String,
}

/// What an audit has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// The last position that was there.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// The recorded root over all events, in hexadecimal.
    pub root: String,
    /// All checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

impl AuditReport {
    /// Whether every check passed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.checks.iter().all(|check| check.outcome == Outcome::Passed)
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("Audit up to position {}, root {}\n", self.position, self.root);
        for check in &self.checks {
            let detail = check.detail.replace('\n', "\n              ");
            text += &format!("  {:<10}  {:<11} {detail}\n", check.outcome.word(), check.name);
        }
        let failed = self.checks.iter().filter(|check| check.outcome != Outcome::Passed).count();
        text += &match failed {
            0 => "Every check passed.\n".to_owned(),
            _ => format!("{failed} of {} checks did not pass.\n", self.checks.len()),
        };
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        spelling::document(self)
    }
}

/// What came of looking at kept files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custody {
    /// What is missing or damaged, and what to do about it.
    pub findings: Vec<String>,
    /// What was looked at, where nothing was found.
    pub passed: String,
}

/// Checks the whole log. `progress` is told the stage, the position reached and the last one.
pub fn audit(
    log: &dyn EventLog,
    progress: &mut dyn FnMut(&'static str, Position, Position),
) -> AuditReport {
    report(log, None, progress)
}

/// As [`audit`], and has `custody` look at the files of all statements that the log tells of.
pub fn audit_with(
    log: &dyn EventLog,
    custody: &dyn Fn(&Statements) -> Custody,
    progress: &mut dyn FnMut(&'static str, Position, Position),
) -> AuditReport {
    report(log, Some(custody), progress)
}

fn report(
    log: &dyn EventLog,
    custody: Option<&dyn Fn(&Statements) -> Custody>,
    progress: &mut dyn FnMut(&'static str, Position, Position),
) -> AuditReport {
    let head = log.head();
    let root = head.root.to_string();
    let mut checks = vec![journal(log)];
    checks.push(roots(log, &mut |reached| progress("roots", reached, head.position)));
    let mut told = |reached, end| progress("decisions", reached, end);
    let (played, statements) = played(log, head.position, &mut told);
    checks.extend(played);
    checks.extend(custody.map(|custody| match statements {
        Folded::Whole(statements) => kept(&custody(&statements)),
        // What the rest of the log tells of files nobody knows; what is known is looked at.
        Folded::Part(statements) => match custody(&statements) {
            found if !found.findings.is_empty() => kept(&found),
            _ => impossible(&["custody"], "the log could not be played to its end").remove(0),
        },
    }));
    AuditReport { position: head.position, root, checks }
}

fn kept(custody: &Custody) -> Check {
    of("custody", &custody.findings, &custody.passed)
}

/// The statements that the log tells of, as far as it could be played.
enum Folded {
    Whole(Statements),
    Part(Statements),
}

fn of(name: &'static str, findings: &[String], passed: impl fmt::Display) -> Check {
    if findings.is_empty() {
        return Check { name, outcome: Outcome::Passed, detail: passed.to_string() };
    }
    let mut detail = findings.iter().take(FINDINGS_MAX).cloned().collect::<Vec<_>>().join("\n");
    if findings.len() > FINDINGS_MAX {
        detail += &format!("\nand {} more", findings.len() - FINDINGS_MAX);
    }
    Check { name, outcome: Outcome::Failed, detail }
}

fn journal(log: &dyn EventLog) -> Check {
    // The head is asked first: a log in use may have grown when its journal has been read.
    let head = log.head();
    let findings = match log.recheck_journal() {
        Ok(journal) if journal == head || journal.position > head.position => Vec::new(),
        Ok(journal) if journal.position == head.position => {
            vec![format!("it leads to the root {} and not to {}", journal.root, head.root)]
        }
        Ok(journal) => {
            vec![format!("it ends at position {}, the log at {}", journal.position, head.position)]
        }
        Err(error) => vec![whole(&error)],
    };
    of("journal", &findings, "every frame has its checksum, its link and its root")
}

fn roots(log: &dyn EventLog, progress: &mut dyn FnMut(Position)) -> Check {
    match verify(log, progress) {
        Ok(verified) => of("roots", &[], format!("{} groups hash to theirs", verified.groups)),
        Err(error) => of("roots", &[whole(&error)], ""),
    }
}

/// An error with its sources.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

/// All that is folded in one play.
struct Folds {
    zone: Zone,
    state: State,
    auditor: Auditor,
    views: Views,
    decisions: Rederivation,
}

impl Folds {
    fn take(&mut self, chapter: &Chapter) -> Result<Result<Ruling, Rejection>, Contradiction> {
        let Chapter { position, at, fact, decisions } = chapter;
        // The auditor shares nothing with the rules, so it still speaks where they give up.
        guarded(chapter, || self.auditor.fold(*position, *at, fact, decisions))?;
        let ruling = rule_and_fold(&mut self.state, chapter)?;
        self.decisions.compare(self.zone, chapter, &ruling);
        guarded(chapter, || self.views.fold(chapter))?;
        Ok(ruling)
    }
}

fn played(log: &dyn EventLog, end: Position, progress: &mut Progress<'_>) -> (Vec<Check>, Folded) {
    let zone = match book_zone(log) {
        Ok(zone) => zone,
        Err(error) => {
            let checks = impossible(&["events", "invariants"], &whole(&error));
            return (checks, Folded::Part(Statements::default()));
        }
    };
    let mut folds = Folds {
        zone,
        state: State::new(),
        auditor: Auditor::new(),
        views: Views::default(),
        decisions: Rederivation::begin(Position::START.next(), end),
    };
    let mut contradiction = None;
    let read = play(log, end, progress, &mut |chapter| match folds.take(chapter) {
        Ok(_) => ControlFlow::Continue(()),
        Err(found) => {
            contradiction = Some(found);
            ControlFlow::Break(())
        }
    });
    let mut unread: Vec<String> = read.err().iter().map(|error| whole(error)).collect();
    unread.extend(contradiction.map(|Contradiction { position, why }| {
        format!("the chapter at position {position} contradicts what came before it: {why}")
    }));
    let whole_log = unread.is_empty();
    let mut checks = vec![of("events", &unread, format!("{end} events read and folded"))];
    checks.push(derived(&folds.decisions, whole_log));
    checks.push(invariants(&folds, whole_log));
    checks.push(if whole_log {
        of("views", &agreement::differences(&folds.views, &folds.state), "views equal the state")
    } else {
        impossible(&["views"], "the log could not be played to its end").remove(0)
    });
    let statements = folds.views.statements;
    (checks, if whole_log { Folded::Whole(statements) } else { Folded::Part(statements) })
}

fn impossible(names: &[&'static str], why: &str) -> Vec<Check> {
    let check =
        |name: &&'static str| Check { name, outcome: Outcome::Impossible, detail: why.to_owned() };
    names.iter().map(check).collect()
}

fn derived(found: &Rederivation, whole_log: bool) -> Check {
    let told = found.differences.iter().map(|difference| {
        format!(
            "position {}: recorded: {} derived: {}",
            difference.position, difference.recorded, difference.derived
        )
    });
    let findings: Vec<String> = told.collect();
    if findings.is_empty() && !whole_log {
        let why = format!("only {} decisions could be derived again", found.decisions);
        return impossible(&["decisions"], &why).remove(0);
    }
    of("decisions", &findings, format!("{} decisions derived again", found.decisions))
}

fn invariants(folds: &Folds, whole_log: bool) -> Check {
    let mut violations = folds.auditor.violations().to_vec();
    if whole_log {
        violations.extend(check(&folds.state));
    }
    let findings: Vec<String> = violations.iter().map(ToString::to_string).collect();
    if findings.is_empty() && !whole_log {
        return impossible(&["invariants"], "the log could not be played to its end").remove(0);
    }
    of("invariants", &findings, "the auditor has nothing against the log")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story_book::{log_of, log_of_book, story_of, write_into};
    use duizhang_core::amount::Amount;
    use duizhang_core::closing::Day;
    use duizhang_core::decision::Decision;
    use duizhang_core::fact::Fact;
    use duizhang_core::testing::reckoning::statement;
    use duizhang_core::testing::{Book, history};
    use duizhang_eventlog::disk::{Disk, SimulatedDisk};
    use duizhang_eventlog::{MEMORY_SEGMENT_BYTES, MemoryLog};
    use proptest::prelude::*;

    fn audited(log: &dyn EventLog) -> AuditReport {
        audit(log, &mut |_, _, _| {})
    }

    fn outcome(report: &AuditReport, name: &str) -> (Outcome, String) {
        let found = report.checks.iter().find(|check| check.name == name).expect("it is checked");
        (found.outcome, found.detail.clone())
    }

    fn paid_book() -> Book {
        let mut book = Book::default();
        book.open("shop", "A1", 1_000);
        book.pay(1_000);
        book
    }

    #[test]
    fn an_empty_log_passes_every_check() {
        let report = audited(&MemoryLog::new());
        assert!(report.is_clean(), "{}", report.text());
        assert_eq!(report.position, Position::START);
    }

    #[test]
    fn money_that_was_changed_is_found_by_rules_and_auditor() {
        let mut story = story_of(&paid_book());
        let last = story.last_mut().expect("the payment");
        let place = last.decisions.iter().position(|d| matches!(d, Decision::OrderPaid { .. }));
        let place = place.expect("the order was paid");
        let Decision::OrderPaid { received, .. } = &mut last.decisions[place] else {
            unreachable!("it was just found")
        };
        *received = Amount::fen(999);
        let report = audited(&log_of(&story));
        assert!(!report.is_clean());
        assert_eq!(outcome(&report, "roots").0, Outcome::Passed);
        assert_eq!(outcome(&report, "decisions").0, Outcome::Failed);
        let (found, detail) = outcome(&report, "invariants");
        assert_eq!(found, Outcome::Failed);
        assert!(detail.contains("I-"), "{detail}");
        assert!(report.text().contains("did not pass"), "{}", report.text());
        assert!(report.json().contains("\"outcome\": \"failed\""));
    }

    #[test]
    fn a_log_that_contradicts_itself_ends_in_a_finding() {
        let mut story = story_of(&paid_book());
        let unknown = duizhang_core::id::OrderId::from_bits(1);
        let last = story.last_mut().expect("the payment");
        last.decisions.push(Decision::AmountReleased { order: unknown });
        let report = audited(&log_of(&story));
        let (found, detail) = outcome(&report, "events");
        assert_eq!(found, Outcome::Failed);
        assert!(detail.contains("contradicts what came before it"), "{detail}");
        assert_eq!(outcome(&report, "views").0, Outcome::Impossible);
        assert_eq!(outcome(&report, "decisions").0, Outcome::Impossible);
    }

    #[test]
    fn bytes_that_are_no_event_are_named() {
        let log = log_of_book(&paid_book());
        let mut group = duizhang_eventlog::Group::new(log.head().time);
        group.push(&[0xff, 0xff]).expect("fits");
        EventLog::append(&log, &group).expect("a healthy disk");
        let report = audited(&log);
        let (found, detail) = outcome(&report, "events");
        assert_eq!(found, Outcome::Failed);
        assert!(detail.contains(&log.head().position.to_string()), "{detail}");
    }

    #[test]
    fn a_changed_byte_in_the_journal_is_found_while_the_store_still_reads() {
        let disk = SimulatedDisk::new();
        let log = MemoryLog::open(&disk, MEMORY_SEGMENT_BYTES).expect("a healthy disk");
        write_into(&log, &story_of(&paid_book()));
        let names = disk.list().expect("a healthy disk");
        let segment = names.iter().find(|name| name.ends_with(".segment"));
        // The frames begin behind a block of one page; this lies in the events of the first.
        let flip = |bytes: &mut Vec<u8>| bytes[4_096 + 200] ^= 1;
        disk.damage(segment.expect("the journal has a segment"), flip);
        let report = audited(&log);
        assert_eq!(outcome(&report, "journal").0, Outcome::Failed);
        assert_eq!(outcome(&report, "decisions").0, Outcome::Passed);
    }

    #[test]
    fn a_view_that_lost_something_does_not_agree() {
        let book = paid_book();
        let mut views = Views::default();
        let story = story_of(&book);
        let (_, but_last) = story.split_last().expect("a story");
        but_last.iter().for_each(|chapter| views.fold(chapter));
        let found = agreement::differences(&views, &book.state).join("\n");
        for expected in ["views end at", "stands otherwise in the views", "pending callbacks"] {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn kept_files_are_looked_at_for_every_statement_of_the_log() {
        let mut book = paid_book();
        for number in [1, 2] {
            let kept = statement(number, Day::new(i32::from(number)));
            book.must(Fact::StatementKept(kept));
        }
        let look = |findings: &[&str]| {
            let findings: Vec<String> = findings.iter().map(|text| (*text).to_owned()).collect();
            move |statements: &Statements| {
                let passed = format!("{} files", statements.iter().count());
                Custody { findings: findings.clone(), passed }
            }
        };
        let log = log_of_book(&book);
        let whole = audit_with(&log, &look(&[]), &mut |_, _, _| {});
        assert_eq!(outcome(&whole, "custody"), (Outcome::Passed, "2 files".to_owned()));
        let lacking = audit_with(&log, &look(&["a is gone", "b is gone"]), &mut |_, _, _| {});
        assert!(!lacking.is_clean());
        assert_eq!(outcome(&lacking, "custody").1, "a is gone\nb is gone");
        assert!(audited(&log).checks.iter().all(|check| check.name != "custody"));

        // Where the log cannot be read to its end, files that are known are looked at all the same.
        let mut group = duizhang_eventlog::Group::new(log.head().time);
        group.push(&[0xff, 0xff]).expect("fits");
        EventLog::append(&log, &group).expect("a healthy disk");
        let cut = audit_with(&log, &look(&[]), &mut |_, _, _| {});
        assert_eq!(outcome(&cut, "custody").0, Outcome::Impossible);
        let cut = audit_with(&log, &look(&["a is gone"]), &mut |_, _, _| {});
        assert_eq!(outcome(&cut, "custody"), (Outcome::Failed, "a is gone".to_owned()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn whatever_the_rules_decide_passes(steps in history(60)) {
            let mut book = Book::default();
            book.play(&steps);
            let report = audited(&log_of_book(&book));
            prop_assert!(report.is_clean(), "{}", report.text());
        }
    }
}
