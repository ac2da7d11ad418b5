//! Which amounts are free where.
//!
//! A push that names only its network may be about any wallet of that network that its device
//! watches. Were one amount given out on two of them, every such push would be ambiguous, so these
//! wallets share their amounts: they are one pool, and so is whatever is linked through several
//! devices. A wallet that shares with none is a pool of its own.
//!
//! Money may come long after an order expired unpaid and its amount was released. Were the amount
//! somebody else's by then, that money would settle the wrong order, and nothing could tell. So a
//! pool remembers the amounts of unpaid orders for the policy's lookback, and the allocator takes
//! them only where no other is near.
//!
//! Invariants: a pool is named by the first of its wallets; what a pool holds follows from the open
//! holds of its wallets alone, whatever the order in which wallets were linked; what is remembered
//! is forgotten in the order of its release, so memory follows the unpaid orders of one lookback: 4
//! to 8 bytes for each, and at most about 40 for each different amount.
//! Deliberately not here: the choice among free amounts ([`crate::allocator`]); sandboxes, which
//! stand for any network and are pooled among themselves only.

use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::model::DeadlineKey;
use super::runs::Runs;
use super::{OrderRow, State, WalletState};
use crate::channel::Channel;
use crate::code::OwnCode;
use crate::limits::FORGOTTEN_PER_FACT_MAX;

/// The amounts that some wallets share, in minor units.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// What somebody holds, and what is remembered.
    shunned: Runs,
    /// Holders beyond the first, where wallets were linked after both had given an amount out.
    doubled: BTreeMap<i64, u32>,
    /// What is remembered and nobody holds.
    late: BTreeSet<i64>,
    /// How often an amount is remembered beyond that; for one that is held, at all.
    later: BTreeMap<i64, u32>,
}

impl Pool {
    /// Whether nobody holds this amount.
    #[must_use]
    pub fn is_free(&self, minor: i64) -> bool {
        !self.shunned.contains(minor) || self.is_late(minor)
    }

    /// Whether nobody holds this amount, but late money may come for it.
    #[must_use]
    pub fn is_late(&self, minor: i64) -> bool {
        self.late.contains(&minor)
    }

    /// How many hold this amount.
    #[must_use]
    pub fn holders(&self, minor: i64) -> u32 {
        let further = self.doubled.get(&minor).copied().unwrap_or_default();
        further.saturating_add(u32::from(!self.is_free(minor)))
    }

    /// How many unpaid orders held this amount within the lookback.
    #[must_use]
    pub fn memories(&self, minor: i64) -> u32 {
        let further = self.later.get(&minor).copied().unwrap_or_default();
        further.saturating_add(u32::from(self.is_late(minor)))
    }

    /// The smallest amount not below this one that is free and not remembered.
    #[must_use]
    pub fn fresh_at_or_above(&self, minor: i64) -> Option<i64> {
        self.shunned.outside_at_or_above(minor)
    }

    /// The largest amount not above this one that is free and not remembered.
    #[must_use]
    pub fn fresh_at_or_below(&self, minor: i64) -> Option<i64> {
        self.shunned.outside_at_or_below(minor)
    }

    /// The smallest amount not below this one that is free and remembered.
    #[must_use]
    pub fn late_at_or_above(&self, minor: i64) -> Option<i64> {
        self.late.range(minor..).next().copied()
    }

    /// The largest amount not above this one that is free and remembered.
    #[must_use]
    pub fn late_at_or_below(&self, minor: i64) -> Option<i64> {
        self.late.range(..=minor).next_back().copied()
    }

    pub(super) fn take(&mut self, minor: i64) {
        if self.shunned.insert(minor) {
            return;
        }
        let was_late = self.late.remove(&minor);
        count_up(if was_late { &mut self.later } else { &mut self.doubled }, minor);
    }

    pub(super) fn free(&mut self, minor: i64) {
        if count_down(&mut self.doubled, minor) {
            return;
        }
        if count_down(&mut self.later, minor) {
            self.late.insert(minor);
        } else {
            self.shunned.remove(minor);
        }
    }

