//! A chunk: some events of one group, small enough for sled.
//!
//! ```text
//!  0 checksum u32 of all that follows   4 version u8   5 codec id u8   6 piece u16   8 pieces u16
//! 10 event count u16   12 has root u8   13 three zero bytes   16 first position u64
//! 24 group's first position u64   32 group's last position u64   40 time i64 (us)
//! 48 root after the group [32], in its last chunk only; then the events, each behind its length
//! ```
//! Invariants: a chunk holds events of one group; the last chunk of a group, and no other, carries
//! the root; an event that is larger than a chunk is cut into pieces, each a chunk with the bare
//! bytes.
//! Deliberately not here: where chunks are kept.

use duizhang_core::merkle::Hash;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::bytes::{array_at, i64_at, put, u16_at, u32_at, u64_at};
use crate::chunks::store::{KeyedChunk, key};
use crate::codec::CODEC_ID;
use crate::group::{Events, LENGTH_BYTES, is_well_formed};
use crate::log::GroupHeader;

/// Most bytes of a chunk. sled keeps up to 17 values in a leaf and makes a blob file of a leaf
/// beyond 131,052 bytes: 17 x (7,168 + 10 of key) = 122,026 stays below it.
pub(crate) const CHUNK_BYTES_MAX: usize = 7 * 1024;
const HEADER_BYTES: usize = 48;
const ROOT_BYTES: usize = 32;
/// Bytes of events in a chunk, each with its length.
const BODY_BYTES_MAX: usize = CHUNK_BYTES_MAX - HEADER_BYTES - ROOT_BYTES;
/// Bytes of one event in a piece. An event that does not fit a body with its length makes two
/// pieces or more.
const PIECE_BYTES: usize = BODY_BYTES_MAX - LENGTH_BYTES;
const VERSION: u8 = 1;

/// A decoded chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    pub(crate) first: Position,
    pub(crate) count: u16,
    pub(crate) piece: u16,
    pub(crate) pieces: u16,
    pub(crate) group_first: Position,
    pub(crate) group_last: Position,
    pub(crate) time: Timestamp,
    pub(crate) root: Option<Hash>,
    pub(crate) body: &'a [u8],
}

impl Chunk<'_> {
    /// The position of its last event.
    pub(crate) const fn last(&self) -> Position {
        Position::new(self.first.number() + widen(self.count) - 1)
    }

    /// The group that ends with this chunk, if one does.
    pub(crate) fn group(&self) -> Option<GroupHeader> {
        let root = self.root?;
        let count = self.group_last.number() - self.group_first.number() + 1;
        let count = u32::try_from(count).ok()?;
        Some(GroupHeader { first: self.group_first, count, time: self.time, root })
    }
}

#[expect(clippy::as_conversions, reason = "u64::from is not const; widening loses nothing")]
const fn widen(count: u16) -> u64 {
    count as u64
}

/// The chunks of a group.
pub(crate) fn split_group(group: &GroupHeader, payload: &[u8], into: &mut Vec<KeyedChunk>) {
    let mut start = 0;
    let mut end = 0;
    let mut first = group.first;
    let mut count = 0_u16;
    for event in Events::new(payload) {
        let bytes = LENGTH_BYTES + event.len();
        if count > 0 && end - start + bytes > BODY_BYTES_MAX {
            into.push(whole(group, first, count, &payload[start..end]));
            first = first.plus(u64::from(count));
            (start, count) = (end, 0);
        }
        end += bytes;
        if bytes > BODY_BYTES_MAX {
            pieces(group, first, event, into);
            first = first.next();
            start = end;
        } else {
            count += 1;
        }
    }
    if count > 0 {
        into.push(whole(group, first, count, &payload[start..end]));
    }
}

fn whole(group: &GroupHeader, first: Position, count: u16, body: &[u8]) -> KeyedChunk {
    (key(first, 0), encode(group, first, count, 0, 1, body))
}

fn pieces(group: &GroupHeader, first: Position, event: &[u8], into: &mut Vec<KeyedChunk>) {
    let pieces = u16::try_from(event.len().div_ceil(PIECE_BYTES)).expect("events are limited");
    for (piece, body) in (0..pieces).zip(event.chunks(PIECE_BYTES)) {
        into.push((key(first, piece), encode(group, first, 1, piece, pieces, body)));
    }
}

fn encode(
    group: &GroupHeader,
    first: Position,
    count: u16,
    piece: u16,
    pieces: u16,
    body: &[u8],
) -> Vec<u8> {
    let ends_group =
        first.number() + u64::from(count) - 1 == group.last().number() && piece + 1 == pieces;
    let header = HEADER_BYTES + if ends_group { ROOT_BYTES } else { 0 };
    let mut bytes = Vec::with_capacity(header + body.len());
    bytes.resize(header, 0);
    put(&mut bytes, 4, &[VERSION, CODEC_ID]);
    put(&mut bytes, 6, &piece.to_le_bytes());
    put(&mut bytes, 8, &pieces.to_le_bytes());
    put(&mut bytes, 10, &count.to_le_bytes());
    put(&mut bytes, 12, &[u8::from(ends_group)]);
    put(&mut bytes, 16, &first.number().to_le_bytes());
    put(&mut bytes, 24, &group.first.number().to_le_bytes());
    put(&mut bytes, 32, &group.last().number().to_le_bytes());
    put(&mut bytes, 40, &group.time.micros().to_le_bytes());
    if ends_group {
        put(&mut bytes, HEADER_BYTES, &group.root.bytes());
    }
    bytes.extend_from_slice(body);
    let checksum = crc32c::crc32c(&bytes[4..]);
    put(&mut bytes, 0, &checksum.to_le_bytes());
    bytes
}

