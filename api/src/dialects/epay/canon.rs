//! The text that is signed: `k=v` joined by `&` in the order of the names' bytes.
//!
//! Left out are `sign`, `sign_type`, lists (`a[]`), and values that are empty once PHP's `trim` has
//! been at them. Values stand as they were received after percent-decoding; nothing is encoded
//! again. MD5 appends the key with nothing between; RSA signs the text alone.
//! Invariants: what is read from a request is in the signed text, because a value that counts as
//! empty here is also read as not there; comparing takes the same time wherever texts differ.
//! Deliberately not here: which of several readings a text has (see [`super::grammar`]).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_listener_bridge::wire::{Params, hex_equal, md5_hex};

use crate::key_pair::PublicKey;

/// What PHP's `trim` takes away.
const PHP_SPACES: [char; 6] = [' ', '\t', '\n', '\r', '\0', '\u{b}'];

/// Whether a value counts as given.
pub(super) fn is_filled(value: &str) -> bool {
    !value.trim_matches(PHP_SPACES).is_empty()
}

/// A parameter that counts as given.
pub(super) fn filled<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|value| is_filled(value))
}

/// The parameters that may be signed, empty ones among them.
pub(super) fn signable(params: &Params) -> impl Iterator<Item = (&str, &str)> {
    let pairs = params.iter().map(|param| (param.name.as_str(), param.value.as_str()));
    pairs.filter(|(name, _)| !matches!(*name, "sign" | "sign_type") && !name.contains('['))
}

/// The signed text of pairs in any order.
pub(super) fn text<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The texts that a request's signature may be over. The second is that of shops which sign empty
/// values as well (Xboard); it is tried only where there are any.
pub(super) fn texts(params: &Params) -> Vec<String> {
    let standard = text(signable(params).filter(|(_, value)| is_filled(value)));
    let mut texts = vec![standard];
    if signable(params).any(|(_, value)| !is_filled(value)) {
        texts.push(text(signable(params)));
    }
    texts
}

/// The MD5 signature of a text.
pub(super) fn md5_sign(text: &str, key: &[u8]) -> String {
    md5_hex(&[text.as_bytes(), key])
}

/// Whether a signature is the MD5 of one of the texts with a key. All are computed, whichever fits.
pub(super) fn md5_fits(texts: &[String], sign: &str, key: &[u8]) -> bool {
    texts.iter().fold(false, |fits, text| fits | hex_equal(sign, &md5_sign(text, key)))
}

/// Whether a signature is the RSA one of one of the texts. A `+` that a shop forgot to encode has
/// become a space on its way.
pub(super) fn rsa_fits(texts: &[String], sign: &str, key: &PublicKey) -> bool {
    let signature = STANDARD.decode(sign.trim().replace(' ', "+"));
    signature
        .is_ok_and(|signature| texts.iter().any(|text| key.verifies(text.as_bytes(), &signature)))
}
