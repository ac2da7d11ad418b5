//! The simulated disk must be exactly as bad as it says, or the tests that stand on it prove
//! nothing.

use super::*;

fn content(disk: &SimulatedDisk, name: &str) -> Vec<u8> {
    let file = disk.open(name).expect("is there");
    let mut bytes = vec![0; fits(file.size().expect("has a size")).expect("small")];
    file.read_at(0, &mut bytes).expect("reads");
    bytes
}

fn written(text: &[u8]) -> (SimulatedDisk, Arc<dyn DiskFile>) {
    let disk = SimulatedDisk::new();
    let file = disk.create("a").expect("creates");
    disk.sync_directory().expect("syncs");
    file.write_at(0, text).expect("writes");
    (disk, file)
}

#[test]
fn a_crash_loses_what_was_not_synced() {
    let (disk, file) = written(b"kept");
    file.sync().expect("syncs");
    file.write_at(0, b"lost").expect("writes");
    assert_eq!(content(&disk, "a"), b"lost");
    disk.crash(Crash::LoseUnsynced);
    assert_eq!(content(&disk, "a"), b"kept");
}

#[test]
fn a_crash_may_tear_the_last_write() {
    let (disk, _file) = written(b"0123456789");
    disk.crash(Crash::KeepPrefix(4));
    assert_eq!(content(&disk, "a"), b"0123");

    let (disk, _file) = written(&[7; 3 * SECTOR_BYTES]);
    disk.crash(Crash::KeepSectors(0b101 << 61));
    let bytes = content(&disk, "a");
    assert_eq!(bytes[..SECTOR_BYTES], [7; SECTOR_BYTES]);
    assert_eq!(bytes[SECTOR_BYTES..2 * SECTOR_BYTES], [0; SECTOR_BYTES]);
    assert_eq!(bytes[2 * SECTOR_BYTES..], [7; SECTOR_BYTES]);
}

#[test]
fn names_need_a_sync_of_their_own() {
    let (disk, file) = written(b"x");
    file.sync().expect("syncs");
    disk.rename("a", "b").expect("renames");
    disk.create("c").expect("creates").sync().expect("syncs");
    disk.crash(Crash::LoseUnsynced);
    assert_eq!(disk.list().expect("lists"), ["a"]);
    assert_eq!(content(&disk, "a"), b"x");
}

#[test]
fn after_a_failed_sync_the_next_one_lies() {
    let (disk, file) = written(b"gone");
    disk.fail(Operation::Sync, 1, Fault::DeviceError);
    assert!(file.sync().is_err());
    assert!(file.sync().is_ok());
    assert_eq!(content(&disk, "a"), b"gone", "the cache still shows it");
    disk.crash(Crash::KeepPrefix(usize::MAX));
    assert_eq!(content(&disk, "a"), b"", "the disk never had it");
}

#[test]
fn the_ordered_operation_fails_and_no_other() {
    let (disk, file) = written(b"x");
    disk.fail(Operation::Write, 2, Fault::NoSpace);
    assert!(file.write_at(0, b"1").is_ok());
    let error = file.write_at(0, b"22").expect_err("fails");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(file.write_at(0, b"3").is_ok());
    disk.fail(Operation::Write, 1, Fault::Stop);
    assert!(file.write_at(0, b"4").is_err());
    assert!(file.sync().is_err() && disk.list().is_err() && disk.create("b").is_err());
    disk.crash(Crash::LoseUnsynced);
    assert!(file.sync().is_ok());
}

#[test]
fn a_full_disk_takes_no_more_and_overwrites_still() {
    let (disk, file) = written(b"1234");
    disk.limit(Some(6));
    assert!(file.write_at(4, b"567").is_err());
    assert!(file.write_at(0, b"4321").is_ok());
    assert!(file.write_at(4, b"56").is_ok());
}

#[test]
fn one_holder_at_a_time() {
    let disk = SimulatedDisk::new();
    assert!(disk.try_lock().expect("locks"));
    assert!(!disk.clone().try_lock().expect("answers"));
    disk.unlock();
    assert!(disk.try_lock().expect("locks"));
    disk.crash(Crash::LoseUnsynced);
    assert!(disk.try_lock().expect("a crash lets go"));
}
