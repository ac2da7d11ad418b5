//! `replay`, `audit` and `explain`: the log of a stopped server, read and never written.

use std::process::ExitCode;

use anyhow::Context;
use duizhang_core::position::Position;
use duizhang_replay::day::replay_day;
use duizhang_replay::explain::Subject;
use duizhang_replay::rederive::rederive;

use super::arguments::ReplayRange;
use super::output::{Bar, Form, line};
use super::program::{FINDING, Setting};
use super::stopped::open_log;

/// Plays a day or a range again.
pub(super) fn replay(setting: &Setting, range: &ReplayRange) -> anyhow::Result<ExitCode> {
    let log = open_log(&setting.config()?.server.data)?;
    let head = log.head().position;
    let mut bar = Bar::default();
    let mut progress = |at, end| bar.show("playing the log again", at, end);
    let (clean, text, json) = match (range.day, range.from.zip(range.to)) {
        (Some(day), _) => {
            let day = replay_day(&*log, day, head, &mut progress)?;
            (day.is_clean(), day.text(), day.json())
        }
        (None, range) => {
            let (from, to) = range.context("either --day, or --from and --to")?;
            let (from, to) = (Position::new(from), Position::new(to));
            if to > head {
                anyhow::bail!(
                    "play positions {from} to {to} again: the log has positions 1 to {head}"
                );
            }
            let decisions = rederive(&*log, from..=to, &mut progress)?;
            (decisions.is_clean(), decisions.text(), decisions.json())
        }
    };
    drop(bar);
    answer(setting.form, clean, &text, &json)
}

/// Checks everything.
pub(super) fn audit(setting: &Setting) -> anyhow::Result<ExitCode> {
    let log = open_log(&setting.config()?.server.data)?;
    let mut bar = Bar::default();
    let report = duizhang_replay::audit::audit(&*log, &mut |what, at, end| bar.show(what, at, end));
    drop(bar);
    answer(setting.form, report.is_clean(), &report.text(), &report.json())
}

/// Tells a story.
pub(super) fn explain(setting: &Setting, kind: &str, id: &str) -> anyhow::Result<ExitCode> {
    let subject = Subject::parse(kind, id)?;
    let log = open_log(&setting.config()?.server.data)?;
    let mut bar = Bar::default();
    let mut progress = |at, end| bar.show("reading the log", at, end);
    let story = duizhang_replay::explain::explain(&*log, &subject, &mut progress)?;
    drop(bar);
    answer(setting.form, true, &story.text(), &story.json())
}

fn answer(form: Form, clean: bool, text: &str, json: &str) -> anyhow::Result<ExitCode> {
    line(match form {
        Form::Text => text,
        Form::Json => json,
    })?;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(FINDING) })
}
