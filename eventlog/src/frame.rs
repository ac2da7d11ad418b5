//! One group as the journal writes it: a header of 84 bytes and the events, each behind its length.
//!
//! ```text
//!  0 magic "DZF1"   4 codec id   5 three zero bytes   8 payload length u32   12 event count u32
//! 16 first position u64   24 time i64 (us)   32 tree size after it u64   40 root after it [32]
//! 72 link: the header checksum before u32   76 payload checksum u32   80 header checksum u32
//! ```
//! Numbers are little-endian; checksums are CRC-32C, and the header's starts from the segment's
//! seed, so that bytes inside an event cannot pose as a frame. Invariants: decoding never panics
//! and never reads beyond the claimed length, which is checked against the limits first; the header
//! checksum covers the whole frame.
//! Deliberately not here: whether the frame continues the one before it (the journal knows).

use duizhang_core::merkle::Hash;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::bytes::{array_at, i64_at, narrow, put, size, u32_at, u64_at};
use crate::codec::CODEC_ID;
use crate::group::{GROUP_BYTES_MAX, GROUP_EVENTS_MAX, is_well_formed};
use crate::log::GroupHeader;

/// The first bytes of every frame; the digit is the format's version.
pub(crate) const FRAME_MAGIC: [u8; 4] = *b"DZF1";
/// Bytes in front of the events.
pub(crate) const FRAME_HEADER_BYTES: usize = 84;

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameFlaw {
    /// Zero bytes: nothing was written here.
    Blank,
    /// Cut short, overwritten or never a frame.
    Broken,
    /// A whole frame of a codec that this program does not have.
    UnknownCodec,
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) group: GroupHeader,
    /// The header checksum of the frame before.
    pub(crate) link: u32,
    /// The header checksum of this one.
    pub(crate) checksum: u32,
}

/// A decoded frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) header: FrameHeader,
    /// The events, each behind its length; well formed.
    pub(crate) payload: &'a [u8],
}

impl Frame<'_> {
    /// How many bytes it takes in a segment.
    pub(crate) const fn bytes(&self) -> usize {
        FRAME_HEADER_BYTES + self.payload.len()
    }
}

/// Writes the header over the first [`FRAME_HEADER_BYTES`] of a buffer whose rest is the payload,
/// and returns the header checksum, the next frame's link.
pub(crate) fn seal(frame: &mut [u8], group: &GroupHeader, link: u32, seed: u32) -> u32 {
    let (header, payload) = frame.split_at_mut(FRAME_HEADER_BYTES);
    debug_assert!(is_well_formed(payload, group.count), "a group builds well-formed payloads");
    put(header, 0, &FRAME_MAGIC);
    put(header, 4, &[CODEC_ID, 0, 0, 0]);
    put(header, 8, &narrow(payload.len()).to_le_bytes());
    put(header, 12, &group.count.to_le_bytes());
    put(header, 16, &group.first.number().to_le_bytes());
    put(header, 24, &group.time.micros().to_le_bytes());
    put(header, 32, &group.last().number().to_le_bytes());
    put(header, 40, &group.root.bytes());
    put(header, 72, &link.to_le_bytes());
    put(header, 76, &crc32c::crc32c(payload).to_le_bytes());
    let checksum = crc32c::crc32c_append(seed, &header[..80]);
    put(header, 80, &checksum.to_le_bytes());
    checksum
}

