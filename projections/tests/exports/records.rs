//! Lists as rows of texts by the names of their columns, whatever format they were in.

use std::collections::BTreeMap;

use duizhang_projections::export::ListFormat;
use serde_json::Value;

use crate::workbook::{Cell, Kind, Workbook};

/// A row; columns without a cell are absent.
pub(crate) type Record = BTreeMap<String, String>;

/// What a file says.
pub(crate) struct Told {
    pub(crate) heading: Record,
    pub(crate) rows: Vec<Record>,
}

pub(crate) fn read(bytes: &[u8], format: ListFormat) -> Told {
    match format {
        ListFormat::Csv => csv(std::str::from_utf8(bytes).expect("text")),
        ListFormat::Json => json(std::str::from_utf8(bytes).expect("text")),
        ListFormat::Xlsx => xlsx(bytes),
        ListFormat::Parquet => unreachable!("it has a reader of its own"),
    }
}

/// Fields of a record as RFC 4180 has them.
fn fields(record: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    let mut signs = record.chars().peekable();
    while let Some(sign) = signs.next() {
        let last = fields.last_mut().expect("there is one");
        match sign {
            '"' if quoted && signs.next_if_eq(&'"').is_some() => last.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => last.push(sign),
        }
    }
    fields
}

fn filled(names: &[String], fields: Vec<String>) -> Record {
    assert_eq!(names.len(), fields.len(), "{fields:?}");
    names.iter().cloned().zip(fields).filter(|(_, field)| !field.is_empty()).collect()
}

fn csv(text: &str) -> Told {
    let text = text.strip_prefix('\u{feff}').expect("it begins with the mark");
    let mut records = text.split_terminator("\r\n").map(fields);
    let said = records.next().expect("a heading");
    let pairs = said.iter().flat_map(|field| field.split("; ")).filter_map(|f| f.split_once(": "));
    let heading = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let names = records.next().expect("names");
    assert_eq!(said.len(), names.len());
    Told { heading, rows: records.map(|fields| filled(&names, fields)).collect() }
}

fn plain(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn json(text: &str) -> Told {
    let mut documents = text.lines().map(|line| {
        let document: BTreeMap<String, Value> = serde_json::from_str(line).expect("a document");
        document.into_iter().filter_map(|(key, value)| Some((key, plain(value)?))).collect()
    });
    let heading: Record = documents.next().expect("a head");
    assert_eq!(heading["kind"], "head");
    let heading =
        heading.into_iter().map(|(name, value)| (name.replace('_', " "), value)).collect();
    Told { heading, rows: documents.collect() }
}

/// Every cell of a workbook's list as text; a formula is never there.
fn xlsx(bytes: &[u8]) -> Told {
    let book = Workbook::read(bytes);
    assert_eq!(book.sheets[0].name, "head", "the head is the first sheet");
    let cell = |row: &BTreeMap<usize, Cell>, at| {
        row.get(&at).map_or_else(String::new, |cell| cell.text.clone())
    };
    let heading = book.sheets[0].rows().map(|row| (cell(row, 0), cell(row, 1)));
    let mut rows = book.sheets[1].rows();
    let names = rows.next().expect("names");
    let record = |row: &BTreeMap<usize, Cell>| {
        let cells = row.iter().map(|(column, cell)| {
            assert_ne!(cell.kind, Kind::Formula, "{cell:?}");
            (names[column].text.clone(), cell.shown())
        });
        cells.filter(|(_, text)| !text.is_empty()).collect()
    };
    Told { heading: heading.collect(), rows: rows.map(record).collect() }
}
