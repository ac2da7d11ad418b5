//! `report`: the report of a day, to a file or to standard output.
//!
//! Invariants: standard output carries the report and nothing else; exit code 1 means that
//! something waits for a person, or that something changed.
//! Deliberately not here: how it is made ([`crate::finance`]).

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use super::arguments::ReportArguments;
use super::output::{Bar, print, to_file};
use super::program::{FINDING, Setting};
use super::review::in_use;
use crate::compose::{Absent, OpenBook};
use crate::finance::{
    Archive, Files, REPORT_PATH, ReportQuestion, Reported, Unframed, report, unframed,
};
use crate::review::{Answered, Form, post};

pub(super) fn run(setting: &Setting, arguments: &ReportArguments) -> anyhow::Result<ExitCode> {
    let question = question(setting, arguments);
    question.check()?;
    let Reported { clean, bytes } = match &setting.server {
        Some(_) => remote(setting, &question)?,
        None => local(setting, &question)?,
    };
    match &arguments.output {
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(&bytes).and_then(|()| out.flush()).context("write the report")?;
        }
        Some(path) => {
            to_file(setting, path, |out| out.write_all(&bytes).context("write the report"))?;
            let file = path.display().to_string();
            let said = json!({ "file": file, "bytes": bytes.len(), "clean": clean });
            print(setting.form, &format!("wrote {file} ({} bytes)", bytes.len()), &said)?;
        }
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(FINDING) })
}

fn question(setting: &Setting, arguments: &ReportArguments) -> ReportQuestion {
    let ReportArguments { day, at, since, now, format, .. } = arguments;
    // To a file --json tells of the file; to standard output it is the report's own form.
    let spoken = match (setting.form, &arguments.output) {
        (Form::Json, None) => "json",
        (Form::Json | Form::Text, _) => "text",
    };
    ReportQuestion {
        day: day.to_string(),
        at: *at,
        since: *since,
        now: *now,
        format: format.map_or(spoken, |format| format.word()).to_owned(),
    }
}

fn remote(setting: &Setting, question: &ReportQuestion) -> anyhow::Result<Reported> {
    let (server, token) = setting.server.as_ref().context("a server is asked")?;
    let body = serde_json::to_vec(question).context("write the question")?;
    let answer = post(server, token, REPORT_PATH, body)?;
    let (answered, bytes): Unframed<'_, Answered> =
        unframed(&answer).context("read the server's answer")?;
    match answered {
        Answered::Told { clean, .. } => Ok(Reported { clean, bytes: bytes.to_vec() }),
        Answered::Refused { complaint } => Err(anyhow::anyhow!(complaint)),
    }
}

fn local(setting: &Setting, question: &ReportQuestion) -> anyhow::Result<Reported> {
    let data = setting.config()?.server.data;
    let mut bar = Bar::default();
    let mut progress = |what, at, end| bar.show(what, at, end);
    let book = OpenBook::open(&data, Absent::Refuse, &mut progress).map_err(in_use)?;
    let archive = Archive { log: &*book.log, data: &data, zone: book.zone()? };
    let files = Files::of(&book.views, question);
    let reported = files.and_then(|files| report(&archive, files, question, &mut progress));
    book.close()?;
    reported
}
