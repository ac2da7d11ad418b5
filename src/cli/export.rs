//! `export`: what the log holds for other programs, to a file or to standard output.
//!
//! Invariant: standard output carries the export and nothing else.
//! Deliberately not here: the formats (projections), how a log is read ([`crate::review`]).

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use duizhang_projections::calendar::day_asked;
use duizhang_projections::export::{ListFormat, Listed};
use duizhang_projections::ledger::Format;
use serde_json::json;

use super::output::{Bar, print, to_file};
use super::program::Setting;
use super::review::in_use;
use crate::compose::{self, Absent};
use crate::review::{
    Answered, Asked, ExportQuestion, Form, HistoryQuestion, Question, ask, received, write_export,
};

/// Bytes that wait for a write: a thousand lines or so.
const WRITE_BYTES: usize = 256 * 1_024;

#[derive(Debug, Subcommand)]
pub(super) enum ExportVerb {
    /// The double-entry ledger: for beancount, hledger or ledger, for spreadsheets and programs, or
    /// as vouchers with the columns of Chinese bookkeeping software; a day selects what counts on
    /// it
    Ledger(LedgerExport),
    /// The log event by event, with all of its content; a day is one of the log's time
    Events(ListExport),
    /// Orders as they stand at the end of what is selected; a day selects what was created on it
    Orders(ListExport),
    /// Breaks as they stand at the end of what is selected, with their history in JSON; a day
    /// selects what is booked in it
    Breaks(ListExport),
}

#[derive(Debug, Args)]
pub(super) struct LedgerExport {
    /// beancount, hledger, ledger, csv, json (one document a line), xlsx, parquet, voucher-csv or
    /// voucher-xlsx
    #[arg(long, value_name = "F")]
    format: Format,
    #[command(flatten)]
    part: ExportPart,
}

#[derive(Debug, Args)]
pub(super) struct ListExport {
    /// csv, json (one document a line), xlsx or parquet
    #[arg(long, value_name = "F")]
    format: ListFormat,
    #[command(flatten)]
    part: ExportPart,
}

#[derive(Debug, Args)]
pub(super) struct ExportPart {
    /// Only this business day, like 2026-11-21 [default: the whole log]
    #[arg(long, value_name = "D", value_parser = day_asked, conflicts_with_all = ["from", "to"])]
    day: Option<NaiveDate>,
    /// Only from this position of the log on
    #[arg(long, value_name = "P", requires = "to")]
    from: Option<u64>,
    /// Only up to this position of the log
    #[arg(long, value_name = "P", requires = "from")]
    to: Option<u64>,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ExportVerb {
    /// Which part of the log, and where it goes.
    const fn part(&self) -> &ExportPart {
        match self {
            Self::Ledger(wanted) => &wanted.part,
            Self::Events(wanted) | Self::Orders(wanted) | Self::Breaks(wanted) => &wanted.part,
        }
    }

    /// Whether its last position lies before its first.
    pub(super) fn is_backward(&self) -> bool {
        self.part().from > self.part().to
    }

    /// Whether it names a file.
    pub(super) const fn has_file(&self) -> bool {
        self.part().output.is_some()
    }

    /// What is asked.
    fn question(&self) -> ExportQuestion {
        let whole = match self {
            Self::Ledger(wanted) => ExportQuestion::ledger(wanted.format),
            Self::Events(wanted) => ExportQuestion::list(Listed::Events, wanted.format),
            Self::Orders(wanted) => ExportQuestion::list(Listed::Orders, wanted.format),
            Self::Breaks(wanted) => ExportQuestion::list(Listed::Breaks, wanted.format),
        };
        let part = self.part();
        let (day, positions) = (part.day.map(|day| day.to_string()), part.from.zip(part.to));
        ExportQuestion { day, positions, ..whole }
    }
}

/// Exports what is wanted.
pub(super) fn export(setting: &Setting, wanted: &ExportVerb) -> anyhow::Result<ExitCode> {
    let question = wanted.question();
    match &wanted.part().output {
        None => write(setting, &question, &mut io::stdout().lock())?,
        Some(path) => {
            let bytes = to_file(setting, path, |out| write(setting, &question, out))?;
            let file = path.display().to_string();
            let said = json!({ "file": file, "bytes": bytes });
            print(setting.form, &format!("wrote {file} ({bytes} bytes)"), &said)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(setting: &Setting, question: &ExportQuestion, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(WRITE_BYTES, out);
    match &setting.server {
        Some((server, token)) => {
            let history = HistoryQuestion::Export(question.clone());
            let asked = Asked { question: Question::History(history), form: Form::Text };
            match ask(server, token, &asked)? {
                Answered::Told { output, .. } => out.write_all(&received(question, output)?)?,
                Answered::Refused { complaint } => return Err(anyhow::anyhow!(complaint)),
            }
        }
        None => {
            let log = compose::open_log(&setting.config()?.server.data, Absent::Refuse);
            let log = log.map_err(in_use)?;
            let mut bar = Bar::default();
            let mut progress = |what, at, end| bar.show(what, at, end);
            write_export(&*log, question, &mut progress, &mut out)?;
        }
    }
    out.flush().context("write the export")
}
