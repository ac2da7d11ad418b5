//! What goes out in one attempt, and what can come of it.
//!
//! Invariants: *refused* means that nothing was sent, *failed* that the other side may have got the
//! message all the same; no text here repeats what the other side sent.
//! Deliberately not here: what an answer means; each dialect judges it.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use duizhang_core::time::Span;

use super::address::AddressRefusal;
use super::policy::UrlRefusal;

/// The most that is read of an answer's body; a shop's answer is one word.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// What goes out.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    /// GET or POST, as the dialect wants it.
    pub method: Method,
    /// The address as it was configured.
    pub url: String,
    /// Headers of the message; those of the connection are ours.
    pub headers: HeaderMap,
    /// The exact bytes.
    pub body: Bytes,
}

/// What came of it.
#[derive(Debug)]
pub enum OutboundOutcome {
    /// Somebody answered, whatever the answer says.
    Answered {
        /// The status code.
        status: u16,
        /// The first [`RESPONSE_BYTES_MAX`] bytes of the body, as they came.
        body: Vec<u8>,
        /// Whether there was more.
        truncated: bool,
        /// The wait that the answer asks for, at most an hour; dates are not read.
        retry_after: Option<Span>,
    },
    /// We may not call there. Nothing was sent.
    Refused(Refusal),
    /// We could not, or got no whole answer. The other side may still have got the message.
    Failed(Failure),
}

/// Why a call is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The URL itself.
    #[error("refuse to call: {0}")]
    Url(#[from] UrlRefusal),
    /// An address behind its name.
    #[error("refuse to connect to {address}: {reason}")]
    Address {
        /// The first address that may not be reached.
        address: IpAddr,
        /// Why.
        reason: AddressRefusal,
    },
}

/// A step of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Asking for the addresses of the name.
    Resolve,
    /// Opening the connection.
    Connect,
    /// Agreeing on keys.
    Tls,
    /// All of it together.
    Whole,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "the addresses of the host name",
            Self::Connect => "the connection",
            Self::Tls => "the agreement on keys",
            Self::Whole => "the end of the whole attempt",
        })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The name has no addresses, or too many.
    #[error("resolve the host name")]
    Resolve(#[source] io::Error),
    /// No address took the connection.
    #[error("connect")]
    Connect(#[source] io::Error),
    /// The keys or the certificate are not in order.
    #[error("agree on keys")]
    Tls(#[source] io::Error),
    /// A step took too long.
    #[error("wait for {0}")]
    TimedOut(Step),
    /// The connection broke, or what came is no HTTP within the limits.
    #[error("exchange a request and its answer")]
    Exchange(#[source] hyper::Error),
}

impl Failure {
    /// One word for records and metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Resolve(_) => "dns",
            Self::Connect(_) => "connect",
            Self::Tls(_) => "tls",
            Self::TimedOut(_) => "timeout",
            Self::Exchange(error) if error.is_parse() => "protocol",
            Self::Exchange(_) => "reset",
        }
    }
}

/// How long each step may take; the default suits callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Default 2 s.
    pub resolve: Duration,
    /// Default 3 s, over all addresses that are tried.
    pub connect: Duration,
    /// Default 5 s.
    pub tls: Duration,
    /// Default 10 s, over everything.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(2),
            connect: Duration::from_secs(3),
            tls: Duration::from_secs(5),
            whole: Duration::from_secs(10),
        }
    }
}
