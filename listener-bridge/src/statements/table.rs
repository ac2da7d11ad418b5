//! A table of texts, whatever it was read from, and the search for its header row.
//!
//! Invariants: a row keeps its place and its bytes; a header is found by the names in it, never by
//! its place, for the lines before it have changed three times in four years.
//! Deliberately not here: what the columns mean.

use std::collections::BTreeMap;

use super::draft::RowError;
use super::moment::Epoch;
use super::refusal::NotAStatement;

/// How many rows are searched for a header: the longest known preamble has 24 lines.
const HEADER_ROWS_MAX: usize = 200;
/// The most cells of a row that are looked at: the widest known layout has 42.
pub(super) const CELLS_MAX: usize = 256;

/// The most memory in bytes that a table's cells may take: twice the text of the largest file (the
/// cells and the row as it stands) and 24 bytes for each of five million cells. A workbook of some
/// kilobytes could name one long text a million times.
const TABLE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// What a cell takes beside its text.
const CELL_BYTES: usize = 24;

/// What a table may still take.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Room {
    pub(super) const fn of_a_table() -> Self {
        Self(TABLE_BYTES_MAX)
    }

    /// Makes room for a row, or refuses the table.
    pub(super) fn take(&mut self, cells: &[String]) -> Result<(), NotAStatement> {
        let taken = cells.iter().map(|cell| CELL_BYTES + 2 * cell.len()).sum();
        self.0 = self.0.checked_sub(taken).ok_or(NotAStatement::TooMuchPacked)?;
        Ok(())
    }
}

/// A table.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) epoch: Epoch,
}

/// A row of trimmed texts.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its place, counted from one.
    pub(super) number: u32,
    pub(super) cells: Vec<String>,
    /// As it stands in the file.
    pub(super) raw: Vec<u8>,
}

/// Where the header stands and which column bears which name.
#[derive(Clone, Debug)]
pub(super) struct Header {
    at: usize,
    columns: BTreeMap<String, usize>,
    /// The most cells that a row below it may have.
    cells_max: usize,
}

/// The cells of a row by the names of the header.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    header: &'a Header,
    row: &'a Row,
}

impl Table {
    /// The first row that has all these names.
    pub(super) fn find_header(&self, required: &[&str]) -> Option<Header> {
        let named = |at: usize, row: &Row| {
            let columns = columns_of(row);
            let has_all = required.iter().all(|name| columns.contains_key(&normal(name)));
            // Rows may end with a comma where the header does not.
            let ends_open = row.cells.last().is_some_and(String::is_empty);
            let cells_max = row.cells.len() + usize::from(!ends_open);
            has_all.then_some(Header { at, columns, cells_max })
        };
        self.rows.iter().take(HEADER_ROWS_MAX).enumerate().find_map(|(at, row)| named(at, row))
    }

    /// The rows before the header.
    pub(super) fn before(&self, header: &Header) -> &[Row] {
        self.rows.get(..header.at).unwrap_or_default()
    }

    /// The rows behind the header.
    pub(super) fn behind(&self, header: &Header) -> &[Row] {
        self.rows.get(header.at + 1..).unwrap_or_default()
    }
}

impl Header {
    /// How many named columns it has.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.contains_key(&normal(name))
    }

    /// A row seen through this header.
    pub(super) const fn cells<'a>(&'a self, row: &'a Row) -> Cells<'a> {
        Cells { header: self, row }
    }

    /// A row whose cells stand below their names. One with more cells than the header has a
    /// separator inside of a cell, and what stands behind it would be read as something else.
    pub(super) fn fitting<'a>(&'a self, row: &'a Row) -> Result<Cells<'a>, RowError> {
        let is_long = row.cells.len() > self.cells_max
            || (row.cells.len() == self.cells_max
                && self.columns.len() < self.cells_max
                && row.cells.last().is_some_and(|cell| !cell.is_empty()));
        if is_long { Err(RowError::Long) } else { Ok(self.cells(row)) }
    }
}

impl<'a> Cells<'a> {
    /// The text of a column; empty where the table has no such column or the row ends before it.
    pub(super) fn get(&self, name: &str) -> &'a str {
        // Names in our own code are normal already; those of a mapping may not be.
        let columns = &self.header.columns;
        let at = columns.get(name).or_else(|| columns.get(&normal(name)));
        at.and_then(|at| self.row.cells.get(*at)).map_or("", String::as_str)
    }

    /// The text of a column, where it says something: `/`, `--` and QQ wallet's 暂无数据 do not.
    pub(super) fn said(&self, name: &str) -> Option<&'a str> {
        let text = self.get(name);
        (!text.trim_matches(['-', '/']).is_empty() && text != "暂无数据").then_some(text)
    }
}

impl Row {
    /// Whether no cell says anything.
    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }

    /// Whether it is a ruler of dashes, with or without a title in it.
    pub(super) fn is_ruler(&self) -> bool {
        let first = self.cells.first().map_or("", String::as_str);
        first.trim_start_matches('#').starts_with("----") && self.rest_is_blank()
    }

    fn rest_is_blank(&self) -> bool {
        self.cells.iter().skip(1).all(String::is_empty)
    }

    /// How many cells say something.
    pub(super) fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }

    /// The row as a line of text, for reading notices.
    pub(super) fn text(&self) -> String {
        self.cells.join(",").trim_end_matches(',').to_owned()
    }
}

/// A column's name as it is compared: half-width brackets and no blanks, for files of one kind
/// differ in both.
pub(super) fn normal(name: &str) -> String {
    let plain = name.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}');
    plain
        .map(|c| match c {
            '（' => '(',
            '）' => ')',
            '：' => ':',
            other => other,
        })
        .collect()
}

fn columns_of(row: &Row) -> BTreeMap<String, usize> {
    let mut columns = BTreeMap::new();
    for (at, cell) in row.cells.iter().enumerate() {
        if !cell.is_empty() {
            // The first of two equal names is the one that people see.
            columns.entry(normal(cell)).or_insert(at);
        }
    }
    columns
}
