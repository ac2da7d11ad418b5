//! Both engines under the conformance suite.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io};

use crate::conformance::{self, Subject};
use crate::disk::{Disk, DiskFile, Fault, Operation, RealDisk, SimulatedDisk};
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
