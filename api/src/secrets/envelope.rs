//! The master key and what it wraps: XChaCha20-Poly1305 with the secret's own name as associated
//! data.
//!
//! Invariants: a wrapped secret opens only under its own kind, owner, key id and end, so that
//! nobody who can write the file can give one merchant the key of another, or an old key a longer
//! life; parts of a name never run together; nonces of 192 random bits never repeat.
//! Deliberately not here: where the bytes lie.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::clock::Clock;

const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;

/// The key that wraps all others.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    /// Reads 64 hexadecimal digits or the base64 of 32 bytes; a line end behind them is allowed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(['\r', '\n']);
        let bytes = match text.len() {
            64 => unhex(text)?,
            _ => Zeroizing::new(STANDARD.decode(text).ok()?),
        };
        let key: [u8; KEY_BYTES] = bytes.as_slice().try_into().ok()?;
        // A key of equal bytes was never drawn; it is what an unset template looks like.
        let drawn = key.iter().any(|byte| *byte != key[0]);
        drawn.then(|| Self(Zeroizing::new(key)))
    }

    /// A new key.
    #[must_use]
    pub fn drawn(clock: &dyn Clock) -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key[..16].copy_from_slice(&clock.draw().to_be_bytes());
        key[16..].copy_from_slice(&clock.draw().to_be_bytes());
        Self(key)
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Nonce and wrapped bytes in one piece.
    pub(super) fn wrap(&self, bytes: &[u8], name: &[&[u8]], clock: &dyn Clock) -> Vec<u8> {
        let mut sealed = [clock.draw().to_be_bytes(), clock.draw().to_be_bytes()].concat();
        sealed.truncate(NONCE_BYTES);
        let payload = Payload { msg: bytes, aad: &joined(name) };
        let wrapped = self
            .cipher()
            .encrypt(XNonce::from_slice(&sealed), payload)
            .expect("secrets are far shorter than the cipher's limit of 256 GiB");
        sealed.extend_from_slice(&wrapped);
        sealed
    }

    /// The reverse; none if key, name or any bit is another.
    pub(super) fn unwrap(&self, sealed: &[u8], name: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, wrapped) = sealed.split_at_checked(NONCE_BYTES)?;
        let payload = Payload { msg: wrapped, aad: &joined(name) };
        self.cipher().decrypt(XNonce::from_slice(nonce), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.as_slice().into())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// The parts, each behind its length.
pub(super) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::new();
    for part in parts {
        all.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        all.extend_from_slice(part);
    }
    all
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?))
        .collect::<Option<_>>()
        .map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use duizhang_core::time::Timestamp;
    use proptest::prelude::*;

    fn clock(seed: u64) -> ManualClock {
        ManualClock::new(Timestamp::from_secs(0), seed)
    }

    #[test]
    fn a_master_key_is_read_in_both_forms_and_anything_else_is_not() {
        let key = MasterKey::drawn(&clock(1));
        let hex: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
        for text in [key.to_text().to_string(), hex.clone(), hex.to_uppercase(), format!("{hex}\n")]
        {
            assert_eq!(MasterKey::parse(&text).unwrap().0, key.0);
        }
        let zeros = "0".repeat(64);
        let bad = format!("{}g", &hex[1..]);
        for text in ["", "short", &zeros, &hex[2..], &bad, &STANDARD.encode([1; 31])] {
            assert!(MasterKey::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_wrapped_opens_under_its_own_key_and_name_only(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            owner in "[a-z0-9]{1,8}",
            flip: prop::sample::Index,
        ) {
            let (clock, other) = (clock(1), clock(2));
            let key = MasterKey::drawn(&clock);
            let name: [&[u8]; 2] = [b"device-key", owner.as_bytes()];
            let mut sealed = key.wrap(&bytes, &name, &clock);
            let opened = key.unwrap(&sealed, &name);
            prop_assert_eq!(opened.as_deref(), Some(&bytes));
            prop_assert!(key.unwrap(&sealed, &[b"device-ke", b"y", owner.as_bytes()]).is_none());
            prop_assert!(key.unwrap(&sealed, &[b"merchant-key", owner.as_bytes()]).is_none());
            prop_assert!(MasterKey::drawn(&other).unwrap(&sealed, &name).is_none());
            let place = flip.index(sealed.len());
            sealed[place] ^= 1;
            prop_assert!(key.unwrap(&sealed, &name).is_none());
            prop_assert!(key.unwrap(&sealed[..place], &name).is_none());
        }
    }
}
