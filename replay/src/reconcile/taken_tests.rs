//! Runs over what people recorded: lines that became payments, withdrawals, terms.

use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use duizhang_core::breaks::{LineTaken, Subject, TermsActivated};
use duizhang_core::fact::Fact;
use duizhang_core::id::{BankId, MovementId, WalletId};
use duizhang_core::ledger::{Movement, MovementRecorded};
use duizhang_core::order::OrderStatus;
use duizhang_core::reconciliation::BookTerms;
use duizhang_core::testing::{Book, reckoning};
use duizhang_core::time::Span;
use duizhang_projections::calendar::day_of_date;

use super::fixture::EVER;
use super::run_tests::{OTHERS, only, reconcile_day, standing, stated};
use super::tests::{WALLET, book, line, open, reconciled, today, zone};
use super::{DayReport, StatementCheck, StatementLines, compare_day};
use crate::story_book::log_of_book;

#[test]
fn a_line_that_was_taken_for_a_payment_is_no_break_any_more() {
    let mut book = book();
    let order = open(&mut book, "A1", 1_000);
    let paid_at = book.at.plus(Span::from_mins(1));
    let files = [stated(1, today(), vec![line(1, 1_000, paid_at)])];
    book.at = paid_at.plus(Span::from_mins(1));
    reconcile_day(&mut book, today(), &files);
    assert_eq!(standing(&book), [("U02", 1_000)]);
    let (id, _) = only(&book);
    let (by, reason) = ("li".into(), "the phone was off".into());
    book.must(Fact::LineTaken(LineTaken { id, paid_at, number: None, by, reason }));
    assert_eq!(book.status(order), OrderStatus::Paid);
    assert_eq!(
        reconcile_day(&mut book, today(), &files),
        1 + OTHERS,
        "another payment is another input"
    );
    assert_eq!(standing(&book), []);
    assert_eq!(reconcile_day(&mut book, today(), &files), 0);
    let report = reconciled(&book, &files.map(|(lines, _)| lines));
    assert!(report.agrees, "{}", report.text());
}

fn report_of(book: &Book, date: NaiveDate, files: &[StatementLines]) -> DayReport {
    let log = log_of_book(book);
    compare_day(&log, date, files.to_vec(), EVER, &mut |_, _| {}).expect("readable").report()
}

#[test]
fn what_comes_after_a_closed_day_breaks_the_sums_of_neither_day() {
    let mut book = book();
    let (day, paid_at) = (day_of_date(today()), book.at);
    let next = today().succ_opt().expect("a day");
    let files = [stated(1, today(), vec![line(1, 1_000, paid_at), line(2, 2_500, paid_at)])];
    book.at = zone().end_of(today()).plus(Span::from_hours(12));
    book.reconcile_rest(day);
    book.must(reckoning::close(day, "ann", &[]));
    reconcile_day(&mut book, today(), &files);
    assert_eq!(standing(&book), [("U02", 1_000), ("U02", 2_500)]);
    let (id, _) = book.state.breaks().next().expect("two breaks");
    let (by, reason) = ("li".into(), "the phone was off".into());
    book.must(Fact::LineTaken(LineTaken { id, paid_at, number: None, by, reason }));
    let files = files.map(|(lines, _)| lines);
    for date in [today(), next] {
        let report = report_of(&book, date, &files);
        assert!(report.checks.iter().all(StatementCheck::holds), "{}", report.text());
    }
}

#[test]
fn a_withdrawal_that_no_statement_has_is_a_break_about_itself() {
    let mut book = book();
    let id = MovementId::from_bits(9);
    let movement = Movement::WithdrawalSent {
        wallet: WalletId::new(WALLET).expect("a name"),
        bank: BankId::new("cmb").expect("a good name"),
        amount: Amount::fen(40_000),
        fee: Amount::fen(40),
    };
    let (moved_at, by, evidence) = (book.at, "li".to_owned(), "by hand".to_owned());
    book.must(Fact::MovementRecorded(MovementRecorded { id, movement, moved_at, by, evidence }));
    reconcile_day(&mut book, today(), &[stated(1, today(), Vec::new())]);
    assert_eq!(standing(&book), [("T03", 40_040)]);
    assert_eq!(only(&book).1.found.subject, Subject::Movement(id));
    assert!(book.violations().is_empty());
}

#[test]
fn the_terms_of_the_log_decide_and_earlier_positions_keep_theirs() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    book.wait(Span::from_mins(1));
    let (payment, _) = book.pay(1_000);
    let time = book.at;
    let before = book.state.position();
    let terms = BookTerms { parts_max: 3, ..BookTerms::default() };
    book.must(Fact::TermsActivated(TermsActivated { terms, by: "configuration".into() }));
    let lines = vec![line(1, 400, time), line(2, 600, time)];
    let files = [stated(1, today(), lines).0];
    let log = log_of_book(&book);
    let told = |known_to| {
        let day = compare_day(&log, today(), files.to_vec(), known_to, &mut |_, _| {});
        let report = day.expect("readable").report();
        let codes: Vec<String> = report.breaks.iter().map(|one| one.code.clone()).collect();
        (codes, report.terms.contains("parts 3"), report.text().contains(&payment.to_string()))
    };
    let own = |codes: &[&str]| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(before), (own(&["T03", "U02", "U02"]), false, true));
    assert_eq!(told(book.state.position()), (own(&["S01"]), true, true));
}
