//! The verbs that read: put to the data of a stopped server, or to a running server.
//!
//! Deliberately not here: how they are answered ([`crate::review`]).

use std::process::ExitCode;

use duizhang_eventlog::Error as LogError;

use super::output::{Bar, line};
use super::program::{FINDING, Setting};
use crate::compose::{self, Absent, OpenBook};
use crate::review::{
    Answered, Asked, DeclaredQuestion, HistoryQuestion, Kind, Look, Question, Told, ask, declared,
    history,
};

/// Plays the log.
pub(super) fn history_of(setting: &Setting, question: HistoryQuestion) -> anyhow::Result<ExitCode> {
    question.check()?;
    run(setting, Question::History(question))
}

/// Lists what is declared.
pub(super) fn list(setting: &Setting, kind: Kind) -> anyhow::Result<ExitCode> {
    run(setting, Question::Declared(DeclaredQuestion::List { kind }))
}

/// Shows one declaration.
pub(super) fn show(setting: &Setting, kind: Kind, id: &str) -> anyhow::Result<ExitCode> {
    run(setting, Question::Declared(DeclaredQuestion::Show { kind, id: id.to_owned() }))
}

fn run(setting: &Setting, question: Question) -> anyhow::Result<ExitCode> {
    let form = setting.form;
    let answered = match &setting.server {
        Some((server, token)) => ask(server, token, &Asked { question, form })?,
        None => Answered::of(local(setting, &question), form),
    };
    match answered {
        Answered::Told { clean, output } => {
            line(&output)?;
            Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(FINDING) })
        }
        Answered::Refused { complaint } => Err(anyhow::anyhow!(complaint)),
    }
}

fn local(setting: &Setting, question: &Question) -> anyhow::Result<Told> {
    let data = setting.config()?.server.data;
    let mut bar = Bar::default();
    let mut progress = |what, at, end| bar.show(what, at, end);
    match question {
        Question::History(question) => {
            let log = compose::open_log(&data, Absent::Refuse).map_err(in_use)?;
            history(&*log, &data, question, &mut progress)
        }
        Question::Declared(question) => {
            let book = OpenBook::open(&data, Absent::Refuse, &mut progress).map_err(in_use)?;
            let (zone, now) = (book.zone()?, book.clock.now());
            let look = Look { book: &book.views.book, secrets: &book.secrets, now, zone };
            let told = declared(&look, question)?;
            book.close()?;
            Ok(told)
        }
    }
}

pub(super) fn in_use(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<LogError>() {
        Some(LogError::InUse { .. }) => anyhow::anyhow!(
            "the data directory is in use by a running server; ask it with --server URL and \
             --token T, or stop it"
        ),
        _ => error,
    }
}
