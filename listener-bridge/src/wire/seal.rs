//! Hashes and comparisons of signatures.
//!
//! Invariants: comparisons take the same time wherever the texts differ; hexadecimal is compared
//! without regard to case, because some phones send upper case; a text of the wrong length or
//! alphabet never equals.
//! Deliberately not here: keys, and which bytes are signed (each source and dialect says so
//! itself). MD5 is here only because deployed phones and shops speak it.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::percent::hex_digit;

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn hex_lower(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The MD5 of the parts one behind the other, as lower-case hexadecimal.
#[must_use]
pub fn md5_hex(parts: &[&[u8]]) -> String {
    let mut hasher = Md5::new();
    for part in parts {
        hasher.update(part);
    }
    hex_lower(&hasher.finalize())
}

/// The SHA-256 of bytes, as lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex_lower(&Sha256::digest(bytes))
}

/// HMAC-SHA256 of a message. Keys of any length are taken; whether a key is long enough is the
/// caller's matter.
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Whether two byte strings are equal, in a time that depends on their length only.
#[must_use]
pub fn bytes_equal(given: &[u8], expected: &[u8]) -> bool {
    given.ct_eq(expected).into()
}

/// Whether a received hexadecimal text, of either case, spells the same bytes as the expected one.
#[must_use]
pub fn hex_equal(given: &str, expected: &str) -> bool {
    match (hex_bytes(given), hex_bytes(expected)) {
        (Some(given), Some(expected)) => !expected.is_empty() && bytes_equal(&given, &expected),
        _ => false,
    }
}

/// The bytes of a hexadecimal text of either case; `None` where it is none.
#[must_use]
pub fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |pair: &[u8; 2]| Some((hex_digit(Some(pair[0]))? << 4) | hex_digit(Some(pair[1]))?);
    pairs.iter().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_values_come_out() {
        assert_eq!(md5_hex(&[]), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5_hex(&[b"a", b"bc"]), "900150983cd24fb0d6963f7d28e17f72");
        // RFC 4231, test case 2.
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex_lower(&mac), expected);
    }

    #[test]
    fn hexadecimal_of_either_case_is_equal() {
        let expected = "900150983cd24fb0d6963f7d28e17f72";
        assert!(hex_equal(expected, expected));
        assert!(hex_equal(&expected.to_uppercase(), expected));
        let wrong = [
            "",
            "9",
            "900150983cd24fb0d6963f7d28e17f73",
            "900150983cd24fb0d6963f7d28e17f7",
            "900150983cd24fb0d6963f7d28e17f7200",
            "900150983cd24fb0d6963f7d28e17f7g",
            " 900150983cd24fb0d6963f7d28e17f72",
            "９00150983cd24fb0d6963f7d28e17f72",
        ];
        for given in wrong {
            assert!(!hex_equal(given, expected), "{given}");
        }
        assert!(!hex_equal("", ""), "nothing never proves anything");
    }

    proptest! {
        #[test]
        fn one_changed_digit_is_seen(bytes: [u8; 16], at in 0_usize..32, digit in "[0-9a-f]") {
            let expected = hex_lower(&bytes);
            let mut given = expected.clone();
            given.replace_range(at..=at, &digit);
            prop_assert_eq!(hex_equal(&given, &expected), given == expected);
        }
    }
}
