//! A list as a workbook: a head, and the rows.
//!
//! Invariants: the same rows give the same bytes; days are dates, money is a number to look at and,
//! beside it, minor units as text to rely on; ids and times are texts.

use std::io::Write;

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::cells::{
    book_of, check_lines, put_day, put_heading, put_money, put_names, put_text, put_whole,
};
use super::error::ExportError;
use super::format::Writing;
use super::table::{Cell, Kind, Table};

#[derive(Default)]
pub(super) struct Workbook {
    sheet: Worksheet,
    row: u32,
}

impl Workbook {
    fn put(&mut self, table: &Table, row: Vec<Cell>) -> Result<(), XlsxError> {
        self.row += 1;
        let (sheet, row_number, mut at) = (&mut self.sheet, self.row, 0_u16);
        for (column, cell) in table.columns.iter().zip(row) {
            if column.kind == Kind::Detail {
                continue;
            }
            match cell {
                Cell::Nothing => {}
                Cell::Text(text) => put_text(sheet, row_number, at, &text)?,
                Cell::Whole(number) => put_whole(sheet, row_number, at, number)?,
                Cell::Money(amount) => {
                    let (minor, currency) = (i128::from(amount.minor()), amount.currency());
                    put_money(sheet, row_number, at, minor, currency)?;
                    put_text(sheet, row_number, at + 1, &minor.to_string())?;
                }
                Cell::Day(day) => put_day(sheet, row_number, at, day)?,
                Cell::Time(time) => {
                    put_text(sheet, row_number, at, &table.zone.rfc3339_exact(time))?;
                }
                Cell::Document(document) => {
                    put_text(sheet, row_number, at, &document.to_string())?;
                }
            }
            at += if column.kind == Kind::Money { 2 } else { 1 };
        }
        Ok(())
    }
}

impl Writing for Workbook {
    fn begin(&mut self, table: &Table, _: &mut dyn Write) -> Result<(), ExportError> {
        check_lines(table.rows)?;
        let names = table.names();
        put_names(self.sheet.set_name(table.name)?, names.iter().map(String::as_str))?;
        Ok(())
    }

    fn row(&mut self, table: &Table, row: Vec<Cell>, _: &mut dyn Write) -> Result<(), ExportError> {
        Ok(self.put(table, row)?)
    }

    fn end(&mut self, table: &Table, out: &mut dyn Write) -> Result<(), ExportError> {
        let mut book = book_of(&format!("Duizhang {}", table.name), table.day)?;
        put_heading(&mut book, &table.heading)?;
        book.push_worksheet(std::mem::take(&mut self.sheet));
        out.write_all(&book.save_to_buffer()?)?;
        Ok(())
    }
}
