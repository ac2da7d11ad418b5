//! What the log needs of a chunk store: ordered keys, batches that are there whole or not at all.

use std::ops::ControlFlow;

use duizhang_core::position::Position;

use crate::error::Error;

/// A chunk's key: its first position, then its number among the pieces of one large event,
/// big-endian, so that the order of bytes is the order of events.
pub(crate) type Key = [u8; 10];

/// The key of a chunk.
pub(crate) fn key(first: Position, piece: u16) -> Key {
    let mut key = [0; 10];
    key[..8].copy_from_slice(&first.number().to_be_bytes());
    key[8..].copy_from_slice(&piece.to_be_bytes());
    key
}

/// A chunk's key and its bytes.
pub(crate) type KeyedChunk = (Key, Vec<u8>);

/// Which end to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    OldestFirst,
    NewestFirst,
}

/// What a walk over chunks is given: key and value.
pub(crate) type VisitChunk<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Ordered chunks.
pub(crate) trait ChunkStore: Send + Sync {
    /// Stores chunks, all of them or none.
    fn apply(&self, chunks: Vec<KeyedChunk>) -> Result<(), Error>;

    /// Visits the chunks whose keys lie between `from` and `to` (both included) until the visitor
    /// breaks.
    fn walk(
        &self,
        from: Key,
        to: Key,
        direction: Direction,
        visit: &mut VisitChunk<'_>,
    ) -> Result<(), Error>;

    /// The largest key up to `bound`.
    fn floor(&self, bound: Key) -> Result<Option<Key>, Error>;

    /// Pushes what was stored towards the disk.
    fn flush(&self) -> Result<(), Error>;
}
