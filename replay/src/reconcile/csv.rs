//! The report as one CSV table (RFC 4180) with a column that names the section.
//!
//! Invariants: UTF-8 with a byte order mark, CRLF, every field in quotes, the same number of fields
//! in each record; a text that a spreadsheet would calculate begins with an apostrophe; money
//! stands as a decimal and, beside it, in minor units.
//! Deliberately not here: what is in the sections (`overview`, `details`).

use duizhang_projections::export::{BYTE_ORDER_MARK, field};
use duizhang_projections::ledger::decimal;

use super::report::DayReport;
use super::sheets::{Cell, Kind, Table};

/// What a record is: the names of a section's columns, one of its rows, or what is not listed.
const RECORDS: [&str; 3] = ["head", "row", "unlisted"];

impl DayReport {
    /// For spreadsheets.
    #[must_use]
    pub fn csv(&self) -> String {
        let sheets = self.sheets(usize::MAX);
        let mut records = Vec::new();
        for table in sheets.iter().flat_map(|sheet| &sheet.tables) {
            records.push(record(table, RECORDS[0], names(table)));
            records.extend(
                table.rows.iter().map(|row| record(table, RECORDS[1], fields(table, &row.cells))),
            );
            if table.unlisted > 0 {
                records.push(record(table, RECORDS[2], vec![number(table.unlisted)]));
            }
        }
        let width = records.iter().map(Vec::len).max().unwrap_or_default();
        let mut names = vec![field("section"), field("record")];
        names.extend((1..=width.saturating_sub(2)).map(|place| field(&format!("c{place}"))));
        let mut text = format!("{BYTE_ORDER_MARK}{}\r\n", names.join(","));
        for mut record in records {
            record.resize(width, "\"\"".to_owned());
            text += &record.join(",");
            text += "\r\n";
        }
        text
    }
}

fn record(table: &Table, kind: &str, fields: Vec<String>) -> Vec<String> {
    let mut record = vec![field(table.key), field(kind)];
    record.extend(fields);
    record
}

/// A number as a field: a minus in front is no formula.
fn number(number: impl std::fmt::Display) -> String {
    format!("\"{number}\"")
}

fn names(table: &Table) -> Vec<String> {
    let mut names = Vec::new();
    for column in &table.columns {
        let name = format!("{} {}", column.zh, column.en);
        match column.kind {
            Kind::Text | Kind::Number => names.push(field(&name)),
            Kind::Money | Kind::Tally => {
                if column.kind == Kind::Tally {
                    names.push(field(&format!("{name} 笔数 count")));
                }
                names.push(field(&format!("{name} 金额 amount")));
                names.push(field(&format!("{name} 分 minor units")));
            }
        }
    }
    names
}

fn fields(table: &Table, cells: &[Cell]) -> Vec<String> {
    let mut fields = Vec::new();
    for (place, cell) in cells.iter().enumerate() {
        let kind = table.columns[place].kind;
        match cell {
            Cell::Sum { count, minor, currency } => {
                if kind == Kind::Tally {
                    fields.push(count.map_or_else(|| field(""), number));
                }
                fields.push(
                    minor.map_or_else(|| field(""), |minor| number(decimal(minor, *currency))),
                );
                fields.push(minor.map_or_else(|| field(""), number));
            }
            Cell::Number(value) => fields.push(number(value)),
            Cell::Text(text) => {
                fields.push(field(text));
                // A text under a column of sums leaves its other fields empty.
                let more = match kind {
                    Kind::Text | Kind::Number => 0,
                    Kind::Money => 1,
                    Kind::Tally => 2,
                };
                fields.extend(std::iter::repeat_n(field(""), more));
            }
        }
    }
    fields
}
