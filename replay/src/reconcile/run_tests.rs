//! Runs as the rules take them: what becomes a break, what ends one, parts, and repeats.

use chrono::NaiveDate;
use duizhang_core::breaks::{
    BreakCode, BreakRecord, BreakStep, BreakWorked, DayReconciled, Direction, Ending, Resolution,
    ResolutionKind, RootCause, Subject,
};
use duizhang_core::channel::Channel;
use duizhang_core::decide::Ruling;
use duizhang_core::decision::Decision;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, PaymentId, WalletId};
use duizhang_core::limits::{BREAKS_PER_PART_MAX, GONE_PER_PART_MAX};
use duizhang_core::merkle::Hash;
use duizhang_core::statement::{Line, LineKind};
use duizhang_core::testing::{Book, reckoning};
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::calendar::day_of_date;
use proptest::prelude::*;

use super::tests::{EVER, WALLET, book, line, open, pay, send_back, today, zone};
use super::*;
use crate::story_book::log_of_book;

fn hash(number: u8) -> Hash {
    Hash::from_bytes([number; 32])
}

fn wallet() -> WalletId {
    WalletId::new(WALLET).expect("a name")
}

/// A file of a day, told apart by a number, and what is known of it.
pub(super) fn stated(number: u8, day: NaiveDate, lines: Vec<Line>) -> (StatementLines, Paper) {
    let file = FileLine {
        name: format!("file {number}"),
        sha256: hash(number).to_string(),
        wallet: WALLET.into(),
        layout: "wechat-personal".into(),
        lines: lines.len(),
        rejected: 0,
        proof: "hold".into(),
        findings: Vec::new(),
    };
    let (from, to) = (zone().start_of(day), zone().end_of(day));
    let day = day_of_date(day);
    let paper = Paper {
        statement: hash(number),
        wallet: wallet(),
        first: day,
        last: day,
        wrong: None,
        rejected: Vec::new(),
        superseded: false,
    };
    let channel = Channel::Wechat;
    (StatementLines { wallet: wallet(), channel, file, from, to, whole: true, lines }, paper)
}

/// Keeps the files, and computes the runs of a day over them.
fn computed(book: &mut Book, day: NaiveDate, files: &[(StatementLines, Paper)]) -> Vec<Run> {
    for (_, paper) in files {
        let kept = reckoning::statement(paper.statement.bytes()[0], paper.first);
        book.submit(Fact::StatementKept(kept)).expect("a declared wallet's file");
    }
    runs_of(book, day, files)
}

pub(super) fn runs_of(book: &Book, day: NaiveDate, files: &[(StatementLines, Paper)]) -> Vec<Run> {
    let (lines, papers): (Vec<_>, Vec<_>) = files.iter().cloned().unzip();
    let log = log_of_book(book);
    let compared = compare_day(&log, day, lines, EVER, &mut |_, _| {}).expect("a readable log");
    let open: Vec<OpenBreak> = book
        .state
        .breaks()
        .filter(|(_, record)| record.is_open())
        .map(|(id, record)| OpenBreak {
            id,
            wallet: record.wallet.clone(),
            day: record.day,
            subject: record.found.subject.clone(),
        })
        .collect();
    compared.runs(&papers, &open, "ann")
}

/// Records a run to its end, and returns how many facts that took.
pub(super) fn record(book: &mut Book, runs: Vec<Run>) -> usize {
    let mut facts = 0;
    for run in runs {
        let mut parts = run.parts.into_iter();
        let mut next = parts.next();
        while let Some(part) = next {
            let whole = match book.submit(Fact::DayReconciled(part.clone())) {
                Ok(Ruling::Decided(decisions)) => {
                    facts += 1;
                    decisions.iter().any(|one| matches!(one, Decision::DayReckoned { .. }))
                }
                Ok(Ruling::Repeat(_)) => true,
                Err(refusal) => panic!("{refusal}"),
            };
            next = parts.next().or((!whole && part.last).then(|| Run::once_more(&part)));
        }
    }
    facts
}

pub(super) fn reconcile_day(
    book: &mut Book,
    day: NaiveDate,
    files: &[(StatementLines, Paper)],
) -> usize {
    let runs = computed(book, day, files);
    record(book, runs)
}

/// The open breaks: their codes and amounts, by code.
pub(super) fn standing(book: &Book) -> Vec<(&'static str, i64)> {
    let open = book.state.breaks().filter(|(_, record)| record.is_open());
    let mut open: Vec<_> = open
        .map(|(_, record)| (record.found.code.letters(), record.found.amount.minor()))
        .collect();
    open.sort_unstable();
    open
}

