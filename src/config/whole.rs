//! The configuration in force: defaults, the file, the environment, and the command line.
//!
//! Invariant: a configuration that is returned is sound by itself; all that is wrong with one that
//! is refused is told at once.
//! Deliberately not here: what differs from the log (`compose.rs`), and reading the environment
//! itself: variables are an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use duizhang_api::outbound;
use duizhang_api::secrets::{MERCHANT_KEY_BYTES_ADVISED, Secret, SecretOf};
use duizhang_core::callback::addresses;
use duizhang_core::fact::Wallet;
use duizhang_core::id::WalletId;
use duizhang_core::ledger::BooksPolicy;
use duizhang_core::limits::DECLARED_MAX;
use duizhang_core::policy::Policy;
use duizhang_core::reconciliation::BookTerms;

use super::file::{FILE_BYTES_MAX, items};
use super::finding::Findings;
use super::item::{Item, Node, Origin};
use super::section::{SECTIONS, Section};
use super::settings::{
    self, BridgeSettings, Callbacks, DeviceSettings, MerchantSettings, ServerSettings,
};
use super::shop::ShopSettings;
use super::{codes, environment, finding::Refused, terms};

/// The name of the file that is looked for in the data directory.
pub(crate) const FILE_NAME: &str = "duizhang.toml";
/// The variable that gives the master key; it is no setting.
pub(crate) const MASTER_KEY_VARIABLE: &str = "DUIZHANG_MASTER_KEY";
/// Every key with its default, for people.
pub(crate) const DEFAULTS: &str = include_str!("../../config.default.toml");

/// Epay's own words stand where BufPay's paths carry the merchant.
const RESERVED_MERCHANTS: &[&str] =
    &["submit", "create", "query", "refund", "refundquery", "close"];

/// Whether a name cannot be a merchant's.
pub(crate) fn is_reserved_merchant(name: &str) -> bool {
    RESERVED_MERCHANTS.contains(&name)
}

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    pub(crate) file: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
}

/// The configuration in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) server: ServerSettings,
    pub(crate) policy: Policy,
    pub(crate) books: BooksPolicy,
    pub(crate) terms: BookTerms,
    pub(crate) callbacks: Callbacks,
    pub(crate) bridge: BridgeSettings,
    pub(crate) wallets: Vec<Wallet>,
    /// The shops on Youzan that some of the wallets are.
    pub(crate) shops: Vec<ShopSettings>,
    pub(crate) devices: Vec<DeviceSettings>,
    pub(crate) merchants: Vec<MerchantSettings>,
    /// The file it was read from.
    pub(crate) file: Option<PathBuf>,
    /// What is allowed but probably not meant.
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// Whether nothing is declared: such a book begins with a sandbox.
    pub(crate) fn declares_nothing(&self) -> bool {
        self.wallets.is_empty() && self.devices.is_empty() && self.merchants.is_empty()
    }

    /// Which addresses callbacks may go to: never ourselves, neither where we listen nor where the
    /// outside reaches us.
    pub(crate) fn callback_policy(&self, listening: SocketAddr) -> outbound::Policy {
        let allow_private = self.callbacks.allow_private_addresses;
        let (mut own_sockets, mut own_names) = (vec![listening], Vec::new());
        let any = outbound::Policy { allow_private: true, ..outbound::Policy::default() };
        let public = self.server.public_url.as_deref();
        if let Some(target) = public.and_then(|url| outbound::check_url(url, &any).ok()) {
            match target.literal() {
                Some(address) => own_sockets.push(SocketAddr::new(address, target.port())),
                None => own_names.push((target.host().to_string().to_lowercase(), target.port())),
            }
        }
        outbound::Policy { allow_private, own_sockets, own_names }
    }

    /// Merchants whose callbacks of the native API will be signed with a secret that nobody wrote
    /// here, unless the book has one already.
    pub(crate) fn without_webhook_secret(&self) -> impl Iterator<Item = &MerchantSettings> {
        self.merchants.iter().filter(|merchant| {
            let signed = merchant.webhook_secret.is_some();
            merchant.declared.enabled && merchant.token.is_some() && !signed
        })
    }

    /// Merchants whose key is so short that a payer may find it.
    pub(crate) fn with_weak_key(&self) -> impl Iterator<Item = &MerchantSettings> {
        self.merchants.iter().filter(|merchant| {
            let weak = |key: &Secret| key.expose().len() < MERCHANT_KEY_BYTES_ADVISED;
            merchant.key.as_ref().is_some_and(weak)
        })
    }

    /// The secrets that it holds.
    pub(crate) fn secrets(&self) -> Vec<(SecretOf, Secret)> {
        let mut secrets = Vec::new();
        for device in &self.devices {
            let of = SecretOf::DeviceKey(device.declared.id.clone());
            secrets.extend(device.key.clone().map(|key| (of, key)));
        }
        for shop in &self.shops {
            secrets.extend(shop.secret.clone().map(|secret| (shop.shop.secret(), secret)));
        }
        for merchant in &self.merchants {
            let id = || merchant.declared.id.clone();
            let given = [
                (SecretOf::MerchantKey(id()), &merchant.key),
                (SecretOf::NativeToken(id()), &merchant.token),
                (SecretOf::WebhookSecret(id()), &merchant.webhook_secret),
            ];
            secrets.extend(given.into_iter().filter_map(|(of, key)| Some((of, key.clone()?))));
        }
        secrets
    }
}

