//! A list as JSON lines: a head, and one document for each row.
//!
//! Invariants: amounts are texts with all places, with minor units beside them; what a row does not
//! have is null, so that every document has the same keys; every document says what it is in
//! `kind`.

use std::io::Write;

use serde_json::{Map, Value};

use super::error::ExportError;
use super::format::Writing;
use super::table::{Cell, Kind, Table};

pub(super) struct JsonLines;

impl Writing for JsonLines {
    fn begin(&mut self, table: &Table, out: &mut dyn Write) -> Result<(), ExportError> {
        let told = table.heading.iter();
        let told = told.map(|(name, value)| (name.replace(' ', "_"), value.clone().into()));
        let mut head: Map<String, Value> = told.collect();
        head.insert("kind".to_owned(), "head".into());
        writeln!(out, "{}", Value::Object(head))?;
        Ok(())
    }

    fn row(
        &mut self,
        table: &Table,
        row: Vec<Cell>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let mut document = Map::new();
        document.insert("kind".to_owned(), table.kind.into());
        for (column, cell) in table.columns.iter().zip(row) {
            if column.kind == Kind::Money {
                let minor = if let Cell::Money(amount) = &cell {
                    amount.minor().into()
                } else {
                    Value::Null
                };
                document.insert(column.minor_name(), minor);
            }
            let value = match cell {
                Cell::Nothing => Value::Null,
                Cell::Text(text) => text.into(),
                Cell::Whole(number) => number.into(),
                Cell::Money(amount) => amount.decimal_text().into(),
                Cell::Day(day) => day.to_string().into(),
                Cell::Time(at) => table.zone.rfc3339_exact(at).into(),
                Cell::Document(document) => document,
            };
            document.insert(column.name.to_owned(), value);
        }
        writeln!(out, "{}", Value::Object(document))?;
        Ok(())
    }

    fn end(&mut self, _: &Table, _: &mut dyn Write) -> Result<(), ExportError> {
        Ok(())
    }
}
