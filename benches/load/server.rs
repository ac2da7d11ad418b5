//! The two servers: the real one over sled on this disk, and a bare handler.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::routing::post;
use duizhang_api::accept::{Acceptor, Limits};
use duizhang_api::clock::{Clock, SystemClock};
use duizhang_api::dialects::Native;
use duizhang_api::opening;
use duizhang_api::outbound::{Outbound, Policy as CallPolicy, SystemResolver, Timeouts};
use duizhang_api::secrets::{Secret, SecretOf, SecretStore};
use duizhang_api::server::{Parts, Server};
use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::decide::{Ruling, decide};
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Fact, Merchant, OrderRequested, PolicyActivated, Wallet};
use duizhang_core::id::{MerchantId, OrderId, WalletId};
use duizhang_core::order::Dialect;
use duizhang_core::policy::Policy;
use duizhang_core::state::State;
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::{EventLog, Group, LogConfig, SledLog, history};
use duizhang_projections::calendar::Zone;
use tokio::net::TcpListener;

use crate::client::Job;

const TOKEN: &str = "bench-native-token-0001";
/// Orders of history in one group.
const HISTORY_GROUP: usize = 512;

/// Both servers, running.
pub(crate) struct Stage {
    runtime: tokio::runtime::Runtime,
    server: Server,
    bare: SocketAddr,
    numbers: Arc<AtomicU64>,
    _directory: tempfile::TempDir,
}

impl Stage {
    /// Starts both servers over a book with so many expired orders.
    pub(crate) fn set(history: u64) -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let path = directory.path();
        let clock = SystemClock::new();
        let log = SledLog::open(path, LogConfig::default()).expect("opens").0;
        let log: Arc<dyn EventLog> = Arc::new(log);
        fill(&*log, &clock, history);
        let (state, views) = opening::fold(&log, &mut |_| {}).expect("folds");
        let secrets = SecretStore::create(path, None, &clock).expect("creates");
        let token = SecretOf::NativeToken(merchant());
        secrets.set(&token, &Secret::new(TOKEN), &clock).expect("sets");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let _inside = runtime.enter();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("binds");
        let outbound =
            Outbound::new(CallPolicy::default(), Arc::new(SystemResolver), Timeouts::default());
        let server = Server::start(Parts {
            log,
            state,
            views,
            clock: Arc::new(clock),
            secrets: Arc::new(secrets),
            dialects: vec![(Dialect::Native, Box::new(Native))],
            spoken: Default::default(),
            sources: Vec::new(),
            youzan: Vec::new(),
            outbound: Arc::new(outbound),
            listener,
            limits: Limits::default(),
            public_url: None,
            zone: Zone::new("Asia/Shanghai").expect("a zone"),
        });
        let bare = runtime.block_on(bare());
        let numbers = Arc::new(AtomicU64::new(history + 1));
        let server = server.expect("starts");
        drop(_inside);
        Self { runtime, server, bare, numbers, _directory: directory }
    }

    pub(crate) fn bare_job(&self) -> Job {
        let numbers = Arc::clone(&self.numbers);
        Job { address: self.bare, write, numbers, status: b"HTTP/1.1 201 " }
    }

    pub(crate) fn order_job(&self) -> Job {
        Job { address: self.server.address(), ..self.bare_job() }
    }

    pub(crate) fn orders(&self) -> usize {
        self.server.book().views().orders.len()
    }

    /// Stops everything.
    pub(crate) fn strike(self) {
        self.runtime.block_on(self.server.stop()).expect("stops");
    }
}

fn merchant() -> MerchantId {
    MerchantId::new("1001").expect("a name")
}

/// The amount of the order with this number: spread over ten million prices, so that neighbours are
/// rarely taken.
fn fen(number: u64) -> u64 {
    100 + number.wrapping_mul(7_919) % 1_000_000_000
}

