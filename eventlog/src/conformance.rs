//! What every engine must do, as one suite for all of them.
//!
//! Each scenario opens a log on storage of its own, so that they can run in any order. Whoever adds
//! an engine writes a [`Subject`] and calls [`run`]. Invariants checked: dense positions, whole
//! groups, reading in both directions and beside the writer, roots, time order, limits, reopening,
//! one opener at a time, poison after a failed sync.
//! Deliberately not here: faults of one kind of storage (`fault_tests.rs`, `sled_tests.rs`).

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use duizhang_core::merkle::{leaf_hash, root_of};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::bytes::wide;
use crate::error::Error;
use crate::group::{EVENT_BYTES_MAX, GROUP_EVENTS_MAX, Group};
use crate::log::{EventLog, GroupHeader};
use crate::verify::verify;

/// Storage that outlives the logs opened on it.
pub trait Subject {
    /// Opens the log.
    ///
    /// # Errors
    /// What the engine says.
    fn open(&self) -> Result<Box<dyn EventLog>, Error>;

    /// Makes the next sync of the journal fail, once.
    fn fail_next_sync(&self);
}

/// What one scenario does.
pub type Scenario = fn(&dyn Subject);

/// One event as read: position, time, bytes.
pub type Read = (u64, Timestamp, Vec<u8>);

/// The scenarios by name.
pub const SCENARIOS: [(&str, Scenario); 10] = [
    ("an empty log has an empty head", empty_log),
    ("groups are read back in both directions", both_directions),
    ("every part of the log can be read", every_range),
    ("what was appended is there after opening again", reopening),
    ("refused groups change nothing", refusals),
    ("large events are read back", large_events),
    ("readers beside the writer see a whole log", readers_beside_the_writer),
    ("a second opener is refused", second_opener),
    ("a failed sync poisons the log", poison),
    ("a closed log does nothing more", closed),
];

/// Runs every scenario, each on new storage.
pub fn run(new_subject: &dyn Fn() -> Box<dyn Subject>) {
    for (name, scenario) in SCENARIOS {
        let subject = new_subject();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            scenario(subject.as_ref());
        }));
        assert!(result.is_ok(), "scenario failed: {name}");
    }
}

/// A group at second `time` with these events.
///
/// # Panics
/// Where the events do not fit a group.
#[must_use]
pub fn group(time: i64, events: &[Vec<u8>]) -> Group {
    let mut group = Group::new(Timestamp::from_secs(time));
    events.iter().for_each(|event| group.push(event).expect("fits"));
    group
}

/// So many different events whose sizes vary.
#[must_use]
pub fn events(seed: u8, count: usize) -> Vec<Vec<u8>> {
    let event = |n: usize| {
        let mut bytes = vec![seed; n * 37 % 400];
        bytes.extend_from_slice(&n.to_le_bytes());
        bytes
    };
    (0..count).map(event).collect()
}

/// Everything that the log holds, the oldest first.
///
/// # Errors
/// What the engine says.
pub fn read_all(log: &dyn EventLog) -> Result<Vec<Read>, Error> {
    let mut read = Vec::new();
    log.scan(Position::START..=Position::new(u64::MAX), &mut |position, time, bytes| {
        read.push((position.number(), time, bytes.to_vec()));
        ControlFlow::Continue(())
    })?;
    Ok(read)
}

fn read_back(log: &dyn EventLog, from: u64, to: u64) -> Vec<Read> {
    let mut read = Vec::new();
    log.scan_back(Position::new(from)..=Position::new(to), &mut |position, time, bytes| {
        read.push((position.number(), time, bytes.to_vec()));
        ControlFlow::Continue(())
    })
    .expect("reads");
    read
}

fn all_groups(log: &dyn EventLog, from: u64) -> Vec<GroupHeader> {
    let mut groups = Vec::new();
    log.groups(Position::new(from), &mut |group| {
        groups.push(*group);
        ControlFlow::Continue(())
    })
    .expect("reads");
    groups
}

/// Appends groups of these sizes and returns what must be read.
fn fill(log: &dyn EventLog, first_time: i64, sizes: &[usize]) -> Vec<Read> {
    let mut expected = Vec::new();
    for (time, &size) in (first_time..).zip(sizes) {
        let events = events(u8::try_from(time % 251).expect("small"), size);
        let before = log.head().position.number();
        let head = log.append(&group(time, &events)).expect("appends");
        assert_eq!(head, log.head());
        let at = Timestamp::from_secs(time);
        let numbered = (before + 1..).zip(events);
        expected.extend(numbered.map(|(position, bytes)| (position, at, bytes)));
        assert_eq!(head.time, at);
        assert_eq!(Some(head.position.number()), expected.last().map(|read: &Read| read.0));
    }
    expected
}

