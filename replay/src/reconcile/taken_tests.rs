//! Runs over what people recorded: lines that became payments, withdrawals, terms.

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{LineTaken, Subject, TermsActivated};
use duizhang_core::fact::Fact;
use duizhang_core::id::{BankId, MovementId, WalletId};
use duizhang_core::ledger::{Movement, MovementRecorded};
use duizhang_core::order::OrderStatus;
use duizhang_core::reconciliation::BookTerms;
use duizhang_core::time::Span;

use super::run::compare_day;
use super::run_tests::{only, reconcile_day, standing, stated};
use super::tests::{WALLET, book, line, open, reconciled, today};
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
    assert_eq!(reconcile_day(&mut book, today(), &files), 1, "another payment is another input");
    assert_eq!(standing(&book), []);
    assert_eq!(reconcile_day(&mut book, today(), &files), 0);
    let report = reconciled(&book, &files.map(|(lines, _)| lines));
    assert!(report.agrees, "{}", report.text());
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
