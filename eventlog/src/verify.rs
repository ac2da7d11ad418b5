//! Verifying a whole log: every event hashed again, every group's root computed again.
//!
//! Invariants: nothing recorded is believed but the bytes of the events; the first mismatch is
//! named by its positions. It reads through the same trait as everybody else and never appends.
//! Deliberately not here: whether the decisions in the events follow from the facts (`replay`
//! derives them).

use std::ops::ControlFlow;

use duizhang_core::merkle::{Frontier, leaf_hash};
use duizhang_core::position::Position;

use crate::error::Error;
use crate::log::{EventLog, GroupHeader, Head};

/// Groups whose headers are held at a time.
const GROUPS_AT_ONCE: usize = 1_024;

/// What was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The head that all events hash to.
    pub head: Head,
    /// How many groups there are.
    pub groups: u64,
}

/// Verifies everything up to the head as it is now, the journal included. `progress` is told the
/// last position verified, about every thousand groups.
///
/// # Errors
/// [`Error::RootMismatch`] for the first group whose events do not hash to its root, and
/// whatever reading says of missing or damaged chunks and segments.
pub fn verify(log: &dyn EventLog, progress: &mut dyn FnMut(Position)) -> Result<Verified, Error> {
    let end = log.head();
    let mut verified = Verified { head: Head::empty(), groups: 0 };
    let mut tree = Frontier::new();
    while verified.head.position < end.position {
        let groups = next_groups(log, verified.head.position.next(), end.position)?;
        verify_groups(log, &groups, &mut tree, &mut verified)?;
        progress(verified.head.position);
    }
    if verified.head != end {
        return Err(Error::RootMismatch { first: Position::new(1), last: end.position });
    }
    let journal = log.recheck_journal()?;
    if journal.position < end.position || (journal.position == end.position && journal != end) {
        return Err(Error::JournalBehind { journal: journal.position, store: end.position });
    }
    Ok(verified)
}

fn next_groups(
    log: &dyn EventLog,
    from: Position,
    to: Position,
) -> Result<Vec<GroupHeader>, Error> {
    let mut groups = Vec::new();
    log.groups(from, &mut |group| {
        if group.first <= to {
            groups.push(*group);
        }
        if groups.len() < GROUPS_AT_ONCE && group.last() < to {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    match groups.first() {
        Some(group) if group.first == from => Ok(groups),
        _ => Err(Error::ChunkDamaged { position: from, flaw: "no group starts here" }),
    }
}

fn verify_groups(
    log: &dyn EventLog,
    groups: &[GroupHeader],
    tree: &mut Frontier,
    verified: &mut Verified,
) -> Result<(), Error> {
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return Ok(()) };
    let mut expected = groups.iter();
    let mut current = expected.next();
    let mut wrong = None;
    log.scan(first.first..=last.last(), &mut |position, time, bytes| {
        let Some(group) = current else { return ControlFlow::Break(()) };
        tree.push(leaf_hash(bytes));
        let placed = group.first <= position && time == group.time && time >= verified.head.time;
        let ends = position == group.last();
        if !placed || position.number() != tree.size() || (ends && tree.root() != group.root) {
            wrong = Some(Error::RootMismatch { first: group.first, last: group.last() });
            return ControlFlow::Break(());
        }
        if ends {
            verified.head = Head { position, time, root: group.root };
            verified.groups += 1;
            current = expected.next();
        }
        ControlFlow::Continue(())
    })?;
    match (wrong, current) {
        (Some(error), _) => Err(error),
        (None, Some(group)) => Err(Error::RootMismatch { first: group.first, last: group.last() }),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::*;
    use crate::conformance::{events, group};
    use crate::group::Group;
    use crate::log::{VisitEvent, VisitGroup};
    use crate::memory_log::MemoryLog;

    /// A log that shows one event, or the groups' times, otherwise than they were written.
    struct Lying {
        honest: MemoryLog,
        event: Option<Position>,
        times: bool,
    }

    impl EventLog for Lying {
        fn append(&self, group: &Group) -> Result<Head, Error> {
            self.honest.append(group)
        }
        fn head(&self) -> Head {
            self.honest.head()
        }
        fn is_poisoned(&self) -> bool {
            self.honest.is_poisoned()
        }
        fn scan(
            &self,
            range: RangeInclusive<Position>,
            visit: &mut VisitEvent<'_>,
        ) -> Result<(), Error> {
            self.honest.scan(range, &mut |position, time, bytes| {
                let mut bytes = bytes.to_vec();
                if self.event == Some(position) {
                    bytes[0] ^= 1;
                }
                visit(position, time, &bytes)
            })
        }
        fn scan_back(
            &self,
            range: RangeInclusive<Position>,
            visit: &mut VisitEvent<'_>,
        ) -> Result<(), Error> {
            self.honest.scan_back(range, visit)
        }
        fn groups(&self, from: Position, visit: &mut VisitGroup<'_>) -> Result<(), Error> {
            self.honest.groups(from, &mut |group| {
                let mut group = *group;
                if self.times {
                    group.time = duizhang_core::time::Timestamp::MAX;
                }
                visit(&group)
            })
        }
        fn recheck_journal(&self) -> Result<Head, Error> {
            self.honest.recheck_journal()
        }
        fn close(&self) -> Result<(), Error> {
            self.honest.close()
        }
    }

    fn filled() -> MemoryLog {
        let log = MemoryLog::new();
        for time in 1..=1_500 {
            log.append(&group(time, &events(3, 2))).expect("appends");
        }
        log
    }

    #[test]
    fn an_honest_log_verifies_and_reports_its_progress() {
        let log = filled();
        let mut told = Vec::new();
        let verified = verify(&log, &mut |position| told.push(position.number())).expect("honest");
        assert_eq!(verified, Verified { head: log.head(), groups: 1_500 });
        assert_eq!(told, [2_048, 3_000]);
    }

    #[test]
    fn the_group_of_a_changed_event_is_named() {
        for changed in [1, 1_001, 2_049, 3_000] {
            let event = Some(Position::new(changed));
            let log = Lying { honest: filled(), event, times: false };
            let error = verify(&log, &mut |_| ()).expect_err("one event was changed");
            let first = Position::new(changed - (changed + 1) % 2);
            let Error::RootMismatch { first: named, last } = error else { panic!("{error}") };
            assert_eq!((named, last), (first, first.next()), "{changed}");
        }
    }

    #[test]
    fn times_that_differ_between_events_and_groups_are_found() {
        let log = Lying { honest: filled(), event: None, times: true };
        assert!(matches!(verify(&log, &mut |_| ()), Err(Error::RootMismatch { .. })));
    }
}
