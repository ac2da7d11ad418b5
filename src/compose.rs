//! The composition root: opens a book with all that belongs to it, and declares what is configured.
//!
//! Invariants: the log's lock is taken before anything else in the data directory is touched;
//! secrets are stored before the facts that need them; a fact enters the log through the writer
//! only, and only where it differs from what the log says, so declaring the same again appends
//! nothing.
//! Deliberately not here: business rules, and how anything is printed.

use std::collections::BTreeMap;
use std::env::VarError;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use duizhang_api::book::{Settled, SubmitError};
use duizhang_api::clock::{Clock, SystemClock};
use duizhang_api::dialects::{Codepay, Epay, EpayShop};
use duizhang_api::key_pair::PrivateKey;
use duizhang_api::metrics::Metrics;
use duizhang_api::opening;
use duizhang_api::outbound::{Outbound, SystemResolver, Timeouts};
use duizhang_api::secrets::{MasterKey, SECRETS_FILE, Secret, SecretOf, SecretStore, SecretsError};
use duizhang_api::webhook::SigningKey;
use duizhang_api::writer::Writer;
use duizhang_core::breaks::TermsActivated;
use duizhang_core::fact::{BookOpened, Fact, PolicyActivated};
use duizhang_core::id::MerchantId;
use duizhang_core::ledger::BooksPolicyActivated;
use duizhang_core::order::Dialect;
use duizhang_core::position::Position;
use duizhang_core::state::State;
use duizhang_eventlog::{EventLog, LogConfig, Opening, SledLog, StoreRepair};
use duizhang_listener_bridge::rules::Rules;
use duizhang_projections::calendar::Zone;
use duizhang_projections::views::Views;

use crate::config::{Config, MASTER_KEY_VARIABLE, ShopSettings};

/// The name for people of a new book.
const BOOK: &str = "main";
/// Who activates the policy that the configuration holds.
const BY: &str = "configuration";
/// Where the journal lies in a data directory.
const JOURNAL: &str = "journal";

/// What to do where the data directory holds no book yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Make one.
    Make,
    /// Say so.
    Refuse,
}

/// Told about long work: what is done, at which position, of how many.
pub(crate) type Progress<'a> = dyn FnMut(&'static str, Position, Position) + 'a;

