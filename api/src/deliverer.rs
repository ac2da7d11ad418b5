//! Delivers callbacks: takes what is due, sends it, and brings each attempt back as a fact.
//!
//! Invariants: every attempt becomes a fact, whatever came of it; nothing is sent before the
//! payment that caused it is durable; a crash between sending and recording repeats the attempt
//! with the same id (at least once). One dead shop delays no other: each endpoint (merchant and
//! origin) has its own queue and its own few places, and after some failures in a row it is asked
//! less often.
//! Deliberately not here: schedules (core), how a message is written and judged (dialects), one
//! attempt (`attempt.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use duizhang_core::callback::CallbackId;
use duizhang_core::time::{Span, Timestamp};
use tokio::sync::{mpsc, watch};

use crate::app::App;
use crate::attempt::{Assignment, Endpoint, attempt};

/// Attempts in flight over all endpoints: each holds a socket and at most 64 KiB.
pub const IN_FLIGHT_MAX: usize = 256;

/// Attempts in flight to one endpoint.
pub const IN_FLIGHT_PER_ENDPOINT_MAX: usize = 4;

/// Attempts in flight of one merchant over all its endpoints: a quarter of all places.
const IN_FLIGHT_PER_MERCHANT_MAX: usize = 64;

/// Failures in a row after which an endpoint rests.
const FAILURES_MAX: u32 = 5;

/// How long an endpoint rests before one attempt asks again.
const REST: Span = Span::from_secs(30);

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

#[derive(Default)]
struct Lane {
    queue: BTreeSet<(Timestamp, CallbackId)>,
    in_flight: usize,
    failures: u32,
    rest_until: Option<Timestamp>,
}

impl Lane {
    /// The next callback that may be sent now.
    fn next(&mut self, now: Timestamp) -> Option<CallbackId> {
        let places = match self.rest_until {
            Some(until) if until > now => 0,
            // One attempt asks whether the endpoint is back.
            Some(_) => 1,
            None => IN_FLIGHT_PER_ENDPOINT_MAX,
        };
        if self.in_flight >= places {
            return None;
        }
        self.queue.pop_first().map(|(_, callback)| callback)
    }

    fn end(&mut self, failed: bool, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if failed {
            self.failures = self.failures.saturating_add(1);
            if self.failures >= FAILURES_MAX {
                self.rest_until = Some(now.plus(REST));
            }
        } else {
            (self.failures, self.rest_until) = (0, None);
        }
    }

    /// Whether there is nothing to remember: nothing to send, nothing on its way, no rest running.
    fn is_idle(&self, now: Timestamp) -> bool {
        let resting = self.rest_until.is_some_and(|until| until > now);
        self.queue.is_empty() && self.in_flight == 0 && !resting
    }
}