/// Finds, reads and checks the configuration.
pub(crate) fn read(given: &Given, variables: &BTreeMap<String, String>) -> anyhow::Result<Config> {
    let wanted_data = given.data.clone().or_else(|| {
        variables.get("DUIZHANG_SERVER__DATA").filter(|text| !text.is_empty()).map(PathBuf::from)
    });
    let findings = Findings::default();
    let found = match &given.file {
        Some(file) => {
            let text = contents(file)?.with_context(|| format!("{} is not there", file.display()));
            Some((file.clone(), text?))
        }
        None => {
            let data = wanted_data.clone().unwrap_or_else(|| ServerSettings::default().data);
            let file = data.join(FILE_NAME);
            contents(&file)?.map(|text| (file, text))
        }
    };
    let mut tree = match &found {
        Some((file, text)) => items(&file.display().to_string(), text, &findings),
        None => BTreeMap::new(),
    };
    environment::overlay(&mut tree, variables, &findings);
    let mut config = settle(tree, findings)?;
    let in_directory = found.as_ref().filter(|_| given.file.is_none());
    if let (None, Some((file, _))) = (&wanted_data, in_directory) {
        let beside = file.parent().unwrap_or(Path::new(".")).to_owned();
        if config.server.data != beside {
            let (said, beside) = (config.server.data.display(), beside.display());
            config.warnings.push(format!(
                "server.data says {said}, but this file lies in {beside}, which is used"
            ));
        }
        config.server.data = beside;
    }
    config.server.data = wanted_data.unwrap_or(config.server.data);
    config.file = found.map(|(file, _)| file);
    Ok(config)
}

/// The file's text; none where there is no file.
fn contents(path: &Path) -> anyhow::Result<Option<String>> {
    let reading = || format!("read the configuration file {}", path.display());
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.with_context(reading)?,
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(reading)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        anyhow::bail!("{}: longer than {FILE_BYTES_MAX} bytes", reading());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        anyhow::anyhow!("{}: byte {} is not UTF-8", reading(), error.utf8_error().valid_up_to())
    })?;
    Ok(Some(text))
}

/// What the items mean, and what is wrong with them.
pub(super) fn settle(tree: BTreeMap<String, Item>, findings: Findings) -> Result<Config, Refused> {
    let root = Item { origin: Origin::Environment(String::new()), node: Node::Table(tree) };
    let mut root = Section::new("", Some(root), SECTIONS, &findings);
    let mut part = |name: &str, keys: &[&str]| {
        let item = root.item(name);
        Section::new(name, item, keys, &findings)
    };
    let server = settings::server(part("server", settings::SERVER_KEYS));
    let policy_section = part("policy", settings::POLICY_KEYS);
    let policy_origin = policy_section.origin.clone();
    let policy = settings::policy(policy_section);
    let books = settings::books(part("books", settings::BOOKS_KEYS));
    let terms = terms::terms(part("reconciliation", terms::TERMS_KEYS));
    let callbacks = settings::callbacks(part("callbacks", settings::CALLBACKS_KEYS));
    let bridge = settings::bridge(part("bridge", settings::BRIDGE_KEYS));
    let mut warnings = Vec::new();
    let wallets = root.sections("wallet", settings::WALLET_KEYS);
    let wallets = wallets.into_iter().filter_map(settings::wallet);
    let (wallets, shops): (Vec<Wallet>, Vec<_>) = wallets.unzip();
    let shops = shops.into_iter().flatten().collect();
    let devices = root.sections("device", settings::DEVICE_KEYS);
    let devices: Vec<DeviceSettings> = devices.into_iter().filter_map(settings::device).collect();
    let merchants = root.sections("merchant", settings::MERCHANT_KEYS);
    let merchants: Vec<MerchantSettings> = merchants
        .into_iter()
        .filter_map(|section| settings::merchant(section, &mut warnings))
        .collect();
    if let Err(error) = policy.check() {
        findings.add(policy_origin.as_ref(), "policy", error.to_string());
    }
    let mut config = Config {
        server,
        policy,
        books,
        terms,
        callbacks,
        bridge,
        wallets,
        shops,
        devices,
        merchants,
        file: None,
        warnings,
    };
    check_names(&config, &findings);
    check_keys(&config, &findings);
    for flaw in config.wallets.iter().flat_map(codes::flaws) {
        findings.add(None, "", flaw);
    }
    check_addresses(&config, &findings);
    warn(&mut config);
    findings.settle(config)
}

