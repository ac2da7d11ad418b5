//! The one codec for stored events: bincode 2 with its standard configuration (little-endian
//! varints).
//!
//! Invariants: decoding never allocates more than the limit allows, and bytes left over are an
//! error, because bincode itself ignores them. The id is written into every frame; another codec
//! gets another id.
//! Deliberately not here: versions of event types and how old ones are raised; `core` owns its
//! events.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::group::EVENT_BYTES_MAX;

/// bincode 2, `config::standard()`.
pub const CODEC_ID: u8 = 1;

type Standard = Configuration<LittleEndian, Varint, Limit<EVENT_BYTES_MAX>>;

/// Pinned: `standard()` with the limit of one event.
const CONFIGURATION: Standard = bincode::config::standard().with_limit::<EVENT_BYTES_MAX>();

/// Why a value could not be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The value does not fit the limit or uses something that bincode cannot express.
    #[error("encoding of an event failed")]
    Encode(#[source] bincode::error::EncodeError),
    /// The bytes are not such a value.
    #[error("decoding of an event failed")]
    Decode(#[source] bincode::error::DecodeError),
    /// The value ends before its bytes do.
    #[error("decoding of an event left {left} of its {bytes} bytes over")]
    BytesLeftOver {
        /// Bytes behind the value.
        left: usize,
        /// Bytes in all.
        bytes: usize,
    },
}

/// Appends the encoded value to `into`, which keeps its capacity from one event to the next.
///
/// # Errors
/// [`CodecError::Encode`]; `into` is then as it was before.
pub fn encode<T: Serialize>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = into.len();
    let written = bincode::serde::encode_into_std_write(value, into, CONFIGURATION);
    written.map(|_| ()).map_err(|source| {
        into.truncate(before);
        CodecError::Encode(source)
    })
}

/// Reads one value that fills `bytes` exactly.
///
/// # Errors
/// [`CodecError::Decode`] or [`CodecError::BytesLeftOver`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, consumed) =
        bincode::serde::decode_from_slice(bytes, CONFIGURATION).map_err(CodecError::Decode)?;
    let left = bytes.len().saturating_sub(consumed);
    if left > 0 {
        return Err(CodecError::BytesLeftOver { left, bytes: bytes.len() });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Sample {
        Plain,
        Named { text: String, number: i64, list: Vec<u32> },
    }

    #[test]
    fn the_bytes_are_pinned() {
        let sample = Sample::Named { text: "对".into(), number: -3, list: vec![1, 251, 65_536] };
        let mut bytes = vec![0xff];
        encode(&sample, &mut bytes).expect("encodes");
        let pinned =
            [0xff, 1, 3, 0xe5, 0xaf, 0xb9, 5, 3, 1, 0xfb, 0xfb, 0x00, 0xfc, 0x00, 0x00, 0x01, 0x00];
        assert_eq!(bytes, pinned);
        assert_eq!(decode::<Sample>(&bytes[1..]).expect("decodes"), sample);
    }

    #[test]
    fn left_over_bytes_and_claimed_lengths_are_refused() {
        assert!(matches!(
            decode::<Sample>(&[0, 0]),
            Err(CodecError::BytesLeftOver { left: 1, bytes: 2 })
        ));
        // A text that claims 2^40 bytes must not be believed.
        let claim = [1, 0xfd, 0, 0, 0, 0, 0, 1, 0, 0];
        assert!(matches!(decode::<Sample>(&claim), Err(CodecError::Decode(_))));
    }

    #[test]
    fn a_value_beyond_the_limit_cannot_be_read() {
        let mut bytes = Vec::new();
        encode(&vec![0_u8; EVENT_BYTES_MAX + 1], &mut bytes).expect("the limit is for reading");
        assert!(decode::<Vec<u8>>(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_refused(bytes: Vec<u8>) {
            if let Ok(sample) = decode::<Sample>(&bytes) {
                let mut again = Vec::new();
                encode(&sample, &mut again).expect("encodes");
                prop_assert_eq!(decode::<Sample>(&again).expect("decodes"), sample);
            }
        }
    }
}
