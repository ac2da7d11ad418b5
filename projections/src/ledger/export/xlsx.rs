//! A workbook: journal, trial balance, head.
//!
//! Invariants: the same entries give the same bytes: the only time in the file is the business
//! day's; ids and codes are texts, because a spreadsheet keeps 15 digits of a number; money is a
//! number to look at and, beside it, minor units as text to rely on.

use std::io::Write;

use rust_xlsxwriter::{Workbook as Book, Worksheet, XlsxError};

use super::heading::{heading, subjects};
use super::{ExportError, Writing};
use crate::export::cells::{
    book_of, check_lines, put_day, put_heading, put_money, put_names, put_text,
};
use crate::ledger::journal::Dated;
use crate::ledger::survey::Plan;

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

/// A book that says which day it ends with.
pub(super) fn ledger_book(plan: &Plan) -> Result<Book, XlsxError> {
    book_of("Duizhang ledger", plan.days.map(|(_, last)| last))
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
        put_day(sheet, row, 0, day)?;
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
        put_text(sheet, row, 12, entry.note())?;
        put_day(sheet, row, 13, natural)?;
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
    put_names(sheet, names)?;
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
        check_lines(plan.lines)?;
        put_names(self.sheet.set_name("journal")?, COLUMNS)?;
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
        let mut book = ledger_book(plan)?;
        put_heading(&mut book, &heading(plan))?;
        put_trial_balance(&mut book, plan)?;
        book.push_worksheet(std::mem::take(&mut self.sheet));
        out.write_all(&book.save_to_buffer()?)?;
        Ok(())
    }
}
