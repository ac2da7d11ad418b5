//! RSA keys for protocols that sign with SHA256withRSA: the pair that we draw, and the public key
//! that a shop gives us.
//!
//! ring signs and verifies, in constant time. The crate `rsa` draws a pair once and takes the forms
//! of keys apart; it computes nothing with a private key that somebody could time (see
//! `docs/adr/0014`).
//! Invariants: a private key never shows itself and is wiped with its text; keys below 2,048 bits
//! are refused; random bits come from the clock, so that the one reader of entropy stays the one.
//! Deliberately not here: where a key is stored, and what is signed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::{CryptoRng, Error, RngCore};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use crate::clock::Clock;

/// The size of a drawn key, which is also that of the shops' software.
const BITS: usize = 2_048;
/// The smallest public key: what ring verifies with this algorithm.
const BITS_MIN: usize = 2_048;
/// The largest public key: 4,096 bits are the largest that shops make, and verifying costs the
/// square of the size.
const BITS_MAX: usize = 4_096;
/// Longest text of a key: PKCS #8 of 4,096 bits is below 2,400 bytes, in base64 3,200, with the
/// lines of PEM below 4 KiB.
pub const KEY_TEXT_BYTES_MAX: usize = 4_096;

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyPairError {
    /// Neither PEM nor base64 of a key.
    #[error("read an RSA key: neither PEM nor base64 of one")]
    NotAKey,
    /// Smaller or larger than what is safe and affordable.
    #[error("read an RSA key: {0} bits, but 2048 to 4096 are required")]
    Size(usize),
}

/// A private key.
pub struct PrivateKey(RsaKeyPair);

impl PrivateKey {
    /// The text of a new key: base64 of PKCS #8.
    #[must_use]
    pub fn new_text(clock: &dyn Clock) -> Zeroizing<String> {
        let key = RsaPrivateKey::new(&mut Draws(clock), BITS).expect("2,048 bits can be drawn");
        let der = key.to_pkcs8_der().expect("a drawn key has the form of one");
        Zeroizing::new(STANDARD.encode(der.as_bytes()))
    }

    /// Reads such a text.
    ///
    /// # Errors
    /// [`KeyPairError`], which repeats nothing of it.
    pub fn parse(text: &[u8]) -> Result<Self, KeyPairError> {
        let der = Zeroizing::new(STANDARD.decode(text).map_err(|_| KeyPairError::NotAKey)?);
        RsaKeyPair::from_pkcs8(&der).map(Self).map_err(|_| KeyPairError::NotAKey)
    }

    /// The public half of such a text: base64 of a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`KeyPairError`].
    pub fn public_text(text: &[u8]) -> Result<String, KeyPairError> {
        let der = Zeroizing::new(STANDARD.decode(text).map_err(|_| KeyPairError::NotAKey)?);
        let key = RsaPrivateKey::from_pkcs8_der(&der).map_err(|_| KeyPairError::NotAKey)?;
        let public = key.to_public_key().to_public_key_der();
        Ok(STANDARD.encode(public.map_err(|_| KeyPairError::NotAKey)?))
    }

    /// The SHA256withRSA signature of a message in base64.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        // The padding of PKCS #1 v1.5 is fixed: ring asks for a source of chance and draws nothing.
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("a key of at least 2,048 bits signs SHA-256");
        STANDARD.encode(signature)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    text: String,
}

impl PublicKey {
    /// Reads PEM (`PUBLIC KEY`, `RSA PUBLIC KEY`) or what stands between its lines, as shops'
    /// software shows it.
    ///
    /// # Errors
    /// [`KeyPairError`].
    pub fn parse(text: &str) -> Result<Self, KeyPairError> {
        if text.len() > KEY_TEXT_BYTES_MAX {
            return Err(KeyPairError::NotAKey);
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let bare: String = lines.flat_map(str::split_whitespace).collect();
        let der = STANDARD.decode(bare).map_err(|_| KeyPairError::NotAKey)?;
        let key = RsaPublicKey::from_public_key_der(&der)
            .or_else(|_| RsaPublicKey::from_pkcs1_der(&der))
            .map_err(|_| KeyPairError::NotAKey)?;
        let bits = key.n().bits();
        if !(BITS_MIN..=BITS_MAX).contains(&bits) {
            return Err(KeyPairError::Size(bits));
        }
        let der = key.to_public_key_der().map_err(|_| KeyPairError::NotAKey)?;
        let (modulus, exponent) = (key.n().to_bytes_be(), key.e().to_bytes_be());
        Ok(Self { modulus, exponent, text: STANDARD.encode(der) })
    }

    /// Base64 of the SubjectPublicKeyInfo, on one line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the private half signed this message with SHA256withRSA.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(..)")
    }
}

