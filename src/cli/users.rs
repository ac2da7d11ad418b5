//! `user add|list|show|disable|rotate-key`: operators, who have nothing but a name and tokens.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::bail;
use duizhang_api::secrets::{OperatorName, Secret, SecretOf};
use serde_json::{Value, json};

use super::arguments::{Grace, UserVerb};
use super::output::print;
use super::program::Setting;
use super::stopped::{Stopped, shown};
use crate::config::duration_text;

pub(super) fn run(setting: &Setting, verb: UserVerb) -> anyhow::Result<ExitCode> {
    let stopped = Stopped::open(setting)?;
    match verb {
        UserVerb::Add { name } => add(setting, stopped, name),
        UserVerb::List => list(setting, stopped),
        UserVerb::Show { name } => show(setting, stopped, &name),
        UserVerb::Disable { name } => disable(setting, stopped, name),
        UserVerb::RotateKey { name, grace } => {
            find(&stopped, &name)?;
            let new = stopped.draw();
            rotated(setting, stopped, &SecretOf::OperatorToken(name), new, &grace)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn names(stopped: &Stopped) -> BTreeSet<OperatorName> {
    let now = stopped.book.clock.now();
    let keys = stopped.book.secrets.in_force(now).into_iter();
    keys.filter_map(|key| match key.of {
        SecretOf::OperatorToken(name) => Some(name),
        SecretOf::MerchantKey(_)
        | SecretOf::NativeToken(_)
        | SecretOf::WebhookSecret(_)
        | SecretOf::YouzanSecret(_)
        | SecretOf::DeviceKey(_) => None,
    })
    .collect()
}

fn find(stopped: &Stopped, name: &OperatorName) -> anyhow::Result<()> {
    if names(stopped).contains(name) { Ok(()) } else { bail!("there is no operator {name}") }
}

fn add(setting: &Setting, stopped: Stopped, name: OperatorName) -> anyhow::Result<()> {
    if names(&stopped).contains(&name) {
        bail!("there is an operator {name} already; `user rotate-key` draws a new token");
    }
    let token = stopped.draw();
    stopped.book.store(&[(SecretOf::OperatorToken(name.clone()), token.clone())])?;
    stopped.close()?;
    let token = shown(&token);
    let text = format!("operator {name}; the token is shown this once:\n  {token}");
    print(setting.form, &text, &json!({ "operator": name.as_str(), "token": token }))
}

fn list(setting: &Setting, stopped: Stopped) -> anyhow::Result<()> {
    let names: Vec<String> = names(&stopped).iter().map(ToString::to_string).collect();
    let text = if names.is_empty() { "no operators".into() } else { names.join("\n") };
    print(setting.form, &text, &json!(names))?;
    stopped.close()
}

fn show(setting: &Setting, stopped: Stopped, name: &OperatorName) -> anyhow::Result<()> {
    find(&stopped, name)?;
    let of = SecretOf::OperatorToken(name.clone());
    let (lines, keys) = stopped.keys(|other| *other == of)?;
    let text = format!("operator {name}\n{}", lines.join("\n"));
    let json = json!({ "operator": name.as_str(), "keys": Value::Array(keys) });
    print(setting.form, &text, &json)?;
    stopped.close()
}

fn disable(setting: &Setting, stopped: Stopped, name: OperatorName) -> anyhow::Result<()> {
    find(&stopped, &name)?;
    let of = SecretOf::OperatorToken(name.clone());
    stopped.book.secrets.disable(&of, &*stopped.book.clock)?;
    stopped.close()?;
    let text = format!("operator {name} has no token any more");
    print(setting.form, &text, &json!({ "operator": name.as_str(), "enabled": false }))
}

/// Puts a new secret in force, closes the book, and shows the secret once.
pub(super) fn rotated(
    setting: &Setting,
    stopped: Stopped,
    of: &SecretOf,
    new: Secret,
    grace: &Grace,
) -> anyhow::Result<()> {
    let new = stopped.rotate(of, new, grace.span)?;
    stopped.close()?;
    let (new, grace) = (shown(&new), duration_text(grace.span));
    let text = format!(
        "the new {of} is shown this once; the old one is accepted for {grace} more:\n  {new}"
    );
    let json = json!({ "kind": of.word(), "owner": of.owner(), "secret": new, "grace": grace });
    print(setting.form, &text, &json)
}
