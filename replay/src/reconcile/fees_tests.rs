//! Fees that files tell of: which are booked, and that each is booked once.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use duizhang_core::fact::Fact;
use duizhang_core::id::{MovementId, WalletId};
use duizhang_core::ledger::{Movement, MovementRecorded};
use duizhang_core::statement::{Line, LineKind, LineStatus};
use duizhang_core::testing::Book;
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::projection::Projection;
use duizhang_projections::recorded::Recorded;

use super::run_tests::stated;
use super::tests::{EVER, WALLET, line, today, zone};
use super::*;
use crate::story_book::{log_of_book, story_of};

fn noon() -> Timestamp {
    zone().start_of(today()).plus(Span::from_hours(12))
}

/// The days around today.
pub(super) fn day(offset: i64) -> NaiveDate {
    today() + chrono::TimeDelta::days(offset)
}

pub(super) fn at(offset: i64) -> Timestamp {
    zone().start_of(day(offset)).plus(Span::from_hours(12))
}

/// A row of a trade bill that states a fee.
pub(super) fn trade(number: u32, fee: i64) -> Line {
    Line { fee: Amount::fen(fee), ..line(number, 1_000, noon()) }
}

/// The row of a fund bill for the fee of a trade.
pub(super) fn charge(number: u32, serial: &str, fee: i64) -> Line {
    Line {
        number: 100 + number,
        serial: serial.to_owned(),
        kind: LineKind::Fee,
        balance: Some(Amount::fen(9_999)),
        ..line(number, fee, noon().plus(Span::from_secs(2)))
    }
}

/// A file of some layout that covers no row but its own, so that none is missed in it.
fn file(name: u8, layout: &str, lines: Vec<Line>) -> StatementLines {
    let mut file = stated(name, today(), lines).0;
    file.file.layout = layout.to_owned();
    StatementLines { to: file.from, ..file }
}

pub(super) fn trades(name: u8, lines: Vec<Line>) -> StatementLines {
    file(name, "wechat-merchant-all", lines)
}

pub(super) fn funds(name: u8, lines: Vec<Line>) -> StatementLines {
    file(name, "wechat-merchant-funds", lines)
}

/// A shop's books, and the files that it keeps.
pub(super) struct Shop {
    pub(super) book: Book,
    files: Vec<StatementLines>,
}

impl Shop {
    pub(super) fn new() -> Self {
        let mut book = Book::default();
        book.at = at(3);
        Self { book, files: Vec::new() }
    }

    fn recorded(&self) -> Recorded {
        let mut recorded = Recorded::default();
        story_of(&self.book).iter().for_each(|chapter| recorded.fold(chapter));
        recorded
    }

    pub(super) fn keep(&mut self, file: StatementLines) {
        self.files.retain(|kept| kept.file.sha256 != file.file.sha256);
        self.files.push(file);
    }

    fn due(&self, day: NaiveDate) -> FeesDue {
        let span = zone().start_of(day)..zone().end_of(day);
        let merged = merge(self.files.clone(), &span, zone());
        let log = log_of_book(&self.book);
        let compared =
            compare_day(&log, day, merged.statements, EVER, &mut |_, _| {}).expect("a log");
        compared.fees().due(&self.recorded(), "ann")
    }

    /// Books what is due of a day, and returns the amounts.
    pub(super) fn run(&mut self, day: NaiveDate) -> Vec<i64> {
        let due = self.due(day).movements;
        for one in &due {
            self.book.must(Fact::MovementRecorded(one.clone()));
        }
        due.iter().map(fee_of).collect()
    }

    fn import(&mut self, file: StatementLines) -> Vec<i64> {
        self.keep(file);
        self.run(today())
    }

    fn told(&self) -> FeesTold {
        let due = self.due(today());
        due.wallets.get(&wallet()).cloned().unwrap_or_default()
    }

    fn types(&mut self, bits: u128, wallet: &str, fee: i64, moved_at: Timestamp) {
        let wallet = WalletId::new(wallet).expect("a name");
        self.book.must(Fact::MovementRecorded(MovementRecorded {
            id: MovementId::from_bits(bits),
            movement: Movement::ChannelFee { wallet, fee: Amount::fen(fee) },
            moved_at,
            by: "li".to_owned(),
            evidence: "by hand".to_owned(),
        }));
    }

    /// All fees of files in the books.
    pub(super) fn booked(&self) -> i64 {
        let facts = self.book.log.iter().filter_map(|entry| match &entry.fact {
            Fact::MovementRecorded(recorded) if recorded.id.is_of_fee() => Some(fee_of(recorded)),
            _ => None,
        });
        facts.sum()
    }
}

fn wallet() -> WalletId {
    WalletId::new(WALLET).expect("a name")
}