    fn remember(&mut self, minor: i64) {
        if self.shunned.insert(minor) {
            self.late.insert(minor);
        } else {
            count_up(&mut self.later, minor);
        }
    }

    fn forget(&mut self, minor: i64) {
        if !count_down(&mut self.later, minor) {
            assert!(self.late.remove(&minor), "only what is remembered is forgotten");
            self.shunned.remove(minor);
        }
    }
}

fn count_up(counts: &mut BTreeMap<i64, u32>, minor: i64) {
    let count = counts.entry(minor).or_default();
    *count = count.saturating_add(1);
}

/// Takes one from a count, where there is one.
fn count_down(counts: &mut BTreeMap<i64, u32>, minor: i64) -> bool {
    let Entry::Occupied(mut entry) = counts.entry(minor) else { return false };
    match entry.get().saturating_sub(1) {
        0 => drop(entry.remove()),
        left => *entry.get_mut() = left,
    }
    true
}

impl State {
    /// The amounts that a wallet shares.
    #[must_use]
    pub fn pool(&self, wallet: &WalletState) -> &Pool {
        &self.pools[usize::from(wallet.pool)]
    }

    /// The rows of unpaid orders whose released amounts are remembered, oldest release first.
    pub fn remembered(&self) -> impl Iterator<Item = &OrderRow> {
        self.remembered.iter().map(|number| self.orders.row(*number))
    }

    /// Remembers the amount of an order that ends without all of its money. It comes before the
    /// amount is freed.
    pub(super) fn remember(&mut self, number: u32) {
        let row = self.orders.row(number);
        let pool = self.wallets[usize::from(row.wallet.0)].pool;
        self.pools[usize::from(pool)].remember(row.payable);
        self.remembered.push_back(number);
    }

    /// Forgets what was released longer ago than the lookback, as of the fact before.
    pub(super) fn forget(&mut self) {
        for _ in 0..FORGOTTEN_PER_FACT_MAX {
            let Some(number) = self.remembered.front() else { return };
            let row = self.orders.row(*number);
            if self.now.since(row.reserved_until) <= self.policy.lookback {
                return;
            }
            let pool = self.wallets[usize::from(row.wallet.0)].pool;
            self.pools[usize::from(pool)].forget(row.payable);
            self.remembered.pop_front();
        }
    }

    /// The first wallet of each wallet's pool, from what is declared now.
    fn linked(&self) -> Vec<u16> {
        let wallets = u16::try_from(self.wallets.len()).expect("wallets are few");
        let mut firsts: Vec<u16> = (0..wallets).collect();
        for device in self.devices.iter().filter(|device| device.declared.enabled) {
            let mut of_channel: BTreeMap<Channel, u16> = BTreeMap::new();
            for id in &device.declared.wallets {
                let Some(wallet) = self.wallet_index(id) else { continue };
                let channel = self.wallets[usize::from(wallet.0)].declared.channel;
                let other = *of_channel.entry(channel).or_insert(wallet.0);
                let (one, other) = (first_of(&mut firsts, wallet.0), first_of(&mut firsts, other));
                firsts[usize::from(one.max(other))] = one.min(other);
            }
        }
        (0..wallets).map(|wallet| first_of(&mut firsts, wallet)).collect()
    }

    /// Links wallets as they are declared now. Declarations are rare, so a change counts all holds
    /// again; one that links as before costs a walk over the devices.
    pub(super) fn link(&mut self) {
        let firsts = self.linked();
        if self.wallets.iter().map(|wallet| wallet.pool).eq(firsts.iter().copied()) {
            return;
        }
        for (wallet, first) in self.wallets.iter_mut().zip(firsts) {
            wallet.pool = first;
        }
        self.pools.fill(Pool::default());
        let Self { deadlines, orders, wallets, pools, remembered, .. } = self;
        for (_, key) in deadlines.iter() {
            // An order has a deadline as long as it holds its amount.
            if let DeadlineKey::Order(number) = key {
                let row = orders.row(*number);
                let pool = wallets[usize::from(row.wallet.0)].pool;
                if row.code == OwnCode::None {
                    pools[usize::from(pool)].take(row.payable);
                }
            }
        }
        for number in remembered.iter() {
            let row = orders.row(*number);
            let pool = wallets[usize::from(row.wallet.0)].pool;
            pools[usize::from(pool)].remember(row.payable);
        }
    }
}

