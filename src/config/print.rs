//! The configuration in force as text, without its secrets.
//!
//! Invariants: no secret is printed, not even its length; the printed file is read back as the same
//! settings, but for the secrets.

use duizhang_core::amount::Amount;
use duizhang_core::policy::Policy;
use serde_json::{Map, Value, json};

use super::duration::duration_text;
use super::settings::{MerchantSettings, late_word, money_word, step_word};
use super::whole::Config;
use super::{epay, terms};

/// As one JSON document.
pub(crate) fn as_json(config: &Config) -> Value {
    let mut server = Map::new();
    server.insert("listen".into(), json!(config.server.listen.to_string()));
    if let Some(url) = &config.server.public_url {
        server.insert("public_url".into(), json!(url));
    }
    server.insert("data".into(), json!(config.server.data.display().to_string()));
    server.insert("time_zone".into(), json!(config.server.time_zone));
    if let Some(rules) = &config.server.notice_rules {
        server.insert("notice_rules".into(), json!(rules.display().to_string()));
    }
    server.insert("requests_per_second".into(), json!(config.server.requests_per_second));
    let mut whole = Map::new();
    whole.insert("server".into(), Value::Object(server));
    whole.insert("policy".into(), policy(&config.policy));
    // What was read of an amount fits into one again.
    let alone_max =
        i64::try_from(config.books.alone_max).map_or(Amount::fen(i64::MAX), Amount::fen);
    whole.insert("books".into(), json!({ "adjust_alone_max": alone_max.decimal_text() }));
    whole.insert("reconciliation".into(), terms::as_json(&config.terms));
    whole.insert(
        "callbacks".into(),
        json!({
            "timeout": duration_text(config.callbacks.timeout),
            "allow_private_addresses": config.callbacks.allow_private_addresses,
        }),
    );
    let mut bridge = Map::new();
    bridge.insert("listen".into(), json!(config.bridge.listen.to_string()));
    if let Some(url) = &config.bridge.upstream {
        bridge.insert("upstream".into(), json!(url));
    }
    whole.insert("bridge".into(), Value::Object(bridge));
    let lists = [
        ("wallet", config.wallets.iter().map(|one| wallet(config, one)).collect::<Vec<_>>()),
        (
            "device",
            config
                .devices
                .iter()
                .map(|one| {
                    let device = &one.declared;
                    json!({
                        "id": device.id.as_str(),
                        "wallets": texts(&device.wallets),
                        "enabled": device.enabled,
                    })
                })
                .collect(),
        ),
        ("merchant", config.merchants.iter().map(merchant).collect()),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        whole.insert(name.into(), Value::Array(list));
    }
    Value::Object(whole)
}

/// As a configuration file.
pub(crate) fn as_toml(config: &Config) -> String {
    toml::to_string(&as_json(config)).expect("texts, numbers, flags, lists and tables are TOML")
}

fn policy(policy: &Policy) -> Value {
    let offset = Amount::fen(i64::from(policy.max_offset));
    let schedules: Map<String, Value> = policy
        .schedules
        .iter()
        .map(|schedule| {
            let delays: Vec<String> = schedule.delays.iter().copied().map(duration_text).collect();
            (schedule.dialect.word().to_owned(), json!(delays))
        })
        .collect();
    json!({
        "order_ttl": duration_text(policy.order_ttl),
        "quarantine": duration_text(policy.quarantine),
        "step": step_word(policy.step),
        "max_offset": offset.decimal_text(),
        "clock_skew": duration_text(policy.clock_skew),
        "lookback": duration_text(policy.lookback),
        "late": late_word(policy.late),
        "device_silence": duration_text(policy.device_silence),
        "open_orders_max": policy.open_orders_max,
        "schedules": schedules,
    })
}

fn wallet(config: &Config, wallet: &duizhang_core::fact::Wallet) -> Value {
    let mut map = Map::new();
    map.insert("id".into(), json!(wallet.id.as_str()));
    map.insert("channel".into(), json!(wallet.channel.word()));
    if let Some(qr) = &wallet.qr {
        map.insert("qr".into(), json!(qr));
    }
    map.insert("enabled".into(), json!(wallet.enabled));
    if !wallet.fixed.is_empty() {
        let fixed = wallet
            .fixed
            .iter()
            .map(|(amount, qr)| json!({ "amount": amount.decimal_text(), "qr": qr }));
        map.insert("fixed".into(), fixed.collect());
    }
    if let Some(one) = config.shops.iter().find(|one| one.shop.wallet == wallet.id) {
        let shop = &one.shop;
        let youzan = json!({
            "client_id": shop.client_id, "kdt_id": shop.kdt_id, "base_url": shop.base_url,
        });
        map.insert("youzan".into(), youzan);
    }
    Value::Object(map)
}

fn merchant(one: &MerchantSettings) -> Value {
    let merchant = &one.declared;
    let mut map = Map::new();
    map.insert("id".into(), json!(merchant.id.as_str()));
    map.insert("name".into(), json!(merchant.name));
    if let Some(url) = &merchant.notify_url {
        map.insert("notify_url".into(), json!(url));
    }
    map.insert("wallets".into(), json!(texts(&merchant.wallets)));
    map.insert("default".into(), json!(merchant.default));
    map.insert("strict".into(), json!(merchant.strict));
    map.insert("enabled".into(), json!(merchant.enabled));
    if let Some(shop) = &one.epay {
        map.insert("epay".into(), epay::as_json(shop));
    }
    if let Some(dialects) = &one.dialects {
        let words: Vec<&str> = dialects.iter().map(|dialect| dialect.word()).collect();
        map.insert("dialects".into(), json!(words));
    }
    if let Some(money) = one.codepay {
        map.insert("codepay".into(), json!({ "money": money_word(money) }));
    }
    Value::Object(map)
}

fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
