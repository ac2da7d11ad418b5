//! A segment file: its name, and the block in front of its frames.
//!
//! ```text
//!  0 magic "DZS1"   4 link: the last header checksum before it u32   8 first position u64
//! 16 first position of the previous segment u64 (0: none)   24 time of the head before it i64
//! 32 number of peaks u32   36 four zero bytes   40 peaks of the tree before it [32] each
//! 4092 checksum u32 of the 4092 bytes before
//! ```
//! Invariants: the block alone is enough to go on hashing, so that opening a book reads one segment
//! and not its whole history; its checksum seeds the checksums of the segment's frames; it is
//! durable before the file gets its name.
//! Deliberately not here: frames.

use duizhang_core::merkle::{Frontier, Hash, PEAKS_MAX};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::bytes::{array_at, i64_at, narrow, put, size, u32_at, u64_at};
use crate::log::Head;

/// The size of a segment unless configured otherwise: a hundred thousand events of 300 bytes, whose
/// frames a restart reads again in a tenth of a second.
pub const SEGMENT_BYTES_DEFAULT: u64 = 32 * 1024 * 1024;
/// The block in front of the frames: one page, so that frames never share a page with it.
pub(crate) const BLOCK_BYTES: usize = 4096;
const MAGIC: [u8; 4] = *b"DZS1";
const PEAKS_AT: usize = 40;
const CHECKSUM_AT: usize = BLOCK_BYTES - 4;
/// How the names of segments end.
const SUFFIX: &str = ".segment";
/// The digits of a position in a name: 2^64 has twenty, so that names sort as positions do.
const DIGITS: usize = 20;

// All peaks of the largest tree fit the block.
const _: () = assert!(PEAKS_AT + PEAKS_MAX * 32 <= CHECKSUM_AT);

/// What the block says: the state of the log before the segment's first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The first position of the segment before; [`Position::START`] where there is none.
    pub(crate) previous: Position,
    /// The time of the last group before.
    pub(crate) time: Timestamp,
    /// The tree over all events before.
    pub(crate) frontier: Frontier,
    /// The header checksum of the last frame before.
    pub(crate) link: u32,
}

impl Block {
    /// The first position of this segment.
    pub(crate) fn first(&self) -> Position {
        Position::new(self.frontier.size()).next()
    }

    /// The head of the log before this segment.
    pub(crate) fn head(&self) -> Head {
        Head {
            position: Position::new(self.frontier.size()),
            time: self.time,
            root: self.frontier.root(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; BLOCK_BYTES];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, 4, &self.link.to_le_bytes());
        put(&mut bytes, 8, &self.first().number().to_le_bytes());
        put(&mut bytes, 16, &self.previous.number().to_le_bytes());
        put(&mut bytes, 24, &self.time.micros().to_le_bytes());
        put(&mut bytes, 32, &narrow(self.frontier.peaks().len()).to_le_bytes());
        for (number, peak) in self.frontier.peaks().iter().enumerate() {
            put(&mut bytes, PEAKS_AT + 32 * number, &peak.bytes());
        }
        let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
        put(&mut bytes, CHECKSUM_AT, &checksum.to_le_bytes());
        bytes
    }

    /// Reads a block of exactly [`BLOCK_BYTES`]; nothing where it is not one.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != BLOCK_BYTES || bytes[..4] != MAGIC {
            return None;
        }
        if crc32c::crc32c(&bytes[..CHECKSUM_AT]) != seed(bytes) {
            return None;
        }
        let count = size(u32_at(bytes, 32));
        let first = u64_at(bytes, 8);
        if count > PEAKS_MAX {
            return None;
        }
        let peak = |number| Hash::from_bytes(array_at(bytes, PEAKS_AT + 32 * number));
        let frontier = Frontier::from_peaks(first.checked_sub(1)?, (0..count).map(peak).collect())?;
        Some(Self {
            previous: Position::new(u64_at(bytes, 16)),
            time: Timestamp::from_micros(i64_at(bytes, 24)),
            frontier,
            link: u32_at(bytes, 4),
        })
    }
}

/// What the checksums of the segment's frames start from: the block's own checksum.
pub(crate) fn seed(block: &[u8]) -> u32 {
    u32_at(block, CHECKSUM_AT)
}

/// The name of the segment whose first position this is.
pub(crate) fn name(first: Position) -> String {
    format!("{:0DIGITS$}{SUFFIX}", first.number())
}

/// The first position in a segment's name; nothing where it is not a segment's.
pub(crate) fn first_of_name(name: &str) -> Option<Position> {
    let digits = name.strip_suffix(SUFFIX)?;
    let all_digits = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = if all_digits { digits.parse().ok()? } else { return None };
    (number > 0).then(|| Position::new(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::merkle::leaf_hash;
    use proptest::prelude::*;

    fn block(leaves: u64) -> Block {
        let mut frontier = Frontier::new();
        (0..leaves).for_each(|n| frontier.push(leaf_hash(&n.to_le_bytes())));
        let time = Timestamp::from_micros(-5);
        Block { previous: Position::new(1), time, frontier, link: 0xabcd }
    }

    #[test]
    fn the_first_block_ever_written_stays_readable() {
        // Golden: before the fourth event, written by the first version. Never change it.
        let golden = include_bytes!("../../tests/golden/block-1.bin");
        assert_eq!(block(3).encode(), golden);
        assert_eq!(Block::decode(golden), Some(block(3)));
    }

    #[test]
    fn names_are_positions_of_twenty_digits() {
        assert_eq!(name(Position::new(7)), "00000000000000000007.segment");
        assert_eq!(first_of_name(&name(Position::new(u64::MAX))), Some(Position::new(u64::MAX)));
        let others = [
            "prepared",
            "7.segment",
            "00000000000000000000.segment",
            "99999999999999999999.segment",
            "+0000000000000000007.segment",
            "00000000000000000007.segment.gz",
            "lock",
        ];
        for other in others {
            assert_eq!(first_of_name(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn blocks_round_trip_and_no_changed_bit_is_believed(
            leaves in 0_u64..300, place in 0..BLOCK_BYTES, bit in 0..8_u32,
        ) {
            let block = block(leaves);
            let mut bytes = block.encode();
            prop_assert_eq!(Block::decode(&bytes), Some(block));
            bytes[place] ^= 1 << bit;
            prop_assert_eq!(Block::decode(&bytes), None);
        }

        #[test]
        fn no_sealed_claim_makes_it_panic(first: u64, count: u32) {
            let mut bytes = block(3).encode();
            put(&mut bytes, 8, &first.to_le_bytes());
            put(&mut bytes, 32, &count.to_le_bytes());
            let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
            put(&mut bytes, CHECKSUM_AT, &checksum.to_le_bytes());
            let _ = Block::decode(&bytes);
        }
    }
}
