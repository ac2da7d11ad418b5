//! What we knew then beside what we know now: two reports of one day, each difference with the
//! event that made it.
//!
//! A report depends on nothing but the log up to its position and the statements kept up to there.
//! So the event behind a difference is the first one after which the report differs, and it is
//! found by halving: the report is made again in the middle, and only halves whose ends differ are
//! looked into.
//! Invariants: equal reports give no difference; a difference names the event between the two
//! positions after which it is there; what changed twice is told twice. What changes by the passing
//! of time alone (ages) and what names the position itself is no difference.
//! Deliberately not here: making a report, and which statements were kept when (the caller).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::position::Position;
use duizhang_eventlog::{EventLog, history};
use serde::Serialize;

use super::report::{DayReport, ItemLine, PairLine};
use super::sheets::Table;
use crate::error::ReplayError;
use crate::explain::StoryEvent;
use crate::play::book_zone;
use crate::sentences::Teller;
use crate::spelling;

/// Most reports that are made on the way: each reads the log once, and 256 of them name the causes
/// of some thirty events among a thousand. Beyond them a difference names the last of the events
/// that may have made it, and how many these are.
pub const REPORTS_MAX: usize = 256;

/// Most differences that are listed: at 300 bytes each they are 3 MB; all are counted.
pub const DIFFERENCES_MAX: usize = 10_000;

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The day: its verdict, whether it is closed, the policy, the runs.
    Day,
    /// A file, or a row that a later file tells otherwise.
    File,
    /// A number of the tables.
    Number,
    /// A break.
    Break,
    /// A payment, a refund or a line, and the class that it is in.
    Item,
    /// An entry of the books, or money in suspense.
    Entry,
    /// A check of the report.
    Check,
}

/// What stood in one report and not in the other, or otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub about: About,
    /// Which one.
    pub what: String,
    /// What stood there; none where it came.
    pub then: Option<String>,
    /// What stands there; none where it ended.
    pub now: Option<String>,
    /// The event that made it.
    pub cause: Option<StoryEvent>,
    /// How many events it may have been, of which the cause is the last; 1 where it is known.
    pub among: usize,
}

/// One day as it was known at two positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThenAndNow {
    /// The business day.
    pub day: String,
    /// The earlier position.
    #[serde(serialize_with = "spelling::position")]
    pub then: Position,
    /// The later one.
    #[serde(serialize_with = "spelling::position")]
    pub now: Position,
    /// What differs, in the order of the events that made it.
    pub differences: Vec<Difference>,
    /// How many more differences there are than are listed.
    pub differences_unlisted: usize,
}

/// Everything of a report that can differ, by what it is about.
type Said = BTreeMap<(About, String), String>;

/// A way to make the report of the day at a position, over the statements kept up to there.
pub type Make<'a, E> = dyn FnMut(Position) -> Result<DayReport, E> + 'a;

/// Compares a day as it was known at two positions.
///
/// # Errors
/// What the report's maker returns, or why the log cannot be read.
pub fn then_and_now<E: From<ReplayError>>(
    log: &dyn EventLog,
    (then, now): (Position, Position),
    make: &mut Make<'_, E>,
) -> Result<ThenAndNow, E> {
    let (before, behind) = (make(then)?, make(now)?);
    let steps = steps(log, before.position, behind.position).map_err(ReplayError::from)?;
    let mut search = Search { make, reports_left: REPORTS_MAX, found: Vec::new() };
    search.halve(&said(&before), &said(&behind), &steps)?;
    let mut found = search.found;
    let differences_unlisted = found.len().saturating_sub(DIFFERENCES_MAX);
    found.truncate(DIFFERENCES_MAX);
    tell_causes(log, &mut found)?;
    Ok(ThenAndNow {
        day: behind.day,
        then: before.position,
        now: behind.position,
        differences: found.into_iter().map(|one| one.difference).collect(),
        differences_unlisted,
    })
}

/// A chapter that may have made a difference: its first and its last position.
#[derive(Clone, Copy, Debug)]
struct Step {
    first: Position,
    last: Position,
}

