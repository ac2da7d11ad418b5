//! Callback signatures by the Standard Webhooks specification
//! (standard-webhooks, spec/standard-webhooks.md, version 1.0.0, symmetric scheme `v1`).
//!
//! Invariants: the signature covers `{id}.{timestamp}.{body}` with the body's exact bytes; during a
//! rotation every key that is in force signs, so that a receiver with either key accepts; a key is
//! never shorter than the specification allows and never shows itself.
//! Deliberately not here: what the body says, when it is sent, and the storing of keys
//! (`secrets.rs`).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The header that names the message; equal on every attempt, so that a receiver can drop repeats.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the attempt's time in whole seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with one signature for each key in force, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

const PREFIX: &str = "whsec_";
/// The specification's bounds of a symmetric key: 24 bytes (192 bits) to 64 bytes (512 bits).
const KEY_BYTES_MIN: usize = 24;
const KEY_BYTES_MAX: usize = 64;

/// Why a text is not a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The text does not begin with `whsec_`.
    #[error("read a webhook signing secret: it does not begin with whsec_")]
    NoPrefix,
    /// What follows is not base64.
    #[error("read a webhook signing secret: what follows whsec_ is not base64")]
    NotBase64,
    /// The key is shorter or longer than the specification allows.
    #[error("read a webhook signing secret: {0} bytes, but 24 to 64 are required")]
    WrongLength(usize),
}

/// A key that signs callbacks.
#[derive(Clone)]
pub struct SigningKey(Zeroizing<Vec<u8>>);

impl SigningKey {
    /// Reads the form in which keys are shown to shops: `whsec_` and base64.
    ///
    /// # Errors
    /// [`SigningKeyError`] says what is wrong with it, without repeating any of it.
    pub fn parse(text: &str) -> Result<Self, SigningKeyError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SigningKeyError::NoPrefix)?;
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| SigningKeyError::NotBase64)?);
        if !(KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len()) {
            return Err(SigningKeyError::WrongLength(key.len()));
        }
        Ok(Self(key))
    }

    /// The text of a new key of 256 bits, from two draws of the clock.
    #[must_use]
    pub fn new_text(draws: [u128; 2]) -> Zeroizing<String> {
        let mut key = Zeroizing::new([0; 32]);
        key[..16].copy_from_slice(&draws[0].to_be_bytes());
        key[16..].copy_from_slice(&draws[1].to_be_bytes());
        let encoded = Zeroizing::new(STANDARD.encode(key.as_slice()));
        Zeroizing::new([PREFIX, encoded.as_str()].concat())
    }

    fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The three headers of one signed attempt, by name.
