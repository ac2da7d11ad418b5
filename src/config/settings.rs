//! What each section says, read key by key over its defaults.
//!
//! Invariant: the defaults here are those that `config.default.toml` documents; a test compares.
//! Deliberately not here: what the sections mean together (`whole.rs`).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use duizhang_api::accept::REQUESTS_PER_SECOND_MAX;
use duizhang_api::dialects::{CodepayMoney, EpayShop};
use duizhang_api::secrets::Secret;
use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::fact::{Device, Merchant, Wallet};
use duizhang_core::id::WalletId;
use duizhang_core::ledger::BooksPolicy;
use duizhang_core::order::Dialect;
use duizhang_core::policy::{LateRule, Policy, Schedule, Step};
use duizhang_core::time::Span;

use super::finding::nearest;
use super::section::Section;
use super::shop::{self, ShopSettings};
use super::{epay, values};

/// The longest timeout of a callback: an attempt holds one of 256 places.
const CALLBACK_TIMEOUT_MAX: Span = Span::from_mins(2);

/// Where the server is and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerSettings {
    pub(crate) listen: SocketAddr,
    /// None means: the address that it listens on.
    pub(crate) public_url: Option<String>,
    pub(crate) data: PathBuf,
    pub(crate) time_zone: String,
    /// A file of notice rules in the place of the built-in ones.
    pub(crate) notice_rules: Option<PathBuf>,
    /// Of one public address; zero means without limit.
    pub(crate) requests_per_second: u32,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8330)),
            public_url: None,
            data: PathBuf::from("data"),
            time_zone: String::from("Asia/Shanghai"),
            notice_rules: None,
            requests_per_second: REQUESTS_PER_SECOND_MAX,
        }
    }
}

/// How callbacks are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callbacks {
    pub(crate) timeout: Span,
    pub(crate) allow_private_addresses: bool,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self { timeout: Span::from_secs(10), allow_private_addresses: false }
    }
}

/// Where the relay listens and forwards to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BridgeSettings {
    pub(crate) listen: SocketAddr,
    /// The server's address; the relay does not run without it.
    pub(crate) upstream: Option<String>,
}

impl Default for BridgeSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8331)), upstream: None }
    }
}

/// A declared device and its key.
#[derive(Clone, Debug)]
pub(crate) struct DeviceSettings {
    pub(crate) declared: Device,
    pub(crate) key: Option<Secret>,
}

/// A declared merchant and its secrets.
#[derive(Clone, Debug)]
pub(crate) struct MerchantSettings {
    pub(crate) declared: Merchant,
    pub(crate) key: Option<Secret>,
    pub(crate) token: Option<Secret>,
    pub(crate) webhook_secret: Option<Secret>,
    /// What it says about epay; none where it has no such section.
    pub(crate) epay: Option<EpayShop>,
    /// What codepay's callbacks report as paid; none where it does not say.
    pub(crate) codepay: Option<CodepayMoney>,
    /// The protocols that it speaks; none means all.
    pub(crate) dialects: Option<Vec<Dialect>>,
}

pub(super) const SERVER_KEYS: &[&str] =
    &["listen", "public_url", "data", "time_zone", "notice_rules", "requests_per_second"];
pub(super) const POLICY_KEYS: &[&str] = &[
    "order_ttl",
    "quarantine",
    "step",
    "max_offset",
    "clock_skew",
    "lookback",
    "late",
    "device_silence",
    "open_orders_max",
    "schedules",
];
pub(super) const BOOKS_KEYS: &[&str] = &["adjust_alone_max"];
pub(super) const CALLBACKS_KEYS: &[&str] = &["timeout", "allow_private_addresses"];
pub(super) const BRIDGE_KEYS: &[&str] = &["listen", "upstream"];
pub(super) const WALLET_KEYS: &[&str] = &["id", "channel", "qr", "fixed", "enabled", "youzan"];
pub(super) const FIXED_KEYS: &[&str] = &["amount", "qr"];
pub(super) const DEVICE_KEYS: &[&str] = &["id", "key", "wallets", "enabled"];
pub(super) const MERCHANT_KEYS: &[&str] = &[
    "id",
    "name",
    "key",
    "token",
    "webhook_secret",
    "notify_url",
    "wallets",
    "default",
    "strict",
    "enabled",
    "beecloud",
    "epay",
    "codepay",
    "dialects",
];
const CODEPAY_KEYS: &[&str] = &["money"];
pub(super) const BEECLOUD_KEYS: &[&str] = &["app_id", "app_secret", "master_secret", "test_secret"];

const STEPS: &[(&str, Step)] =
    &[("up", Step::Up), ("down", Step::Down), ("nearest", Step::Nearest)];
const LATE_RULES: &[(&str, LateRule)] = &[("settle", LateRule::Settle), ("hold", LateRule::Hold)];

