//! `statement preview|list|show|save`: statement files before they are kept and after.
//!
//! Invariants: `preview` needs no book; a saved file is there whole or not at all.
//! Deliberately not here: what is told ([`crate::finance`]).

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use duizhang_listener_bridge::statements::STATEMENT_BYTES_MAX;
use duizhang_projections::calendar::Zone;
use serde_json::json;

use super::arguments::StatementVerb;
use super::output::{Bar, print, to_file};
use super::program::Setting;
use super::reconcile::{contents, mapping_text, print_answer};
use super::review::in_use;
use crate::compose::{Absent, OpenBook};
use crate::finance::{
    STATEMENTS_PATH, StatementQuestion, Stored, Unframed, answer_statements, preview, unframed,
};
use crate::review::{Answered, post};

/// Where the channels are: their times are China's unless a file says otherwise.
const CHANNELS_ZONE: &str = "Asia/Shanghai";

pub(super) fn run(setting: &Setting, verb: StatementVerb) -> anyhow::Result<ExitCode> {
    let question = match verb {
        StatementVerb::Preview { file, mapping } => {
            return look_into(setting, &file, mapping.as_deref());
        }
        StatementVerb::List { day } => {
            StatementQuestion::List { day: day.map(|day| day.to_string()) }
        }
        StatementVerb::Show { sha256 } => StatementQuestion::Show { digits: sha256 },
        StatementVerb::Save { sha256, output } => return save(setting, sha256, &output),
    };
    print_answer(ask(setting, question)?.0)
}

fn look_into(setting: &Setting, file: &Path, mapping: Option<&Path>) -> anyhow::Result<ExitCode> {
    let reading = || format!("read the statement {}", file.display());
    let bytes = contents(file, STATEMENT_BYTES_MAX).with_context(reading)?;
    let mapping = mapping.map(mapping_text).transpose()?;
    let told = preview(&bytes, mapping.as_deref(), Zone::new(CHANNELS_ZONE)?);
    print_answer(Answered::of(told.with_context(reading), setting.form))
}

fn save(setting: &Setting, digits: String, output: &Path) -> anyhow::Result<ExitCode> {
    let bytes = match ask(setting, StatementQuestion::Save { digits })? {
        (Answered::Told { .. }, bytes) => bytes,
        (Answered::Refused { complaint }, _) => return Err(anyhow::anyhow!(complaint)),
    };
    to_file(setting, output, |out| out.write_all(&bytes).context("write the statement"))?;
    let name = output.display().to_string();
    let said = json!({ "file": name, "bytes": bytes.len() });
    print(setting.form, &format!("wrote {name} ({} bytes)", bytes.len()), &said)?;
    Ok(ExitCode::SUCCESS)
}

/// What is told, and the bytes of a file where they were asked for.
fn ask(setting: &Setting, question: StatementQuestion) -> anyhow::Result<(Answered, Vec<u8>)> {
    if let Some((server, token)) = &setting.server {
        let body = serde_json::to_vec(&json!({ "question": question, "form": setting.form }))?;
        let answer = post(server, token, STATEMENTS_PATH, body)?;
        let (answered, bytes): Unframed<'_, Answered> =
            unframed(&answer).context("read the server's answer")?;
        return Ok((answered, bytes.to_vec()));
    }
    let data = setting.config()?.server.data;
    let mut bar = Bar::default();
    let mut progress = |what, at, end| bar.show(what, at, end);
    let book = OpenBook::open(&data, Absent::Refuse, &mut progress).map_err(in_use)?;
    let stored = Stored { statements: &book.views.statements, data: &data, zone: book.zone()? };
    let answer = answer_statements(&stored, &question, setting.form);
    book.close()?;
    Ok(answer)
}
