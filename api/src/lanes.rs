//! Which callback goes next: a queue and a few places for each endpoint, served in turn.
//!
//! Invariants: a callback is handed out once; no endpoint, no merchant and not all of them together
//! have more attempts in flight than their limits; an endpoint with something to send and a free
//! place waits for at most one attempt of each other endpoint.
//! Deliberately not here: when a callback is due (core), and the attempt itself (`attempt.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use duizhang_core::callback::CallbackId;
use duizhang_core::time::{Span, Timestamp};

use crate::attempt::Endpoint;

/// Attempts in flight over all endpoints: each holds a socket and at most 64 KiB.
const IN_FLIGHT_MAX: usize = 256;

/// Attempts in flight to one endpoint.
const IN_FLIGHT_PER_ENDPOINT_MAX: usize = 4;

/// Attempts in flight of one merchant over all its endpoints: a quarter of all places.
const IN_FLIGHT_PER_MERCHANT_MAX: usize = 64;

/// Failures in a row after which an endpoint rests.
const FAILURES_MAX: u32 = 5;

/// How long an endpoint rests before one attempt asks again.
const REST: Span = Span::from_secs(30);

/// All endpoints that have something to send, in flight, or to forget.
#[derive(Default)]
pub(crate) struct Lanes {
    lanes: BTreeMap<Endpoint, Lane>,
    in_flight: usize,
    by_merchant: BTreeMap<String, usize>,
    /// The endpoint that was served last.
    served: Option<Endpoint>,
}

#[derive(Default)]
struct Lane {
    queue: BTreeSet<(Timestamp, CallbackId)>,
    in_flight: usize,
    failures: u32,
    rest_until: Option<Timestamp>,
}

impl Lane {
    /// Whether an attempt may be made now.
    fn may_send(&self, now: Timestamp) -> bool {
        let places = match self.rest_until {
            Some(until) if until > now => 0,
            // One attempt asks whether the endpoint is back.
            Some(_) => 1,
            None => IN_FLIGHT_PER_ENDPOINT_MAX,
        };
        self.in_flight < places && !self.queue.is_empty()
    }