pub(super) fn only(book: &Book) -> (BreakId, &BreakRecord) {
    let mut open = book.state.breaks().filter(|(_, record)| record.is_open());
    let first = open.next().expect("one is open");
    assert!(open.next().is_none(), "{:?}", standing(book));
    first
}

fn payment_of(book: &Book) -> PaymentId {
    let decisions = book.log.iter().flat_map(|entry| &entry.decisions);
    let mut observed = decisions.filter_map(|decision| match decision {
        Decision::PaymentObserved { payment, .. } => Some(*payment),
        _ => None,
    });
    observed.next_back().expect("somebody paid")
}

#[test]
fn a_day_that_agrees_is_one_part_with_nothing_in_it_and_the_same_again_a_repeat() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    let files = [stated(1, today(), vec![line(1, 1_000, paid)])];
    let runs = computed(&mut book, today(), &files);
    let [Run { parts }] = &runs[..] else { panic!("{runs:?}") };
    let [part] = &parts[..] else { panic!("{parts:?}") };
    let DayReconciled { totals, found, explained, last, .. } = part;
    assert_eq!((found.len(), explained.len(), *last), (0, 0, true));
    let counts = (totals.payments, totals.lines, totals.matched, totals.matched_amount.minor());
    assert_eq!(counts, (1, 1, 1, 1_000));
    assert_eq!(record(&mut book, runs.clone()), 1);
    // The head has moved and an order was made; what went in has not changed.
    open(&mut book, "A2", 2_000);
    let again = runs_of(&book, today(), &files);
    assert_eq!(again, runs);
    let ruling = book.submit(Fact::DayReconciled(again[0].parts[0].clone()));
    assert!(matches!(ruling, Ok(Ruling::Repeat(_))), "{ruling:?}");
    // More money is another input.
    book.pay(3_000);
    assert_ne!(runs_of(&book, today(), &files)[0].parts[0].inputs, runs[0].parts[0].inputs);
}

#[test]
fn without_a_file_of_the_day_there_is_no_run() {
    let mut book = book();
    pay(&mut book, 1_000);
    let next = today().succ_opt().expect("a day");
    let before = today().pred_opt().expect("a day");
    assert_eq!(computed(&mut book, today(), &[]), []);
    book.at = book.at.plus(Span::from_hours(24));
    let near = [stated(1, before, Vec::new()), stated(2, next, Vec::new())];
    assert_eq!(computed(&mut book, today(), &near), []);
}

#[test]
fn findings_become_breaks_with_subject_amount_and_the_other_side() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    open(&mut book, "A2", 2_000);
    let paid = pay(&mut book, 1_000);
    pay(&mut book, 2_000);
    let missing = payment_of(&book);
    let named = Line { merchant_no: Some("A1".into()), ..line(1, 1_234, paid) };
    let stray = line(2, 777, paid.plus(Span::from_hours(1)));
    let files = [stated(1, today(), vec![named, stray])];
    reconcile_day(&mut book, today(), &files);
    assert_eq!(standing(&book), [("M01", 234), ("T03", 2_000), ("U02", 777)]);
    let found = |code: BreakCode| {
        let mut all = book.state.breaks().map(|(_, record)| &record.found);
        all.find(|found| found.code == code).expect("it was found")
    };
    assert_eq!(found(BreakCode::OverdueStatement).subject, Subject::Payment(missing));
    let serial = |number: u32| Subject::Line { serial: format!("4200{number:08}") };
    assert_eq!(found(BreakCode::AmountOver).related, [serial(1)]);
    let stray = found(BreakCode::OrphanPayment);
    assert_eq!((&stray.subject, stray.direction), (&serial(2), Direction::In));
}

#[test]
fn a_refund_larger_than_ours_is_money_that_left() {
    let mut book = book();
    let order = open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    send_back(&mut book, order, 400);
    let named = |line: Line| Line { merchant_no: Some("A1".into()), ..line };
    let back = named(Line { kind: LineKind::RefundOut, ..line(2, 500, book.at) });
    let files = [stated(1, today(), vec![named(line(1, 1_000, paid)), back])];
    reconcile_day(&mut book, today(), &files);
    let (_, record) = only(&book);
    assert_eq!(standing(&book), [("M02", 100)]);
    assert_eq!(record.found.direction, Direction::Out);
    assert!(matches!(record.found.subject, Subject::Refund(_)), "{record:?}");
}

