//! The report as a workbook, a sheet for each page.
//!
//! Invariants: the same report gives the same bytes: the only time in the file is the business
//! day's; serials and ids are texts, because a spreadsheet keeps 15 digits of a number, and what a
//! payer wrote is a text, never a formula; money is a number to look at and, beside it, an integer
//! of minor units; the only formulas are totals, and each carries its result; a text that no cell
//! holds ends with a mark.
//! Deliberately not here: what is on the pages (`overview`, `details`).

use duizhang_core::amount::Currency;
use duizhang_projections::export::{fitting, money_format, put_money};
use duizhang_projections::ledger::decimal;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatPattern, Formula, Workbook, Worksheet,
    XlsxError, utility,
};

use super::report::DayReport;
use super::sheets::{Cell, Kind, Row, Sheet, Sums, Table, Tone};

/// The largest number of minor units that a cell keeps: it has 15 digits.
const CELL_MINOR_MAX: u128 = 999_999_999_999_999;

/// Widest column in pixels; what is longer is read in its cell.
const WIDTH_MAX: u32 = 420;

impl DayReport {
    /// For spreadsheets, with a sheet for each page.
    ///
    /// # Errors
    /// [`XlsxError`] where the workbook cannot be made.
    pub fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let made = ExcelDateTime::parse_from_str(&format!("{}T00:00:00", self.day))
            .or_else(|_| ExcelDateTime::parse_from_str("2000-01-01T00:00:00"))?;
        book.set_properties(
            &DocProperties::new()
                .set_title(format!("日对账报告 {}", self.day))
                .set_creation_datetime(&made),
        );
        for page in self.sheets(usize::MAX) {
            let sheet = book.add_worksheet().set_name(page.zh)?;
            put_page(sheet, &page)?;
        }
        book.save_to_buffer()
    }
}

fn put_page(sheet: &mut Worksheet, page: &Sheet) -> Result<(), XlsxError> {
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    let mut row = 0;
    let only_list = page.tables.first().is_some_and(|table| table.key != "origin");
    for (place, table) in page.tables.iter().enumerate() {
        let lists = only_list && place == 0;
        if !lists {
            let bold = Format::new().set_bold().set_font_size(13);
            sheet.write_string_with_format(row, 0, format!("{} {}", table.zh, table.en), &bold)?;
            row += 1;
        }
        let (first, end) = (row, put_table(sheet, table, row)?);
        if lists {
            sheet.set_freeze_panes(1, 0)?;
            sheet.set_repeat_rows(0, 0)?;
            let rows = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
            let last = columns_of(table).last().map_or(0, |(from, width)| from + width - 1);
            sheet.autofilter(first, 0, first + rows, last)?;
        }
        row = end + 1;
    }
    sheet.set_autofit_max_width(WIDTH_MAX).autofit();
    Ok(())
}

/// For each column of a table its first column of the sheet, and how many it takes.
fn columns_of(table: &Table) -> Vec<(u16, u16)> {
    let mut from = 0;
    let mut columns = Vec::new();
    for column in &table.columns {
        let width = match column.kind {
            Kind::Text | Kind::Number => 1,
            Kind::Money => 2,
            Kind::Tally => 3,
        };
        columns.push((from, width));
        from += width;
    }
    columns
}

/// Writes a table and gives the first row behind it.
fn put_table(sheet: &mut Worksheet, table: &Table, first: u32) -> Result<u32, XlsxError> {
    put_names(sheet, table, first)?;
    let columns = columns_of(table);
    let mut row = first;
    for one in &table.rows {
        row += 1;
        put_row(sheet, (table, &columns), one, row)?;
    }
    if table.sums == Sums::Below && !table.rows.is_empty() {
        put_totals(sheet, table, first + 1, row)?;
        row += 1;
    }
    if table.unlisted > 0 {
        row += 1;
        sheet.write_string(row, 0, format!("另有未列出 and {} more", table.unlisted))?;
    }
    Ok(row + 1)
}

fn put_names(sheet: &mut Worksheet, table: &Table, row: u32) -> Result<(), XlsxError> {
    let head = Format::new()
        .set_bold()
        .set_background_color(0x00E6_EAF0)
        .set_pattern(FormatPattern::Solid)
        .set_align(FormatAlign::Top)
        .set_text_wrap();
    for (column, (from, width)) in table.columns.iter().zip(columns_of(table)) {
        let name = format!("{} {}", column.zh, column.en);
        if width == 1 {
            sheet.write_string_with_format(row, from, name.trim_end(), &head)?;
            continue;
        }
        let parts = ["笔数", "金额", "分"];
        let parts = &parts[3 - usize::from(width)..];
        for (place, part) in (from..).zip(parts) {
            sheet.write_string_with_format(row, place, format!("{name} {part}"), &head)?;
        }
    }
    Ok(())
}

