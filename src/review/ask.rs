//! Asking a running server.
//!
//! Invariants: the token goes to the named server and nowhere else (no redirects, no proxies); a
//! certificate must lead to the Mozilla roots; the answer has a limit of size.
//! Deliberately not here: limits of time. Whoever waits for an audit may end the program.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use duizhang_api::secrets::Secret;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::question::{Answered, Asked};

/// Longest answer in bytes: a report lists at most 10,000 exceptions of some 200 bytes, a story of
/// some thousand events stays below that too, and a statement has 64 MiB with a word before it.
const ANSWER_BYTES_MAX: usize = 65 * 1_024 * 1_024;

/// Puts a question to a server. Must not be called from inside a runtime.
pub(crate) fn ask(server: &Uri, token: &Secret, asked: &Asked) -> anyhow::Result<Answered> {
    let question = serde_json::to_vec(asked).context("write the question")?;
    let body = post(server, token, "/review", question)?;
    let asking = || format!("ask the server {server}");
    serde_json::from_slice(&body).context("read the server's answer").with_context(asking)
}

/// Sends something to a server and returns what it answers, where it answers well. Must not be
/// called from inside a runtime.
pub(crate) fn post(
    server: &Uri,
    token: &Secret,
    path: &str,
    body: Vec<u8>,
) -> anyhow::Result<Bytes> {
    let (status, body) = converse(server, token, Method::POST, path, body)?;
    if status != StatusCode::OK {
        let text = String::from_utf8_lossy(&body);
        bail!("the server {server} answered {status}: {}", text.trim());
    }
    Ok(body)
}

/// Sends one request with a JSON body to a server, and waits for the whole answer. Must not be
/// called from inside a runtime.
pub(crate) fn converse(
    server: &Uri,
    token: &Secret,
    verb: Method,
    path: &str,
    body: Vec<u8>,
) -> anyhow::Result<(StatusCode, Bytes)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asking = || format!("ask the server {server}");
    let sending = async {
        let authority = server.authority().context("an address has a host")?;
        send(server, authority, message(server, authority, token, verb, path, body)?).await
    };
    runtime.block_on(sending).with_context(asking)
}

async fn send(
    server: &Uri,
    authority: &Authority,
    message: Request<Full<Bytes>>,
) -> anyhow::Result<(StatusCode, Bytes)> {
    let secure = server.scheme_str() == Some("https");
    let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, port)).await.context("connect")?;
    if secure {
        let name = ServerName::try_from(host.to_owned()).context("the name of the server")?;
        let stream = tls().connect(name, stream).await.context("agree on TLS")?;
        exchange(stream, message).await
    } else {
        exchange(stream, message).await
    }
}

fn message(
    server: &Uri,
    authority: &Authority,
    token: &Secret,
    verb: Method,
    path: &str,
    body: Vec<u8>,
) -> anyhow::Result<Request<Full<Bytes>>> {
    let mut bearer = HeaderValue::from_bytes(&[b"Bearer ", token.expose()].concat())
        .context("the token holds signs that no token has")?;
    bearer.set_sensitive(true);
    Request::builder()
        .method(verb)
        .uri(format!("{}{path}", server.path().trim_end_matches('/')))
        .header(HOST, authority.as_str())
        .header(CONNECTION, "close")
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, bearer)
        .body(Full::new(Bytes::from(body)))
        .context("build the request")
}

fn tls() -> TlsConnector {
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn exchange<S>(
    stream: S,
    message: Request<Full<Bytes>>,
) -> anyhow::Result<(StatusCode, Bytes)>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // What the connection had to complain of comes out of the answer too.
    let connection = tokio::spawn(connection);
    let response = sender.send_request(message).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    connection.abort();
    let body = body.map_err(|error| anyhow::anyhow!(error)).context("read the answer")?;
    Ok((status, body.to_bytes()))
}

/// Reads the address of a server.
pub(crate) fn server(text: &str) -> anyhow::Result<Uri> {
    let uri: Uri = text.parse().with_context(|| format!("{text:?} is not an address"))?;
    let host = uri.authority().map(Authority::as_str);
    let plain = matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    ensure!(
        plain && host.is_some_and(|host| !host.contains('@')),
        "{text:?} is not an address like http://127.0.0.1:8330"
    );
    Ok(uri)
}
