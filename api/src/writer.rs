//! The one place that decides and appends.
//!
//! Two plain threads. The *decider* owns the state: it takes facts from the queue, stamps log time,
//! decides, folds, and encodes into the waiting group. The *committer* takes the whole waiting
//! group, makes it durable with one sync, folds it into the views, and only then answers everybody
//! in it. While one group is being synced the next one is decided, so throughput grows with load
//! instead of being one sync a request.
//!
//! Invariants: the state may be ahead of the disk, an answer never is; what is due by log time is
//! decided before the next fact, so no fact meets an order that should have expired; after a failed
//! append nothing is decided or acknowledged any more, and only opening the log again says what is
//! in it.
//! Deliberately not here: the rules, the log's format, HTTP.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use duizhang_core::decide::{Ruling, decide};
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::OrderId;
use duizhang_core::rejection::Rejection;
use duizhang_core::state::State;
use duizhang_core::time::Timestamp;
use duizhang_eventlog::{EventLog, Group, history};
use duizhang_projections::projection::Projection;
use duizhang_projections::views::Views;
use tokio::sync::oneshot;

use crate::book::{Book, QUEUE_FACTS_MAX, Settled, Shared, Submission, SubmitError};
use crate::clock::Clock;
use crate::metrics::Metrics;

/// Most events in a waiting group before the decider waits for the committer: 2,048 events of some
/// 200 bytes are half a megabyte and a few milliseconds of work.
const WAITING_EVENTS_MAX: usize = 2_048;

type Reply = oneshot::Sender<Result<Settled, SubmitError>>;

/// What is decided and not yet durable.
struct Waiting {
    group: Group,
    chapters: Vec<Arc<Chapter>>,
    answers: Vec<(Reply, Settled)>,
    next_due: Option<Timestamp>,
}

impl Waiting {
    fn new() -> Self {
        let (chapters, answers) = (Vec::new(), Vec::new());
        Self { group: Group::new(Timestamp::MIN), chapters, answers, next_due: None }
    }

    fn is_empty(&self) -> bool {
        self.chapters.is_empty() && self.answers.is_empty()
    }
}

/// Where the decider leaves what the committer takes.
struct Handover {
    line: Mutex<Line>,
    changed: Condvar,
}

struct Line {
    waiting: Waiting,
    /// No more will come, or nobody will take it.
    closed: bool,
    /// Somebody sleeps on `changed`; waking nobody would cost a system call for each fact.
    sleeper: bool,
}

impl Handover {
    fn lock(&self) -> MutexGuard<'_, Line> {
        // Whoever panicked has told so by the flag in `Shared`; the line itself is whole.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep<'a>(&self, mut line: MutexGuard<'a, Line>) -> MutexGuard<'a, Line> {
        line.sleeper = true;
        self.changed.wait(line).unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, mut line: MutexGuard<'_, Line>) {
        let sleeper = std::mem::take(&mut line.sleeper);
        drop(line);
        if sleeper {
            self.changed.notify_all();
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

/// The running writer. Dropping every [`Book`] lets it drain and end.
pub struct Writer {
    decider: JoinHandle<()>,
    committer: JoinHandle<()>,
}

impl Writer {
    /// Starts the writer of a book whose log has been folded into `state` and `views`.
    ///
    /// # Errors
    /// Where a thread cannot be started.
    pub fn start(
        log: Arc<dyn EventLog>,
        state: State,
        views: Views,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> io::Result<(Book, Self)> {
        assert!(state.position() == log.head().position, "the state is folded to the head");
        let shared = Arc::new(Shared::new(log, views));
        shared.next_due.send_replace(state.next_due());
        let (queue, submissions) = sync_channel(QUEUE_FACTS_MAX);
        let line = Line { waiting: Waiting::new(), closed: false, sleeper: false };
        let handover = Arc::new(Handover { line: Mutex::new(line), changed: Condvar::new() });
        let committer = {
            let (shared, handover) = (Arc::clone(&shared), Arc::clone(&handover));
            let metrics = Arc::clone(&metrics);
            std::thread::Builder::new()
                .name("committer".into())
                .spawn(move || commit_all(&shared, &handover, &metrics))?
        };
        let decider = {
            let shared = Arc::clone(&shared);
            let mut decider = Decider { state, clock, shared, handover, metrics };
            std::thread::Builder::new()
                .name("decider".into())
                .spawn(move || decider.run(&submissions))?
        };
        Ok((Book { queue, shared }, Self { decider, committer }))
    }

    /// Waits until everything that was submitted is durable and answered, and both threads have
    /// ended. Every [`Book`] must have been dropped, or this waits for it.
    ///
    /// # Errors
    /// Where one of the threads panicked: an assertion of the rules or the log failed.
    pub fn join(self) -> Result<(), WriterPanicked> {
        let decided = self.decider.join();
        let committed = self.committer.join();
        decided.and(committed).map_err(|_| WriterPanicked)
    }
}

/// An assertion failed inside the writer; the log holds what was durable before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the writer stopped on a failed assertion")]
pub struct WriterPanicked;

struct Decider {
    state: State,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    handover: Arc<Handover>,
    metrics: Arc<Metrics>,
}

/// Tells everybody when a thread of the writer ends by a panic.
struct Alarm<'a>(&'a Shared, &'a Handover);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed.store(true, Ordering::Release);
            self.0.head.send_modify(|_| {});
        }
        self.1.close();
    }
}

