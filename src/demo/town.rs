//! The town: merchants, wallets, phones, their keys, and the server that stands in the middle.
//!
//! Invariants: everything that needs chance draws it from the manual clock, in a fixed order; keys
//! go into the secret store and nowhere else, but for the hands of those who sign with them.
//! Deliberately not here: what happens ([`super::drive`]).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use duizhang_api::accept::Limits;
use duizhang_api::clock::{Clock, ManualClock};
use duizhang_api::dialects;
use duizhang_api::opening::fold;
use duizhang_api::outbound::{Outbound, Policy as OutboundPolicy, SystemResolver, Timeouts};
use duizhang_api::secrets::{Secret, SecretOf, SecretStore};
use duizhang_api::server::{Parts, Server};
use duizhang_api::webhook::SigningKey;
use duizhang_core::channel::Channel;
use duizhang_core::fact::{BookOpened, Device, Fact, Merchant, PolicyActivated, Wallet};
use duizhang_core::id::{DeviceId, MerchantId, WalletId};
use duizhang_core::policy::Policy;
use duizhang_core::time::Span;
use duizhang_eventlog::{EventLog, LogConfig, SledLog};
use duizhang_listener_bridge::every_source::every_source;
use duizhang_listener_bridge::rules::Rules;
use duizhang_projections::calendar::Zone;
use tokio::net::TcpListener;

use super::day::House;
use crate::{finance, review};

pub(super) const ZONE: &str = "Asia/Shanghai";
pub(super) const TEA: &str = "1001";
pub(super) const KITE: &str = "kite";
const OPERATOR: &str = "mei";

/// The phone on the tea house's counter.
pub(super) const COUNTER: &str = "counter-phone";
/// The phone at the studio's stall, which is off for a while.
pub(super) const STALL: &str = "stall-phone";
/// The phone on the studio's desk, with SmsForwarder.
pub(super) const DESK: &str = "desk-phone";
pub(super) const PHONES: [&str; 3] = [COUNTER, STALL, DESK];

/// Two missed beats of a phone are silence.
const SILENCE: Span = Span::from_mins(9);

/// How long a knock at a door may take in real time. The machine may be busy, and an attempt that
/// gave up for that would make two days of one seed differ.
const PATIENCE: Duration = Duration::from_secs(60);

/// A day of this size needs one small segment.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// The wallet of a house's channel.
pub(super) fn wallet(house: House, channel: Channel) -> WalletId {
    name(match (house, channel) {
        (House::Tea, Channel::Alipay) => "ali-tea",
        (House::Tea, _) => "wx-tea",
        (House::Kite, Channel::Alipay) => "ali-kite",
        (House::Kite, _) => "wx-kite",
    })
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("the town's names are plain words")
}

/// The keys of everybody who signs or shows one.
pub(super) struct Keys {
    pub(super) tea: String,
    pub(super) kite_token: String,
    pub(super) kite_webhook: String,
    pub(super) operator: String,
    pub(super) counter: String,
    pub(super) stall: String,
    pub(super) desk: String,
}

impl Keys {
    fn drawn(clock: &dyn Clock) -> Self {
        let draw = || String::from_utf8_lossy(Secret::drawn(clock).expose()).into_owned();
        Self {
            tea: draw(),
            kite_token: draw(),
            kite_webhook: SigningKey::new_text([clock.draw(), clock.draw()]).to_string(),
            operator: draw(),
            counter: draw(),
            stall: draw(),
            desk: draw(),
        }
    }

    fn store(&self) -> Vec<(SecretOf, Secret)> {
        let secret = |text: &str| Secret::new(text.as_bytes());
        vec![
            (SecretOf::MerchantKey(name(TEA)), secret(&self.tea)),
            (SecretOf::NativeToken(name(KITE)), secret(&self.kite_token)),
            (SecretOf::WebhookSecret(name(KITE)), secret(&self.kite_webhook)),
            (SecretOf::OperatorToken(name(OPERATOR)), secret(&self.operator)),
            (SecretOf::DeviceKey(name(COUNTER)), secret(&self.counter)),
            (SecretOf::DeviceKey(name(STALL)), secret(&self.stall)),
            (SecretOf::DeviceKey(name(DESK)), secret(&self.desk)),
        ]
    }
}

