//! Wallets without a file of the day: each has its run, and money that waits for a file is F01.

use chrono::NaiveDate;
use duizhang_core::breaks::{
    BreakStep, DayReconciled, Direction, Ending, ResolutionKind, StatementKept, Subject,
};
use duizhang_core::channel::Channel;
use duizhang_core::closing::DayRefusal;
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, Reading};
use duizhang_core::id::{BreakId, WalletId};
use duizhang_core::rejection::Rejection;
use duizhang_core::statement::Line;
use duizhang_core::testing::{Book, reckoning, wallet as declared};
use duizhang_core::time::Span;
use duizhang_projections::calendar::day_of_date;

use super::run_tests::{computed, only, reconcile_day, record, runs_of, standing, stated, wallet};
use super::tests::{book, line, open, pay, send_back, today, zone};
use super::wallets_tests::of_ali;
use super::*;

fn found_by_wallet(runs: &[Run]) -> Vec<(String, usize)> {
    let told = |run: &Run| {
        let parts: &[DayReconciled] = &run.parts;
        (parts[0].wallet.to_string(), parts.iter().map(|part| part.found.len()).sum())
    };
    runs.iter().map(told).collect()
}

fn counts(told: &[(&str, usize)]) -> Vec<(String, usize)> {
    told.iter().map(|(wallet, count)| ((*wallet).to_owned(), *count)).collect()
}

/// Money of a wallet that is certain.
fn pay_on(book: &mut Book, on: Channel, fen: i64) {
    let mut received = book.money(fen);
    if let Reading::Money { channel, .. } = &mut received.reading {
        *channel = Some(on);
    }
    book.notify(received);
}

fn neighbours() -> [NaiveDate; 2] {
    [today().pred_opt().expect("a day"), today().succ_opt().expect("a day")]
}

#[test]
fn every_declared_wallet_has_a_run_and_money_without_a_file_is_missing_one() {
    let mut book = book();
    let runs = computed(&mut book, today(), &[]);
    assert_eq!(found_by_wallet(&runs), counts(&[("ali", 0), ("box", 0), ("wx", 0)]), "no money");
    let order = open(&mut book, "A1", 1_000);
    pay(&mut book, 1_000);
    send_back(&mut book, order, 400);
    pay_on(&mut book, Channel::Wechat, 77);
    book.must(Fact::WalletDeclared(declared("new", Channel::Wechat)));
    book.at = book.at.plus(Span::from_hours(24));
    let [before, after] = neighbours();
    let near = [stated(1, before, Vec::new()), stated(2, after, Vec::new())];
    let runs = computed(&mut book, today(), &near);
    let wanted = counts(&[("ali", 0), ("box", 0), ("new", 0), ("wx", 1)]);
    assert_eq!(found_by_wallet(&runs), wanted, "the neighbours' files do not tell of the day");
    assert_eq!(record(&mut book, runs.clone()), 4);
    let (id, one) = only(&book);
    assert_eq!(id, BreakId::about(&wallet(), day_of_date(today()), &Subject::Day));
    assert_eq!(standing(&book), [("F01", 1_000 + 400 + 77)], "in and out, all is unproven");
    assert_eq!(one.found.direction, Direction::Control);
    assert!(needs_a_person(one.found.code) && one.found.related.is_empty());
    let again = runs_of(&book, today(), &near);
    assert_eq!((record(&mut book, again.clone()), again), (0, runs), "the same is a repeat");
    // A wallet that is declared later needs its own run, and nobody else another one.
    book.must(Fact::WalletDeclared(declared("late", Channel::Alipay)));
    assert_eq!(reconcile_day(&mut book, today(), &near), 1);
    assert!(book.violations().is_empty());
}

#[test]
fn the_file_that_comes_ends_what_was_missing() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    reconcile_day(&mut book, today(), &[]);
    assert_eq!(standing(&book), [("F01", 1_000)]);
    let (id, _) = only(&book);
    let files = [stated(1, today(), vec![line(1, 1_000, paid)])];
    reconcile_day(&mut book, today(), &files);
    let ended = Decision::BreakResolved { id, ending: Ending::NoLongerFound };
    assert!(book.log.iter().any(|entry| entry.decisions.contains(&ended)));
    assert_eq!(standing(&book), []);
}

/// More money of the day is more that is missing; a person's word stands while it is the same.
#[test]
fn what_is_missing_changes_with_the_money() {
    let mut book = book();
    pay_on(&mut book, Channel::Wechat, 300);
    reconcile_day(&mut book, today(), &[]);
    let (id, _) = only(&book);
    let end = reckoning::resolution(ResolutionKind::NotABreak);
    book.must(reckoning::work(id, "li", BreakStep::Resolve(end)));
    pay_on(&mut book, Channel::Alipay, 1);
    reconcile_day(&mut book, today(), &[]);
    assert_eq!(standing(&book), [("F01", 1)], "the other wallet's");
    pay_on(&mut book, Channel::Wechat, 20);
    reconcile_day(&mut book, today(), &[]);
    assert_eq!(standing(&book), [("F01", 1), ("F01", 320)]);
}

/// Money whose line stands in another wallet's file, or on the next day, waits for no file.
#[test]
fn money_that_has_its_line_misses_no_file() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    let named = Line { merchant_no: Some("A1".into()), ..line(1, 1_000, paid) };
    let (lines, paper) = of_ali(stated(2, today(), vec![named]));
    let ali = WalletId::new("ali").expect("a name");
    let kept = reckoning::statement(2, paper.first);
    book.must(Fact::StatementKept(StatementKept { wallet: ali, ..kept }));
    let runs = runs_of(&book, today(), &[(lines, paper)]);
    record(&mut book, runs);
    assert_eq!(standing(&book), [("M08", 1_000)], "another wallet shows it");

    let mut book = super::tests::book();
    book.at = zone().end_of(today()).minus(Span::from_secs(65));
    open(&mut book, "A2", 2_000);
    let paid = pay(&mut book, 2_000);
    let [_, next] = neighbours();
    let late = line(7, 2_000, paid.plus(Span::from_secs(6)));
    let late = Line { merchant_no: Some("A2".into()), ..late };
    book.at = zone().end_of(next);
    reconcile_day(&mut book, today(), &[stated(2, next, vec![late])]);
    assert_eq!(standing(&book), [], "the next day's file has it");
}

#[test]
fn a_day_closes_on_its_runs_and_with_the_missing_file_accepted_by_name() {
    let mut book = book();
    pay_on(&mut book, Channel::Wechat, 300);
    book.at = zone().end_of(today()).plus(Span::from_hours(12));
    let day = day_of_date(today());
    let refused = book.submit(reckoning::close(day, "ann", &[]));
    assert!(matches!(refused, Err(Rejection::Day(DayRefusal::NotReconciled(_)))), "{refused:?}");
    reconcile_day(&mut book, today(), &[]);
    let (id, _) = only(&book);
    let refused = book.submit(reckoning::close(day, "ann", &[]));
    assert_eq!(refused, Err(Rejection::Day(DayRefusal::BreaksLeft(1))));
    book.must(reckoning::close(day, "ann", &[id]));
    assert!(book.violations().is_empty());
}