    fn end(&mut self, failed: bool, now: Timestamp) {
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

impl Lanes {
    /// Queues a callback that became due.
    pub(crate) fn queue(&mut self, endpoint: Endpoint, due: Timestamp, callback: CallbackId) {
        self.lanes.entry(endpoint).or_default().queue.insert((due, callback));
    }

    /// The next callback that may be sent now, and its endpoint: the first that may behind the one
    /// served last. It has a place until [`Lanes::end`] or [`Lanes::give_back`].
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<(Endpoint, CallbackId)> {
        if self.in_flight >= IN_FLIGHT_MAX {
            return None;
        }
        let endpoint = self.turn(now)?.clone();
        let lane = self.lanes.get_mut(&endpoint)?;
        let (_, callback) = lane.queue.pop_first()?;
        lane.in_flight = lane.in_flight.saturating_add(1);
        self.in_flight = self.in_flight.saturating_add(1);
        let merchant = self.by_merchant.entry(endpoint.merchant().to_owned()).or_default();
        *merchant = merchant.saturating_add(1);
        self.served = Some(endpoint.clone());
        Some((endpoint, callback))
    }

    /// Whose turn it is.
    fn turn(&self, now: Timestamp) -> Option<&Endpoint> {
        let (behind, before) = match &self.served {
            Some(served) => (Bound::Excluded(served), Some(self.lanes.range(..=served))),
            None => (Bound::Unbounded, None),
        };
        let behind = self.lanes.range((behind, Bound::Unbounded));
        let mut round = behind.chain(before.into_iter().flatten());
        round
            .find(|(endpoint, lane)| lane.may_send(now) && self.has_room(endpoint))
            .map(|one| one.0)
    }

    fn has_room(&self, endpoint: &Endpoint) -> bool {
        let of_merchant = self.by_merchant.get(endpoint.merchant()).copied().unwrap_or(0);
        of_merchant < IN_FLIGHT_PER_MERCHANT_MAX
    }

    /// An attempt ended.
    pub(crate) fn end(&mut self, endpoint: &Endpoint, failed: bool, now: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(endpoint) {
            lane.end(failed, now);
        }
        self.give_back(endpoint, now);
    }

    /// Gives a place back about which there is nothing to learn.
    pub(crate) fn give_back(&mut self, endpoint: &Endpoint, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(merchant) = self.by_merchant.get_mut(endpoint.merchant()) {
            *merchant = merchant.saturating_sub(1);
            if *merchant == 0 {
                self.by_merchant.remove(endpoint.merchant());
            }
        }
        if let Some(lane) = self.lanes.get_mut(endpoint) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            if lane.is_idle(now) {
                self.lanes.remove(endpoint);
            }
        }
    }

    /// Forgets the endpoints whose rest is over and which have nothing to send.
    pub(crate) fn forget_idle(&mut self, now: Timestamp) {
        self.lanes.retain(|_, lane| !lane.is_idle(now));
    }

    /// When the first rest ends.
    pub(crate) fn rest_ends(&self, now: Timestamp) -> Option<Timestamp> {
        self.lanes.values().filter_map(|lane| lane.rest_until).filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::id::OrderId;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(100);

    fn endpoint(merchant: &str, host: usize) -> Endpoint {
        Endpoint::new(merchant.to_owned(), format!("https://{host:03}.example"))
    }

    fn callback(order: usize) -> CallbackId {
        CallbackId { order: OrderId::from_bits(u128::try_from(order).unwrap()), number: 1 }
    }

    /// Lanes with so many callbacks for each endpoint.
    fn queued(endpoints: &[(Endpoint, usize)]) -> Lanes {
        let mut lanes = Lanes::default();
        let mut order = 0;
        for (endpoint, count) in endpoints {
            for _ in 0..*count {
                order += 1;
                lanes.queue(endpoint.clone(), Timestamp::from_secs(1), callback(order));
            }
        }
        lanes
    }

    fn served(lanes: &mut Lanes) -> Vec<Endpoint> {
        std::iter::from_fn(|| lanes.next(NOW)).map(|(endpoint, _)| endpoint).collect()
    }

    #[test]
    fn an_endpoint_has_few_places() {
        let one = endpoint("m", 1);
        let mut lanes = queued(&[(one.clone(), 10)]);
        assert_eq!(served(&mut lanes).len(), IN_FLIGHT_PER_ENDPOINT_MAX);
        lanes.end(&one, false, NOW);
        assert_eq!(served(&mut lanes).len(), 1);
    }

    #[test]
    fn endpoints_are_served_in_turn_whatever_waits_for_each() {
        let [a, b, c] = [1, 2, 3].map(|host| endpoint("m", host));
        let mut lanes = queued(&[(a.clone(), 1_000), (b.clone(), 2), (c.clone(), 3)]);
        let turns = [&a, &b, &c, &a, &b, &c, &a, &c, &a].map(Clone::clone);
        assert_eq!(served(&mut lanes), turns);
        // A place that becomes free goes to whoever is next, and not to the first.
        lanes.queue(b.clone(), NOW, callback(5_000));
        lanes.end(&a, false, NOW);
        assert_eq!(served(&mut lanes), [b, a]);
    }

    #[test]
    fn a_merchant_with_many_dead_addresses_leaves_room_for_others() {
        let many: Vec<_> = (0..100).map(|host| (endpoint("busy", host), 4)).collect();
        let mut lanes = queued(&many);
        assert_eq!(served(&mut lanes).len(), IN_FLIGHT_PER_MERCHANT_MAX);
        let quiet = endpoint("quiet", 1);
        lanes.queue(quiet.clone(), NOW, callback(5_000));
        assert_eq!(served(&mut lanes), [quiet]);
        lanes.end(&many[0].0, true, NOW);
        assert_eq!(served(&mut lanes).len(), 1, "the place that became free");
    }

    #[test]
    fn all_together_have_an_end() {
        let crowd: Vec<_> =
            (0..200).map(|number| (endpoint(&format!("m{number}"), number), 4)).collect();
        assert_eq!(served(&mut queued(&crowd)).len(), IN_FLIGHT_MAX);
    }

    #[test]
    fn a_failing_endpoint_rests_and_is_asked_by_one_attempt() {
        let (bad, good) = (endpoint("m", 1), endpoint("m", 2));
        let mut lanes = queued(&[(bad.clone(), 10)]);
        for _ in 0..FAILURES_MAX {
            assert!(lanes.next(NOW).is_some());
            lanes.end(&bad, true, NOW);
        }
        assert_eq!(lanes.next(NOW), None);
        lanes.queue(good.clone(), NOW, callback(99));
        assert_eq!(served(&mut lanes), [good], "its neighbour does not rest");
        let later = NOW.plus(REST);
        assert_eq!(lanes.rest_ends(NOW), Some(later));
        assert!(lanes.next(later).is_some());
        assert_eq!(lanes.next(later), None);
        lanes.end(&bad, false, later);
        let again = std::iter::from_fn(|| lanes.next(later)).count();
        assert_eq!(again, IN_FLIGHT_PER_ENDPOINT_MAX, "it is back");
    }

    #[test]
    fn an_endpoint_that_rests_is_remembered_and_an_idle_one_is_not() {
        let one = endpoint("m", 1);
        let mut lanes = queued(&[(one.clone(), 5)]);
        for _ in 0..FAILURES_MAX {
            assert!(lanes.next(NOW).is_some());
            lanes.end(&one, true, NOW);
        }
        lanes.forget_idle(NOW);
        assert!(lanes.lanes.contains_key(&one));
        lanes.forget_idle(NOW.plus(REST));
        assert!(lanes.lanes.is_empty());
    }

    #[test]
    fn a_place_that_is_given_back_says_nothing_about_its_endpoint() {
        let one = endpoint("m", 1);
        let mut lanes = queued(&[(one.clone(), 8)]);
        for _ in 1..FAILURES_MAX {
            assert!(lanes.next(NOW).is_some());
            lanes.end(&one, true, NOW);
        }
        assert!(lanes.next(NOW).is_some());
        lanes.give_back(&one, NOW);
        assert!(lanes.next(NOW).is_some());
        lanes.end(&one, true, NOW);
        assert_eq!(lanes.next(NOW), None, "the failures before it still count");
    }

    proptest! {
        #[test]
        fn everything_is_sent_once_within_the_limits_and_nobody_is_passed_over(
            counts in prop::collection::vec((0_usize..3, 0_usize..12, 1_usize..20), 1..20),
            ends in prop::collection::vec(any::<prop::sample::Index>(), 400),
        ) {
            let endpoints: Vec<_> = counts
                .iter()
                .map(|&(merchant, host, count)| (endpoint(&format!("m{merchant}"), host), count))
                .collect();
            let all: usize = endpoints.iter().map(|(_, count)| count).sum();
            let mut lanes = queued(&endpoints);
            let (mut flying, mut sent) = (Vec::<Endpoint>::new(), BTreeSet::new());
            let mut ends = ends.iter();
            loop {
                let mut turns: Vec<Endpoint> = Vec::new();
                while let Some((endpoint, callback)) = lanes.next(NOW) {
                    prop_assert!(sent.insert(callback), "handed out twice");
                    flying.push(endpoint.clone());
                    turns.push(endpoint);
                }
                let mut places: BTreeMap<&Endpoint, usize> = BTreeMap::new();
                flying.iter().for_each(|one| *places.entry(one).or_default() += 1);
                prop_assert!(places.values().all(|&n| n <= IN_FLIGHT_PER_ENDPOINT_MAX));
                prop_assert!(flying.len() <= IN_FLIGHT_MAX);
                // Between two turns of one endpoint nobody else has two.
                for (at, one) in turns.iter().enumerate() {
                    let since = turns[..at].iter().rposition(|other| other == one);
                    let between = &turns[since.map_or(0, |since| since + 1)..at];
                    let others: BTreeSet<_> = between.iter().collect();
                    prop_assert!(since.is_none() || others.len() == between.len());
                }
                let (Some(index), false) = (ends.next(), flying.is_empty()) else { break };
                let ended = flying.swap_remove(index.index(flying.len()));
                lanes.end(&ended, false, NOW);
            }
            prop_assert_eq!(sent.len(), all);
            prop_assert!(lanes.lanes.is_empty() && lanes.by_merchant.is_empty());
        }
    }
}