/// The protocols that a list names.
fn spoken(item: &super::item::Item) -> Result<Vec<Dialect>, String> {
    let mut spoken = Vec::new();
    for word in values::texts(item)? {
        let known = DIALECTS.iter().find(|dialect| dialect.word() == word);
        let words = DIALECTS.map(Dialect::word);
        let dialect = known.ok_or_else(|| {
            format!("{word:?} is not one of {}{}", words.join(", "), nearest(&word, &words))
        })?;
        spoken.push(*dialect);
    }
    if spoken.is_empty() {
        return Err("a merchant without a protocol is of no use; left out it means all".into());
    }
    Ok(spoken)
}

const DIALECTS: [Dialect; 7] = [
    Dialect::Native,
    Dialect::Vmq,
    Dialect::Bufpay,
    Dialect::Gogo,
    Dialect::Codepay,
    Dialect::Epay,
    Dialect::Youzan,
];
const MONEY: &[(&str, CodepayMoney)] =
    &[("paid", CodepayMoney::Paid), ("asked", CodepayMoney::Asked)];

/// The word of what codepay's callbacks report as paid.
pub(super) fn money_word(money: CodepayMoney) -> &'static str {
    MONEY.iter().find(|(_, known)| *known == money).map_or("", |(word, _)| word)
}

/// The word of a step.
pub(super) fn step_word(step: Step) -> &'static str {
    STEPS.iter().find(|(_, known)| *known == step).map_or("", |(word, _)| word)
}

/// The word of a late rule.
pub(super) fn late_word(late: LateRule) -> &'static str {
    LATE_RULES.iter().find(|(_, known)| *known == late).map_or("", |(word, _)| word)
}

pub(super) fn server(mut section: Section<'_>) -> ServerSettings {
    let base = ServerSettings::default();
    let public_url = section.take("public_url", base_address);
    ServerSettings {
        listen: section.take("listen", socket).unwrap_or(base.listen),
        public_url,
        data: section.take("data", values::text).map_or(base.data, PathBuf::from),
        time_zone: section
            .take("time_zone", |item| {
                let text = values::text(item)?;
                let zone = duizhang_projections::calendar::Zone::new(&text);
                zone.map(|_| text).map_err(|error| error.to_string())
            })
            .unwrap_or(base.time_zone),
        notice_rules: section.take("notice_rules", values::text).map(PathBuf::from),
        requests_per_second: section
            .take("requests_per_second", values::count)
            .unwrap_or(base.requests_per_second),
    }
}

fn socket(item: &super::item::Item) -> Result<SocketAddr, String> {
    let text = values::text(item)?;
    text.parse().map_err(|_| format!("{text:?} is not an address like 127.0.0.1:8330"))
}

/// An address to which paths are joined.
fn base_address(item: &super::item::Item) -> Result<String, String> {
    let text = values::text(item)?;
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['?', '#', '@', ' ']) => {
            Ok(url.to_owned())
        }
        _ => Err(format!("{text:?} is not an address like https://pay.example")),
    }
}

pub(super) fn bridge(mut section: Section<'_>) -> BridgeSettings {
    let base = BridgeSettings::default();
    BridgeSettings {
        listen: section.take("listen", socket).unwrap_or(base.listen),
        upstream: section.take("upstream", base_address),
    }
}

pub(super) fn policy(mut section: Section<'_>) -> Policy {
    let base = Policy::default();
    let schedules = schedules(&mut section, &base);
    Policy {
        order_ttl: section.take("order_ttl", values::span).unwrap_or(base.order_ttl),
        quarantine: section.take("quarantine", values::span).unwrap_or(base.quarantine),
        step: section.take("step", |item| values::choice(item, STEPS)).unwrap_or(base.step),
        max_offset: section.take("max_offset", offset).unwrap_or(base.max_offset),
        clock_skew: section.take("clock_skew", values::span).unwrap_or(base.clock_skew),
        lookback: section.take("lookback", values::span).unwrap_or(base.lookback),
        late: section.take("late", |item| values::choice(item, LATE_RULES)).unwrap_or(base.late),
        device_silence: section.take("device_silence", values::span).unwrap_or(base.device_silence),
        open_orders_max: section
            .take("open_orders_max", values::count)
            .unwrap_or(base.open_orders_max),
        schedules,
    }
}

fn offset(item: &super::item::Item) -> Result<u32, String> {
    let amount = values::amount(item)?;
    u32::try_from(amount.minor()).map_err(|_| format!("{amount} is too far away"))
}

pub(super) fn books(mut section: Section<'_>) -> BooksPolicy {
    let alone_max = section.take("adjust_alone_max", |item| {
        let amount = values::amount(item)?;
        u64::try_from(amount.minor()).map_err(|_| format!("{amount} is less than nothing"))
    });
    alone_max.map_or_else(BooksPolicy::default, |alone_max| BooksPolicy { alone_max })
}

fn schedules(section: &mut Section<'_>, base: &Policy) -> Vec<Schedule> {
    let words: Vec<&str> = base.schedules.iter().map(|schedule| schedule.dialect.word()).collect();
    let path = format!("{}.schedules", section.path);
    let item = section.item("schedules");
    let mut given = Section::new(&path, item, &words, section.findings);
    base.schedules
        .iter()
        .map(|schedule| Schedule {
            dialect: schedule.dialect,
            delays: delays(&mut given, schedule.dialect).unwrap_or_else(|| schedule.delays.clone()),
        })
        .collect()
}

