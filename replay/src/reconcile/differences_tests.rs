//! How the report tells a break that the log has: its code, its day, its id, and when it was found.

use duizhang_core::breaks::BreakCode;
use duizhang_core::statement::{Line, LineKind};
use duizhang_core::testing::{Book, reckoning};
use duizhang_core::time::Span;
use duizhang_projections::calendar::day_of_date;

use super::fixture::EVER;
use super::run_tests::{only, reconcile_day, standing, stated};
use super::tests::{book, line, open, pay, reconciled, send_back, today, zone};
use super::{BreakLine, Paper, StatementLines, compare_day};
use crate::story_book::log_of_book;

/// The only break of a day's report.
fn told(book: &Book, next_day: bool, files: &[StatementLines]) -> (BreakLine, String) {
    let next = today().succ_opt().expect("a day");
    let date = if next_day { next } else { today() };
    let log = log_of_book(book);
    let day = compare_day(&log, date, files.to_vec(), EVER, &mut |_, _| {}).expect("readable");
    let report = day.report();
    let [one] = &report.breaks[..] else { panic!("{}", report.text()) };
    (one.clone(), report.text())
}

#[test]
fn a_break_of_a_closed_day_says_which_day_it_is_about_and_where_it_is_booked() {
    let mut book = book();
    let paid_at = book.at;
    let (whole, late) = (stated(1, today(), Vec::new()), line(1, 1_000, paid_at));
    book.at = zone().end_of(today()).plus(Span::from_hours(12));
    reconcile_day(&mut book, today(), std::slice::from_ref(&whole));
    book.must(reckoning::close(day_of_date(today()), "ann", &[]));
    let files = [whole, stated(2, today(), vec![late])];
    reconcile_day(&mut book, today(), &files);
    assert_eq!(standing(&book), [("U02", 1_000)]);
    let (id, found_at) = (only(&book).0.to_string(), zone().rfc3339(book.at));
    let files = files.map(|(lines, _)| lines);
    let words = "P01 it belongs to a closed day (跨期): 2026-11-21, booked in 2026-11-22";
    // Its own day has the line; the day that it is booked in knows it from the log alone.
    for (next, files) in [(false, &files[..]), (true, &[])] {
        let (one, text) = told(&book, next, files);
        assert_eq!((one.id.as_str(), one.code.as_str()), (id.as_str(), "U02"));
        assert!(one.meaning.contains(words) && text.contains(words), "{text}");
        let record = one.record.as_ref().expect("it is recorded");
        assert_eq!((record.day.as_str(), record.booked.as_str()), ("2026-11-21", "2026-11-22"));
        let [item] = &one.channel[..] else { panic!("{text}") };
        assert_eq!(item.time, if next { String::new() } else { zone().rfc3339(paid_at) });
        assert_eq!(text.contains(&format!(", found {found_at}")), next, "{text}");
    }
}

#[test]
fn what_asks_nobody_has_an_id_only_where_the_log_knows_it() {
    let mut book = book();
    book.at = zone().end_of(today()).minus(Span::from_secs(65));
    open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    book.at = zone().end_of(today()).plus(Span::from_hours(1));
    let (waits, text) = told(&book, false, &[]);
    assert_eq!((waits.code.as_str(), waits.id.as_str(), waits.open), ("T01", "", false));
    assert!(!text.contains(", break"), "{text}");
    let over =
        Line { merchant_no: Some("A1".into()), ..line(7, 1_000, paid.plus(Span::from_secs(9))) };
    let next = today().succ_opt().expect("a day");
    let files = [stated(1, today(), Vec::new()), stated(2, next, vec![over])];
    let lines = files.clone().map(|(lines, _)| lines);
    let (cut, text) = told(&book, true, &lines);
    assert_eq!((cut.code.as_str(), cut.id.as_str()), ("T02", ""), "{text}");
    reconcile_day(&mut book, today(), &files[..1]);
    let id = only(&book).0.to_string();
    let (waits, text) = told(&book, false, &lines[..1]);
    assert_eq!((waits.code.as_str(), waits.id.as_str()), ("T01", id.as_str()), "{text}");
    // The line is at hand and no run has told the log of it.
    let (cut, text) = told(&book, true, &lines);
    assert_eq!((cut.code.as_str(), cut.id.as_str()), ("T02", id.as_str()), "{text}");
    assert!(cut.state().contains("recorded as T01"), "{text}");
}

#[test]
fn a_refund_larger_than_ours_is_told_as_it_is_recorded() {
    let mut book = book();
    let order = open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    send_back(&mut book, order, 400);
    let named = |line: Line| Line { merchant_no: Some("A1".into()), ..line };
    let back = named(Line { kind: LineKind::RefundOut, ..line(2, 500, book.at) });
    let files = [stated(1, today(), vec![named(line(1, 1_000, paid)), back])];
    let lines = files.clone().map(|(lines, _)| lines);
    let before = told(&book, false, &lines).0;
    reconcile_day(&mut book, today(), &files);
    let record = only(&book).1.clone();
    let (one, text) = told(&book, false, &lines);
    assert_eq!(one.code, record.found.code.letters());
    assert_eq!(one.direction, record.found.direction.word());
    assert_eq!((one.code.as_str(), one.amount), ("M02", record.found.amount), "{text}");
    assert!(!one.state().contains("recorded as"), "{text}");
    assert_eq!(BreakLine { record: None, ..one }, before, "a run to come says the same");
}

#[test]
fn a_row_that_nobody_could_read_is_named_by_the_digits_of_its_file() {
    let mut book = book();
    let (lines, paper) = stated(171, today(), Vec::new());
    let bad = Paper { rejected: vec![12], ..paper };
    reconcile_day(&mut book, today(), &[(lines.clone(), bad)]);
    let report = reconciled(&book, &[lines]);
    let [one] = &report.breaks[..] else { panic!("{}", report.text()) };
    assert_eq!(one.code, BreakCode::RowRejected.letters());
    assert_eq!(one.channel[0].place, "abababababab row 12");
}
