//! Chance that can be repeated: a seed from the environment or the machine, printed, and numbers
//! drawn from it.

use duizhang_api::clock::{Clock, SystemClock};

/// The variable that repeats a run.
const SEED_VARIABLE: &str = "DUIZHANG_SEED";

/// A stream of numbers (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// Begins with the seed of the environment, or a fresh one, and prints it.
    #[expect(clippy::print_stdout, reason = "a seed that nobody sees repeats nothing")]
    pub(crate) fn new(what: &str) -> Self {
        let given = std::env::var(SEED_VARIABLE).ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            u64::try_from(SystemClock::new().draw() >> 64).expect("64 bits are left")
        });
        println!("{what}: {SEED_VARIABLE}={seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let bound = u64::try_from(end + 1).expect("few items");
            items.swap(end, usize::try_from(self.below(bound)).expect("below the length"));
        }
    }
}
