//! `export ledger`: the books of a log in the format of another program.
//!
//! Invariants: both walks see the log as it was when the question came; a server makes an answer in
//! memory and refuses one beyond its limit, a stopped server's data are written as they are read.
//! Deliberately not here: the formats (projections), files and terminals (the command line).

use std::io::{self, Write};
use std::ops::ControlFlow;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_core::event::Chapter;
use duizhang_core::position::Position;
use duizhang_eventlog::{EventLog, history};
use duizhang_projections::ledger::{Export, ExportError, Format, Head, Selection, Survey};
use duizhang_replay::book_zone;
use serde::{Deserialize, Serialize};

use super::question::Told;
use crate::compose::Progress;

/// Most bytes of an export that a server sends: as text in JSON it grows by a third at most, and
/// the program that asked reads 64 MiB.
const EXPORT_BYTES_MAX: usize = 48 * 1_024 * 1_024;

/// Chapters between two reports of progress: at a microsecond a chapter, about 200 a second.
const PROGRESS_CHAPTERS: u64 = 4_096;

/// Which books are wanted, and how they are to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerQuestion {
    pub(crate) format: String,
    pub(crate) day: Option<String>,
    pub(crate) positions: Option<(u64, u64)>,
}

impl LedgerQuestion {
    /// The format, where there is such.
    pub(crate) fn format(&self) -> anyhow::Result<Format> {
        self.format.parse().with_context(|| format!("{:?} is no format", self.format))
    }

    /// The selection, where it makes sense.
    pub(crate) fn selection(&self) -> anyhow::Result<Selection> {
        Ok(match (&self.day, self.positions) {
            (Some(day), None) => {
                let parsed = day.parse();
                Selection::Day(parsed.with_context(|| format!("{day:?} is not a day"))?)
            }
            (None, Some((from, to))) if from <= to => {
                Selection::Positions(Position::new(from), Position::new(to))
            }
            (None, Some((from, to))) => bail!("position {from} lies behind {to}"),
            (None, None) => Selection::Whole,
            (Some(_), Some(_)) => bail!("a day and positions: one of them selects"),
        })
    }
}

/// Writes the books.
pub(crate) fn write_ledger(
    log: &dyn EventLog,
    question: &LedgerQuestion,
    progress: &mut Progress<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (format, selection) = (question.format()?, question.selection()?);
    let head = log.head();
    if let Some((_, to)) = question.positions
        && to > head.position.number()
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
    let mut export = Export::begin(&plan, format, out)?;
    let mut writing = |at| progress("writing the books", at, head.position);
    walk(log, head.position, &mut writing, &mut |chapter| export.fold(chapter))?;
    Ok(export.finish()?)
}

/// Visits all chapters up to a position until one cannot be taken in.
fn walk(
    log: &dyn EventLog,
    end: Position,
    progress: &mut dyn FnMut(Position),
    visit: &mut dyn FnMut(&Chapter) -> Result<(), ExportError>,
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
    Ok(taken?)
}

/// The books as a server sends them: bytes that are no text in base 64.
pub(super) fn tell_ledger(
    log: &dyn EventLog,
    question: &LedgerQuestion,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Told> {
    let mut answer = Answer(Vec::new());
    write_ledger(log, question, progress, &mut answer)?;
    let text = if question.format()?.is_binary() {
        STANDARD.encode(answer.0)
    } else {
        String::from_utf8(answer.0).context("the format is text")?
    };
    Ok(Told { clean: true, json: text.clone(), text })
}

/// The bytes of an export that a server sent.
pub(crate) fn received(question: &LedgerQuestion, output: String) -> anyhow::Result<Vec<u8>> {
    if question.format()?.is_binary() {
        STANDARD.decode(output).context("read the server's answer")
    } else {
        Ok(output.into_bytes())
    }
}

/// An answer within its limit.
struct Answer(Vec<u8>);

impl Write for Answer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > EXPORT_BYTES_MAX {
            let what = "a server sends at most 48 MiB: export days, or a stopped server's data";
            return Err(io::Error::other(what));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(day: Option<&str>, positions: Option<(u64, u64)>) -> LedgerQuestion {
        LedgerQuestion { format: "csv".into(), day: day.map(str::to_owned), positions }
    }

    #[test]
    fn a_question_that_makes_no_sense_is_refused() {
        assert!(question(Some("yesterday"), None).selection().is_err());
        assert!(question(None, Some((5, 4))).selection().is_err());
        assert!(question(Some("2026-11-20"), Some((1, 2))).selection().is_err());
        let unknown = LedgerQuestion { format: "parquet".into(), ..question(None, None) };
        assert!(unknown.format().is_err());
        assert_eq!(question(None, Some((4, 4))).selection().ok(), {
            let position = Position::new(4);
            Some(Selection::Positions(position, position))
        });
    }

    #[test]
    fn an_answer_stops_at_its_limit() {
        let mut answer = Answer(vec![0; EXPORT_BYTES_MAX - 1]);
        assert!(answer.write_all(b"x").is_ok());
        assert!(answer.write_all(b"y").is_err());
    }

    #[test]
    fn bytes_that_are_no_text_survive_the_wire() {
        let bytes = vec![0, 159, 146, 150];
        let binary = LedgerQuestion { format: "xlsx".into(), ..question(None, None) };
        assert_eq!(received(&binary, STANDARD.encode(&bytes)).ok(), Some(bytes));
        assert!(received(&binary, "not base 64!".into()).is_err());
    }
}
