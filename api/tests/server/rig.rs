//! A server to test: its log, its clock, its keys, and a merchant, two wallets and a phone in its
//! book.
//!
//! Invariant: what is declared is declared through the server's own writer, as the program does it.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use duizhang_api::accept::Limits;
use duizhang_api::clock::{Clock, ManualClock};
use duizhang_api::dialects::{Codepay, Dialect, Epay, Vmq, every_dialect};
use duizhang_api::opening;
use duizhang_api::outbound::{FixedResolver, Outbound, Policy, Timeouts};
use duizhang_api::secrets::{OperatorName, Secret, SecretOf, SecretStore};
use duizhang_api::server::{Parts, Server};
use duizhang_api::youzan::Shop;
use duizhang_core::channel::Channel;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{BookOpened, Device, Fact, Merchant, Wallet};
use duizhang_core::id::{DeviceId, MerchantId, OrderId, WalletId};
use duizhang_core::order;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;
use duizhang_eventlog::disk::SimulatedDisk;
use duizhang_eventlog::{EventLog, MEMORY_SEGMENT_BYTES, MemoryLog, history};
use duizhang_listener_bridge::every_source::every_source;
use duizhang_listener_bridge::rules::Rules;
use duizhang_listener_bridge::wire::{encode_component, md5_hex};
use duizhang_projections::calendar::Zone;
use duizhang_projections::orders::OrderView;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::wire::{Answer, get, post_json};

/// 2026-11-21 00:00 UTC.
pub(crate) const MORNING: Timestamp = Timestamp::from_secs(1_795_219_200);
/// The phone's time at [`MORNING`].
pub(crate) const T: u64 = 1_795_219_200_000;
pub(crate) const MERCHANT_KEY: &str = "merchant-key-0001";
pub(crate) const DEVICE_KEY: &str = "device-key-0001";
pub(crate) const CLIENT_SECRET: &str = "client-secret-0001";
/// Of a second shop on Youzan.
pub(crate) const SLOW_SECRET: &str = "client-secret-0002";
pub(crate) const TOKEN: &str = "native-token-0001-of-shop";
pub(crate) const OPERATOR_TOKEN: &str = "operator-token-0001-of-admin";
/// Of a second operator, `auditor`.
pub(crate) const SECOND_TOKEN: &str = "operator-token-0002-of-auditor";
pub(crate) const WEBHOOK: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// How long a condition may take to come before the test is given up. It decides no test.
const GUARD: Duration = Duration::from_secs(60);
/// Longer than any test waits, so that no attempt ends by the real clock.
const LONG: Duration = Duration::from_secs(300);

/// Waits for a condition that must come.
pub(crate) async fn guarded<T>(what: &str, condition: impl Future<Output = T>) -> T {
    match tokio::time::timeout(GUARD, condition).await {
        Ok(value) => value,
        Err(_) => panic!("waited {GUARD:?} for {what}, and it never came"),
    }
}

/// What a server is started with.
pub(crate) struct Setting {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: ManualClock,
    pub(crate) dir: TempDir,
    pub(crate) resolver: Arc<FixedResolver>,
    pub(crate) allow_private: bool,
    pub(crate) limits: Limits,
    /// Shops on Youzan, whose platform the test plays.
    pub(crate) shops: Vec<Shop>,
    /// What speaks codepay, with the settings of its shops.
    pub(crate) codepay: Codepay,
    /// The protocols of merchants that do not speak all of them.
    pub(crate) spoken: BTreeMap<MerchantId, Vec<order::Dialect>>,
    /// What speaks V免签.
    pub(crate) vmq: fn() -> Box<dyn Dialect>,
}

pub(crate) fn memory_log(disk: &SimulatedDisk) -> Arc<dyn EventLog> {
    Arc::new(MemoryLog::open(disk, MEMORY_SEGMENT_BYTES).expect("the disk is healthy"))
}

impl Setting {
    pub(crate) fn new() -> Self {
        Self::on(memory_log(&SimulatedDisk::new()))
    }