/// How a row stands out.
fn shade(tone: Tone) -> Format {
    match tone {
        Tone::Plain => Format::new(),
        Tone::Strong => Format::new().set_bold(),
        Tone::Alarm => Format::new().set_font_color(0x00B3_261E),
        Tone::Quiet => Format::new().set_font_color(0x005B_636E),
    }
}

fn put_row(
    sheet: &mut Worksheet,
    (table, columns): (&Table, &[(u16, u16)]),
    one: &Row,
    row: u32,
) -> Result<(), XlsxError> {
    let shade = shade(one.tone);
    for (place, (cell, (from, width))) in one.cells.iter().zip(columns).enumerate() {
        let (from, width) = (*from, *width);
        match cell {
            Cell::Text(text) => {
                sheet.write_string_with_format(row, from, fitting(text), &shade)?;
            }
            Cell::Number(number) => {
                sheet.write_with_format(row, from, *number, &shade)?;
            }
            Cell::Sum { count, minor, currency } => {
                let money = from + width - 2;
                if let (Some(count), true) = (count, money > from) {
                    sheet.write(row, from, *count)?;
                }
                let Some(minor) = minor else { continue };
                if !put_across(sheet, table, one, (row, place), (*minor, *currency))? {
                    put_sum(sheet, row, money, *minor, *currency)?;
                }
            }
        }
    }
    Ok(())
}

/// Money, and beside it minor units; as text where no cell keeps all digits.
fn put_sum(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    minor: i128,
    currency: Currency,
) -> Result<(), XlsxError> {
    put_money(sheet, row, column, minor, currency)?;
    match i64::try_from(minor) {
        Ok(whole) if minor.unsigned_abs() <= CELL_MINOR_MAX => {
            sheet.write(row, column + 1, rust_decimal::Decimal::from(whole))?;
        }
        _ => {
            sheet.write_string(row, column + 1, minor.to_string())?;
        }
    }
    Ok(())
}

/// Writes a total over wallets as the sum of its cells; tells whether it did.
fn put_across(
    sheet: &mut Worksheet,
    table: &Table,
    one: &Row,
    (row, place): (u32, usize),
    (minor, currency): (i128, Currency),
) -> Result<bool, XlsxError> {
    let Sums::Across(totals) = &table.sums else { return Ok(false) };
    let Some((_, parts)) = totals.iter().find(|(total, _)| *total == place) else {
        return Ok(false);
    };
    let minor_of = |part: &usize| match &one.cells[*part] {
        Cell::Sum { minor, .. } => *minor,
        Cell::Text(_) | Cell::Number(_) => None,
    };
    let sum: Option<i128> = parts.iter().map(minor_of).sum();
    if sum != Some(minor) || minor.unsigned_abs() > CELL_MINOR_MAX {
        return Ok(false);
    }
    let columns = columns_of(table);
    let money = |place: usize| columns[place].0 + columns[place].1 - 2;
    for (step, result) in [(0, decimal(minor, currency)), (1, minor.to_string())] {
        let cells = parts.iter().map(|part| utility::row_col_to_cell(row, money(*part) + step));
        let sum = format!("={}", cells.collect::<Vec<_>>().join("+"));
        put_formula(
            sheet,
            row,
            money(place) + step,
            (&sum, &result),
            (step == 0).then_some(currency),
        )?;
    }
    Ok(true)
}

fn put_formula(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    (formula, result): (&str, &str),
    money: Option<Currency>,
) -> Result<(), XlsxError> {
    let bold = money.map_or_else(Format::new, money_format).set_bold();
    let formula = Formula::new(formula).set_result(result);
    sheet.write_formula_with_format(row, column, formula, &bold)?;
    Ok(())
}

/// The totals of a list, below it.
fn put_totals(
    sheet: &mut Worksheet,
    table: &Table,
    first: u32,
    last: u32,
) -> Result<(), XlsxError> {
    let row = last + 1;
    sheet.write_string_with_format(row, 0, "合计 total", &Format::new().set_bold())?;
    for (place, (from, width)) in columns_of(table).into_iter().enumerate() {
        let Some((minor, currency)) = table.total(place).filter(|_| width > 1) else {
            continue;
        };
        if minor.unsigned_abs() > CELL_MINOR_MAX {
            continue;
        }
        let money = from + width - 2;
        for (step, result) in [(0, decimal(minor, currency)), (1, minor.to_string())] {
            let range = utility::cell_range(first, money + step, last, money + step);
            let sum = format!("=SUM({range})");
            put_formula(
                sheet,
                row,
                money + step,
                (&sum, &result),
                (step == 0).then_some(currency),
            )?;
        }
    }
    Ok(())
}
