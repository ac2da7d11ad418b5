//! Attempts against servers that misbehave, over real sockets on loopback, and the refusals before
//! any socket.
//!
//! The limit under test is short and every other one long, so that only the one under test can end
//! an attempt.

use std::future::{Future, pending};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use duizhang_core::time::Span;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{
    AddressRefusal, FixedResolver, Outbound, OutboundOutcome, OutboundRequest, Policy,
    RESPONSE_BYTES_MAX, Refusal, Resolver, Resolving, Step, Timeouts, UrlRefusal,
};

const SHORT: Duration = Duration::from_millis(60);
const LONG: Duration = Duration::from_secs(30);
const LENIENT: Timeouts = Timeouts { resolve: LONG, connect: LONG, tls: LONG, whole: LONG };
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsuccess";

fn closed_network() -> Policy {
    Policy { allow_private: true, ..Policy::default() }
}

fn outbound(timeouts: Timeouts) -> Outbound {
    Outbound::new(closed_network(), Arc::new(FixedResolver::default()), timeouts)
}

fn post(url: String) -> OutboundRequest {
    let body = Bytes::from_static(b"trade=1");
    OutboundRequest { method: Method::POST, url, headers: HeaderMap::new(), body }
}

/// A server that treats each connection as told; its count says how many came.
async fn server<F, Fut>(treat: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(treat(stream));
        }
    });
    (address, came)
}

/// Reads the whole request of [`post`].
async fn heard(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut byte = [0];
    while !all.ends_with(b"\r\n\r\ntrade=1") {
        stream.read_exact(&mut byte).await.unwrap();
        all.push(byte[0]);
    }
    String::from_utf8(all).unwrap()
}

/// A server that hears one request and says these bytes, then closes.
async fn saying(text: impl Into<String>) -> SocketAddr {
    let text: Arc<str> = Arc::from(text.into());
    let treat = move |mut stream: TcpStream| {
        let text = Arc::clone(&text);
        async move {
            heard(&mut stream).await;
            // The caller may have had enough before all of it is said.
            let _said = stream.write_all(text.as_bytes()).await;
        }
    };
    server(treat).await.0
}

fn status_of(outcome: &OutboundOutcome) -> u16 {
    match outcome {
        OutboundOutcome::Answered { status, .. } => *status,
        other => panic!("not answered: {other:?}"),
    }
}

fn failure_of(outcome: &OutboundOutcome) -> (&'static str, String) {
    match outcome {
        OutboundOutcome::Failed(failure) => (failure.word(), failure.to_string()),
        other => panic!("not failed: {other:?}"),
    }
}

async fn attempt(address: SocketAddr, timeouts: Timeouts) -> OutboundOutcome {
    outbound(timeouts).send(post(format!("http://{address}/notify?a=%20b"))).await
}

