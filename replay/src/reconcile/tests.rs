//! Days with files: what agrees, what does not, and what waits.

use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::fact::{
    Fact, HeartbeatReceived, OrderRequested, RefundRequested, RefundStepTaken,
};
use duizhang_core::id::{BankId, DeviceId, MerchantId, MovementId, OrderId, RefundId, WalletId};
use duizhang_core::ledger::{Movement, MovementRecorded};
use duizhang_core::position::Position;
use duizhang_core::refund::RefundStep;
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::testing::{Book, order};
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::calendar::Zone;
use proptest::prelude::*;

use super::*;
use crate::story_book::log_of_book;

pub(super) const EVER: Position = Position::new(u64::MAX);
pub(super) const WALLET: &str = "wx";

pub(super) fn today() -> NaiveDate {
    "2026-11-21".parse().expect("a day")
}

pub(super) fn zone() -> Zone {
    Zone::new("Asia/Shanghai").expect("a zone")
}

/// A book at noon.
pub(super) fn book() -> Book {
    let mut book = Book::default();
    book.at = zone().start_of(today()).plus(Span::from_hours(12));
    book
}

/// An order that is paid into the wallet.
pub(super) fn open(book: &mut Book, number: &str, fen: i64) -> OrderId {
    let channels = vec![Channel::Wechat];
    book.request(OrderRequested { channels, ..order("shop", number, fen) })
}

/// Pays an amount a minute later, and returns when.
pub(super) fn pay(book: &mut Book, minor: i64) -> Timestamp {
    book.at = book.at.plus(Span::from_mins(1));
    book.pay(minor);
    book.at
}

pub(super) fn line(number: u32, minor: i64, time: Timestamp) -> Line {
    Line {
        number,
        serial: format!("4200{number:08}"),
        serial_base: format!("4200{number:08}"),
        merchant_no: None,
        kind: LineKind::PayIn,
        gross: Amount::fen(minor),
        fee: Amount::fen(0),
        balance: None,
        time,
        precision: Precision::Second,
        counterparty: String::new(),
        note: String::new(),
        status: LineStatus::Ok,
        raw_status: String::new(),
    }
}

fn file(lines: Vec<Line>) -> StatementLines {
    StatementLines {
        wallet: WalletId::new(WALLET).expect("a name"),
        channel: Channel::Wechat,
        file: FileLine {
            name: "wx.csv".into(),
            sha256: "9f".into(),
            wallet: WALLET.into(),
            layout: "wechat-personal".into(),
            lines: lines.len(),
            rejected: 0,
            proof: "ok".into(),
            findings: Vec::new(),
        },
        from: zone().start_of(today()),
        to: zone().end_of(today()),
        whole: true,
        lines,
    }
}

pub(super) fn reconciled(book: &Book, files: &[StatementLines]) -> DayReport {
    let log = log_of_book(book);
    compare_day(&log, today(), files.to_vec(), EVER, &mut |_, _| {}).expect("readable").report()
}

fn codes(report: &DayReport) -> Vec<&str> {
    report.breaks.iter().map(|line| line.code.as_str()).collect()
}

#[test]
fn a_day_whose_lines_are_all_ours_agrees() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    open(&mut book, "A2", 2_000);
    let lines = vec![line(1, 1_000, pay(&mut book, 1_000)), line(2, 2_000, pay(&mut book, 2_000))];
    let report = reconciled(&book, &[file(lines)]);
    assert!(report.agrees, "{}", report.text());
    assert_eq!(codes(&report), [""; 0]);
    let [wallet] = &report.wallets[..] else { panic!("{}", report.text()) };
    assert!(wallet.covered);
    let total = &wallet.total;
    assert_eq!((total.ours, total.channel), (2, 2));
    assert_eq!((total.ours_minor, total.channel_minor), (3_000, 3_000));
    assert!(report.text().contains("everything agrees"), "{}", report.text());
}

