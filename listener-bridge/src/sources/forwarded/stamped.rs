//! SmsForwarder's signature, which mpay and mpay_v2 took over: base64 of HMAC-SHA256(key = secret,
//! `timestamp \n secret`).
//!
//! Invariants: the signature does not cover what is said, so it is good for one content only: its
//! repeat key is the same on every path, or whoever saw it on one could use it on another.
//! Deliberately not here: where timestamp and signature stand in a request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;

use crate::wire::{bytes_equal, decode_component, hmac_sha256};

/// How often a signature may be percent-encoded: the app encodes it once itself and once more in a
/// query, of which reading the parameters takes one away.
const SIGN_DECODINGS_MAX: usize = 2;

/// Begins every repeat key of such a signature. It is the first such source's name and stays.
const DOMAIN: &[u8] = b"smsforwarder";

/// A timestamp with its signature.
pub(in crate::sources) struct Stamped {
    timestamp: String,
    mac: Vec<u8>,
}

impl Stamped {
    /// `None` where the text is no signature.
    pub(in crate::sources) fn of(timestamp: &str, sign: &str) -> Option<Self> {
        Some(Self { timestamp: String::from(timestamp), mac: sign_bytes(sign)? })
    }

    /// Whether this key signed it.
    pub(in crate::sources) fn fits(&self, key: &[u8]) -> bool {
        let message = [self.timestamp.as_bytes(), b"\n", key].concat();
        bytes_equal(&self.mac, &hmac_sha256(key, &message))
    }

    /// What this signature is good for once.
    pub(in crate::sources) fn repeat_key(&self, device: &DeviceId) -> Digest {
        repeat_key(device, &self.timestamp, &self.mac)
    }
}

/// What a timestamp without a signature is good for once: a token says nothing about a notice.
pub(in crate::sources) fn token_key(device: &DeviceId, timestamp: &str) -> Digest {
    repeat_key(device, timestamp, &[])
}

fn repeat_key(device: &DeviceId, timestamp: &str, mac: &[u8]) -> Digest {
    Digest::of(&[device.as_str().as_bytes(), DOMAIN, timestamp.as_bytes(), mac])
}

/// The bytes of a base64 signature, percent-encoded or not. A `+` that became a space on its way is
/// put back.
fn sign_bytes(sign: &str) -> Option<Vec<u8>> {
    let mut sign = sign.replace(' ', "+");
    for _ in 0..SIGN_DECODINGS_MAX {
        if !sign.contains('%') {
            break;
        }
        sign = decode_component(&sign).ok()?.replace(' ', "+");
    }
    STANDARD.decode(sign).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::encode_component;

    #[test]
    fn the_published_signature_fits_its_key_and_time_only() {
        let sign = "op8PfVzJL3l7ytCWjPLUMemWOtOBySrLOe22d7A7me4=";
        let fits = |timestamp: &str, key: &str| {
            Stamped::of(timestamp, sign).is_some_and(|stamped| stamped.fits(key.as_bytes()))
        };
        assert!(fits("1700000000000", "abc"));
        assert!(!fits("1700000000001", "abc"));
        assert!(!fits("1700000000000", "abe"));
    }

    #[test]
    fn a_signature_is_read_raw_and_encoded_up_to_twice() {
        let raw = "op8P+VzJL3l7/tCWjPLUMemWOtOBySrLOe22d7A7me4=";
        let bytes = STANDARD.decode(raw).unwrap();
        let once = encode_component(raw);
        let twice = encode_component(&once);
        for text in [
            raw,
            &once,
            &twice,
            &raw.replace('+', " "),
            &once.to_lowercase().replace("op8p", "op8P"),
        ] {
            let read = sign_bytes(text);
            assert_eq!(read.as_ref().map(Vec::len), Some(32), "{text}");
            assert!(read.as_ref() == Some(&bytes) || text.contains("%2b"), "{text}");
        }
        for text in ["", "%", "=", &encode_component(&twice), "op8P", "收款"] {
            assert_ne!(sign_bytes(text).as_ref(), Some(&bytes), "{text}");
        }
    }
}
