//! `user add|list|show|disable|rotate-key`: operators, who have nothing but a name and tokens.
//!
//! Deliberately not here: how operators are listed and shown ([`crate::review`]).

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::bail;
use duizhang_api::secrets::{OperatorName, Secret, SecretOf};
use serde_json::json;

use super::declarations::{Grace, UserVerb};
use super::output::print;
use super::program::Setting;
use super::review;
use super::stopped::{Stopped, shown};
use crate::config::duration_text;
use crate::review::{Kind, operators};

pub(super) fn run(setting: &Setting, verb: UserVerb) -> anyhow::Result<ExitCode> {
    let stopped = || Stopped::open(setting);
    match verb {
        UserVerb::Add { name } => add(setting, stopped()?, name),
        UserVerb::List => return review::list(setting, Kind::User),
        UserVerb::Show { name } => return review::show(setting, Kind::User, name.as_str()),
        UserVerb::Disable { name } => disable(setting, stopped()?, name),
        UserVerb::RotateKey { name, grace } => {
            let stopped = stopped()?;
            find(&stopped, &name)?;
            let new = stopped.draw();
            rotated(setting, stopped, &SecretOf::OperatorToken(name), new, &grace)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn names(stopped: &Stopped) -> BTreeSet<OperatorName> {
    operators(&stopped.book.secrets, stopped.book.clock.now())
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
