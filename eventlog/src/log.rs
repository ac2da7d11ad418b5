//! The log as its users see it: append groups, read events, know the head.
//!
//! Invariants that every implementation keeps: positions are dense from 1; a group is there whole
//! or not at all; `append` returns only when the group survives a crash of the machine; the time
//! never goes back; after a failure to make something durable every later append is refused.
//! Deliberately not here: what the bytes mean (the caller's codec), and who may write (one writer a
//! book).

use std::ops::{ControlFlow, RangeInclusive};

use duizhang_core::merkle::{Hash, empty_root};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::error::Error;
use crate::group::Group;

/// What a reader is given for each event: its position, the time of its group and its bytes.
pub type VisitEvent<'a> = dyn FnMut(Position, Timestamp, &[u8]) -> ControlFlow<()> + 'a;
/// What a reader is given for each group.
pub type VisitGroup<'a> = dyn FnMut(&GroupHeader) -> ControlFlow<()> + 'a;

/// The durable end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last position; [`Position::START`] in a log without events.
    pub position: Position,
    /// The time of the last group; [`Timestamp::MIN`] in a log without events.
    pub time: Timestamp,
    /// The RFC 6962 root over all events; the tree's size is the position's number.
    pub root: Hash,
}

impl Head {
    /// The head of a log without events.
    #[must_use]
    pub fn empty() -> Self {
        Self { position: Position::START, time: Timestamp::MIN, root: empty_root() }
    }
}

/// One appended group without its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupHeader {
    /// The position of its first event.
    pub first: Position,
    /// How many events it has; never 0.
    pub count: u32,
    /// When it happened.
    pub time: Timestamp,
    /// The root over all events up to its last.
    pub root: Hash,
}

impl GroupHeader {
    /// The position of its last event.
    #[must_use]
    pub const fn last(&self) -> Position {
        // A group has at least one event, so the difference cannot go below its first position.
        Position::new(self.first.number().saturating_add(widen(self.count)).saturating_sub(1))
    }
}

#[expect(clippy::as_conversions, reason = "u64::from is not const; widening loses nothing")]
const fn widen(count: u32) -> u64 {
    count as u64
}

/// A durable, totally ordered log of opaque events.
pub trait EventLog: Send + Sync {
    /// Makes a group durable behind the head and returns the new head.
    ///
    /// # Errors
    /// [`Error::EmptyGroup`], [`Error::TimeWentBack`], [`Error::Poisoned`] and
    /// [`Error::Closed`] refuse the group and change nothing. After any other error it is unknown
    /// whether the group is there; the log is poisoned and opening it again decides.
    fn append(&self, group: &Group) -> Result<Head, Error>;

    /// The durable end.
    fn head(&self) -> Head;

    /// Whether an earlier failure makes every append refuse.
    fn is_poisoned(&self) -> bool;

    /// Visits the events of the range that exist, the oldest first, until the visitor breaks.
    ///
    /// # Errors
    /// [`Error::ChunkDamaged`] names the first position that cannot be read.
    fn scan(
        &self,
        range: RangeInclusive<Position>,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error>;

    /// As [`EventLog::scan`], the newest first.
    ///
    /// # Errors
    /// As [`EventLog::scan`].
    fn scan_back(
        &self,
        range: RangeInclusive<Position>,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error>;

    /// Visits the groups that end at `from` or later, the oldest first, until the visitor breaks.
    ///
    /// # Errors
    /// As [`EventLog::scan`].
    fn groups(&self, from: Position, visit: &mut VisitGroup<'_>) -> Result<(), Error>;

    /// Reads every segment of the journal again, strictly: each checksum, each link, each root.
    /// Returns the head that they lead to.
    ///
    /// # Errors
    /// [`Error::SegmentDamaged`] or [`Error::SegmentMissing`] for the first flaw.
    fn recheck_journal(&self) -> Result<Head, Error>;

    /// Drains what waits for the chunk store, flushes it and lets go of all files. Closing twice is
    /// no error.
    ///
    /// # Errors
    /// A failed flush; every acknowledged event is in the journal nevertheless.
    fn close(&self) -> Result<(), Error>;
}
