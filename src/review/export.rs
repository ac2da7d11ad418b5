//! `export`: what a log holds in the format of another program.
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
use duizhang_projections::calendar::{Zone, day_asked};
use duizhang_projections::export::{ExportError, ListExport, ListFormat, ListSurvey, Listed};
use duizhang_projections::ledger::{Export, Format, Head, Selection, Survey};
use duizhang_replay::book_zone;
use serde::{Deserialize, Serialize};

use super::question::Told;
use crate::compose::Progress;

/// Most bytes of an export that a server sends: as text in JSON it grows by a third at most, and
/// the program that asked reads 64 MiB.
const EXPORT_BYTES_MAX: usize = 48 * 1_024 * 1_024;

/// Chapters between two reports of progress: at a microsecond a chapter, about 200 a second.
const PROGRESS_CHAPTERS: u64 = 4_096;

/// The word for the books among what can be exported.
const LEDGER: &str = "ledger";

/// What is wanted, of which part of the log, and how it is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuestion {
    pub(crate) what: String,
    pub(crate) format: String,
    pub(crate) day: Option<String>,
    pub(crate) positions: Option<(u64, u64)>,
}

/// What is wanted, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Ledger(Format),
    List(Listed, ListFormat),
}

impl Wanted {
    const fn is_binary(self) -> bool {
        match self {
            Self::Ledger(format) => format.is_binary(),
            Self::List(_, format) => format.is_binary(),
        }
    }
}

impl ExportQuestion {
    /// The books.
    pub(crate) fn ledger(format: Format) -> Self {
        let (what, format) = (LEDGER.to_owned(), format.word().to_owned());
        Self { what, format, day: None, positions: None }
    }

    /// A list.
    pub(crate) fn list(listed: Listed, format: ListFormat) -> Self {
        let (what, format) = (listed.word().to_owned(), format.word().to_owned());
        Self { what, format, day: None, positions: None }
    }

    fn wanted(&self) -> anyhow::Result<Wanted> {
        let unknown = || format!("{:?} is no format", self.format);
        if self.what == LEDGER {
            return self.format.parse().map(Wanted::Ledger).with_context(unknown);
        }
        let listed = self.what.parse();
        let listed = listed.with_context(|| format!("{:?} is nothing to export", self.what))?;
        Ok(Wanted::List(listed, self.format.parse().with_context(unknown)?))
    }

    /// Refuses what no log could answer.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.wanted()?;
        self.selection().map(|_| ())
    }

    /// The selection, where it makes sense.
    fn selection(&self) -> anyhow::Result<Selection> {
        Ok(match (&self.day, self.positions) {
            (Some(day), None) => Selection::Day(day_asked(day)?),
            (None, Some((from, to))) if from <= to => {
                Selection::Positions(Position::new(from), Position::new(to))
            }
            (None, Some((from, to))) => bail!("position {from} lies behind {to}"),
            (None, None) => Selection::Whole,
            (Some(_), Some(_)) => bail!("a day and positions: one of them selects"),
        })
    }
}

/// A log as it was when the question came.
struct Book<'a> {
    log: &'a dyn EventLog,
    zone: Zone,
    selection: Selection,
    head: Head,
}

/// Writes what is wanted.
pub(crate) fn write_export(
    log: &dyn EventLog,
    question: &ExportQuestion,
    progress: &mut Progress<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (wanted, selection) = (question.wanted()?, question.selection()?);
    let end = log.head();
    if let Some((_, to)) = question.positions
        && to > end.position.number()
    {
        bail!("position {to} is behind the last one, {}", end.position);
    }
    let head = Head { position: end.position, root: end.root.to_string() };
    let book = Book { log, zone: book_zone(log)?, selection, head };
    match wanted {
        Wanted::Ledger(format) => book.write_ledger(format, progress, out),
        Wanted::List(listed, format) => book.write_list(listed, format, progress, out),
    }
}

