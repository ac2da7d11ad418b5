//! One attempt to reach somebody: resolve, connect, speak HTTP/1.1 once, close.
//!
//! Invariants: the URL and every address behind it are judged at each attempt; the socket goes to
//! exactly an address that was judged, and its peer is judged again; nothing is followed,
//! decompressed, kept or taken from the environment (redirects, encodings, cookies, proxies); each
//! step and the whole have a limit of time, and the answer has limits of size.
//! Deliberately not here: when to call and how often, what the answer means, and connection pools:
//! an attempt per connection keeps one endpoint's trouble its own.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, HeaderValue, Request, Response, Uri, header};
use duizhang_core::time::Span;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Position};

use super::outcome::{
    Failure, OutboundOutcome, OutboundRequest, RESPONSE_BYTES_MAX, Refusal, Step, Timeouts,
};
use super::policy::{Policy, Target, UrlRefusal, check_callback, check_socket, check_url};
use super::resolve::{ANSWERS_MAX, Resolver};

/// The most headers of an answer, and the most bytes of all of them.
const RESPONSE_HEADERS_MAX: usize = 100;
const RESPONSE_HEAD_BYTES_MAX: usize = 32 * 1024;
/// The longest wait that an answer may ask for.
const RETRY_AFTER_MAX: Span = Span::from_hours(1);

/// Who calls out.
pub struct Outbound {
    policy: Policy,
    resolver: Arc<dyn Resolver>,
    timeouts: Timeouts,
    tls: TlsConnector,
}

/// What stops an attempt.
enum Stop {
    Refused(Refusal),
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<UrlRefusal> for Stop {
    fn from(refusal: UrlRefusal) -> Self {
        Self::Refused(Refusal::Url(refusal))
    }
}

impl Outbound {
    /// Trusts the certificate authorities of the Mozilla root program.
    #[must_use]
    pub fn new(policy: Policy, resolver: Arc<dyn Resolver>, timeouts: Timeouts) -> Self {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Self::with_roots(policy, resolver, timeouts, roots)
    }

    /// Trusts these certificate authorities only.
    #[must_use]
    pub fn with_roots(
        policy: Policy,
        resolver: Arc<dyn Resolver>,
        timeouts: Timeouts,
        roots: RootCertStore,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows the default protocol versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { policy, resolver, timeouts, tls: TlsConnector::from(Arc::new(config)) }
    }

    /// Whether a callback may go to this address, as far as the address alone tells.
    ///
    /// # Errors
    /// [`UrlRefusal`].
    pub fn check_callback(&self, url: &str) -> Result<(), UrlRefusal> {
        check_callback(url, &self.policy)
    }

