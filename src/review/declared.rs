//! `list` and `show` of merchants, wallets, devices and users.
//!
//! Invariant: of a secret only its kind, its number and its times are told.
//! Deliberately not here: declaring.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use duizhang_api::key_pair::PrivateKey;
use duizhang_api::secrets::{KeyListing, OperatorName, SecretOf, SecretStore};
use duizhang_core::fact::{Merchant, Wallet};
use duizhang_core::time::Timestamp;
use duizhang_projections::book::{Book, DeviceView};
use duizhang_projections::calendar::Zone;
use serde_json::{Value, json};

use super::question::{DeclaredQuestion, Kind, Told};

/// What is looked at: the declarations, the keys, and the moment.
pub(crate) struct Look<'a> {
    pub(crate) book: &'a Book,
    pub(crate) secrets: &'a SecretStore,
    pub(crate) now: Timestamp,
    pub(crate) zone: Zone,
}

/// Answers from the views.
pub(crate) fn declared(look: &Look<'_>, question: &DeclaredQuestion) -> anyhow::Result<Told> {
    let (text, json) = match question {
        DeclaredQuestion::List { kind } => look.list(*kind),
        DeclaredQuestion::Show { kind, id } => look.show(*kind, id)?,
    };
    Ok(Told { clean: true, text, json: format!("{json:#}") })
}

impl Look<'_> {
    fn list(&self, kind: Kind) -> (String, Value) {
        let book = self.book;
        match kind {
            Kind::Merchant => listed(
                "no merchants",
                &book.merchants().map(merchant_row).collect::<Vec<_>>(),
                book.merchants().map(merchant_as_json).collect(),
            ),
            Kind::Wallet => listed(
                "no wallets",
                &book.wallets().map(wallet_row).collect::<Vec<_>>(),
                book.wallets().map(wallet_as_json).collect(),
            ),
            Kind::Device => listed(
                "no devices",
                &book.devices().map(|view| self.device_row(view)).collect::<Vec<_>>(),
                book.devices().map(|view| self.device_as_json(view)).collect(),
            ),
            Kind::User => {
                let names: Vec<String> =
                    operators(self.secrets, self.now).iter().map(ToString::to_string).collect();
                let rows: Vec<_> = names.iter().map(|name| vec![name.clone()]).collect();
                listed("no operators", &rows, json!(names))
            }
        }
    }

    fn show(&self, kind: Kind, id: &str) -> anyhow::Result<(String, Value)> {
        match kind {
            Kind::Merchant => self.merchant(id),
            Kind::Wallet => self.wallet(id),
            Kind::Device => self.device(id),
            Kind::User => self.user(id),
        }
    }

    fn merchant(&self, id: &str) -> anyhow::Result<(String, Value)> {
        let mut merchants = self.book.merchants();
        let found = merchants.find(|merchant| merchant.id.as_str() == id);
        let merchant = found.with_context(|| format!("there is no merchant {id}"))?;
        let url = merchant.notify_url.as_deref().unwrap_or("none of its own");
        let (lines, keys) = self.keys(|of| match of {
            SecretOf::MerchantKey(owner)
            | SecretOf::NativeToken(owner)
            | SecretOf::WebhookSecret(owner)
            | SecretOf::PlatformKey(owner) => *owner == merchant.id,
            SecretOf::DeviceKey(_) | SecretOf::OperatorToken(_) | SecretOf::YouzanSecret(_) => {
                false
            }
        });
        let mut text =
            format!("{}callbacks go to: {url}\n{lines}", table(&[merchant_row(merchant)]));
        let mut json = merchant_as_json(merchant);
        json["keys"] = keys;
        if let Some(public) = self.platform_public_key(merchant) {
            text.push_str(&format!("\npublic half of the platform key:\n  {public}"));
            json["platform_public_key"] = json!(public);
        }
        Ok((text, json))
    }

    /// What a shop needs to check our RSA signatures; the newest, where there is one.
    fn platform_public_key(&self, merchant: &Merchant) -> Option<String> {
        let of = SecretOf::PlatformKey(merchant.id.clone());
        let newest = self.secrets.keys_of(&of, self.now).into_iter().next()?;
        PrivateKey::public_text(newest.secret.expose()).ok()
    }

    fn wallet(&self, id: &str) -> anyhow::Result<(String, Value)> {
        let found = self.book.wallets().find(|wallet| wallet.id.as_str() == id);
        let wallet = found.with_context(|| format!("there is no wallet {id}"))?;
        let mut text = table(&[wallet_row(wallet)]);
        for (amount, qr) in &wallet.fixed {
            text.push_str(&format!("{amount}: {qr}\n"));
        }
        Ok((text, wallet_as_json(wallet)))
    }

    fn device(&self, id: &str) -> anyhow::Result<(String, Value)> {
        let found = self.book.devices().find(|view| view.declared.id.as_str() == id);
        let view = found.with_context(|| format!("there is no device {id}"))?;
        let of = SecretOf::DeviceKey(view.declared.id.clone());
        let (lines, keys) = self.keys(|other| *other == of);
        let text = format!("{}{lines}", table(&[self.device_row(view)]));
        let mut json = self.device_as_json(view);
        json["keys"] = keys;
        Ok((text, json))
    }

    fn user(&self, name: &str) -> anyhow::Result<(String, Value)> {
        let mut all = operators(self.secrets, self.now).into_iter();
        let Some(found) = all.find(|other| other.as_str() == name) else {
            bail!("there is no operator {name}")
        };
        let of = SecretOf::OperatorToken(found);
        let (lines, keys) = self.keys(|other| *other == of);
        let text = format!("operator {name}\n{lines}");
        Ok((text, json!({ "operator": name, "keys": keys })))
    }

    fn device_as_json(&self, view: &DeviceView) -> Value {
        let device = &view.declared;
        json!({
            "id": device.id.as_str(),
            "wallets": device.wallets.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "enabled": device.enabled,
            "last_heard": view.last_heard.map(|at| self.zone.rfc3339(at)),
            "last_money": view.last_money.map(|at| self.zone.rfc3339(at)),
            "silent": view.silent,
        })
    }

    fn device_row(&self, view: &DeviceView) -> Vec<String> {
        let device = &view.declared;
        let wallets: Vec<&str> = device.wallets.iter().map(|wallet| wallet.as_str()).collect();
        let heard = match view.last_heard {
            Some(at) => format!("heard {}", self.zone.rfc3339(at)),
            None => "never heard".into(),
        };
        vec![device.id.to_string(), wallets.join(","), enabled(device.enabled).into(), heard]
    }

    /// The keys in force that a rule picks, as lines and as JSON.
    fn keys(&self, pick: impl Fn(&SecretOf) -> bool) -> (String, Value) {
        let keys: Vec<KeyListing> =
            self.secrets.in_force(self.now).into_iter().filter(|key| pick(&key.of)).collect();
        let lines: Vec<String> = keys.iter().map(|key| self.key_line(key)).collect();
        let json = keys.iter().map(|key| {
            json!({
                "kind": key.of.word(),
                "id": key.id.to_string(),
                "made": self.zone.rfc3339(key.made),
                "until": (key.until != Timestamp::MAX).then(|| self.zone.rfc3339(key.until)),
            })
        });
        (lines.join("\n"), json.collect())
    }

    fn key_line(&self, key: &KeyListing) -> String {
        let end = match key.until {
            Timestamp::MAX => String::new(),
            until => format!(", accepted until {}", self.zone.rfc3339(until)),
        };
        format!("{} {}, made {}{end}", key.of.word(), key.id, self.zone.rfc3339(key.made))
    }
}