#[test]
fn money_that_waits_ends_with_the_line_that_the_next_day_brings() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    book.at = zone().end_of(today()).minus(Span::from_secs(65));
    open(&mut book, "A2", 2_000);
    let paid = pay(&mut book, 2_000);
    let payment = payment_of(&book);
    let next = today().succ_opt().expect("a day");
    book.at = zone().end_of(next);
    reconcile_day(&mut book, today(), &[stated(1, today(), Vec::new())]);
    assert_eq!(standing(&book), [("T01", 2_000)]);
    let (id, record) = only(&book);
    assert_eq!(record.found.subject, Subject::Payment(payment));
    assert!(!needs_a_person(record.found.code));
    // The channel counts it seconds later, after midnight, under our number.
    let late = line(7, 2_000, paid.plus(Span::from_secs(6)));
    let late = Line { merchant_no: Some("A2".into()), ..late };
    let files = [stated(1, today(), Vec::new()), stated(2, next, vec![late.clone()])];
    reconcile_day(&mut book, next, &files);
    let last = book.log.last().expect("the run").decisions.clone();
    let ending = Ending::LateArrival { by: Subject::Line { serial: late.serial } };
    assert!(last.contains(&Decision::BreakResolved { id, ending }), "{last:?}");
    assert_eq!(standing(&book), []);
    // Its own day, with what is known by now, has nothing to add.
    reconcile_day(&mut book, today(), &files);
    assert_eq!(standing(&book), []);
}

#[test]
fn a_difference_over_midnight_is_found_by_the_runs_of_both_days() {
    let mut book = book();
    book.at = zone().end_of(today()).minus(Span::from_secs(65));
    open(&mut book, "A2", 2_000);
    let paid = pay(&mut book, 2_000);
    let next = today().succ_opt().expect("a day");
    book.at = zone().end_of(next);
    let less = line(7, 1_500, paid.plus(Span::from_secs(6)));
    let less = Line { merchant_no: Some("A2".into()), ..less };
    let files = [stated(1, today(), Vec::new()), stated(2, next, vec![less])];
    reconcile_day(&mut book, next, &files);
    assert_eq!(standing(&book), [("M02", 500)]);
    assert_eq!(reconcile_day(&mut book, today(), &files), 1);
    assert_eq!(standing(&book), [("M02", 500)], "its own day does not find it gone");
    assert_eq!(reconcile_day(&mut book, next, &files), 0, "a repeat");
}

#[test]
fn a_pair_to_confirm_is_a_break_that_a_person_ends_for_good() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    let early = line(1, 1_000, paid.minus(Span::from_mins(5)));
    let far = line(1, 1_000, paid.minus(Span::from_hours(5)));
    for (row, code) in [(early, "M08"), (far, "M09")] {
        let mut book = book.clone();
        reconcile_day(&mut book, today(), &[stated(1, today(), vec![row.clone()])]);
        assert_eq!(standing(&book), [(code, 1_000)]);
        let (id, record) = only(&book);
        assert_eq!(record.found.related, [Subject::Line { serial: row.serial.clone() }]);
        let (kind, root) = (ResolutionKind::Matched, RootCause::Timing);
        let step = BreakStep::Resolve(Resolution { kind, root, reason: "the same".into() });
        book.must(Fact::BreakWorked(BreakWorked { id, by: "li".into(), step }));
        // A second export finds the same; the person's word stands.
        let files = [stated(1, today(), vec![row.clone()]), stated(2, today(), Vec::new())];
        reconcile_day(&mut book, today(), &files);
        assert_eq!(standing(&book), []);
    }
}

#[test]
fn files_that_do_not_add_up_are_breaks_until_a_better_one_is_there() {
    let mut book = book();
    let (lines, paper) = stated(1, today(), Vec::new());
    let bad = Paper { wrong: Some(BreakCode::FileTotals), rejected: vec![12, 14], ..paper };
    reconcile_day(&mut book, today(), &[(lines.clone(), bad.clone())]);
    assert_eq!(standing(&book), [("F03", 0), ("F04", 0), ("F04", 0)]);
    let old = Paper { superseded: true, ..bad };
    reconcile_day(&mut book, today(), &[(lines, old), stated(2, today(), Vec::new())]);
    assert_eq!(standing(&book), []);
}

