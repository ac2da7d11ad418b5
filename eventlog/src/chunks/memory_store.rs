//! Chunks in memory, for the memory engine: a tree of shared bytes.
//!
//! Deliberately not here: durability; a memory engine that opens again fills this from its journal.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};
use std::sync::{Arc, PoisonError, RwLock};

use crate::chunks::store::{ChunkStore, Direction, Key, KeyedChunk, VisitChunk};
use crate::error::Error;

/// Chunks that end with the process.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore(RwLock<BTreeMap<Key, Arc<[u8]>>>);

impl MemoryStore {
    /// One chunk at a time, so that no lock is held while a visitor works (it may append).
    fn next(
        &self,
        from: Key,
        to: Key,
        after: Option<Key>,
        direction: Direction,
    ) -> Option<(Key, Arc<[u8]>)> {
        let chunks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = match direction {
            Direction::OldestFirst => {
                chunks.range((after.map_or(Included(from), Excluded), Included(to))).next()
            }
            Direction::NewestFirst => {
                chunks.range((Included(from), after.map_or(Included(to), Excluded))).next_back()
            }
        };
        found.map(|(key, value)| (*key, Arc::clone(value)))
    }
}

impl ChunkStore for MemoryStore {
    fn apply(&self, chunks: Vec<KeyedChunk>) -> Result<(), Error> {
        let chunks = chunks.into_iter().map(|(key, value)| (key, Arc::from(value)));
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(chunks);
        Ok(())
    }

    fn walk(
        &self,
        from: Key,
        to: Key,
        direction: Direction,
        visit: &mut VisitChunk<'_>,
    ) -> Result<(), Error> {
        if from > to {
            return Ok(());
        }
        let mut after = None;
        // A range that excludes its only key at both ends would panic, hence the check before each
        // step.
        while after
            != Some(match direction {
                Direction::OldestFirst => to,
                Direction::NewestFirst => from,
            })
        {
            let Some((key, value)) = self.next(from, to, after, direction) else { break };
            if visit(&key, &value).is_break() {
                break;
            }
            after = Some(key);
        }
        Ok(())
    }

    fn floor(&self, bound: Key) -> Result<Option<Key>, Error> {
        let chunks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(chunks.range(..=bound).next_back().map(|(key, _)| *key))
    }

    fn flush(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::ControlFlow;

    #[test]
    fn walks_are_ordered_bounded_and_stoppable() {
        let store = MemoryStore::default();
        let key = |n: u8| [0, 0, 0, 0, 0, 0, 0, n, 0, 0];
        store.apply((1..=4).map(|n| (key(n), vec![n])).collect()).expect("stores");
        let walk = |from, to, direction, stop: usize| {
            let mut seen = Vec::new();
            let mut visit = |_: &[u8], value: &[u8]| {
                seen.push(value[0]);
                if seen.len() == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            store.walk(key(from), key(to), direction, &mut visit).expect("walks");
            seen
        };
        assert_eq!(walk(0, 9, Direction::OldestFirst, 9), [1, 2, 3, 4]);
        assert_eq!(walk(0, 9, Direction::NewestFirst, 9), [4, 3, 2, 1]);
        assert_eq!(walk(2, 3, Direction::NewestFirst, 9), [3, 2]);
        assert_eq!(walk(2, 2, Direction::OldestFirst, 9), [2]);
        assert_eq!(walk(3, 2, Direction::OldestFirst, 9), [0_u8; 0]);
        assert_eq!(walk(0, 9, Direction::OldestFirst, 2), [1, 2]);
        assert_eq!(store.floor(key(9)).expect("looks"), Some(key(4)));
        assert_eq!(store.floor(key(0)).expect("looks"), None);
    }
}