impl Book<'_> {
    fn write_ledger(
        &self,
        format: Format,
        progress: &mut Progress<'_>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let mut survey = Survey::new(self.zone, self.selection);
        self.walk("summing the books", progress, &mut |chapter| {
            survey.fold(chapter);
            Ok(())
        })?;
        let plan = survey.finish(self.head.clone());
        let mut export = Export::begin(&plan, format, out)?;
        self.walk("writing the books", progress, &mut |chapter| export.fold(chapter))?;
        Ok(export.finish()?)
    }

    fn write_list(
        &self,
        listed: Listed,
        format: ListFormat,
        progress: &mut Progress<'_>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let mut survey = ListSurvey::new(listed, self.zone, self.selection);
        self.walk("counting", progress, &mut |chapter| {
            survey.fold(chapter);
            Ok(())
        })?;
        let mut export = ListExport::begin(survey.finish(&self.head), format, out)?;
        self.walk("writing the list", progress, &mut |chapter| export.fold(chapter))?;
        Ok(export.finish()?)
    }

    /// Visits all chapters up to the end until one cannot be taken in.
    fn walk(
        &self,
        what: &'static str,
        progress: &mut Progress<'_>,
        visit: &mut dyn FnMut(&Chapter) -> Result<(), ExportError>,
    ) -> anyhow::Result<()> {
        let (mut taken, mut count, end) = (Ok(()), 0_u64, self.head.position);
        history::chapters(self.log, Position::START.next(), end, &mut |chapter| {
            count += 1;
            if count.is_multiple_of(PROGRESS_CHAPTERS) {
                progress(what, chapter.position, end);
            }
            taken = visit(&chapter);
            if taken.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(taken?)
    }
}

/// An export as a server sends it: bytes that are no text in base 64.
pub(super) fn tell_export(
    log: &dyn EventLog,
    question: &ExportQuestion,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Told> {
    let mut answer = Answer(Vec::new());
    write_export(log, question, progress, &mut answer)?;
    let text = if question.wanted()?.is_binary() {
        STANDARD.encode(answer.0)
    } else {
        String::from_utf8(answer.0).context("the format is text")?
    };
    Ok(Told { clean: true, json: text.clone(), text })
}

/// The bytes of an export that a server sent.
pub(crate) fn received(question: &ExportQuestion, output: String) -> anyhow::Result<Vec<u8>> {
    if question.wanted()?.is_binary() {
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

    fn question(day: Option<&str>, positions: Option<(u64, u64)>) -> ExportQuestion {
        let day = day.map(str::to_owned);
        ExportQuestion { day, positions, ..ExportQuestion::ledger(Format::Csv) }
    }

    fn named(what: &str, format: &str) -> ExportQuestion {
        let (what, format) = (what.to_owned(), format.to_owned());
        ExportQuestion { what, format, ..question(None, None) }
    }

    #[test]
    fn a_question_that_makes_no_sense_is_refused() {
        assert!(question(Some("yesterday"), None).selection().is_err());
        assert!(question(None, Some((5, 4))).selection().is_err());
        assert!(question(Some("2026-11-20"), Some((1, 2))).check().is_err());
        for (what, format) in
            [("ledger", "docx"), ("orders", "beancount"), ("events", ""), ("secrets", "csv")]
        {
            assert!(named(what, format).check().is_err(), "{what} as {format}");
        }
        assert_eq!(question(None, Some((4, 4))).selection().ok(), {
            let position = Position::new(4);
            Some(Selection::Positions(position, position))
        });
    }

    #[test]
    fn everything_that_can_be_exported_is_understood() {
        for format in Format::ALL {
            let wanted = ExportQuestion::ledger(format).wanted();
            assert_eq!(wanted.ok(), Some(Wanted::Ledger(format)));
        }
        for (listed, format) in Listed::ALL
            .into_iter()
            .flat_map(|listed| ListFormat::ALL.map(|format| (listed, format)))
        {
            let wanted = ExportQuestion::list(listed, format).wanted();
            assert_eq!(wanted.ok(), Some(Wanted::List(listed, format)));
        }
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
        for binary in [named("ledger", "xlsx"), named("orders", "xlsx"), named("events", "parquet")]
        {
            assert_eq!(received(&binary, STANDARD.encode(&bytes)).ok(), Some(bytes.clone()));
            assert!(received(&binary, "not base 64!".into()).is_err());
        }
        assert_eq!(received(&named("breaks", "csv"), "text".into()).ok(), Some(b"text".to_vec()));
    }
}
