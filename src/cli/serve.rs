//! `serve`: the server, from opening to the last signal.
//!
//! Invariants: the listener is bound before a book is made, so that a first run that cannot serve
//! leaves no secrets that nobody saw; what the configuration declares is in the log before anybody
//! is served.
//! Deliberately not here: what is served.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use duizhang_api::accept::{Limits, Rate};
use duizhang_api::dialects::every_dialect;
use duizhang_api::server::{Parts, Server, StopError};
use duizhang_core::time::Span;
use duizhang_eventlog::Error as LogError;
use duizhang_listener_bridge::every_source::every_source;
use serde_json::json;
use tokio::net::TcpListener;

use super::first_run;
use super::output::{Bar, line};
use super::program::{CANNOT_RUN, Setting};
use super::signals::Signals;
use crate::compose::{self, Absent, OpenBook};
use crate::config::Config;
use crate::finance;
use crate::review::{self, Form};
use crate::weak_keys;

/// How long orders can still be read after the log failed.
const READS_AFTER_FAILURE: Span = Span::from_secs(5);

pub(super) fn run(setting: &Setting) -> anyhow::Result<ExitCode> {
    let config = setting.config()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    let ended = runtime.block_on(serve(setting, config));
    // A review may be at work for somebody who does not wait any more. It only reads.
    runtime.shutdown_background();
    ended
}

async fn serve(setting: &Setting, config: Config) -> anyhow::Result<ExitCode> {
    // From here on a signal waits until the server can stop in order.
    let mut signals = Signals::new()?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("listen on {}", config.server.listen))?;
    let address = listener.local_addr().context("ask for the address listened on")?;
    let book = open(&config).await?;
    let (book, keys) = prepare(book, &config).await?;
    let clock = book.clock.clone();
    let url = config.server.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let parts = parts(book, &config, listener, address)?;
    let data = config.server.data.clone();
    let routes = |app: &std::sync::Arc<_>| {
        review::routes(app, data.clone()).merge(finance::routes(app, data))
    };
    let server = Server::start_beside(parts, routes).context("start the server")?;
    announce(setting.form, &url, address, keys.as_ref())?;
    tokio::select! {
        name = signals.next() => tracing::info!("{name}: stopping"),
        () = server.failed() => {
            tracing::error!("the log has failed; orders can be read for a few seconds more");
            let until = clock.now().plus(READS_AFTER_FAILURE);
            tokio::select! {
                () = clock.sleep_until(until) => {}
                name = signals.next() => tracing::info!("{name}: stopping"),
            }
        }
    }
    tokio::select! {
        biased;
        stopped = server.stop() => end(stopped),
        name = signals.next() => {
            tracing::warn!("{name} again: stopping at once; what was answered is in the log");
            Ok(ExitCode::from(CANNOT_RUN))
        }
    }
}

async fn open(config: &Config) -> anyhow::Result<OpenBook> {
    let data = config.server.data.clone();
    let opening = tokio::task::spawn_blocking(move || {
        let mut bar = Bar::default();
        OpenBook::open(&data, Absent::Make, &mut |what, at, end| bar.show(what, at, end))
    });
    let data = config.server.data.display();
    opening.await.context("open the book")?.map_err(|error| {
        match error.downcast_ref::<LogError>() {
            Some(LogError::InUse { .. }) => {
                anyhow::anyhow!("the data directory {data} is in use by another process")
            }
            _ => error,
        }
    })
}

/// Declares what is configured; a new book without configuration gets a sandbox, whose keys are
/// returned to be shown once.
async fn prepare(
    mut book: OpenBook,
    config: &Config,
) -> anyhow::Result<(OpenBook, Option<first_run::Keys>)> {
    book.check_clock()?;
    let sandbox = book.is_new() && config.file.is_none() && config.declares_nothing();
    let moved = book.declare(config).await?;
    for of in moved {
        tracing::info!("moved into the secret store: {of}");
    }
    weak_keys::tell(&book);
    let keys = if sandbox { Some(first_run::make(&mut book).await?) } else { None };
    Ok((book, keys))
}

fn parts(
    book: OpenBook,
    config: &Config,
    listener: TcpListener,
    address: SocketAddr,
) -> anyhow::Result<Parts> {
    Ok(Parts {
        zone: book.zone()?,
        log: book.log,
        state: book.state,
        views: book.views,
        clock: book.clock,
        secrets: book.secrets,
        dialects: every_dialect(compose::epay(config), compose::codepay(config)),
        spoken: compose::spoken(config),
        sources: every_source(&compose::notice_rules(config)?),
        youzan: config.shops.iter().map(|one| one.shop.clone()).collect(),
        outbound: std::sync::Arc::new(compose::outbound(config, address)),
        listener,
        limits: Limits { rate: Rate::of(config.server.requests_per_second), ..Limits::default() },
        public_url: config.server.public_url.clone(),
    })
}

fn announce(
    form: Form,
    url: &str,
    address: SocketAddr,
    keys: Option<&first_run::Keys>,
) -> anyhow::Result<()> {
    match form {
        Form::Text => {
            if let Some(keys) = keys {
                line(&keys.text(url))?;
            }
            line(&format!("listening on http://{address}"))
        }
        Form::Json => {
            let sandbox = keys.map(first_run::Keys::json);
            line(
                &json!({ "listening": format!("http://{address}"), "sandbox": sandbox })
                    .to_string(),
            )
        }
    }
}

fn end(stopped: Result<duizhang_api::accept::Served, StopError>) -> anyhow::Result<ExitCode> {
    let served = stopped.context("stop the server")?;
    tracing::info!(connections = served.accepted, cut = served.cut, "stopped");
    Ok(ExitCode::SUCCESS)
}