/// The first of the wallets that this one is linked with; the way to it becomes shorter.
fn first_of(firsts: &mut [u16], wallet: u16) -> u16 {
    let mut at = wallet;
    while firsts[usize::from(at)] != at {
        let next = firsts[usize::from(at)];
        firsts[usize::from(at)] = firsts[usize::from(next)];
        at = next;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::testing::Book;
    use crate::time::Span;
    use alloc::format;
    use alloc::vec;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Change {
        Take,
        Free,
        Remember,
        Forget,
    }

    proptest! {
        /// A pool answers like plain counts of holders and memories.
        #[test]
        fn pools_equal_counts(steps in prop::collection::vec((1_i64..12, prop_oneof![
            Just(Change::Take), Just(Change::Free), Just(Change::Remember), Just(Change::Forget),
        ]), 0..200)) {
            let mut pool = Pool::default();
            let mut holders: BTreeMap<i64, u32> = BTreeMap::new();
            let mut memories: BTreeMap<i64, u32> = BTreeMap::new();
            for (minor, change) in steps {
                match change {
                    Change::Take => {
                        pool.take(minor);
                        count_up(&mut holders, minor);
                    }
                    Change::Free if count_down(&mut holders, minor) => pool.free(minor),
                    Change::Remember => {
                        pool.remember(minor);
                        count_up(&mut memories, minor);
                    }
                    Change::Forget if count_down(&mut memories, minor) => pool.forget(minor),
                    Change::Free | Change::Forget => {}
                }
                let held = |minor: &i64| holders.contains_key(minor);
                let late = |minor: &i64| memories.contains_key(minor) && !held(minor);
                let fresh = |minor: &i64| !memories.contains_key(minor) && !held(minor);
                for probe in 0..14 {
                    let of = |counts: &BTreeMap<i64, u32>| counts.get(&probe).copied().unwrap_or(0);
                    prop_assert_eq!(pool.holders(probe), of(&holders));
                    prop_assert_eq!(pool.memories(probe), of(&memories));
                    prop_assert_eq!((pool.is_free(probe), pool.is_late(probe)),
                        (!held(&probe), late(&probe)));
                    prop_assert_eq!(pool.fresh_at_or_above(probe), (probe..).find(fresh));
                    prop_assert_eq!(pool.fresh_at_or_below(probe), (-1..=probe).rev().find(fresh));
                    prop_assert_eq!(pool.late_at_or_above(probe), (probe..14).find(late));
                    prop_assert_eq!(pool.late_at_or_below(probe), (0..=probe).rev().find(late));
                }
            }
        }
    }

    #[test]
    fn what_is_remembered_is_forgotten_after_the_lookback() {
        let mut book = Book::new(Policy { max_offset: 5_000, ..Policy::default() });
        let count = FORGOTTEN_PER_FACT_MAX.saturating_mul(2).saturating_add(1);
        for number in 0..count {
            book.open("shop", &format!("N{number}"), 1_000);
        }
        book.wait(Span::from_mins(6)).tick();
        book.wait(Span::from_mins(15)).tick();
        assert_eq!(book.state.remembered.len(), count);
        // The fact at the very end of the lookback still remembers, and each later one forgets some.
        book.wait(Span::from_hours(24));
        book.pay(1);
        assert_eq!(book.state.remembered.len(), count);
        book.wait(Span::from_secs(1));
        for left in [FORGOTTEN_PER_FACT_MAX.saturating_add(1), 1, 0] {
            book.pay(1);
            assert_eq!(book.state.remembered.len(), left);
            assert_eq!(book.violations(), vec![]);
        }
        let empty = format!("{:?}", Pool::default());
        assert!(book.state.pools.iter().all(|pool| format!("{pool:?}") == empty));
    }
}