/// Reads a chunk; nothing where the bytes are not one.
pub(crate) fn decode(bytes: &[u8]) -> Option<Chunk<'_>> {
    if bytes.len() < HEADER_BYTES || bytes.len() > CHUNK_BYTES_MAX {
        return None;
    }
    let known = bytes[4..6] == [VERSION, CODEC_ID] && bytes[12] <= 1 && bytes[13..16] == [0; 3];
    if !known || crc32c::crc32c(&bytes[4..]) != u32_at(bytes, 0) {
        return None;
    }
    let ends_group = bytes[12] == 1;
    let body = bytes.get(HEADER_BYTES + if ends_group { ROOT_BYTES } else { 0 }..)?;
    let (piece, pieces, count) = (u16_at(bytes, 6), u16_at(bytes, 8), u16_at(bytes, 10));
    let first = u64_at(bytes, 16);
    let (group_first, group_last) = (u64_at(bytes, 24), u64_at(bytes, 32));
    let last = first.checked_add(u64::from(count))?.checked_sub(1)?;
    let dense = 0 < group_first && group_first <= first && last <= group_last;
    let closes = (last == group_last && piece.checked_add(1)? == pieces) == ends_group;
    let shaped = match pieces {
        0 => false,
        1 => piece == 0 && count > 0 && is_well_formed(body, u32::from(count)),
        _ => piece < pieces && count == 1 && !body.is_empty(),
    };
    (dense && closes && shaped).then(|| Chunk {
        first: Position::new(first),
        count,
        piece,
        pieces,
        group_first: Position::new(group_first),
        group_last: Position::new(group_last),
        time: Timestamp::from_micros(i64_at(bytes, 40)),
        root: ends_group.then(|| Hash::from_bytes(array_at(bytes, HEADER_BYTES))),
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{narrow, size};
    use crate::group::Group;
    use duizhang_core::merkle::leaf_hash;
    use proptest::prelude::*;

    fn split(lengths: &[usize]) -> (GroupHeader, Vec<Vec<u8>>, Vec<KeyedChunk>) {
        let mut group = Group::new(Timestamp::from_micros(-7));
        let events: Vec<_> =
            (1_u8..).zip(lengths).map(|(byte, &length)| vec![byte; length]).collect();
        events.iter().for_each(|event| group.push(event).expect("fits"));
        let header = GroupHeader {
            first: Position::new(100),
            count: narrow(group.count()),
            time: group.time(),
            root: leaf_hash(b"root"),
        };
        let mut chunks = Vec::new();
        split_group(&header, group.payload(), &mut chunks);
        (header, events, chunks)
    }

    proptest! {
        #[test]
        fn chunks_hold_the_group_and_nothing_else(
            lengths in proptest::collection::vec(
                prop_oneof![0..400_usize, 6_000..8_000_usize, 7_070..7_100_usize, 14_000..66_000_usize]
                    .prop_map(|length| length.min(crate::EVENT_BYTES_MAX)), 1..30),
        ) {
            let (header, events, chunks) = split(&lengths);
            let mut rebuilt: Vec<Vec<u8>> = Vec::new();
            for (number, (stored_key, bytes)) in chunks.iter().enumerate() {
                prop_assert!(bytes.len() <= CHUNK_BYTES_MAX);
                let chunk = decode(bytes).expect("a chunk");
                prop_assert_eq!(*stored_key, key(chunk.first, chunk.piece));
                let is_last = number + 1 == chunks.len();
                prop_assert_eq!(chunk.group(), is_last.then_some(header));
                prop_assert_eq!(chunk.time, header.time);
                if chunk.piece > 0 {
                    rebuilt.last_mut().expect("its first piece").extend_from_slice(chunk.body);
                } else {
                    prop_assert_eq!(chunk.first, header.first.plus(crate::bytes::wide(rebuilt.len())));
                    if chunk.pieces > 1 {
                        rebuilt.push(chunk.body.to_vec());
                    } else {
                        rebuilt.extend(Events::new(chunk.body).map(<[u8]>::to_vec));
                    }
                }
            }
            prop_assert_eq!(rebuilt, events);
            prop_assert_eq!(size(header.count), lengths.len());
        }

        #[test]
        fn no_change_is_believed(
            lengths in proptest::collection::vec(0..9_000_usize, 1..6),
            which: proptest::sample::Index, place: proptest::sample::Index, bit in 0..8_u32,
        ) {
            let (_, _, chunks) = split(&lengths);
            let (_, bytes) = &chunks[which.index(chunks.len())];
            let place = place.index(bytes.len());
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            prop_assert_eq!(decode(&changed), None);
            prop_assert_eq!(decode(&bytes[..place]), None);
        }

        #[test]
        fn no_sealed_claim_makes_it_panic(header in proptest::collection::vec(any::<u8>(), 42)) {
            let (_, _, mut chunks) = split(&[10, 20]);
            let bytes = &mut chunks[0].1;
            put(bytes, 6, &header);
            let checksum = crc32c::crc32c(&bytes[4..]);
            put(bytes, 0, &checksum.to_le_bytes());
            let _ = decode(bytes);
        }
    }
}
