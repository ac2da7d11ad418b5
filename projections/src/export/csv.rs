//! A list as CSV (RFC 4180).
//!
//! Invariants: UTF-8 with a byte order mark, CRLF, the same number of fields in each record; texts
//! in quotes, and one that a spreadsheet would calculate begins with an apostrophe. The first
//! record says where the file comes from, the second names the columns.

use std::io::Write;

use super::error::ExportError;
use super::format::Writing;
use super::table::{Cell, Kind, Table};
use super::text::{BYTE_ORDER_MARK, field, heading_record};

pub(super) struct Csv;

impl Writing for Csv {
    fn begin(&mut self, table: &Table, out: &mut dyn Write) -> Result<(), ExportError> {
        let names: Vec<String> = table.names().iter().map(|name| field(name)).collect();
        let heading = heading_record(&table.heading, names.len());
        write!(out, "{BYTE_ORDER_MARK}{heading}\r\n{}\r\n", names.join(","))?;
        Ok(())
    }

    fn row(
        &mut self,
        table: &Table,
        row: Vec<Cell>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let mut fields = Vec::with_capacity(row.len());
        for (column, cell) in table.columns.iter().zip(row) {
            match (column.kind, cell) {
                (Kind::Detail, _) => {}
                (Kind::Money, Cell::Nothing) => fields.extend([String::new(), String::new()]),
                (_, Cell::Nothing) => fields.push(String::new()),
                (_, Cell::Text(text)) => fields.push(field(&text)),
                (_, Cell::Whole(number)) => fields.push(number.to_string()),
                (_, Cell::Money(amount)) => {
                    fields.extend([amount.decimal_text(), amount.minor().to_string()]);
                }
                (_, Cell::Day(day)) => fields.push(day.to_string()),
                (_, Cell::Time(at)) => fields.push(field(&table.zone.rfc3339_exact(at))),
                (_, Cell::Document(document)) => fields.push(field(&document.to_string())),
            }
        }
        write!(out, "{}\r\n", fields.join(","))?;
        Ok(())
    }

    fn end(&mut self, _: &Table, _: &mut dyn Write) -> Result<(), ExportError> {
        Ok(())
    }
}
