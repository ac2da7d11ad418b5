//! The accept loop: a router on a listener, with limits that `axum::serve` does not have.
//!
//! Invariants: one task per connection and none per request; a connection beyond the limits is told
//! 503 and closed, never queued; after a shutdown begins nothing new is accepted, what is in flight
//! may end until the drain limit, and the rest is cut and counted.
//! Deliberately not here: TLS and HTTP/2 (a proxy in front speaks them), routes, body sizes, access
//! logs.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tower::Service;

use super::admission::{Admission, Place};
use super::limits::{BUFFER_BYTES_MAX, Limits};
use super::patience::Patience;
use super::phase::{AnswerBody, AskedBody, Looks, Overdue, Phase, Watch, Wire};
use super::rate::Rates;

/// The pause after the system refused to accept, most often for want of file descriptors, which
/// only an ending connection gives back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often the buckets of the rates leak.
const RATE_SECOND: Duration = Duration::from_secs(1);

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";

/// Live counts of one acceptor, for the metrics.
#[derive(Debug, Default)]
pub struct Traffic {
    admission: Arc<Admission>,
    accepted: AtomicU64,
    refused: AtomicU64,
    hurried: AtomicU64,
    idle: AtomicU64,
    head: AtomicU64,
    body: AtomicU64,
    write: AtomicU64,
}

impl Traffic {
    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.admission.count()
    }

    /// Connections that were served, so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Connections that were turned away because there were too many, so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Connections that were closed because a limit of time had passed, so far.
    #[must_use]
    pub fn overdue(&self) -> u64 {
        let phases = [Overdue::Idle, Overdue::Head, Overdue::Body, Overdue::Write];
        let counts = phases.map(|what| self.overdue_count(what).load(Ordering::Relaxed));
        counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Connections and requests that were turned away because their address came too often.
    #[must_use]
    pub fn hurried(&self) -> u64 {
        self.hurried.load(Ordering::Relaxed)
    }

    /// Every count with its word, for the metrics.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); 7] {
        let overdue =
            |what: Overdue| (what.word(), self.overdue_count(what).load(Ordering::Relaxed));
        [
            ("accepted", self.accepted()),
            ("refused", self.refused()),
            ("too_often", self.hurried()),
            overdue(Overdue::Idle),
            overdue(Overdue::Head),
            overdue(Overdue::Body),
            overdue(Overdue::Write),
        ]
    }

    const fn overdue_count(&self, what: Overdue) -> &AtomicU64 {
        match what {
            Overdue::Idle => &self.idle,
            Overdue::Head => &self.head,
            Overdue::Body => &self.body,
            Overdue::Write => &self.write,
        }
    }
}

/// What a finished acceptor has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Connections that were served.
    pub accepted: u64,
    /// Connections that were turned away.
    pub refused: u64,
    /// Connections that were closed because a limit of time had passed.
    pub overdue: u64,
    /// Connections that were still at work when the drain limit passed.
    pub cut: u64,
}

/// A listener with its limits.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    limits: Limits,
    traffic: Arc<Traffic>,
}

impl Acceptor {
    /// Takes a listener that is already bound.
    #[must_use]
    pub fn new(listener: TcpListener, limits: Limits) -> Self {
        Self { listener, limits, traffic: Arc::new(Traffic::default()) }
    }

