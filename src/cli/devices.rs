//! `device add|list|show|disable|rotate-key`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use duizhang_api::secrets::SecretOf;
use duizhang_core::fact::{Device, Fact};
use duizhang_core::id::{DeviceId, WalletId};
use duizhang_projections::book::DeviceView;
use serde_json::{Value, json};

use super::arguments::DeviceVerb;
use super::output::{print, table};
use super::program::Setting;
use super::stopped::{Declared, Stopped, shown};
use super::users::rotated;

pub(super) fn run(setting: &Setting, verb: DeviceVerb) -> anyhow::Result<ExitCode> {
    let stopped = Stopped::open(setting)?;
    match verb {
        DeviceVerb::Add { id, wallets } => add(setting, stopped, id, wallets),
        DeviceVerb::List => list(setting, stopped),
        DeviceVerb::Show { id } => show(setting, stopped, &id),
        DeviceVerb::Disable { id } => disable(setting, stopped, &id),
        DeviceVerb::RotateKey { id, grace } => {
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

fn as_json(stopped: &Stopped, view: &DeviceView) -> anyhow::Result<Value> {
    let zone = stopped.book.zone()?;
    let device = &view.declared;
    Ok(json!({
        "id": device.id.as_str(),
        "wallets": device.wallets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "enabled": device.enabled,
        "last_heard": view.last_heard.map(|at| zone.rfc3339(at)),
        "last_money": view.last_money.map(|at| zone.rfc3339(at)),
        "silent": view.silent,
    }))
}

fn row(stopped: &Stopped, view: &DeviceView) -> anyhow::Result<Vec<String>> {
    let zone = stopped.book.zone()?;
    let device = &view.declared;
    let wallets: Vec<&str> = device.wallets.iter().map(|wallet| wallet.as_str()).collect();
    let heard = match view.last_heard {
        Some(at) => format!("heard {}", zone.rfc3339(at)),
        None => "never heard".into(),
    };
    let enabled = if device.enabled { "enabled" } else { "disabled" };
    Ok(vec![device.id.to_string(), wallets.join(","), enabled.into(), heard])
}

fn list(setting: &Setting, stopped: Stopped) -> anyhow::Result<()> {
    let devices = || stopped.book.views.book.devices();
    let rows = devices().map(|view| row(&stopped, view)).collect::<anyhow::Result<Vec<_>>>()?;
    let text = if rows.is_empty() { "no devices".into() } else { table(&rows) };
    let json: Vec<Value> =
        devices().map(|view| as_json(&stopped, view)).collect::<anyhow::Result<_>>()?;
    print(setting.form, &text, &Value::Array(json))?;
    stopped.close()
}

fn show(setting: &Setting, stopped: Stopped, id: &DeviceId) -> anyhow::Result<()> {
    let view = find(&stopped, id)?;
    let of = SecretOf::DeviceKey(id.clone());
    let (lines, keys) = stopped.keys(|other| *other == of)?;
    let text = format!("{}{}", table(&[row(&stopped, view)?]), lines.join("\n"));
    let mut json = as_json(&stopped, view)?;
    json["keys"] = Value::Array(keys);
    print(setting.form, &text, &json)?;
    stopped.close()
}

fn disable(setting: &Setting, stopped: Stopped, id: &DeviceId) -> anyhow::Result<()> {
    let device = Device { enabled: false, ..find(&stopped, id)?.declared.clone() };
    stopped.refuse_if_configured(&Declared::Device(id.as_str()))?;
    stopped.record(vec![Fact::DeviceDeclared(device)])?;
    let text = format!("device {id} is not listened to any more");
    print(setting.form, &text, &json!({ "device": id.as_str(), "enabled": false }))
}
