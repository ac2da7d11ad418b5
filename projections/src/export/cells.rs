//! The cells of a workbook.
//!
//! Invariants: the same cells give the same bytes, because the only time in the file is a day that
//! the caller names; a text is never a formula; a number that no cell shows exactly is a text.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};
use duizhang_core::amount::Currency;
use rust_decimal::Decimal;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, Workbook as Book, Worksheet, XlsxError,
};

use super::error::ExportError;
use crate::ledger::decimal;

/// Most lines of a workbook: a sheet has 1,048,576 rows, less the names of the columns and the
/// totals. The workbook is made in memory, at some 500 bytes a line.
pub const XLSX_LINES_MAX: u64 = 1_048_000;

/// A cell keeps 15 digits of a number.
const CELL_NUMBER_MAX: i128 = 999_999_999_999_999;

/// A cell keeps 32,767 UTF-16 units of text; the mark of what was cut takes a few of them.
const CELL_UNITS_MAX: usize = 32_700;

/// What stands where a text was cut.
const CUT: &str = " … (cut here: csv and json have the whole)";

/// A book whose bytes say nothing of the machine that made it.
pub(crate) fn book_of(title: &str, day: Option<NaiveDate>) -> Result<Book, XlsxError> {
    let mut book = Book::new();
    let made = day.and_then(date).map_or_else(|| ExcelDateTime::from_ymd(2000, 1, 1), Ok)?;
    book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&made));
    Ok(book)
}

/// A day as a spreadsheet knows it; its calendar begins in 1900.
fn date(day: NaiveDate) -> Option<ExcelDateTime> {
    let year = u16::try_from(day.year()).ok()?;
    let (month, day) = (u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?);
    ExcelDateTime::from_ymd(year, month, day).ok()
}

/// Refuses what no sheet holds, before anything is made of it.
pub(crate) fn check_lines(lines: u64) -> Result<(), ExportError> {
    if lines > XLSX_LINES_MAX {
        return Err(ExportError::TooManyLines { lines });
    }
    Ok(())
}

/// The names of the columns, which stay in sight.
pub(crate) fn put_names<'a>(
    sheet: &mut Worksheet,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    for (column, name) in (0_u16..).zip(names) {
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// The sheet that says where the file comes from.
pub(crate) fn put_heading(book: &mut Book, heading: &[(String, String)]) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet().set_name("head")?;
    for (row, (name, value)) in (0_u32..).zip(heading) {
        sheet.write_string(row, 0, name)?;
        sheet.write_string(row, 1, value)?;
    }
    Ok(())
}

/// How cells show money of a currency.
#[must_use]
pub fn money_format(currency: Currency) -> Format {
    Format::new().set_num_format(if currency.decimals() == 0 { "#,##0" } else { "#,##0.00" })
}

/// An amount to look at.
///
/// # Errors
/// [`XlsxError`] where the cell lies outside of the sheet.
pub fn put_money(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    minor: i128,
    currency: Currency,
) -> Result<(), XlsxError> {
    if minor.abs() <= CELL_NUMBER_MAX {
        let amount = Decimal::from_i128_with_scale(minor, currency.decimals());
        let format = money_format(currency);
        sheet.write_with_format(row, column, amount, &format)?;
    } else {
        sheet.write_string(row, column, decimal(minor, currency))?;
    }
    Ok(())
}

/// A whole number.
pub(crate) fn put_whole(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    number: i64,
) -> Result<(), XlsxError> {
    if i128::from(number).abs() <= CELL_NUMBER_MAX {
        sheet.write(row, column, Decimal::from(number))?;
    } else {
        sheet.write_string(row, column, number.to_string())?;
    }
    Ok(())
}

/// A day.
pub(crate) fn put_day(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    day: NaiveDate,
) -> Result<(), XlsxError> {
    match date(day) {
        Some(date) => {
            let format = Format::new().set_num_format("yyyy-mm-dd");
            sheet.write_datetime_with_format(row, column, &date, &format)?;
        }
        None => {
            sheet.write_string(row, column, day.to_string())?;
        }
    }
    Ok(())
}

/// A text, cut where no cell holds it.
pub(crate) fn put_text(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
) -> Result<(), XlsxError> {
    sheet.write_string(row, column, fitting(text))?;
    Ok(())
}

/// A text as a cell holds it; one that was cut says so.
#[must_use]
pub fn fitting(text: &str) -> Cow<'_, str> {
    let mut units = 0;
    let end = text.char_indices().find(|(_, sign)| {
        units += sign.len_utf16();
        units > CELL_UNITS_MAX
    });
    match end {
        Some((end, _)) => Cow::Owned(format!("{}{CUT}", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