    pub(crate) fn on(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            clock: ManualClock::new(MORNING, 1),
            dir: tempfile::tempdir().expect("a folder"),
            resolver: Arc::new(FixedResolver::default()),
            allow_private: true,
            limits: Limits::default(),
            shops: Vec::new(),
            codepay: Codepay::default(),
            spoken: BTreeMap::new(),
            vmq: || Box::new(Vmq),
        }
    }

    /// Starts the server and declares what the tests need, where the book does not have it yet.
    pub(crate) async fn start(self) -> Rig {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let secrets = open_secrets(&self.dir, &*clock);
        let (state, views) = opening::fold(&self.log, &mut |_| {}).expect("the log is readable");
        let new = !state.is_open();
        let policy = Policy { allow_private: self.allow_private, ..Policy::default() };
        let timeouts = Timeouts { resolve: LONG, connect: LONG, tls: LONG, whole: LONG };
        let outbound = Outbound::new(policy, self.resolver.clone(), timeouts);
        let mut dialects = every_dialect(Epay::default(), self.codepay.clone());
        for (name, dialect) in &mut dialects {
            if *name == order::Dialect::Vmq {
                *dialect = (self.vmq)();
            }
        }
        let server = Server::start(Parts {
            log: Arc::clone(&self.log),
            state,
            views,
            clock,
            secrets: Arc::new(secrets),
            dialects,
            spoken: self.spoken.clone(),
            sources: every_source(&Rules::default()),
            youzan: self.shops.clone(),
            outbound: Arc::new(outbound),
            listener: TcpListener::bind((HERE, 0)).await.expect("loopback"),
            limits: self.limits,
            public_url: None,
            zone: Zone::new("Asia/Shanghai").expect("a zone"),
        })
        .expect("the server starts");
        let rig = Rig { at: server.address(), server, setting: self };
        if new {
            for fact in declarations() {
                rig.server.book().submit(fact).await.expect("a declaration is taken");
            }
        }
        rig
    }
}

fn open_secrets(dir: &TempDir, clock: &dyn Clock) -> SecretStore {
    if let Ok(there) = SecretStore::open(dir.path(), None) {
        return there;
    }
    let store = SecretStore::create(dir.path(), None, clock).expect("a new store");
    let shop = || MerchantId::new("1001").expect("a name");
    let phone = DeviceId::new("phone-1").expect("a name");
    let secret = |text: &str| Secret::new(text.as_bytes());
    let secrets = [
        (SecretOf::MerchantKey(shop()), secret(MERCHANT_KEY)),
        (SecretOf::NativeToken(shop()), secret(TOKEN)),
        (SecretOf::WebhookSecret(shop()), secret(WEBHOOK)),
        (SecretOf::DeviceKey(phone), secret(DEVICE_KEY)),
        (SecretOf::YouzanSecret(WalletId::new("yz-main").expect("a name")), secret(CLIENT_SECRET)),
        (SecretOf::YouzanSecret(WalletId::new("yz-slow").expect("a name")), secret(SLOW_SECRET)),
        (
            SecretOf::OperatorToken(OperatorName::new("admin").expect("a name")),
            secret(OPERATOR_TOKEN),
        ),
        (
            SecretOf::OperatorToken(OperatorName::new("auditor").expect("a name")),
            secret(SECOND_TOKEN),
        ),
    ];
    store.set_all(&secrets, clock).expect("the secrets are sound");
    store
}

fn declarations() -> Vec<Fact> {
    let wallets = wallets();
    let wallet = |id: &WalletId, channel, qr: &str| {
        Fact::WalletDeclared(Wallet {
            id: id.clone(),
            channel,
            qr: Some(qr.into()),
            fixed: Vec::new(),
            enabled: true,
        })
    };
    vec![
        Fact::BookOpened(BookOpened { book: "test".into(), time_zone: "Asia/Shanghai".into() }),
        wallet(&wallets[0], Channel::Wechat, "wxp://f2f0example"),
        wallet(&wallets[1], Channel::Alipay, "https://qr.alipay.com/example"),
        Fact::DeviceDeclared(Device {
            id: DeviceId::new("phone-1").expect("a name"),
            wallets,
            enabled: true,
        }),
        Fact::MerchantDeclared(merchant()),
    ]
}

