//! Damage to sled's files and to the journal in front of it: found at opening, repaired or refused
//! by name.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use duizhang_core::position::Position;

use crate::conformance::{Read, events, group, read_all};
use crate::{Error, EventLog, LogConfig, Opening, SledLog, StoreRepair, verify};

const CONFIG: LogConfig = LogConfig { segment_bytes: 256 * 1024 };

/// A closed log of about 3 MB in several segments.
fn filled() -> (tempfile::TempDir, Vec<Read>) {
    let directory = tempfile::tempdir().expect("a directory");
    let (log, opening) = SledLog::open(directory.path(), CONFIG).expect("opens");
    assert_eq!(opening.store, StoreRepair::None);
    for time in 1..=60 {
        let seed = u8::try_from(time).expect("small");
        log.append(&group(time, &events(seed, 240))).expect("appends");
    }
    let whole = read_all(&log).expect("reads");
    assert_eq!(whole.len(), 60 * 240);
    log.close().expect("closes");
    (directory, whole)
}

/// Opens a log whose sled was damaged: everything must be there, whatever had to be done.
fn repaired(directory: &Path, whole: &[Read]) -> Opening {
    let (log, opening) = SledLog::open(directory, CONFIG)
        .unwrap_or_else(|e| panic!("the journal has everything, but: {e:?}"));
    let read = read_all(&log).unwrap_or_else(|e| panic!("{e:?} after {opening:?}"));
    assert!(read == whole, "not what was written, after {opening:?}");
    assert_eq!(verify(&log, &mut |_| ()).expect("verifies").groups, 60);
    log.close().expect("closes");
    let (log, again) = SledLog::open(directory, CONFIG).expect("opens");
    assert_eq!(again.store, StoreRepair::None, "a repair lasts");
    log.close().expect("closes");
    opening
}

