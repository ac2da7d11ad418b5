//! `reconcile`: statement files come into custody, and a day of the log is compared with all that
//! are kept.
//!
//! Invariants: a stopped server's data and a running server are asked for the same and print the
//! same; whoever is named is a declared operator, before anything is kept; a file that is no
//! statement ends the verb with a sentence that says what it is; exit code 1 means that something
//! waits for a person.
//! Deliberately not here: what is done ([`crate::finance`]).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use duizhang_api::accept::UPLOAD_TIME_MAX;
use duizhang_api::book::Book;
use duizhang_api::metrics::Metrics;
use duizhang_api::writer::Writer;
use duizhang_listener_bridge::statements::{MAPPING_BYTES_MAX, STATEMENT_BYTES_MAX};

use super::arguments::ReconcileArguments;
use super::counter::operator;
use super::output::{Bar, line};
use super::program::{FINDING, Setting};
use super::review::in_use;
use crate::compose::{Absent, OpenBook};
use crate::finance::{Desk, FILES_BYTES_MAX, Given, RECONCILE_PATH, Task, reconcile, task_frame};
use crate::review::{Answered, post};

/// Who reconciles where nobody is named.
const BY: &str = "command line";

pub(super) fn run(setting: &Setting, arguments: &ReconcileArguments) -> anyhow::Result<ExitCode> {
    let files = arguments.statement.iter().map(|given| file_of(given));
    let files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let bytes: usize = files.iter().map(|given| given.bytes.len()).sum();
    ensure!(
        u64::try_from(bytes)? <= FILES_BYTES_MAX,
        "the files are larger than {} MB together: hand them in one by one",
        FILES_BYTES_MAX / (1_024 * 1_024)
    );
    let task = Task {
        day: arguments.day,
        files,
        mapping: arguments.mapping.as_deref().map(mapping_text).transpose()?,
        dry_run: arguments.dry_run,
        by: BY.to_owned(),
    };
    let answered = match &setting.server {
        Some((server, token)) => {
            let body = task_frame(&task, setting.form)?;
            let answer = post(server, token, RECONCILE_PATH, body).map_err(sent)?;
            serde_json::from_slice(&answer).context("read the server's answer")?
        }
        None => local(setting, task, arguments.by.as_deref())?,
    };
    print_answer(answered)
}

/// Why files did not arrive, where the conversation itself broke off.
fn sent(error: anyhow::Error) -> anyhow::Error {
    let broke_off = error.chain().any(|cause| cause.is::<hyper::Error>());
    if !broke_off {
        return error;
    }
    let minutes = UPLOAD_TIME_MAX.as_secs() / 60;
    error.context(format!(
        "the conversation broke off; a server waits {minutes} minutes for files, and a proxy in \
         front has limits of its own. Ask again: what is recorded already is a repeat"
    ))
}

/// Prints what was told, with the exit code of a finding where something is not clean.
pub(super) fn print_answer(answered: Answered) -> anyhow::Result<ExitCode> {
    match answered {
        Answered::Told { clean, output } => {
            line(&output)?;
            Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(FINDING) })
        }
        Answered::Refused { complaint } => Err(anyhow::anyhow!(complaint)),
    }
}

fn local(setting: &Setting, mut task: Task, by: Option<&str>) -> anyhow::Result<Answered> {
    let data = setting.config()?.server.data;
    let mut bar = Bar::default();
    let mut progress = |what, at, end| bar.show(what, at, end);
    let book = OpenBook::open(&data, Absent::Refuse, &mut progress).map_err(in_use)?;
    book.check_clock()?;
    if let Some(name) = by {
        task.by = operator(&book, name)?;
    }
    let zone = book.zone()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = lend(book, |book| {
        let desk = Desk { book, data: &data, zone, runtime: runtime.handle() };
        reconcile(&desk, task, &mut progress)
    })?;
    Ok(Answered::of(told, setting.form))
}

/// Lends an open book to somebody who submits facts, through a writer that lives only for that,
/// and closes it.
fn lend<T>(open: OpenBook, work: impl FnOnce(&Book) -> T) -> anyhow::Result<T> {
    let OpenBook { log, state, views, clock, .. } = open;
    let (book, writer) =
        Writer::start(Arc::clone(&log), state, views, clock, Arc::new(Metrics::new()))
            .context("start the writer")?;
    let outcome = work(&book);
    drop(book);
    writer.join().context("stop the writer")?;
    log.close().context("close the log")?;
    Ok(outcome)
}

/// `wx-main=bill.csv` names the wallet; a file's name may have the sign itself.
fn file_of(given: &str) -> anyhow::Result<Given> {
    let (wallet, path) = match given.split_once('=') {
        Some((wallet, file)) if !Path::new(given).exists() => {
            (Some(wallet.to_owned()), PathBuf::from(file))
        }
        _ => (None, PathBuf::from(given)),
    };
    let bytes = contents(&path, STATEMENT_BYTES_MAX)
        .with_context(|| format!("read the statement {}", path.display()))?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(Given { name, wallet, bytes })
}

/// A file within a limit; of a longer one a byte more, so that its reader refuses it.
pub(super) fn contents(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let limit = bytes_max.saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn mapping_text(path: &Path) -> anyhow::Result<String> {
    let reading = || format!("read the column mapping {}", path.display());
    let bytes = contents(path, u64::try_from(MAPPING_BYTES_MAX)?).with_context(reading)?;
    String::from_utf8(bytes).with_context(reading)
}
