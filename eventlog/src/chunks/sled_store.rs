//! Chunks in sled 0.34.7, the only file that names sled.
//!
//! Its `flush` does not sync on Linux, a partial snapshot keeps it from opening, a lost tail opens
//! without an error, and damaged pages panic. So: the synchronous-write attribute is set on its
//! folders before it makes files in them, partial snapshots are removed first, every call that can
//! meet damaged pages is guarded against panics, and nothing here is believed without the journal.
//! Invariants: one tree, keys only added; each `apply` is one batch; no value reaches the size of a
//! blob.
//! Deliberately not here: transactions, subscribers, deletion; the journal and what to do about
//! damage.

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

use crate::chunks::store::{ChunkStore, Direction, Key, KeyedChunk, VisitChunk};
use crate::error::Error;

/// Bytes of pages that sled keeps in memory; reads of the log are mostly sequential.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// sled lets go of its lock a little after a close: 200 looks, 5 ms apart, are the second that it
/// may take.
const OPEN_ATTEMPTS_MAX: u32 = 200;
const OPEN_PAUSE: Duration = Duration::from_millis(5);
/// The tree of chunks.
const TREE: &str = "log";

/// An open sled database.
pub(crate) struct SledStore {
    tree: sled::Tree,
    database: sled::Db,
}

/// Whether the file system writes synchronously in sled's folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncAttribute {
    /// It does.
    Set,
    /// It does not know the attribute (tmpfs, some network file systems). The journal carries
    /// durability anyway; sled is then likelier to need a rebuild after a crash of the machine.
    Refused,
}

impl SledStore {
    /// Opens the database in `directory`, making it where it is missing.
    pub(crate) fn open(directory: &Path) -> Result<(Self, SyncAttribute), Error> {
        let place = directory.display().to_string();
        let attribute = prepare_directory(directory)
            .map_err(|source| Error::io("preparing sled's folder", &place, source))?;
        let store = guarded("opening", || open_database(directory))?;
        Ok((store, attribute))
    }

    /// Lets go of a database that is damaged: dropping one may panic too, and there is nothing to
    /// save.
    pub(crate) fn discard(self) {
        let _ = guarded("closing", || {
            drop(self);
            Ok(())
        });
    }
}

/// Makes sled's folders, sets the attribute that new files inherit, and removes partial snapshots.
fn prepare_directory(directory: &Path) -> io::Result<SyncAttribute> {
    let blobs = directory.join("blobs");
    fs::create_dir_all(&blobs)?;
    let set = [directory, &blobs].into_iter().map(set_synchronous).collect::<Result<Vec<_>, _>>();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(&path)?;
        }
    }
    if let Some(parent) = directory.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(if set.is_ok() { SyncAttribute::Set } else { SyncAttribute::Refused })
}

fn set_synchronous(directory: &Path) -> io::Result<()> {
    let directory = File::open(directory)?;
    let flags = ioctl_getflags(&directory)?;
    ioctl_setflags(&directory, flags | IFlags::SYNC)?;
    if ioctl_getflags(&directory)?.contains(IFlags::SYNC) {
        Ok(())
    } else {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

fn open_database(directory: &Path) -> Result<SledStore, Error> {
    let config =
        sled::Config::new().path(directory).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    let mut attempts = 1;
    loop {
        match config.open() {
            Ok(database) => {
                let tree = database.open_tree(TREE).map_err(|e| refused("opening the tree", e))?;
                return Ok(SledStore { tree, database });
            }
            // The book's own lock is held, so the other holder can only be our closed predecessor.
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                if attempts == OPEN_ATTEMPTS_MAX || !error.to_string().contains("WouldBlock") {
                    let place = directory.display().to_string();
                    return Err(Error::io("taking sled's lock", &place, error));
                }
                attempts += 1;
                std::thread::park_timeout(OPEN_PAUSE);
            }
            Err(error) => return Err(refused("opening", error)),
        }
    }
}

/// What sled says of its files makes them worthless; what the system says of the machine (a full
/// disk, a cable, a mount) does not, and is told as such.
fn refused(action: &'static str, error: sled::Error) -> Error {
    match error {
        sled::Error::Io(source) if !is_damage(&source) => Error::io(action, "sled", source),
        other => Error::store(action, other),
    }
}

/// Whether a failure says something about the contents of the files. `Other` is how sled itself
/// words a segment header that is not as written; no answer of the system has that kind.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | Other | UnexpectedEof)
}

/// Runs something that panics on damaged pages.
fn guarded<T>(action: &'static str, run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::store(action, format!("sled panicked: {}", text.unwrap_or("no message"))))
    })
}

impl ChunkStore for SledStore {
    fn apply(&self, chunks: Vec<KeyedChunk>) -> Result<(), Error> {
        let mut batch = sled::Batch::default();
        for (key, value) in chunks {
            batch.insert(&key, value);
        }
        guarded("storing chunks", || {
            self.tree.apply_batch(batch).map_err(|e| refused("storing chunks", e))
        })
    }

    fn walk(
        &self,
        from: Key,
        to: Key,
        direction: Direction,
        visit: &mut VisitChunk<'_>,
    ) -> Result<(), Error> {
        let mut chunks = self.tree.range(from..=to);
        loop {
            let next = guarded("reading chunks", || {
                let next = match direction {
                    Direction::OldestFirst => chunks.next(),
                    Direction::NewestFirst => chunks.next_back(),
                };
                next.transpose().map_err(|e| refused("reading chunks", e))
            })?;
            match next {
                Some((key, value)) => {
                    if let ControlFlow::Break(()) = visit(&key, &value) {
                        return Ok(());
                    }
                }
                None => return Ok(()),
            }
        }
    }

    fn floor(&self, bound: Key) -> Result<Option<Key>, Error> {
        guarded("finding a chunk", || {
            let found = self.tree.range(..=bound).next_back().transpose();
            let found = found.map_err(|e| refused("finding a chunk", e))?;
            match found.map(|(key, _)| Key::try_from(key.as_ref())) {
                None => Ok(None),
                Some(Ok(key)) => Ok(Some(key)),
                Some(Err(_)) => Err(Error::store("finding a chunk", "a key of another length")),
            }
        })
    }

    fn flush(&self) -> Result<(), Error> {
        guarded("flushing", || {
            self.database.flush().map(|_| ()).map_err(|e| refused("flushing", e))
        })
    }
}
