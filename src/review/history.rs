//! `replay`, `audit` and `explain`: the log is read and never written.
//!
//! Invariant: everything is told of the log as it was when the question came, so that a log in use
//! gives an answer of one moment.

use std::path::Path;

use anyhow::bail;
use chrono::NaiveDate;
use duizhang_core::position::Position;
use duizhang_eventlog::EventLog;
use duizhang_projections::calendar::day_asked;
use duizhang_replay::audit::audit_with;
use duizhang_replay::day::replay_day;
use duizhang_replay::explain::{Subject, explain};
use duizhang_replay::rederive::rederive;

use super::books::tell_books;
use super::export::tell_export;
use super::question::{HistoryQuestion, Told};
use crate::compose::Progress;
use crate::finance::custody;

impl HistoryQuestion {
    /// Refuses what no log could answer.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Explain { kind, id } => Subject::parse(kind, id).map(|_| ()).map_err(Into::into),
            Self::Day { day } => parsed(day).map(|_| ()),
            Self::Export(question) => question.check(),
            Self::Books(books) => books.selection().map(|_| ()),
            Self::Range { .. } | Self::Audit => Ok(()),
        }
    }
}

fn parsed(day: &str) -> anyhow::Result<NaiveDate> {
    Ok(day_asked(day)?)
}

/// Answers from a log, and from what lies beside it in the data directory.
pub(crate) fn history(
    log: &dyn EventLog,
    data: &Path,
    question: &HistoryQuestion,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Told> {
    let head = log.head().position;
    let mut playing = |at, end| progress("playing the log again", at, end);
    Ok(match question {
        HistoryQuestion::Day { day } => {
            let day = replay_day(log, parsed(day)?, head, &mut playing)?;
            Told { clean: day.is_clean(), text: day.text(), json: day.json() }
        }
        HistoryQuestion::Range { from, to } => {
            let (from, to) = (Position::new(*from), Position::new(*to));
            if from > to || to > head {
                bail!("play positions {from} to {to} again: the log has positions 1 to {head}");
            }
            let found = rederive(log, from..=to, &mut playing)?;
            Told { clean: found.is_clean(), text: found.text(), json: found.json() }
        }
        HistoryQuestion::Export(question) => tell_export(log, question, progress)?,
        HistoryQuestion::Books(question) => tell_books(log, question, progress)?,
        HistoryQuestion::Audit => {
            let report = audit_with(log, &|statements| custody(data, statements), progress);
            Told { clean: report.is_clean(), text: report.text(), json: report.json() }
        }
        HistoryQuestion::Explain { kind, id } => {
            let mut reading = |at, end| progress("reading the log", at, end);
            let story = explain(log, &Subject::parse(kind, id)?, &mut reading)?;
            Told { clean: true, text: story.text(), json: story.json() }
        }
    })
}
