//! A disk in memory that behaves as badly as real ones do.
//!
//! It keeps for each file what programs see (the cache) and what a crash leaves (the durable
//! bytes). It can lose what was not synced, keep a torn part of it, fail the n-th operation of a
//! kind, fill up, stop dead in the middle, and lie: a failed sync drops what was written while the
//! cache goes on showing it, and the next sync says that all is well, as Linux does.
//! Invariants: the same operations and faults give the same bytes; nothing here reads a clock or
//! chance.
//! Deliberately not here: bit rot (tests change bytes by [`SimulatedDisk::damage`]) and slowness.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile};
use crate::bytes::{fits, wide};

/// A torn write keeps or loses whole sectors.
const SECTOR_BYTES: usize = 512;

/// The operations that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `write_at`.
    Write,
    /// `sync` and `sync_directory`.
    Sync,
    /// `create` and `rename`.
    Create,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device answers with an error (EIO).
    DeviceError,
    /// No space is left (ENOSPC).
    NoSpace,
    /// The machine stops: this operation and all later ones fail until [`SimulatedDisk::crash`].
    Stop,
    /// The operation says that it succeeded and does nothing.
    Lie,
}

/// What a crash leaves of the writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Nothing of them.
    LoseUnsynced,
    /// All but the last write to each file, and so many bytes of the last one.
    KeepPrefix(usize),
    /// Any sectors of any of them, chosen by these bits in turn.
    KeepSectors(u64),
}

/// A simulated directory. Clones share it, as processes share a real one.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: Vec<FileState>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    locked: bool,
    stopped: bool,
    capacity: Option<u64>,
    done: BTreeMap<Operation, u64>,
    faults: Vec<(Operation, u64, Fault)>,
}

#[derive(Debug, Default)]
struct FileState {
    cache: Vec<u8>,
    durable: Vec<u8>,
    /// Written and not synced: offset and length, in order.
    pending: Vec<(usize, usize)>,
}

impl SimulatedDisk {
    /// An empty, healthy, endless disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the `number`-th operation of a kind from now on fail (1 is the next one).
    pub fn fail(&self, operation: Operation, number: u64, fault: Fault) {
        let mut state = self.state();
        let at = state.done.get(&operation).copied().unwrap_or(0) + number;
        state.faults.push((operation, at, fault));
    }

    /// Forgets all faults that were ordered and not met.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// How many operations of a kind were attempted so far.
    #[must_use]
    pub fn attempted(&self, operation: Operation) -> u64 {
        self.state().done.get(&operation).copied().unwrap_or(0)
    }

    /// Lets the files together hold no more than so many bytes; nothing for no limit.
    pub fn limit(&self, capacity: Option<u64>) {
        self.state().capacity = capacity;
    }

    /// The machine stops and starts again: what was not synced is lost as `crash` says, and nobody
    /// has the directory locked any more.
    pub fn crash(&self, crash: Crash) {
        let mut state = self.state();
        state.stopped = false;
        state.locked = false;
        state.faults.clear();
        state.names = state.durable_names.clone();
        let mut chance = match crash {
            Crash::KeepSectors(bits) => bits,
            Crash::LoseUnsynced | Crash::KeepPrefix(_) => 0,
        };
        for file in &mut state.files {
            file.settle(crash, &mut chance);
        }
    }

    /// The durable bytes of a file, for tests that look at what a crash would leave.
    #[must_use]
    pub fn durable(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.durable_names.get(name).map(|&file| state.files[file].durable.clone())
    }

    /// Changes a file behind everybody's back, in the cache and on the disk.
    pub fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let Some(&file) = state.names.get(name) else { return };
        let file = &mut state.files[file];
        change(&mut file.cache);
        file.durable = file.cache.clone();
        file.pending.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, index: usize) -> Arc<dyn DiskFile> {
        Arc::new(SimulatedFile { disk: self.clone(), index })
    }
}

impl FileState {
    fn settle(&mut self, crash: Crash, chance: &mut u64) {
        let pending = std::mem::take(&mut self.pending);
        let last = pending.len().saturating_sub(1);
        for (number, (offset, length)) in pending.into_iter().enumerate() {
            match crash {
                Crash::LoseUnsynced => {}
                Crash::KeepPrefix(_) if number < last => self.keep(offset, length),
                Crash::KeepPrefix(bytes) => self.keep(offset, length.min(bytes)),
                Crash::KeepSectors(_) => {
                    for start in (0..length).step_by(SECTOR_BYTES) {
                        *chance = chance.rotate_left(1);
                        if *chance & 1 == 1 {
                            self.keep(offset + start, SECTOR_BYTES.min(length - start));
                        }
                    }
                }
            }
        }
        self.cache = self.durable.clone();
    }

