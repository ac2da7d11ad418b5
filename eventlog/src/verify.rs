//! Verifying a whole log: every event hashed again, every group's root computed again.
//!
//! Invariants: nothing recorded is believed but the bytes of the events; the first mismatch is named by its
//! positions. It reads through the same trait as everybody else and never appends.
//! Deliberately not here: whether the decisions in the events follow from the facts (`replay` derives them).

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

/// Verifies everything up to the head as it is now, the journal included. `progress` is told the last
/// position verified, about every thousand groups.
///
/// # Errors
/// [`Error::RootMismatch`] for the first group whose events do not hash to its root, and whatever reading says
/// of missing or damaged chunks and segments.
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
