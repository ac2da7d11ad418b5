//! The log itself: a journal in front, a chunk store behind it, and the tail between them.
//!
//! Both engines are this one with other parts: real files and sled, or a simulated disk and a tree
//! in memory. Faults that the tests put into the simulated disk therefore meet the code that runs
//! in production.
//! Invariants: the head moves only after the journal's sync; a reader finds each event up to the
//! head in the store or in the tail; the lock of the directory is held from opening to closing.
//! Deliberately not here: how a store is opened, compared with the journal and rebuilt
//! (`reconcile.rs`).

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use duizhang_core::position::Position;

use crate::applier;
use crate::chunks::{ChunkStore, Direction, read_events, read_groups, visit_body};
use crate::disk::Disk;
use crate::error::Error;
use crate::group::Group;
use crate::journal::{Journal, recheck};
use crate::log::{EventLog, Head, VisitEvent, VisitGroup};
use crate::tail::{Found, Stop, Tail};

/// The directory's lock, let go when dropped.
pub(crate) struct Lock(Arc<dyn Disk>);

impl Lock {
    /// Takes the directory, or says that somebody else has it.
    pub(crate) fn take(disk: &Arc<dyn Disk>) -> Result<Self, Error> {
        let place = disk.place();
        match disk.try_lock() {
            Ok(true) => Ok(Self(Arc::clone(disk))),
            Ok(false) => Err(Error::InUse { place }),
            Err(source) => Err(Error::io("locking", &place, source)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

/// Where groups are moved into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apply {
    /// On a thread of their own.
    Behind,
    /// Inside the append.
    Inside,
}

/// A log over some disk and some store.
pub(crate) struct Engine {
    disk: Arc<dyn Disk>,
    journal: Mutex<Option<Journal>>,
    /// As the journal says, readable while an append waits for its sync.
    poisoned: AtomicBool,
    head: RwLock<Head>,
    tail: Arc<Tail>,
    /// Gone after closing.
    store: RwLock<Option<Arc<dyn ChunkStore>>>,
    applier: Mutex<Option<JoinHandle<Result<(), Error>>>>,
    apply: Apply,
    /// Dropped last, after the store has let go of its files.
    lock: Mutex<Option<Lock>>,
}

impl Engine {
    /// Puts the parts together. The store must have everything up to the journal's head.
    pub(crate) fn start(
        disk: Arc<dyn Disk>,
        lock: Lock,
        journal: Journal,
        store: Arc<dyn ChunkStore>,
        apply: Apply,
    ) -> Result<Self, Error> {
        let head = journal.head();
        let tail = Arc::new(Tail::new(head.position));
        let applier = match apply {
            Apply::Inside => None,
            Apply::Behind => Some(spawn_applier(&tail, &store, &journal)?),
        };
        Ok(Self {
            disk,
            journal: Mutex::new(Some(journal)),
            poisoned: AtomicBool::new(false),
            head: RwLock::new(head),
            tail,
            store: RwLock::new(Some(store)),
            applier: Mutex::new(applier),
            apply,
            lock: Mutex::new(Some(lock)),
        })
    }

    fn journal(&self) -> MutexGuard<'_, Option<Journal>> {
        // A panic while appending leaves the journal in an unknown state: it is poisoned in our
        // sense too.
        self.journal.lock().unwrap_or_else(|held| {
            let mut journal = held.into_inner();
            if let Some(journal) = journal.as_mut() {
                journal.poison();
            }
            journal
        })
    }

    fn store(&self) -> Result<Arc<dyn ChunkStore>, Error> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        store.as_ref().map(Arc::clone).ok_or(Error::Closed)
    }

    pub(crate) fn head(&self) -> Head {
        *self.head.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.tail.has_failed() || self.poisoned.load(Ordering::Acquire)
    }

    pub(crate) fn append(&self, group: &Group) -> Result<Head, Error> {
        let mut slot = self.journal();
        let journal = slot.as_mut().ok_or(Error::Closed)?;
        if let Err(error) = self.tail.wait_for_room() {
            journal.poison();
            self.poisoned.store(true, Ordering::Release);
            return Err(error);
        }
        let written = journal.append(group).inspect_err(|_| {
            self.poisoned.store(journal.is_poisoned(), Ordering::Release);
        })?;
        let head = journal.head();
        self.tail.add(written);
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = head;
        if self.apply == Apply::Inside {
            applier::apply_waiting(&self.tail, self.store()?.as_ref())?;
        }
        Ok(head)
    }

    /// The part of a range that exists.
    fn clip(&self, range: RangeInclusive<Position>) -> Option<(Position, Position)> {
        let from = (*range.start()).max(Position::new(1));
        let to = (*range.end()).min(self.head().position);
        (from <= to).then_some((from, to))
    }

    /// Visits the events of the range that exist, from either end.
    pub(crate) fn read(
        &self,
        range: RangeInclusive<Position>,
        direction: Direction,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error> {
        let store = self.store()?;
        let Some((mut from, mut to)) = self.clip(range) else { return Ok(()) };
        while from <= to {
            let next = match direction {
                Direction::OldestFirst => from,
                Direction::NewestFirst => to,
            };
            let (flow, first, last) = match self.tail.find(next) {
                Found::Stored(stored) => {
                    let last = stored.min(to);
                    (read_events(store.as_ref(), from, last, direction, visit)?, from, last)
                }
                Found::Waiting(group) => {
                    let (header, bounds) = (group.header, (from, to));
                    let (first, time) = (header.first, header.time);
                    let flow = visit_body(first, time, group.payload(), bounds, direction, visit);
                    (flow, first, header.last())
                }
            };
            if flow.is_break() {
                break;
            }
            match direction {
                Direction::OldestFirst => from = last.next(),
                Direction::NewestFirst => to = Position::new(first.number() - 1),
            }
        }
        Ok(())
    }

    pub(crate) fn groups(&self, from: Position, visit: &mut VisitGroup<'_>) -> Result<(), Error> {
        let store = self.store()?;
        let Some((mut from, to)) = self.clip(from..=self.head().position) else { return Ok(()) };
        while from <= to {
            let (flow, last) = match self.tail.find(from) {
                Found::Stored(stored) => {
                    let last = stored.min(to);
                    (read_groups(store.as_ref(), from, last, visit)?, last)
                }
                Found::Waiting(group) => (visit(&group.header), group.header.last()),
            };
            if flow.is_break() {
                break;
            }
            from = last.next();
        }
        Ok(())
    }

    pub(crate) fn recheck_journal(&self) -> Result<Head, Error> {
        self.store()?;
        recheck(self.disk.as_ref(), self.head().position)
    }

    pub(crate) fn close(&self) -> Result<(), Error> {
        let journal = self.journal().take();
        let result = self.stop(Stop::Drained);
        drop(journal);
        result
    }

    /// Ends the applier, flushes and drops the store, lets go of the directory.
    fn stop(&self, stop: Stop) -> Result<(), Error> {
        self.tail.stop(stop);
        let applier = self.applier.lock().unwrap_or_else(PoisonError::into_inner).take();
        let applied = applier.map_or(Ok(()), |thread| {
            thread.join().unwrap_or_else(|_| Err(Error::store("storing chunks", "a panic")))
        });
        let store = self.store.write().unwrap_or_else(PoisonError::into_inner).take();
        let flushed = match (&store, stop) {
            (Some(store), Stop::Drained) if applied.is_ok() => store.flush(),
            _ => Ok(()),
        };
        drop(store);
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        applied.and(flushed)
    }
}

/// A log that is an engine with parts of its own; being a log is the engine's business.
pub(crate) trait OverEngine: Send + Sync {
    fn engine(&self) -> &Engine;
}

impl<L: OverEngine> EventLog for L {
    fn append(&self, group: &Group) -> Result<Head, Error> {
        self.engine().append(group)
    }

    fn head(&self) -> Head {
        self.engine().head()
    }

    fn is_poisoned(&self) -> bool {
        self.engine().is_poisoned()
    }

    fn scan(
        &self,
        range: RangeInclusive<Position>,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error> {
        self.engine().read(range, Direction::OldestFirst, visit)
    }

    fn scan_back(
        &self,
        range: RangeInclusive<Position>,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error> {
        self.engine().read(range, Direction::NewestFirst, visit)
    }

    fn groups(&self, from: Position, visit: &mut VisitGroup<'_>) -> Result<(), Error> {
        self.engine().groups(from, visit)
    }

    fn recheck_journal(&self) -> Result<Head, Error> {
        self.engine().recheck_journal()
    }

    fn close(&self) -> Result<(), Error> {
        self.engine().close()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Whoever wants an orderly end calls close; without it opening again replays the rest.
        let _ = self.stop(Stop::Now);
    }
}

fn spawn_applier(
    tail: &Arc<Tail>,
    store: &Arc<dyn ChunkStore>,
    journal: &Journal,
) -> Result<JoinHandle<Result<(), Error>>, Error> {
    let (tail, store, preparer) = (Arc::clone(tail), Arc::clone(store), journal.preparer());
    std::thread::Builder::new()
        .name("log-applier".to_owned())
        .spawn(move || applier::run(&tail, store.as_ref(), &preparer))
        .map_err(|source| Error::io("starting the applier", "thread", source))
}
