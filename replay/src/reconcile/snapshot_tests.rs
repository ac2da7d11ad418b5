//! Exports made into one: what counts, what is a change, and what is only told again.

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::id::WalletId;
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::time::{Span, Timestamp};
use proptest::prelude::*;

use super::tests::{line, today, zone};
use super::*;

/// An export of the whole day.
fn export(name: &str, lines: Vec<Line>) -> StatementLines {
    let file = FileLine {
        name: name.into(),
        sha256: format!("{name}-digest"),
        wallet: "wx".into(),
        layout: "wechat-personal".into(),
        lines: lines.len(),
        rejected: 0,
        proof: "hold".into(),
        findings: Vec::new(),
    };
    StatementLines {
        wallet: WalletId::new("wx").expect("a name"),
        channel: Channel::Wechat,
        file,
        from: zone().start_of(today()),
        to: zone().end_of(today()),
        whole: true,
        lines,
    }
}

fn noon() -> Timestamp {
    zone().start_of(today()).plus(Span::from_hours(12))
}

fn merged(files: Vec<StatementLines>) -> Merged {
    let day = zone().start_of(today())..zone().end_of(today());
    merge(files, &day, zone())
}

/// The rows that count, by file.
fn counting(merged: &Merged) -> Vec<Vec<u32>> {
    let rows = |one: &StatementLines| one.lines.iter().map(|line| line.number).collect();
    merged.statements.iter().map(rows).collect()
}

/// What is told of changes: the serial and what differs, or that it is gone.
fn told(merged: &Merged) -> Vec<(&str, String)> {
    let what = |one: &Change| match one.after {
        Some(_) => one.differs.join(" "),
        None => "gone".to_owned(),
    };
    merged.changes.iter().map(|one| (one.serial.as_str(), what(one))).collect()
}

fn bare(number: u32, minor: i64, time: Timestamp) -> Line {
    Line { serial: String::new(), serial_base: String::new(), ..line(number, minor, time) }
}

#[test]
fn a_row_told_again_counts_once_and_is_no_change() {
    let rows = vec![line(1, 100, noon()), line(2, 200, noon())];
    let more = [rows.clone(), vec![line(3, 300, noon())]].concat();
    let merged = merged(vec![export("a", rows), export("b", more)]);
    assert_eq!((counting(&merged), told(&merged)), (vec![vec![], vec![1, 2, 3]], vec![]));
}

#[test]
fn what_differs_is_named_and_the_later_file_wins() {
    let was = line(1, 100, noon());
    let cases: [(Line, &[&str]); 6] = [
        (Line { status: LineStatus::RefundedFull, ..was.clone() }, &["status"]),
        (Line { gross: Amount::fen(90), ..was.clone() }, &["amount"]),
        (Line { fee: Amount::fen(1), ..was.clone() }, &["fee"]),
        (Line { time: noon().plus(Span::from_secs(1)), ..was.clone() }, &["time"]),
        (Line { note: "told otherwise".into(), number: 9, ..was.clone() }, &[]),
        // A spreadsheet saved it again and took the seconds.
        (Line { precision: Precision::Minute, ..was.clone() }, &[]),
    ];
    for (now, differs) in cases {
        let number = now.number;
        let merged = merged(vec![export("a", vec![was.clone()]), export("b", vec![now])]);
        assert_eq!(counting(&merged), [vec![], vec![number]], "{differs:?}");
        let found: Vec<_> = merged.changes.iter().map(|one| one.differs.as_slice()).collect();
        let expected = if differs.is_empty() { vec![] } else { vec![differs] };
        assert_eq!(found, expected);
    }
}

#[test]
fn a_row_that_is_gone_is_told_and_does_not_count() {
    let rows = vec![line(1, 100, noon()), bare(3, 300, noon())];
    let merged = merged(vec![export("a", rows), export("b", vec![line(4, 400, noon())])]);
    assert_eq!(counting(&merged), [vec![], vec![4]]);
    let mut told = told(&merged);
    told.sort();
    assert_eq!(told, ["", "420000000001"].map(|serial| (serial, "gone".to_owned())));
    assert!(merged.changes.iter().all(|one| one.later == "b"));
}

