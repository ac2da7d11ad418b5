//! The report of a day out of custody: the kept statements beside the log, as both were known at a
//! position, in any format; or what changed from one position to another.
//!
//! Invariants: nothing is kept or recorded; the report at a position looks at the files that were
//! kept up to there and at nothing behind it, so a closed day's report is the same for ever; a
//! stopped server's data and a running server give the same bytes.
//! Deliberately not here: what a report says (`replay`), files and terminals (the command line).

use std::path::Path;

use anyhow::{Context, bail, ensure};
use chrono::NaiveDate;
use duizhang_core::position::Position;
use duizhang_eventlog::EventLog;
use duizhang_projections::calendar::{Zone, day_asked};
use duizhang_projections::views::Views;
use duizhang_replay::reconcile::{
    Compared, DayReport, ReportFormat, StatementLines, closed_at, then_and_now,
};
use serde::{Deserialize, Serialize};

use super::shelf::{Shelf, Wanted, around, compare, short};
use super::vault::Vault;
use crate::compose::Progress;

/// Which report is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportQuestion {
    pub(crate) day: String,
    /// As it was known at this position.
    pub(crate) at: Option<u64>,
    /// What changed since this position.
    pub(crate) since: Option<u64>,
    /// As it is known now, though the day is closed.
    pub(crate) now: bool,
    pub(crate) format: String,
}

impl ReportQuestion {
    fn day(&self) -> anyhow::Result<NaiveDate> {
        Ok(day_asked(&self.day)?)
    }

    fn format(&self) -> anyhow::Result<ReportFormat> {
        self.format.parse().with_context(|| format!("{:?} is no format", self.format))
    }

    /// Refuses what no book could answer.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.day()?;
        let format = self.format()?;
        let told = matches!(format, ReportFormat::Text | ReportFormat::Json);
        ensure!(self.since.is_none() || told, "what changed is told as text or json");
        ensure!(self.at.is_none() || !self.now, "a position and now: one of them is wanted");
        Ok(())
    }
}

/// What came out: the bytes, and whether nothing waits for a person.
pub(crate) struct Reported {
    pub(crate) clean: bool,
    pub(crate) bytes: Vec<u8>,
}

/// A book to read: its log, and where its files lie.
pub(crate) struct Archive<'a> {
    pub(crate) log: &'a dyn EventLog,
    pub(crate) data: &'a Path,
    pub(crate) zone: Zone,
}

/// The files that may be looked at, each with the position at which it was kept.
pub(crate) struct Files {
    kept: Vec<(Position, Wanted)>,
    /// The last event that they are known of. The log may have gone on since.
    known_to: Position,
}

impl Files {
    /// Those that touch a day or its neighbours, in the order of keeping.
    pub(crate) fn of(views: &Views, question: &ReportQuestion) -> anyhow::Result<Self> {
        let files = views.statements.of_days(around(question.day()?)).map(|view| {
            let (kept, name) = (view.kept.clone(), short(view.kept.statement));
            Ok((view.position, Wanted::of(&views.book, kept, name)?))
        });
        Ok(Self { kept: files.collect::<anyhow::Result<_>>()?, known_to: views.position })
    }
}

/// Makes the report.
pub(crate) fn report(
    archive: &Archive<'_>,
    files: Files,
    question: &ReportQuestion,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Reported> {
    question.check()?;
    let (day, format) = (question.day()?, question.format()?);
    let head = archive.log.head().position.min(files.known_to);
    let at = archive.position(question, head, progress)?;
    let mut days = Days::read(archive, day, files, at)?;
    let mut reading = |at, end| progress("reading the log", at, end);
    if let Some(since) = question.since {
        let since = Position::new(since);
        ensure!(since <= at, "position {since} lies behind {at}");
        let mut make = |at| Ok::<_, anyhow::Error>(days.compare(at, &mut reading)?.report());
        let told = then_and_now(archive.log, (since, at), &mut make)?;
        let said = if format == ReportFormat::Json { told.json() } else { told.text() };
        return Ok(Reported { clean: told.is_clean(), bytes: said.into_bytes() });
    }
    let report: DayReport = days.compare(at, &mut reading)?.report();
    Ok(Reported { clean: report.agrees, bytes: report.written(format)? })
}

impl Archive<'_> {
    /// The position that is asked for: of a closed day that of its closing, unless said otherwise.
    fn position(
        &self,
        question: &ReportQuestion,
        head: Position,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<Position> {
        if let Some(at) = question.at.map(Position::new) {
            if at > head {
                bail!("position {at} is behind the last one, {head}");
            }
            return Ok(at);
        }
        if question.now || question.since.is_some() {
            return Ok(head);
        }
        let mut looking = |at, end| progress("looking for the day's closing", at, end);
        let closed = closed_at(self.log, question.day()?, head, &mut looking)?;
        Ok(closed.unwrap_or(head))
    }
}

/// A day at many positions: the files are read once.
struct Days<'a> {
    archive: &'a Archive<'a>,
    day: NaiveDate,
    lines: Vec<(Position, StatementLines)>,
}

impl<'a> Days<'a> {
    fn read(
        archive: &'a Archive<'a>,
        day: NaiveDate,
        files: Files,
        at: Position,
    ) -> anyhow::Result<Self> {
        let known = files.kept.into_iter().filter(|(position, _)| *position <= at);
        let (positions, wanted): (Vec<Position>, Vec<Wanted>) = known.unzip();
        let vault = Vault::new(archive.data);
        let mut shelf =
            Shelf { vault: &vault, zone: archive.zone, at_hand: std::collections::BTreeMap::new() };
        let (lines, _) = shelf.take(wanted)?;
        Ok(Self { archive, day, lines: positions.into_iter().zip(lines).collect() })
    }

    /// The day as the log and the custody stood at a position.
    fn compare(
        &mut self,
        at: Position,
        progress: &mut dyn FnMut(Position, Position),
    ) -> anyhow::Result<Compared> {
        let Archive { log, zone, .. } = self.archive;
        let kept = self.lines.iter().filter(|(position, _)| *position <= at);
        let kept = kept.map(|(_, lines)| lines.clone()).collect();
        compare(*log, (*zone, self.day), kept, at, progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(format: &str) -> ReportQuestion {
        let (day, format) = ("2026-11-20".to_owned(), format.to_owned());
        ReportQuestion { day, at: None, since: None, now: false, format }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(question("html").check().is_ok());
        let cases = [
            question("pdf"),
            ReportQuestion { day: "today".to_owned(), ..question("text") },
            ReportQuestion { day: "+262142-12-31".to_owned(), ..question("text") },
            ReportQuestion { since: Some(4), ..question("xlsx") },
            ReportQuestion { at: Some(4), now: true, ..question("text") },
        ];
        for refused in cases {
            assert!(refused.check().is_err(), "{refused:?}");
        }
        assert!(ReportQuestion { since: Some(4), ..question("json") }.check().is_ok());
    }

    #[test]
    fn a_question_has_its_words_on_the_wire() {
        let asked = ReportQuestion { since: Some(4), ..question("json") };
        let wire = r#"{"day":"2026-11-20","at":null,"since":4,"now":false,"format":"json"}"#;
        assert_eq!(serde_json::to_string(&asked).expect("texts and numbers"), wire);
        assert_eq!(serde_json::from_str::<ReportQuestion>(wire).expect("its own words"), asked);
    }
}
