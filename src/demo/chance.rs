//! Chance from a seed: the same seed always draws the same day.
//!
//! Invariants: no draw depends on anything but the seed and the draws before it.
//! Deliberately not here: the ids of orders and notifications, which the server draws from its own
//! clock.

use duizhang_core::time::Span;

/// A stream of draws by the published `SplitMix64` recurrence.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where the bound is.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // The bias of a remainder is far below what a day of 300 orders could show.
        self.draw().checked_rem(bound).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    /// A span of whole milliseconds between two numbers of seconds.
    pub(super) fn seconds(&mut self, from: u64, to: u64) -> Span {
        let millis = to.saturating_sub(from).saturating_mul(1_000);
        Span::from_millis(from.saturating_mul(1_000).saturating_add(self.below(millis)))
    }

    /// One of several things.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(self.below(count)).unwrap_or(0);
        *from.get(place).expect("there is something to pick from")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_draw_equal_days_and_others_do_not() {
        let draws = |seed| {
            let mut chance = Chance::new(seed);
            (0..50).map(|_| chance.below(1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn every_draw_keeps_its_bounds() {
        let mut chance = Chance::new(1);
        for _ in 0..1_000 {
            assert!(chance.below(10) < 10);
            let span = chance.seconds(15, 20);
            assert!((Span::from_secs(15)..Span::from_secs(20)).contains(&span), "{span:?}");
            assert!([1, 2, 3].contains(&chance.pick(&[1, 2, 3])));
        }
        assert_eq!(chance.below(0), 0);
        assert!(!chance.percent(0));
        assert!(chance.percent(100));
    }
}
