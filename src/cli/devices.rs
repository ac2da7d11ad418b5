//! `device add|list|show|disable|rotate-key`.
//!
//! Deliberately not here: how devices are listed and shown ([`crate::review`]).

use std::process::ExitCode;

use anyhow::{Context, bail};
use duizhang_api::secrets::SecretOf;
use duizhang_core::fact::{Device, Fact};
use duizhang_core::id::{DeviceId, WalletId};
use duizhang_projections::book::DeviceView;
use serde_json::json;

use super::declarations::DeviceVerb;
use super::output::print;
use super::program::Setting;
use super::review;
use super::stopped::{Declared, Stopped, shown};
use super::users::rotated;
use crate::review::Kind;

pub(super) fn run(setting: &Setting, verb: DeviceVerb) -> anyhow::Result<ExitCode> {
    let stopped = || Stopped::open(setting);
    match verb {
        DeviceVerb::Add { id, wallets } => add(setting, stopped()?, id, wallets),
        DeviceVerb::List => return review::list(setting, Kind::Device),
        DeviceVerb::Show { id } => return review::show(setting, Kind::Device, id.as_str()),
        DeviceVerb::Disable { id } => disable(setting, stopped()?, &id),
        DeviceVerb::RotateKey { id, grace } => {
            let stopped = stopped()?;
            find(&stopped, &id)?;
            let new = stopped.draw();
            rotated(setting, stopped, &SecretOf::DeviceKey(id), new, &grace)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn find<'a>(stopped: &'a Stopped, id: &DeviceId) -> anyhow::Result<&'a DeviceView> {
    stopped.book.views.book.device(id).with_context(|| format!("there is no device {id}"))
}

fn add(
    setting: &Setting,
    stopped: Stopped,
    id: DeviceId,
    wallets: Vec<WalletId>,
) -> anyhow::Result<()> {
    stopped.refuse_if_configured(&Declared::Device(id.as_str()))?;
    if stopped.book.views.book.device(&id).is_some() {
        bail!("there is a device {id} already");
    }
    for wallet in &wallets {
        if stopped.book.views.book.wallet(wallet).is_none() {
            bail!("there is no wallet {wallet}");
        }
    }
    let key = stopped.draw();
    stopped.book.store(&[(SecretOf::DeviceKey(id.clone()), key.clone())])?;
    stopped.record(vec![Fact::DeviceDeclared(Device {
        id: id.clone(),
        wallets,
        enabled: true,
    })])?;
    let key = shown(&key);
    let text = format!("device {id} is declared; its key is shown this once:\n  {key}");
    print(setting.form, &text, &json!({ "device": id.as_str(), "key": key }))
}

fn disable(setting: &Setting, stopped: Stopped, id: &DeviceId) -> anyhow::Result<()> {
    let device = Device { enabled: false, ..find(&stopped, id)?.declared.clone() };
    stopped.refuse_if_configured(&Declared::Device(id.as_str()))?;
    stopped.record(vec![Fact::DeviceDeclared(device)])?;
    let text = format!("device {id} is not listened to any more");
    print(setting.form, &text, &json!({ "device": id.as_str(), "enabled": false }))
}