pub type SignedHeaders = [(&'static str, String); 3];

/// Signs one attempt with every key in force, the newest first.
///
/// `None` where there is no key: an unsigned callback must never leave. The id must be free of dots
/// (ours are), or the signed text would have two readings.
#[must_use]
pub fn sign(id: &str, at: Timestamp, body: &[u8], keys: &[SigningKey]) -> Option<SignedHeaders> {
    if keys.is_empty() || id.is_empty() || id.contains('.') {
        return None;
    }
    let seconds = at.secs();
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(id, seconds, body)).collect();
    Some([
        (ID_HEADER, id.to_owned()),
        (TIMESTAMP_HEADER, seconds.to_string()),
        (SIGNATURE_HEADER, signatures.join(" ")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};
    use axum::http::HeaderMap;
    use proptest::prelude::*;
    use standardwebhooks::Webhook;

    const ID: &str = "msg-o0000000000000000000000001";

    fn key_text(fill: u128) -> String {
        SigningKey::new_text([fill, fill]).to_string()
    }

    fn key(fill: u128) -> SigningKey {
        SigningKey::parse(&key_text(fill)).unwrap()
    }

    /// The published verifier compares with the real time and takes no clock, so these tests sign
    /// at the real time too; its tolerance of five minutes keeps them independent of speed.
    fn signed_now(body: &[u8], keys: &[SigningKey]) -> HeaderMap {
        let headers = sign(ID, SystemClock::new().now(), body, keys).unwrap();
        headers.into_iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn the_published_library_accepts_what_we_sign() {
        let body = r#"{"type":"order.paid","data":{"amount":"10.01","name":"会员"}}"#.as_bytes();
        let headers = signed_now(body, &[key(1)]);
        Webhook::new(&key_text(1)).unwrap().verify(body, &headers).unwrap();
        assert!(Webhook::new(&key_text(2)).unwrap().verify(body, &headers).is_err());
    }

    #[test]
    fn the_specification_s_own_example_has_its_own_signature() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp::from_secs(1_614_265_330);
        let signed = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#, &[key]);
        let [_, (_, seconds), (_, signature)] = signed.unwrap();
        assert_eq!(seconds, "1614265330");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_changed_byte_of_the_body_is_noticed() {
        let body = br#"{"amount":"10.00"}"#;
        let headers = signed_now(body, &[key(1)]);
        let verifier = Webhook::new(&key_text(1)).unwrap();
        for place in 0..body.len() {
            let mut changed = body.to_vec();
            changed[place] ^= 1;
            assert!(verifier.verify(&changed, &headers).is_err(), "byte {place}");
        }
    }

    #[test]
    fn a_changed_id_or_time_is_noticed() {
        let verifier = Webhook::new(&key_text(1)).unwrap();
        let now = SystemClock::new().now().secs();
        for (name, value) in
            [(ID_HEADER, "msg-other".to_owned()), (TIMESTAMP_HEADER, (now - 9).to_string())]
        {
            let mut headers = signed_now(b"{}", &[key(1)]);
            headers.insert(name, value.parse().unwrap());
            assert!(verifier.verify(b"{}", &headers).is_err(), "{name}");
        }
    }

    #[test]
    fn while_keys_rotate_either_of_them_verifies() {
        let headers = signed_now(b"{}", &[key(2), key(1)]);
        for fill in [1, 2] {
            Webhook::new(&key_text(fill)).unwrap().verify(b"{}", &headers).unwrap();
        }
        assert!(Webhook::new(&key_text(3)).unwrap().verify(b"{}", &headers).is_err());
    }

    #[test]
    fn without_a_key_or_with_an_id_of_two_readings_nothing_is_signed() {
        let at = Timestamp::from_secs(1);
        assert!(sign(ID, at, b"{}", &[]).is_none());
        assert!(sign("", at, b"{}", &[key(1)]).is_none());
        assert!(sign("msg.1", at, b"{}", &[key(1)]).is_none());
    }

    #[test]
    fn what_is_not_a_key_is_refused_by_name() {
        use SigningKeyError::{NoPrefix, NotBase64, WrongLength};
        let of = |bytes: usize| [PREFIX, &STANDARD.encode(vec![7; bytes])].concat();
        let cases = [
            (String::new(), NoPrefix),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), NoPrefix),
            ("whsec_".to_owned(), WrongLength(0)),
            ("whsec_not base64".to_owned(), NotBase64),
            (of(23), WrongLength(23)),
            (of(65), WrongLength(65)),
        ];
        for (text, error) in cases {
            assert_eq!(SigningKey::parse(&text).unwrap_err(), error);
        }
        assert!(SigningKey::parse(&of(24)).is_ok());
        assert!(SigningKey::parse(&of(64)).is_ok());
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", key(1)), "SigningKey(..)");
    }

    proptest! {
        #[test]
        fn we_and_the_published_library_sign_alike(body in "\\PC{0,200}", fill: u128, seconds in 0..4_000_000_000_i64) {
            let theirs = Webhook::new(&key_text(fill)).unwrap().sign(ID, seconds, body.as_bytes()).unwrap();
            let [_, _, (_, ours)] = sign(ID, Timestamp::from_secs(seconds), body.as_bytes(), &[key(fill)]).unwrap();
            prop_assert_eq!(ours, theirs);
        }
    }
}