#[test]
fn rows_that_share_a_serial_or_have_none_are_told_apart_by_their_place() {
    let mut book = book();
    let at = book.at;
    let payment = line(1, 1_000, at);
    let back = Line { kind: LineKind::RefundOut, number: 2, ..line(1, 1_000, at) };
    let bare = Line { serial: String::new(), ..line(3, 300, at) };
    let long = Line { serial: "9".repeat(200), ..line(4, 400, at) };
    let files = [stated(1, today(), vec![payment.clone(), back, bare, long])];
    reconcile_day(&mut book, today(), &files);
    let mut subjects: Vec<&Subject> =
        book.state.breaks().map(|(_, record)| &record.found.subject).collect();
    subjects.sort();
    let row = |number: u32| Subject::Row { statement: hash(1), number };
    let expected = [Subject::Line { serial: payment.serial }, row(2), row(3), row(4)];
    assert_eq!(subjects, expected.iter().collect::<Vec<_>>());
}

/// So many strangers' lines, seconds apart.
fn strangers(count: u32, at: Timestamp) -> Vec<Line> {
    let numbers = (1..).take(usize::try_from(count).expect("small"));
    numbers.map(|number| line(number, 100, at.plus(Span::from_secs(u64::from(number))))).collect()
}

#[test]
fn a_run_of_a_thousand_breaks_comes_in_parts_and_goes_in_parts() {
    let mut book = book();
    let many = [stated(1, today(), strangers(1_000, book.at))];
    let runs = computed(&mut book, today(), &many);
    let parts = &runs[0].parts;
    assert_eq!(parts.len(), 1_000_usize.div_ceil(BREAKS_PER_PART_MAX));
    for (number, part) in (0_u32..).zip(parts) {
        let is_last = usize::try_from(number) == Ok(parts.len() - 1);
        assert_eq!((part.part, part.last), (number, is_last));
        assert!(part.found.len() <= BREAKS_PER_PART_MAX);
        assert_eq!(part.inputs, parts[0].inputs);
    }
    // One that broke off is taken up where it was; what is there is a repeat.
    for part in &parts[..3] {
        book.must(Fact::DayReconciled(part.clone()));
    }
    for part in parts {
        let ruling = book.submit(Fact::DayReconciled(part.clone())).expect("no refusal");
        assert_eq!(matches!(ruling, Ruling::Repeat(_)), part.part < 3);
    }
    assert_eq!(standing(&book).len(), 1_000);
    // A file that has none of it any more, and a run that ends them 512 at a time.
    let none = [stated(2, today(), Vec::new())];
    assert_eq!(reconcile_day(&mut book, today(), &none), 1_000_usize.div_ceil(GONE_PER_PART_MAX));
    assert_eq!(standing(&book), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever came and whatever the files say: the rules take the run, the same again changes
    /// nothing, and the order of files does not count.
    #[test]
    fn the_rules_take_every_run_once(
        paid in prop::collection::vec((1_i64..6, 0_u64..30), 0..10),
        stated_rows in prop::collection::vec((1_i64..6, 0_u64..30, 0_usize..3), 0..12),
    ) {
        let mut book = book();
        let noon = book.at;
        let mut paid = paid;
        paid.sort_by_key(|(_, minute)| *minute);
        for (place, (minor, minute)) in paid.into_iter().enumerate() {
            book.at = noon.plus(Span::from_mins(minute));
            if place % 2 == 0 {
                open(&mut book, &format!("N{place}"), minor * 100);
            }
            book.pay(minor * 100);
        }
        let mut files = [Vec::new(), Vec::new()];
        for (number, (minor, minute, file)) in (1..).zip(stated_rows) {
            let row = line(number, minor * 100, noon.plus(Span::from_mins(minute)));
            // What both files have is told again, and was made into one before.
            files[file % 2].push(row);
        }
        let [one, two] = files;
        let files = [stated(1, today(), one), stated(2, today(), two)];
        let runs = computed(&mut book, today(), &files);
        record(&mut book, runs.clone());
        let (events, left) = (book.log.len(), standing(&book).len());
        for part in runs.iter().flat_map(|run| &run.parts) {
            let ruling = book.submit(Fact::DayReconciled(part.clone())).expect("no refusal");
            prop_assert!(matches!(ruling, Ruling::Repeat(_)));
        }
        prop_assert_eq!((events, left), (book.log.len(), standing(&book).len()));
        let [one, two] = files;
        let turned = runs_of(&book, today(), &[two, one]);
        for (run, turned) in runs.iter().zip(&turned) {
            prop_assert_eq!(run.parts[0].inputs, turned.parts[0].inputs);
        }
        prop_assert!(book.violations().is_empty());
    }
}
