//! Moving groups from the tail into the chunk store.
//!
//! A log on real files does it on a thread of its own, so that an append waits only for the journal; the
//! memory engine does it inside the append, so that simulations have no second thread.
//! Invariants: groups are stored in order, several in one batch; the first failure of the store is the last
//! thing that it is asked for, and poisons the log.
//! Deliberately not here: acknowledgements; they depend on the journal alone.

use std::sync::Arc;

use crate::chunks::{ChunkStore, split_group};
use crate::error::Error;
use crate::journal::{Preparer, Written};
use crate::tail::{Tail, Work};

/// Stored bytes after which the store is flushed even if it never idles: a second or two of heavy load.
const UNFLUSHED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Idle moments (200 ms each) after which the store is flushed.
const IDLE_BEFORE_FLUSH: u32 = 5;

/// Stores whatever waits, at once. Returns the bytes stored.
pub(crate) fn apply_waiting(tail: &Tail, store: &dyn ChunkStore) -> Result<(), Error> {
    while let Some(groups) = tail.batch() {
        apply(tail, store, &groups)?;
    }
    Ok(())
}

fn apply(tail: &Tail, store: &dyn ChunkStore, groups: &[Arc<Written>]) -> Result<usize, Error> {
    let mut chunks = Vec::new();
    groups.iter().for_each(|group| split_group(&group.header, group.payload(), &mut chunks));
    if let Err(error) = store.apply(chunks) {
        tail.fail();
        return Err(error);
    }
    tail.remove(groups);
    Ok(groups.iter().map(|group| group.bytes()).sum())
}

/// Works until the tail says stop. Returns the first failure of the store.
pub(crate) fn run(tail: &Tail, store: &dyn ChunkStore, preparer: &Preparer) -> Result<(), Error> {
    let mut unflushed = 0;
    let mut idle = 0;
    loop {
        match tail.next_work() {
            Work::Stop => return Ok(()),
            Work::Store(groups) => {
                idle = 0;
                unflushed += apply(tail, store, &groups)?;
            }
            Work::Idle => idle += 1,
        }
        preparer.work();
        if unflushed >= UNFLUSHED_BYTES_MAX || (unflushed > 0 && idle >= IDLE_BEFORE_FLUSH) {
            store.flush().inspect_err(|_| tail.fail())?;
            (unflushed, idle) = (0, 0);
        }
    }
}
