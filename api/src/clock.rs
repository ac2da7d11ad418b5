//! Time and chance: the only file that reads a clock or asks the system for random bits.
//!
//! Invariants: [`Clock::now`] never goes back within one clock, is cut to whole microseconds, and a
//! sleeper never wakes before its instant by the same clock. [`ManualClock`] moves only when it is
//! told to, wakes its sleepers when it does, and draws the same bits for the same seed.
//! Deliberately not here: time zones, calendars, text forms of time, and any schedule.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duizhang_core::time::{Span, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

/// A wait that ends when its clock reaches an instant.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the shell gets its time and its chance from.
pub trait Clock: Send + Sync {
    /// The present instant; never earlier than one that this clock gave before.
    fn now(&self) -> Timestamp;

    /// 128 fresh random bits.
    fn draw(&self) -> u128;

    /// Waits until the clock reaches `at`; at once where it already has.
    fn sleep_until(&self, at: Timestamp) -> Sleep;
}

/// The longest single wait on the machine's timer: a wall clock that is set forward is noticed this
/// soon.
const NAP_MAX: Duration = Duration::from_secs(60);

/// The machine's own clock and entropy.
#[derive(Clone, Debug)]
pub struct SystemClock {
    latest: Arc<AtomicI64>,
}

impl SystemClock {
    /// A clock that begins at the machine's present time.
    #[must_use]
    pub fn new() -> Self {
        Self { latest: Arc::new(AtomicI64::new(i64::MIN)) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
fn wall_micros() -> i64 {
    let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => micros(after),
        Err(before) => micros(before.duration()).saturating_neg(),
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let wall = wall_micros();
        Timestamp::from_micros(self.latest.fetch_max(wall, Ordering::AcqRel).max(wall))
    }

    fn draw(&self) -> u128 {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).expect("a system without random bits cannot make safe ids");
        u128::from_be_bytes(bits)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                let left = at.since(clock.now());
                if left == Span::ZERO {
                    return;
                }
                tokio::time::sleep(Duration::from_micros(left.micros()).min(NAP_MAX)).await;
            }
        })
    }
}

/// A clock that a test or a simulation drives by hand.
#[derive(Clone, Debug)]
pub struct ManualClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    hands: Mutex<Hands>,
    /// Rings whenever somebody begins to sleep.
    lay_down: Notify,
}

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    seed: u64,
    draws: u64,
    bed: u64,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
}

impl ManualClock {
    /// A clock that stands at `now`; equal seeds draw equal bits.
    #[must_use]
    pub fn new(now: Timestamp, seed: u64) -> Self {
        let hands = Hands { now, seed, draws: 0, bed: 0, sleepers: BTreeMap::new() };
        Self { shared: Arc::new(Shared { hands: Mutex::new(hands), lay_down: Notify::new() }) }
    }

    /// Moves the clock forward and wakes who is due.
    pub fn advance(&self, span: Span) {
        let woken = {
            let mut hands = self.shared.hands();
            let to = hands.now.plus(span);
            hands.reach(to)
        };
        woken.into_iter().for_each(Waker::wake);
    }

    /// Sets the clock and wakes who is due. An earlier instant changes nothing: no clock goes back.
    pub fn set(&self, to: Timestamp) {
        let woken = self.shared.hands().reach(to);
        woken.into_iter().for_each(Waker::wake);
    }

    /// The instant that the next sleeper waits for.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.shared.hands().sleepers.keys().next().map(|(at, _)| *at)
    }

    /// Waits until at least `count` sleepers lie down, so that a test advances only when all is
    /// quiet.
    pub async fn until_sleepers(&self, count: usize) {
        loop {
            let rung = self.shared.lay_down.notified();
            if self.shared.hands().sleepers.len() >= count {
                return;
            }
            rung.await;
        }
    }
}

impl Shared {
    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hands {
    fn reach(&mut self, to: Timestamp) -> Vec<Waker> {
        self.now = self.now.max(to);
        let later = match self.now.micros().checked_add(1) {
            Some(next) => self.sleepers.split_off(&(Timestamp::from_micros(next), 0)),
            None => BTreeMap::new(),
        };
        std::mem::replace(&mut self.sleepers, later).into_values().collect()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.shared.hands().now
    }

    fn draw(&self) -> u128 {
        let mut hands = self.shared.hands();
        hands.draws = hands.draws.wrapping_add(1);
        let whole = Sha256::new()
            .chain_update(hands.seed.to_be_bytes())
            .chain_update(hands.draws.to_be_bytes())
            .finalize();
        let mut bits = [0; 16];
        bits.copy_from_slice(&whole[..16]);
        u128::from_be_bytes(bits)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let mut hands = self.shared.hands();
        hands.bed = hands.bed.wrapping_add(1);
        Box::pin(ManualSleep { shared: Arc::clone(&self.shared), key: (at, hands.bed) })
    }
}

/// One sleeper of a [`ManualClock`]; dropping it leaves the bed.
struct ManualSleep {
    shared: Arc<Shared>,
    key: (Timestamp, u64),
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut hands = self.shared.hands();
        if hands.now >= self.key.0 {
            return Poll::Ready(());
        }
        hands.sleepers.insert(self.key, context.waker().clone());
        drop(hands);
        self.shared.lay_down.notify_waiters();
        Poll::Pending
    }
}