/// An open book that nothing serves yet.
pub(crate) struct OpenBook {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) state: State,
    pub(crate) views: Views,
    pub(crate) secrets: Arc<SecretStore>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl OpenBook {
    /// Opens the book of a data directory and folds its log.
    pub(crate) fn open(
        data: &Path,
        absent: Absent,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<Self> {
        let log = open_log(data, absent)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let secrets = Arc::new(open_secrets(data, &*log, &*clock)?);
        let (state, views) = fold(&log, progress)?;
        Ok(Self { log, state, views, secrets, clock })
    }

    /// Whether nothing was ever recorded in it.
    pub(crate) fn is_new(&self) -> bool {
        !self.state.is_open()
    }

    /// The zone of its business days.
    pub(crate) fn zone(&self) -> anyhow::Result<Zone> {
        Zone::new(self.views.book.time_zone()).context("the zone that the book was opened with")
    }

    /// Stores secrets, all or none, and names those that were not there before.
    pub(crate) fn store(&self, secrets: &[(SecretOf, Secret)]) -> anyhow::Result<Vec<SecretOf>> {
        let moved: Vec<SecretOf> = secrets
            .iter()
            .filter(|(of, secret)| !self.is_stored(of, secret))
            .map(|(of, _)| of.clone())
            .collect();
        self.secrets.set_all(secrets, &*self.clock).map_err(readable)?;
        Ok(moved)
    }

    fn is_stored(&self, of: &SecretOf, secret: &Secret) -> bool {
        let now = self.clock.now();
        if of.is_token() {
            return self.secrets.token_owner(secret.expose(), now).as_ref() == Some(of);
        }
        match self.secrets.keys_of(of, now).as_slice() {
            [only] => only.secret.equals(secret.expose()),
            _ => false,
        }
    }

    /// Submits facts one after the other through a writer that lives only for them.
    pub(crate) async fn submit(&mut self, facts: Vec<Fact>) -> anyhow::Result<()> {
        if facts.is_empty() {
            return Ok(());
        }
        let (state, views) = (std::mem::take(&mut self.state), std::mem::take(&mut self.views));
        let (book, writer) = Writer::start(
            Arc::clone(&self.log),
            state,
            views,
            Arc::clone(&self.clock),
            Arc::new(Metrics::new()),
        )
        .context("start the writer")?;
        let mut outcome = Ok(());
        for fact in facts {
            let what = described(&fact);
            outcome = match book.submit(fact).await {
                Ok(Settled::Recorded(_) | Settled::Repeat(_)) => continue,
                Err(SubmitError::Rejected(rejection)) => Err(anyhow::anyhow!(rejection)),
                Err(error) => Err(anyhow::anyhow!(error)),
            }
            .with_context(|| format!("record {what}"));
            break;
        }
        drop(book);
        tokio::task::spawn_blocking(move || writer.join()).await.context("stop the writer")??;
        let (state, views) = fold(&self.log, &mut |_, _, _| {})?;
        (self.state, self.views) = (state, views);
        outcome
    }

    /// Brings what the configuration declares into the book, and names the secrets that moved.
    pub(crate) async fn declare(&mut self, config: &Config) -> anyhow::Result<Vec<SecretOf>> {
        let facts = differences(&self.state, &self.views, config)?;
        let moved = self.store(&config.secrets())?;
        self.submit(facts).await?;
        self.draw_webhook_secrets()?;
        self.draw_platform_keys(config)?;
        Ok(moved)
    }

    /// Callbacks of the native API cannot leave unsigned, so a merchant with a token and no webhook
    /// secret gets one; whoever verifies callbacks draws another that is shown.
    fn draw_webhook_secrets(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        for merchant in self.state.merchants().iter().filter(|merchant| merchant.enabled) {
            let token = SecretOf::NativeToken(merchant.id.clone());
            let webhook = SecretOf::WebhookSecret(merchant.id.clone());
            if self.secrets.has(&token, now) && !self.secrets.has(&webhook, now) {
                let text = SigningKey::new_text([self.clock.draw(), self.clock.draw()]);
                self.store(&[(webhook, Secret::new(text.as_bytes()))])?;
                tracing::warn!(
                    "merchant {id} had no webhook secret: one was drawn; `duizhang merchant \
                     rotate-key {id} --secret webhook-secret` shows a new one",
                    id = merchant.id
                );
            }
        }
        Ok(())
    }

    /// A merchant whose configuration speaks of epay gets a key of ours, which signs what the
    /// protocol's second version answers and calls back.
    fn draw_platform_keys(&self, config: &Config) -> anyhow::Result<()> {
        let now = self.clock.now();
        for id in epay_shops(config).into_keys() {
            let of = SecretOf::PlatformKey(id);
            if !self.secrets.has(&of, now) {
                let text = PrivateKey::new_text(&*self.clock);
                tracing::info!("the {of} was drawn; `duizhang merchant show` has its public half");
                self.store(&[(of, Secret::new(text.as_bytes()))])?;
            }
        }
        Ok(())
    }

    /// A clock that lies behind the log would freeze the book: nothing would fall due.
    pub(crate) fn check_clock(&self) -> anyhow::Result<()> {
        let (now, log) = (self.clock.now(), self.state.now());
        if log <= now.plus(self.state.policy().clock_skew) {
            return Ok(());
        }
        let zone = self.zone()?;
        bail!(
            "this machine's clock says {}, but the book already has events of {}: set the clock \
             right, or wait until that time",
            zone.rfc3339(now),
            zone.rfc3339(log)
        )
    }

    /// Closes the log.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        self.log.close().context("close the log")
    }
}