#[test]
fn a_row_that_could_not_be_read_may_be_the_one_that_is_missing() {
    let rows = vec![line(1, 100, noon()), line(2, 200, noon())];
    let mut later = export("b", vec![line(1, 90, noon())]);
    later.whole = false;
    let merged = merged(vec![export("a", rows), later]);
    assert_eq!(counting(&merged), [vec![2], vec![1]]);
    assert_eq!(told(&merged), [("420000000001", "amount".to_owned())]);
}

#[test]
fn of_three_files_the_last_that_has_a_row_or_should_have_it_decides() {
    let has = |name| export(name, vec![line(1, 100, noon())]);
    let lacks = |name| export(name, Vec::new());
    let cases: [(Vec<StatementLines>, usize, usize); 4] = [
        (vec![has("a"), lacks("b"), has("c")], 1, 1),
        (vec![has("a"), has("b"), lacks("c")], 0, 1),
        (vec![has("a"), lacks("b"), lacks("c")], 0, 1),
        (vec![lacks("a"), has("b"), has("c")], 1, 0),
    ];
    for (place, (files, rows, changes)) in cases.into_iter().enumerate() {
        let merged = merged(files);
        let counts = (counting(&merged).concat().len(), merged.changes.len());
        assert_eq!(counts, (rows, changes), "case {place}");
    }
}

#[test]
fn a_row_without_a_serial_is_known_by_all_that_it_says() {
    let twice = vec![bare(1, 100, noon()), bare(2, 100, noon())];
    // One file with two equal rows keeps both, and the next one tells both again: a break about
    // one of them bears the place where it was told first.
    let same = merged(vec![export("a", twice.clone()), export("b", twice.clone())]);
    assert_eq!((counting(&same), told(&same)), (vec![vec![1, 2], vec![]], vec![]));
    // A later file has one more, or one less.
    let more = [twice.clone(), vec![bare(3, 100, noon())]].concat();
    let grown = merged(vec![export("a", twice.clone()), export("b", more)]);
    assert_eq!((counting(&grown), told(&grown)), (vec![vec![1, 2], vec![3]], vec![]));
    let fewer = merged(vec![export("a", twice.clone()), export("b", twice[..1].to_vec())]);
    assert_eq!(counting(&fewer), [vec![1], vec![]]);
    assert_eq!(told(&fewer), [("", "gone".to_owned())]);
    // Another amount is another row: the earlier one is gone and does not count twice.
    let other = merged(vec![export("a", twice), export("b", vec![bare(1, 101, noon())])]);
    assert_eq!(counting(&other), [vec![], vec![1]]);
    assert_eq!(told(&other), [("", "gone".to_owned()), ("", "gone".to_owned())]);
}

#[test]
fn within_one_file_nothing_is_merged() {
    let twice = vec![line(1, 100, noon()), Line { number: 2, ..line(1, 100, noon()) }];
    let merged = merged(vec![export("a", twice)]);
    assert_eq!((counting(&merged), told(&merged)), (vec![vec![1, 2]], vec![]));
}

#[test]
fn only_a_file_of_the_same_wallet_and_layout_that_covers_the_time_can_miss_a_row() {
    let row = vec![line(1, 100, noon())];
    let wallet = WalletId::new("wx-2").expect("a name");
    let other = StatementLines { wallet, ..export("b", vec![line(1, 900, noon())]) };
    let mut funds = export("c", vec![line(2, 200, noon())]);
    funds.file.layout = "wechat-merchant-funds".into();
    let short = StatementLines { to: noon(), ..export("d", vec![]) };
    for later in [other, funds, short] {
        let name = later.file.name.clone();
        let merged = merged(vec![export("a", row.clone()), later]);
        assert_eq!(counting(&merged)[0], [1], "{name}");
        assert_eq!(told(&merged), [], "{name}");
    }
}

