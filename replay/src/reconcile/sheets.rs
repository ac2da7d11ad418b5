//! The report as tables, which every format writes in its own way.
//!
//! Invariants: each row has a cell for each column; a sum knows its currency, and prints alike
//! everywhere; names are Chinese first, with an English gloss.
//! Deliberately not here: what is in the tables (`overview`, `details`), and any format.

use duizhang_core::amount::{Amount, Currency};
use duizhang_projections::ledger::decimal;

use super::numbers::Count;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// A sum.
    Money,
    /// A count and a sum.
    Tally,
}

/// A column's names.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) kind: Kind,
}

/// What stands in a row under a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Number(u64),
    Sum { count: Option<u64>, minor: Option<i128>, currency: Currency },
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn tally(count: Count, currency: Currency) -> Self {
        Self::Sum { count: Some(count.count), minor: Some(count.minor), currency }
    }

    pub(super) fn balance(minor: Option<i128>, currency: Currency) -> Self {
        Self::Sum { count: None, minor, currency }
    }

    pub(super) fn money(amount: Amount) -> Self {
        Self::balance(Some(i128::from(amount.minor())), amount.currency())
    }

    /// For people.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Sum { count, minor, currency } => {
                let minor = minor.map(|minor| decimal(minor, *currency));
                let minor = minor.unwrap_or_else(|| "-".to_owned());
                // Renminbi goes without saying here; what is foreign is said.
                let code = if *currency == Currency::Cny { "" } else { currency.code() };
                let sum = format!("{minor} {code}");
                count.map_or_else(String::new, |count| format!("{count} / ")) + sum.trim_end()
            }
        }
    }
}

/// How a row stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// A number that others are parts of.
    Strong,
    /// What somebody must look at.
    Alarm,
    /// What is over, or needs nobody.
    Quiet,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) tone: Tone,
    pub(super) cells: Vec<Cell>,
}

/// Which cells are sums of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sums {
    None,
    /// A row below, for each column of sums.
    Below,
    /// The total's column, and those that it adds.
    Across(Vec<(usize, Vec<usize>)>),
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) key: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    /// How many more rows there are than are listed.
    pub(super) unlisted: usize,
    pub(super) sums: Sums,
}

/// Tables that belong together.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    pub(super) tables: Vec<Table>,
}

pub(super) fn column(zh: impl Into<String>, en: impl Into<String>, kind: Kind) -> Column {
    Column { zh: zh.into(), en: en.into(), kind }
}

impl Table {
    pub(super) fn new(
        key: &'static str,
        (zh, en): (&'static str, &'static str),
        columns: &[(&str, &str, Kind)],
    ) -> Self {
        let columns = columns.iter().map(|(zh, en, kind)| column(*zh, *en, *kind)).collect();
        Self { key, zh, en, columns, rows: Vec::new(), unlisted: 0, sums: Sums::None }
    }

    pub(super) fn push(&mut self, tone: Tone, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.columns.len(), "table {} has other columns", self.key);
        self.rows.push(Row { tone, cells });
    }

    /// The sums of a column, where it has one currency.
    pub(super) fn total(&self, column: usize) -> Option<(i128, Currency)> {
        let mut total = None;
        for row in &self.rows {
            let Cell::Sum { minor, currency, .. } = &row.cells[column] else { return None };
            let (sum, of) = total.get_or_insert((0, *currency));
            if of != currency {
                return None;
            }
            *sum += minor.unwrap_or_default();
        }
        total
    }
}
