//! The chunk store: the events of the log under their positions, for reading.
//!
//! It is filled behind the journal and can be thrown away: every chunk can be made again from the
//! segments.

mod chunk;
mod memory_store;
mod reader;
mod sled_store;
mod store;

pub(crate) use chunk::split_group;
pub(crate) use memory_store::MemoryStore;
pub(crate) use reader::{LastGroup, check, last_group, read_events, read_groups, visit_body};
pub(crate) use sled_store::SledStore;
pub use sled_store::SyncAttribute;
pub(crate) use store::{ChunkStore, Direction};
#[cfg(test)]
pub(crate) use store::{Key, KeyedChunk, VisitChunk, key};
