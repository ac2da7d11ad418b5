//! `bridge`: the relay near the phones, from the configuration to the exit code.
//!
//! Invariants: the line that says it is ready comes when pushes are taken; on a signal what is in
//! flight ends, and what waits stays on disk for the next run.
//! Deliberately not here: how pushes are kept and forwarded ([`crate::bridge`]).

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use duizhang_api::accept::{Acceptor, Limits};
use duizhang_api::clock::{Clock, SystemClock};
use duizhang_api::outbound::{Outbound, Policy, SystemResolver, Timeouts};
use duizhang_listener_bridge::every_source::every_source;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::arguments::BridgeArguments;
use super::output::line;
use super::program::Setting;
use super::signals::Signals;
use crate::bridge::{Store, forward, routes};
use crate::compose;
use crate::config::Config;
use crate::review::Form;

/// Where the relay's log lies in the data directory.
const FOLDER: &str = "bridge";

/// How long one batch may take: 256 deliveries, each with a sync of a slow disk.
const BATCH_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn run(setting: &Setting, arguments: BridgeArguments) -> anyhow::Result<ExitCode> {
    let config = setting.config()?;
    let upstream = config
        .bridge
        .upstream
        .clone()
        .context("bridge.upstream is not set: the relay needs the server's address")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(relay(setting.form, &config, upstream, arguments))
}

async fn relay(
    form: Form,
    config: &Config,
    upstream: String,
    arguments: BridgeArguments,
) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = Arc::new(open(config, Arc::clone(&clock), arguments).await?);
    let listener = TcpListener::bind(config.bridge.listen)
        .await
        .with_context(|| format!("listen on {}", config.bridge.listen))?;
    let address = listener.local_addr().context("ask for the address listened on")?;
    let (closing, closed) = watch::channel(false);
    let sources = every_source(&compose::notice_rules(config)?);
    let front = {
        let mut closed = closed.clone();
        let acceptor = Acceptor::new(listener, Limits::default());
        tokio::spawn(acceptor.serve(routes(Arc::clone(&store), sources), async move {
            // A closed channel means that this function has ended, which closes it just as well.
            let _ = closed.wait_for(|closing| *closing).await;
        }))
    };
    let mut forwarder =
        tokio::spawn(forward(Arc::clone(&store), outbound(), upstream.clone(), clock, closed));
    announce(form, &format!("http://{address}"), &upstream, *store.waiting().borrow())?;
    let failed = tokio::select! {
        name = signals.next() => {
            tracing::info!("{name}: stopping");
            None
        }
        ended = &mut forwarder => Some(ended),
    };
    closing.send_replace(true);
    front.await.context("stop listening")?;
    match failed {
        Some(ended) => ended.context("forward")??,
        None => forwarder.await.context("stop forwarding")??,
    }
    tokio::task::spawn_blocking(move || store.close()).await??;
    Ok(ExitCode::SUCCESS)
}

async fn open(
    config: &Config,
    clock: Arc<dyn Clock>,
    arguments: BridgeArguments,
) -> anyhow::Result<Store> {
    let folder = config.server.data.join(FOLDER);
    let opened = move || -> anyhow::Result<Store> {
        let store = Store::open(&folder, clock)?;
        if arguments.again {
            let recalled = store.recall()?;
            tracing::info!(recalled, "what the server refused is forwarded once more");
        }
        Ok(store)
    };
    tokio::task::spawn_blocking(opened).await?
}

/// The relay calls one address, which its operator has written down: it may be a private one.
fn outbound() -> Outbound {
    let policy = Policy { allow_private: true, ..Policy::default() };
    let timeouts = Timeouts { whole: BATCH_TIMEOUT, ..Timeouts::default() };
    Outbound::new(policy, Arc::new(SystemResolver), timeouts)
}

fn announce(form: Form, url: &str, upstream: &str, waiting: usize) -> anyhow::Result<()> {
    match form {
        Form::Text => {
            if waiting > 0 {
                line(&format!("{waiting} pushes of an earlier run wait to be forwarded"))?;
            }
            line(&format!("forwarding to {upstream}"))?;
            line(&format!("listening on {url}"))
        }
        Form::Json => {
            let ready = json!({ "listening": url, "upstream": upstream, "waiting": waiting });
            line(&ready.to_string())
        }
    }
}
