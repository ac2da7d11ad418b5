//! Percent-encoding of the parts of a query or form.
//!
//! Invariants: decoding is strict (a bad escape or bytes that are not UTF-8 are refused, never
//! replaced), because two readings of one text are how a signed value comes to mean something else;
//! decoding what was encoded here gives the text back.
//! Deliberately not here: whole addresses (the `url` crate of the deliverer reads those).

/// Why an encoded text has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EscapeError {
    /// A `%` without two hexadecimal digits behind it.
    #[error("bad percent escape")]
    BadEscape,
    /// The decoded bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
}

/// The text behind an encoded name or value; `+` is a space, as forms write it.
///
/// # Errors
/// [`EscapeError`] says what is wrong with it.
pub fn decode_component(raw: &str) -> Result<String, EscapeError> {
    String::from_utf8(decode_bytes(raw)?).map_err(|_| EscapeError::NotUtf8)
}

/// The bytes behind an encoded name or value, for texts in another character set.
///
/// # Errors
/// [`EscapeError::BadEscape`].
pub fn decode_bytes(raw: &str) -> Result<Vec<u8>, EscapeError> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = hex_digit(rest.next()).ok_or(EscapeError::BadEscape)?;
                let low = hex_digit(rest.next()).ok_or(EscapeError::BadEscape)?;
                (high << 4) | low
            }
            plain => plain,
        });
    }
    Ok(bytes)
}

/// Encodes a name or value so that every byte but letters, digits and `-._~` is escaped, a space as
/// `%20`: every decoder reads this form alike.
#[must_use]
pub fn encode_component(text: &str) -> String {
    encode_bytes(text.as_bytes())
}

/// Encodes the bytes of a text in another character set in the same form.
#[must_use]
pub fn encode_bytes(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    out
}

/// The value of one hexadecimal digit of either case.
pub(super) fn hex_digit(byte: Option<u8>) -> Option<u8> {
    char::from(byte?).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_forms_send_is_read() {
        let cases = [
            ("", ""),
            ("a+b%20c", "a b c"),
            ("%E6%94%B6%e6%ac%be", "收款"),
            ("收款", "收款"),
            ("%2B%3d%26", "+=&"),
            ("%2525", "%25"),
            ("%00", "\0"),
        ];
        for (raw, text) in cases {
            assert_eq!(decode_component(raw).as_deref(), Ok(text), "{raw}");
        }
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for raw in ["%", "%2", "a%zz", "%+1", "100%", "%é0"] {
            assert_eq!(decode_component(raw), Err(EscapeError::BadEscape), "{raw}");
        }
        for raw in ["%ff", "%E6%94", "%c0%80"] {
            assert_eq!(decode_component(raw), Err(EscapeError::NotUtf8), "{raw}");
        }
    }

    #[test]
    fn bytes_of_other_character_sets_pass() {
        assert_eq!(decode_bytes("%B6%A9a+").as_deref(), Ok(&b"\xb6\xa9a "[..]));
        assert_eq!(encode_bytes(b"\xb6\xa9a "), "%B6%A9a%20");
    }

    #[test]
    fn everything_but_the_unreserved_is_escaped() {
        assert_eq!(encode_component("Az9-._~"), "Az9-._~");
        assert_eq!(encode_component("a b+c/=收"), "a%20b%2Bc%2F%3D%E6%94%B6");
    }

    proptest! {
        #[test]
        fn encoding_round_trips(text in "\\PC{0,40}") {
            prop_assert_eq!(decode_component(&encode_component(&text)), Ok(text));
        }

        #[test]
        fn any_text_is_decoded_or_refused(raw in "[%+0-9a-fA-Fé]{0,30}") {
            let _ = decode_component(&raw);
        }
    }
}
