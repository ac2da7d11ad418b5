//! The log event by event: where it lies, when it came, which things and how much money it names,
//! and all of its content.
//!
//! Invariants: one row for each event; the amount of an event is the first that its content names,
//! so the totals over it check a copy and say nothing of money; nothing is kept but totals.
//! Deliberately not here: how content is spelled (`spelling`).

use duizhang_core::event::Chapter;
use duizhang_core::position::Position;
use serde::Serialize;
use serde_json::Value;

use super::error::ExportError;
use super::listing::{Emit, List, Scope, Totals};
use super::spelling::{Named, spelled, variant};
use super::table::{Cell, Column, Kind};

const COLUMNS: [Column; 19] = [
    Column::new("position", Kind::Whole),
    Column::new("chapter", Kind::Whole),
    Column::new("what", Kind::Text),
    Column::new("event", Kind::Text),
    Column::new("time", Kind::Time),
    Column::new("biz_date", Kind::Day),
    Column::new("order", Kind::Text),
    Column::new("payment", Kind::Text),
    Column::new("refund", Kind::Text),
    Column::new("notification", Kind::Text),
    Column::new("break", Kind::Text),
    Column::new("movement", Kind::Text),
    Column::new("adjustment", Kind::Text),
    Column::new("merchant", Kind::Text),
    Column::new("wallet", Kind::Text),
    Column::new("device", Kind::Text),
    Column::new("amount", Kind::Money),
    Column::new("currency", Kind::Text),
    Column::new("content", Kind::Document),
];

/// The first of the columns that hold ids of one kind, and how many there are.
const IDS: std::ops::Range<usize> = 6..16;

/// The totals of the first walk.
#[derive(Debug, Default)]
pub(super) struct EventList(Totals);

/// What an event is.
#[derive(Clone, Copy)]
enum What {
    Fact,
    Decision,
}

impl What {
    /// The word of a row, and that of a count.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Fact => ("fact", "facts"),
            Self::Decision => ("decision", "decisions"),
        }
    }
}

/// An event, read.
struct Read {
    position: Position,
    what: What,
    /// What it is, with its content.
    spelled: Value,
    named: Named,
}

impl Read {
    fn of(position: Position, what: What, event: &impl Serialize) -> Self {
        let (spelled, named) = spelled(event);
        Self { position, what, spelled, named }
    }

    fn cells(self, scope: &Scope, chapter: &Chapter) -> Vec<Cell> {
        let Self { position, what, spelled, named } = self;
        let (name, content) = variant(spelled);
        let mut cells = vec![
            Cell::count(position.number()),
            Cell::count(chapter.position.number()),
            Cell::text(what.words().0),
            Cell::Text(name),
            Cell::Time(chapter.at),
            Cell::Day(scope.zone.day_of(chapter.at)),
        ];
        let ids = COLUMNS[IDS].iter();
        cells.extend(ids.map(|column| Cell::maybe(named.ids(column.name), Cell::Text)));
        cells.extend([
            Cell::maybe(named.amount, Cell::Money),
            Cell::maybe(named.amount, |amount| Cell::text(amount.currency().code())),
            if content.is_null() { Cell::Nothing } else { Cell::Document(content) },
        ]);
        cells
    }
}

/// The selected events of a chapter.
fn events(scope: &Scope, chapter: &Chapter) -> impl Iterator<Item = Read> {
    let day = scope.zone.day_of(chapter.at);
    let wanted = move |position| scope.takes(position, || day);
    let fact =
        wanted(chapter.position).then(|| Read::of(chapter.position, What::Fact, &chapter.fact));
    let decisions = (1..).zip(&chapter.decisions).filter_map(move |(number, decision)| {
        let position = chapter.position.plus(number);
        wanted(position).then(|| Read::of(position, What::Decision, decision))
    });
    fact.into_iter().chain(decisions)
}

impl List for EventList {
    fn kind(&self) -> &'static str {
        "event"
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn survey(&mut self, scope: &Scope, chapter: &Chapter) {
        let Self(totals) = self;
        for event in events(scope, chapter) {
            totals.rows += 1;
            totals.count(event.what.words().1);
            if let Some(amount) = event.named.amount {
                totals.add("amount", amount);
            }
        }
    }

    fn sum(&self, _: &Scope, totals: &mut Totals) {
        totals.clone_from(&self.0);
    }

    fn rows(
        &mut self,
        scope: &Scope,
        chapter: &Chapter,
        emit: &mut Emit<'_>,
    ) -> Result<(), ExportError> {
        events(scope, chapter).try_for_each(|event| emit(event.cells(scope, chapter)))
    }

    fn rest(&mut self, _: &Scope, _: &mut Emit<'_>) -> Result<(), ExportError> {
        Ok(())
    }
}
