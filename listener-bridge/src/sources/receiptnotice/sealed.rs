//! receiptnotice's DES option: each text is hexadecimal of DES/CBC with PKCS #5 padding, and the
//! key is its own initial vector.
//!
//! Invariants: only a key of exactly eight bytes opens anything, as the app's own cipher takes no
//! other; what does not open is nothing, never a part.
//! Deliberately not here: any belief that DES keeps a secret. It is read because phones send it.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use des::Des;

use crate::wire::hex_bytes;

/// How long a key of DES is, and thus its initial vector.
const KEY_BYTES: usize = 8;

/// The text behind a sealed one.
pub(super) fn open(sealed: &str, key: &[u8]) -> Option<String> {
    let key: &[u8; KEY_BYTES] = key.try_into().ok()?;
    let sealed = hex_bytes(sealed)?;
    let cipher = cbc::Decryptor::<Des>::new(key.into(), key.into());
    let bytes = cipher.decrypt_padded_vec::<Pkcs7>(&sealed).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
pub(super) fn seal(text: &str, key: &[u8; KEY_BYTES]) -> String {
    use cbc::cipher::BlockModeEncrypt;
    let cipher = cbc::Encryptor::<Des>::new(key.into(), key.into());
    crate::wire::hex_lower(&cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes())).to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_of_another_implementation_opens() {
        // openssl enc -des-cbc -K 3132333435363738 -iv 3132333435363738, of "345.56".
        assert_eq!(open(OPENSSL, b"12345678").as_deref(), Some("345.56"));
        assert_eq!(open(&OPENSSL.to_lowercase(), b"12345678").as_deref(), Some("345.56"));
    }

    const OPENSSL: &str = "D32E296D7CCE47D8";

    #[test]
    fn what_does_not_open_is_nothing() {
        let cases: [(&str, &[u8]); 7] = [
            (OPENSSL, b"12345679"),
            (OPENSSL, b"1234567"),
            (OPENSSL, b"123456789"),
            ("", b"12345678"),
            ("00", b"12345678"),
            ("0011223344556677", b"12345678"),
            ("no hexadecimal!!", b"12345678"),
        ];
        for (sealed, key) in cases {
            assert_eq!(open(sealed, key), None, "{sealed}");
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(text in "\\PC{0,30}", key: [u8; KEY_BYTES]) {
            prop_assert_eq!(open(&seal(&text, &key), &key), Some(text));
        }

        #[test]
        fn any_text_opens_or_not(sealed in "[0-9a-fA-F]{0,64}") {
            let _ = open(&sealed, b"12345678");
        }
    }
}
