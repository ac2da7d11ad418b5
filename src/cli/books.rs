//! `book list|fee|withdrawal|arrival|transfer|opening` and `adjustment
//! list|propose|approve|decline`: what people put into the books beside payments.
//!
//! Deliberately not here: what is posted, and where the book is ([`super::counter`]).

use std::process::ExitCode;

use clap::{Args, Subcommand};
use duizhang_core::id::{AdjustmentId, BankId, MovementId, WalletId};
use serde_json::{Map, Value, json};

use super::breaks::{each, field};
use super::counter::{Counter, Who};
use super::output::print;
use super::program::Setting;

#[derive(Debug, Subcommand)]
pub(super) enum BookVerb {
    /// List the withdrawals that are not at the bank yet
    List,
    /// Record a fee that a channel took
    Fee {
        /// From where
        #[arg(long)]
        wallet: WalletId,
        /// How much
        #[arg(long)]
        amount: String,
        #[command(flatten)]
        told: Told,
    },
    /// Record money that left a wallet for a bank
    Withdrawal {
        /// From where
        #[arg(long)]
        wallet: WalletId,
        /// To where
        #[arg(long)]
        bank: BankId,
        /// What will arrive
        #[arg(long)]
        amount: String,
        /// What the channel takes beside it [default: nothing]
        #[arg(long)]
        fee: Option<String>,
        #[command(flatten)]
        told: Told,
    },
    /// Record that a withdrawal is at the bank
    Arrival {
        /// The id of the withdrawal, as `book list` shows it
        #[arg(long, value_name = "ID")]
        withdrawal: MovementId,
        #[command(flatten)]
        told: Told,
    },
    /// Record money that went from one wallet to another
    Transfer {
        /// From where
        #[arg(long)]
        wallet: WalletId,
        /// To where
        #[arg(long)]
        to: WalletId,
        /// What arrives
        #[arg(long)]
        amount: String,
        /// What the channel takes beside it [default: nothing]
        #[arg(long)]
        fee: Option<String>,
        #[command(flatten)]
        told: Told,
    },
    /// Record what a wallet or a bank held before the first event
    Opening {
        /// wallet:ID or bank:ID
        #[arg(long)]
        account: String,
        /// How much
        #[arg(long)]
        amount: String,
        #[command(flatten)]
        told: Told,
    },
}

/// What every movement is told with.
#[derive(Debug, Args)]
pub(super) struct Told {
    /// When the channel or the bank says that it moved, like 2026-11-21T12:00:00+08:00
    #[arg(long, value_name = "TIME")]
    at: String,
    /// A statement's line, a serial number, a note
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    evidence: String,
    /// An id of your choice, so that the same said twice counts once [default: a new one]
    #[arg(long, value_name = "ID")]
    id: Option<MovementId>,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, Subcommand)]
pub(super) enum AdjustmentVerb {
    /// List the adjustments that wait for a second person
    List,
    /// Propose an adjustment; one within books.adjust_alone_max is posted at once
    Propose {
        /// An account (a path, a Chinese name, wallet:ID or bank:ID) and an amount to debit, or to
        /// credit with a minus, like Expenses:Tolerance=0.01; at least two, which sum to zero
        #[arg(long = "line", required = true, value_name = "ACCOUNT=AMOUNT", value_parser = line)]
        lines: Vec<(String, String)>,
        /// When it is to count, like 2026-11-21T12:00:00+08:00
        #[arg(long, value_name = "TIME")]
        at: String,
        /// Why
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: String,
        /// An id of your choice, so that the same said twice counts once [default: a new one]
        #[arg(long, value_name = "ID")]
        id: Option<AdjustmentId>,
        #[command(flatten)]
        who: Who,
    },
    /// Approve an adjustment that another person proposed
    Approve {
        id: AdjustmentId,
        /// Why
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Decline an adjustment, or take your own back
    Decline {
        id: AdjustmentId,
        /// Why
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
}

fn line(text: &str) -> Result<(String, String), String> {
    let (account, amount) = text.split_once('=').ok_or("no = between account and amount")?;
    Ok((account.to_owned(), amount.to_owned()))
}

impl BookVerb {
    /// Who does it, where something is done.
    pub(super) const fn who(&self) -> Option<&Who> {
        match self {
            Self::List => None,
            Self::Fee { told, .. }
            | Self::Withdrawal { told, .. }
            | Self::Arrival { told, .. }
            | Self::Transfer { told, .. }
            | Self::Opening { told, .. } => Some(&told.who),
        }
    }

    /// What is asked for; nothing where it is only looked.
    fn body(&self) -> Option<Value> {
        let (kind, told, fields) = match self {
            Self::List => return None,
            Self::Fee { wallet, amount, told } => {
                ("fee", told, vec![("wallet", wallet.to_string()), ("amount", amount.clone())])
            }
            Self::Withdrawal { wallet, bank, amount, fee, told } => {
                let mut fields = vec![
                    ("wallet", wallet.to_string()),
                    ("bank", bank.to_string()),
                    ("amount", amount.clone()),
                ];
                fields.extend(fee.clone().map(|fee| ("fee", fee)));
                ("withdrawal", told, fields)
            }
            Self::Arrival { withdrawal, told } => {
                ("arrival", told, vec![("withdrawal", withdrawal.to_string())])
            }
            Self::Transfer { wallet, to, amount, fee, told } => {
                let mut fields = vec![
                    ("wallet", wallet.to_string()),
                    ("to", to.to_string()),
                    ("amount", amount.clone()),
                ];
                fields.extend(fee.clone().map(|fee| ("fee", fee)));
                ("transfer", told, fields)
            }
            Self::Opening { account, amount, told } => {
                ("opening", told, vec![("account", account.clone()), ("amount", amount.clone())])
            }
        };
        let mut body = Map::new();
        body.insert("kind".into(), json!(kind));
        body.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), json!(value))));
        body.insert("moved_at".into(), json!(told.at));
        body.insert("evidence".into(), json!(told.evidence));
        body.extend(told.id.map(|id| ("id".to_owned(), json!(id.to_string()))));
        Some(Value::Object(body))
    }
}

