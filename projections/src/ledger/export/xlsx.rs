//! A workbook: journal, trial balance, head.
//!
//! Invariants: the same entries give the same bytes: the only time in the file is the business
//! day's; ids and codes are texts, because a spreadsheet keeps 15 digits of a number; money is a
//! number to look at and, beside it, minor units as text to rely on.

use std::io::Write;

use duizhang_core::amount::Currency;
use rust_decimal::Decimal;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, Workbook as Book, Worksheet, XlsxError,
};

use super::heading::{heading, subjects};
use super::{ExportError, Writing};
use crate::ledger::journal::Dated;
use crate::ledger::survey::Plan;

/// Most lines of a workbook: a sheet has 1,048,576 rows, less the names of the columns and the
/// totals. The workbook is made in memory, at some 500 bytes a line.
pub const XLSX_LINES_MAX: u64 = 1_048_000;

const COLUMNS: [&str; 14] = [
    "date",
    "position",
    "line",
    "text",
    "code",
    "account",
    "name",
    "debit",
    "credit",
    "currency",
    "minor units",
    "about",
    "note",
    "natural date",
];

#[derive(Default)]
pub(super) struct Workbook {
    sheet: Worksheet,
    row: u32,
}

/// A book whose bytes say nothing of the machine that made it.
pub(super) fn book_of(plan: &Plan) -> Result<Book, XlsxError> {
    let mut book = Book::new();
    let day = plan.days.map_or("2000-01-01".to_owned(), |(_, last)| last.to_string());
    let made = ExcelDateTime::parse_from_str(&format!("{day}T00:00:00"))
        .or_else(|_| ExcelDateTime::parse_from_str("2000-01-01T00:00:00"))?;
    book.set_properties(
        &DocProperties::new().set_title("Duizhang ledger").set_creation_datetime(&made),
    );
    Ok(book)
}

pub(super) fn money_format() -> Format {
    Format::new().set_num_format("#,##0.00")
}

/// An amount to look at. What no cell can show exactly is written as text.
pub(super) fn put_money(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    minor: i128,
    currency: Currency,
) -> Result<(), XlsxError> {
    /// A cell keeps 15 digits.
    const CELL_MINOR_MAX: i128 = 999_999_999_999_999;
    if minor.abs() <= CELL_MINOR_MAX {
        let amount = Decimal::from_i128_with_scale(minor, currency.decimals());
        sheet.write_with_format(row, column, amount, &money_format())?;
    } else {
        sheet.write_string(row, column, crate::ledger::balances::decimal(minor, currency))?;
    }
    Ok(())
}

/// Refuses what no sheet holds, before anything is made of it.
pub(super) fn check_lines(plan: &Plan) -> Result<(), ExportError> {
    if plan.lines > XLSX_LINES_MAX {
        return Err(ExportError::TooManyLines { lines: plan.lines });
    }
    Ok(())
}

pub(super) fn put_names(sheet: &mut Worksheet, names: &[&str]) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    for (column, name) in (0_u16..).zip(names) {
        sheet.write_string_with_format(0, column, *name, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// The sheet that says where the file comes from.
pub(super) fn put_heading(book: &mut Book, plan: &Plan) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet().set_name("head")?;
    for (row, (name, value)) in (0_u32..).zip(heading(plan)) {
        sheet.write_string(row, 0, name)?;
        sheet.write_string(row, 1, value)?;
    }
    Ok(())
}

impl Workbook {
    fn put_line(&mut self, plan: &Plan, dated: Dated<'_>, number: usize) -> Result<(), XlsxError> {
        let Dated { day, natural, entry } = dated;
        let line = &entry.lines()[number];
        let (_, english, chinese) = entry.narration().words();
        let about: Vec<String> =
            subjects(entry).into_iter().map(|(kind, id)| format!("{kind} {id}")).collect();
        self.row += 1;
        let (row, sheet) = (self.row, &mut self.sheet);
        sheet.write_string(row, 0, day.to_string())?;
        sheet.write_string(row, 1, entry.position().to_string())?;
        sheet.write_string(row, 2, (number + 1).to_string())?;
        sheet.write_string(row, 3, format!("{english} {chinese}"))?;
        sheet.write_string(row, 4, plan.chart.code(line.account))?;
        sheet.write_string(row, 5, plan.chart.path(line.account))?;
        sheet.write_string(row, 6, plan.chart.chinese(line.account))?;
        let (minor, currency) = (i128::from(line.amount.minor()), line.amount.currency());
        put_money(sheet, row, if minor < 0 { 8 } else { 7 }, minor.abs(), currency)?;
        sheet.write_string(row, 9, currency.code())?;
        sheet.write_string(row, 10, minor.to_string())?;
        sheet.write_string(row, 11, about.join(", "))?;
        sheet.write_string(row, 12, entry.note())?;
        sheet.write_string(row, 13, natural.to_string())?;
        Ok(())
    }
}

fn put_trial_balance(book: &mut Book, plan: &Plan) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet().set_name("trial balance")?;
    let names = [
        "code",
        "account",
        "name",
        "currency",
        "opening",
        "debit",
        "credit",
        "closing",
        "minor units",
    ];
    put_names(sheet, &names)?;
    for (row, (account, currency, closing)) in (1_u32..).zip(plan.closing().iter()) {
        let moved = plan.moved.of(account, currency);
        sheet.write_string(row, 0, plan.chart.code(account))?;
        sheet.write_string(row, 1, plan.chart.path(account))?;
        sheet.write_string(row, 2, plan.chart.chinese(account))?;
        sheet.write_string(row, 3, currency.code())?;
        let opening = plan.opening.of(account, currency).balance();
        let sums = [opening, moved.debit, moved.credit, closing.balance()];
        for (column, minor) in (4_u16..).zip(sums) {
            put_money(sheet, row, column, minor, currency)?;
        }
        sheet.write_string(row, 8, closing.balance().to_string())?;
    }
    Ok(())
}

impl Writing for Workbook {
    fn begin(&mut self, plan: &Plan, _: &mut dyn Write) -> Result<(), ExportError> {
        check_lines(plan)?;
        put_names(self.sheet.set_name("journal")?, &COLUMNS)?;
        Ok(())
    }

    fn entry(
        &mut self,
        plan: &Plan,
        dated: Dated<'_>,
        _: &mut dyn Write,
    ) -> Result<(), ExportError> {
        for number in 0..dated.entry.lines().len() {
            self.put_line(plan, dated, number)?;
        }
        Ok(())
    }

    fn end(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        let mut book = book_of(plan)?;
        put_heading(&mut book, plan)?;
        put_trial_balance(&mut book, plan)?;
        book.push_worksheet(std::mem::take(&mut self.sheet));
        out.write_all(&book.save_to_buffer()?)?;
        Ok(())
    }
}
