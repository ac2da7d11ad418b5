//! Bytes to text, strictly: by the bytes alone, never by a name or a channel.
//!
//! Invariants: the first bad sequence refuses the file; nothing is replaced. GB18030 is tried last,
//! because it takes almost anything.
//! Deliberately not here: archives ([`super::container`]).

use encoding_rs::GB18030;

use super::refusal::NotAStatement;
use super::statement::Encoding;

/// The text of a file, and how it was decoded.
pub(super) fn decode(bytes: &[u8]) -> Result<(String, Encoding), NotAStatement> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(NotAStatement::Utf16);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        let text = std::str::from_utf8(rest)
            .map_err(|error| NotAStatement::Undecodable { at: error.valid_up_to() + 3 })?;
        return Ok((text.to_owned(), Encoding::Utf8Bom));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((text.to_owned(), Encoding::Utf8));
    }
    let bad = || bad_gb18030(bytes);
    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(|text| (text.into_owned(), Encoding::Gb18030))
        .ok_or_else(|| NotAStatement::Undecodable { at: bad() })
}

/// Where GB18030 breaks. Only asked for a file that is refused, so it may walk the file line by
/// line.
fn bad_gb18030(bytes: &[u8]) -> usize {
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if GB18030.decode_without_bom_handling_and_without_replacement(line).is_none() {
            return at;
        }
        at += line.len();
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_that_fits_is_taken() {
        let cases: [(&[u8], &str, Encoding); 4] = [
            (b"\xef\xbb\xbf\xe6\x94\xb6", "收", Encoding::Utf8Bom),
            ("收".as_bytes(), "收", Encoding::Utf8),
            (b"\xca\xd5\xc8\xeb", "收入", Encoding::Gb18030),
            // An emoji in a nickname takes four bytes.
            (b"\x94\x39\xfc\x36", "😀", Encoding::Gb18030),
        ];
        for (bytes, text, encoding) in cases {
            assert_eq!(decode(bytes), Ok((text.to_owned(), encoding)));
        }
    }

    #[test]
    fn a_bad_sequence_refuses_the_file() {
        let cases: [(&[u8], usize); 3] =
            [(b"\xef\xbb\xbfa\xff", 4), (b"\xca\xd5\n\xca", 3), (b"\xca\xd5\xff\xff", 0)];
        for (bytes, at) in cases {
            assert_eq!(decode(bytes), Err(NotAStatement::Undecodable { at }));
        }
        assert_eq!(decode(b"\xff\xfea\0"), Err(NotAStatement::Utf16));
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(text in "[a-z收支入出😀\n,]{0,80}") {
            let (bytes, _, lossy) = GB18030.encode(&text);
            prop_assert!(!lossy);
            prop_assert_eq!(decode(text.as_bytes()).map(|(text, _)| text), Ok(text.clone()));
            // A GB18030 text that is UTF-8 by chance would be told apart by nobody.
            if std::str::from_utf8(&bytes).is_err() {
                prop_assert_eq!(decode(&bytes), Ok((text, Encoding::Gb18030)));
            }
        }
    }
}