/// Who has an operator's token in force.
pub(crate) fn operators(secrets: &SecretStore, now: Timestamp) -> BTreeSet<OperatorName> {
    let keys = secrets.in_force(now).into_iter();
    keys.filter_map(|key| match key.of {
        SecretOf::OperatorToken(name) => Some(name),
        SecretOf::MerchantKey(_)
        | SecretOf::NativeToken(_)
        | SecretOf::WebhookSecret(_)
        | SecretOf::PlatformKey(_)
        | SecretOf::YouzanSecret(_)
        | SecretOf::DeviceKey(_) => None,
    })
    .collect()
}

/// A wallet for programs.
pub(crate) fn wallet_as_json(wallet: &Wallet) -> Value {
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

fn wallet_row(wallet: &Wallet) -> Vec<String> {
    vec![
        wallet.id.to_string(),
        wallet.channel.word().into(),
        enabled(wallet.enabled).into(),
        wallet.qr.clone().unwrap_or_else(|| "no any-amount code".into()),
        match wallet.fixed.len() {
            0 => String::new(),
            count => format!("{count} fixed codes"),
        },
    ]
}

fn merchant_as_json(merchant: &Merchant) -> Value {
    json!({
        "id": merchant.id.as_str(),
        "name": merchant.name,
        "notify_url": merchant.notify_url,
        "wallets": merchant.wallets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "default": merchant.default,
        "strict": merchant.strict,
        "enabled": merchant.enabled,
    })
}

fn merchant_row(merchant: &Merchant) -> Vec<String> {
    let wallets: Vec<&str> = merchant.wallets.iter().map(|wallet| wallet.as_str()).collect();
    let mut traits = vec![enabled(merchant.enabled)];
    traits.extend(merchant.default.then_some("default"));
    traits.extend(merchant.strict.then_some("strict"));
    vec![merchant.id.to_string(), merchant.name.clone(), wallets.join(","), traits.join(",")]
}

const fn enabled(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}

fn listed(none: &str, rows: &[Vec<String>], json: Value) -> (String, Value) {
    (if rows.is_empty() { none.to_owned() } else { table(rows) }, json)
}

/// Rows with their columns aligned.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