fn delays(section: &mut Section<'_>, dialect: Dialect) -> Option<Vec<Span>> {
    section.take(dialect.word(), values::spans)
}

pub(super) fn callbacks(mut section: Section<'_>) -> Callbacks {
    let base = Callbacks::default();
    let timeout = section.take("timeout", |item| {
        let span = values::span(item)?;
        let fits = span >= Span::from_secs(1) && span <= CALLBACK_TIMEOUT_MAX;
        if fits { Ok(span) } else { Err("must lie between 1s and 2m".into()) }
    });
    Callbacks {
        timeout: timeout.unwrap_or(base.timeout),
        allow_private_addresses: section
            .take("allow_private_addresses", values::flag)
            .unwrap_or(base.allow_private_addresses),
    }
}

pub(super) fn wallet(mut section: Section<'_>) -> Option<(Wallet, Option<ShopSettings>)> {
    let id = section.require("id", values::parsed);
    let channel = section.require("channel", values::parsed::<Channel>);
    let qr = section.take("qr", values::text);
    let fixed: Vec<(Amount, String)> =
        section.sections("fixed", FIXED_KEYS).into_iter().filter_map(fixed).collect();
    for (at, (amount, _)) in fixed.iter().enumerate() {
        if fixed.iter().take(at).any(|(other, _)| other == amount) {
            section.refuse("fixed", format!("two codes for {amount}"));
        }
    }
    let bare = qr.is_none() && fixed.is_empty();
    let enabled = section.take("enabled", values::flag).unwrap_or(true);
    let wallet = match (id, channel) {
        (Some(id), Some(channel)) => Some(Wallet { id, channel, qr, fixed, enabled }),
        _ => None,
    };
    let shop = shop::shop(&mut section, wallet.as_ref());
    if bare && shop.is_none() {
        let codes = "a wallet needs a code: qr, or at least one [[wallet.fixed]]";
        section.refuse("qr", format!("{codes}; or [wallet.youzan] that makes one for each order"));
    }
    Some((wallet?, shop))
}

fn fixed(mut section: Section<'_>) -> Option<(Amount, String)> {
    let amount = section.require("amount", |item| {
        let amount = values::amount(item)?;
        if amount.is_positive() { Ok(amount) } else { Err("must be more than zero".into()) }
    });
    let qr = section.require("qr", values::text);
    Some((amount?, qr?))
}

pub(super) fn device(mut section: Section<'_>) -> Option<DeviceSettings> {
    let id = section.require("id", values::parsed);
    let key = section.take("key", values::secret);
    let wallets: Option<Vec<WalletId>> = section.require("wallets", values::names);
    let enabled = section.take("enabled", values::flag).unwrap_or(true);
    Some(DeviceSettings { declared: Device { id: id?, wallets: wallets?, enabled }, key })
}

pub(super) fn merchant(
    mut section: Section<'_>,
    warnings: &mut Vec<String>,
) -> Option<MerchantSettings> {
    let id = section.require("id", values::parsed);
    let name = section.take("name", values::text);
    let key = section.take("key", values::secret);
    let token = section.take("token", values::secret);
    let webhook_secret = section.take("webhook_secret", values::secret);
    let notify_url = section.take("notify_url", values::text);
    let wallets: Option<Vec<WalletId>> = section.require("wallets", values::names);
    let default = section.take("default", values::flag).unwrap_or(false);
    let strict = section.take("strict", values::flag).unwrap_or(false);
    let enabled = section.take("enabled", values::flag).unwrap_or(true);
    if let Some(item) = section.item("beecloud") {
        let path = format!("{}.beecloud", section.path);
        let mut beecloud = Section::new(&path, Some(item), BEECLOUD_KEYS, section.findings);
        for key in BEECLOUD_KEYS {
            beecloud.take(key, values::secret);
        }
        warnings.push(format!("{path}: this version does not speak BeeCloud and reads none of it"));
    }
    let epay = section.item("epay").map(|item| {
        let path = format!("{}.epay", section.path);
        epay::epay(Section::new(&path, Some(item), epay::EPAY_KEYS, section.findings))
    });
    let dialects = section.take("dialects", spoken);
    let codepay = section.item("codepay").and_then(|item| {
        let path = format!("{}.codepay", section.path);
        let mut codepay = Section::new(&path, Some(item), CODEPAY_KEYS, section.findings);
        codepay.take("money", |item| values::choice(item, MONEY))
    });
    let id: duizhang_core::id::MerchantId = id?;
    let name = name.unwrap_or_else(|| id.to_string());
    let declared = Merchant { id, name, notify_url, wallets: wallets?, default, strict, enabled };
    Some(MerchantSettings { declared, key, token, webhook_secret, epay, codepay, dialects })
}