/// Reads the frame at the start of `bytes`, which may go on behind it.
pub(crate) fn decode(bytes: &[u8], seed: u32) -> Result<Frame<'_>, FrameFlaw> {
    let Some((header, rest)) = bytes.split_at_checked(FRAME_HEADER_BYTES) else {
        let blank = bytes.iter().all(|&byte| byte == 0);
        return Err(if blank { FrameFlaw::Blank } else { FrameFlaw::Broken });
    };
    if header.iter().all(|&byte| byte == 0) {
        return Err(FrameFlaw::Blank);
    }
    let checksum = u32_at(header, 80);
    let intact = header[..4] == FRAME_MAGIC
        && crc32c::crc32c_append(seed, &header[..80]) == checksum
        && header[5..8] == [0; 3];
    let (length, count) = (size(u32_at(header, 8)), u32_at(header, 12));
    let (first, tree_size) = (u64_at(header, 16), u64_at(header, 32));
    let within = length <= GROUP_BYTES_MAX && count > 0 && size(count) <= GROUP_EVENTS_MAX;
    let dense = first > 0 && first.checked_add(u64::from(count)) == tree_size.checked_add(1);
    if !intact || !within || !dense {
        return Err(FrameFlaw::Broken);
    }
    let Some(payload) = rest.get(..length) else { return Err(FrameFlaw::Broken) };
    if crc32c::crc32c(payload) != u32_at(header, 76) || !is_well_formed(payload, count) {
        return Err(FrameFlaw::Broken);
    }
    if header[4] != CODEC_ID {
        return Err(FrameFlaw::UnknownCodec);
    }
    let group = GroupHeader {
        first: Position::new(first),
        count,
        time: Timestamp::from_micros(i64_at(header, 24)),
        root: Hash::from_bytes(array_at(header, 40)),
    };
    Ok(Frame { header: FrameHeader { group, link: u32_at(header, 72), checksum }, payload })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::Group;
    use duizhang_core::merkle::empty_root;
    use proptest::prelude::*;

    const SEED: u32 = 0x5eed;

    fn sealed(events: &[Vec<u8>]) -> Vec<u8> {
        let mut group = Group::new(Timestamp::from_secs(1));
        events.iter().for_each(|event| group.push(event).expect("fits"));
        let mut bytes = vec![0; FRAME_HEADER_BYTES];
        bytes.extend_from_slice(group.payload());
        let header = GroupHeader {
            first: Position::new(41),
            count: narrow(events.len()),
            time: group.time(),
            root: empty_root(),
        };
        seal(&mut bytes, &header, 7, SEED);
        bytes
    }

    #[test]
    fn the_first_bytes_ever_written_stay_readable() {
        // Golden: one group of two events, written by the first version. Never change it.
        let golden = include_bytes!("../tests/golden/frame-1.bin");
        let frame = decode(golden, SEED).expect("the golden frame");
        assert_eq!(sealed(&[b"first".to_vec(), b"".to_vec()]), golden);
        assert_eq!(frame.header.group.first, Position::new(41));
        assert_eq!(frame.header.group.last(), Position::new(42));
        assert_eq!(frame.header.link, 7);
    }

    #[test]
    fn blank_space_and_foreign_seeds_are_told_apart() {
        let bytes = sealed(&[b"x".to_vec()]);
        assert_eq!(decode(&[0; 200], SEED), Err(FrameFlaw::Blank));
        assert_eq!(decode(&[], SEED), Err(FrameFlaw::Blank));
        assert_eq!(decode(&bytes, SEED + 1), Err(FrameFlaw::Broken));
    }

    #[test]
    fn a_whole_frame_of_another_codec_is_not_taken_for_a_torn_one() {
        let mut bytes = sealed(&[b"x".to_vec()]);
        bytes[4] = CODEC_ID + 1;
        let checksum = crc32c::crc32c_append(SEED, &bytes[..80]);
        put(&mut bytes, 80, &checksum.to_le_bytes());
        assert_eq!(decode(&bytes, SEED), Err(FrameFlaw::UnknownCodec));
    }

    fn events() -> impl Strategy<Value = Vec<Vec<u8>>> {
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..20)
    }

    proptest! {
        #[test]
        fn frames_round_trip_with_anything_behind_them(events in events(), behind: Vec<u8>) {
            let mut bytes = sealed(&events);
            let length = bytes.len();
            bytes.extend_from_slice(&behind);
            let frame = decode(&bytes, SEED).expect("whole");
            prop_assert_eq!(frame.bytes(), length);
            let read: Vec<_> = crate::group::Events::new(frame.payload).collect();
            prop_assert_eq!(read, events);
        }

        #[test]
        fn any_change_and_any_cut_is_noticed(
            events in events(), place: proptest::sample::Index, bit in 0..8_u32,
        ) {
            let whole = sealed(&events);
            let place = place.index(whole.len());
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << bit;
            prop_assert!(decode(&flipped, SEED).is_err());
            prop_assert!(decode(&whole[..place], SEED).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, length: u32, count: u32, first: u64) {
            // Random bytes rarely pass a checksum, so the claims are sealed with a right one.
            let mut claimed = sealed(&[bytes]);
            put(&mut claimed, 8, &length.to_le_bytes());
            put(&mut claimed, 12, &count.to_le_bytes());
            put(&mut claimed, 16, &first.to_le_bytes());
            let checksum = crc32c::crc32c_append(SEED, &claimed[..80]);
            put(&mut claimed, 80, &checksum.to_le_bytes());
            let _ = decode(&claimed, SEED);
        }
    }
}
