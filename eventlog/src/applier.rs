//! Moving groups from the tail into the chunk store.
//!
//! A log on real files does it on a thread of its own, so that an append waits only for the
//! journal; the memory engine does it inside the append, so that simulations have no second thread.
//! Invariants: groups are stored in order, several in one batch; the first failure of the store is
//! the last thing that it is asked for, and poisons the log.
//! Deliberately not here: acknowledgements; they depend on the journal alone.

use std::sync::Arc;

use crate::chunks::{ChunkStore, split_group};
use crate::error::Error;
use crate::journal::{Preparer, Written};
use crate::tail::{BATCH_BYTES, Tail, Work};

/// Stored bytes after which the store is flushed even if it never idles: a second or two of heavy
/// load.
const UNFLUSHED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Rounds that waited their whole 200 ms for work and got little or none, after which the store is
/// flushed: about a second.
const SLOW_ROUNDS_BEFORE_FLUSH: u32 = 5;

/// Stores whatever waits, at once.
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
    let (mut unflushed, mut slow_rounds) = (0, 0);
    loop {
        let stored = match tail.next_work() {
            Work::Stop => return Ok(()),
            Work::Store(groups) => apply(tail, store, &groups)?,
            Work::Idle => 0,
        };
        preparer.work();
        unflushed += stored;
        slow_rounds += u32::from(stored < BATCH_BYTES);
        let due = unflushed >= UNFLUSHED_BYTES_MAX || slow_rounds >= SLOW_ROUNDS_BEFORE_FLUSH;
        if due && unflushed > 0 {
            store.flush().inspect_err(|_| tail.fail())?;
            unflushed = 0;
        }
        if due {
            slow_rounds = 0;
        }
    }
}
