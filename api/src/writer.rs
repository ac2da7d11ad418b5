//! The one place that decides and appends.
//!
//! Two plain threads. The *writer* owns the state: it takes all facts that wait, stamps log time,
//! decides, folds and encodes each, makes the whole group durable with one sync, and hands it on.
//! The *publisher* folds a durable group into the views and only then answers everybody in it.
//! While one group is being published the next one is decided and synced, and while it is synced
//! more facts gather, so throughput grows with load instead of being one sync a request.
//!
//! Invariants: the state may be ahead of the disk, an answer never is; what is due by log time is
//! decided before the next fact, so no fact meets an order that should have expired; after a failed
//! append nothing is decided or acknowledged any more, and only opening the log again says what is
//! in it.
//! Deliberately not here: the rules, the log's format, HTTP.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use duizhang_core::decide::{Ruling, decide};
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::OrderId;
use duizhang_core::position::Position;
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

/// Most events in a group before it is synced: 2,048 events of some 200 bytes are half a megabyte
/// and a few milliseconds of work.
const GROUP_EVENTS_SOFT_MAX: usize = 2_048;

/// Durable groups that wait to be published before the writer waits for the publisher.
const PUBLISHING_MAX: usize = 2;

type Reply = oneshot::Sender<Result<Settled, SubmitError>>;

/// A group on its way from the writer to whoever asked.
#[derive(Default)]
struct Batch {
    chapters: Vec<Arc<Chapter>>,
    answers: Vec<(Reply, Result<Settled, Rejection>)>,
    next_due: Option<Timestamp>,
    /// The durable head behind it; none where the log failed.
    head: Option<Position>,
}

/// The running writer. Dropping every [`Book`] lets it drain and end.
pub struct Writer {
    writer: JoinHandle<()>,
    publisher: JoinHandle<()>,
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
        let (publisher, batches) = sync_channel(PUBLISHING_MAX);
        let publishing = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("publisher".into())
                .spawn(move || publish_all(&shared, &batches))?
        };
        let writing = {
            let (group, batch) = (Group::new(Timestamp::MIN), Batch::default());
            let shared = Arc::clone(&shared);
            let mut pen = Pen { state, clock, shared, metrics, group, batch, publisher };
            std::thread::Builder::new()
                .name("writer".into())
                .spawn(move || pen.run(&submissions))?
        };
        Ok((Book { queue, shared }, Self { writer: writing, publisher: publishing }))
    }

    /// Waits until everything that was submitted is durable and answered, and both threads have
    /// ended. Every [`Book`] must have been dropped, or this waits for it.
    ///
    /// # Errors
    /// Where one of the threads panicked: an assertion of the rules or the log failed.
    pub fn join(self) -> Result<(), WriterPanicked> {
        let written = self.writer.join();
        let published = self.publisher.join();
        written.and(published).map_err(|_| WriterPanicked)
    }
}

/// An assertion failed inside the writer; the log holds what was durable before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the writer stopped on a failed assertion")]
pub struct WriterPanicked;

/// Tells everybody when a thread of the writer ends by a panic.
struct Alarm<'a>(&'a Shared);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            fail(self.0);
        }
    }
}

fn fail(shared: &Shared) {
    shared.failed.store(true, Ordering::Release);
    shared.head.send_modify(|_| {});
}

/// What the writer's thread holds.
struct Pen {
    state: State,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
    group: Group,
    batch: Batch,
    publisher: SyncSender<Batch>,
}

impl Pen {
    fn run(&mut self, submissions: &Receiver<Submission>) {
        let shared = Arc::clone(&self.shared);
        let _alarm = Alarm(&shared);
        while let Ok(first) = submissions.recv() {
            self.take(first);
            while self.group.count() < GROUP_EVENTS_SOFT_MAX
                && let Ok(next) = submissions.try_recv()
            {
                self.take(next);
            }
            self.commit();
        }
    }

