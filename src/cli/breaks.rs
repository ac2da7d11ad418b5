//! `break list|show|assign|comment|wait|propose|approve|refuse|resolve|reopen|take`.
//!
//! Deliberately not here: what a break may do next (the rules), and where the book is
//! ([`super::counter`]).

use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use duizhang_core::id::{BreakId, WalletId};
use duizhang_projections::calendar::day_asked;
use serde_json::{Value, json};

use super::counter::{Counter, Who};
use super::output::print;
use super::program::Setting;

#[derive(Debug, Subcommand)]
pub(super) enum BreakVerb {
    /// List breaks in the order in which they were found
    List(BreakFilter),
    /// Show one break with everything that happened to it
    Show { id: BreakId },
    /// Give a break to somebody
    Assign {
        id: BreakId,
        /// To whom
        #[arg(long, value_name = "NAME")]
        to: String,
        #[command(flatten)]
        who: Who,
    },
    /// Write to a break; nothing else changes
    Comment {
        id: BreakId,
        /// What
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        text: String,
        #[command(flatten)]
        who: Who,
    },
    /// Let a break wait for somebody else
    Wait {
        id: BreakId,
        /// provider, payer, statement or approval
        #[arg(long = "for", value_name = "WORD")]
        on: String,
        #[command(flatten)]
        who: Who,
    },
    /// Propose an end that another person has to approve
    Propose {
        id: BreakId,
        #[command(flatten)]
        end: End,
        #[command(flatten)]
        who: Who,
    },
    /// Approve the end that another person proposed
    Approve {
        id: BreakId,
        #[command(flatten)]
        who: Who,
    },
    /// Refuse the proposed end, or take your own back
    Refuse {
        id: BreakId,
        /// Why
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// End a break alone, where one person suffices
    Resolve {
        id: BreakId,
        #[command(flatten)]
        end: End,
        #[command(flatten)]
        who: Who,
    },
    /// Open a break that is over again
    Reopen {
        id: BreakId,
        /// Why
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Take the line that nobody observed for a payment (补单): it settles the order that it can be
    /// meant for, or is held
    Take {
        id: BreakId,
        /// When the channel says that the money came, like 2026-11-20T10:03:00+08:00
        #[arg(long, value_name = "TIME")]
        paid_at: String,
        /// The shop's order number, where the line shows one
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        number: Option<String>,
        /// Why it is no copy of another payment
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
}

#[derive(Debug, Args)]
pub(super) struct BreakFilter {
    /// Only breaks that are booked in this business day, like 2026-11-21
    #[arg(long, value_name = "D", value_parser = day_asked)]
    day: Option<NaiveDate>,
    /// open, assigned, waiting, proposed, resolved, reopened, or unresolved (all but resolved)
    #[arg(long, value_name = "WORD")]
    state: Option<String>,
    /// Only breaks on this wallet's statement
    #[arg(long, value_name = "WALLET")]
    wallet: Option<WalletId>,
    /// Only breaks that were given to this person
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct End {
    /// matched, split, refunded, claimed, adjusted, written-off, duplicate, not-a-break or forced
    #[arg(long, value_name = "WORD")]
    resolution: String,
    /// Where the difference came from: timing, provider, payer, merchant, us or unknown
    #[arg(long, value_name = "WORD")]
    root: String,
    /// Why, and the evidence
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: String,
}

impl End {
    fn body(&self) -> Value {
        json!({ "resolution": self.resolution, "root": self.root, "reason": self.reason })
    }
}

impl BreakVerb {
    /// Who does it, where something is done.
    pub(super) const fn who(&self) -> Option<&Who> {
        match self {
            Self::List(_) | Self::Show { .. } => None,
            Self::Assign { who, .. }
            | Self::Comment { who, .. }
            | Self::Wait { who, .. }
            | Self::Propose { who, .. }
            | Self::Approve { who, .. }
            | Self::Refuse { who, .. }
            | Self::Resolve { who, .. }
            | Self::Reopen { who, .. }
            | Self::Take { who, .. } => Some(who),
        }
    }
}

pub(super) fn run(setting: &Setting, verb: &BreakVerb) -> anyhow::Result<ExitCode> {
    let counter = Counter::open(setting, verb.who())?;
    let step = |id: &BreakId, word: &str, body: Value| {
        counter.have_done(&format!("breaks/{id}/{word}"), &body)
    };
    let shown = match verb {
        BreakVerb::List(filter) => {
            let all = counter.all("breaks", "breaks", &filter.query())?;
            counter.close()?;
            print(setting.form, &list_text(&all["breaks"]), &all)?;
            return Ok(ExitCode::SUCCESS);
        }
        BreakVerb::Show { id } => counter.see(&format!("breaks/{id}"), &[]),
        BreakVerb::Assign { id, to, .. } => step(id, "assign", json!({ "to": to })),
        BreakVerb::Comment { id, text, .. } => step(id, "comment", json!({ "text": text })),
        BreakVerb::Wait { id, on, .. } => step(id, "wait", json!({ "for": on })),
        BreakVerb::Propose { id, end, .. } => step(id, "propose", end.body()),
        BreakVerb::Approve { id, .. } => step(id, "approve", json!({})),
        BreakVerb::Refuse { id, reason, .. } => step(id, "refuse", json!({ "reason": reason })),
        BreakVerb::Resolve { id, end, .. } => step(id, "resolve", end.body()),
        BreakVerb::Reopen { id, reason, .. } => step(id, "reopen", json!({ "reason": reason })),
        BreakVerb::Take { id, paid_at, number, reason, .. } => {
            let mut body = json!({ "paid_at": paid_at, "reason": reason });
            if let Some(number) = number {
                body["number"] = json!(number);
            }
            step(id, "take", body)
        }
    }?;
    counter.close()?;
    print(setting.form, &text(&shown), &shown)?;
    Ok(ExitCode::SUCCESS)
}

impl BreakFilter {
    fn query(&self) -> Vec<(&'static str, String)> {
        let given = [
            ("day", self.day.map(|day| day.to_string())),
            ("state", self.state.clone()),
            ("wallet", self.wallet.as_ref().map(ToString::to_string)),
            ("owner", self.owner.clone()),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A field of an answer as text; nothing where it has no value.
pub(super) fn field<'a>(shown: &'a Value, name: &str) -> &'a str {
    shown[name].as_str().unwrap_or_default()
}

/// What is in a list of an answer.
pub(super) fn each<'a>(shown: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    shown[name].as_array().into_iter().flatten()
}

/// Everything that happened, a line each.
pub(super) fn history_text(shown: &Value) -> String {
    each(shown, "history")
        .map(|entry| {
            let note = entry["note"].as_str().map(|note| format!(": {note}")).unwrap_or_default();
            let by = Some(field(entry, "by")).filter(|by| !by.is_empty()).unwrap_or("by itself");
            let (at, deed, position) =
                (field(entry, "at"), field(entry, "deed"), &entry["position"]);
            format!("\n  {at}  {by}  {deed}{note}  (position {position})")
        })
        .collect()
}

fn list_text(breaks: &Value) -> String {
    let lines: Vec<String> = breaks.as_array().into_iter().flatten().map(line).collect();
    match lines.len() {
        0 => "no breaks".to_owned(),
        count => format!("{}\n{count} breaks", lines.join("\n")),
    }
}

fn line(one: &Value) -> String {
    let day = field(one, "booked");
    let (id, wallet, age) = (field(one, "id"), field(one, "wallet"), field(one, "age"));
    format!("{id}  {day}  {wallet}  {}  {}  {age}", difference(one), standing(one))
}

fn difference(one: &Value) -> String {
    let codes: Vec<&str> = each(one, "codes").filter_map(Value::as_str).collect();
    let (word, direction) = (field(one, "word"), field(one, "direction"));
    let (amount, currency) = (field(one, "amount"), field(one, "currency"));
    format!("{} {word}, {direction}, {amount} {currency}", codes.join(" "))
}

fn standing(one: &Value) -> String {
    let mut text = field(one, "state").to_owned();
    if let Some(on) = one["waiting_for"].as_str() {
        text += &format!(" for {on}");
    }
    if let Some(owner) = one["owner"].as_str() {
        text += &format!(", {owner} has it");
    }
    text
}

fn subject(about: &Value) -> String {
    let place = about["row"].as_u64().map(|row| format!(", row {row}")).unwrap_or_default();
    format!("{} {}{place}", field(about, "kind"), field(about, "id")).trim_end().to_owned()
}

fn text(one: &Value) -> String {
    let (id, day, wallet) = (field(one, "id"), field(one, "day"), field(one, "wallet"));
    let mut text = format!("break {id} of {day}, wallet {wallet}");
    if field(one, "booked") != day {
        text += &format!(", booked in {}", field(one, "booked"));
    }
    text += &format!("\n  {} ({})", difference(one), field(one, "chinese"));
    text += &format!("\n  about {}", subject(&one["subject"]));
    let related: Vec<String> = each(one, "related").map(subject).collect();
    if !related.is_empty() {
        text += &format!(", beside {}", related.join(", "));
    }
    text += &format!("\n  {}, age {}", standing(one), field(one, "age"));
    let proposal = &one["proposal"];
    if !proposal.is_null() {
        let (by, kind) = (field(proposal, "by"), field(proposal, "resolution"));
        let (root, reason) = (field(proposal, "root"), field(proposal, "reason"));
        text += &format!("\n  {by} proposes {kind}, cause: {root}: {reason}");
        text += "\n  another person has to approve or refuse it";
    }
    text + &history_text(one)
}
