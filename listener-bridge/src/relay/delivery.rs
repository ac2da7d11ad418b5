//! What the relay and the server say to each other: a batch of deliveries, and a receipt.
//!
//! A batch is JSON, posted to [`RELAY_PATH`]. Each delivery is the phone's request as it came, so
//! its own signature proves it, and the relay needs no key of its own.
//!
//! Invariants: numbers rise within a batch; a delivery is known by relay and number for ever, so
//! that it counts once however often it is forwarded; headers of one connection stay with it.
//! Deliberately not here: how a delivery is read (sources).

use std::fmt;
use std::str::FromStr;

use base64::engine::general_purpose::STANDARD;
use duizhang_core::digest::Digest;
use duizhang_core::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::wire::{Method, Request};

/// Where a server takes batches.
pub const RELAY_PATH: &str = "/bridge/deliveries";

/// Most deliveries of one batch: each costs the server a fact, and a receipt should not wait for
/// more than a second of slow disk.
pub const BATCH_DELIVERIES_MAX: usize = 256;

/// Most deliveries of one batch that a server refuses before it lets the rest wait for the next
/// one: each costs a search over all keys, and an honest relay comes to the next batch at once.
pub const BATCH_REFUSALS_MAX: usize = 32;

/// Most bytes of a batch: a delivery of 32 KiB has 43 KiB in base64, and its address and headers at
/// most 64 KiB more in JSON, where a byte may need two.
pub const BATCH_BYTES_MAX: usize = 256 * 1_024;

/// Headers that belong to the connection to the relay. Cookies are nobody's proof.
const OF_THE_CONNECTION: [&str; 11] = [
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A relay's own name, drawn when its log is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BridgeId(u128);

impl BridgeId {
    /// A name from drawn bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// What marks a delivery for ever.
    #[must_use]
    pub fn key_of(self, number: u64) -> Digest {
        Digest::of(&[b"bridge", &self.0.to_be_bytes(), &number.to_be_bytes()])
    }
}

impl fmt::Display for BridgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for BridgeId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = u128::from_str_radix(text, 16).ok().filter(|_| plain);
        bits.map(Self).ok_or("a bridge is named by 32 hexadecimal digits")
    }
}

impl Serialize for BridgeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BridgeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A phone's request as the relay got it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its place in the relay's log.
    pub number: u64,
    /// When the relay had it.
    pub received_at: Timestamp,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    #[serde(with = "in_base64")]
    body: Vec<u8>,
}

impl fmt::Debug for Delivery {
    /// A phone's proof stands in the address, the headers or the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Delivery {
    /// Takes what a server needs to read the request as if the phone had sent it there.
    #[must_use]
    pub fn of(number: u64, received_at: Timestamp, request: &Request) -> Self {
        let kept = |(name, _): &&(String, String)| !OF_THE_CONNECTION.contains(&name.as_str());
        Self {
            number,
            received_at,
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.iter().filter(kept).cloned().collect(),
            body: request.body.clone(),
        }
    }

    /// The phone's request; nobody knows its peer any more.
    #[must_use]
    pub fn into_request(self) -> Request {
        Request {
            method: Method::from(self.method.as_str()),
            path: self.path,
            query: self.query,
            headers: self.headers,
            body: self.body,
            peer: None,
        }
    }

    /// At most how many bytes it adds to a batch.
    pub(super) fn bytes(&self) -> usize {
        // Escaped, a byte of text has two bytes in JSON at most; a control character has six, but
        // the HTTP library lets none through. Names and punctuation of one delivery stay below 128.
        const AROUND: usize = 256;
        let texts = self.headers.iter().map(|(name, value)| name.len() + value.len() + 4);
        let texts = texts.sum::<usize>() + self.path.len() + self.query.len() + self.method.len();
        texts * 2 + self.body.len().div_ceil(3) * 4 + AROUND
    }
}

/// Bytes as base64 in JSON, and as they are on disk.
mod in_base64 {
    use base64::Engine as _;

    use super::{Deserialize, Deserializer, STANDARD, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&STANDARD.encode(bytes))
        } else {
            bytes.serialize(serializer)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer);
        }
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(|_| de::Error::custom("a body is not base64"))
    }
}

/// What the relay posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Whose.
    pub bridge: BridgeId,
    /// The deliveries, the oldest first.
    pub deliveries: Vec<Delivery>,
}

impl Batch {
    /// Whether a server may take it.
    ///
    /// # Errors
    /// What is wrong with it, in words for whoever runs the relay.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.deliveries.is_empty() || self.deliveries.len() > BATCH_DELIVERIES_MAX {
            return Err("a batch has 1 to 256 deliveries");
        }
        if !self.deliveries.is_sorted_by(|one, next| one.number < next.number) {
            return Err("the numbers of a batch must rise");
        }
        if self.deliveries.iter().any(|delivery| !delivery.path.starts_with('/')) {
            return Err("a delivery's path must begin with a slash");
        }
        Ok(())
    }
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Every delivery up to this number is durable, or was refused.
    pub through: u64,
    /// Which of them were refused, rising: their signature fits no device as things are, or they
    /// are no evidence.
    pub refused: Vec<u64>,
}

impl Receipt {
    /// Whether the receipt is one for this batch: whoever answers may be somebody else.
    #[must_use]
    pub fn is_of(&self, batch: &Batch) -> bool {
        let sent = |number: &u64| batch.deliveries.iter().any(|one| one.number == *number);
        let covered = self.refused.iter().all(|number| *number <= self.through && sent(number));
        sent(&self.through) && covered && self.refused.is_sorted_by(|one, next| one < next)
    }
}
