//! The accept loop against clients that misbehave, over real sockets on loopback.
//!
//! A test waits for the event itself (the close, the answer, the end of the loop). The limit under
//! test is a few milliseconds and every other limit is an hour, so that a close can only come from
//! the one it names. `PATIENCE` only turns a hang into a failure.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

use super::{Acceptor, Counted, Limits, Patience, Rate, Served, Traffic};

const PATIENCE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(40);
const LONG: Duration = Duration::from_secs(3_600);

fn lenient() -> Limits {
    Limits {
        head: LONG,
        body: LONG,
        upload: LONG,
        idle: LONG,
        write: LONG,
        drain: LONG,
        ..Limits::default()
    }
}

async fn soon<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait).await.expect("the event should have come long ago")
}

struct Server {
    address: SocketAddr,
    traffic: Arc<Traffic>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Served>,
}

impl Server {
    async fn start(limits: Limits, router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let acceptor = Acceptor::new(listener, limits);
        let (stop, stopped) = oneshot::channel();
        Self {
            address: acceptor.local_addr().unwrap(),
            traffic: acceptor.traffic(),
            stop,
            task: tokio::spawn(acceptor.serve(router, async {
                stopped.await.unwrap();
            })),
        }
    }

    async fn client(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn end(self) -> Served {
        self.stop.send(()).unwrap();
        soon(self.task).await.unwrap()
    }
}

fn echo() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: String| async { body }))
        .route(
            "/peer",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
        )
}

async fn say(client: &mut TcpStream, text: &str) {
    client.write_all(text.as_bytes()).await.unwrap();
}

/// Everything until the server closes; a reset counts as a close.
async fn until_closed(client: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let _end = soon(client.read_to_end(&mut all)).await;
    String::from_utf8(all).unwrap()
}

async fn until_text(client: &mut TcpStream, text: &str) -> String {
    let mut all = Vec::new();
    let mut byte = [0];
    while !all.ends_with(text.as_bytes()) {
        soon(client.read_exact(&mut byte)).await.unwrap();
        all.push(byte[0]);
    }
    String::from_utf8(all).unwrap()
}

/// Says the texts and expects that the server closes by itself because of its limits.
async fn closed_by(limits: Limits, said: &str, answered: &str) {
    let server = Server::start(limits, echo()).await;
    let mut client = server.client().await;
    say(&mut client, said).await;
    assert_eq!(until_closed(&mut client).await.is_empty(), answered.is_empty(), "{said:?}");
    let traffic = Arc::clone(&server.traffic);
    assert_eq!(server.end().await, Served { accepted: 1, refused: 0, overdue: 1, cut: 0 });
    assert_eq!(traffic.open(), 0);
}

