//! Both engines under the conformance suite, and what the parts between journal and store promise.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io};

use duizhang_core::position::Position;

use crate::chunks::{
    ChunkStore, Direction, Key, KeyedChunk, MemoryStore, SledStore, VisitChunk, key,
};
use crate::conformance::{self, Subject};
use crate::disk::{Crash, Disk, DiskFile, Fault, Operation, RealDisk, SimulatedDisk};
use crate::engine::{Apply, Engine, Lock};
use crate::journal::recover;
use crate::tail::{Stop, Tail, Work};
use crate::{Error, EventLog, LogConfig, MemoryLog, SledLog};

struct MemorySubject(SimulatedDisk);

impl Subject for MemorySubject {
    fn open(&self) -> Result<Box<dyn EventLog>, Error> {
        Ok(Box::new(MemoryLog::open(&self.0, 16 * 1024)?))
    }

    fn fail_next_sync(&self) {
        self.0.fail(Operation::Sync, 1, Fault::DeviceError);
    }
}

/// A real disk whose next sync can be made to fail.
struct FailingDisk {
    real: RealDisk,
    fail: Arc<AtomicBool>,
}

struct FailingFile {
    real: Arc<dyn DiskFile>,
    fail: Arc<AtomicBool>,
}

impl FailingDisk {
    fn wrap(&self, real: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FailingFile { real, fail: Arc::clone(&self.fail) })
    }
}

impl Disk for FailingDisk {
    fn try_lock(&self) -> io::Result<bool> {
        self.real.try_lock()
    }
    fn unlock(&self) {
        self.real.unlock();
    }
    fn place(&self) -> String {
        self.real.place()
    }
    fn list(&self) -> io::Result<Vec<String>> {
        self.real.list()
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrap(self.real.create(name)?))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrap(self.real.open(name)?))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.real.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.real.remove(name)
    }
    fn sync_directory(&self) -> io::Result<()> {
        self.real.sync_directory()
    }
}

impl DiskFile for FailingFile {
    fn size(&self) -> io::Result<u64> {
        self.real.size()
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.real.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.real.write_at(offset, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        if self.fail.swap(false, Ordering::Relaxed) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.real.sync()
    }
}

struct SledSubject {
    directory: tempfile::TempDir,
    fail: Arc<AtomicBool>,
}

impl SledSubject {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self { directory, fail: Arc::default() }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Subject for SledSubject {
    fn open(&self) -> Result<Box<dyn EventLog>, Error> {
        let real = RealDisk::new(&self.path().join("journal")).expect("a folder");
        let disk = FailingDisk { real, fail: Arc::clone(&self.fail) };
        let config = LogConfig { segment_bytes: 256 * 1024 };
        let (log, _) = SledLog::open_on(Arc::new(disk), self.path(), config)?;
        Ok(Box::new(log))
    }

    fn fail_next_sync(&self) {
        self.fail.store(true, Ordering::Relaxed);
    }
}

#[test]
fn the_memory_engine_conforms() {
    conformance::run(&|| Box::new(MemorySubject(SimulatedDisk::new())));
}

#[test]
fn the_sled_engine_conforms() {
    conformance::run(&|| Box::new(SledSubject::new()));
}

#[test]
fn a_poisoned_sled_folder_is_left_alone() {
    let subject = SledSubject::new();
    let log = subject.open().expect("opens");
    log.append(&conformance::group(1, &conformance::events(1, 5))).expect("appends");
    log.close().expect("closes");
    let names: Vec<_> = fs::read_dir(subject.path())
        .expect("lists")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names.len(), 2, "journal and sled, nothing else: {names:?}");
}

/// A store that takes nothing.
struct BrokenStore;

impl ChunkStore for BrokenStore {
    fn apply(&self, _: Vec<KeyedChunk>) -> Result<(), Error> {
        Err(Error::store("storing chunks", "broken"))
    }
    fn walk(&self, _: Key, _: Key, _: Direction, _: &mut VisitChunk<'_>) -> Result<(), Error> {
        Ok(())
    }
    fn floor(&self, _: Key) -> Result<Option<Key>, Error> {
        Ok(None)
    }
    fn flush(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_store_that_fails_poisons_and_loses_nothing() {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let lock = Lock::take(&disk).expect("free");
    let journal = recover(Arc::clone(&disk), 1024 * 1024).expect("new").settle().expect("settles");
    let engine = Engine::start(disk, lock, journal, Arc::new(BrokenStore), Apply::Behind);
    let engine = engine.expect("starts");

    // Appends go on until the applier has met the failure; the tail's limit makes them wait for it
    // at last.
    let events = vec![vec![7; 60_000]; 10];
    let mut acknowledged = 0;
    let error = loop {
        match engine.append(&conformance::group(1, &events)) {
            Ok(head) => acknowledged = head.position.number(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Poisoned), "{error}");
    assert!(engine.is_poisoned());
    let (mut read, everything) = (0, Position::START..=Position::new(u64::MAX));
    engine
        .read(everything, Direction::OldestFirst, &mut |_, _, bytes| {
            assert_eq!(bytes, events[0]);
            read += 1;
            ControlFlow::Continue(())
        })
        .expect("the tail is still readable");
    assert_eq!(read, acknowledged);
    assert!(matches!(engine.close(), Err(Error::Store { .. })), "closing tells what failed");

    simulated.crash(Crash::LoseUnsynced);
    let log = MemoryLog::open(&simulated, 1024 * 1024).expect("opens");
    assert_eq!(log.head().position.number(), acknowledged);
}

#[test]
fn a_stopped_or_failed_tail_keeps_nobody_waiting() {
    let tail = Tail::new(Position::START);
    assert!(tail.wait_for_room().is_ok());
    tail.stop(Stop::Drained);
    assert!(matches!(tail.wait_for_room(), Err(Error::Closed)));
    assert!(matches!(tail.next_work(), Work::Stop));
    tail.fail();
    assert!(matches!(tail.wait_for_room(), Err(Error::Poisoned)));
}

#[test]
fn chunk_stores_agree_on_bounds_and_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let (sled, _) = SledStore::open(&directory.path().join("sled")).expect("opens");
    let memory = MemoryStore::default();
    let stores: [&dyn ChunkStore; 2] = [&sled, &memory];
    let at = |position, piece| key(Position::new(position), piece);
    for store in stores {
        let keys = [at(1, 0), at(2, 0), at(2, 1), at(256, 0), at(70_000, 0)];
        store.apply(keys.into_iter().map(|key| (key, key.to_vec())).collect()).expect("stores");
        assert_eq!(store.floor(at(255, 9)).expect("looks"), Some(at(2, 1)));
        assert_eq!(store.floor(at(0, 9)).expect("looks"), None);
        for (direction, wanted) in [
            (Direction::OldestFirst, [at(2, 0), at(2, 1), at(256, 0)]),
            (Direction::NewestFirst, [at(256, 0), at(2, 1), at(2, 0)]),
        ] {
            let mut seen = Vec::new();
            store
                .walk(at(2, 0), at(256, u16::MAX), direction, &mut |key, value| {
                    assert_eq!(key, value);
                    seen.push(key.to_vec());
                    ControlFlow::Continue(())
                })
                .expect("walks");
            assert_eq!(seen, wanted.map(Vec::from));
        }
    }
}
