//! `wallet add|list|show|disable`. A wallet has no key.
//!
//! Deliberately not here: how wallets are listed and shown ([`crate::review`]).

use std::process::ExitCode;

use anyhow::{Context, bail};
use duizhang_core::fact::{Fact, Wallet};
use duizhang_core::id::WalletId;
use serde_json::json;

use super::declarations::{WalletAdd, WalletVerb};
use super::output::print;
use super::program::Setting;
use super::review;
use super::stopped::{Declared, Stopped};
use crate::config;
use crate::review::{Kind, wallet_as_json};

pub(super) fn run(setting: &Setting, verb: WalletVerb) -> anyhow::Result<ExitCode> {
    let stopped = || Stopped::open(setting);
    match verb {
        WalletVerb::Add(add) => self::add(setting, stopped()?, add),
        WalletVerb::List => return review::list(setting, Kind::Wallet),
        WalletVerb::Show { id } => return review::show(setting, Kind::Wallet, id.as_str()),
        WalletVerb::Disable { id } => disable(setting, stopped()?, &id),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn find<'a>(stopped: &'a Stopped, id: &WalletId) -> anyhow::Result<&'a Wallet> {
    stopped.book.views.book.wallet(id).with_context(|| format!("there is no wallet {id}"))
}

fn add(setting: &Setting, stopped: Stopped, add: WalletAdd) -> anyhow::Result<()> {
    let id = add.id;
    stopped.refuse_if_configured(&Declared::Wallet(id.as_str()))?;
    if stopped.book.views.book.wallet(&id).is_some() {
        bail!("there is a wallet {id} already");
    }
    let (channel, qr, fixed) = (add.channel, add.qr, add.fixed);
    for (at, (amount, _)) in fixed.iter().enumerate() {
        if fixed.iter().take(at).any(|(other, _)| other == amount) {
            bail!("wallet {id}: two codes for {amount}");
        }
    }
    let wallet = Wallet { id: id.clone(), channel, qr, fixed, enabled: true };
    // Told before the rules refuse it, because they do not say which code.
    if let Some(flaw) = config::wallet_flaws(&wallet).into_iter().next() {
        bail!(flaw);
    }
    let json = wallet_as_json(&wallet);
    stopped.record(vec![Fact::WalletDeclared(wallet)])?;
    print(setting.form, &format!("wallet {id} is declared"), &json)
}

fn disable(setting: &Setting, stopped: Stopped, id: &WalletId) -> anyhow::Result<()> {
    let wallet = Wallet { enabled: false, ..find(&stopped, id)?.clone() };
    stopped.refuse_if_configured(&Declared::Wallet(id.as_str()))?;
    stopped.record(vec![Fact::WalletDeclared(wallet)])?;
    let text = format!("wallet {id} takes no more orders");
    print(setting.form, &text, &json!({ "wallet": id.as_str(), "enabled": false }))
}