impl Decider {
    fn run(&mut self, submissions: &Receiver<Submission>) {
        let (shared, handover) = (Arc::clone(&self.shared), Arc::clone(&self.handover));
        let _alarm = Alarm(&shared, &handover);
        while let Ok(Submission { fact, reply }) = submissions.recv() {
            if self.shared.failed.load(Ordering::Acquire) {
                // Whether anybody still listens changes nothing.
                let _ = reply.send(Err(SubmitError::Stopped));
                continue;
            }
            let at = self.clock.now().max(self.state.now());
            self.tick(at);
            self.take(at, fact, Some(reply));
        }
    }

    /// Decides what is due before the next fact is looked at.
    fn tick(&mut self, at: Timestamp) {
        while self.state.next_due().is_some_and(|due| due <= at) {
            self.take(at, Fact::ClockTicked, None);
        }
    }

    fn take(&mut self, at: Timestamp, fact: Fact, reply: Option<Reply>) {
        match decide(&self.state, at, &fact) {
            Err(rejection) => self.refuse(rejection, reply),
            Ok(Ruling::Repeat(repeat)) => {
                // What is repeated may be in a group that is not durable yet, so the answer waits
                // in line.
                if let Some(reply) = reply {
                    let mut line = self.handover.lock();
                    line.waiting.answers.push((reply, Settled::Repeat(repeat)));
                    self.handover.wake(line);
                }
            }
            Ok(Ruling::Decided(decisions)) => self.record(at, fact, decisions, reply),
        }
    }

    fn refuse(&self, rejection: Rejection, reply: Option<Reply>) {
        self.metrics.rejected();
        if let Some(reply) = reply {
            let _ = reply.send(Err(SubmitError::Rejected(rejection)));
        }
    }

    fn record(
        &mut self,
        at: Timestamp,
        fact: Fact,
        decisions: Vec<Decision>,
        reply: Option<Reply>,
    ) {
        let position = self.state.position().next();
        self.state.evolve(position, at, &fact, &decisions);
        let chapter = Arc::new(Chapter { position, at, fact, decisions });
        let mut line = self.handover.lock();
        while line.waiting.group.count() >= WAITING_EVENTS_MAX && !line.closed {
            line = self.handover.sleep(line);
        }
        while let Err(error) = write(&chapter, &mut line.waiting.group) {
            assert!(!line.waiting.group.is_empty(), "a chapter fits into an empty group: {error}");
            if line.closed {
                return;
            }
            line = self.handover.sleep(line);
        }
        let waiting = &mut line.waiting;
        waiting.chapters.push(Arc::clone(&chapter));
        waiting.answers.extend(reply.map(|reply| (reply, Settled::Recorded(chapter))));
        waiting.next_due = self.state.next_due();
        self.handover.wake(line);
    }
}

fn write(chapter: &Chapter, group: &mut Group) -> Result<(), history::HistoryError> {
    if group.is_empty() {
        group.restart(chapter.at);
    }
    history::write(chapter, group)
}

fn commit_all(shared: &Shared, handover: &Handover, metrics: &Metrics) {
    let _alarm = Alarm(shared, handover);
    loop {
        let mut line = handover.lock();
        while line.waiting.is_empty() && !line.closed {
            line = handover.sleep(line);
        }
        if line.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::replace(&mut line.waiting, Waiting::new());
        handover.wake(line);
        commit(shared, waiting, metrics);
    }
}

fn commit(shared: &Shared, batch: Waiting, metrics: &Metrics) {
    if !shared.failed.load(Ordering::Acquire) && !batch.group.is_empty() {
        match shared.log.append(&batch.group) {
            Ok(head) => {
                metrics.committed(batch.group.count());
                publish(shared, &batch);
                shared.head.send_replace(head.position);
            }
            Err(error) => {
                tracing::error!(%error, "append failed; no more facts are taken");
                shared.failed.store(true, Ordering::Release);
                shared.head.send_modify(|_| {});
            }
        }
    }
    let failed = shared.failed.load(Ordering::Acquire);
    for (reply, settled) in batch.answers {
        let answer = if failed { Err(SubmitError::OutcomeUnknown) } else { Ok(settled) };
        // Whoever asked may have gone; the fact is durable all the same.
        let _ = reply.send(answer);
    }
}

fn publish(shared: &Shared, batch: &Waiting) {
    {
        let mut views = shared.views.write().unwrap_or_else(PoisonError::into_inner);
        for chapter in &batch.chapters {
            views.fold(chapter);
        }
    }
    shared.next_due.send_if_modified(|known| {
        let changed = *known != batch.next_due;
        *known = batch.next_due;
        changed
    });
    shared.wake(batch.chapters.iter().flat_map(|chapter| &chapter.decisions).filter_map(changed));
}

/// The order that a payer would see changed.
fn changed(decision: &Decision) -> Option<OrderId> {
    match decision {
        Decision::OrderExpired { order, .. }
        | Decision::OrderClosed { order, .. }
        | Decision::OrderPaid { order, .. }
        | Decision::AmountReleased { order } => Some(*order),
        _ => None,
    }
}
