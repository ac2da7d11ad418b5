//! `day list|show|close|reopen`.
//!
//! Deliberately not here: what keeps a day open (the rules), and where the book is
//! ([`super::counter`]).

use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Subcommand;
use duizhang_core::id::BreakId;
use duizhang_projections::calendar::day_asked;
use serde_json::{Value, json};

use super::breaks::{each, field, history_text};
use super::counter::{Counter, Who};
use super::output::print;
use super::program::Setting;

#[derive(Debug, Subcommand)]
pub(super) enum DayVerb {
    /// List the days that were reconciled or closed, or that breaks are booked in, the latest first
    List,
    /// Show one business day: its runs, its breaks in numbers, and who closed or opened it
    Show {
        /// Like 2026-11-21
        #[arg(value_parser = day_asked)]
        day: NaiveDate,
    },
    /// Close a business day; nothing is dated into it afterwards
    Close {
        /// Like 2026-11-21
        #[arg(value_parser = day_asked)]
        day: NaiveDate,
        /// An open break of the day that is accepted; may be given several times
        #[arg(long, value_name = "ID")]
        accept: Vec<BreakId>,
        /// Why the breaks are acceptable, or that all is well
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Open a closed day again; a second person has to say the same
    Reopen {
        /// Like 2026-11-21
        #[arg(value_parser = day_asked)]
        day: NaiveDate,
        /// Why
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
}

impl DayVerb {
    /// Who does it, where something is done.
    pub(super) const fn who(&self) -> Option<&Who> {
        match self {
            Self::List | Self::Show { .. } => None,
            Self::Close { who, .. } | Self::Reopen { who, .. } => Some(who),
        }
    }
}

pub(super) fn run(setting: &Setting, verb: &DayVerb) -> anyhow::Result<ExitCode> {
    let counter = Counter::open(setting, verb.who())?;
    let shown = match verb {
        DayVerb::List => counter.all("days", "days", &[]),
        DayVerb::Show { day } => counter.see(&format!("days/{day}"), &[]),
        DayVerb::Close { day, accept, reason, .. } => {
            let accepted: Vec<String> = accept.iter().map(ToString::to_string).collect();
            let body = json!({ "accepted": accepted, "reason": reason });
            counter.have_done(&format!("days/{day}/close"), &body)
        }
        DayVerb::Reopen { day, reason, .. } => {
            counter.have_done(&format!("days/{day}/reopen"), &json!({ "reason": reason }))
        }
    }?;
    counter.close()?;
    let text = match verb {
        DayVerb::List => list_text(&shown),
        DayVerb::Show { .. } | DayVerb::Close { .. } | DayVerb::Reopen { .. } => text(&shown),
    };
    print(setting.form, &text, &shown)?;
    Ok(ExitCode::SUCCESS)
}

fn list_text(shown: &Value) -> String {
    let lines: Vec<String> = each(shown, "days").map(line).collect();
    if lines.is_empty() { "no days".to_owned() } else { lines.join("\n") }
}

fn line(day: &Value) -> String {
    let (breaks, open) = (&day["breaks"], &day["open_breaks"]);
    format!("{}  {}  {breaks} breaks, {open} open", field(day, "day"), field(day, "state"))
}

fn text(day: &Value) -> String {
    let mut text = line(day);
    if let Some(by) = day["reopen_proposed_by"].as_str() {
        text += &format!("\n  {by} wants it open again; another person has to say the same");
    }
    for file in each(day, "statements") {
        let (wallet, layout, proof) =
            (field(file, "wallet"), field(file, "layout"), field(file, "proof"));
        let (hash, lines, rejected) = (field(file, "statement"), &file["lines"], &file["rejected"]);
        let done = if file["reconciled"] == true { "reconciled" } else { "not reconciled" };
        text += &format!(
            "\n  {wallet} statement {hash} ({layout}): {lines} lines, {rejected} rejected, \
             {proof}, {done}"
        );
    }
    for run in each(day, "runs") {
        let (wallet, at) = (field(run, "wallet"), field(run, "at"));
        let (matched, payments, lines) = (&run["matched"], &run["payments"], &run["lines"]);
        let (amount, currency) = (field(run, "matched_amount"), field(run, "currency"));
        text += &format!(
            "\n  {at}  {wallet} reconciled: {matched} pairs of {payments} payments and {lines} \
             lines, {amount} {currency}  (position {})",
            run["position"]
        );
    }
    text + &history_text(day)
}