fn fee_of(recorded: &MovementRecorded) -> i64 {
    match &recorded.movement {
        Movement::ChannelFee { fee, .. } => fee.minor(),
        other => panic!("{other:?} is no fee"),
    }
}

#[test]
fn a_fee_counts_once_however_many_files_tell_it() {
    let stated = || trades(1, vec![trade(1, 6), trade(2, 0), trade(3, 7)]);
    let own = || funds(2, vec![charge(1, "f1", 6), charge(3, "f3", 7)]);
    for files in [[stated(), own()], [own(), stated()]] {
        let mut shop = Shop::new();
        let [first, second] = files;
        assert_eq!(shop.import(first.clone()), [6, 7]);
        assert_eq!(shop.import(first), [0; 0], "the same file");
        assert_eq!(shop.import(second), [0; 0], "the other kind of file");
        assert_eq!(shop.told().again.count, 2);
        let more = trades(3, vec![trade(1, 6), trade(3, 7), trade(4, 8)]);
        assert_eq!(shop.import(more), [8], "another export");
        assert!(shop.book.violations().is_empty());
    }
}

#[test]
fn a_movement_says_when_by_whom_and_in_which_row() {
    let mut shop = Shop::new();
    shop.keep(funds(0xab, vec![charge(1, "f1", 6)]));
    let due = shop.due(today()).movements;
    let [moved] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(moved.evidence, "statement abababababab row 101");
    assert_eq!((moved.by.as_str(), moved.moved_at), ("ann", noon().plus(Span::from_secs(2))));
    assert!(moved.id.is_of_fee());
}

#[test]
fn more_rows_under_one_number_are_more_fees() {
    let rows = || vec![charge(1, "f1", 6), charge(1, "f2", 4)];
    let mut shop = Shop::new();
    assert_eq!(shop.import(funds(1, rows())), [6, 4]);
    let copied = [rows(), vec![charge(1, "f2", 4), charge(1, "f3", 4)]].concat();
    assert_eq!(shop.import(funds(2, copied)), [4], "a copy is the same fee, another serial is not");
    let mut stated = Shop::new();
    assert_eq!(stated.import(trades(1, vec![trade(1, 10)])), [10]);
    assert_eq!(stated.import(funds(2, rows())), [0; 0], "the parts of what was stated");
    assert_eq!(stated.told().differing, [""; 0]);
    // The second row of a number comes before the first one in a later file.
    let mut late = Shop::new();
    assert_eq!(late.import(funds(1, vec![charge(1, "f2", 4)])), [4]);
    assert_eq!(late.import(funds(2, rows())), [6]);
    assert_eq!(late.import(funds(3, rows())), [0; 0]);
}

#[test]
fn another_amount_is_told_and_not_booked() {
    let mut shop = Shop::new();
    assert_eq!(shop.import(trades(1, vec![trade(1, 6), trade(2, 5)])), [6, 5]);
    assert_eq!(shop.import(funds(2, vec![charge(1, "f1", 7)])), [0; 0]);
    let told = shop.told();
    let says = format!(
        "the books have {}, the files {}: statement 020202020202 row 101",
        Amount::fen(6),
        Amount::fen(7)
    );
    assert_eq!((told.differing.as_slice(), told.again.count), ([says].as_slice(), 1));
    assert_eq!(shop.booked(), 11);
    // One of several rows under a number.
    let mut parts = Shop::new();
    assert_eq!(parts.import(funds(1, vec![charge(1, "f1", 6), charge(1, "f2", 4)])), [6, 4]);
    assert_eq!(parts.import(funds(2, vec![charge(1, "f1", 6), charge(1, "f2", 5)])), [0; 0]);
    assert_eq!((parts.told().differing.len(), parts.told().again.count), (1, 0));
    let many = (1..50).map(|number| trade(number, 9)).collect();
    shop.keep(trades(3, (1..50).map(|number| trade(number, 8)).collect()));
    shop.files.remove(1);
    shop.run(today());
    shop.keep(trades(4, many));
    let told = shop.told();
    assert_eq!(told.differing.len(), FEES_TOLD_MAX);
    assert_eq!(told.differing_unlisted, 49 - FEES_TOLD_MAX);
}

#[test]
fn what_a_person_typed_stands_for_one_row() {
    let mut shop = Shop::new();
    shop.types(1, WALLET, 6, at(0));
    // Another wallet, another day, another amount.
    shop.types(2, "ali", 6, at(0));
    shop.types(3, WALLET, 6, at(-1));
    shop.types(4, WALLET, 5, at(0));
    let row = |number| charge(number, &format!("f{number}"), 6);
    assert_eq!(shop.import(funds(1, vec![row(5)])), [0; 0]);
    assert_eq!(shop.told().by_hand.count, 1);
    assert_eq!(shop.run(today()), [0; 0], "it stands for the same row again");
    // Whichever of the two it stands for now, one is booked.
    assert_eq!(shop.import(funds(2, vec![row(1), row(5)])), [6]);
    assert_eq!(shop.run(today()), [0; 0]);
    let told = shop.told();
    assert_eq!((told.by_hand.count, told.again.count), (1, 1));
}