    fn keep(&mut self, offset: usize, length: usize) {
        let end = offset + length;
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        self.durable[offset..end].copy_from_slice(&self.cache[offset..end]);
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.cache.len() < end {
            self.cache.resize(end, 0);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        self.pending.push((offset, bytes.len()));
    }
}

impl State {
    /// Counts an operation and says how it fails, if it does.
    fn fault(&mut self, operation: Operation) -> Option<Fault> {
        let done = self.done.entry(operation).or_insert(0);
        *done += 1;
        let now = *done;
        if self.stopped {
            return Some(Fault::Stop);
        }
        let due = self.faults.iter().position(|&(of, at, _)| of == operation && at == now)?;
        let (_, _, fault) = self.faults.swap_remove(due);
        self.stopped = fault == Fault::Stop;
        Some(fault)
    }

    fn check_running(&self) -> io::Result<()> {
        if self.stopped { Err(stopped()) } else { Ok(()) }
    }

    fn free(&self) -> u64 {
        let used = self.names.values().map(|&file| wide(self.files[file].cache.len())).sum();
        self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(used))
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

fn stopped() -> io::Error {
    io::Error::other("the machine has stopped")
}

fn error(fault: Fault) -> Option<io::Error> {
    match fault {
        Fault::DeviceError => Some(io::Error::from_raw_os_error(5)),
        Fault::NoSpace => Some(io::Error::from(io::ErrorKind::StorageFull)),
        Fault::Stop => Some(stopped()),
        Fault::Lie => None,
    }
}

impl Disk for SimulatedDisk {
    fn try_lock(&self) -> io::Result<bool> {
        let mut state = self.state();
        state.check_running()?;
        Ok(!std::mem::replace(&mut state.locked, true))
    }

    fn unlock(&self) {
        self.state().locked = false;
    }

    fn place(&self) -> String {
        "simulated disk".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.state();
        state.check_running()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        if let Some(error) = state.fault(Operation::Create).and_then(error) {
            return Err(error);
        }
        state.files.push(FileState::default());
        let index = state.files.len() - 1;
        state.names.insert(name.to_owned(), index);
        drop(state);
        Ok(self.file(index))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state();
        state.check_running()?;
        let index = state.find(name)?;
        drop(state);
        Ok(self.file(index))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        if let Some(error) = state.fault(Operation::Create).and_then(error) {
            return Err(error);
        }
        let index = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), index);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check_running()?;
        state.find(name)?;
        state.names.remove(name);
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.state();
        match state.fault(Operation::Sync) {
            Some(fault) => error(fault).map_or(Ok(()), Err),
            None => {
                state.durable_names = state.names.clone();
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    index: usize,
}

impl DiskFile for SimulatedFile {
    fn size(&self) -> io::Result<u64> {
        let state = self.disk.state();
        state.check_running()?;
        Ok(wide(state.files[self.index].cache.len()))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let state = self.disk.state();
        state.check_running()?;
        let bytes = fits(offset)
            .and_then(|start| state.files[self.index].cache.get(start..start + buffer.len()))
            .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let fault = state.fault(Operation::Write);
        let offset = fits(offset).ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let grows = (offset + bytes.len()).saturating_sub(state.files[self.index].cache.len());
        let full = wide(grows) > state.free();
        let file = &mut state.files[self.index];
        match fault {
            None if full => Err(io::Error::from(io::ErrorKind::StorageFull)),
            None => {
                file.write(offset, bytes);
                Ok(())
            }
            Some(fault) => error(fault).map_or(Ok(()), |error| {
                // A failed write has often written something.
                file.write(offset, &bytes[..bytes.len() / 2]);
                Err(error)
            }),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let fault = state.fault(Operation::Sync);
        let file = &mut state.files[self.index];
        match fault {
            None => {
                let pending = std::mem::take(&mut file.pending);
                pending.into_iter().for_each(|(offset, length)| file.keep(offset, length));
                Ok(())
            }
            // The machine stopped before anything else could happen: a crash decides.
            Some(Fault::Stop) => Err(stopped()),
            Some(fault) => {
                file.pending.clear();
                error(fault).map_or(Ok(()), Err)
            }
        }
    }
}

#[cfg(test)]
#[path = "simulated_tests.rs"]
mod tests;