/// The shop as it is declared.
pub(crate) fn merchant() -> Merchant {
    Merchant {
        id: MerchantId::new("1001").expect("a name"),
        name: "Shop".into(),
        notify_url: None,
        wallets: wallets(),
        default: true,
        strict: false,
        enabled: true,
    }
}

fn wallets() -> Vec<WalletId> {
    ["wx-main", "ali-main"].map(|text| WalletId::new(text).expect("a name")).into()
}

/// A running server.
pub(crate) struct Rig {
    pub(crate) at: SocketAddr,
    pub(crate) server: Server,
    setting: Setting,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Setting::new().start().await
    }

    pub(crate) fn clock(&self) -> &ManualClock {
        &self.setting.clock
    }

    /// The time in milliseconds, as a phone with a right clock tells it.
    pub(crate) fn millis(&self) -> u64 {
        u64::try_from(self.clock().now().millis()).expect("after 1970")
    }

    pub(crate) fn resolver(&self) -> &FixedResolver {
        &self.setting.resolver
    }

    /// Creates an order by V免签 and returns its id and the amount to pay.
    pub(crate) async fn order(&self, number: &str, price: &str, notify: &str) -> (OrderId, String) {
        let sign = md5_hex(&[format!("{number}1{price}{MERCHANT_KEY}").as_bytes()]);
        let notify = encode_component(notify);
        let path = format!(
            "/createOrder?payId={number}&type=1&price={price}&notifyUrl={notify}&sign={sign}"
        );
        let answer = get(self.at, &path).await;
        let data = &answer.json()["data"];
        let id = data["orderId"].as_str().unwrap_or_else(|| panic!("{}", answer.text()));
        (id.parse().expect("an order's id"), data["reallyPrice"].to_string())
    }

    /// Creates an order by the native API.
    pub(crate) async fn native(&self, number: &str, amount: &str, notify: &str) -> Answer {
        let body = serde_json::json!({
            "number": number, "amount": amount, "channels": ["wechat"], "notify_url": notify
        });
        post_json(self.at, "/v1/orders", TOKEN, &body.to_string()).await
    }

    /// Pushes money as the phone does.
    pub(crate) async fn push(&self, price: &str, t: u64) -> Answer {
        get(self.at, &push_path(price, t)).await
    }

    pub(crate) async fn heartbeat(&self, t: u64) -> Answer {
        let sign = md5_hex(&[t.to_string().as_bytes(), DEVICE_KEY.as_bytes()]);
        get(self.at, &format!("/appHeart?t={t}&sign={sign}")).await
    }

    pub(crate) fn seen(&self, order: OrderId) -> OrderView {
        self.server.book().order(order).expect("readable").expect("the order is there")
    }

    /// Waits until the book, looked at after each group, is as it should be.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut head = self.server.book().head();
        let looking = async {
            loop {
                head.borrow_and_update();
                if holds(self) {
                    return;
                }
                head.changed().await.expect("the server runs");
            }
        };
        guarded(what, looking).await;
    }

    /// Everything in the log that fits.
    pub(crate) fn chapters(&self, fits: impl Fn(&Chapter) -> bool) -> Vec<Chapter> {
        chapters_of(self.server.book().log(), fits)
    }

    /// Stops the server in order; the log is closed.
    pub(crate) async fn stop(self) -> Setting {
        let served = guarded("the server to stop", self.server.stop()).await;
        served.expect("it stops well");
        self.setting
    }

    pub(crate) fn into_parts(self) -> (Server, Setting) {
        (self.server, self.setting)
    }
}

pub(crate) fn chapters_of(log: &dyn EventLog, fits: impl Fn(&Chapter) -> bool) -> Vec<Chapter> {
    let mut found = Vec::new();
    let end = log.head().position;
    history::chapters(log, Position::new(1), end, &mut |chapter| {
        if fits(&chapter) {
            found.push(chapter);
        }
        std::ops::ControlFlow::Continue(())
    })
    .expect("the log is readable");
    found
}

/// The path of a signed push.
pub(crate) fn push_path(price: &str, t: u64) -> String {
    let sign = md5_hex(&[format!("1{price}{t}{DEVICE_KEY}").as_bytes()]);
    format!("/appPush?type=1&price={price}&t={t}&sign={sign}")
}