/// Opens the log alone, for verbs that only read. The lock is taken all the same.
pub(crate) fn open_log(data: &Path, absent: Absent) -> anyhow::Result<Arc<dyn EventLog>> {
    if absent == Absent::Refuse && !data.join(JOURNAL).is_dir() {
        bail!("there is no book in {}; `duizhang serve` makes one", data.display());
    }
    make_directory(data)?;
    let (log, opening) = SledLog::open(data, LogConfig::default())
        .with_context(|| format!("open the book in {}", data.display()))?;
    tell_repairs(&opening);
    Ok(Arc::new(log))
}

/// What a crash or a failing disk did to the book is told, though it is repaired.
fn tell_repairs(opening: &Opening) {
    match &opening.store {
        StoreRepair::None => {}
        StoreRepair::Replayed { groups } => {
            tracing::info!(groups, "the end of the stored events was repaired from the journal");
        }
        StoreRepair::Rebuilt { kept, groups } => tracing::warn!(
            groups,
            kept = %kept.display(),
            "the stored events were damaged and repaired from the journal; look at the disk"
        ),
    }
    tracing::debug!(?opening, "the log is open");
}

/// Keys lie in it, so a new one is its owner's alone.
fn make_directory(data: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if data.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("make the data directory {}", data.display()))
}

fn open_secrets(data: &Path, log: &dyn EventLog, clock: &dyn Clock) -> anyhow::Result<SecretStore> {
    let master = master_key()?;
    // A book that has events has had secrets: an empty store would lock everybody out.
    let new = log.head().position == Position::START && !data.join(SECRETS_FILE).exists();
    let opened = if new {
        SecretStore::create(data, master, clock)
    } else {
        SecretStore::open(data, master)
    };
    Ok(opened?)
}

fn master_key() -> anyhow::Result<Option<MasterKey>> {
    match std::env::var(MASTER_KEY_VARIABLE) {
        Ok(text) => match MasterKey::parse(&text) {
            Some(key) => Ok(Some(key)),
            None => bail!(
                "{MASTER_KEY_VARIABLE} holds neither 64 hexadecimal digits nor base64 of 32 bytes"
            ),
        },
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("{MASTER_KEY_VARIABLE} is not text"),
    }
}

fn fold(log: &Arc<dyn EventLog>, progress: &mut Progress<'_>) -> anyhow::Result<(State, Views)> {
    let end = log.head().position;
    let folded = opening::fold(log, &mut |at| progress("reading the log", at, end));
    folded.context("read the log")
}

/// A key that two owners share is the one mistake that people make here often.
fn readable(error: SecretsError) -> anyhow::Error {
    match &error {
        SecretsError::Shared { of, other } => anyhow::anyhow!(
            "the {of} and the {other} are the same; a signature would not tell whose it is, so \
             each needs its own"
        ),
        _ => error.into(),
    }
}