fn open(subject: &dyn Subject) -> Box<dyn EventLog> {
    subject.open().expect("opens")
}

fn empty_log(subject: &dyn Subject) {
    let log = open(subject);
    assert_eq!(log.head(), crate::Head::empty());
    assert!(read_all(log.as_ref()).expect("reads").is_empty());
    assert!(read_back(log.as_ref(), 0, u64::MAX).is_empty());
    assert!(all_groups(log.as_ref(), 0).is_empty());
    assert_eq!(verify(log.as_ref(), &mut |_| ()).expect("verifies").groups, 0);
    log.close().expect("closes");
    assert_eq!(open(subject).head(), crate::Head::empty());
}

fn both_directions(subject: &dyn Subject) {
    let log = open(subject);
    let expected = fill(log.as_ref(), 100, &[1, 3, 200, 1, 64]);
    assert_eq!(read_all(log.as_ref()).expect("reads"), expected);
    let mut newest_first = read_back(log.as_ref(), 0, u64::MAX);
    newest_first.reverse();
    assert_eq!(newest_first, expected);

    let groups = all_groups(log.as_ref(), 0);
    assert_eq!(groups.iter().map(|group| group.count).collect::<Vec<_>>(), [1, 3, 200, 1, 64]);
    let leaves: Vec<_> = expected.iter().map(|(_, _, bytes)| leaf_hash(bytes)).collect();
    for group in &groups {
        let size = usize::try_from(group.last().number()).expect("small");
        assert_eq!(group.root, root_of(&leaves[..size]), "root at {}", group.last());
    }
    let from_the_middle = all_groups(log.as_ref(), 150);
    assert_eq!(from_the_middle, groups[2..], "150 lies in the third group");
}

