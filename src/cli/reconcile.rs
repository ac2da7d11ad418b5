//! `reconcile`: statement files beside a day of the log.
//!
//! Invariants: the log is read and never written; a file that is no statement ends the verb with a
//! sentence that says what it is; exit code 1 means that something waits for a person.
//! Deliberately not here: reading statements (`listener-bridge`), comparing (`replay`).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use duizhang_core::channel::Channel;
use duizhang_core::id::WalletId;
use duizhang_core::reconciliation::Terms;
use duizhang_core::time::Timestamp;
use duizhang_eventlog::Error as LogError;
use duizhang_listener_bridge::statements::{
    MAPPING_BYTES_MAX, Mapping, Outcome, Period, STATEMENT_BYTES_MAX, Statement, read_statement,
};
use duizhang_projections::book::Book;
use duizhang_projections::calendar::Zone;
use duizhang_replay::reconcile::{FileLine, StatementLines, compare_day};

use super::arguments::ReconcileArguments;
use super::output::{Bar, line};
use super::program::{FINDING, Setting};
use crate::compose::{Absent, OpenBook};
use crate::review::Form;

pub(super) fn run(setting: &Setting, arguments: &ReconcileArguments) -> anyhow::Result<ExitCode> {
    let data = setting.config()?.server.data;
    let mut bar = Bar::default();
    let mut progress = |what, at, end| bar.show(what, at, end);
    let mapping = arguments.mapping.as_deref().map(read_mapping).transpose()?;
    let book = OpenBook::open(&data, Absent::Refuse, &mut progress).map_err(in_use)?;
    let zone = book.zone()?;
    let files = arguments.statement.iter().map(|given| {
        let (wallet, path) = named(given);
        let reading = || format!("read the statement {}", path.display());
        let bytes = contents(&path, STATEMENT_BYTES_MAX).with_context(reading)?;
        let statement = read_statement(&bytes, mapping.as_ref()).with_context(reading)?;
        let wallet = wallet_of(&book.views.book, wallet.as_deref(), &statement)
            .with_context(|| path.display().to_string())?;
        Ok(lines_of(&path, wallet, statement, zone))
    });
    let files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let head = book.log.head().position;
    let report =
        compare_day(&*book.log, arguments.day, files, &Terms::default(), head, &mut |at, end| {
            progress("reading the log", at, end);
        })?
        .report();
    book.close()?;
    match setting.form {
        Form::Text => line(report.text().trim_end())?,
        Form::Json => line(report.json().trim_end())?,
    }
    Ok(if report.agrees { ExitCode::SUCCESS } else { ExitCode::from(FINDING) })
}

fn in_use(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<LogError>() {
        Some(LogError::InUse { .. }) => anyhow::anyhow!(
            "the data directory is in use by a running server: stop it, or reconcile a copy"
        ),
        _ => error,
    }
}

/// `wx-main=bill.csv` names the wallet; a file's name may have the sign itself.
fn named(given: &str) -> (Option<String>, PathBuf) {
    match given.split_once('=') {
        Some((wallet, file)) if !Path::new(given).exists() => {
            (Some(wallet.to_owned()), PathBuf::from(file))
        }
        _ => (None, PathBuf::from(given)),
    }
}

fn contents(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let limit = bytes_max.saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_mapping(path: &Path) -> anyhow::Result<Mapping> {
    let reading = || format!("read the column mapping {}", path.display());
    let bytes = contents(path, u64::try_from(MAPPING_BYTES_MAX)?).with_context(reading)?;
    let text = String::from_utf8(bytes).with_context(reading)?;
    Mapping::parse(&text).with_context(reading)
}

/// Whose statement it is: the wallet that was named, or the only one of the file's channel.
fn wallet_of(
    book: &Book,
    named: Option<&str>,
    statement: &Statement,
) -> anyhow::Result<(WalletId, Channel)> {
    if let Some(name) = named {
        let known = book.wallets().find(|wallet| wallet.id.as_str() == name);
        let wallet = known.with_context(|| format!("there is no wallet {name}"))?;
        return Ok((wallet.id.clone(), wallet.channel));
    }
    let Some(channel) = statement.channel else {
        bail!("a file of this kind does not say whose it is: --statement WALLET=FILE");
    };
    let mut fitting = book.wallets().filter(|wallet| wallet.channel == channel);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok((only.id.clone(), only.channel)),
        (None, _) => bail!("this is a statement of {channel}, and the book has no such wallet"),
        (Some(_), Some(_)) => {
            bail!("the book has several wallets of {channel}: --statement WALLET=FILE says which")
        }
    }
}

fn lines_of(
    path: &Path,
    (wallet, channel): (WalletId, Channel),
    statement: Statement,
    zone: Zone,
) -> StatementLines {
    let Period { from, to } = statement.period.unwrap_or_else(|| days_of(&statement, zone));
    let proof = match statement.outcome() {
        Outcome::Ok => "hold",
        Outcome::Warn => "do not all hold, which a file of this layout may show",
        Outcome::Fail => "DO NOT HOLD",
    };
    let doubts = statement.proof.iter().filter(|finding| finding.outcome != Outcome::Ok);
    let mut findings: Vec<String> = doubts.map(|finding| finding.detail.clone()).collect();
    findings
        .extend(statement.rejected.iter().map(|row| format!("row {}: {}", row.number, row.reason)));
    findings.extend(statement.left_out.iter().map(|kind| {
        format!("{} lines of {} settle no order: {}", kind.count, kind.word, kind.sum)
    }));
    let digits = statement.sha256.iter().map(|byte| format!("{byte:02x}"));
    let file = FileLine {
        name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        sha256: digits.collect(),
        wallet: wallet.to_string(),
        layout: statement.layout.to_owned(),
        lines: statement.lines.len(),
        proof: proof.to_owned(),
        findings,
    };
    let lines = statement.lines.into_iter().map(|recorded| recorded.line).collect();
    StatementLines { wallet, channel, file, from, to, lines }
}

/// The days on which a file has lines, where it does not say which time it covers.
fn days_of(statement: &Statement, zone: Zone) -> Period {
    let times = || statement.lines.iter().map(|recorded| recorded.line.time);
    match (times().min(), times().max()) {
        (Some(first), Some(last)) => {
            Period { from: zone.start_of(zone.day_of(first)), to: zone.end_of(zone.day_of(last)) }
        }
        _ => Period { from: Timestamp::MIN, to: Timestamp::MIN },
    }
}
