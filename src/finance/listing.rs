//! `statement list|show|save`: what is kept, and the original bytes back.
//!
//! Invariant: bytes leave custody only where they are those that the log tells of.
//! Deliberately not here: what the lines say (`reconcile`, `preview`).

use std::path::Path;

use anyhow::{Context, bail, ensure};
use chrono::NaiveDate;
use duizhang_projections::calendar::{Zone, date_of, day_of_date};
use duizhang_projections::statements::{StatementView, Statements};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shelf::short;
use super::vault::Vault;
use crate::review::{Answered, Form, Told};

/// Fewest digits that name a file: with four a shop's files are hardly ever alike.
const DIGITS_MIN: usize = 4;

/// What may be asked about kept statements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum StatementQuestion {
    /// All of them, or those of a day.
    List { day: Option<String> },
    /// One, by the first digits of its hash.
    Show { digits: String },
    /// The bytes of one.
    Save { digits: String },
}

/// Where statements are told of and where they lie.
pub(crate) struct Stored<'a> {
    pub(crate) statements: &'a Statements,
    pub(crate) data: &'a Path,
    pub(crate) zone: Zone,
}

/// Answers a question: what is told, and the original bytes where they were asked for.
pub(crate) fn answer_statements(
    stored: &Stored<'_>,
    question: &StatementQuestion,
    form: Form,
) -> (Answered, Vec<u8>) {
    let answer = match question {
        StatementQuestion::List { day } => stored.list(day.as_deref()).map(without_bytes),
        StatementQuestion::Show { digits } => stored.show(digits).map(without_bytes),
        StatementQuestion::Save { digits } => stored.save(digits),
    };
    match answer {
        Ok((told, bytes)) => (Answered::of(Ok(told), form), bytes),
        Err(error) => (Answered::of(Err(error), form), Vec::new()),
    }
}

const fn without_bytes(told: Told) -> (Told, Vec<u8>) {
    (told, Vec::new())
}

impl Stored<'_> {
    fn list(&self, day: Option<&str>) -> anyhow::Result<Told> {
        let day: Option<NaiveDate> = day
            .map(|day| day.parse().with_context(|| format!("{day:?} is not a day")))
            .transpose()?;
        let of_day = |view: &&StatementView| {
            day.map(day_of_date).is_none_or(|day| view.overlaps(&(day..=day)))
        };
        let found: Vec<&StatementView> = self.statements.iter().filter(of_day).collect();
        let json: Value = found.iter().map(|view| self.json(view)).collect();
        let text = match found.as_slice() {
            [] => "no statements".to_owned(),
            found => found.iter().map(|view| self.line(view)).collect::<Vec<_>>().join("\n"),
        };
        Ok(Told { clean: true, text, json: format!("{json:#}") })
    }

    fn show(&self, digits: &str) -> anyhow::Result<Told> {
        let view = self.find(digits)?;
        let kept = &view.kept;
        let (clean, bytes) = match Vault::new(self.data).read(kept.statement) {
            Ok(bytes) => (true, format!("{} bytes, as they were kept", bytes.len())),
            Err(error) => (false, error.to_string()),
        };
        let text = format!(
            "statement {}\nwallet {}, layout {}\ndays {} to {}\n{} lines, {} rows that could not \
             be read\ncame in {}, went out {}\nits own totals: {}\nkept {} by {} at position {}\n\
             {bytes}",
            kept.statement,
            kept.wallet,
            kept.layout,
            date_of(kept.first),
            date_of(kept.last),
            kept.lines,
            kept.rejected,
            kept.gross_in,
            kept.gross_out,
            kept.proof.word(),
            self.zone.rfc3339(view.at),
            kept.by,
            view.position,
        );
        let mut json = self.json(view);
        (json["whole"], json["custody"]) = (json!(clean), json!(bytes));
        Ok(Told { clean, text, json: format!("{json:#}") })
    }

    fn save(&self, digits: &str) -> anyhow::Result<(Told, Vec<u8>)> {
        let statement = self.find(digits)?.kept.statement;
        let bytes = Vault::new(self.data).read(statement)?;
        let json = json!({ "sha256": statement.to_string(), "bytes": bytes.len() });
        let text = format!("statement {statement}, {} bytes", bytes.len());
        Ok((Told { clean: true, text, json: format!("{json:#}") }, bytes))
    }

    fn find(&self, digits: &str) -> anyhow::Result<&StatementView> {
        let digits = digits.to_ascii_lowercase();
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        ensure!(
            plain && digits.len() >= DIGITS_MIN,
            "{digits:?} is not the beginning of a statement's SHA-256: at least {DIGITS_MIN} \
             hexadecimal digits name it"
        );
        let mut found = self.statements.beginning(&digits);
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => bail!("several statements begin with {digits}: give more digits"),
            (None, _) => bail!("no statement is kept whose SHA-256 begins with {digits}"),
        }
    }

    fn line(&self, view: &StatementView) -> String {
        let kept = &view.kept;
        format!(
            "{} {} {} to {} {}, {} lines, in {}, out {}, totals {}, kept {} by {}",
            short(kept.statement),
            kept.wallet,
            date_of(kept.first),
            date_of(kept.last),
            kept.layout.split(':').next().unwrap_or_default(),
            kept.lines,
            kept.gross_in,
            kept.gross_out,
            kept.proof.word(),
            self.zone.rfc3339(view.at),
            kept.by,
        )
    }

    fn json(&self, view: &StatementView) -> Value {
        let kept = &view.kept;
        let money = |amount: duizhang_core::amount::Amount| json!({ "amount": amount.decimal_text(), "currency": amount.currency().code() });
        json!({
            "sha256": kept.statement.to_string(),
            "wallet": kept.wallet.as_str(),
            "layout": kept.layout,
            "first": date_of(kept.first).to_string(),
            "last": date_of(kept.last).to_string(),
            "lines": kept.lines,
            "rejected": kept.rejected,
            "in": money(kept.gross_in),
            "out": money(kept.gross_out),
            "proof": kept.proof.word(),
            "kept": self.zone.rfc3339(view.at),
            "by": kept.by,
            "position": view.position.number(),
        })
    }
}
