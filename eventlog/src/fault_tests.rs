//! The n-th failure loop, crashes at every point, damage, and the canaries that prove these tests
//! awake.
//!
//! What must hold after every fault and every crash: each acknowledged group is there, at most one
//! more is (the one whose outcome was unknown), it is whole, everything verifies, and the log goes
//! on.

use duizhang_core::position::Position;

use crate::conformance::{Read, events, group, read_all};
use crate::disk::{Crash, Disk, Fault, Operation, SimulatedDisk};
use crate::{Error, EventLog, MemoryLog, verify};

/// Small segments: the workload passes through six of them.
const SEGMENT_BYTES: u64 = 8 * 1024;
const SIZES: [usize; 14] = [1, 2, 9, 1, 12, 3, 1, 10, 2, 40, 1, 7, 1, 8];

const CRASHES: [Crash; 7] = [
    Crash::LoseUnsynced,
    Crash::KeepPrefix(1),
    Crash::KeepPrefix(90),
    Crash::KeepPrefix(usize::MAX),
    Crash::KeepSectors(0xaaaa_aaaa_aaaa_aaaa),
    Crash::KeepSectors(0x5555_5555_5555_5555),
    Crash::KeepSectors(0x8421_1248_dead_beef),
];

/// What a workload was told, and what it tried last without an answer.
#[derive(Default)]
struct Told {
    acknowledged: Vec<Read>,
    unknown: Vec<Read>,
}

/// Opens and appends until something fails.
fn work(disk: &SimulatedDisk) -> Told {
    let mut told = Told::default();
    let Ok(log) = MemoryLog::open(disk, SEGMENT_BYTES) else { return told };
    for (time, &size) in (1..).zip(&SIZES) {
        let events = events(u8::try_from(time).expect("small"), size);
        let group = group(time, &events);
        let first = log.head().position.number() + 1;
        let reads: Vec<_> =
            (first..).zip(events).map(|(at, bytes)| (at, group.time(), bytes)).collect();
        if log.append(&group).is_err() {
            told.unknown = reads;
            assert!(log.is_poisoned());
            assert!(matches!(log.append(&group), Err(Error::Poisoned)));
            let seen = read_all(&log).expect("reads from memory go on");
            assert_eq!(seen, told.acknowledged);
            break;
        }
        told.acknowledged.extend(reads);
    }
    told
}

/// Opens again and checks what must hold. Returns what is there.
fn check(disk: &SimulatedDisk, told: &Told) -> Result<Vec<Read>, String> {
    let log = MemoryLog::open(disk, SEGMENT_BYTES).map_err(|e| format!("does not open: {e}"))?;
    let read = read_all(&log).map_err(|e| format!("does not read: {e}"))?;
    let with_unknown = [&told.acknowledged[..], &told.unknown].concat();
    if read != told.acknowledged && read != with_unknown {
        return Err(format!("{} events of {}", read.len(), told.acknowledged.len()));
    }
    let verified = verify(&log, &mut |_| ()).map_err(|e| format!("does not verify: {e}"))?;
    if verified.head != log.head() {
        return Err("another head".to_owned());
    }
    Ok(read)
}

/// The log must also go on behind what it found.
fn go_on(disk: &SimulatedDisk, mut expected: Vec<Read>) {
    for time in 100..104 {
        let log = MemoryLog::open(disk, SEGMENT_BYTES).expect("opens");
        let events = events(77, 11);
        let group = group(time, &events);
        let first = log.head().position.number() + 1;
        log.append(&group).expect("appends");
        expected.extend((first..).zip(events).map(|(at, bytes)| (at, group.time(), bytes)));
        drop(log);
        disk.crash(Crash::LoseUnsynced);
    }
    let log = MemoryLog::open(disk, SEGMENT_BYTES).expect("opens");
    assert_eq!(read_all(&log).expect("reads"), expected);
    verify(&log, &mut |_| ()).expect("verifies");
}

/// Runs the workload with the n-th operation failing, for n = 1, 2, 3… until the workload has no
/// n-th one.
fn every_failure(
    operation: Operation,
    fault: Fault,
    check_one: &mut dyn FnMut(&SimulatedDisk, Told),
) {
    for number in 1.. {
        let disk = SimulatedDisk::new();
        disk.fail(operation, number, fault);
        let told = work(&disk);
        if disk.attempted(operation) < number {
            assert!(number > 5, "the workload writes, syncs and makes segments");
            return;
        }
        check_one(&disk, told);
    }
}

