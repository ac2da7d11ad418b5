//! `export`: books for other programs, to a file or to standard output.
//!
//! Invariants: a file is there whole or not at all; standard output carries the export and nothing
//! else.
//! Deliberately not here: the formats (projections), how a log is read ([`crate::review`]).

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;
use tempfile::NamedTempFile;

use super::arguments::ExportVerb;
use super::output::{Bar, print};
use super::program::Setting;
use super::review::in_use;
use crate::compose::{self, Absent};
use crate::review::{
    Answered, Asked, ExportQuestion, Form, HistoryQuestion, Question, ask, received, write_export,
};

/// Bytes that wait for a write: a thousand lines or so.
const WRITE_BYTES: usize = 256 * 1_024;

/// Exports what is wanted.
pub(super) fn export(setting: &Setting, wanted: &ExportVerb) -> anyhow::Result<ExitCode> {
    let question = wanted.question();
    match &wanted.part().output {
        None => write(setting, &question, &mut io::stdout().lock())?,
        Some(path) => {
            let bytes = to_file(setting, &question, path)?;
            let file = path.display().to_string();
            let said = json!({ "file": file, "bytes": bytes });
            print(setting.form, &format!("wrote {file} ({bytes} bytes)"), &said)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the file and takes its name at the end, so that nobody reads a half.
fn to_file(setting: &Setting, question: &ExportQuestion, path: &Path) -> anyhow::Result<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let writing = || format!("write {}", path.display());
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(writing)?;
    write(setting, question, &mut file)?;
    let bytes = file.as_file().metadata().with_context(writing)?.len();
    file.persist(path).with_context(writing)?;
    Ok(bytes)
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