/// The facts that bring the log to what the configuration says, in the order in which they build on
/// each other.
fn differences(state: &State, views: &Views, config: &Config) -> anyhow::Result<Vec<Fact>> {
    let mut facts = Vec::new();
    let time_zone = &config.server.time_zone;
    if !state.is_open() {
        let (book, time_zone) = (BOOK.to_owned(), time_zone.clone());
        facts.push(Fact::BookOpened(BookOpened { book, time_zone }));
    } else if views.book.time_zone() != time_zone {
        bail!(
            "server.time_zone says {time_zone}, but this book's days are those of {}, and a book's \
             days never change: set server.time_zone = \"{}\"",
            views.book.time_zone(),
            views.book.time_zone()
        );
    }
    if !state.has_policy() || *state.policy() != config.policy {
        let activated = PolicyActivated { policy: config.policy.clone(), by: BY.to_owned() };
        facts.push(Fact::PolicyActivated(activated));
    }
    if state.books().policy() != config.books {
        let activated = BooksPolicyActivated { policy: config.books, by: BY.to_owned() };
        facts.push(Fact::BooksPolicyActivated(activated));
    }
    if *state.book_terms() != config.terms {
        let activated = TermsActivated { terms: config.terms, by: BY.to_owned() };
        facts.push(Fact::TermsActivated(activated));
    }
    for wallet in &config.wallets {
        if state.wallet(&wallet.id).is_none_or(|known| known.declared != *wallet) {
            facts.push(Fact::WalletDeclared(wallet.clone()));
        }
    }
    let devices = config.devices.iter().map(|device| device.declared.clone());
    for device in devices.chain(config.shops.iter().map(ShopSettings::watcher)) {
        if state.device(&device.id).is_none_or(|known| known.declared != device) {
            facts.push(Fact::DeviceDeclared(device));
        }
    }
    for merchant in config.merchants.iter().map(|merchant| &merchant.declared) {
        if state.merchant(&merchant.id).is_none_or(|(_, known)| known != merchant) {
            facts.push(Fact::MerchantDeclared(merchant.clone()));
        }
    }
    Ok(facts)
}

fn described(fact: &Fact) -> String {
    match fact {
        Fact::BookOpened(_) => "the opening of the book".into(),
        Fact::PolicyActivated(_) => "the policy".into(),
        Fact::BooksPolicyActivated(_) => "the policy of the books".into(),
        Fact::TermsActivated(_) => "the terms of reconciliation".into(),
        Fact::WalletDeclared(wallet) => format!("wallet {}", wallet.id),
        Fact::DeviceDeclared(device) => format!("device {}", device.id),
        Fact::MerchantDeclared(merchant) => format!("merchant {}", merchant.id),
        _ => "a fact".into(),
    }
}

/// The epay dialect with its shops' settings.
pub(crate) fn epay(config: &Config) -> Epay {
    Epay::new(epay_shops(config))
}

fn epay_shops(config: &Config) -> BTreeMap<MerchantId, EpayShop> {
    let shops = config.merchants.iter();
    shops.filter_map(|one| Some((one.declared.id.clone(), one.epay.clone()?))).collect()
}

/// The codepay dialect with its shops' settings.
pub(crate) fn codepay(config: &Config) -> Codepay {
    let shops = config.merchants.iter();
    Codepay::new(shops.filter_map(|one| Some((one.declared.id.clone(), one.codepay?))).collect())
}

/// The protocols of those merchants that do not speak all of them.
pub(crate) fn spoken(config: &Config) -> BTreeMap<MerchantId, Vec<Dialect>> {
    let shops = config.merchants.iter();
    shops.filter_map(|one| Some((one.declared.id.clone(), one.dialects.clone()?))).collect()
}

/// The notice rules in force, each of the file's own cases tried.
pub(crate) fn notice_rules(config: &Config) -> anyhow::Result<Rules> {
    let Some(path) = &config.server.notice_rules else { return Ok(Rules::default()) };
    let reading = || format!("read the notice rules {}", path.display());
    let text = std::fs::read_to_string(path).with_context(reading)?;
    let rules = Rules::parse(&text).with_context(reading)?;
    if let Err(failures) = rules.check() {
        let failures: Vec<String> = failures.iter().map(ToString::to_string).collect();
        bail!(
            "{}: {} of their cases fail:\n  {}",
            reading(),
            failures.len(),
            failures.join("\n  ")
        );
    }
    Ok(rules)
}

/// Who calls shops, and never ourselves.
pub(crate) fn outbound(config: &Config, listening: std::net::SocketAddr) -> Outbound {
    let policy = config.callback_policy(listening);
    let whole = std::time::Duration::from_micros(config.callbacks.timeout.micros());
    let timeouts = Timeouts { whole, ..Timeouts::default() };
    Outbound::new(policy, Arc::new(SystemResolver), timeouts)
}
