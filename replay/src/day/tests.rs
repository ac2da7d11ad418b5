//! Days that were, days that were not, and the arithmetic of days that nobody thought of.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use duizhang_core::callback::{AttemptOutcome, CallbackId};
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{
    CallbackAttempted, Fact, HeartbeatReceived, PaymentAssigned, PaymentDismissed, Reading,
};
use duizhang_core::id::{DeviceId, PaymentId};
use duizhang_core::position::Position;
use duizhang_core::testing::{Book, history};
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::MemoryLog;
use duizhang_projections::calendar::Zone;
use proptest::prelude::*;

use super::*;
use crate::story_book::{log_of, log_of_book, story_of};

const EVER: Position = Position::new(u64::MAX);

fn zone() -> Zone {
    Zone::new("Asia/Shanghai").expect("a zone")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn replayed(book: &Book, at: Timestamp) -> DayReplay {
    replay_day(&log_of_book(book), zone().day_of(at), EVER, &mut |_, _| {}).expect("readable")
}

fn reported(book: &Book, at: Timestamp) -> DayReport {
    replayed(book, at).report.expect("nothing contradicts itself")
}

/// A book whose clock stands at this local time of 2026-11-21.
fn book_at(hours: u64, minutes: u64) -> Book {
    let mut book = Book::default();
    book.at = zone().start_of(day("2026-11-21")).plus(Span::from_mins(hours * 60 + minutes));
    book
}

#[test]
fn an_empty_log_has_an_empty_day() {
    let replay = replay_day(&MemoryLog::new(), day("2026-11-21"), EVER, &mut |_, _| {}).unwrap();
    assert!(replay.is_clean());
    let text = replay.text();
    for expected in ["business day 2026-11-21", "Gaps in watching\n  none\n", "created      0"] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_day_without_events_knows_what_was_open() {
    let mut book = book_at(12, 0);
    book.open("shop", "A1", 1_000);
    let report = reported(&book, book.at.plus(Span::from_hours(24)));
    assert_eq!((report.orders.open_before, report.orders.open_after), (1, 1));
    assert_eq!(report.orders.created, 0);
    assert!(report.adds_up());
    let before = reported(&book, book.at.minus(Span::from_hours(24)));
    assert_eq!((before.orders.open_before, before.orders.open_after), (0, 0));
}

#[test]
fn the_day_turns_at_midnight_in_shanghai() {
    let mut book = book_at(23, 58);
    book.open("shop", "A1", 1_000);
    book.wait(Span::from_mins(3));
    let paid_before = book.at.minus(Span::from_mins(2));
    let received = book.money_with(1_000, Some(paid_before), &[]);
    book.notify(received);
    let eve = reported(&book, paid_before);
    let morning = reported(&book, book.at);
    assert_eq!((eve.day.as_str(), morning.day.as_str()), ("2026-11-21", "2026-11-22"));
    assert_eq!(eve.from, "2026-11-21T00:00:00+08:00");
    // The money is the old day's, because it was paid then; the delivery is the new day's.
    assert_eq!((eve.payments.observed, morning.payments.observed), (1, 0));
    assert_eq!((eve.notifications.first, morning.notifications.first), (0, 1));
    assert_eq!((eve.orders.created, eve.orders.open_after), (1, 1));
    assert_eq!((morning.orders.open_before, morning.orders.paid_exact), (1, 1));
    assert!(eve.adds_up() && morning.adds_up());
}

#[test]
fn money_is_told_by_wallet_with_its_bump() {
    let mut book = book_at(12, 0);
    for number in ["A1", "A2", "A3"] {
        let mut request = duizhang_core::testing::order("shop", number, 1_000);
        request.channels = vec![duizhang_core::channel::Channel::Wechat];
        book.request(request);
    }
    book.pay(1_001);
    book.pay(777);
    let replay = replayed(&book, book.at);
    let report = replay.report.as_ref().expect("nothing contradicts itself");
    let wx = report.wallets.iter().find(|line| line.wallet == "wx").expect("wx");
    assert_eq!(wx.orders, 3);
    assert_eq!(wx.bump.to_string(), "0.03 CNY");
    assert_eq!(wx.received.to_string(), "10.01 CNY");
    let lost = report.wallets.iter().find(|line| line.wallet.contains(" or "));
    assert_eq!(lost.expect("nobody knows which wallet").held.to_string(), "7.77 CNY");
    let text = replay.text();
    for expected in ["held, orphan: no order", "wx", "30.03 CNY", "no order held this amount"] {
        assert!(text.contains(expected), "{text}");
    }
    assert!(replay.json().contains("\"amount\": \"10.01\""), "{}", replay.json());
    assert!(replay.is_clean());
}

#[test]
fn held_money_that_was_assigned_later_is_no_exception_any_more() {
    let mut book = book_at(12, 0);
    let order = book.open("shop", "A1", 1_000);
    let (payment, _) = book.pay(900);
    let known = book.state.position();
    assert_eq!(reported(&book, book.at).exceptions.len(), 1);
    let noon = book.at;
    book.wait(Span::from_hours(24));
    book.must(Fact::PaymentAssigned(PaymentAssigned {
        payment,
        order,
        by: "ann".into(),
        reason: "the payer called".into(),
    }));
    let later = reported(&book, noon);
    assert_eq!(later.exceptions, []);
    assert_eq!((later.payments.matched_assigned, later.payments.held.len()), (1, 0));
    let log = log_of_book(&book);
    let then =
        replay_day(&log, zone().day_of(noon), known, &mut |_, _| {}).unwrap().report.unwrap();
    assert_eq!((then.position, then.exceptions.len()), (known, 1));
}

#[test]
fn money_of_no_order_is_told_with_who_said_so_and_why() {
    let mut book = book_at(12, 0);
    let (payment, _) = book.pay(777);
    let (by, reason) = ("ann".into(), "sent back by hand".into());
    book.must(Fact::PaymentDismissed(PaymentDismissed { payment, by, reason }));
    let report = reported(&book, book.at);
    assert_eq!((report.payments.dismissed, report.payments.held.len()), (1, 0));
    assert_eq!(report.totals[0].dismissed.to_string(), "7.77 CNY");
    assert_eq!(report.totals[0].held.to_string(), "0.00 CNY");
    assert_eq!(report.wallets[0].dismissed.to_string(), "7.77 CNY");
    let line = &report.exceptions[0];
    assert_eq!((line.kind, line.id.as_str()), ("dismissed", payment.to_string().as_str()));
    assert_eq!(line.detail, "7.77 CNY on wx or ali or box, by ann: sent back by hand");
    assert!(report.adds_up(), "{}", report.text());
    assert!(report.text().contains("of no order, by an operator"), "{}", report.text());
}

#[test]
fn duplicates_conflicts_and_what_nobody_can_read_are_listed() {
    let mut book = book_at(12, 0);
    book.open("shop", "A1", 1_000);
    let first = book.money(1_000);
    let mut repeat = first.clone();
    repeat.notification = book.money(1).notification;
    let mut conflict = first.clone();
    conflict.notification = book.money(1).notification;
    conflict.content = duizhang_core::digest::Digest::of(&[b"other"]);
    let mut unreadable = book.money(1);
    unreadable.reading = Reading::Unreadable;
    let mut forged = book.money(1);
    forged.reading = Reading::Forged;
    for received in [first, repeat, conflict, unreadable, forged] {
        book.notify(received);
    }
    let report = reported(&book, book.at);
    let counts = &report.notifications;
    assert_eq!((counts.deliveries, counts.first, counts.repeat), (5, 1, 1));
    let kinds: Vec<_> = report.exceptions.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, ["conflict", "unreadable", "forged"]);
    assert!(report.exceptions[0].detail.contains("waits for a person"));
    assert!(report.adds_up());
}

#[test]
fn callbacks_are_counted_by_what_came_of_them() {
    let mut book = book_at(12, 0);
    let order = book.open("shop", "A1", 1_000);
    book.pay(1_000);
    let attempt = |outcome| {
        Fact::CallbackAttempted(CallbackAttempted {
            callback: CallbackId { order, number: 1 },
            outcome,
            took: Span::from_millis(20),
            excerpt: String::new(),
            jitter_ppm: 0,
        })
    };
    book.must(attempt(AttemptOutcome::Unreachable));
    let report = reported(&book, book.at);
    assert_eq!((report.callbacks.attempts, report.callbacks.retried), (1, 1));
    assert_eq!(report.callbacks.pending_after, 1);
    book.must(attempt(AttemptOutcome::Gone));
    let report = reported(&book, book.at);
    assert_eq!((report.callbacks.abandoned, report.callbacks.pending_after), (1, 0));
    assert_eq!(report.exceptions[0].kind, "abandoned");
    assert!(report.adds_up());
}

#[test]
fn gaps_in_watching_are_cut_to_the_day() {
    let mut book = book_at(23, 50);
    let beat = || {
        let device = DeviceId::new("phone").expect("a name");
        Fact::HeartbeatReceived(HeartbeatReceived { device, sent_at: None })
    };
    book.must(beat());
    book.wait(Span::from_mins(5)).tick();
    let eve = book.at;
    let silent = reported(&book, eve);
    assert_eq!((silent.gaps.len(), silent.gaps[0].to.as_deref()), (1, None));
    assert!(silent.text().contains("silent still: device phone did not watch wx, ali, box"));
    book.wait(Span::from_mins(10));
    book.must(beat());
    let gap = &reported(&book, eve).gaps[0];
    assert_eq!(gap.from, "2026-11-21T23:50:00+08:00");
    assert_eq!(gap.to.as_deref(), Some("2026-11-22T00:00:00+08:00"));
    let gap = &reported(&book, book.at).gaps[0];
    assert_eq!(gap.from, "2026-11-22T00:00:00+08:00");
    assert_eq!(gap.to.as_deref(), Some("2026-11-22T00:05:00+08:00"));
}

#[test]
fn a_changed_decision_is_told_with_the_day_and_its_arithmetic_fails() {
    let mut book = book_at(12, 0);
    book.open("shop", "A1", 1_000);
    book.pay(1_000);
    let mut story = story_of(&book);
    let drop_match = |chapter: &mut Chapter| {
        chapter.decisions.retain(|d| !matches!(d, Decision::PaymentMatched { .. }));
    };
    story.iter_mut().for_each(drop_match);
    let at = zone().day_of(book.at);
    let replay = replay_day(&log_of(&story), at, EVER, &mut |_, _| {}).expect("it can be played");
    assert!(!replay.report.as_ref().unwrap().adds_up());
    assert_eq!(replay.decisions.differing, 1);
    assert!(
        replay.text().contains("FAILED  payments: observed = matched + held + dismissed (1 ≠ 0)")
    );
}

#[test]
fn a_log_that_contradicts_itself_is_a_finding_with_its_position() {
    let mut story = story_of(&{
        let mut book = book_at(12, 0);
        book.open("shop", "A1", 1_000);
        book.pay(1_000);
        book
    });
    let order = story.len() - 2;
    let position = story.remove(order).position;
    let at = day("2026-11-21");
    let replay = replay_day(&log_of(&story), at, EVER, &mut |_, _| {}).expect("readable");
    assert!(!replay.is_clean());
    assert_eq!(replay.decisions.stopped.as_ref().map(|stop| stop.position), Some(position));
    let text = replay.text();
    for expected in ["No report", &format!("position {position}: the play ended here")] {
        assert!(text.contains(expected), "{text}");
    }
    assert!(replay.json().contains("\"report\": null"), "{}", replay.json());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_day_of_any_history_adds_up(steps in history(80)) {
        let mut book = Book::default();
        book.play(&steps);
        let log = log_of_book(&book);
        let mut days: BTreeMap<NaiveDate, u64> = BTreeMap::new();
        let mut paid: BTreeMap<PaymentId, NaiveDate> = BTreeMap::new();
        for entry in &book.log {
            *days.entry(zone().day_of(entry.at)).or_default() += 1;
            for decision in &entry.decisions {
                if let Decision::PaymentObserved { payment, paid_at, .. } = decision {
                    paid.insert(*payment, zone().day_of(*paid_at));
                }
            }
        }
        let mut facts = 0;
        for (&day, &count) in &days {
            let replay = replay_day(&log, day, EVER, &mut |_, _| {}).expect("readable");
            prop_assert!(replay.is_clean(), "{}", replay.text());
            prop_assert_eq!(replay.decisions.facts, count);
            facts += replay.decisions.facts;
            let of_day = paid.values().filter(|paid_on| **paid_on == day).count();
            let observed = replay.report.as_ref().unwrap().payments.observed;
            prop_assert_eq!(observed, u64::try_from(of_day).unwrap());
            let again = replay_day(&log, day, EVER, &mut |_, _| {}).expect("readable");
            prop_assert_eq!(again.text(), replay.text());
            prop_assert_eq!(again.json(), replay.json());
        }
        prop_assert_eq!(facts, u64::try_from(book.log.len()).unwrap());
    }
}