fn steps(
    log: &dyn EventLog,
    then: Position,
    now: Position,
) -> Result<Vec<Step>, history::HistoryError> {
    let mut steps = Vec::new();
    history::chapters(log, then.next(), now, &mut |chapter| {
        if matters(&chapter) {
            steps.push(Step { first: chapter.position, last: chapter.last_position() });
        }
        ControlFlow::Continue(())
    })?;
    Ok(steps)
}

/// Whether a chapter can be in a report at all.
fn matters(chapter: &Chapter) -> bool {
    let idle = matches!(
        chapter.fact,
        Fact::HeartbeatReceived(_) | Fact::ClockTicked | Fact::CallbackAttempted(_)
    );
    !(idle && chapter.decisions.is_empty())
}

struct Found {
    difference: Difference,
    step: Option<Step>,
}

struct Search<'a, 'm, E> {
    make: &'a mut Make<'m, E>,
    reports_left: usize,
    found: Vec<Found>,
}

impl<E> Search<'_, '_, E> {
    fn halve(&mut self, then: &Said, now: &Said, steps: &[Step]) -> Result<(), E> {
        if then == now {
            return Ok(());
        }
        if steps.len() <= 1 || self.reports_left == 0 {
            self.record(then, now, steps);
            return Ok(());
        }
        self.reports_left -= 1;
        let (early, late) = steps.split_at(steps.len() / 2);
        let middle = early.last().map_or(Position::START, |step| step.last);
        let between = said(&(self.make)(middle)?);
        self.halve(then, &between, early)?;
        self.halve(&between, now, late)
    }

    fn record(&mut self, then: &Said, now: &Said, steps: &[Step]) {
        let step = steps.last().copied();
        let changed = then.iter().filter(|(key, value)| now.get(*key) != Some(*value));
        let came = now.iter().filter(|(key, _)| !then.contains_key(*key));
        let mut keys: Vec<_> = changed.chain(came).map(|(key, _)| key).collect();
        keys.sort();
        for key in keys {
            let difference = Difference {
                about: key.0,
                what: key.1.clone(),
                then: then.get(key).cloned(),
                now: now.get(key).cloned(),
                cause: None,
                among: steps.len(),
            };
            self.found.push(Found { difference, step });
        }
    }
}

fn tell_causes(log: &dyn EventLog, found: &mut [Found]) -> Result<(), ReplayError> {
    let zone = book_zone(log)?;
    let mut told: BTreeMap<Position, StoryEvent> = BTreeMap::new();
    for Found { difference, step } in found {
        let Some(step) = step else { continue };
        if !told.contains_key(&step.first) {
            history::chapters(log, step.first, step.first, &mut |chapter| {
                told.insert(chapter.position, event_of(Teller(zone), &chapter));
                ControlFlow::Break(())
            })?;
        }
        difference.cause = told.get(&step.first).cloned();
    }
    Ok(())
}

/// A chapter in one sentence: its fact, or where time alone passed what was due.
fn event_of(teller: Teller, chapter: &Chapter) -> StoryEvent {
    let at = teller.0.rfc3339(chapter.at);
    match (&chapter.fact, chapter.decisions.first()) {
        (Fact::ClockTicked, Some(decision)) => {
            let (position, text) = (chapter.position.next(), teller.decision(decision));
            StoryEvent { position, at, kind: "decision", text }
        }
        (fact, _) => {
            StoryEvent { position: chapter.position, at, kind: "fact", text: teller.fact(fact) }
        }
    }
}