#[test]
fn only_fees_that_were_taken_are_booked() {
    let fee = |kind, status| Line { kind, status, fee: Amount::fen(3), ..charge(1, "f1", 6) };
    let cases = [
        (LineKind::Fee, LineStatus::Ok, vec![6]),
        (LineKind::Fee, LineStatus::Pending, vec![]),
        (LineKind::Fee, LineStatus::Closed, vec![]),
        (LineKind::PayIn, LineStatus::Ok, vec![3]),
        (LineKind::PayIn, LineStatus::RefundedFull, vec![3]),
        (LineKind::PayIn, LineStatus::RefundedPart(Amount::fen(1)), vec![3]),
        (LineKind::PayIn, LineStatus::Closed, vec![]),
        (LineKind::PayIn, LineStatus::Unknown, vec![]),
        (LineKind::PayOut, LineStatus::Ok, vec![]),
        (LineKind::RefundOut, LineStatus::Ok, vec![]),
        (LineKind::RefundIn, LineStatus::Ok, vec![]),
        (LineKind::Withdrawal, LineStatus::Ok, vec![]),
        (LineKind::FeeBack, LineStatus::Ok, vec![]),
        (LineKind::Unknown, LineStatus::Ok, vec![]),
    ];
    for (kind, status, booked) in cases {
        let mut shop = Shop::new();
        assert_eq!(shop.import(funds(1, vec![fee(kind, status)])), booked, "{kind:?} {status:?}");
    }
}

#[test]
fn money_back_from_fees_is_counted_and_told_for_a_person() {
    let refund = |number| Line { kind: LineKind::RefundOut, ..trade(number, 3) };
    let back = |number| Line { kind: LineKind::FeeBack, ..charge(number, "b", 3) };
    let yesterday = Line { time: at(-1), ..refund(3) };
    let mut shop = Shop::new();
    shop.keep(trades(1, vec![refund(1), refund(2), yesterday]));
    shop.keep(funds(2, vec![back(1)]));
    let told = shop.told();
    assert_eq!(told.given_back, FeeSum { count: 2, sums: vec![Money(Amount::fen(6))] });
    assert_eq!(shop.run(today()), [0; 0]);
}

#[test]
fn a_row_without_a_number_is_known_by_all_that_it_says() {
    let bare = |number, fee| Line {
        number,
        serial: String::new(),
        serial_base: String::new(),
        ..charge(1, "", fee)
    };
    let mut shop = Shop::new();
    assert_eq!(shop.import(funds(1, vec![bare(1, 6), bare(2, 6), bare(3, 7)])), [6, 6, 7]);
    assert_eq!(shop.import(funds(2, vec![bare(7, 6), bare(8, 6), bare(9, 7)])), [0; 0]);
    let more = vec![bare(1, 6), bare(2, 6), bare(3, 6), bare(4, 7)];
    assert_eq!(shop.import(funds(3, more)), [6]);
}

#[test]
fn a_day_books_its_own_fees_and_leaves_its_neighbours_theirs() {
    let fee = |number, offset| Line { time: at(offset), ..charge(number, "f", i64::from(number)) };
    let mut shop = Shop::new();
    assert_eq!(shop.import(funds(1, vec![fee(1, -1), fee(2, 0), fee(3, 1)])), [2]);
    assert_eq!((shop.run(day(-1)), shop.run(day(1))), (vec![1], vec![3]));
    // One number on two days.
    let two = |number, offset| Line { time: at(offset), ..charge(9, &format!("g{number}"), 5) };
    assert_eq!(shop.import(funds(2, vec![two(1, 0), two(2, 1)])), [5]);
    assert_eq!((shop.run(day(1)), shop.run(day(0)), shop.run(day(1))), (vec![5], vec![], vec![]));
}

#[test]
fn a_busy_day_has_a_hundred_thousand_fees() {
    let mut shop = Shop::new();
    let rows = 1..=100_000;
    shop.keep(funds(1, rows.map(|number| charge(number, &format!("f{number}"), 6)).collect()));
    let due = shop.due(today());
    let ids: BTreeSet<MovementId> = due.movements.iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), 100_000);
    // All under one number, as in a file whose rows bear the number of a contract.
    let of_one = |mut row: Line| {
        row.serial_base = "contract".to_owned();
        row
    };
    shop.files[0].lines =
        std::mem::take(&mut shop.files[0].lines).into_iter().map(of_one).collect();
    let due = shop.due(today());
    let ids: BTreeSet<MovementId> = due.movements.iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), 100_000);
}