impl AdjustmentVerb {
    /// Who does it, where something is done.
    pub(super) const fn who(&self) -> Option<&Who> {
        match self {
            Self::List => None,
            Self::Propose { who, .. } | Self::Approve { who, .. } | Self::Decline { who, .. } => {
                Some(who)
            }
        }
    }
}

/// `book`.
pub(super) fn book(setting: &Setting, verb: &BookVerb) -> anyhow::Result<ExitCode> {
    let counter = Counter::open(setting, verb.who())?;
    let shown = match verb.body() {
        None => counter.all("movements", "movements", &[]),
        Some(body) => counter.have_done("movements", &body),
    }?;
    counter.close()?;
    let text = match verb {
        BookVerb::List => listed(&shown, "movements", movement_text, "no withdrawal is under way"),
        BookVerb::Fee { .. }
        | BookVerb::Withdrawal { .. }
        | BookVerb::Arrival { .. }
        | BookVerb::Transfer { .. }
        | BookVerb::Opening { .. } => movement_text(&shown),
    };
    print(setting.form, &text, &shown)?;
    Ok(ExitCode::SUCCESS)
}

/// `adjustment`.
pub(super) fn adjustment(setting: &Setting, verb: &AdjustmentVerb) -> anyhow::Result<ExitCode> {
    let counter = Counter::open(setting, verb.who())?;
    let judged = |id: &AdjustmentId, word: &str, reason: &str| {
        counter.have_done(&format!("adjustments/{id}/{word}"), &json!({ "reason": reason }))
    };
    let shown = match verb {
        AdjustmentVerb::List => counter.all("adjustments", "adjustments", &[]),
        AdjustmentVerb::Propose { lines, at, reason, id, .. } => {
            let lines = lines.iter();
            let lines: Vec<Value> = lines
                .map(|(account, amount)| json!({ "account": account, "amount": amount }))
                .collect();
            let mut body = json!({ "lines": lines, "value_at": at, "reason": reason });
            if let Some(id) = id {
                body["id"] = json!(id.to_string());
            }
            counter.have_done("adjustments", &body)
        }
        AdjustmentVerb::Approve { id, reason, .. } => judged(id, "approve", reason),
        AdjustmentVerb::Decline { id, reason, .. } => judged(id, "decline", reason),
    }?;
    counter.close()?;
    let text = match verb {
        AdjustmentVerb::List => listed(&shown, "adjustments", adjustment_text, "none waits"),
        AdjustmentVerb::Propose { .. }
        | AdjustmentVerb::Approve { .. }
        | AdjustmentVerb::Decline { .. } => adjustment_text(&shown),
    };
    print(setting.form, &text, &shown)?;
    Ok(ExitCode::SUCCESS)
}

fn listed(shown: &Value, list: &str, text: fn(&Value) -> String, none: &str) -> String {
    let texts: Vec<String> = each(shown, list).map(text).collect();
    if texts.is_empty() { none.to_owned() } else { texts.join("\n") }
}

fn movement_text(one: &Value) -> String {
    let mut text = format!("{} {}", field(one, "kind"), field(one, "id"));
    for (before, name) in [("of", "withdrawal"), ("from", "from"), ("to", "to")] {
        if let Some(value) = one[name].as_str() {
            text += &format!(" {before} {value}");
        }
    }
    if let Some(amount) = one["amount"].as_str() {
        text += &format!(": {amount} {}", field(one, "currency"));
    }
    if let Some(fee) = one["fee"].as_str() {
        text += &format!(", fee {fee} {}", field(one, "currency"));
    }
    let (at, by, evidence) = (field(one, "moved_at"), field(one, "by"), field(one, "evidence"));
    format!("{text}, at {at}, told by {by}: {evidence}")
}

fn adjustment_text(one: &Value) -> String {
    let (id, state) = (field(one, "id"), field(one, "state"));
    let (by, reason) = (field(one, "by"), field(one, "reason"));
    let mut text = format!("adjustment {id} is {state}: {by}: {reason}");
    for line in each(one, "lines") {
        let (account, amount) = (field(line, "account"), field(line, "amount"));
        text += &format!("\n  {account}  {amount} {}", field(line, "currency"));
    }
    text += &format!("\n  counts at {}", field(one, "value_at"));
    if let Some(judge) = one["judged_by"].as_str() {
        text += &format!("\n  {judge}: {}", field(one, "judged_reason"));
    } else if state == "proposed" {
        text += "\n  another person has to approve it";
    }
    text
}
