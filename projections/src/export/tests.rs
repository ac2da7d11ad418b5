//! The parts of exports by themselves: spelling, texts, cells.
//!
//! Deliberately not here: whole files, read back (`tests/exports`).

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::closing::Day;
use duizhang_core::digest::Digest;
use duizhang_core::event::Event;
use duizhang_core::fact::Fact;
use duizhang_core::id::{OrderId, WalletId};
use duizhang_core::testing::{Book, history};
use duizhang_core::time::Timestamp;
use proptest::prelude::*;
use rust_xlsxwriter::Worksheet;
use serde::Serialize;
use serde_json::json;

use super::cells::{XLSX_LINES_MAX, book_of, check_lines, put_day, put_money, put_whole};
use super::spelling::{spelled, variant};
use super::text::{defused, field, heading_record};
use super::{ListFormat, Listed};

/// Every shape that a later fact may have.
#[derive(Serialize)]
enum Shape {
    Nothing,
    One(Option<OrderId>),
    Several(u8, bool),
    Named { wallets: Vec<WalletId>, amount: Amount },
    Keyed(BTreeMap<u8, char>),
    Pair((Day, Timestamp)),
    Unit(()),
    Print(Digest),
    Wide(u128),
}

#[test]
fn every_shape_has_a_spelling() {
    let (order, wallet) = (OrderId::from_bits(7), WalletId::new("wx").expect("a name"));
    let wallets = vec![wallet.clone(), wallet];
    let yen = Amount::from_minor(-7, Currency::Jpy);
    let print = Digest::of(&[b"x"]);
    let hexadecimal: String = print.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    for (shape, expected) in [
        (Shape::Nothing, json!("nothing")),
        (Shape::One(None), json!({ "one": null })),
        (Shape::One(Some(order)), json!({ "one": order.to_string() })),
        (Shape::Several(7, true), json!({ "several": [7, true] })),
        (
            Shape::Named { wallets, amount: yen },
            json!({ "named": {
                "wallets": ["wx", "wx"],
                "amount": { "amount": "-7", "minor": -7, "currency": "JPY" },
            } }),
        ),
        (Shape::Keyed(BTreeMap::from([(1, 'x')])), json!({ "keyed": { "1": "x" } })),
        (
            Shape::Pair((Day::new(20_778), Timestamp::from_micros(5))),
            json!({ "pair": ["2026-11-21", 5] }),
        ),
        (Shape::Unit(()), json!({ "unit": null })),
        (Shape::Print(print), json!({ "print": hexadecimal })),
        (Shape::Wide(u128::MAX), json!({ "wide": u128::MAX.to_string() })),
    ] {
        assert_eq!(spelled(&shape).0, expected);
    }
}

#[test]
fn ids_are_noted_once_and_the_first_amount_counts() {
    let wallet = |name: &str| WalletId::new(name).expect("a name");
    let wallets = vec![wallet("b"), wallet("a"), wallet("b")];
    let amounts = [Amount::fen(5), Amount::fen(6)];
    let (_, named) = spelled(&(wallets, amounts));
    assert_eq!(named.ids("wallet").as_deref(), Some("b a"));
    assert_eq!((named.ids("order"), named.amount), (None, Some(Amount::fen(5))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is in a log has a name and a content, and an event is spelled as its fact is.
    #[test]
    fn every_event_of_any_history_is_spelled(steps in history(80)) {
        let mut book = Book::default();
        book.play(&steps);
        for entry in &book.log {
            let (fact, _) = spelled(&entry.fact);
            let whole = Event::Fact { at: entry.at, fact: entry.fact.clone() };
            prop_assert_eq!(&spelled(&whole).0["fact"]["fact"], &fact);
            let (name, content) = variant(fact);
            prop_assert!(!name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()));
            prop_assert!(content.is_null() == (entry.fact == Fact::ClockTicked));
        }
    }

    /// A text in a record stays a text, and a field.
    #[test]
    fn no_text_is_calculated_or_breaks_its_record(text in any::<String>()) {
        let told = defused(&text);
        prop_assert!(!told.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']));
        let field = field(&text);
        prop_assert!(!field.contains(['\r', '\n', '\t']));
        prop_assert_eq!(field.matches('"').count() % 2, 0);
    }
}

#[test]
fn a_heading_is_one_record_however_much_it_says() {
    let many: Vec<(String, String)> =
        (0..9).map(|number| (format!("total {number}"), "1.00".to_owned())).collect();
    let record = heading_record(&many, 3);
    assert_eq!(record.matches("\",\"").count(), 2, "{record}");
    assert!(record.contains("total 8: 1.00"), "{record}");
}

#[test]
fn what_no_cell_shows_exactly_is_a_text() {
    let mut sheet = Worksheet::new();
    let minors = [500, i128::from(i64::MAX), 999_999_999_999_999, 1_000_000_000_000_000];
    for (row, minor) in (0..).zip(minors) {
        put_money(&mut sheet, row, 0, minor, Currency::Cny).expect("a cell");
    }
    for (row, number) in (0..).zip([7, i64::MAX, i64::MIN]) {
        put_whole(&mut sheet, row, 1, number).expect("a cell");
    }
    let day = |year| chrono::NaiveDate::from_ymd_opt(year, 1, 2).expect("a day");
    for (row, year) in (0..).zip([2026, 1_899, 10_000]) {
        put_day(&mut sheet, row, 2, day(year)).expect("a cell");
    }
    let mut book = book_of("a test", None).expect("a book");
    book.push_worksheet(sheet);
    let mut archive = zip::ZipArchive::new(Cursor::new(book.save_to_buffer().expect("a book")))
        .expect("an archive");
    let mut texts = String::new();
    let mut part = archive.by_name("xl/sharedStrings.xml").expect("there are texts");
    part.read_to_string(&mut texts).expect("text");
    let mut found: Vec<&str> =
        texts.split("<t>").skip(1).filter_map(|t| t.split("</t>").next()).collect();
    let mut expected = vec![
        "92233720368547758.07",
        "10000000000000.00",
        "9223372036854775807",
        "-9223372036854775808",
        "1899-01-02",
        "+10000-01-02",
    ];
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn more_rows_than_a_sheet_has_are_refused() {
    assert!(check_lines(XLSX_LINES_MAX).is_ok());
    let refused = check_lines(XLSX_LINES_MAX + 1).expect_err("a row too many");
    assert!(refused.to_string().contains("export days, or csv"), "{refused}");
}

#[test]
fn every_list_and_format_is_known_by_its_word() {
    for listed in Listed::ALL {
        assert_eq!(listed.word().parse(), Ok(listed));
    }
    for format in ListFormat::ALL {
        assert_eq!(format.word().parse(), Ok(format));
    }
    assert!("secrets".parse::<Listed>().is_err());
    assert!("docx".parse::<ListFormat>().is_err());
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_how_to_get_it() {
    let refused = ListFormat::Parquet.writing().err().expect("it is not built");
    assert!(refused.to_string().contains("--features parquet"), "{refused}");
}