#[tokio::test]
async fn a_head_that_never_ends_is_closed() {
    let limits = Limits { head: SHORT, ..lenient() };
    closed_by(limits, "GET / HTTP/1.1\r\nHost: x\r\nX-Sl", "").await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_closed() {
    let limits = Limits { body: SHORT, ..lenient() };
    closed_by(limits, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "").await;
}

#[tokio::test]
async fn a_chunked_body_that_never_ends_is_closed() {
    let limits = Limits { body: SHORT, ..lenient() };
    let said = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    closed_by(limits, said, "").await;
}

#[tokio::test]
async fn a_long_body_has_its_own_limit_where_a_handler_asks_for_it() {
    let upload = |patience: Extension<Patience>, request: axum::extract::Request| async move {
        patience.upload();
        axum::body::to_bytes(request.into_body(), 10).await.expect("it comes whole")
    };
    let router = Router::new().route("/upload", post(upload));
    let limits = Limits { upload: SHORT, ..lenient() };
    let server = Server::start(limits, router.clone()).await;
    let mut client = server.client().await;
    say(&mut client, "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc").await;
    assert_eq!(until_closed(&mut client).await, "");
    assert_eq!(server.end().await.overdue, 1);

    let server = Server::start(lenient(), router).await;
    let mut client = server.client().await;
    say(&mut client, "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc").await;
    say(&mut client, "de").await;
    until_text(&mut client, "abcde").await;
    drop(client);
    assert_eq!(server.end().await.overdue, 0);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    closed_by(Limits { idle: SHORT, ..lenient() }, "", "").await;
}

#[tokio::test]
async fn a_kept_connection_without_a_next_request_is_closed() {
    closed_by(Limits { idle: SHORT, ..lenient() }, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "hello")
        .await;
}

#[tokio::test]
async fn the_second_request_of_a_connection_has_the_same_limits() {
    let server = Server::start(Limits { head: SHORT, ..lenient() }, echo()).await;
    let mut client = server.client().await;
    say(&mut client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until_text(&mut client, "hello").await;
    say(&mut client, "GET / HT").await;
    assert_eq!(until_closed(&mut client).await, "");
    assert_eq!(server.end().await.overdue, 1);
}

#[tokio::test]
async fn half_a_request_behind_a_whole_one_is_closed_as_idle() {
    let limits = Limits { idle: SHORT, ..lenient() };
    closed_by(limits, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT", "hello").await;
}

/// A body without end whose drop is an event.
struct Endless(Option<oneshot::Sender<()>>);

impl axum::body::HttpBody for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        let block = Bytes::from_static(&[b'x'; 16_384]);
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(block))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.take().map(|ended| ended.send(()));
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_closed() {
    let (ended, end) = oneshot::channel();
    let body = Arc::new(std::sync::Mutex::new(Some(Endless(Some(ended)))));
    let router = Router::new()
        .route("/", get(|| async move { Body::new(body.lock().unwrap().take().unwrap()) }));
    let server = Server::start(Limits { write: SHORT, ..lenient() }, router).await;
    let mut client = server.client().await;
    say(&mut client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    soon(end).await.unwrap();
    assert_eq!(server.end().await.overdue, 1);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_refused_until_one_ends() {
    let server = Server::start(Limits { per_address_max: 2, ..lenient() }, echo()).await;
    let mut first = server.client().await;
    let mut second = server.client().await;
    for client in [&mut first, &mut second] {
        say(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        until_text(client, "hello").await;
    }
    let refused = until_closed(&mut server.client().await).await;
    assert!(
        refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: 1"),
        "{refused}"
    );

    first.shutdown().await.unwrap();
    until_closed(&mut first).await;
    let mut third = server.client().await;
    say(&mut third, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until_text(&mut third, "hello").await;
    assert_eq!((server.traffic.accepted(), server.traffic.refused()), (3, 1));
    assert_eq!(server.traffic.open(), 2);
    assert_eq!(server.end().await, Served { accepted: 3, refused: 1, overdue: 0, cut: 0 });
}

#[tokio::test]
async fn heads_that_are_too_long_or_too_many_are_answered_431() {
    let long = format!("X-Long: {}\r\n", "x".repeat(super::limits::HEAD_BYTES_MAX));
    let endless = format!("X-Endless: {}", "x".repeat(super::limits::BUFFER_BYTES_MAX));
    let many = "X-Many: 1\r\n".repeat(101);
    let server = Server::start(lenient(), echo()).await;
    for head in [long, endless, many] {
        let mut client = server.client().await;
        // The server may answer and close before it has taken everything.
        let _sent = client.write_all(format!("GET / HTTP/1.1\r\n{head}\r\n\r\n").as_bytes()).await;
        let answer = until_closed(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{:.20}: {answer}", head);
    }
}

#[tokio::test]
async fn two_lengths_of_one_body_are_refused() {
    let server = Server::start(lenient(), echo()).await;
    let mut client = server.client().await;
    say(&mut client, "POST /echo HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
        .await;
    assert!(until_closed(&mut client).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn requests_on_one_connection_are_answered_in_their_order() {
    let server = Server::start(lenient(), echo()).await;
    let mut client = server.client().await;
    say(&mut client, "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nfirst").await;
    until_text(&mut client, "first").await;
    let two = "GET / HTTP/1.1\r\n\r\nPOST /echo HTTP/1.1\r\nContent-Length: 6\r\n\r\nsecond";
    say(&mut client, two).await;
    until_text(&mut client, "hello").await;
    until_text(&mut client, "second").await;
    assert_eq!(server.traffic.accepted(), 1);
}

#[tokio::test]
async fn a_handler_knows_the_address_of_its_client() {
    let server = Server::start(lenient(), echo()).await;
    let mut client = server.client().await;
    let own = client.local_addr().unwrap().to_string();
    say(&mut client, "GET /peer HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert!(until_closed(&mut client).await.ends_with(&own));
}

/// A handler that tells when it has begun and waits for a permit to end.
fn gated() -> (Router, Arc<Semaphore>, Arc<Semaphore>) {
    let (begun, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gate = (Arc::clone(&begun), Arc::clone(&go));
    let router = Router::new().route(
        "/",
        get(|| async move {
            gate.0.add_permits(1);
            gate.1.acquire().await.unwrap().forget();
            "done"
        }),
    );
    (router, begun, go)
}

#[tokio::test]
async fn a_shutdown_lets_a_running_request_end_and_closes_idle_connections() {
    let (router, begun, go) = gated();
    let server = Server::start(lenient(), router).await;
    let address = server.address;
    let mut idle = server.client().await;
    let mut client = server.client().await;
    say(&mut client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    soon(begun.acquire()).await.unwrap().forget();

    server.stop.send(()).unwrap();
    assert_eq!(until_closed(&mut idle).await, "");
    assert!(TcpStream::connect(address).await.is_err(), "nothing new is accepted");
    assert!(!server.task.is_finished());

    go.add_permits(1);
    let answer = until_closed(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("done"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    let served = soon(server.task).await.unwrap();
    assert_eq!(served, Served { accepted: 2, refused: 0, overdue: 0, cut: 0 });
}

#[tokio::test]
async fn a_request_that_outlasts_the_drain_is_cut_and_counted() {
    let (router, begun, _go) = gated();
    let server = Server::start(Limits { drain: SHORT, ..lenient() }, router).await;
    let mut client = server.client().await;
    say(&mut client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    soon(begun.acquire()).await.unwrap().forget();
    assert_eq!(server.end().await.cut, 1);
    assert_eq!(until_closed(&mut client).await, "");
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_connection_only() {
    async fn broken_handler() -> &'static str {
        panic!("as planned")
    }
    let router = echo().route("/panic", get(broken_handler));
    let server = Server::start(lenient(), router).await;
    let mut broken = server.client().await;
    say(&mut broken, "GET /panic HTTP/1.1\r\n\r\n").await;
    assert_eq!(until_closed(&mut broken).await, "");
    let mut client = server.client().await;
    say(&mut client, "GET / HTTP/1.1\r\n\r\n").await;
    until_text(&mut client, "hello").await;
    assert_eq!(server.traffic.open(), 1);
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_to_wait_and_counted() {
    let rate = Some(Rate { per_second: 0, burst: 3 });
    let limits = Limits { rate, counted: Counted::Everybody, ..lenient() };
    let server = Server::start(limits, echo()).await;
    let mut client = server.client().await;
    for _ in 0..2 {
        say(&mut client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let answer = until_text(&mut client, "hello").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    say(&mut client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx").await;
    let answer = until_text(&mut client, "address\n").await;
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: 1"), "{answer}");
    // The connection itself was the first of the three.
    let mut another = server.client().await;
    let answer = until_closed(&mut another).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let traffic = Arc::clone(&server.traffic);
    drop(client);
    assert_eq!(server.end().await, Served { accepted: 1, refused: 0, overdue: 0, cut: 0 });
    assert_eq!(traffic.hurried(), 2);
}

#[tokio::test]
async fn what_took_too_long_is_counted_by_its_phase() {
    let cases = [
        (Limits { idle: SHORT, ..lenient() }, "", "overdue_idle"),
        (Limits { head: SHORT, ..lenient() }, "GET / HTTP/1.1\r\n", "overdue_head"),
        (
            Limits { body: SHORT, ..lenient() },
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
            "overdue_body",
        ),
    ];
    for (limits, said, word) in cases {
        let server = Server::start(limits, echo()).await;
        let mut client = server.client().await;
        say(&mut client, said).await;
        until_closed(&mut client).await;
        let traffic = Arc::clone(&server.traffic);
        server.end().await;
        let counted: Vec<_> =
            traffic.counts().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("accepted", 1), (word, 1)]);
    }
}
