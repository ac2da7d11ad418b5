//! Breaks as they stand at the end of the selection, in the order in which they were opened, with
//! everything that anybody did to them where the format has room for it.
//!
//! Invariants: a day selects what is booked in it; ages are those of the log's time.

use duizhang_core::breaks::{BreakState, Resolution, Subject};
use duizhang_core::event::Chapter;
use duizhang_core::position::Position;
use serde_json::{Value, json};

use super::error::ExportError;
use super::listing::{Emit, List, Scope, Totals};
use super::spelling::spelled;
use super::table::{Cell, Column, Kind};
use crate::breaks::{BreakView, Breaks, Deed, Entry};
use crate::calendar::{Zone, date_of};
use crate::projection::Projection;

const COLUMNS: [Column; 23] = [
    Column::new("break", Kind::Text),
    Column::new("wallet", Kind::Text),
    Column::new("day", Kind::Day),
    Column::new("biz_date", Kind::Day),
    Column::new("code", Kind::Text),
    Column::new("word", Kind::Text),
    Column::new("chinese", Kind::Text),
    Column::new("direction", Kind::Text),
    Column::new("amount", Kind::Money),
    Column::new("currency", Kind::Text),
    Column::new("state", Kind::Text),
    Column::new("owner", Kind::Text),
    Column::new("proposed_by", Kind::Text),
    Column::new("proposal", Kind::Text),
    Column::new("ending", Kind::Text),
    Column::new("cause", Kind::Text),
    Column::new("opened", Kind::Time),
    Column::new("opened_position", Kind::Whole),
    Column::new("age", Kind::Text),
    Column::new("subject", Kind::Text),
    Column::new("related", Kind::Text),
    Column::new("history_count", Kind::Whole),
    Column::new("history", Kind::Detail),
];

/// The view at the end of the selection.
#[derive(Debug, Default)]
pub(super) struct BreakList(Breaks);

/// Where it was opened first.
fn opened(view: &BreakView) -> Position {
    view.history.first().map_or(Position::START, |entry| entry.position)
}

/// What a break is about: an id says by its letter what it is.
fn about(subject: &Subject) -> String {
    match subject {
        Subject::Payment(id) => id.to_string(),
        Subject::Order(id) => id.to_string(),
        Subject::Refund(id) => id.to_string(),
        Subject::Movement(id) => id.to_string(),
        Subject::Line { serial } => format!("line {serial}"),
        Subject::Row { statement, number } => format!("row {number} of {statement}"),
        Subject::Statement(hash) => format!("statement {hash}"),
        Subject::Day => "day".to_owned(),
    }
}

fn state(state: BreakState) -> String {
    match state {
        BreakState::Waiting(on) => format!("{} for {}", state.word(), on.word()),
        BreakState::Open
        | BreakState::Assigned
        | BreakState::Proposed
        | BreakState::Resolved
        | BreakState::Reopened => state.word().to_owned(),
    }
}

fn resolution(proposed: &Resolution) -> String {
    format!("{} ({}): {}", proposed.kind.word(), proposed.root.word(), proposed.reason)
}

/// What happened, and the rest of it.
fn deed(deed: &Deed, zone: Zone) -> (&'static str, Value) {
    match deed {
        Deed::Opened => ("opened", Value::Null),
        Deed::Taken { paid_at, number, reason } => {
            let paid_at = zone.rfc3339_exact(*paid_at);
            ("taken", json!({ "paid_at": paid_at, "number": number, "reason": reason }))
        }
        Deed::Reclassified(found) => ("reclassified", spelled(found).0),
        Deed::Reopened(day) => ("reopened", date_of(*day).to_string().into()),
        Deed::Step(step) => ("step", spelled(step).0),
        Deed::Ended(ending) => ("ended", spelled(ending).0),
        Deed::Accepted(day) => ("accepted", date_of(*day).to_string().into()),
    }
}

fn told(scope: &Scope, entry: &Entry) -> Value {
    let (what, how) = deed(&entry.deed, scope.zone);
    let at = scope.zone.rfc3339_exact(entry.at);
    let position = entry.position.number();
    json!({ "position": position, "time": at, "by": entry.by, "what": what, "how": how })
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

impl BreakList {
    fn selected<'a>(&'a self, scope: &'a Scope) -> Vec<&'a BreakView> {
        let chosen = |view: &&BreakView| scope.takes(opened(view), || date_of(view.booked));
        let mut views: Vec<&BreakView> = self.0.iter().filter(chosen).collect();
        views.sort_by_key(|view| (opened(view), view.id));
        views
    }
}

fn cells(scope: &Scope, view: &BreakView) -> Vec<Cell> {
    let (found, codes) = (&view.found, view.codes());
    let proposal = view.proposal.as_ref();
    vec![
        Cell::Text(view.id.to_string()),
        Cell::text(view.wallet.as_str()),
        Cell::Day(date_of(view.day)),
        Cell::Day(date_of(view.booked)),
        Cell::Text(joined(codes.iter().map(|code| code.letters().to_owned()), " ")),
        Cell::Text(joined(codes.iter().map(|code| code.word().to_owned()), " ")),
        Cell::Text(joined(codes.iter().map(|code| code.chinese().to_owned()), " ")),
        Cell::text(found.direction.word()),
        Cell::Money(found.amount),
        Cell::text(found.amount.currency().code()),
        Cell::Text(state(view.state)),
        Cell::maybe(view.owner.as_deref(), Cell::text),
        Cell::maybe(proposal, |(by, _)| Cell::text(by)),
        Cell::maybe(proposal, |(_, proposed)| Cell::Text(resolution(proposed))),
        Cell::maybe(view.ending.as_ref(), |ending| Cell::text(ending.word())),
        Cell::maybe(view.ending.as_ref(), |ending| Cell::text(ending.root().word())),
        Cell::Time(view.opened_at),
        Cell::count(opened(view).number()),
        Cell::text(view.age(scope.now).word()),
        Cell::Text(about(&found.subject)),
        Cell::Text(joined(found.related.iter().map(about), "; ")),
        Cell::count(u64::try_from(view.history.len()).unwrap_or(u64::MAX)),
        Cell::Document(view.history.iter().map(|entry| told(scope, entry)).collect()),
    ]
}

impl List for BreakList {
    fn kind(&self) -> &'static str {
        "break"
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn survey(&mut self, _: &Scope, chapter: &Chapter) {
        self.0.fold(chapter);
    }

    fn sum(&self, scope: &Scope, totals: &mut Totals) {
        for view in self.selected(scope) {
            totals.rows += 1;
            totals.count(if view.is_open() { "open" } else { "over" });
            totals.add(view.found.direction.word(), view.found.amount);
        }
    }

    fn rows(&mut self, _: &Scope, _: &Chapter, _: &mut Emit<'_>) -> Result<(), ExportError> {
        Ok(())
    }

    fn rest(&mut self, scope: &Scope, emit: &mut Emit<'_>) -> Result<(), ExportError> {
        self.selected(scope).into_iter().try_for_each(|view| emit(cells(scope, view)))
    }
}
