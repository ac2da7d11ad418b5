//! Trades and the account's own rows about them: which count.

use duizhang_core::amount::Amount;
use duizhang_core::statement::{Line, LineKind};
use duizhang_core::time::Span;
use proptest::prelude::*;

use super::run_tests::{reconcile_day, standing, stated};
use super::tests::{book, line, open, pay, today, zone};
use super::*;

/// A row of the account for a trade.
fn account(number: u32, minor: i64) -> Line {
    let trade = trade(number, minor);
    Line {
        number: 100 + number,
        serial: format!("flow{number}"),
        serial_base: trade.serial,
        balance: Some(Amount::fen(99_999)),
        time: trade.time.plus(Span::from_secs(1)),
        ..line(number, minor, trade.time)
    }
}

fn trade(number: u32, minor: i64) -> Line {
    line(number, minor, zone().start_of(today()).plus(Span::from_hours(12)))
}

fn refund(number: u32, of: &Line, minor: i64) -> Line {
    let base = of.serial.clone();
    Line { kind: LineKind::RefundOut, serial_base: base, ..trade(number, minor) }
}

fn file(name: u8, layout: &str, lines: Vec<Line>) -> StatementLines {
    let mut file = stated(name, today(), lines).0;
    file.file.layout = layout.to_owned();
    file
}

fn trades(lines: Vec<Line>) -> StatementLines {
    file(1, "trades", lines)
}

fn funds(lines: Vec<Line>) -> StatementLines {
    file(2, "funds", lines)
}

fn merged(files: Vec<StatementLines>) -> Merged {
    merge(files, &(zone().start_of(today())..zone().end_of(today())), zone())
}

/// The rows that count, by file, and what the files' findings say.
fn counting(files: Vec<StatementLines>) -> (Vec<Vec<u32>>, Vec<String>) {
    let merged = merged(files);
    assert!(merged.changes.is_empty(), "nothing changed: {:?}", merged.changes);
    let rows = |one: &StatementLines| one.lines.iter().map(|line| line.number).collect();
    let findings = merged.statements.iter().flat_map(|one| one.file.findings.clone());
    (merged.statements.iter().map(rows).collect(), findings.collect())
}

#[test]
fn of_a_trade_and_its_row_of_the_account_the_trade_counts() {
    let paid = trade(1, 1_000);
    let fee = Line { kind: LineKind::Fee, ..account(1, 6) };
    let own = Line { number: 9, ..account(9, 500) };
    let rows = vec![account(1, 1_000), fee, own];
    let says = "1 rows are trades that another file tells, and count there".to_owned();
    let both = [trades(vec![paid.clone()]), funds(rows.clone())];
    assert_eq!(counting(both.to_vec()), (vec![vec![1], vec![101, 9]], vec![says.clone()]));
    let turned = both.into_iter().rev().collect();
    assert_eq!(counting(turned), (vec![vec![101, 9], vec![1]], vec![says]));
    // One file alone, or a file of the same layout, is nobody's second word.
    assert_eq!(counting(vec![funds(rows.clone())]).0, [vec![101, 101, 9]]);
    let same = vec![file(1, "funds", vec![paid]), funds(rows)];
    assert_eq!(merged(same).statements[1].lines.len(), 3);
}

#[test]
fn another_amount_is_pointed_out() {
    let (rows, says) = counting(vec![trades(vec![trade(1, 1_000)]), funds(vec![account(1, 900)])]);
    assert_eq!(rows, [vec![1], vec![]]);
    assert!(says[0].ends_with(", 1 of them with another amount"), "{says:?}");
}

#[test]
fn refunds_are_known_by_their_own_number_or_by_that_of_their_payment() {
    let paid = trade(1, 1_000);
    let back = |number, minor| refund(number, &paid, minor);
    let out = |row: Line, base: &str| Line {
        kind: LineKind::RefundOut,
        serial_base: base.to_owned(),
        ..row
    };
    let told = vec![paid.clone(), back(2, 300), back(3, 300), back(4, 400)];
    // Two name the refund, the others the payment; the last one has an amount that no refund has.
    let rows = vec![
        out(account(2, 300), &back(2, 300).serial),
        out(account(3, 300), &paid.serial),
        out(account(4, 400), &paid.serial),
        out(account(5, 100), &paid.serial),
    ];
    let (counted, _) = counting(vec![trades(told), funds(rows)]);
    assert_eq!(counted, [vec![1, 2, 3, 4], vec![105]]);
}

#[test]
fn both_files_of_a_day_leave_nothing_to_a_person() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    let time = pay(&mut book, 1_000);
    let paid = Line { time, merchant_no: Some("A1".into()), ..trade(1, 1_000) };
    let row = Line { time: time.plus(Span::from_secs(1)), ..account(1, 1_000) };
    let files = merged(vec![trades(vec![paid]), funds(vec![row])]).statements;
    let papers = [1, 2].map(|number| stated(number, today(), Vec::new()).1);
    let files: Vec<_> = files.into_iter().zip(papers).collect();
    reconcile_day(&mut book, today(), &files);
    assert_eq!(standing(&book), []);
}

proptest! {
    /// Each row of the account is dropped for a trade of its own, in whichever order files lie.
    #[test]
    fn a_trade_stands_for_one_row_at_the_most(
        told in prop::collection::vec((0_u32..4, any::<bool>(), 0_usize..3), 0..8),
        turned in any::<bool>(),
    ) {
        let (mut paid, mut rows) = (Vec::new(), Vec::new());
        for (place, (number, has_trade, copies)) in (0_u32..).zip(told) {
            let number = number + 10 * place;
            paid.extend(has_trade.then(|| trade(number, 1_000)));
            rows.extend((0..copies).map(|copy| Line {
                serial: format!("flow{number} {copy}"),
                ..account(number, 1_000)
            }));
        }
        let expected: usize = rows.len() - paid
            .iter()
            .filter(|paid| rows.iter().any(|row| row.serial_base == paid.serial))
            .count();
        let mut files = vec![trades(paid.clone()), funds(rows)];
        if turned {
            files.reverse();
        }
        let counted = merged(files).statements;
        let of = |layout: &str| counted.iter().find(|one| one.file.layout == layout).expect("given");
        prop_assert_eq!(of("trades").lines.len(), paid.len());
        prop_assert_eq!(of("funds").lines.len(), expected);
    }
}