fn every_range(subject: &dyn Subject) {
    let log = open(subject);
    let expected = fill(log.as_ref(), 1, &[7, 30, 1, 12]);
    for from in 0..=51_u64 {
        for to in from..=51 {
            let wanted: Vec<_> = expected
                .iter()
                .filter(|(position, _, _)| (from..=to).contains(position))
                .cloned()
                .collect();
            let mut read = read_back(log.as_ref(), from, to);
            read.reverse();
            assert_eq!(read, wanted, "{from}..={to}");
        }
    }
    let mut seen = 0;
    log.scan(Position::new(5)..=Position::new(40), &mut |position, _, _| {
        seen += 1;
        if position.number() == 9 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .expect("reads");
    assert_eq!(seen, 5, "a visitor that breaks is asked no more");
}

fn reopening(subject: &dyn Subject) {
    let mut expected = Vec::new();
    for round in 0..4_i64 {
        let log = open(subject);
        assert_eq!(read_all(log.as_ref()).expect("reads"), expected);
        expected.extend(fill(log.as_ref(), 10 + round * 10, &[1, 90, 17, 300]));
        let head = log.head();
        // Every second time without closing, as a killed process would.
        if round % 2 == 0 {
            log.close().expect("closes");
        }
        drop(log);
        let log = open(subject);
        assert_eq!(log.head(), head);
        assert_eq!(read_all(log.as_ref()).expect("reads"), expected);
        assert_eq!(verify(log.as_ref(), &mut |_| ()).expect("verifies").head, head);
    }
}

fn refusals(subject: &dyn Subject) {
    let log = open(subject);
    let expected = fill(log.as_ref(), 50, &[2]);
    let head = log.head();
    let empty = Group::new(Timestamp::from_secs(60));
    assert!(matches!(log.append(&empty), Err(Error::EmptyGroup)));
    let early = group(49, &events(1, 1));
    assert!(matches!(log.append(&early), Err(Error::TimeWentBack { .. })));
    assert_eq!(log.head(), head);
    assert!(!log.is_poisoned(), "a refusal is no failure");
    assert_eq!(read_all(log.as_ref()).expect("reads"), expected);
    log.append(&group(50, &events(1, 1))).expect("the same time is not back");
}

fn large_events(subject: &dyn Subject) {
    let log = open(subject);
    let large = |byte: u8, bytes: usize| vec![byte; bytes];
    let shapes = [
        vec![large(1, EVENT_BYTES_MAX)],
        vec![large(2, 10), large(3, 7_000), large(4, 7_168), large(5, 10)],
        vec![large(6, 20_000), large(7, 20_000), Vec::new(), large(8, 1)],
        vec![Vec::new(); GROUP_EVENTS_MAX],
    ];
    let mut expected = Vec::new();
    for (time, shape) in (1..).zip(&shapes) {
        log.append(&group(time, shape)).expect("appends");
        expected.extend(shape.iter().cloned());
    }
    log.close().expect("closes");
    let log = open(subject);
    let read: Vec<_> = read_all(log.as_ref()).expect("reads").into_iter().map(|r| r.2).collect();
    assert_eq!(read, expected);
    let mut back: Vec<_> = read_back(log.as_ref(), 0, u64::MAX).into_iter().map(|r| r.2).collect();
    back.reverse();
    assert_eq!(back, expected);
    for position in 1..=9 {
        let one = read_back(log.as_ref(), position, position);
        assert_eq!(one[0].2, expected[usize::try_from(position - 1).expect("small")]);
    }
    verify(log.as_ref(), &mut |_| ()).expect("verifies");
}

/// What a running server does when it is audited.
fn readers_beside_the_writer(subject: &dyn Subject) {
    let log = subject.open().expect("a new log");
    let (log, done) = (&*log, &AtomicBool::new(false));
    let reader = move || loop {
        // Asked before reading, so that the last reading is of the whole log.
        let last = done.load(Ordering::Acquire);
        let head = log.head().position.number();
        let read = read_all(log).expect("reads");
        let known = usize::try_from(head).expect("some thousand events");
        assert!(read.len() >= known, "everything up to the head can be read");
        assert!(read.iter().map(|(position, ..)| *position).eq(1..=wide(read.len())));
        assert!(read_back(log, 1, head).iter().rev().eq(read.iter().take(known)));
        verify(log, &mut |_| ()).expect("every root is right");
        if last {
            return read.len();
        }
    };
    std::thread::scope(|scope| {
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for time in 1..=60 {
            log.append(&group(time, &events(9, 40))).expect("appends");
        }
        done.store(true, Ordering::Release);
        for reader in readers {
            assert_eq!(reader.join().expect("no panic"), 60 * 40);
        }
    });
    log.close().expect("closes");
}

fn second_opener(subject: &dyn Subject) {
    let log = open(subject);
    fill(log.as_ref(), 1, &[1]);
    assert!(matches!(subject.open(), Err(Error::InUse { .. })));
    log.append(&group(2, &events(2, 1))).expect("the first one goes on");
    log.close().expect("closes");
    assert_eq!(open(subject).head().position, Position::new(2));
}

fn poison(subject: &dyn Subject) {
    let log = open(subject);
    let mut expected = fill(log.as_ref(), 1, &[5, 40]);
    let head = log.head();
    subject.fail_next_sync();
    let unknown = events(9, 3);
    assert!(matches!(log.append(&group(3, &unknown)), Err(Error::Io { .. })));
    assert!(log.is_poisoned());
    for _ in 0..3 {
        assert!(matches!(log.append(&group(4, &events(8, 1))), Err(Error::Poisoned)));
    }
    assert_eq!(log.head(), head, "the head is what is durable");
    assert_eq!(read_all(log.as_ref()).expect("reading goes on"), expected);
    drop(log);

    // The unknown group is there whole or not at all, and the log goes on behind it.
    let log = open(subject);
    if log.head() != head {
        let at = Timestamp::from_secs(3);
        let first = head.position.number() + 1;
        expected.extend((first..).zip(unknown).map(|(position, bytes)| (position, at, bytes)));
    }
    expected.extend(fill(log.as_ref(), 5, &[2]));
    assert_eq!(read_all(log.as_ref()).expect("reads"), expected);
    verify(log.as_ref(), &mut |_| ()).expect("verifies");
}

fn closed(subject: &dyn Subject) {
    let log = open(subject);
    fill(log.as_ref(), 1, &[4]);
    log.close().expect("closes");
    log.close().expect("closing twice is no error");
    assert!(matches!(log.append(&group(2, &events(1, 1))), Err(Error::Closed)));
    assert!(matches!(read_all(log.as_ref()), Err(Error::Closed)));
    assert_eq!(log.head().position, Position::new(4), "the head stays known");
}
