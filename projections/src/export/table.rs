//! What a list of things is, before a format spells it: columns, rows of cells, and a heading.
//!
//! Invariant: a row has a cell for each column, and each cell is empty or of its column's kind.

use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use duizhang_core::time::Timestamp;
use serde_json::Value;

use crate::calendar::Zone;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text, however much it looks like a number.
    Text,
    /// A whole number.
    Whole,
    /// An amount: two columns, a decimal and its minor units.
    Money,
    /// A business day.
    Day,
    /// An instant.
    Time,
    /// Something with parts: JSON.
    Document,
    /// The same, where no person reads it: not in CSV and not in a workbook.
    Detail,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

impl Column {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }

    /// The name of the column of minor units.
    pub(crate) fn minor_name(self) -> String {
        format!("{}_minor", self.name)
    }
}

/// What stands in a row under one column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Nothing,
    Text(String),
    Whole(i64),
    Money(Amount),
    Day(NaiveDate),
    Time(Timestamp),
    Document(Value),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A count, or a position.
    pub(crate) fn count(number: u64) -> Self {
        Self::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// A cell, or an empty one.
    pub(crate) fn maybe<T>(thing: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        thing.map_or(Self::Nothing, cell)
    }
}

/// A list, before its rows come.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What it lists.
    pub(crate) name: &'static str,
    /// What one row is.
    pub(crate) kind: &'static str,
    pub(crate) columns: &'static [Column],
    /// Where it comes from, and its control totals.
    pub(crate) heading: Vec<(String, String)>,
    pub(crate) rows: u64,
    /// The last day that it knows.
    pub(crate) day: Option<NaiveDate>,
    pub(crate) zone: Zone,
}

impl Table {
    /// The names of the columns of a table on paper, where an amount has two of them.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for column in self.columns.iter().filter(|column| column.kind != Kind::Detail) {
            names.push(column.name.to_owned());
            if column.kind == Kind::Money {
                names.push(column.minor_name());
            }
        }
        names
    }
}