fn database(directory: &Path) -> PathBuf {
    directory.join("sled/db")
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(directory.join("journal"))
        .expect("lists")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "segment"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn a_cut_database_is_found_and_repaired() {
    for cut in [1_000, 100_000, 1024 * 1024, u64::MAX] {
        let (directory, whole) = filled();
        let file = OpenOptions::new().write(true).open(database(directory.path())).expect("opens");
        let length = file.metadata().expect("has a size").len();
        file.set_len(length.saturating_sub(cut)).expect("cuts");
        drop(file);
        let opening = repaired(directory.path(), &whole);
        if cut >= 1024 * 1024 {
            assert_ne!(opening.store, StoreRepair::None, "{cut} bytes cut");
        }
    }
}

#[test]
fn a_deleted_database_is_made_again() {
    let (directory, whole) = filled();
    fs::remove_file(database(directory.path())).expect("deletes");
    let opening = repaired(directory.path(), &whole);
    assert_ne!(opening.store, StoreRepair::None);

    let (directory, whole) = filled();
    fs::remove_dir_all(directory.path().join("sled")).expect("deletes");
    let opening = repaired(directory.path(), &whole);
    assert_eq!(opening.store, StoreRepair::Replayed { groups: 60 });
}

#[test]
fn changed_bytes_in_the_database_are_never_read() {
    let mut found = 0;
    for place in 1..=12 {
        let (directory, whole) = filled();
        let file = OpenOptions::new().read(true).write(true).open(database(directory.path()));
        let file = file.expect("opens");
        let offset = file.metadata().expect("has a size").len() * place / 13;
        let mut bytes = [0; 64];
        file.read_exact_at(&mut bytes, offset).expect("reads");
        bytes.iter_mut().for_each(|byte| *byte ^= 0x5a);
        file.write_all_at(&bytes, offset).expect("writes");
        drop(file);
        let opening = repaired(directory.path(), &whole);
        if let StoreRepair::Rebuilt { kept, groups } = &opening.store {
            assert!(kept.join("db").exists(), "the damaged one is kept");
            assert_eq!(*groups, 60);
        }
        found += usize::from(opening.store != StoreRepair::None);
    }
    assert!(found > 0, "no change met live bytes, so this test proves nothing");
}

#[test]
fn what_the_machine_refuses_is_told_and_sets_nothing_aside() {
    let (directory, whole) = filled();
    let away = directory.path().join("away");
    fs::rename(database(directory.path()), &away).expect("moves");
    fs::create_dir(database(directory.path())).expect("makes");
    let error = SledLog::open(directory.path(), CONFIG).expect_err("a folder is no file");
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(!directory.path().join("sled.corrupt-1").exists());
    fs::remove_dir(database(directory.path())).expect("deletes");
    fs::rename(&away, database(directory.path())).expect("moves");
    assert_eq!(repaired(directory.path(), &whole).store, StoreRepair::None);
}

#[test]
fn a_partial_snapshot_does_not_keep_it_from_opening() {
    let (directory, whole) = filled();
    let partial = directory.path().join("sled/snap.00000000000FFFFF.generating");
    fs::write(&partial, b"half a snapsh").expect("writes");
    repaired(directory.path(), &whole);
    assert!(!partial.exists());
}

#[test]
fn the_database_of_another_log_is_not_believed() {
    let (directory, whole) = filled();
    let other = tempfile::tempdir().expect("a directory");
    let (log, _) = SledLog::open(other.path(), CONFIG).expect("opens");
    log.append(&group(1, &events(99, 240))).expect("appends");
    log.close().expect("closes");
    fs::remove_dir_all(directory.path().join("sled")).expect("deletes");
    fs::rename(other.path().join("sled"), directory.path().join("sled")).expect("moves");
    let opening = repaired(directory.path(), &whole);
    assert!(matches!(opening.store, StoreRepair::Rebuilt { groups: 60, .. }), "{opening:?}");
}

#[test]
fn a_journal_that_lost_what_the_store_still_has_is_refused() {
    let (directory, _) = filled();
    let last = segments(directory.path()).pop().expect("some");
    let mut bytes = fs::read(&last).expect("reads");
    let end = bytes.iter().rposition(|&byte| byte != 0).expect("frames");
    bytes[end] ^= 1;
    fs::write(&last, &bytes).expect("writes");
    let error = SledLog::open(directory.path(), CONFIG).expect_err("an acknowledged group is lost");
    let Error::JournalBehind { journal, store } = error else { panic!("{error}") };
    assert_eq!((journal, store), (Position::new(59 * 240), Position::new(60 * 240)));
    assert_eq!(fs::read(&last).expect("reads"), bytes, "a refusal changes nothing");
}

#[test]
fn a_torn_tail_of_the_journal_is_cut() {
    let (directory, whole) = filled();
    let last = segments(directory.path()).pop().expect("some");
    let mut bytes = fs::read(&last).expect("reads");
    // The last event ends with seven zero bytes of its own.
    let end = bytes.iter().rposition(|&byte| byte != 0).expect("frames") + 8;
    bytes[end..end + 300].fill(0xee);
    fs::write(&last, &bytes).expect("writes");
    let (log, opening) = SledLog::open(directory.path(), CONFIG).expect("opens");
    assert_eq!(opening.torn_bytes, 300);
    assert!(read_all(&log).expect("reads") == whole);
}

#[test]
fn a_rebuild_that_the_segments_cannot_supply_is_refused_by_name() {
    let (directory, _) = filled();
    let middle = segments(directory.path())[2].clone();
    let mut bytes = fs::read(&middle).expect("reads");
    bytes[5_000] ^= 1;
    fs::write(&middle, &bytes).expect("writes");
    fs::remove_dir_all(directory.path().join("sled")).expect("deletes");
    let error = SledLog::open(directory.path(), CONFIG).expect_err("a segment is damaged");
    let Error::SegmentDamaged { file, .. } = error else { panic!("{error}") };
    assert_eq!(Some(file.as_str()), middle.file_name().and_then(|name| name.to_str()));
}

#[test]
fn a_damaged_closed_segment_is_found_by_verifying() {
    let (directory, whole) = filled();
    let middle = segments(directory.path())[2].clone();
    let mut bytes = fs::read(&middle).expect("reads");
    bytes[5_000] ^= 1;
    fs::write(&middle, &bytes).expect("writes");
    let (log, _) = SledLog::open(directory.path(), CONFIG).expect("sled has it all");
    assert!(read_all(&log).expect("reads") == whole);
    assert!(matches!(verify(&log, &mut |_| ()), Err(Error::SegmentDamaged { .. })));
}

#[test]
fn reading_merges_what_sled_does_not_have_yet() {
    // No pause between appends and reads: much of this is still on its way into sled.
    let directory = tempfile::tempdir().expect("a directory");
    let (log, _) = SledLog::open(directory.path(), CONFIG).expect("opens");
    let mut count = 0;
    for time in 1..=200 {
        log.append(&group(time, &events(5, 30))).expect("appends");
        count += 30;
        if time % 20 == 0 {
            assert_eq!(read_all(&log).expect("reads").len(), count);
        }
    }
    verify(&log, &mut |_| ()).expect("verifies");
}
