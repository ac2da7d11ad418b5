//! Each fee counts once, whatever is imported in which order.

use std::collections::BTreeSet;

use duizhang_core::statement::Line;
use proptest::prelude::*;

use super::fees_tests::{Shop, at, charge, day, funds, trade, trades};
use super::*;

/// How a trade's fee is told: stated, in rows of its own, on which day, and whether in two rows.
#[derive(Clone, Copy, Debug)]
struct Taken {
    offset: i64,
    two_rows: bool,
}

/// An import: which kind of file with which trades, and the day that is reconciled with it.
#[derive(Clone, Debug)]
struct Import {
    own_rows: bool,
    of: BTreeSet<usize>,
    offset: i64,
}

const TRADES: usize = 6;

/// Amounts whose sum tells which of them are in it, and how often.
fn parts(trade: usize) -> [i64; 2] {
    let unit = 10_i64.pow(u32::try_from(trade).expect("few"));
    [unit, 2 * unit]
}

fn lines_of(import: &Import, taken: &[Taken]) -> Vec<Line> {
    let mut lines = Vec::new();
    for trade_number in &import.of {
        let Taken { offset, two_rows } = taken[*trade_number];
        let number = u32::try_from(*trade_number).expect("few");
        let [one, two] = parts(*trade_number);
        let whole = if two_rows { one + two } else { one };
        if !import.own_rows {
            lines.push(Line { time: at(offset), ..trade(number, whole) });
            continue;
        }
        let row = |serial: &str, fee, offset| Line {
            time: at(offset),
            ..charge(number, &format!("f{number}{serial}"), fee)
        };
        lines.push(row("a", one, offset));
        if two_rows {
            lines.push(row("b", two, (offset + 1).min(1)));
        }
    }
    lines
}

fn imports() -> impl Strategy<Value = Vec<Import>> {
    let of = prop::collection::btree_set(0..TRADES, 0..=TRADES);
    let import = (any::<bool>(), of, -1_i64..=1).prop_map(|(own_rows, of, offset)| Import {
        own_rows,
        of,
        offset,
    });
    prop::collection::vec(import, 1..7)
}

fn ways() -> impl Strategy<Value = Vec<Taken>> {
    let taken =
        (-1_i64..=1, any::<bool>()).prop_map(|(offset, two_rows)| Taken { offset, two_rows });
    prop::collection::vec(taken, TRADES)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    /// Whatever is imported, in which order, how often, and whichever day is reconciled when: in
    /// the end each fee of a file is in the books, once.
    #[test]
    fn any_order_and_repetition_of_imports_books_each_fee_once(
        imports in imports(),
        taken in ways(),
        again in prop::collection::vec((0_usize..6, -1_i64..=1), 0..6),
    ) {
        let mut shop = Shop::new();
        let files: Vec<StatementLines> = (1_u8..).zip(&imports).map(|(name, import)| {
            let make = if import.own_rows { funds } else { trades };
            make(name, lines_of(import, &taken))
        }).collect();
        for (file, import) in files.iter().zip(&imports) {
            shop.keep(file.clone());
            shop.run(day(import.offset));
        }
        for (place, offset) in again {
            shop.keep(files[place % files.len()].clone());
            shop.run(day(offset));
        }
        for offset in [-1, 0, 1] {
            shop.run(day(offset));
        }
        let told: BTreeSet<usize> =
            imports.iter().flat_map(|import| import.of.iter().copied()).collect();
        let whole = |number: usize| {
            let [one, two] = parts(number);
            if taken[number].two_rows { one + two } else { one }
        };
        prop_assert_eq!(shop.booked(), told.into_iter().map(whole).sum::<i64>());
        for offset in [1, 0, -1] {
            prop_assert_eq!(shop.run(day(offset)), Vec::<i64>::new());
        }
        prop_assert!(shop.book.violations().is_empty());
    }
}
