//! What may be asked of the books, and the walk over the log that answers it.
//!
//! Deliberately not here: what each answer looks like.

use std::ops::ControlFlow;

use anyhow::bail;
use chrono::NaiveDate;
use duizhang_core::event::Chapter;
use duizhang_core::position::Position;
use duizhang_eventlog::{EventLog, history};
use duizhang_projections::calendar::day_asked;
use duizhang_projections::ledger::{Head, Plan, Selection, Survey};
use duizhang_replay::book_zone;
use serde::{Deserialize, Serialize};

use super::{account, balance, chart};
use crate::compose::Progress;
use crate::review::question::Told;

/// Chapters between two reports of progress: at a microsecond a chapter, about 200 a second.
const PROGRESS_CHAPTERS: u64 = 4_096;

/// What is asked of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum BooksQuestion {
    /// `ledger balance`: at the end of a day, at a position, or now.
    Balance { day: Option<String>, at: Option<u64> },
    /// `ledger account`: over days, up to a position, or all of it.
    Account { path: String, days: Option<(String, String)>, at: Option<u64> },
    /// `ledger chart`.
    Chart,
}

impl BooksQuestion {
    /// Which entries it is about, where it makes sense.
    pub(crate) fn selection(&self) -> anyhow::Result<Selection> {
        let (days, at) = match self {
            Self::Balance { day, at } => (day.as_ref().map(|day| (day, day)), *at),
            Self::Account { days, at, .. } => (days.as_ref().map(|(from, to)| (from, to)), *at),
            Self::Chart => (None, None),
        };
        Ok(match (days, at) {
            (Some((from, to)), None) => match (parsed(from)?, parsed(to)?) {
                (from, to) if from > to => bail!("{from} lies behind {to}"),
                (from, to) if from == to => Selection::Day(from),
                (from, to) => Selection::Days(from, to),
            },
            (None, Some(at)) => Selection::Positions(Position::START, Position::new(at)),
            (None, None) => Selection::Whole,
            (Some(_), Some(_)) => bail!("a day and a position: one of them selects"),
        })
    }
}

fn parsed(day: &str) -> anyhow::Result<NaiveDate> {
    Ok(day_asked(day)?)
}

/// What the log says of it.
pub(in crate::review) fn tell_books(
    log: &dyn EventLog,
    question: &BooksQuestion,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Told> {
    let (head, selection) = (log.head(), question.selection()?);
    if let Selection::Positions(_, to) = selection
        && to > head.position
    {
        bail!("position {to} is behind the last one, {}", head.position);
    }
    let mut survey = Survey::new(book_zone(log)?, selection);
    let mut summing = |at| progress("summing the books", at, head.position);
    walk(log, head.position, &mut summing, &mut |chapter| {
        survey.fold(chapter);
        Ok(())
    })?;
    let plan = survey.finish(Head { position: head.position, root: head.root.to_string() });
    match question {
        BooksQuestion::Balance { .. } => Ok(balance::told(&plan)),
        BooksQuestion::Chart => Ok(chart::told(&plan)),
        BooksQuestion::Account { path, .. } => {
            let mut reading = |at| progress("reading the books", at, head.position);
            account::told(&plan, path, &mut |visit| walk(log, head.position, &mut reading, visit))
        }
    }
}

/// Visits all chapters up to a position until one cannot be taken in.
fn walk(
    log: &dyn EventLog,
    end: Position,
    progress: &mut dyn FnMut(Position),
    visit: &mut dyn FnMut(&Chapter) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut taken, mut count) = (Ok(()), 0_u64);
    history::chapters(log, Position::START.next(), end, &mut |chapter| {
        count += 1;
        if count.is_multiple_of(PROGRESS_CHAPTERS) {
            progress(chapter.position);
        }
        taken = visit(&chapter);
        if taken.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    taken
}

/// What was selected, and of which log, as one line for people.
pub(super) fn heading(plan: &Plan) -> String {
    let position = plan.head.position;
    match plan.selection {
        Selection::Whole => format!("log position {position}"),
        Selection::Day(day) => format!("business day {day}, known up to position {position}"),
        Selection::Days(from, to) => {
            format!("business days {from} to {to}, known up to position {position}")
        }
        Selection::Positions(_, to) => format!("at position {to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_makes_no_sense_is_refused() {
        let balance =
            |day: Option<&str>, at| BooksQuestion::Balance { day: day.map(str::to_owned), at };
        let days = |from: &str, to: &str, at| BooksQuestion::Account {
            path: "Income:Orders".to_owned(),
            days: Some((from.to_owned(), to.to_owned())),
            at,
        };
        for bad in [
            balance(Some("yesterday"), None),
            balance(Some("2026-11-20"), Some(3)),
            days("2026-11-21", "2026-11-20", None),
            days("2026-11-20", "2026-11-32", None),
            days("2026-11-20", "2026-11-21", Some(3)),
        ] {
            assert!(bad.selection().is_err(), "{bad:?}");
        }
        let day = "2026-11-20".parse().expect("a day");
        let one = days("2026-11-20", "2026-11-20", None).selection();
        assert_eq!(one.ok(), Some(Selection::Day(day)));
        let at = Selection::Positions(Position::START, Position::new(3));
        assert_eq!(balance(None, Some(3)).selection().ok(), Some(at));
        assert_eq!(BooksQuestion::Chart.selection().ok(), Some(Selection::Whole));
    }
}