#[test]
fn money_on_one_side_only_is_told_with_its_place() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    open(&mut book, "A2", 2_000);
    let paid = pay(&mut book, 1_000);
    pay(&mut book, 2_000);
    let stray = paid.plus(Span::from_hours(1));
    let report = reconciled(&book, &[file(vec![line(1, 1_000, paid), line(2, 777, stray)])]);
    assert!(!report.agrees);
    assert_eq!(codes(&report), ["T03", "U02"], "{}", report.text());
    let [ours, theirs] = &report.breaks[..] else { panic!("two breaks") };
    assert_eq!((ours.ours[0].note.as_str(), ours.channel.len()), ("A2", 0));
    assert_eq!((theirs.channel[0].place.as_str(), theirs.ours.len()), ("wx.csv row 2", 0));
    assert!(report.checks.iter().all(StatementCheck::holds), "{}", report.text());
    for expected in ["账单缺失", "无主收款", "2 differences for a person", "7.77"] {
        assert!(report.text().contains(expected), "{expected}: {}", report.text());
    }
}

#[test]
fn without_a_file_money_waits_and_nothing_is_wrong() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    pay(&mut book, 1_000);
    let report = reconciled(&book, &[]);
    assert_eq!(codes(&report), ["T01"], "{}", report.text());
    assert!(report.agrees && !report.breaks[0].open);
    assert!(!report.wallets[0].covered);
}

/// Gives money back, as far as it is sent.
pub(super) fn send_back(book: &mut Book, order: OrderId, minor: i64) {
    let refund = RefundId::from_bits(book.draw_bits("refund"));
    book.must(Fact::RefundRequested(RefundRequested {
        refund,
        merchant: MerchantId::new("shop").expect("a name"),
        order,
        number: "R1".into(),
        amount: Amount::fen(minor),
        reason: "broken".into(),
    }));
    for step in [RefundStep::Approve, RefundStep::Send] {
        let (by, evidence) = ("li".into(), "transfer 1".into());
        book.must(Fact::RefundStepTaken(RefundStepTaken { refund, step, by, evidence }));
    }
}

#[test]
fn a_refund_that_was_sent_is_looked_for() {
    let mut book = book();
    let order = open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    send_back(&mut book, order, 400);
    let sent = book.at;
    let missing = reconciled(&book, &[file(vec![line(1, 1_000, paid)])]);
    assert_eq!(codes(&missing), ["R01"], "{}", missing.text());
    let back = Line { kind: LineKind::RefundOut, ..line(2, 400, sent) };
    let there = reconciled(&book, &[file(vec![line(1, 1_000, paid), back])]);
    assert!(there.agrees, "{}", there.text());
    assert_eq!(there.wallets[0].total.channel_minor, 600);
}

#[test]
fn two_that_could_be_either_are_one_difference_with_both_sides() {
    let mut book = book();
    book.at = book.at.plus(Span::from_mins(1));
    book.pay(500);
    book.pay(500);
    let at = book.at;
    let lines = vec![line(1, 500, at), line(2, 500, at.plus(Span::from_secs(1)))];
    let report = reconciled(&book, &[file(lines)]);
    let told: Vec<_> = report.breaks.iter().filter(|one| one.code.starts_with('A')).collect();
    let [only] = told[..] else { panic!("{}", report.text()) };
    assert_eq!((only.ours.len(), only.channel.len(), only.open), (2, 2, true));
}

#[test]
fn a_likely_pair_is_shown_to_a_person_and_counts_as_matched() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    let report = reconciled(&book, &[file(vec![line(1, 1_000, paid.minus(Span::from_mins(5)))])]);
    let [proposal] = &report.proposals[..] else { panic!("{}", report.text()) };
    assert_eq!(
        (proposal.ours.note.as_str(), proposal.channel.place.as_str()),
        ("A1", "wx.csv row 1")
    );
    assert!(!report.agrees && report.text().contains("1 pair for a person to confirm"));
    assert_eq!(report.wallets[0].classes[0].class, "matched");
}