/// Everything that a report says, but for its position and for ages.
fn said(report: &DayReport) -> Said {
    let mut said = Said::new();
    for (zh, en, value) in report.origin() {
        if !["账务日", "事件位置", "日志根"].contains(&zh) {
            said.insert((About::Day, format!("{zh} {en}")), value);
        }
    }
    for table in report.money(usize::MAX) {
        numbers(&mut said, &table);
    }
    for sheet in report.sheets(usize::MAX) {
        for table in &sheet.tables {
            match table.key {
                "standing" => numbers(&mut said, table),
                "files" => rows(&mut said, About::File, table, 0),
                "changes" => rows(&mut said, About::File, table, 1),
                "excluded" => rows(&mut said, About::Number, table, 0),
                "unclaimed" => rows(&mut said, About::Entry, table, 0),
                "journal" => rows(&mut said, About::Entry, table, 0),
                _ => {}
            }
        }
    }
    for line in &report.breaks {
        let mut text = format!("{} {} {}, {}", line.code, line.wallet, line.amount, line.state());
        if let Some(record) = line.record.as_ref().filter(|record| !record.owner.is_empty()) {
            text += &format!(", owner {}", record.owner);
        }
        let items = || line.ours.iter().chain(&line.channel);
        let name = match items().next() {
            Some(item) if line.id.is_empty() => format!("{} ({})", item.id, item.place),
            _ => format!("break {}", line.id),
        };
        said.insert((About::Break, name), text);
        let class = format!("{} {}", line.code, line.class);
        items().for_each(|item| keep(&mut said, item, &class));
    }
    for PairLine { class, ours, channel, .. } in report.pairs.iter().chain(&report.pool) {
        let items = || ours.iter().chain(channel);
        items().for_each(|item| keep(&mut said, item, class));
    }
    for proposal in &report.proposals {
        keep(&mut said, &proposal.ours, "to be confirmed");
        keep(&mut said, &proposal.channel, "to be confirmed");
    }
    for check in &report.checks {
        let word = super::overview::verdict_word(check.verdict);
        said.insert((About::Check, check.what.clone()), word.to_owned());
    }
    said
}

/// An item is in one class; one that several breaks name is in all of theirs.
fn keep(said: &mut Said, item: &ItemLine, class: &str) {
    let what = format!("{} {} ({})", item.amount, item.id, item.place);
    let classes = said.entry((About::Item, what)).or_default();
    if !classes.is_empty() {
        classes.push_str(", ");
    }
    classes.push_str(class);
}

/// Each number by its row and its column.
fn numbers(said: &mut Said, table: &Table) {
    for row in &table.rows {
        let label = row.cells[0].said();
        for (cell, column) in row.cells.iter().zip(&table.columns).skip(1) {
            let code = if table.key == "numbers" { column.zh.as_str() } else { "" };
            let what = format!("{label} {code}").trim_end().to_owned();
            let key = (About::Number, what);
            let value = cell.said();
            // Two currencies have rows of one name.
            let entry = said.entry(key).or_default();
            *entry = if entry.is_empty() { value } else { format!("{entry}; {value}") };
        }
    }
}

/// Each row by one of its cells, with the others beside it.
fn rows(said: &mut Said, about: About, table: &Table, name: usize) {
    for row in &table.rows {
        let key = format!("{} {}", table.en, row.cells[name].said());
        let others = row.cells.iter().enumerate().filter(|(place, _)| *place != name);
        let text: Vec<String> =
            others.map(|(_, cell)| cell.said()).filter(|text| !text.is_empty()).collect();
        let text = text.join(" ");
        let entry = said.entry((about, key)).or_default();
        *entry = if entry.is_empty() { text } else { format!("{entry}; {text}") };
    }
}

impl ThenAndNow {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty()
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        spelling::document(self)
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let count = self.differences.len() + self.differences_unlisted;
        let mut text = format!(
            "当时与现在 {}: what was known at position {} beside {}: {count} differences\n",
            self.day, self.then, self.now
        );
        let mut last = None;
        for difference in &self.differences {
            let cause = difference.cause.as_ref();
            if last != Some(cause) {
                text += &caused(difference);
                last = Some(cause);
            }
            let said = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
            let (then, now) = (said(&difference.then), said(&difference.now));
            let _ = writeln!(text, "    {}: {then} → {now}", difference.what);
        }
        if self.differences_unlisted > 0 {
            let _ = writeln!(text, "\n  and {} more", self.differences_unlisted);
        }
        text
    }
}

fn caused(difference: &Difference) -> String {
    match &difference.cause {
        None => "\n  no event between the two positions explains:\n".to_owned(),
        Some(StoryEvent { position, at, text, .. }) => {
            let among = match difference.among {
                0 | 1 => String::new(),
                among => format!(" (the last of {among} events that may have)"),
            };
            format!("\n  {position}  {at}  {text}{among}\n")
        }
    }
}