    fn take(&mut self, submission: Submission) {
        let Submission { fact, reply } = submission;
        if self.shared.failed.load(Ordering::Acquire) {
            // Whether anybody still listens changes nothing.
            let _ = reply.send(Err(SubmitError::Stopped));
            return;
        }
        let at = self.clock.now().max(self.state.now());
        // What is due is decided before the next fact is looked at.
        while self.state.next_due().is_some_and(|due| due <= at) {
            self.rule(at, Fact::ClockTicked, None);
        }
        self.rule(at, fact, Some(reply));
    }

    fn rule(&mut self, at: Timestamp, fact: Fact, reply: Option<Reply>) {
        match decide(&self.state, at, &fact) {
            Ok(Ruling::Decided(decisions)) => self.record(at, fact, decisions, reply),
            Ok(Ruling::Repeat(repeat)) => self.answer(reply, Ok(Settled::Repeat(repeat))),
            Err(rejection) => {
                self.metrics.rejected();
                self.answer(reply, Err(rejection));
            }
        }
    }

    /// What is repeated, or what a refusal tells of, may be in this very group, so every answer
    /// waits in line until the group is durable.
    fn answer(&mut self, reply: Option<Reply>, answer: Result<Settled, Rejection>) {
        self.batch.answers.extend(reply.map(|reply| (reply, answer)));
    }

    fn record(
        &mut self,
        at: Timestamp,
        fact: Fact,
        decisions: Vec<Decision>,
        reply: Option<Reply>,
    ) {
        let position = self.state.position().next();
        let chapter = Arc::new(Chapter { position, at, fact, decisions });
        if self.group.count() >= GROUP_EVENTS_SOFT_MAX {
            self.commit();
        }
        let mut written = self.write(&chapter);
        if written.is_err() && !self.group.is_empty() {
            self.commit();
            written = self.write(&chapter);
        }
        if let Err(error) = written {
            // Only a fact beyond the limit of an event fits into no group. Nothing was folded yet.
            tracing::error!(%error, "a fact fits into no group");
            self.answer(reply, Err(Rejection::BadText("the whole of it")));
            return;
        }
        self.state.evolve(position, at, &chapter.fact, &chapter.decisions);
        self.batch.chapters.push(Arc::clone(&chapter));
        self.answer(reply, Ok(Settled::Recorded(chapter)));
    }

    fn write(&mut self, chapter: &Chapter) -> Result<(), history::HistoryError> {
        if self.group.is_empty() {
            self.group.restart(chapter.at);
        }
        history::write(chapter, &mut self.group)
    }

    /// Makes the group durable and hands it on.
    fn commit(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        let failed = self.shared.failed.load(Ordering::Acquire);
        if !failed && self.group.is_empty() {
            batch.head = Some(self.shared.log.head().position);
        } else if !failed {
            match self.shared.log.append(&self.group) {
                Ok(head) => {
                    self.metrics.committed(self.group.count());
                    batch.head = Some(head.position);
                }
                Err(error) => {
                    tracing::error!(%error, "append failed; no more facts are taken");
                    fail(&self.shared);
                }
            }
        }
        self.group.restart(self.state.now());
        batch.next_due = self.state.next_due();
        // A publisher that is gone has panicked and has told so; whoever asked hears it by the
        // dropped reply.
        let _ = self.publisher.send(batch);
    }
}

fn publish_all(shared: &Shared, batches: &Receiver<Batch>) {
    let _alarm = Alarm(shared);
    while let Ok(batch) = batches.recv() {
        if let Some(head) = batch.head {
            publish(shared, &batch, head);
        }
        for (reply, answer) in batch.answers {
            let answer = match batch.head {
                Some(_) => answer.map_err(SubmitError::Rejected),
                None => Err(SubmitError::OutcomeUnknown),
            };
            // Whoever asked may have gone; the fact is durable all the same.
            let _ = reply.send(answer);
        }
    }
}

fn publish(shared: &Shared, batch: &Batch, head: Position) {
    if batch.chapters.is_empty() {
        return;
    }
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
    // The head is told last: whoever follows it finds everything else as of that head.
    shared.head.send_replace(head);
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