const OPERATIONS: [Operation; 3] = [Operation::Write, Operation::Sync, Operation::Create];

#[test]
fn a_machine_that_stops_anywhere_loses_nothing_acknowledged() {
    for operation in OPERATIONS {
        for crash in CRASHES {
            every_failure(operation, Fault::Stop, &mut |disk, told| {
                disk.crash(crash);
                let read =
                    check(disk, &told).unwrap_or_else(|e| panic!("{operation:?} {crash:?}: {e}"));
                go_on(disk, read);
            });
        }
    }
}

#[test]
fn a_failing_device_or_a_full_one_loses_nothing_acknowledged() {
    for operation in OPERATIONS {
        for fault in [Fault::DeviceError, Fault::NoSpace] {
            for crash in CRASHES {
                every_failure(operation, fault, &mut |disk, told| {
                    disk.crash(crash);
                    let read = check(disk, &told)
                        .unwrap_or_else(|e| panic!("{operation:?} {fault:?} {crash:?}: {e}"));
                    go_on(disk, read);
                });
            }
        }
    }
}

#[test]
fn what_a_restarted_process_has_shown_survives_a_later_crash() {
    // After a failed sync the cache shows a group that the disk never got, and syncing again says
    // "fine". Opening shows that group, so opening must have written it anew.
    for operation in OPERATIONS {
        every_failure(operation, Fault::DeviceError, &mut |disk, told| {
            let shown = check(disk, &told).expect("opens after a restart");
            disk.crash(Crash::LoseUnsynced);
            let after = check(disk, &told).expect("opens after a crash");
            assert_eq!(after, shown, "{operation:?}");
        });
    }
}

#[test]
fn a_crash_while_recovering_loses_nothing_either() {
    for operation in OPERATIONS {
        for number in 1..=4 {
            for crash in CRASHES {
                let disk = SimulatedDisk::new();
                disk.fail(Operation::Sync, 9, Fault::Stop);
                let told = work(&disk);
                disk.crash(Crash::KeepPrefix(70));
                disk.fail(operation, number, Fault::Stop);
                drop(MemoryLog::open(&disk, SEGMENT_BYTES));
                disk.crash(crash);
                let read = check(&disk, &told).expect("opens");
                go_on(&disk, read);
            }
        }
    }
}

#[test]
fn canary_a_sync_that_was_skipped_is_caught() {
    // The same workload and the same check, on a disk whose syncs do nothing.
    let disk = SimulatedDisk::new();
    (1..500).for_each(|number| disk.fail(Operation::Sync, number, Fault::Lie));
    let told = work(&disk);
    disk.crash(Crash::LoseUnsynced);
    assert!(check(&disk, &told).is_err(), "no sync at all was not caught");

    // One single skipped sync, of the last group.
    let disk = SimulatedDisk::new();
    let told = work(&disk);
    let syncs = disk.attempted(Operation::Sync);
    let disk = SimulatedDisk::new();
    disk.fail(Operation::Sync, syncs, Fault::Lie);
    assert_eq!(work(&disk).acknowledged, told.acknowledged, "nobody noticed");
    disk.crash(Crash::LoseUnsynced);
    assert!(check(&disk, &told).is_err(), "one skipped sync was not caught");
}

#[test]
fn a_disk_that_fills_up_anywhere_poisons_and_recovers() {
    let mut refused = 0;
    for capacity in (0..60_000).step_by(1_777) {
        let disk = SimulatedDisk::new();
        disk.limit(Some(capacity));
        let told = work(&disk);
        refused += usize::from(told.acknowledged.is_empty() || !told.unknown.is_empty());
        disk.limit(None);
        disk.crash(Crash::LoseUnsynced);
        let read = check(&disk, &told).expect("opens with space again");
        go_on(&disk, read);
    }
    assert!(refused > 10, "most of these disks are too small");
}

