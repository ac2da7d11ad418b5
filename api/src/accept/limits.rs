//! What one client may take of the server.
//!
//! Invariants: nothing here is "unlimited"; a limit of time ends a connection not before it and at
//! most a quarter of the shortest limit after it.
//! Deliberately not here: the size of bodies (each route knows its own) and the time that a handler
//! may take (the writer answers a full queue at once).

use std::time::Duration;

/// The longest head of a request that anybody needs: old shops put all parameters into the address,
/// and 20 parameters of 400 bytes with a browser's own headers stay below 16 KiB.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Read and write buffer of one connection. 4,096 connections hold at most 4,096 × 2 × 64 KiB = 512
/// MiB, and 4 MiB while their requests are of ordinary size.
pub const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Connections at once; each takes a file descriptor, and 4,096 leave room below the usual limit of
/// 8,192 or more for a service.
pub const CONNECTIONS_MAX: usize = 4_096;
/// Connections at once from one address; behind a reverse proxy all share its address, so this is a
/// quarter of the whole and not the handful that a single browser needs.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 1_024;
/// Requests a second of one address, over time: 43 million a day, where a phone asks every 30
/// seconds and a payer's page a few times. It stops one machine that takes the whole server.
pub const REQUESTS_PER_SECOND_MAX: u32 = 500;
/// How many seconds of its rate an address may use up in a rush.
const BURST_SECONDS: u32 = 4;

/// Statements have 64 MiB, and that takes 9 minutes at 1 Mbit/s, which is what slow lines send.
pub const UPLOAD_TIME_MAX: Duration = Duration::from_secs(600);

/// How often one address may connect or ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Over time.
    pub per_second: u32,
    /// At once, after a time of quiet.
    pub burst: u32,
}

impl Rate {
    /// So many a second, with a burst of four seconds; none for zero.
    #[must_use]
    pub const fn of(per_second: u32) -> Option<Self> {
        match per_second {
            0 => None,
            _ => Some(Self { per_second, burst: per_second.saturating_mul(BURST_SECONDS) }),
        }
    }
}

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Those from the open internet: nearer addresses are a reverse proxy's, or the shop's own.
    Outside,
    /// All.
    Everybody,
}

/// How long and how much; the default suits an open server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte of a request to the end of its head. Default 10 s.
    pub head: Duration,
    /// From the end of the head to the end of the body. Default 20 s.
    pub body: Duration,
    /// The same where a handler has asked for it. Default [`UPLOAD_TIME_MAX`].
    pub upload: Duration,
    /// Between requests, and before the first one. Default 60 s.
    pub idle: Duration,
    /// How long a client may take nothing of an answer that waits for it. Default 30 s.
    pub write: Duration,
    /// How long requests in flight may go on after a shutdown began. Default 10 s.
    pub drain: Duration,
    /// Longest head in bytes, the request line included. Default [`HEAD_BYTES_MAX`].
    pub head_bytes_max: usize,
    /// Connections at once. Default [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// Connections at once from one IPv4 address or one IPv6 /64. Default
    /// [`CONNECTIONS_PER_ADDRESS_MAX`].
    pub per_address_max: usize,
    /// Connections and requests of one IPv4 address or one IPv6 /64; none switches the limit off,
    /// for servers behind a proxy with a public address. Default [`REQUESTS_PER_SECOND_MAX`].
    pub rate: Option<Rate>,
    /// Whose. Default [`Counted::Outside`].
    pub counted: Counted,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(20),
            upload: UPLOAD_TIME_MAX,
            idle: Duration::from_secs(60),
            write: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            head_bytes_max: HEAD_BYTES_MAX,
            connections_max: CONNECTIONS_MAX,
            per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
            rate: Rate::of(REQUESTS_PER_SECOND_MAX),
            counted: Counted::Outside,
        }
    }
}

impl Limits {
    /// How often a connection is looked at: four times within its shortest limit, but not busily.
    pub(super) fn look_every(&self) -> Duration {
        let shortest = self.head.min(self.body).min(self.upload).min(self.idle).min(self.write);
        (shortest / 4).max(Duration::from_millis(1))
    }

    /// How many looks lie within a limit of time; at least one.
    pub(super) fn looks(&self, limit: Duration) -> u32 {
        let looks = limit.as_nanos().div_ceil(self.look_every().as_nanos()).max(1);
        u32::try_from(looks).unwrap_or(u32::MAX)
    }
}