struct Deliverer {
    app: Arc<App>,
    finished: mpsc::UnboundedSender<Finished>,
    lanes: BTreeMap<Endpoint, Lane>,
    /// What is queued or in flight.
    taken: BTreeSet<CallbackId>,
    in_flight: usize,
    by_merchant: BTreeMap<String, usize>,
    /// The endpoint that was served last.
    served: Option<Endpoint>,
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
        lanes: BTreeMap::new(),
        taken: BTreeSet::new(),
        in_flight: 0,
        by_merchant: BTreeMap::new(),
        served: None,
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
            self.lanes.retain(|_, lane| !lane.is_idle(now));
            self.full_look_at = now.plus(FULL_LOOK);
        }
        self.looked_at = now;
        let due: Vec<(Timestamp, CallbackId)> = {
            let views = self.app.book.views();
            let due = views.callbacks.due_between(from, now);
            due.filter(|(_, callback)| !self.taken.contains(callback)).collect()
        };
        for (at, callback) in due {
            let endpoint = Endpoint::of(&self.app, callback.order);
            self.taken.insert(callback);
            self.lanes.entry(endpoint).or_default().queue.insert((at, callback));
        }
    }

    /// Starts what may be sent, going round the endpoints from the one served last, so that none
    /// waits for another's queue, and no merchant takes all places with many dead addresses.
    fn send(&mut self, now: Timestamp) {
        let mut progress = true;
        while progress {
            progress = false;
            for endpoint in self.round() {
                if self.in_flight >= IN_FLIGHT_MAX {
                    return;
                }
                let merchant = self.by_merchant.get(endpoint.merchant()).copied().unwrap_or(0);
                if merchant < IN_FLIGHT_PER_MERCHANT_MAX && self.start(&endpoint, now) {
                    self.served = Some(endpoint);
                    progress = true;
                }
            }
        }
    }

    /// All endpoints, beginning behind the one served last.
    fn round(&self) -> Vec<Endpoint> {
        let Some(served) = &self.served else { return self.lanes.keys().cloned().collect() };
        let behind = self.lanes.range((Bound::Excluded(served), Bound::Unbounded));
        let before = self.lanes.range(..=served);
        behind.chain(before).map(|(endpoint, _)| endpoint.clone()).collect()
    }

    /// Starts the next attempt of an endpoint, where one may be made.
    fn start(&mut self, endpoint: &Endpoint, now: Timestamp) -> bool {
        let Some(lane) = self.lanes.get_mut(endpoint) else { return false };
        let Some(callback) = lane.next(now) else { return false };
        let Some(pending) = self.app.book.views().callbacks.get(callback).copied() else {
            self.taken.remove(&callback);
            return true;
        };
        lane.in_flight = lane.in_flight.saturating_add(1);
        self.in_flight = self.in_flight.saturating_add(1);
        let merchant = self.by_merchant.entry(endpoint.merchant().to_owned()).or_default();
        *merchant = merchant.saturating_add(1);
        let assignment = Assignment { callback, topic: pending.topic, since: pending.since };
        let app = Arc::clone(&self.app);
        let place = Place {
            finished: self.finished.clone(),
            callback,
            endpoint: endpoint.clone(),
            failed: true,
        };
        tokio::spawn(async move {
            let mut place = place;
            place.failed = attempt(&app, assignment).await;
        });
        true
    }

    fn end(&mut self, ended: &Finished, now: Timestamp) {
        self.taken.remove(&ended.callback);
        // It may have fallen due again while it was still taken: where the clock is set forward by
        // more than the overlap, the next look would begin behind it.
        if let Some(pending) = self.app.book.views().callbacks.get(ended.callback) {
            self.looked_at = self.looked_at.min(pending.due);
        }
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(merchant) = self.by_merchant.get_mut(ended.endpoint.merchant()) {
            *merchant = merchant.saturating_sub(1);
            if *merchant == 0 {
                self.by_merchant.remove(ended.endpoint.merchant());
            }
        }
        if let Some(lane) = self.lanes.get_mut(&ended.endpoint) {
            lane.end(ended.failed, now);
            if lane.is_idle(now) {
                self.lanes.remove(&ended.endpoint);
            }
        }
    }

    fn wake_at(&self, now: Timestamp) -> Timestamp {
        let due = self.app.book.views().callbacks.next_due_after(now);
        let rested = self.lanes.values().filter_map(|lane| lane.rest_until).filter(|at| *at > now);
        rested.chain(due).chain([self.full_look_at]).min().unwrap_or(self.full_look_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::id::OrderId;

    fn callback(order: u128) -> CallbackId {
        CallbackId { order: OrderId::from_bits(order), number: 1 }
    }

    fn queued(count: u128) -> Lane {
        let mut lane = Lane::default();
        lane.queue.extend((0..count).map(|order| (Timestamp::from_secs(1), callback(order))));
        lane
    }

    #[test]
    fn an_endpoint_has_few_places() {
        let mut lane = queued(10);
        for _ in 0..IN_FLIGHT_PER_ENDPOINT_MAX {
            assert!(lane.next(Timestamp::from_secs(2)).is_some());
            lane.in_flight += 1;
        }
        assert_eq!(lane.next(Timestamp::from_secs(2)), None);
        lane.end(false, Timestamp::from_secs(3));
        assert!(lane.next(Timestamp::from_secs(3)).is_some());
    }

    #[test]
    fn a_failing_endpoint_rests_and_is_asked_by_one_attempt() {
        let mut lane = queued(10);
        let now = Timestamp::from_secs(100);
        for _ in 0..FAILURES_MAX {
            assert!(lane.next(now).is_some());
            lane.in_flight += 1;
            lane.end(true, now);
        }
        assert_eq!(lane.next(now), None);
        let later = now.plus(REST);
        assert!(lane.next(later).is_some());
        lane.in_flight += 1;
        assert_eq!(lane.next(later), None);
        lane.end(false, later);
        assert_eq!((lane.failures, lane.rest_until), (0, None));
    }

    #[test]
    fn an_endpoint_that_rests_is_remembered_and_an_idle_one_is_not() {
        let now = Timestamp::from_secs(100);
        let mut lane = Lane::default();
        for _ in 0..FAILURES_MAX {
            lane.in_flight += 1;
            lane.end(true, now);
        }
        assert!(!lane.is_idle(now));
        assert!(lane.is_idle(now.plus(REST)));
    }
}