#[tokio::test]
async fn an_ordinary_exchange_sends_what_it_should_and_brings_the_answer() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (address, _) = server(move |mut stream| {
        let tell = tell.clone();
        async move {
            tell.send(heard(&mut stream).await).unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut request = post(format!("http://{address}/notify?a=%20b#part"));
    request.headers.insert("x-own", "1".parse().unwrap());
    request.headers.insert("host", "evil.example".parse().unwrap());
    request.headers.insert("transfer-encoding", "chunked".parse().unwrap());
    let outcome = outbound(LENIENT).send(request).await;
    let OutboundOutcome::Answered { status, body, truncated, retry_after } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (status, body.as_slice(), truncated, retry_after),
        (200, &b"success"[..], false, None)
    );

    let said = told.recv().await.unwrap().to_lowercase();
    assert!(said.starts_with("post /notify?a=%20b http/1.1\r\n"), "{said}");
    for line in ["x-own: 1", &format!("host: {address}"), "connection: close", "content-length: 7"]
    {
        assert!(said.contains(&format!("{line}\r\n")), "{line} in {said}");
    }
    for word in ["evil", "chunked", "accept-encoding", "cookie"] {
        assert!(!said.contains(word), "{word} in {said}");
    }
}

#[tokio::test]
async fn an_endless_body_is_cut() {
    let (address, _) = server(|mut stream| async move {
        heard(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 4_096]).await.is_ok() {}
    })
    .await;
    let outcome = attempt(address, LENIENT).await;
    let OutboundOutcome::Answered { body, truncated, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((body.len(), truncated), (RESPONSE_BYTES_MAX, true));
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_whole() {
    let text = "x".repeat(RESPONSE_BYTES_MAX);
    let address =
        saying(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())).await;
    let outcome = attempt(address, LENIENT).await;
    let OutboundOutcome::Answered { body, truncated, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((body.len(), truncated), (RESPONSE_BYTES_MAX, false));
}

#[tokio::test]
async fn a_body_that_trickles_ends_with_the_whole_s_limit() {
    let (address, _) = server(|mut stream| async move {
        heard(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n").await.unwrap();
        let mut beat = tokio::time::interval(Duration::from_millis(5));
        while stream.write_all(b"x").await.is_ok() {
            beat.tick().await;
        }
    })
    .await;
    let outcome = attempt(address, Timeouts { whole: SHORT, ..LENIENT }).await;
    assert_eq!(
        failure_of(&outcome),
        ("timeout", "wait for the end of the whole attempt".to_owned())
    );
}

#[tokio::test]
async fn silence_and_endless_interim_answers_end_with_the_whole_s_limit() {
    let (silent, _) = server(|stream| async move {
        let _open = stream;
        pending::<()>().await;
    })
    .await;
    let (interim, _) = server(|mut stream| async move {
        heard(&mut stream).await;
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {}
    })
    .await;
    for address in [silent, interim] {
        let outcome = attempt(address, Timeouts { whole: SHORT, ..LENIENT }).await;
        assert_eq!(failure_of(&outcome).0, "timeout");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, came) = server(|_stream| async {}).await;
    let address = saying(format!(
        "HTTP/1.1 302 Found\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
    ))
    .await;
    assert_eq!(status_of(&attempt(address, LENIENT).await), 302);
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_is_no_whole_answer_within_the_limits_is_a_failure() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Many: 1\r\n".repeat(101));
    let long = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
    let cases = [
        ("", "reset"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "reset"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "reset"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "reset"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
        (&many, "protocol"),
        (&long, "protocol"),
    ];
    for (text, word) in cases {
        let outcome = attempt(saying(text).await, LENIENT).await;
        assert_eq!(failure_of(&outcome).0, word, "{text:.60}");
    }
}

#[tokio::test]
async fn a_reset_is_a_failure() {
    // Closing a socket that holds unread bytes makes the system send a reset.
    let (address, _) = server(|mut stream| async move {
        stream.read_exact(&mut [0]).await.unwrap();
    })
    .await;
    assert_eq!(failure_of(&attempt(address, LENIENT).await).0, "reset");
}

#[tokio::test]
async fn compressed_bodies_are_taken_as_they_are() {
    let address =
        saying("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u{1f}abc")
            .await;
    let outcome = attempt(address, LENIENT).await;
    let OutboundOutcome::Answered { body, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(body, b"\x1fabc");
}

#[tokio::test]
async fn the_wait_that_an_answer_asks_for_is_read_and_capped() {
    let cases = [
        ("120", Some(Span::from_secs(120))),
        ("0", Some(Span::ZERO)),
        ("7200", Some(Span::from_hours(1))),
        ("99999999999999999999999", Some(Span::from_hours(1))),
        ("-1", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
    ];
    for (text, expected) in cases {
        let address = saying(format!(
            "HTTP/1.1 503 Busy\r\nRetry-After: {text}\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let outcome = attempt(address, LENIENT).await;
        let OutboundOutcome::Answered { status, retry_after, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!((status, retry_after), (503, expected), "{text}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_a_failure_to_connect() {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(failure_of(&attempt(address, LENIENT).await).0, "connect");
}

#[tokio::test]
async fn private_and_own_addresses_are_refused_before_any_socket() {
    let (address, came) = server(|_stream| async {}).await;
    let strict = Policy::default();
    let own = Policy { own_sockets: vec![address], ..closed_network() };
    for (policy, reason) in [(strict, AddressRefusal::Loopback), (own, AddressRefusal::Own)] {
        let names = FixedResolver::default().with("shop.example", &[&[HERE]]);
        let outbound = Outbound::new(policy, Arc::new(names), LENIENT);
        let literal = outbound.send(post(format!("http://{address}/"))).await;
        let expected = Refusal::Url(UrlRefusal::Address(reason));
        assert!(matches!(literal, OutboundOutcome::Refused(r) if r == expected), "{literal:?}");
        let named = outbound.send(post(format!("http://shop.example:{}/", address.port()))).await;
        let expected = Refusal::Address { address: HERE, reason };
        assert!(matches!(named, OutboundOutcome::Refused(r) if r == expected), "{named:?}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn one_private_address_among_public_ones_refuses_the_name() {
    let public: IpAddr = "8.8.8.8".parse().unwrap();
    for private in ["10.0.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
        let private: IpAddr = private.parse().unwrap();
        let names = FixedResolver::default().with("shop.example", &[&[public, private]]);
        let outbound = Outbound::new(Policy::default(), Arc::new(names), LENIENT);
        let outcome = outbound.send(post("https://shop.example/".to_owned())).await;
        let OutboundOutcome::Refused(Refusal::Address { address, .. }) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(address, private);
    }
}

#[tokio::test]
async fn a_name_that_turns_private_is_refused_on_the_attempt_that_sees_it() {
    let (address, came) = server(|_stream| async {}).await;
    let public: IpAddr = "8.8.8.8".parse().unwrap();
    let names = Arc::new(FixedResolver::default().with("shop.example", &[&[public], &[HERE]]));
    // What the check at creation would see is the public answer.
    assert_eq!(names.resolve("shop.example").await.unwrap(), [public]);
    let outbound = Outbound::new(Policy::default(), names.clone(), LENIENT);
    let outcome = outbound.send(post(format!("http://shop.example:{}/", address.port()))).await;
    assert!(matches!(outcome, OutboundOutcome::Refused(Refusal::Address { .. })), "{outcome:?}");
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_attempt_asks_once_and_connects_to_what_it_was_told() {
    let address = saying(OK).await;
    let other: IpAddr = "127.0.0.3".parse().unwrap();
    let names = Arc::new(FixedResolver::default().with("shop.example", &[&[HERE], &[other]]));
    let outbound = Outbound::new(closed_network(), names.clone(), LENIENT);
    let outcome = outbound.send(post(format!("http://shop.example:{}/", address.port()))).await;
    assert_eq!(status_of(&outcome), 200);
    assert_eq!(names.asked("shop.example"), 1);
}

#[tokio::test]
async fn the_next_address_is_tried_where_one_does_not_take_the_connection() {
    let address = saying(OK).await;
    let dead: IpAddr = "127.0.0.2".parse().unwrap();
    let names = FixedResolver::default().with("shop.example", &[&[dead, HERE]]);
    let outbound = Outbound::new(closed_network(), Arc::new(names), LENIENT);
    let outcome = outbound.send(post(format!("http://shop.example:{}/", address.port()))).await;
    assert_eq!(status_of(&outcome), 200);
}

/// A resolver whose answer never comes.
struct Mute;

impl Resolver for Mute {
    fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
        Box::pin(pending())
    }
}

#[tokio::test]
async fn names_without_an_answer_and_with_absurd_ones_fail() {
    let mute =
        Outbound::new(closed_network(), Arc::new(Mute), Timeouts { resolve: SHORT, ..LENIENT });
    let outcome = mute.send(post("http://shop.example/".to_owned())).await;
    assert_eq!(failure_of(&outcome).1, format!("wait for {}", Step::Resolve));
    let names =
        FixedResolver::default().with("none.example", &[&[]]).with("many.example", &[&[HERE; 65]]);
    let outbound = Outbound::new(closed_network(), Arc::new(names), LENIENT);
    for name in ["unknown.example", "none.example", "many.example"] {
        let outcome = outbound.send(post(format!("http://{name}/"))).await;
        assert_eq!(failure_of(&outcome).0, "dns", "{name}");
    }
}

/// A server that speaks TLS with a certificate of its own, and that certificate.
async fn tls_server(name: &str) -> (SocketAddr, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let certificate = cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (address, _) = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            stream.read_exact(&mut [0; 64]).await.unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    })
    .await;
    (address, certificate)
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_of_the_right_name() {
    let (address, certificate) = tls_server("shop.example").await;
    let mut trusted = RootCertStore::empty();
    trusted.add(certificate).unwrap();
    let mozilla: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let names = Arc::new(
        FixedResolver::default().with("shop.example", &[&[HERE]]).with("evil.example", &[&[HERE]]),
    );
    let send = async |roots: &RootCertStore, name: &str| {
        let outbound =
            Outbound::with_roots(closed_network(), names.clone(), LENIENT, roots.clone());
        outbound.send(post(format!("https://{name}:{}/", address.port()))).await
    };
    assert_eq!(status_of(&send(&trusted, "shop.example").await), 200);
    assert_eq!(failure_of(&send(&mozilla, "shop.example").await).0, "tls");
    assert_eq!(failure_of(&send(&trusted, "evil.example").await).0, "tls");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_fails_and_one_that_says_nothing_times_out() {
    let (plain, _) = server(|mut stream| async move {
        let _said = stream.write_all(OK.as_bytes()).await;
        let _rest = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let outcome = outbound(LENIENT).send(post(format!("https://{plain}/"))).await;
    assert_eq!(failure_of(&outcome).0, "tls");
    let (silent, _) = server(|stream| async move {
        let _open = stream;
        pending::<()>().await;
    })
    .await;
    let hasty = outbound(Timeouts { tls: SHORT, ..LENIENT });
    let outcome = hasty.send(post(format!("https://{silent}/"))).await;
    assert_eq!(failure_of(&outcome).1, format!("wait for {}", Step::Tls));
}

/// The environment can only be set for another process, so this runs one test of this very file in
/// one.
#[test]
fn proxies_of_the_environment_are_ignored() {
    const SUBJECT: &str =
        "outbound::tests::an_ordinary_exchange_sends_what_it_should_and_brings_the_answer";
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        // Port 9 takes no connection, so whoever goes through this proxy fails.
        command.env(name, "http://127.0.0.1:9/");
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = command.args(["--exact", SUBJECT]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
