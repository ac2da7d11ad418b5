//! What goes to standard output, and the progress that goes to standard error.
//!
//! Invariants: with `--json` there is one document on standard output and nothing else; bars show
//! on a terminal only.

use std::io::{self, Write};

use anyhow::Context;
use duizhang_core::position::Position;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::review::Form;

/// Prints the answer of a verb in the wanted form.
pub(super) fn print(form: Form, text: &str, json: &Value) -> anyhow::Result<()> {
    match form {
        Form::Text => line(text),
        Form::Json => line(&format!("{json:#}")),
    }
}

/// Prints text and a line end, and lets go of it at once: somebody may wait for the line.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.trim_end_matches('\n'))
        .and_then(|()| out.flush())
        .context("write to standard output")
}

/// A bar that appears when work is reported and vanishes when it is dropped.
#[derive(Default)]
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    /// Shows how far the work is.
    pub(super) fn show(&mut self, what: &'static str, at: Position, end: Position) {
        let bar = self.0.get_or_insert_with(|| {
            let bar = ProgressBar::new(end.number());
            let style = ProgressStyle::with_template("{msg} [{bar:40}] {human_pos}/{human_len}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        bar.set_message(what);
        bar.set_length(end.number());
        bar.set_position(at.number());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
