//! A running server: the book's writer, the HTTP front, the deliverer and the ticker, started and
//! stopped together.
//!
//! Invariants: stopping loses nothing: first no new connections, then requests in flight end,
//! attempts in flight are recorded, the queue drains, and only then the log closes.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use duizhang_core::fact::Fact;
use duizhang_core::id::MerchantId;
use duizhang_core::order;
use duizhang_core::state::State;
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::EventLog;
use duizhang_listener_bridge::source::Source;
use duizhang_projections::calendar::Zone;
use duizhang_projections::views::Views;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::accept::{Acceptor, Limits, Served};
use crate::app::App;
use crate::book::Book;
use crate::clock::Clock;
use crate::deliverer::deliver;
use crate::dialects::Dialect;
use crate::http::router;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::secrets::SecretStore;
use crate::writer::{Writer, WriterPanicked};
use crate::youzan::{self, Shop, Youzan};

/// How long the ticker waits after the writer took no tick.
const TICK_AGAIN: Span = Span::from_millis(200);

/// Everything that a server is made of.
pub struct Parts {
    /// The open log.
    pub log: Arc<dyn EventLog>,
    /// The log's state.
    pub state: State,
    /// The log's views.
    pub views: Views,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Keys and tokens.
    pub secrets: Arc<SecretStore>,
    /// Merchant-side protocols.
    pub dialects: Vec<(order::Dialect, Box<dyn Dialect>)>,
    /// Evidence-side protocols.
    pub sources: Vec<Box<dyn Source + Send + Sync>>,
    /// The protocols of those merchants that do not speak all of them.
    pub spoken: BTreeMap<MerchantId, Vec<order::Dialect>>,
    /// The HTTP client for callbacks.
    pub outbound: Arc<Outbound>,
    /// The Youzan shops that make codes for us.
    pub youzan: Vec<Shop>,
    /// Where to listen.
    pub listener: TcpListener,
    /// The limits of connections.
    pub limits: Limits,
    /// The address under which payers and merchants reach us; `None` takes the one we listen on.
    pub public_url: Option<String>,
    /// The zone of business days.
    pub zone: Zone,
}

/// Why a server did not stop well.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// A task of the server panicked.
    #[error("a task of the server stopped on a failed assertion")]
    Task(#[from] tokio::task::JoinError),
    /// The writer panicked.
    #[error(transparent)]
    Writer(#[from] WriterPanicked),
    /// The log could not be closed; what was acknowledged is in it all the same.
    #[error("closing the log")]
    Log(#[from] duizhang_eventlog::Error),
    /// The log failed while the server ran.
    #[error("the log failed; what was answered is in it, open it again to recover")]
    LogFailed,
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    book: Book,
    app: Arc<App>,
    log: Arc<dyn EventLog>,
    writer: Writer,
    closing: watch::Sender<bool>,
    front: JoinHandle<Served>,
    deliverer: JoinHandle<()>,
    ticker: JoinHandle<()>,
    fetcher: JoinHandle<()>,
}

impl Server {
    /// Starts everything.
    ///
    /// # Errors
    /// Where the listener has no address, or a thread cannot be started.
    pub fn start(parts: Parts) -> io::Result<Self> {
        Self::start_beside(parts, |_| Router::new())
    }

    /// As [`Server::start`], with routes that the program adds to those of every server.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_beside(
        parts: Parts,
        beside: impl FnOnce(&Arc<App>) -> Router,
    ) -> io::Result<Self> {
        let address = parts.listener.local_addr()?;
        let metrics = Arc::new(Metrics::new());
        let (book, writer) = Writer::start(
            Arc::clone(&parts.log),
            parts.state,
            parts.views,
            Arc::clone(&parts.clock),
            Arc::clone(&metrics),
        )?;
        let acceptor = Acceptor::new(parts.listener, parts.limits);
        let public_url = parts.public_url.unwrap_or_else(|| format!("http://{address}"));
        let app = Arc::new(App {
            book: book.clone(),
            clock: parts.clock,
            secrets: parts.secrets,
            dialects: parts.dialects,
            sources: parts.sources,
            spoken: parts.spoken,
            outbound: parts.outbound,
            traffic: acceptor.traffic(),
            youzan: Youzan::new(parts.youzan),
            metrics,
            public_url: public_url.trim_end_matches('/').to_owned(),
            zone: parts.zone,
        });
        let (closing, closed) = watch::channel(false);
        let front = {
            let routes = router(Arc::clone(&app), closed.clone()).merge(beside(&app));
            let mut closed = closed.clone();
            tokio::spawn(acceptor.serve(routes, async move {
                // A closed channel means that the server was dropped, which closes it just as well.
                let _ = closed.wait_for(|closing| *closing).await;
            }))
        };
        let deliverer = tokio::spawn(deliver(Arc::clone(&app), closed.clone()));
        let fetcher = tokio::spawn(youzan::fetch(Arc::clone(&app), closed.clone()));
        let ticker = tokio::spawn(tick(Arc::clone(&app), closed));
        let log = parts.log;
        Ok(Self { address, book, app, log, writer, closing, front, deliverer, ticker, fetcher })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its book.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// What its handlers share.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Waits until the log fails.
    pub async fn failed(&self) {
        let mut head = self.book.head();
        while !self.book.has_failed() {
            if head.changed().await.is_err() {
                return;
            }
        }
    }

    /// Stops everything in order and closes the log.
    ///
    /// # Errors
    /// [`StopError`]; what was acknowledged is in the log in every case.
    pub async fn stop(self) -> Result<Served, StopError> {
        self.closing.send_replace(true);
        let served = self.front.await?;
        self.deliverer.await?;
        self.ticker.await?;
        self.fetcher.await?;
        let failed = self.book.has_failed();
        let (writer, log) = (self.writer, self.log);
        drop((self.book, self.app));
        tokio::task::spawn_blocking(move || -> Result<(), StopError> {
            writer.join()?;
            Ok(log.close()?)
        })
        .await??;
        if failed { Err(StopError::LogFailed) } else { Ok(served) }
    }
}

/// Submits a tick whenever something is due, so that orders expire while nobody asks.
async fn tick(app: Arc<App>, mut closing: watch::Receiver<bool>) {
    let mut next_due = app.book.next_due();
    while !*closing.borrow() {
        let due = *next_due.borrow_and_update();
        let at = due.unwrap_or(Timestamp::MAX);
        tokio::select! {
            changed = next_due.changed() => if changed.is_err() { return },
            changed = closing.changed() => if changed.is_err() { return },
            () = app.clock.sleep_until(at) => {
                // A tick with nothing due any more is a repeat. A full queue ticks by itself, and a
                // book that failed never will; either is asked again later.
                if app.book.submit(Fact::ClockTicked).await.is_err() {
                    let later = app.clock.now().plus(TICK_AGAIN);
                    app.clock.sleep_until(later).await;
                }
            }
        }
    }
}