impl Drop for ManualSleep {
    fn drop(&mut self) {
        self.shared.hands().sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn second(at: i64) -> Timestamp {
        Timestamp::from_secs(at)
    }

    fn poll(sleep: &mut Sleep, count: &Arc<Count>) -> bool {
        let waker = Waker::from(Arc::clone(count));
        sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
    }

    #[test]
    fn a_sleeper_wakes_when_its_instant_is_reached_and_not_before() {
        let clock = ManualClock::new(second(100), 1);
        let count = Arc::new(Count::default());
        let mut sleep = clock.sleep_until(second(110));
        assert!(!poll(&mut sleep, &count));
        assert_eq!(clock.next_wake(), Some(second(110)));

        clock.set(Timestamp::from_micros(109_999_999));
        assert_eq!(count.0.load(Ordering::SeqCst), 0);
        assert!(!poll(&mut sleep, &count));

        clock.advance(Span::from_micros(1));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert!(poll(&mut sleep, &count));
        assert_eq!(clock.next_wake(), None);
    }

    #[test]
    fn a_wait_for_the_past_or_the_present_is_over_at_once() {
        let clock = ManualClock::new(second(100), 1);
        let count = Arc::new(Count::default());
        assert!(poll(&mut clock.sleep_until(second(100)), &count));
        assert!(poll(&mut clock.sleep_until(Timestamp::MIN), &count));
    }

    #[test]
    fn a_sleeper_that_is_dropped_is_forgotten() {
        let clock = ManualClock::new(second(0), 1);
        let count = Arc::new(Count::default());
        let mut dropped = clock.sleep_until(second(5));
        let mut kept = clock.sleep_until(second(5));
        assert!(!poll(&mut dropped, &count));
        assert!(!poll(&mut kept, &count));
        drop(dropped);
        clock.advance(Span::from_secs(5));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn never_is_reached_at_the_end_of_time() {
        let clock = ManualClock::new(second(0), 1);
        let count = Arc::new(Count::default());
        let mut sleep = clock.sleep_until(Timestamp::MAX);
        assert!(!poll(&mut sleep, &count));
        clock.set(Timestamp::MAX);
        assert!(poll(&mut sleep, &count));
    }

    #[tokio::test]
    async fn a_test_can_wait_for_sleepers_and_then_move_the_clock() {
        let clock = ManualClock::new(second(0), 1);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(second(30)).await;
                clock.now()
            }
        });
        clock.until_sleepers(1).await;
        clock.advance(Span::from_secs(31));
        assert_eq!(sleeper.await.unwrap(), second(31));
    }

    #[test]
    fn equal_seeds_draw_equal_bits_and_no_bits_come_twice() {
        let bits = |seed| {
            let clock = ManualClock::new(second(0), seed);
            (0..100).map(|_| clock.draw()).collect::<Vec<_>>()
        };
        assert_eq!(bits(7), bits(7));
        let mut all: Vec<u128> = (0..50).flat_map(bits).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 50 * 100);
    }

    #[test]
    fn the_system_clock_never_goes_back_and_never_draws_twice() {
        let clock = SystemClock::new();
        let ahead = clock.now().plus(Span::from_hours(1));
        clock.latest.store(ahead.micros(), Ordering::SeqCst);
        assert_eq!(clock.now(), ahead);
        assert_ne!(clock.draw(), clock.draw());
    }

    #[tokio::test]
    async fn the_system_clock_has_reached_what_its_sleeper_waited_for() {
        let clock = SystemClock::new();
        let at = clock.now().plus(Span::from_millis(2));
        clock.sleep_until(at).await;
        assert!(clock.now() >= at);
    }

    proptest! {
        #[test]
        fn whatever_it_is_told_a_manual_clock_never_goes_back(moves in prop::collection::vec(any::<i64>(), 0..20)) {
            let clock = ManualClock::new(second(0), 1);
            let mut latest = clock.now();
            for to in moves {
                clock.set(Timestamp::from_micros(to));
                prop_assert!(clock.now() >= latest);
                latest = clock.now();
            }
        }
    }
}
