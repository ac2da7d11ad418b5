//! What can go wrong with a log.
//!
//! Three kinds, by what the caller has to do: a refused group (nothing happened, the log goes on),
//! a failed disk (the outcome of the last append is unknown and the log is poisoned), and damage
//! found while reading.
//! Deliberately not here: what the stored events mean; the log never decodes them.

use std::io;

use duizhang_core::position::Position;
use thiserror::Error;

use crate::group::{EVENT_BYTES_MAX, GROUP_BYTES_MAX, GROUP_EVENTS_MAX};

/// Why an append, a read or an opening did not succeed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The group holds nothing; there is nothing to make durable.
    #[error("append of a group without events")]
    EmptyGroup,
    /// The event does not fit into this group any more; append the group and start another.
    #[error("the group is full: at most {GROUP_EVENTS_MAX} events and {GROUP_BYTES_MAX} bytes")]
    GroupFull,
    /// The event is beyond [`EVENT_BYTES_MAX`] and fits into no group.
    #[error("event of {bytes} bytes is beyond the limit of {EVENT_BYTES_MAX}")]
    EventTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The group is older than the head. Times are in microseconds since 1970.
    #[error("append of a group of time {group} behind the head's time {head}")]
    TimeWentBack {
        /// The time of the head.
        head: i64,
        /// The time of the refused group.
        group: i64,
    },
    /// An earlier write or sync failed. What is durable can be read; only opening again decides
    /// what the last append left behind.
    #[error("the log is poisoned by an earlier failure; open it again to recover")]
    Poisoned,
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// Another process, or another part of this one, has the log open.
    #[error("the log in {place} is in use by another process")]
    InUse {
        /// The directory.
        place: String,
    },
    /// The disk refused something.
    #[error("{action} of {file} failed")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The store of chunks refused something.
    #[error("{action} in the chunk store failed")]
    Store {
        /// What was attempted.
        action: &'static str,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A segment of the journal holds bytes that were never written so; it is not merely cut short.
    #[error("segment {file} is damaged at byte {offset}: {flaw}")]
    SegmentDamaged {
        /// The file's name.
        file: String,
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        flaw: &'static str,
    },
    /// A segment of the journal is not there.
    #[error("the journal segment that holds position {first} is missing")]
    SegmentMissing {
        /// The first position that nothing holds.
        first: Position,
    },
    /// A stored chunk of events is missing or not as written.
    #[error("stored events from position {position} on are damaged: {flaw}")]
    ChunkDamaged {
        /// The first position that cannot be read.
        position: Position,
        /// What is wrong there.
        flaw: &'static str,
    },
    /// The chunk store holds acknowledged events that the journal has lost, so nothing may be cut
    /// or rebuilt.
    #[error("the journal ends at position {journal} but the store holds events up to {store}")]
    JournalBehind {
        /// The journal's last position.
        journal: Position,
        /// The store's last position.
        store: Position,
    },
    /// The events of a group do not hash to the root that was recorded with it.
    #[error("events {first} to {last} do not hash to the root recorded with them")]
    RootMismatch {
        /// First position of the group.
        first: Position,
        /// Last position of the group.
        last: Position,
    },
}

impl Error {
    /// An I/O failure with what was attempted.
    pub(crate) fn io(action: &'static str, file: &str, source: io::Error) -> Self {
        Self::Io { action, file: file.to_owned(), source }
    }

    /// A failure of the chunk store with what was attempted.
    pub(crate) fn store(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Store { action, source: source.into() }
    }
}
