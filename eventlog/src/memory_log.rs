//! The log in memory: the same journal on a simulated disk, its chunks in a tree.
//!
//! It is for tests, simulations and trying things out. Whatever the simulated disk does wrong meets
//! the journal's real code.
//! Invariants: no second thread; the same appends and faults give the same bytes.
//! Deliberately not here: surviving the process.

use std::sync::Arc;

use duizhang_core::position::Position;

use crate::chunks::MemoryStore;
use crate::disk::{Disk, SimulatedDisk};
use crate::engine::{Apply, Engine, Lock, OverEngine};
use crate::error::Error;
use crate::journal::recover;
use crate::reconcile::replay;

/// Bytes of a segment on a simulated disk: small, so that a short test meets several.
pub const MEMORY_SEGMENT_BYTES: u64 = 64 * 1024;

/// A log on a simulated disk.
pub struct MemoryLog(Engine);

impl std::fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLog").field("head", &self.0.head()).finish_non_exhaustive()
    }
}

impl MemoryLog {
    /// A new log on a healthy disk of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::open(&SimulatedDisk::new(), MEMORY_SEGMENT_BYTES)
            .expect("a healthy empty disk refuses nothing")
    }

    /// Opens the log on a simulated disk, recovering as the real engine does.
    ///
    /// # Errors
    /// As [`crate::SledLog::open`].
    pub fn open(disk: &SimulatedDisk, segment_bytes: u64) -> Result<Self, Error> {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let lock = Lock::take(&disk)?;
        let recovered = recover(Arc::clone(&disk), segment_bytes)?;
        let store = MemoryStore::default();
        replay(&store, &recovered, disk.as_ref(), Position::START)?;
        let journal = recovered.settle()?;
        Engine::start(disk, lock, journal, Arc::new(store), Apply::Inside).map(Self)
    }
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl OverEngine for MemoryLog {
    fn engine(&self) -> &Engine {
        &self.0
    }
}