/// Opens a new book in an empty directory and starts the server in front of it.
pub(super) async fn build(
    directory: &Path,
    clock: &ManualClock,
    port: u16,
) -> anyhow::Result<(Server, Keys)> {
    let log_directory = directory.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        SledLog::open(&log_directory, LogConfig { segment_bytes: SEGMENT_BYTES })
    });
    let (log, _) = opened.await?.context("open the demo's log")?;
    anyhow::ensure!(log.head().position.number() == 0, "the directory holds a book already");
    let log: Arc<dyn EventLog> = Arc::new(log);
    let secrets = SecretStore::create(directory, None, clock).context("make the secret store")?;
    let keys = Keys::drawn(clock);
    secrets.set_all(&keys.store(), clock).context("store the town's keys")?;
    let (state, views) = fold(&log, &mut |_| {})?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.context("listen on loopback")?;
    let own = listener.local_addr()?;
    let policy =
        OutboundPolicy { allow_private: true, own_sockets: vec![own], own_names: Vec::new() };
    let timeouts = Timeouts { connect: PATIENCE, whole: PATIENCE, ..Timeouts::default() };
    let parts = Parts {
        log,
        state,
        views,
        clock: Arc::new(clock.clone()),
        secrets: Arc::new(secrets),
        dialects: dialects::every_dialect(dialects::Epay::default(), dialects::Codepay::default()),
        spoken: Default::default(),
        sources: every_source(&Rules::default()),
        youzan: Vec::new(),
        outbound: Arc::new(Outbound::new(policy, Arc::new(SystemResolver), timeouts)),
        listener,
        limits: Limits::default(),
        public_url: None,
        zone: Zone::new(ZONE)?,
    };
    let data = directory.to_owned();
    let routes =
        |app: &Arc<_>| review::routes(app, data.clone()).merge(finance::routes(app, data.clone()));
    let server = Server::start_beside(parts, routes)?;
    for fact in declared() {
        server.book().submit(fact).await.context("declare the town")?;
    }
    Ok((server, keys))
}

/// What the book is told before anybody comes.
fn declared() -> Vec<Fact> {
    let policy = Policy { device_silence: SILENCE, ..Policy::default() };
    let mut facts = vec![
        Fact::BookOpened(BookOpened { book: "Lantern Street".into(), time_zone: ZONE.into() }),
        Fact::PolicyActivated(PolicyActivated { policy, by: "the demo".into() }),
    ];
    for house in [House::Tea, House::Kite] {
        for channel in [Channel::Wechat, Channel::Alipay] {
            let id = wallet(house, channel);
            let qr = match channel {
                Channel::Alipay => format!("https://qr.alipay.com/{id}"),
                _ => format!("wxp://f2f0{id}"),
            };
            let (qr, fixed) = (Some(qr), Vec::new());
            facts.push(Fact::WalletDeclared(Wallet { id, channel, qr, fixed, enabled: true }));
        }
    }
    let (wechat, alipay) = (Channel::Wechat, Channel::Alipay);
    let tea = vec![wallet(House::Tea, wechat), wallet(House::Tea, alipay)];
    let (stall, desk) = (wallet(House::Kite, wechat), wallet(House::Kite, alipay));
    let watches =
        [(COUNTER, tea.clone()), (STALL, vec![stall.clone()]), (DESK, vec![desk.clone()])];
    facts.extend(watches.map(|(id, wallets)| {
        Fact::DeviceDeclared(Device { id: name::<DeviceId>(id), wallets, enabled: true })
    }));
    let houses = [
        (TEA, "Lantern Tea House", tea, true),
        (KITE, "Paper Kite Studio", vec![stall, desk], false),
    ];
    facts.extend(houses.map(|(id, title, wallets, default)| {
        Fact::MerchantDeclared(Merchant {
            id: name::<MerchantId>(id),
            name: title.into(),
            notify_url: None,
            wallets,
            default,
            strict: false,
            enabled: true,
        })
    }));
    facts
}
