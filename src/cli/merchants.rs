//! `merchant add|list|show|disable|rotate-key`.
//!
//! Deliberately not here: how merchants are listed and shown ([`crate::review`]).

use std::process::ExitCode;

use anyhow::{Context, bail};
use duizhang_api::clock::Clock;
use duizhang_api::key_pair::PrivateKey;
use duizhang_api::outbound;
use duizhang_api::secrets::{Secret, SecretOf};
use duizhang_api::webhook::SigningKey;
use duizhang_core::fact::{Fact, Merchant};
use duizhang_core::id::MerchantId;
use serde_json::json;

use super::declarations::{Grace, MerchantAdd, MerchantSecret, MerchantVerb};
use super::output::print;
use super::program::Setting;
use super::review;
use super::stopped::{Declared, Stopped, shown};
use crate::config::is_reserved_merchant;
use crate::review::Kind;

/// What to know of a merchant that is not strict.
const LAX_HINT: &str = "hint: without --strict the MD5 protocols let one signature be read in more \
                        than one way; let the shop compare the paid amount with its own price, and \
                        see docs/dialects\n";

pub(super) fn run(setting: &Setting, verb: MerchantVerb) -> anyhow::Result<ExitCode> {
    let stopped = || Stopped::open(setting);
    match verb {
        MerchantVerb::Add(add) => self::add(setting, stopped()?, add),
        MerchantVerb::List => return review::list(setting, Kind::Merchant),
        MerchantVerb::Show { id } => return review::show(setting, Kind::Merchant, id.as_str()),
        MerchantVerb::Disable { id } => disable(setting, stopped()?, &id),
        MerchantVerb::RotateKey { id, secret, grace } => {
            rotate(setting, stopped()?, &id, secret, &grace)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn find<'a>(stopped: &'a Stopped, id: &MerchantId) -> anyhow::Result<&'a Merchant> {
    stopped.book.views.book.merchant(id).with_context(|| format!("there is no merchant {id}"))
}

fn add(setting: &Setting, stopped: Stopped, add: MerchantAdd) -> anyhow::Result<()> {
    let id = add.id;
    stopped.refuse_if_configured(&Declared::Merchant(id.as_str()))?;
    if is_reserved_merchant(id.as_str()) {
        bail!("{id} is a word of a protocol and no name");
    }
    if stopped.book.views.book.merchant(&id).is_some() {
        bail!("there is a merchant {id} already");
    }
    check(&stopped, &add.wallets, add.notify_url.as_deref())?;
    if add.default
        && let Some(other) = stopped.book.views.book.merchants().find(|other| other.default)
    {
        bail!("merchant {} is the default already", other.id);
    }
    let (key, token) = (stopped.draw(), stopped.draw());
    let webhook = signing_secret(&*stopped.book.clock);
    stopped.book.store(&[
        (SecretOf::MerchantKey(id.clone()), key.clone()),
        (SecretOf::NativeToken(id.clone()), token.clone()),
        (SecretOf::WebhookSecret(id.clone()), webhook.clone()),
    ])?;
    let merchant = Merchant {
        id: id.clone(),
        name: add.name.unwrap_or_else(|| id.to_string()),
        notify_url: add.notify_url,
        wallets: add.wallets,
        default: add.default,
        strict: add.strict,
        enabled: true,
    };
    stopped.record(vec![Fact::MerchantDeclared(merchant)])?;
    let [key, token, webhook] = [shown(&key), shown(&token), shown(&webhook)];
    let mut text = format!(
        "merchant {id} is declared; its secrets are shown this once:\n  key             {key}\n  \
         token           {token}\n  webhook secret  {webhook}\n"
    );
    if !add.strict {
        text.push_str(LAX_HINT);
    }
    let json = json!({
        "merchant": id.as_str(), "key": key, "token": token, "webhook_secret": webhook,
    });
    print(setting.form, &text, &json)
}

/// Refuses before any key is drawn what the rules would refuse afterwards.
fn check(
    stopped: &Stopped,
    wallets: &[duizhang_core::id::WalletId],
    notify_url: Option<&str>,
) -> anyhow::Result<()> {
    for wallet in wallets {
        if stopped.book.views.book.wallet(wallet).is_none() {
            bail!("there is no wallet {wallet}");
        }
    }
    if let Some(url) = notify_url {
        let policy = stopped.config.callback_policy(stopped.config.server.listen);
        outbound::check_callback(url, &policy).context("the address for callbacks is refused")?;
    }
    Ok(())
}

fn signing_secret(clock: &dyn Clock) -> Secret {
    let text = SigningKey::new_text([clock.draw(), clock.draw()]);
    Secret::new(text.as_bytes().to_vec())
}

fn disable(setting: &Setting, stopped: Stopped, id: &MerchantId) -> anyhow::Result<()> {
    let merchant = Merchant { enabled: false, ..find(&stopped, id)?.clone() };
    stopped.refuse_if_configured(&Declared::Merchant(id.as_str()))?;
    stopped.record(vec![Fact::MerchantDeclared(merchant)])?;
    let text = format!("merchant {id} takes no more orders");
    print(setting.form, &text, &json!({ "merchant": id.as_str(), "enabled": false }))
}

fn rotate(
    setting: &Setting,
    stopped: Stopped,
    id: &MerchantId,
    which: MerchantSecret,
    grace: &Grace,
) -> anyhow::Result<()> {
    find(&stopped, id)?;
    let (of, new) = match which {
        MerchantSecret::Key => (SecretOf::MerchantKey(id.clone()), stopped.draw()),
        MerchantSecret::Token => (SecretOf::NativeToken(id.clone()), stopped.draw()),
        MerchantSecret::WebhookSecret => {
            let new = signing_secret(&*stopped.book.clock);
            (SecretOf::WebhookSecret(id.clone()), new)
        }
        MerchantSecret::PlatformKey => return rotate_platform_key(setting, stopped, id, grace),
    };
    super::users::rotated(setting, stopped, &of, new, grace)
}

/// The private half is nobody's to see; the shop needs the public one.
fn rotate_platform_key(
    setting: &Setting,
    stopped: Stopped,
    id: &MerchantId,
    grace: &Grace,
) -> anyhow::Result<()> {
    let of = SecretOf::PlatformKey(id.clone());
    let new = Secret::new(PrivateKey::new_text(&*stopped.book.clock).as_bytes());
    let new = stopped.rotate(&of, new, grace.span)?;
    stopped.close()?;
    let public = PrivateKey::public_text(new.expose())?;
    let text = format!("the {of} is new; its public half, for the shop:\n  {public}");
    print(setting.form, &text, &json!({ "merchant": id.as_str(), "public_key": public }))
}
