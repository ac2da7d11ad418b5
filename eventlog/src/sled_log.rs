//! The log on real files: the journal in `journal/`, sled in `sled/` behind it.
//!
//! Invariants: the journal decides what is there; sled is compared with it at every opening and
//! replayed, rebuilt or refused by name; a worthless sled folder is kept aside as evidence under
//! `sled.corrupt-<n>`, the newest few of them.
//! Deliberately not here: when to open and close, and who the one writer is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use duizhang_core::position::Position;

use crate::chunks::SledStore;
use crate::disk::{Disk, RealDisk};
use crate::engine::{Apply, Engine, Lock, OverEngine};
use crate::error::Error;
use crate::journal::{Recovered, SEGMENT_BYTES_DEFAULT, recover};
use crate::reconcile::{Finding, compare, replay};

pub use crate::chunks::SyncAttribute;

/// Most worthless sled folders that are kept: evidence of a failing disk, each as large as the log,
/// so that the oldest makes room for the next.
const CORRUPT_FOLDERS_MAX: usize = 3;
/// What their names begin with; a number follows.
const CORRUPT_NAME: &str = "sled.corrupt-";

/// How a log is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Bytes of a journal segment.
    pub segment_bytes: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { segment_bytes: SEGMENT_BYTES_DEFAULT }
    }
}

/// What opening found, for the operator's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Bytes of an unacknowledged write that was cut short by a crash and is now blank.
    pub torn_bytes: u64,
    /// What had to be done to the chunk store.
    pub store: StoreRepair,
    /// Whether sled writes synchronously.
    pub sync_attribute: SyncAttribute,
}

/// What had to be done to the chunk store so that it agrees with the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreRepair {
    /// Nothing.
    None,
    /// Its end was missing, as after any crash, and was replayed.
    Replayed {
        /// Groups replayed.
        groups: u64,
    },
    /// It was worthless and was rebuilt from the segments.
    Rebuilt {
        /// Where the old one is kept.
        kept: PathBuf,
        /// Groups in the new one.
        groups: u64,
    },
}

/// A durable log in a directory.
pub struct SledLog(Engine);

impl std::fmt::Debug for SledLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledLog").field("head", &self.0.head()).finish_non_exhaustive()
    }
}

impl SledLog {
    /// Opens the log in a directory, making it where there is none, and repairs what a crash left.
    ///
    /// # Errors
    /// [`Error::InUse`] where another process has it; [`Error::SegmentDamaged`],
    /// [`Error::SegmentMissing`], [`Error::RootMismatch`] or [`Error::JournalBehind`] where
    /// acknowledged events are lost.
    pub fn open(directory: &Path, config: LogConfig) -> Result<(Self, Opening), Error> {
        let disk = RealDisk::new(&directory.join("journal"))
            .map_err(|e| Error::io("making the folder", &directory.display().to_string(), e))?;
        Self::open_on(Arc::new(disk), directory, config)
    }

    /// As [`SledLog::open`] with the journal on a disk of the caller's choice.
    ///
    /// # Errors
    /// As [`SledLog::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        directory: &Path,
        config: LogConfig,
    ) -> Result<(Self, Opening), Error> {
        let lock = Lock::take(&disk)?;
        let recovered = recover(Arc::clone(&disk), config.segment_bytes)?;
        let (store, sync_attribute, repair) =
            open_store(&directory.join("sled"), &recovered, disk.as_ref())?;
        let torn_bytes = recovered.torn_bytes();
        let journal = recovered.settle()?;
        let engine = Engine::start(disk, lock, journal, Arc::new(store), Apply::Behind)?;
        Ok((Self(engine), Opening { torn_bytes, store: repair, sync_attribute }))
    }
}

/// Opens sled and makes it agree with the journal.
fn open_store(
    sled: &Path,
    recovered: &Recovered,
    disk: &dyn Disk,
) -> Result<(SledStore, SyncAttribute, StoreRepair), Error> {
    match SledStore::open(sled) {
        Ok((store, attribute)) => {
            if let Some(repair) = make_agree(&store, recovered, disk)? {
                return Ok((store, attribute, repair));
            }
            store.discard();
        }
        // The disk is full or closed to us: a new store would not do better.
        Err(error @ Error::Io { .. }) => return Err(error),
        Err(_) => {}
    }
    let kept = set_aside(sled)?;
    let (store, attribute) = SledStore::open(sled)?;
    let groups = replay(&store, recovered, disk, Position::START)?;
    Ok((store, attribute, StoreRepair::Rebuilt { kept, groups }))
}

/// Replays what an opened store lacks; nothing where it is worthless, which may show only when it
/// is written.
fn make_agree(
    store: &SledStore,
    recovered: &Recovered,
    disk: &dyn Disk,
) -> Result<Option<StoreRepair>, Error> {
    let Finding::Agrees(stored) = compare(store, recovered, disk)? else { return Ok(None) };
    match replay(store, recovered, disk, stored) {
        Ok(0) => Ok(Some(StoreRepair::None)),
        Ok(groups) => Ok(Some(StoreRepair::Replayed { groups })),
        Err(Error::Store { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Renames a worthless folder to the next `sled.corrupt-<n>` and removes the oldest beyond the
/// limit, only after the rename, so that a failure leaves too many rather than too few.
fn set_aside(sled: &Path) -> Result<PathBuf, Error> {
    let failed = |source| Error::io("setting aside", &sled.display().to_string(), source);
    let mut numbers = corrupt_numbers(sled).map_err(failed)?;
    let next = numbers.last().map_or(1, |last| last.saturating_add(1));
    let folder = |number: u64| sled.with_file_name(format!("{CORRUPT_NAME}{number}"));
    let kept = folder(next);
    fs::rename(sled, &kept).map_err(failed)?;
    numbers.push(next);
    let surplus = numbers.len().saturating_sub(CORRUPT_FOLDERS_MAX);
    for number in numbers.into_iter().take(surplus) {
        fs::remove_dir_all(folder(number)).map_err(failed)?;
    }
    Ok(kept)
}

/// The numbers of the folders that were set aside, in rising order.
fn corrupt_numbers(sled: &Path) -> std::io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(sled.parent().unwrap_or(Path::new(".")))? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(CORRUPT_NAME));
        // Names with a sign or leading zeros are somebody else's.
        numbers.extend(
            number.and_then(|text| {
                text.parse().ok().filter(|number: &u64| number.to_string() == text)
            }),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

impl OverEngine for SledLog {
    fn engine(&self) -> &Engine {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_worthless_folders_are_kept_and_nothing_else_is_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let sled = directory.path().join("sled");
        for stranger in ["sled.corrupt-01", "sled.corrupt-+2", "sled.corrupt-old"] {
            fs::create_dir(directory.path().join(stranger)).expect("makes");
        }
        for number in 1_u64..=12 {
            fs::create_dir(&sled).expect("makes");
            fs::write(sled.join("which"), number.to_string()).expect("writes");
            let kept = set_aside(&sled).expect("sets aside");
            assert_eq!(kept, directory.path().join(format!("sled.corrupt-{number}")));
            assert_eq!(fs::read(kept.join("which")).expect("reads"), number.to_string().as_bytes());
            let oldest = number.saturating_sub(2).max(1);
            let wanted: Vec<u64> = (oldest..=number).collect();
            assert_eq!(corrupt_numbers(&sled).expect("lists"), wanted);
        }
        let left = fs::read_dir(directory.path()).expect("lists").count();
        assert_eq!(left, CORRUPT_FOLDERS_MAX + 3);
    }
}
