//! Lists of what a book holds, in two walks over the log: one counts, because a heading carries
//! control totals, and the next one writes.
//!
//! Invariants: the same log, selection and format give the same bytes; a thing is told as it stands
//! at the last position of the selection, which is the end of the log where a day or nothing is
//! selected; memory grows with orders and breaks, not with events.
//! Deliberately not here: which columns a list has (`events`, `orders`, `breaks`), files.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::str::FromStr;

use chrono::NaiveDate;
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use super::breaks::BreakList;
use super::error::ExportError;
use super::events::EventList;
use super::format::{ListFormat, Writing};
use super::orders::OrderList;
use super::table::{Cell, Column, Table};
use crate::calendar::Zone;
use crate::ledger::{Head, Selection, decimal};

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// The log itself, event by event.
    Events,
    /// Orders.
    Orders,
    /// Breaks.
    Breaks,
}

/// The word is not that of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownList;

impl fmt::Display for UnknownList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of events, orders, breaks")
    }
}

impl std::error::Error for UnknownList {}

impl Listed {
    /// Every list.
    pub const ALL: [Self; 3] = [Self::Events, Self::Orders, Self::Breaks];

    /// The word that command lines use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Orders => "orders",
            Self::Breaks => "breaks",
        }
    }

    fn list(self) -> Box<dyn List> {
        match self {
            Self::Events => Box::new(EventList::default()),
            Self::Orders => Box::new(OrderList::default()),
            Self::Breaks => Box::new(BreakList::default()),
        }
    }
}

impl FromStr for Listed {
    type Err = UnknownList;

    fn from_str(text: &str) -> Result<Self, UnknownList> {
        Self::ALL.into_iter().find(|listed| listed.word() == text).ok_or(UnknownList)
    }
}

/// What takes rows.
pub(super) type Emit<'a> = dyn FnMut(Vec<Cell>) -> Result<(), ExportError> + 'a;

/// What one list has of its own.
pub(super) trait List {
    /// What one row is.
    fn kind(&self) -> &'static str;
    fn columns(&self) -> &'static [Column];
    /// The first walk.
    fn survey(&mut self, scope: &Scope, chapter: &Chapter);
    /// How many rows there will be, and their totals.
    fn sum(&self, scope: &Scope, totals: &mut Totals);
    /// The second walk.
    fn rows(
        &mut self,
        scope: &Scope,
        chapter: &Chapter,
        emit: &mut Emit<'_>,
    ) -> Result<(), ExportError>;
    /// What is told when that is over.
    fn rest(&mut self, scope: &Scope, emit: &mut Emit<'_>) -> Result<(), ExportError>;
}

/// What is selected, and where the log stands.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) zone: Zone,
    pub(super) selection: Selection,
    /// The log time at the last position of the selection.
    pub(super) now: Timestamp,
    book: String,
}

impl Scope {
    /// Whether something of this position and day is selected.
    pub(super) fn takes(&self, position: Position, day: impl FnOnce() -> NaiveDate) -> bool {
        match self.selection {
            Selection::Whole => true,
            Selection::Day(wanted) => day() == wanted,
            Selection::Days(from, to) => (from..=to).contains(&day()),
            Selection::Positions(from, to) => from <= position && position <= to,
        }
    }

    /// Whether a chapter lies behind all that is selected.
    pub(super) fn is_behind(&self, chapter: &Chapter) -> bool {
        matches!(self.selection, Selection::Positions(_, to) if chapter.position > to)
    }
}

/// The rows of a list, and sums of its amounts by what they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) rows: u64,
    counts: BTreeMap<&'static str, u64>,
    sums: BTreeMap<(&'static str, Currency), i128>,
}

impl Totals {
    pub(super) fn add(&mut self, name: &'static str, amount: Amount) {
        *self.sums.entry((name, amount.currency())).or_default() += i128::from(amount.minor());
    }

