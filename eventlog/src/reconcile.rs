//! Comparing a chunk store with the journal at opening, and making it agree.
//!
//! The store is never believed: its end must be a group that the journal has too, with the same
//! time and root, and its chunks must be whole and without gaps. A missing end is replayed;
//! anything else makes the store worthless, and it is rebuilt from the segments.
//! Invariants: the journal is never changed here; a store that knows more than the journal stops
//! the opening, because then acknowledged events are missing from the journal. Cost: up to
//! [`CHECK_BYTES_MAX`] of the newest events are checked, the rest by each read and by `verify`.

use duizhang_core::position::Position;

use crate::bytes::wide;
use crate::chunks::{ChunkStore, LastGroup, check, last_group, split_group};
use crate::disk::Disk;
use crate::error::Error;
use crate::journal::Recovered;

/// Bytes of events that are checked at opening, the newest first: 1 GiB is seven million events of
/// 150 bytes and takes two seconds or three; a server reads all of them after opening anyway.
const CHECK_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Bytes of events in one batch of a replay.
const REPLAY_BATCH_BYTES: u64 = 512 * 1024;

/// What the comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The store agrees up to this position; what follows is missing.
    Agrees(Position),
    /// The store is of no use.
    Worthless,
}

/// Compares a store with the journal.
pub(crate) fn compare(
    store: &dyn ChunkStore,
    recovered: &Recovered,
    disk: &dyn Disk,
) -> Result<Finding, Error> {
    let end = match last_group(store) {
        Ok(LastGroup::Empty) => return Ok(Finding::Agrees(Position::START)),
        Ok(LastGroup::Whole(group)) => group,
        // The machine failed, not the files: a new store would not do better.
        Err(error @ Error::Io { .. }) => return Err(error),
        Ok(LastGroup::Cut) | Err(_) => return Ok(Finding::Worthless),
    };
    match check(store, end.last(), CHECK_BYTES_MAX) {
        Ok(_) => {}
        Err(error @ Error::Io { .. }) => return Err(error),
        Err(_) => return Ok(Finding::Worthless),
    }
    let head = recovered.head();
    if end.last() > head.position {
        return Err(Error::JournalBehind { journal: head.position, store: end.last() });
    }
    let there = if end.last() == head.position {
        Some(head)
    } else {
        recovered.segments().head_at(disk, end.last())?
    };
    let same = there.is_some_and(|head| head.root == end.root && head.time == end.time);
    Ok(if same { Finding::Agrees(end.last()) } else { Finding::Worthless })
}

/// Stores what the journal has behind `stored`. Returns the number of groups.
pub(crate) fn replay(
    store: &dyn ChunkStore,
    recovered: &Recovered,
    disk: &dyn Disk,
    stored: Position,
) -> Result<u64, Error> {
    let to = recovered.head().position;
    if stored == to {
        return Ok(0);
    }
    let (mut groups, mut bytes, mut chunks) = (0, 0, Vec::new());
    recovered.segments().read(disk, stored.next(), to, &mut |frame| {
        split_group(&frame.header.group, frame.payload, &mut chunks);
        groups += 1;
        bytes += wide(frame.payload.len());
        if bytes < REPLAY_BATCH_BYTES {
            return Ok(());
        }
        bytes = 0;
        store.apply(std::mem::take(&mut chunks))
    })?;
    store.apply(chunks)?;
    store.flush()?;
    Ok(groups)
}