#[test]
fn a_payment_and_its_refund_under_one_serial_are_two_rows() {
    let back = Line { kind: LineKind::RefundOut, number: 2, ..line(1, 100, noon()) };
    let rows = vec![line(1, 100, noon()), back];
    let merged = merged(vec![export("a", rows.clone()), export("b", rows)]);
    assert_eq!((counting(&merged), told(&merged)), (vec![vec![], vec![1, 2]], vec![]));
}

#[test]
fn changes_of_other_days_are_for_their_days() {
    let yesterday = zone().start_of(today()).minus(Span::from_hours(1));
    let was = line(1, 100, yesterday);
    let now = Line { status: LineStatus::Closed, ..was.clone() };
    let merged = merged(vec![export("a", vec![was]), export("b", vec![now])]);
    assert_eq!((counting(&merged), told(&merged)), (vec![vec![], vec![1]], vec![]));
}

/// What may happen to a row between two exports.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Same,
    GivenBack,
    Gone,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![Just(Fate::Same), Just(Fate::GivenBack), Just(Fate::Gone)];
    prop::collection::vec(fate, 0..24)
}

fn rows(count: usize) -> Vec<Line> {
    let numbers = (1_u32..).take(count);
    numbers.map(|number| line(number, i64::from(number) * 100, noon())).collect()
}

/// All rows that count, by serial, as far as they say something.
fn content(merged: &Merged) -> BTreeMap<&str, (LineStatus, i64)> {
    let lines = merged.statements.iter().flat_map(|one| &one.lines);
    lines.map(|line| (line.serial.as_str(), (line.status, line.gross.minor()))).collect()
}

proptest! {
    /// A later file changes what it changes: every other row counts as it was, once.
    #[test]
    fn a_later_file_changes_what_it_tells_otherwise_and_nothing_else(fates in fates()) {
        let before = rows(fates.len());
        let after = before.iter().zip(&fates).filter_map(|(row, fate)| match fate {
            Fate::Same => Some(row.clone()),
            Fate::GivenBack => Some(Line { status: LineStatus::RefundedFull, ..row.clone() }),
            Fate::Gone => None,
        });
        let after: Vec<Line> = after.collect();
        let both = merged(vec![export("a", before.clone()), export("b", after)]);
        let mut expected = BTreeMap::new();
        for (row, fate) in before.iter().zip(&fates) {
            let status = match fate {
                Fate::Same => LineStatus::Ok,
                Fate::GivenBack => LineStatus::RefundedFull,
                Fate::Gone => continue,
            };
            expected.insert(row.serial.as_str(), (status, row.gross.minor()));
        }
        prop_assert_eq!(counting(&both).concat().len(), expected.len(), "each once");
        prop_assert_eq!(content(&both), expected);
        let changed = fates.iter().filter(|fate| !matches!(fate, Fate::Same)).count();
        prop_assert_eq!(both.changes.len(), changed);
    }

    /// Files that say the same may come in any order, cut as they like.
    #[test]
    fn files_that_say_the_same_may_come_in_any_order(
        cuts in prop::collection::vec(0_usize..16, 1..5),
        turn in 0_usize..5,
    ) {
        let all = rows(16);
        let mut files: Vec<StatementLines> = cuts
            .iter()
            .map(|cut| {
                // Each ends where its rows end, so none misses what it does not cover.
                let to = noon().minus(Span::from_hours(1));
                StatementLines { to, ..export(&format!("f{cut}"), all[..*cut].to_vec()) }
            })
            .collect();
        let straight = merged(files.clone());
        let turn = turn % files.len();
        files.rotate_left(turn);
        let turned = merged(files);
        prop_assert_eq!(content(&straight), content(&turned));
        prop_assert_eq!((told(&straight), told(&turned)), (vec![], vec![]));
        let most = cuts.iter().max().copied().unwrap_or_default();
        prop_assert_eq!(counting(&turned).concat().len(), most);
    }
}
