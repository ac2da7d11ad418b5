//! `config check` and `config print`.

use std::process::ExitCode;

use duizhang_listener_bridge::rules::DEFAULT_RULES;
use serde_json::json;

use super::arguments::ConfigVerb;
use super::output::{line, print};
use super::program::Setting;
use crate::config::{self, Config};
use crate::{compose, weak_keys};

pub(super) fn run(setting: &Setting, verb: ConfigVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ConfigVerb::Print { notice_rules: true, .. } => line(DEFAULT_RULES)?,
        ConfigVerb::Print { default: true, .. } => line(config::DEFAULTS)?,
        ConfigVerb::Print { .. } => {
            let config = setting.config()?;
            print(setting.form, &config::as_toml(&config), &config::as_json(&config))?;
        }
        ConfigVerb::Check => check(setting, &setting.config()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(setting: &Setting, config: &Config) -> anyhow::Result<()> {
    compose::notice_rules(config)?;
    let source = match &config.file {
        Some(file) => file.display().to_string(),
        None => "no file, so the defaults".into(),
    };
    let mut text = format!(
        "the configuration is sound ({source}): {} wallets, {} devices, {} merchants\n",
        config.wallets.len(),
        config.devices.len(),
        config.merchants.len()
    );
    let mut warnings = config.warnings.clone();
    // Said here only: the server says it of every key that is in the book.
    warnings.extend(config.with_weak_key().map(|one| weak_keys::warning(&one.declared.id)));
    // Said here only: the server says it when it draws one, and the book may have one already.
    warnings.extend(config.without_webhook_secret().map(|merchant| {
        let id = &merchant.declared.id;
        format!(
            "merchant {id} has a token and no webhook_secret: where the book has none, the server \
             draws one at its start, and `duizhang merchant rotate-key {id} --secret \
             webhook-secret` shows a new one"
        )
    }));
    for warning in &warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    let json = json!({
        "sound": true,
        "file": config.file.as_ref().map(|file| file.display().to_string()),
        "warnings": warnings,
    });
    print(setting.form, &text, &json)
}