/// A healthy journal of several segments, and what it holds.
fn healthy() -> (SimulatedDisk, Vec<Read>, Vec<String>) {
    let disk = SimulatedDisk::new();
    let told = work(&disk);
    assert!(told.unknown.is_empty());
    let mut names = disk.list().expect("lists");
    names.retain(|name| name.contains("segment"));
    assert!(names.len() >= 4, "several segments: {names:?}");
    disk.crash(Crash::LoseUnsynced);
    (disk, told.acknowledged, names)
}

/// Opens after damage: nothing but a shorter log or a refusal by name may come of it.
fn open_damaged(disk: &SimulatedDisk, whole: &[Read]) -> Result<usize, Error> {
    let log = MemoryLog::open(disk, SEGMENT_BYTES)?;
    let read = read_all(&log)?;
    assert_eq!(read, whole[..read.len()], "what is read is what was written");
    verify(&log, &mut |_| ())?;
    Ok(read.len())
}

#[test]
fn a_changed_byte_is_never_read_and_only_the_last_group_can_be_cut() {
    let (_, _, names) = healthy();
    let last = names.last().expect("some").clone();
    let last_group = *SIZES.last().expect("some");
    let (mut refused, mut cut) = (0, 0);
    for name in &names {
        for offset in (0..8_192).step_by(61) {
            let (disk, whole, _) = healthy();
            let mut blank = false;
            disk.damage(name, |bytes| {
                blank = bytes[offset..].iter().all(|&byte| byte == 0);
                bytes[offset] ^= 0x10;
            });
            match open_damaged(&disk, &whole) {
                Err(Error::SegmentDamaged { file, .. }) => {
                    assert_eq!(file, *name);
                    refused += 1;
                }
                Err(error) => panic!("{name} at {offset}: {error}"),
                Ok(length) => {
                    assert_eq!(*name, last, "closed segments are checked to their ends");
                    cut += usize::from(length < whole.len());
                    assert!(length == whole.len() || length == whole.len() - last_group);
                    assert_eq!(length == whole.len(), blank, "{name} at {offset}");
                }
            }
        }
    }
    assert!(refused > 100 && cut > 3, "{refused} refused, {cut} cut");
}

#[test]
fn a_torn_tail_is_cut_and_written_over() {
    let (disk, whole, names) = healthy();
    let last = names.last().expect("some");
    disk.damage(last, |bytes| {
        let end = bytes.iter().rposition(|&byte| byte != 0).expect("frames");
        bytes[end - 3..=end].fill(0);
    });
    let length = open_damaged(&disk, &whole).expect("opens");
    assert_eq!(length, whole.len() - SIZES[SIZES.len() - 1]);
    disk.crash(Crash::LoseUnsynced);
    go_on(&disk, whole[..length].to_vec());
}

#[test]
fn missing_segments_are_named() {
    for missing in 0..4 {
        let (disk, whole, names) = healthy();
        disk.remove(&names[missing]).expect("removes");
        let first: u64 = names[missing][..20].parse().expect("a position");
        match open_damaged(&disk, &whole) {
            Err(Error::SegmentMissing { first: named }) if missing == 0 => {
                assert_eq!(named, Position::new(1));
            }
            Err(Error::SegmentMissing { first: named }) => assert_eq!(named, Position::new(first)),
            other => panic!("{other:?} without {}", names[missing]),
        }
    }
}

#[test]
fn a_frame_inside_an_event_is_not_taken_for_one_behind_a_torn_frame() {
    let disk = SimulatedDisk::new();
    let log = MemoryLog::open(&disk, SEGMENT_BYTES).expect("opens");
    let first = events(1, 3);
    log.append(&group(1, &first)).expect("appends");
    drop(log);
    let name = "00000000000000000001.segment";
    // The whole earlier frame, byte for byte, as an attacker who could read the disk would send it.
    let copy = disk.durable(name).expect("there")[4_096..4_300].to_vec();
    let log = MemoryLog::open(&disk, SEGMENT_BYTES).expect("opens");
    disk.fail(Operation::Sync, 1, Fault::Stop);
    assert!(log.append(&group(2, &[copy, vec![1; 900]])).is_err());
    drop(log);
    disk.crash(Crash::KeepPrefix(500));
    let log = MemoryLog::open(&disk, SEGMENT_BYTES).expect("a torn tail, not damage");
    assert_eq!(read_all(&log).expect("reads").len(), first.len());
}
