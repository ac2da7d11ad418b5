//! Workbooks of the ledger, read back: by the tests' own reader, and by openpyxl.
//!
//! openpyxl is installed by `scripts/test`; where it is missing the test says so by name.

use std::process::Command;

use duizhang_core::amount::Amount;
use duizhang_core::fact::Fact;
use duizhang_core::id::AdjustmentId;
use duizhang_core::ledger::{Account, AdjustmentProposed};
use duizhang_core::testing::{Book, books_day, history};
use duizhang_projections::ledger::{Format, Selection};
use proptest::prelude::*;
use serde_json::json;

use crate::books::{NASTY, SERIAL, Sums, add, chapters, ledger, standing};
use crate::skips::is_there;
use crate::workbook::{Cell, Kind, Sheet, Workbook};

/// What openpyxl makes of the journal: what kinds of cells there are, the debits as exact text, the
/// dates, and the notes.
const ASK: &str = r#"
import decimal, json, openpyxl, sys
rows = list(openpyxl.load_workbook(sys.argv[1])["journal"].iter_rows())
place = {cell.value: at for at, cell in enumerate(rows[0])}
column = lambda name: [row[place[name]] for row in rows[1:] if row[place[name]].value is not None]
print(json.dumps({
    "kinds": sorted({cell.data_type for row in rows for cell in row if cell.value is not None}),
    "debit": str(sum(decimal.Decimal(str(cell.value)) for cell in column("debit"))),
    "dates": sorted({str(cell.value.date()) for cell in column("date")}),
    "notes": [cell.value for cell in column("note")],
}))
"#;

/// The cells of a named column, below its name.
fn column<'a>(sheet: &'a Sheet, name: &str) -> Vec<&'a Cell> {
    let mut rows = sheet.rows();
    let names = rows.next().expect("names");
    let found = names.iter().find(|(_, cell)| cell.text == name);
    let column = *found.unwrap_or_else(|| panic!("a column {name}")).0;
    rows.filter_map(|row| row.get(&column)).collect()
}

/// The sums of a column of money by currency.
fn sums(sheet: &Sheet, money: &str, currency: &str) -> Sums {
    let mut rows = sheet.rows();
    let names = rows.next().expect("names");
    let place = |name| *names.iter().find(|(_, cell)| cell.text == name).expect("a column").0;
    let (money, currency, mut sums) = (place(money), place(currency), Sums::new());
    for row in rows {
        if let Some(cell) = row.get(&money) {
            add(&mut sums, &cell.shown(), &row[&currency].text);
        }
    }
    standing(sums)
}

fn read(book: &Book, format: Format) -> (Workbook, Sums) {
    let (bytes, debit) = ledger(&chapters(book), Selection::Whole, format);
    (Workbook::read(&bytes), debit)
}

/// The sheet of this name.
fn named<'a>(book: &'a Workbook, name: &str) -> &'a Sheet {
    let found = book.sheets.iter().find(|sheet| sheet.name == name);
    found.unwrap_or_else(|| panic!("a sheet {name}"))
}

#[test]
fn the_journal_has_dates_and_texts_and_no_formula() {
    let mut book = books_day();
    let line = |account, fen| (account, Amount::fen(fen));
    for (id, reason) in [(77, NASTY), (78, SERIAL)] {
        book.must(Fact::AdjustmentProposed(AdjustmentProposed {
            id: AdjustmentId::from_bits(id),
            lines: vec![line(Account::Tolerance, 1), line(Account::Overpaid, -1)],
            value_at: book.at,
            by: "ann".into(),
            reason: reason.into(),
        }));
    }
    let (workbook, debit) = read(&book, Format::Xlsx);
    assert_eq!(workbook.sheets[0].name, "head", "the head is the first sheet");
    for cell in workbook.sheets.iter().flat_map(Sheet::rows).flat_map(|row| row.values()) {
        assert_ne!(cell.kind, Kind::Formula, "{cell:?}");
    }
    let journal = named(&workbook, "journal");
    let dates = column(journal, "date");
    assert!(dates.iter().all(|cell| cell.format.as_deref() == Some("yyyy-mm-dd")));
    let shown: Vec<String> = dates.iter().map(|cell| cell.shown()).collect();
    assert!(shown.is_sorted());
    assert_eq!((shown[0].as_str(), shown[shown.len() - 1].as_str()), ("2026-11-19", "2026-11-21"));
    let notes = column(journal, "note");
    for note in [NASTY, SERIAL] {
        let found = notes.iter().find(|cell| cell.text == note);
        assert_eq!(found.expect("it was written").kind, Kind::Text, "{note}");
    }
    assert_eq!(sums(journal, "debit", "currency"), debit);
}

#[test]
fn openpyxl_reads_dates_sums_and_texts() {
    let mut asked = Command::new("python3");
    if !is_there("exports before openpyxl", asked.args(["-c", "import openpyxl"])) {
        return;
    }
    let mut book = books_day();
    let line = |account, fen| (account, Amount::fen(fen));
    book.must(Fact::AdjustmentProposed(AdjustmentProposed {
        id: AdjustmentId::from_bits(77),
        lines: vec![line(Account::Tolerance, 1), line(Account::Overpaid, -1)],
        value_at: book.at,
        by: "ann".into(),
        reason: NASTY.into(),
    }));
    let (bytes, debit) = ledger(&chapters(&book), Selection::Whole, Format::Xlsx);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.xlsx");
    std::fs::write(&path, bytes).expect("the folder can be written");
    let asked = Command::new("python3").args(["-c", ASK]).arg(&path).output().expect("it runs");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let told: serde_json::Value = serde_json::from_slice(&asked.stdout).expect("JSON");
    assert_eq!(told["kinds"], json!(["d", "n", "s"]), "dates, numbers, texts and no formula");
    let mut sums = Sums::new();
    add(&mut sums, told["debit"].as_str().expect("a text"), "CNY");
    assert_eq!(sums, debit);
    assert_eq!(told["dates"], json!(["2026-11-19", "2026-11-20", "2026-11-21"]));
    let notes = told["notes"].as_array().expect("a list");
    assert!(notes.contains(&json!(NASTY)), "{notes:?}");
}

#[test]
fn a_voucher_proves_itself_in_its_last_row() {
    let (workbook, debit) = read(&books_day(), Format::VoucherXlsx);
    let doubled: Sums = debit.into_iter().map(|(of, sum)| (of, 2 * sum)).collect();
    for side in ["借方金额", "贷方金额"] {
        let told = sums(named(&workbook, "凭证"), side, "币种");
        assert_eq!(told, doubled, "{side}: the lines, and their proof");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Debits, credits and minor units of any history come back out of the workbook.
    #[test]
    fn any_history_reads_back_with_the_same_sums(steps in history(80)) {
        let mut book = Book::default();
        book.play(&steps);
        let (workbook, debit) = read(&book, Format::Xlsx);
        let journal = named(&workbook, "journal");
        for side in ["debit", "credit"] {
            prop_assert_eq!(&sums(journal, side, "currency"), &debit);
        }
        let units = column(journal, "minor units");
        prop_assert!(units.iter().all(|cell| cell.kind == Kind::Text));
        let units = units.iter().map(|cell| cell.text.parse::<i128>().expect("whole"));
        prop_assert_eq!(units.sum::<i128>(), 0);
        let trial = named(&workbook, "trial balance");
        prop_assert_eq!(&sums(trial, "debit", "currency"), &debit);
        prop_assert_eq!(sums(trial, "closing", "currency"), Sums::new());
    }
}
