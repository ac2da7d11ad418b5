//! Delivers callbacks: takes what is due, sends it, and brings each attempt back as a fact.
//!
//! Invariants: every attempt becomes a fact, whatever came of it; nothing is sent before the
//! payment that caused it is durable; a crash between sending and recording repeats the attempt
//! with the same id (at least once); an attempt that panics gives its place back and is made again.
//! Deliberately not here: schedules (core), whose turn it is (`lanes.rs`), how a message is written
//! and judged (dialects), one attempt (`attempt.rs`).

use std::collections::BTreeSet;
use std::sync::Arc;

use duizhang_core::callback::CallbackId;
use duizhang_core::time::{Span, Timestamp};
use tokio::sync::{mpsc, watch};

use crate::app::App;
use crate::attempt::{Assignment, Endpoint, attempt};
use crate::lanes::Lanes;

/// A fact may become visible this much after its log time, so a look goes back so far.
const OVERLAP: Span = Span::from_mins(1);

/// Between two looks at everything that is due.
const FULL_LOOK: Span = Span::from_mins(1);

/// An attempt that was recorded.
struct Finished {
    callback: CallbackId,
    endpoint: Endpoint,
    failed: bool,
}

/// A place in flight. Dropping it, also by a panic of the attempt, gives it back.
struct Place {
    finished: mpsc::UnboundedSender<Finished>,
    callback: CallbackId,
    endpoint: Endpoint,
    failed: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let (callback, endpoint, failed) = (self.callback, self.endpoint.clone(), self.failed);
        // The deliverer may have ended; the attempt is recorded all the same.
        let _ = self.finished.send(Finished { callback, endpoint, failed });
    }
}

struct Deliverer {
    app: Arc<App>,
    finished: mpsc::UnboundedSender<Finished>,
    lanes: Lanes,
    /// What is queued or in flight.
    taken: BTreeSet<CallbackId>,
    looked_at: Timestamp,
    full_look_at: Timestamp,
}

/// Delivers until the book fails or `closing` turns true; then waits for what is in flight.
pub async fn deliver(app: Arc<App>, mut closing: watch::Receiver<bool>) {
    let (finished, mut done) = mpsc::unbounded_channel();
    let clock = Arc::clone(&app.clock);
    let mut head = app.book.head();
    let mut deliverer = Deliverer {
        app,
        finished,
        lanes: Lanes::default(),
        taken: BTreeSet::new(),
        looked_at: Timestamp::MIN,
        full_look_at: Timestamp::MIN,
    };
    while !*closing.borrow() && !deliverer.app.book.has_failed() {
        head.borrow_and_update();
        let now = clock.now();
        deliverer.look(now);
        deliverer.send(now);
        tokio::select! {
            changed = head.changed() => if changed.is_err() { break },
            changed = closing.changed() => if changed.is_err() { break },
            Some(ended) = done.recv() => deliverer.end(&ended, clock.now()),
            () = clock.sleep_until(deliverer.wake_at(now)) => {}
        }
    }
    drop(deliverer);
    // Each attempt in flight holds a sender until it is recorded.
    while done.recv().await.is_some() {}
}

impl Deliverer {
    /// Queues what has become due.
    fn look(&mut self, now: Timestamp) {
        let mut from = self.looked_at.minus(OVERLAP);
        if self.full_look_at <= now {
            from = Timestamp::MIN;
            self.lanes.forget_idle(now);
            self.full_look_at = now.plus(FULL_LOOK);
        }
        self.looked_at = now;
        let due: Vec<(Timestamp, CallbackId)> = {
            let views = self.app.book.views();
            let due = views.callbacks.due_between(from, now);
            due.filter(|(_, callback)| !self.taken.contains(callback)).collect()
        };
        for (at, callback) in due {
            let endpoint = Endpoint::of(&self.app, callback);
            self.taken.insert(callback);
            self.lanes.queue(endpoint, at, callback);
        }
    }

    /// Starts what may be sent.
    fn send(&mut self, now: Timestamp) {
        while let Some((endpoint, callback)) = self.lanes.next(now) {
            let Some(pending) = self.app.book.views().callbacks.get(callback).copied() else {
                self.taken.remove(&callback);
                self.lanes.give_back(&endpoint, now);
                continue;
            };
            let assignment = Assignment { callback, topic: pending.topic, since: pending.since };
            let app = Arc::clone(&self.app);
            let finished = self.finished.clone();
            let place = Place { finished, callback, endpoint, failed: true };
            tokio::spawn(async move {
                let mut place = place;
                place.failed = attempt(&app, assignment).await;
            });
        }
    }

    fn end(&mut self, ended: &Finished, now: Timestamp) {
        self.taken.remove(&ended.callback);
        // It may have fallen due again while it was still taken: where the clock is set forward by
        // more than the overlap, the next look would begin behind it.
        if let Some(pending) = self.app.book.views().callbacks.get(ended.callback) {
            self.looked_at = self.looked_at.min(pending.due);
        }
        self.lanes.end(&ended.endpoint, ended.failed, now);
    }

    fn wake_at(&self, now: Timestamp) -> Timestamp {
        let due = self.app.book.views().callbacks.next_due_after(now);
        let rested = self.lanes.rest_ends(now);
        rested.into_iter().chain(due).fold(self.full_look_at, Timestamp::min)
    }
}
