//! The groups that are durable in the journal and not yet in the chunk store.
//!
//! Invariants: they continue the store without a gap; a group leaves only after the store has it,
//! so a reader finds every event in the one or in the other; their bytes are limited, and an append
//! waits for room.
//! Deliberately not here: writing them into the store (`applier.rs`).

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use duizhang_core::position::Position;

use crate::error::Error;
use crate::journal::Written;

/// Most bytes of groups that wait for the store: a second of the heaviest load (30,000 events of 1
/// KiB).
const TAIL_BYTES_MAX: usize = 32 * 1024 * 1024;
/// So many waiting bytes are worth a batch at once; less waits for [`LINGER`], because a batch of
/// many groups costs sled far less than many batches.
pub(crate) const BATCH_BYTES: usize = 1024 * 1024;
/// How long a small rest may stay out of the store. It is in the journal and readable all the
/// while.
const LINGER: Duration = Duration::from_millis(200);

/// The waiting groups.
pub(crate) struct Tail {
    state: Mutex<TailState>,
    /// Signalled when there is enough to store, or when the log closes.
    work: Condvar,
    /// Signalled when groups have left.
    room: Condvar,
}

struct TailState {
    groups: VecDeque<Arc<Written>>,
    bytes: usize,
    /// The last position that the store has.
    stored: Position,
    failed: bool,
    stop: Option<Stop>,
}

/// How the applier is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// After the store has everything.
    Drained,
    /// At once; opening again replays the rest from the journal.
    Now,
}

/// What the applier is to do next.
pub(crate) enum Work {
    /// Store these groups.
    Store(Vec<Arc<Written>>),
    /// Nothing waits: a moment for other things.
    Idle,
    /// End.
    Stop,
}

/// Where a reader finds the events from a position on.
pub(crate) enum Found {
    /// In the store, up to this position.
    Stored(Position),
    /// In this waiting group.
    Waiting(Arc<Written>),
}

impl Tail {
    /// Nothing waits; the store has everything up to `stored`.
    pub(crate) const fn new(stored: Position) -> Self {
        Self {
            state: Mutex::new(TailState {
                groups: VecDeque::new(),
                bytes: 0,
                stored,
                failed: false,
                stop: None,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, TailState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until another group may be added.
    pub(crate) fn wait_for_room(&self) -> Result<(), Error> {
        let full = |tail: &mut TailState| {
            tail.bytes >= TAIL_BYTES_MAX && !tail.failed && tail.stop.is_none()
        };
        let tail = self.room.wait_while(self.state(), full).unwrap_or_else(PoisonError::into_inner);
        match (tail.failed, tail.stop) {
            (true, _) => Err(Error::Poisoned),
            (false, Some(_)) => Err(Error::Closed),
            (false, None) => Ok(()),
        }
    }

    /// Adds a group that is durable in the journal.
    pub(crate) fn add(&self, written: Written) {
        let mut tail = self.state();
        let before = tail.bytes;
        tail.bytes += written.bytes();
        let enough = before < BATCH_BYTES && tail.bytes >= BATCH_BYTES;
        tail.groups.push_back(Arc::new(written));
        drop(tail);
        if enough {
            self.work.notify_one();
        }
    }

    /// Waits until there is something to do.
    pub(crate) fn next_work(&self) -> Work {
        let little = |tail: &mut TailState| tail.bytes < BATCH_BYTES && tail.stop.is_none();
        let (tail, _) = self
            .work
            .wait_timeout_while(self.state(), LINGER, little)
            .unwrap_or_else(PoisonError::into_inner);
        match tail.stop {
            Some(Stop::Now) => Work::Stop,
            Some(Stop::Drained) if tail.groups.is_empty() => Work::Stop,
            _ => tail.batch().map_or(Work::Idle, Work::Store),
        }
    }

    /// What can be stored now, without waiting.
    pub(crate) fn batch(&self) -> Option<Vec<Arc<Written>>> {
        self.state().batch()
    }

    /// The store has these groups now.
    pub(crate) fn remove(&self, groups: &[Arc<Written>]) {
        let mut tail = self.state();
        for group in groups {
            let front = tail.groups.pop_front().expect("only the applier removes groups");
            assert!(Arc::ptr_eq(&front, group), "groups leave in the order in which they came");
            tail.bytes -= front.bytes();
            tail.stored = front.header.last();
        }
        drop(tail);
        self.room.notify_all();
    }

    /// The store failed: nothing leaves any more, and appends must not wait for it.
    pub(crate) fn fail(&self) {
        self.state().failed = true;
        self.room.notify_all();
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.state().failed
    }

    pub(crate) fn stop(&self, stop: Stop) {
        self.state().stop.get_or_insert(stop);
        self.work.notify_all();
        self.room.notify_all();
    }

    /// Where the event at a position is. The position must exist.
    pub(crate) fn find(&self, position: Position) -> Found {
        let tail = self.state();
        if position <= tail.stored {
            return Found::Stored(tail.stored);
        }
        let index = tail.groups.partition_point(|group| group.header.last() < position);
        Found::Waiting(Arc::clone(&tail.groups[index]))
    }
}

impl TailState {
    fn batch(&self) -> Option<Vec<Arc<Written>>> {
        let mut bytes = 0;
        let taken = self.groups.iter().take_while(|group| {
            let first_or_fits = bytes == 0 || bytes + group.bytes() <= 2 * BATCH_BYTES;
            bytes += group.bytes();
            first_or_fits
        });
        let groups: Vec<_> = taken.map(Arc::clone).collect();
        (!groups.is_empty()).then_some(groups)
    }
}
