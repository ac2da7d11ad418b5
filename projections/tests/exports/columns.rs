//! Parquet read back: by the crate's own reader, and by DuckDB, which shares nothing with it.
//!
//! DuckDB is installed by `scripts/test`; where it is missing the test says so by name.
//! Deliberately not here: that CSV, JSON and workbooks say the same (`lists`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::AdjustmentId;
use duizhang_core::ledger::{Account, AdjustmentProposed};
use duizhang_core::position::Position;
use duizhang_core::testing::{BOOKS_DAY_START, Book, books_day, history};
use duizhang_projections::export::{ListExport, ListFormat, ListSurvey, Listed};
use duizhang_projections::ledger::{Format, Head, Selection};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use proptest::prelude::*;

use crate::books::{SERIAL, Sums, add, chapters, ledger, list, standing, worked, zone};
use crate::records::{Record, read};
use crate::skips::is_there;

/// What DuckDB makes of a file: its columns with their types, its metadata, and the sums of an
/// amount by currency, as JSON.
const ASK: &str = r#"
import duckdb, json, sys
path, amount = sys.argv[1:]
ask = lambda words: duckdb.execute(words.replace("FILE", "'" + path + "'")).fetchall()
print(json.dumps({
    "types": {name: kind for name, kind, *_ in ask("describe select * from FILE")},
    "head": {k.decode(): v.decode() for k, v in ask("select key, value from parquet_kv_metadata(FILE)")},
    "rows": ask("select count(*) from FILE")[0][0],
    "sums": [[c, str(s), int(m)] for c, s, m in ask(
        f"select currency, sum({amount}), sum({amount}_minor) from FILE where {amount} is not null group by 1 order by 1"
    )],
    "first": str(ask("select min(biz_date) from FILE")[0][0]),
}))
"#;

/// The rows of a file as texts, with its metadata.
fn rows(path: &Path) -> (Vec<Record>, Record) {
    let file =
        SerializedFileReader::new(File::open(path).expect("it was written")).expect("Parquet");
    let metadata = file.metadata().file_metadata().key_value_metadata().expect("a heading");
    let heading = metadata.iter().map(|pair| (pair.key.clone(), pair.value.clone().expect("told")));
    let all = file.get_row_iter(None).expect("rows").map(|row| {
        let row = row.expect("a row");
        let cells = row.get_column_iter().filter_map(|(name, field)| {
            let text = match field {
                Field::Null => return None,
                Field::Str(text) => text.clone(),
                other => other.to_string(),
            };
            Some((name.clone(), text))
        });
        cells.collect()
    });
    (all.collect(), heading.collect())
}

fn written(folder: &Path, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join("list.parquet");
    fs::write(&path, bytes).expect("the folder can be written");
    path
}

/// Sums of a column of money, from its decimals; minor units must say the same.
fn sums(rows: &[Record], column: &str) -> Sums {
    let (mut decimals, mut units) = (Sums::new(), Sums::new());
    for row in rows {
        let Some(cell) = row.get(column) else { continue };
        add(&mut decimals, cell, &row["currency"]);
        let minor: i128 = row[&format!("{column}_minor")].parse().expect("whole");
        *units.entry(row["currency"].clone()).or_default() += minor;
    }
    assert_eq!(decimals, units, "{column}");
    standing(units)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Any history says in Parquet what it says in CSV, and the same history gives the same bytes.
    #[test]
    fn any_history_reads_back_with_the_same_sums(steps in history(80)) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut book = Book::default();
        book.play(&steps);
        let chapters = chapters(&book);
        for (listed, columns) in [
            (Listed::Events, &["amount"][..]),
            (Listed::Orders, &["requested", "payable", "paid", "refunded"]),
        ] {
            let export = |format| list(&chapters, Selection::Whole, listed, format);
            let (bytes, heading) = export(ListFormat::Parquet);
            prop_assert_eq!(&bytes, &export(ListFormat::Parquet).0);
            let (rows, told) = rows(&written(folder.path(), &bytes));
            prop_assert_eq!(told, heading);
            let csv = read(&export(ListFormat::Csv).0, ListFormat::Csv).rows;
            prop_assert_eq!(rows.len(), csv.len());
            for column in columns {
                prop_assert_eq!(sums(&rows, column), sums(&csv, column));
            }
        }
        let (bytes, debit) = ledger(&chapters, Selection::Whole, Format::Parquet);
        let rows = rows(&written(folder.path(), &bytes)).0;
        prop_assert_eq!(sums(&rows, "debit"), debit.clone());
        prop_assert_eq!(sums(&rows, "credit"), debit);
    }
}