    pub(super) fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }
}

/// The first walk.
pub struct ListSurvey {
    listed: Listed,
    list: Box<dyn List>,
    scope: Scope,
}

impl ListSurvey {
    /// Before the first chapter.
    #[must_use]
    pub fn new(listed: Listed, zone: Zone, selection: Selection) -> Self {
        let scope = Scope { zone, selection, now: Timestamp::default(), book: String::new() };
        Self { listed, list: listed.list(), scope }
    }

    /// Takes in the next chapter.
    pub fn fold(&mut self, chapter: &Chapter) {
        if self.scope.is_behind(chapter) {
            return;
        }
        if let Fact::BookOpened(opened) = &chapter.fact {
            self.scope.book.clone_from(&opened.book);
        }
        self.scope.now = chapter.at;
        self.list.survey(&self.scope, chapter);
    }

    /// The log has no more; this is its end.
    #[must_use]
    pub fn finish(self, head: &Head) -> ListPlan {
        let Self { listed, list, scope } = self;
        let mut totals = Totals::default();
        list.sum(&scope, &mut totals);
        let table = Table {
            name: listed.word(),
            kind: list.kind(),
            columns: list.columns(),
            heading: heading(listed, &scope, head, &totals),
            rows: totals.rows,
            day: (scope.now != Timestamp::default()).then(|| scope.zone.day_of(scope.now)),
            zone: scope.zone,
        };
        ListPlan { list, scope, table }
    }
}

/// Where the file comes from and its control totals, as names and values.
fn heading(listed: Listed, scope: &Scope, head: &Head, totals: &Totals) -> Vec<(String, String)> {
    let mut lines = vec![
        ("log position".to_owned(), head.position.to_string()),
        ("log root".to_owned(), head.root.clone()),
        ("selection".to_owned(), scope.selection.to_string()),
        (listed.word().to_owned(), totals.rows.to_string()),
        ("book".to_owned(), scope.book.clone()),
        ("time zone".to_owned(), scope.zone.name().to_owned()),
    ];
    let counts = totals.counts.iter().map(|(name, count)| ((*name).to_owned(), count.to_string()));
    lines.extend(counts);
    for ((name, currency), sum) in &totals.sums {
        lines.push((format!("{name} {currency}"), decimal(*sum, *currency)));
    }
    lines
}

/// What a list holds, before it is written.
pub struct ListPlan {
    list: Box<dyn List>,
    scope: Scope,
    table: Table,
}

impl ListPlan {
    /// Where the file comes from and its control totals, as names and values.
    #[must_use]
    pub fn heading(&self) -> &[(String, String)] {
        &self.table.heading
    }
}

/// A list on its way: the second walk.
pub struct ListExport<'a> {
    plan: ListPlan,
    writing: Box<dyn Writing>,
    out: &'a mut dyn Write,
}

impl<'a> ListExport<'a> {
    /// Writes what stands before the rows.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(
        plan: ListPlan,
        format: ListFormat,
        out: &'a mut dyn Write,
    ) -> Result<Self, ExportError> {
        let mut writing = format.writing()?;
        writing.begin(&plan.table, out)?;
        Ok(Self { plan, writing, out })
    }

    /// Takes in the next chapter of the log that the plan was made of.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn fold(&mut self, chapter: &Chapter) -> Result<(), ExportError> {
        let Self { plan: ListPlan { list, scope, table }, writing, out } = self;
        if scope.is_behind(chapter) {
            return Ok(());
        }
        list.rows(scope, chapter, &mut |row| writing.row(table, row, out))
    }

    /// Writes what stands behind the rows.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn finish(self) -> Result<(), ExportError> {
        let Self { plan: ListPlan { mut list, scope, table }, mut writing, out } = self;
        list.rest(&scope, &mut |row| writing.row(&table, row, out))?;
        writing.end(&table, out)?;
        Ok(out.flush()?)
    }
}