#[test]
fn an_empty_log_and_no_file_have_nothing_to_say() {
    let log = duizhang_eventlog::MemoryLog::new();
    let report =
        compare_day(&log, today(), Vec::new(), EVER, &mut |_, _| {}).expect("readable").report();
    assert!(report.agrees && report.wallets.is_empty());
    assert!(report.json().contains("\"day\": \"2026-11-21\""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever came and whatever the file says, each item of the day is in one class, the sums
    /// hold, and the same again gives the same bytes.
    #[test]
    fn every_day_adds_up_and_is_told_alike_twice(
        paid in prop::collection::vec((1_i64..6, 0_u64..30), 0..12),
        stated in prop::collection::vec((1_i64..6, 0_u64..30), 0..12),
    ) {
        let mut book = book();
        let noon = book.at;
        let mut paid = paid;
        paid.sort_by_key(|(_, minute)| *minute);
        for (minor, minute) in paid {
            book.at = noon.plus(Span::from_mins(minute));
            book.pay(minor * 100);
        }
        let lines = (1..).zip(stated).map(|(number, (minor, minute))| {
            line(number, minor * 100, noon.plus(Span::from_mins(minute)))
        });
        let files = [file(lines.collect())];
        let report = reconciled(&book, &files);
        prop_assert!(report.checks.iter().all(StatementCheck::holds), "{}", report.text());
        let ours: usize = report.wallets.iter().map(|wallet| wallet.total.ours).sum();
        let theirs: usize = report.wallets.iter().map(|wallet| wallet.total.channel).sum();
        prop_assert_eq!(theirs, files[0].lines.len());
        let again = reconciled(&book, &files);
        prop_assert_eq!(report.text(), again.text());
        prop_assert_eq!(report.json(), again.json());
        prop_assert!(ours <= 12);
    }
}

#[test]
fn a_withdrawal_that_was_recorded_is_the_one_of_the_statement() {
    let mut book = book();
    let serial = "4200002026112100000000000009";
    let movement = Movement::WithdrawalSent {
        wallet: WalletId::new(WALLET).expect("a name"),
        bank: BankId::new("cmb").expect("a good name"),
        amount: Amount::fen(40_000),
        fee: Amount::fen(40),
    };
    let moved_at = zone().start_of(today()).plus(Span::from_hours(1));
    let out = Line {
        kind: LineKind::Withdrawal,
        serial: serial.to_owned(),
        ..line(1, 40_040, moved_at.plus(Span::from_hours(2)))
    };
    let alone = reconciled(&book, &[file(vec![out.clone()])]);
    assert_eq!(codes(&alone), ["U03"], "nobody recorded it");
    let (id, by) = (MovementId::from_bits(9), "li".to_owned());
    let evidence = serial.to_owned();
    book.must(Fact::MovementRecorded(MovementRecorded { id, movement, moved_at, by, evidence }));
    let report = reconciled(&book, &[file(vec![out])]);
    assert!(report.agrees, "{}", report.text());
    assert_eq!(report.wallets[0].classes[0].ours_minor, -40_040);
}

#[test]
fn money_that_came_while_nobody_watched_says_so() {
    let mut book = book();
    let beat = || {
        let device = DeviceId::new("phone").expect("a name");
        Fact::HeartbeatReceived(HeartbeatReceived { device, sent_at: None })
    };
    open(&mut book, "A1", 1_000);
    book.must(beat());
    let heard = book.at;
    book.wait(Span::from_mins(10)).tick();
    book.must(beat());
    let lines = [(1, heard.minus(Span::from_secs(1))), (2, heard.plus(Span::from_mins(2)))];
    let file = file(lines.map(|(number, time)| line(number, 777, time)).to_vec());
    let report = reconciled(&book, &[file]);
    let told: Vec<bool> =
        report.breaks.iter().map(|one| one.meaning.contains("G01 nobody watched")).collect();
    assert_eq!((codes(&report), told), (vec!["U02", "U02"], vec![false, true]));
}
