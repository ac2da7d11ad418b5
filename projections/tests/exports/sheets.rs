//! Workbooks of the ledger, read back.

use duizhang_core::amount::Amount;
use duizhang_core::fact::Fact;
use duizhang_core::id::AdjustmentId;
use duizhang_core::ledger::{Account, AdjustmentProposed};
use duizhang_core::testing::{Book, books_day, history};
use duizhang_projections::ledger::{Format, Selection};
use proptest::prelude::*;

use crate::books::{NASTY, SERIAL, Sums, add, chapters, ledger, standing};
use crate::workbook::{Cell, Kind, Sheet, Workbook};

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
            lines: vec![line(Account::Tolerance, 1), line(Account::Long, -1)],
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