#[test]
fn ids_are_texts_and_histories_are_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let chapters = chapters(&worked());
    let export = |listed| list(&chapters, Selection::Whole, listed, ListFormat::Parquet).0;
    let orders = rows(&written(folder.path(), &export(Listed::Orders))).0;
    assert_eq!(orders[0]["number"], SERIAL);
    let breaks = rows(&written(folder.path(), &export(Listed::Breaks))).0;
    let json = list(&chapters, Selection::Whole, Listed::Breaks, ListFormat::Json).0;
    let json = read(&json, ListFormat::Json).rows;
    for column in ["break", "history", "subject", "related", "state", "amount"] {
        let of = |rows: &[Record]| rows.iter().map(|row| row[column].clone()).collect::<Vec<_>>();
        assert_eq!(of(&breaks), of(&json), "{column}");
    }
    let nothing = list(&[], Selection::Whole, Listed::Events, ListFormat::Parquet).0;
    assert!(rows(&written(folder.path(), &nothing)).0.is_empty());
}

/// Rows come in groups; the last one may be short.
#[test]
fn more_rows_than_one_group_are_all_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let count: u64 = 40_000;
    let ticks = (1..=count).map(|number| Chapter {
        position: Position::new(number),
        at: BOOKS_DAY_START,
        fact: Fact::ClockTicked,
        decisions: Vec::new(),
    });
    let ticks: Vec<Chapter> = ticks.collect();
    let bytes = list(&ticks, Selection::Whole, Listed::Events, ListFormat::Parquet).0;
    let path = written(folder.path(), &bytes);
    let file = SerializedFileReader::new(File::open(&path).expect("it was written"));
    assert_eq!(file.expect("Parquet").num_row_groups(), 2);
    let rows = rows(&path).0;
    let positions = rows.iter().map(|row| row["position"].parse::<u64>().expect("whole"));
    assert!(positions.eq(1..=count), "all of them, in the order of the log");
    let empty = |row: &Record| row["event"] == "clock_ticked" && !row.contains_key("content");
    assert!(rows.iter().all(empty));
}

/// More digits than the column has are refused and not cut. The rules let no amount be as large, so
/// the chapter is one that no book wrote.
#[test]
fn an_amount_that_does_not_fit_is_refused() {
    for (minor, fits) in [(9_999_999_999_999_999, true), (10_000_000_000_000_000, false)] {
        let mut chapter = chapters(&books_day()).remove(0);
        chapter.fact = Fact::AdjustmentProposed(AdjustmentProposed {
            id: AdjustmentId::from_bits(77),
            lines: vec![(Account::Tolerance, Amount::from_minor(minor, Currency::Jpy))],
            value_at: chapter.at,
            by: "ann".into(),
            reason: "yen".into(),
        });
        let mut survey = ListSurvey::new(Listed::Events, zone(), Selection::Whole);
        survey.fold(&chapter);
        let plan = survey.finish(&Head { position: chapter.position, root: String::new() });
        let mut out = Vec::new();
        let mut export = ListExport::begin(plan, ListFormat::Parquet, &mut out).expect("it begins");
        assert_eq!(export.fold(&chapter).is_ok(), fits, "{minor}");
    }
}

#[test]
fn duckdb_reads_types_sums_and_heading() {
    if !is_there("exports before DuckDB", Command::new("python3").args(["-c", "import duckdb"])) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let all = chapters(&books_day());
    let (bytes, heading) = list(&all, Selection::Whole, Listed::Orders, ListFormat::Parquet);
    let told = ask(&written(folder.path(), &bytes), "paid");
    for (column, kind) in [
        ("number", "VARCHAR"),
        ("position", "BIGINT"),
        ("biz_date", "DATE"),
        ("paid", "DECIMAL(18,2)"),
        ("paid_minor", "BIGINT"),
        ("created", "TIMESTAMP WITH TIME ZONE"),
    ] {
        assert_eq!(told["types"][column], kind, "{column}");
    }
    let head: BTreeMap<String, String> =
        serde_json::from_value(told["head"].clone()).expect("texts");
    assert_eq!(head, heading);
    assert_eq!(told["rows"].to_string(), heading["orders"]);
    assert_eq!(told["sums"][0][1], heading["paid CNY"]);
    assert_eq!(told["first"], "2026-11-20");
    let (bytes, debit) = ledger(&all, Selection::Whole, Format::Parquet);
    let told = ask(&written(folder.path(), &bytes), "debit");
    assert_eq!(told["sums"][0][2].to_string(), debit["CNY"].to_string());
}

fn ask(path: &Path, amount: &str) -> serde_json::Value {
    let asked = Command::new("python3").args(["-c", ASK]).arg(path).arg(amount).output();
    let asked = asked.expect("it runs");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    serde_json::from_slice(&asked.stdout).expect("JSON")
}