fn check_names(config: &Config, findings: &Findings) {
    fn unique<'a>(section: &str, ids: impl Iterator<Item = &'a str>, findings: &Findings) {
        let mut seen = BTreeSet::new();
        for id in ids {
            if !seen.insert(id) {
                findings.add(None, section, format!("{id} is declared twice"));
            }
        }
        if seen.len() > DECLARED_MAX {
            findings.add(None, section, format!("more than {DECLARED_MAX} are declared"));
        }
    }
    let merchants = || config.merchants.iter().map(|one| &one.declared);
    unique("wallet", config.wallets.iter().map(|wallet| wallet.id.as_str()), findings);
    let devices = config.devices.iter().map(|one| one.declared.id.as_str());
    let watchers = config.shops.iter().map(|one| one.shop.watcher.as_str());
    unique("device", devices.chain(watchers), findings);
    unique("merchant", merchants().map(|merchant| merchant.id.as_str()), findings);
    for merchant in merchants().filter(|one| is_reserved_merchant(one.id.as_str())) {
        let what = format!("{} is a word of a protocol and no name", merchant.id);
        findings.add(None, "merchant", what);
    }
    let defaults: Vec<&str> =
        merchants().filter(|one| one.default).map(|one| one.id.as_str()).collect();
    if defaults.len() > 1 {
        let what = format!("only one may be the default, not {}", defaults.join(" and "));
        findings.add(None, "merchant", what);
    }
}

/// The same secret for two uses would make a signature of one good for the other.
fn check_keys(config: &Config, findings: &Findings) {
    let secrets = config.secrets();
    let mut owners: BTreeMap<&[u8], &SecretOf> = BTreeMap::new();
    for (of, secret) in &secrets {
        if let Some(other) = owners.get(secret.expose()) {
            let what = format!("the {of} and the {other} are the same, but each needs its own");
            findings.add(None, "", what);
        }
        owners.insert(secret.expose(), of);
    }
}

fn check_addresses(config: &Config, findings: &Findings) {
    let policy = config.callback_policy(config.server.listen);
    for merchant in &config.merchants {
        for url in merchant.declared.notify_url.iter().flat_map(|text| addresses(text)) {
            if let Err(refusal) = outbound::check_callback(url, &policy) {
                let key = format!("merchant {}: notify_url", merchant.declared.id);
                findings.add(None, &key, refusal.to_string());
            }
        }
    }
}

fn warn(config: &mut Config) {
    let mut warnings = Vec::new();
    let here = ["://127.", "://localhost", "://[::1]"];
    if let Some(url) = &config.server.public_url
        && here.iter().any(|local| url.contains(local))
        && !config.server.listen.ip().is_loopback()
    {
        warnings.push(
            "server.public_url names this machine only, but server.listen is open to others: \
             payers will get links that they cannot follow"
                .into(),
        );
    }
    if config.callbacks.allow_private_addresses {
        warnings.push(
            "callbacks.allow_private_addresses: a shop can make the server call machines inside \
             the network"
                .into(),
        );
    }
    for shop in config.shops.iter().map(|one| &one.shop) {
        if !shop.base_url.starts_with("https://") {
            warnings.push(format!(
                "wallet {}: youzan.base_url is not https, so the application's secret travels in \
                 the clear",
                shop.wallet
            ));
        }
    }
    let declared: Vec<&WalletId> = config.wallets.iter().map(|wallet| &wallet.id).collect();
    let devices = config
        .devices
        .iter()
        .map(|one| ("device", one.declared.id.as_str(), &one.declared.wallets));
    let merchants = config
        .merchants
        .iter()
        .map(|one| ("merchant", one.declared.id.as_str(), &one.declared.wallets));
    for (kind, id, wallets) in devices.chain(merchants) {
        for wallet in wallets.iter().filter(|wallet| !declared.contains(wallet)) {
            warnings.push(format!(
                "{kind} {id} names the wallet {wallet}, which is not declared here: it must be in \
                 the book already"
            ));
        }
    }
    config.warnings.extend(warnings);
}
