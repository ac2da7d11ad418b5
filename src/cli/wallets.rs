//! `wallet add|list|show|disable`. A wallet has no key.

use std::process::ExitCode;

use anyhow::{Context, bail};
use duizhang_core::fact::{Fact, Wallet};
use duizhang_core::id::WalletId;
use serde_json::{Value, json};

use super::arguments::{WalletAdd, WalletVerb};
use super::output::{print, table};
use super::program::Setting;
use super::stopped::{Declared, Stopped};

pub(super) fn run(setting: &Setting, verb: WalletVerb) -> anyhow::Result<ExitCode> {
    let stopped = Stopped::open(setting)?;
    match verb {
        WalletVerb::Add(add) => self::add(setting, stopped, add),
        WalletVerb::List => list(setting, stopped),
        WalletVerb::Show { id } => show(setting, stopped, &id),
        WalletVerb::Disable { id } => disable(setting, stopped, &id),
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
    let json = as_json(&wallet);
    stopped.record(vec![Fact::WalletDeclared(wallet)])?;
    print(setting.form, &format!("wallet {id} is declared"), &json)
}

fn as_json(wallet: &Wallet) -> Value {
    let fixed = wallet.fixed.iter();
    let fixed = fixed.map(|(amount, qr)| {
        let currency = amount.currency().code();
        json!({ "amount": amount.decimal_text(), "currency": currency, "qr": qr })
    });
    json!({
        "id": wallet.id.as_str(),
        "channel": wallet.channel.word(),
        "qr": wallet.qr,
        "fixed": fixed.collect::<Vec<_>>(),
        "enabled": wallet.enabled,
    })
}

fn row(wallet: &Wallet) -> Vec<String> {
    vec![
        wallet.id.to_string(),
        wallet.channel.word().into(),
        if wallet.enabled { "enabled" } else { "disabled" }.into(),
        wallet.qr.clone().unwrap_or_else(|| "no any-amount code".into()),
        match wallet.fixed.len() {
            0 => String::new(),
            count => format!("{count} fixed codes"),
        },
    ]
}

fn list(setting: &Setting, stopped: Stopped) -> anyhow::Result<()> {
    let wallets = || stopped.book.views.book.wallets();
    let rows: Vec<Vec<String>> = wallets().map(row).collect();
    let text = if rows.is_empty() { "no wallets".into() } else { table(&rows) };
    print(setting.form, &text, &wallets().map(as_json).collect())?;
    stopped.close()
}

fn show(setting: &Setting, stopped: Stopped, id: &WalletId) -> anyhow::Result<()> {
    let wallet = find(&stopped, id)?;
    let mut text = table(&[row(wallet)]);
    for (amount, qr) in &wallet.fixed {
        text.push_str(&format!("{amount}: {qr}\n"));
    }
    print(setting.form, &text, &as_json(wallet))?;
    stopped.close()
}

fn disable(setting: &Setting, stopped: Stopped, id: &WalletId) -> anyhow::Result<()> {
    let wallet = Wallet { enabled: false, ..find(&stopped, id)?.clone() };
    stopped.refuse_if_configured(&Declared::Wallet(id.as_str()))?;
    stopped.record(vec![Fact::WalletDeclared(wallet)])?;
    let text = format!("wallet {id} takes no more orders");
    print(setting.form, &text, &json!({ "wallet": id.as_str(), "enabled": false }))
}
