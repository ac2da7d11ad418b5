//! The lines of entries as columns with types, for programs that compute (Parquet).
//!
//! Invariant: the columns and the heading of the CSV, with types.

use std::io::Write;

use duizhang_core::amount::Amount;

use super::heading::{heading, subjects};
use super::{ExportError, Writing};
use crate::export::format::{self, parquet};
use crate::export::table::{Cell, Column, Kind, Table};
use crate::ledger::journal::Dated;
use crate::ledger::survey::Plan;

const COLUMNS: [Column; 22] = [
    Column::new("biz_date", Kind::Day),
    Column::new("position", Kind::Whole),
    Column::new("line", Kind::Whole),
    Column::new("cause", Kind::Whole),
    Column::new("seen_time", Kind::Time),
    Column::new("channel_time", Kind::Time),
    Column::new("narration", Kind::Text),
    Column::new("text", Kind::Text),
    Column::new("code", Kind::Text),
    Column::new("account", Kind::Text),
    Column::new("name", Kind::Text),
    Column::new("debit", Kind::Money),
    Column::new("credit", Kind::Money),
    Column::new("currency", Kind::Text),
    Column::new("order", Kind::Text),
    Column::new("payment", Kind::Text),
    Column::new("refund", Kind::Text),
    Column::new("movement", Kind::Text),
    Column::new("adjustment", Kind::Text),
    Column::new("note", Kind::Text),
    Column::new("break", Kind::Text),
    Column::new("natural_date", Kind::Day),
];

/// The columns that hold ids of one kind.
const IDS: std::ops::Range<usize> = 14..19;

pub(super) struct Columns {
    writing: Box<dyn format::Writing>,
    /// There from the beginning on.
    table: Option<Table>,
}

fn table(plan: &Plan) -> Table {
    Table {
        name: "ledger",
        kind: "line",
        columns: &COLUMNS,
        heading: heading(plan),
        rows: plan.lines,
        day: plan.days.map(|(_, last)| last),
        zone: plan.zone,
    }
}

impl Columns {
    pub(super) fn new() -> Result<Self, ExportError> {
        Ok(Self { writing: parquet()?, table: None })
    }
}

impl Writing for Columns {
    fn begin(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        self.writing.begin(self.table.insert(table(plan)), out)
    }

    fn entry(
        &mut self,
        plan: &Plan,
        Dated { day, natural, entry }: Dated<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let (word, english, chinese) = entry.narration().words();
        let about = subjects(entry);
        let of = |kind| about.iter().find(|(of, _)| *of == kind).map(|(_, id)| id.clone());
        let Some(table) = &self.table else { return Ok(()) };
        for (number, line) in (1..).zip(entry.lines()) {
            let (minor, currency) = (line.amount.minor(), line.amount.currency());
            let side = Cell::Money(Amount::from_minor(minor.saturating_abs(), currency));
            let (debit, credit) =
                if minor < 0 { (Cell::Nothing, side) } else { (side, Cell::Nothing) };
            let mut cells = vec![
                Cell::Day(day),
                Cell::count(entry.position().number()),
                Cell::count(number),
                Cell::count(entry.cause().number()),
                Cell::Time(entry.at()),
                Cell::Time(entry.value_at()),
                Cell::text(word),
                Cell::Text(format!("{english} {chinese}")),
                Cell::Text(plan.chart.code(line.account)),
                Cell::text(plan.chart.path(line.account)),
                Cell::Text(plan.chart.chinese(line.account)),
                debit,
                credit,
                Cell::text(currency.code()),
            ];
            let ids = COLUMNS[IDS].iter().map(|column| Cell::maybe(of(column.name), Cell::Text));
            cells.extend(ids);
            cells.push(Cell::text(entry.note()));
            cells.push(Cell::maybe(of("break"), Cell::Text));
            cells.push(Cell::Day(natural));
            self.writing.row(table, cells, out)?;
        }
        Ok(())
    }

    fn end(&mut self, _: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        self.table.as_ref().map_or(Ok(()), |table| self.writing.end(table, out))
    }
}