fn write(number: u64, request: &mut Vec<u8>) {
    use std::io::Write;
    let fen = fen(number);
    let (yuan, cents) = (fen / 100, fen % 100);
    let body = format!(
        "{{\"number\":\"N{number}\",\"amount\":\"{yuan}.{cents:02}\",\"currency\":\"CNY\"}}"
    );
    let length = body.len();
    write!(
        request,
        "POST /v1/orders HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .expect("a vector takes all");
}

/// A handler that answers at once with a body of the same size.
async fn bare() -> SocketAddr {
    const BODY: &str = include_str!("answer.json");
    let json = [("content-type", "application/json")];
    let created = axum::http::StatusCode::CREATED;
    let routes =
        Router::new().route("/v1/orders", post(move || async move { (created, json, BODY) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let acceptor = Acceptor::new(listener, Limits::default());
    let address = acceptor.local_addr().expect("an address");
    tokio::spawn(acceptor.serve(routes, std::future::pending()));
    address
}

/// Writes the declarations, and orders that were asked for and expired long ago.
fn fill(log: &dyn EventLog, clock: &SystemClock, orders: u64) {
    let mut state = State::new();
    let mut now = clock.now().minus(Span::from_hours(48));
    let mut group = Group::new(now);
    let wallet = WalletId::new("wx-main").expect("a name");
    let mut facts = vec![
        Fact::PolicyActivated(PolicyActivated { policy: policy(), by: "bench".into() }),
        Fact::WalletDeclared(Wallet {
            id: wallet.clone(),
            channel: Channel::Wechat,
            qr: Some("wxp://f2f0example".into()),
            fixed: Vec::new(),
            enabled: true,
        }),
        Fact::MerchantDeclared(Merchant {
            id: merchant(),
            name: "Shop".into(),
            notify_url: None,
            wallets: vec![wallet],
            default: true,
            strict: false,
            enabled: true,
        }),
    ];
    for number in 0..orders {
        facts.push(Fact::OrderRequested(requested(number, clock)));
        if facts.len() >= HISTORY_GROUP || number + 1 == orders {
            record(log, &mut state, &mut group, now, std::mem::take(&mut facts));
            now = now.plus(Span::from_millis(50));
        }
    }
    record(log, &mut state, &mut group, now, facts);
    // Everything expires and is released, as it has in any book two days later.
    for minutes in [10, 30] {
        now = now.plus(Span::from_mins(minutes));
        while state.next_due().is_some_and(|due| due <= now) {
            record(log, &mut state, &mut group, now, vec![Fact::ClockTicked]);
        }
    }
}

fn policy() -> Policy {
    Policy { open_orders_max: u32::MAX, ..Policy::default() }
}

fn requested(number: u64, clock: &SystemClock) -> OrderRequested {
    OrderRequested {
        order: OrderId::from_bits(clock.draw()),
        merchant: merchant(),
        number: format!("N{number}"),
        requested: Amount::fen(i64::try_from(fen(number)).expect("small")),
        channels: Vec::new(),
        dialect: Dialect::Native,
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: None,
        attachment: None,
        echo: None,
        idempotency: None,
    }
}

fn record(
    log: &dyn EventLog,
    state: &mut State,
    group: &mut Group,
    at: Timestamp,
    facts: Vec<Fact>,
) {
    group.restart(at);
    for fact in facts {
        let Ok(Ruling::Decided(decisions)) = decide(state, at, &fact) else {
            panic!("history is decided: {fact:?}")
        };
        let position = state.position().next();
        state.evolve(position, at, &fact, &decisions);
        let chapter = Chapter { position, at, fact, decisions };
        history::write(&chapter, group).expect("fits");
    }
    if !group.is_empty() {
        log.append(group).expect("appends");
    }
}

/// Resident memory of this process, as the system tells it.
pub(crate) fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("VmRSS: unknown");
    line.trim_start_matches("VmRSS:").trim().to_owned()
}