    /// The live counts; they outlive the acceptor.
    #[must_use]
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` resolves and what was in flight then has ended or was cut.
    ///
    /// Handlers find the client's address as `ConnectInfo<SocketAddr>`, and [`Patience`] for long
    /// bodies.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>) -> Served {
        let Self { listener, limits, traffic } = self;
        let (stop, stopped) = watch::channel(());
        let host = Host {
            router: router.with_state(()),
            http: http(&limits),
            limits,
            traffic: Arc::clone(&traffic),
            rates: Arc::new(Rates::default()),
        };
        let mut seconds = tokio::time::interval(RATE_SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_ended) = tasks.join_next() => {}
                _ = seconds.tick() => host.rates.leak(&limits),
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        if !host.rates.take(peer.ip(), &limits) {
                            traffic.hurried.fetch_add(1, Ordering::Relaxed);
                            turn_away(stream);
                        } else if let Some(place) = traffic.admission.admit(peer.ip(), &limits) {
                            traffic.accepted.fetch_add(1, Ordering::Relaxed);
                            let stopped = stopped.clone();
                            tasks.spawn(host.clone().converse(stream, peer, place, stopped));
                        } else {
                            traffic.refused.fetch_add(1, Ordering::Relaxed);
                            turn_away(stream);
                        }
                    }
                    Err(error) => {
                        if !is_of_the_client(&error) {
                            tracing::error!(%error, "accept a connection");
                            tokio::time::sleep(ACCEPT_PAUSE).await;
                        }
                    }
                },
            }
        }
        drop(listener);
        drop(stopped);
        stop.send_replace(());
        let cut = drain(&mut tasks, limits.drain).await;
        Served {
            accepted: traffic.accepted(),
            refused: traffic.refused(),
            overdue: traffic.overdue(),
            cut,
        }
    }
}

/// The number of headers is not set here: hyper answers 431 beyond 100 of them by itself, and
/// setting any number moves them to the heap for each request.
fn http(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.header_read_timeout(None)
        .half_close(false)
        .pipeline_flush(false)
        .max_header_size(limits.head_bytes_max)
        .max_buf_size(BUFFER_BYTES_MAX);
    http
}

/// Errors of one connection that ended before it was accepted say nothing about the next.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Tells the client why, as far as one write without waiting can.
fn turn_away(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        // The client may be gone already, and nobody is owed this answer.
        let _written = stream.write(REFUSAL);
    }
}

async fn drain(tasks: &mut JoinSet<()>, limit: Duration) -> u64 {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(limit, all).await.is_ok() {
        return 0;
    }
    let cut = u64::try_from(tasks.len()).unwrap_or(u64::MAX);
    tasks.shutdown().await;
    cut
}

/// What each connection needs of the acceptor.
#[derive(Clone)]
struct Host {
    router: Router,
    http: http1::Builder,
    limits: Limits,
    traffic: Arc<Traffic>,
    rates: Arc<Rates>,
}

impl Host {
    async fn converse(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        place: Place,
        mut stopped: watch::Receiver<()>,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, %peer, "set TCP_NODELAY");
        }
        let watch = Arc::new(Watch::default());
        let wire = TokioIo::new(Wire { _place: place, stream, watch: Arc::clone(&watch) });
        let answer = |request| self.answer(request, peer, Arc::clone(&watch));
        let mut connection = pin!(self.http.serve_connection(wire, service_fn(answer)));
        let mut timer = tokio::time::interval(self.limits.look_every());
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = Looks::default();
        let mut stopping = false;
        loop {
            tokio::select! {
                biased;
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, %peer, "a connection ended early");
                    }
                    return;
                }
                _ = stopped.changed(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                _ = timer.tick() => {
                    if let Some(overdue) = looks.look(&watch, &self.limits) {
                        self.traffic.overdue_count(overdue).fetch_add(1, Ordering::Relaxed);
                        tracing::debug!(?overdue, %peer, "close a connection that took too long");
                        return;
                    }
                }
            }
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        watch: Arc<Watch>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let bare = request.body().is_end_stream();
        watch.enter(if bare { Phase::Handling } else { Phase::Body });
        let mut request = request.map(|inner| {
            let asked = || AskedBody { inner, watch: Arc::clone(&watch) };
            if bare { Body::empty() } else { Body::new(asked()) }
        });
        let response = if self.rates.take(peer.ip(), &self.limits) {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(Patience::new(Arc::clone(&watch)));
            let Ok(response) = self.router.clone().call(request).await;
            response
        } else {
            self.traffic.hurried.fetch_add(1, Ordering::Relaxed);
            too_often()
        };
        watch.enter(Phase::Answering);
        Ok(response.map(|inner| AnswerBody { inner, watch }))
    }
}

/// What an address that asks too often hears; its body is not read.
fn too_often() -> Response<Body> {
    let mut response = Response::new(Body::from("too many requests from this address\n"));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
