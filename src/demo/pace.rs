//! The pace of the day: the clock moves only when everything that is due has happened.
//!
//! Invariants: the clock stops at every instant at which the server has something to do (an order
//! expires, an amount is released, a callback is tried again), and stays there until it is in the
//! log; so one thing happens at a time, and what happens depends on nothing but the seed. Waiting
//! is waiting for the log to grow, never for time.

use std::time::Duration;

use anyhow::bail;
use duizhang_api::book::Book;
use duizhang_api::clock::{Clock, ManualClock};
use duizhang_core::time::Timestamp;
use tokio::sync::watch;

/// How long the server may take to do what is due before the demo gives up, in real time.
const STUCK: Duration = Duration::from_secs(120);

/// The clock, and what must be quiet before it moves.
pub(super) struct Pace {
    pub(super) clock: ManualClock,
    pub(super) book: Book,
    /// Until when a slow shop sits on an answer.
    pub(super) dawdling: watch::Receiver<Option<Timestamp>>,
}

impl Pace {
    /// The time of the day.
    pub(super) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock to an instant, and lets everything happen that is due until then.
    pub(super) async fn go_to(&self, to: Timestamp) -> anyhow::Result<()> {
        self.settle().await?;
        while let Some(next) = self.next_due().filter(|due| *due < to) {
            self.clock.set(next);
            self.settle().await?;
        }
        self.clock.set(to);
        self.settle().await
    }

    /// Waits until nothing is due.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        match tokio::time::timeout(STUCK, self.quiet()).await {
            Ok(done) => done,
            Err(_) => bail!("the server did not do what was due at {:?}", self.clock.now()),
        }
    }

    async fn quiet(&self) -> anyhow::Result<()> {
        let (mut head, mut dawdling) = (self.book.head(), self.dawdling.clone());
        loop {
            head.borrow_and_update();
            if let Some(until) = *dawdling.borrow_and_update() {
                self.clock.set(until);
            }
            if self.book.has_failed() {
                bail!("the log failed");
            }
            if self.is_quiet() {
                return Ok(());
            }
            tokio::select! {
                changed = head.changed() => changed?,
                changed = dawdling.changed() => changed?,
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let now = self.clock.now();
        let deadline = *self.book.next_due().borrow();
        let views = self.book.views();
        let callback = views.callbacks.due_between(Timestamp::MIN, now).next();
        callback.is_none() && deadline.is_none_or(|due| due > now)
    }

    fn next_due(&self) -> Option<Timestamp> {
        let deadline = *self.book.next_due().borrow();
        let callback = self.book.views().callbacks.next_due_after(self.clock.now());
        deadline.into_iter().chain(callback).min()
    }
}