    /// Makes one attempt. It never takes longer than the whole's limit.
    pub async fn send(&self, request: OutboundRequest) -> OutboundOutcome {
        match timeout(self.timeouts.whole, self.attempt(request)).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(Stop::Refused(refusal))) => OutboundOutcome::Refused(refusal),
            Ok(Err(Stop::Failed(failure))) => OutboundOutcome::Failed(failure),
            Err(_elapsed) => OutboundOutcome::Failed(Failure::TimedOut(Step::Whole)),
        }
    }

    async fn attempt(&self, request: OutboundRequest) -> Result<OutboundOutcome, Stop> {
        let target = check_url(&request.url, &self.policy)?;
        let message = message_for(&target, request)?;
        let sockets = self.locate(&target).await?;
        let stream = self.connect(&sockets).await?;
        let answered = if target.is_secure() {
            exchange(self.secure(&target, stream).await?, message).await
        } else {
            exchange(stream, message).await
        };
        Ok(answered.map_err(Failure::Exchange)?)
    }

    /// The sockets behind a target, each of them judged: one bad answer spoils all.
    async fn locate(&self, target: &Target) -> Result<Vec<SocketAddr>, Stop> {
        let addresses = match target.host() {
            Host::Ipv4(v4) => vec![IpAddr::V4(*v4)],
            Host::Ipv6(v6) => vec![IpAddr::V6(*v6)],
            Host::Domain(name) => timeout(self.timeouts.resolve, self.resolver.resolve(name))
                .await
                .map_err(|_| Failure::TimedOut(Step::Resolve))?
                .map_err(Failure::Resolve)?,
        };
        if addresses.is_empty() || addresses.len() > ANSWERS_MAX {
            let error = io::Error::other(format!("{} addresses", addresses.len()));
            return Err(Failure::Resolve(error).into());
        }
        addresses
            .into_iter()
            .map(|address| self.judge(SocketAddr::new(address, target.port())))
            .collect()
    }

    fn judge(&self, socket: SocketAddr) -> Result<SocketAddr, Stop> {
        let refused = |reason| Stop::Refused(Refusal::Address { address: socket.ip(), reason });
        check_socket(socket, &self.policy).map(|()| socket).map_err(refused)
    }

    async fn connect(&self, sockets: &[SocketAddr]) -> Result<TcpStream, Stop> {
        let first_that_answers = async {
            let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for socket in sockets {
                match TcpStream::connect(socket).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = error,
                }
            }
            Err(last)
        };
        let stream = timeout(self.timeouts.connect, first_that_answers)
            .await
            .map_err(|_| Failure::TimedOut(Step::Connect))?
            .map_err(Failure::Connect)?;
        self.judge(stream.peer_addr().map_err(Failure::Connect)?)?;
        stream.set_nodelay(true).map_err(Failure::Connect)?;
        Ok(stream)
    }

    async fn secure(
        &self,
        target: &Target,
        stream: TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Stop> {
        let name = match target.host() {
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
                .map_err(|_| UrlRefusal::NotAUrl)?,
            Host::Ipv4(v4) => ServerName::from(IpAddr::V4(*v4)),
            Host::Ipv6(v6) => ServerName::from(IpAddr::V6(*v6)),
        };
        let secured = timeout(self.timeouts.tls, self.tls.connect(name, stream)).await;
        let secured = secured.map_err(|_| Failure::TimedOut(Step::Tls))?;
        Ok(secured.map_err(Failure::Tls)?)
    }
}

/// Headers that belong to the connection or would change what is sent; a dialect has no say in
/// them.
const OURS: [HeaderName; 8] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
];

fn message_for(
    target: &Target,
    request: OutboundRequest,
) -> Result<Request<Full<Bytes>>, UrlRefusal> {
    let url = target.url();
    let path: PathAndQuery =
        url[Position::BeforePath..Position::AfterQuery].parse().map_err(|_| UrlRefusal::NotAUrl)?;
    let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort])
        .map_err(|_| UrlRefusal::NotAUrl)?;
    let mut headers = request.headers;
    for name in OURS {
        headers.remove(name);
    }
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static("Duizhang/0.1"));
    let mut message = Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = Uri::from(path);
    *message.headers_mut() = headers;
    Ok(message)
}

/// Speaks once on a fresh connection. The connection lives inside this future, so that dropping it
/// closes the socket.
async fn exchange<S>(
    stream: S,
    message: Request<Full<Bytes>>,
) -> Result<OutboundOutcome, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(RESPONSE_HEADERS_MAX)
        .max_header_size(RESPONSE_HEAD_BYTES_MAX)
        .max_buf_size(RESPONSE_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await?;
    let mut connection = pin!(connection);
    let mut answered = pin!(async { read(sender.send_request(message).await?).await });
    tokio::select! {
        biased;
        outcome = &mut answered => return outcome,
        // What the connection had to say has been handed over, or is the error that the answer gets
        // too.
        _ended = &mut connection => {}
    }
    answered.await
}

async fn read(response: Response<Incoming>) -> Result<OutboundOutcome, hyper::Error> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(wait_in);
    let mut incoming = response.into_body();
    let mut body = Vec::new();
    let mut truncated = false;
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = RESPONSE_BYTES_MAX.saturating_sub(body.len());
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            truncated = true;
            break;
        }
    }
    Ok(OutboundOutcome::Answered { status, body, truncated, retry_after })
}

/// Seconds only: what a date means would depend on a clock.
fn wait_in(value: &HeaderValue) -> Option<Span> {
    let text = value.to_str().ok()?;
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if plain { text.parse().unwrap_or(u64::MAX) } else { return None };
    Some(Span::from_secs(seconds).min(RETRY_AFTER_MAX))
}