/// The clock's random bits as the source of chance that drawing a key asks for.
struct Draws<'a>(&'a dyn Clock);

impl RngCore for Draws<'_> {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(16) {
            let drawn = Zeroizing::new(self.0.draw().to_be_bytes());
            piece.copy_from_slice(&drawn[..piece.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Draws<'_> {}

#[cfg(test)]
mod tests {
    use duizhang_core::time::Timestamp;

    use super::*;
    use crate::clock::ManualClock;

    // Made by OpenSSL: `genrsa 2048`, `pkcs8 -topk8 -nocrypt`, `rsa -pubout`, `dgst -sha256 -sign`.
    const PLATFORM: &str = include_str!("../tests/data/epay/platform.p8");
    const PLATFORM_PUBLIC: &str = include_str!("../tests/data/epay/platform.pub");
    const MERCHANT: &str = include_str!("../tests/data/epay/merchant.pub");
    const MERCHANT_PKCS1: &str = include_str!("../tests/data/epay/merchant.pkcs1.pub");
    const SMALL: &str = include_str!("../tests/data/epay/small.pub");
    const FOX: &[u8] = b"The quick brown fox";
    const FOX_BY_PLATFORM: &str = include_str!("../tests/data/epay/fox.platform.sig");
    const FOX_BY_MERCHANT: &str = include_str!("../tests/data/epay/fox.merchant.sig");

    fn bare(pem: &str) -> String {
        pem.lines().filter(|line| !line.starts_with('-')).collect()
    }

    #[test]
    fn signatures_are_those_of_openssl() {
        let key = PrivateKey::parse(PLATFORM.as_bytes()).unwrap();
        assert_eq!(key.sign(FOX), FOX_BY_PLATFORM);
        assert_eq!(format!("{key:?}"), "PrivateKey(..)");
        let public = PrivateKey::public_text(PLATFORM.as_bytes()).unwrap();
        assert_eq!(public, bare(PLATFORM_PUBLIC));
    }

    #[test]
    fn a_shops_key_is_read_in_every_form_and_verifies() {
        let signature = STANDARD.decode(FOX_BY_MERCHANT).unwrap();
        let bare = bare(MERCHANT);
        let windows = MERCHANT.replace('\n', "\r\n");
        for text in [MERCHANT, MERCHANT_PKCS1, &bare, &windows, &format!(" {bare}\n")] {
            let key = PublicKey::parse(text).unwrap();
            assert_eq!(key.text(), bare);
            assert!(key.verifies(FOX, &signature));
            assert!(!key.verifies(b"The quick brown dog", &signature));
            assert!(!key.verifies(FOX, &signature[1..]));
            assert!(!key.verifies(FOX, &STANDARD.decode(FOX_BY_PLATFORM).unwrap()));
            assert!(!key.verifies(FOX, b""));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "A".repeat(KEY_TEXT_BYTES_MAX + 1);
        for text in ["", "AAAA", "not base64!", "-----BEGIN PUBLIC KEY-----", PLATFORM, &long] {
            assert_eq!(PublicKey::parse(text), Err(KeyPairError::NotAKey), "{text}");
        }
        assert_eq!(PublicKey::parse(SMALL), Err(KeyPairError::Size(1_024)));
        for text in ["", "AAAA", "not base64!", &bare(MERCHANT)] {
            assert!(PrivateKey::parse(text.as_bytes()).is_err(), "{text}");
            assert!(PrivateKey::public_text(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_drawn_pair_fits_together_and_comes_from_the_clock() {
        let clock = || ManualClock::new(Timestamp::from_secs(0), 7);
        let text = PrivateKey::new_text(&clock());
        assert!(text.len() <= KEY_TEXT_BYTES_MAX);
        let signature = PrivateKey::parse(text.as_bytes()).unwrap().sign(FOX);
        let public = PublicKey::parse(&PrivateKey::public_text(text.as_bytes()).unwrap()).unwrap();
        assert!(public.verifies(FOX, &STANDARD.decode(signature).unwrap()));
        assert_eq!(PrivateKey::new_text(&clock()), text, "equal draws make equal keys");
    }
}
