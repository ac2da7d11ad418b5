//! Which amounts are free where.
//!
//! A push that names only its network may be about any wallet of that network that its device
//! watches. Were one amount given out on two of them, every such push would be ambiguous, so these
//! wallets share their amounts: they are one pool, and so is whatever is linked through several
//! devices. A wallet that shares with none is a pool of its own.
//!
//! Invariants: a pool is named by the first of its wallets; what a pool holds follows from the open
//! holds of its wallets alone, whatever the order in which wallets were linked.
//! Deliberately not here: the choice among free amounts ([`crate::allocator`]); sandboxes, which
//! stand for any network and are pooled among themselves only.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;

use super::model::DeadlineKey;
use super::runs::Runs;
use super::{State, WalletState};
use crate::channel::Channel;

/// The amounts that some wallets share, in minor units.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    taken: Runs,
    /// Holders beyond the first, where wallets were linked after both had given an amount out.
    doubled: BTreeMap<i64, u32>,
}

impl Pool {
    /// Whether nobody holds this amount.
    #[must_use]
    pub fn is_free(&self, minor: i64) -> bool {
        !self.taken.contains(minor)
    }

    /// How many hold this amount.
    #[must_use]
    pub fn holders(&self, minor: i64) -> u32 {
        let further = self.doubled.get(&minor).copied().unwrap_or_default();
        further.saturating_add(u32::from(!self.is_free(minor)))
    }

    /// The smallest free amount that is not below this one.
    #[must_use]
    pub fn free_at_or_above(&self, minor: i64) -> Option<i64> {
        self.taken.outside_at_or_above(minor)
    }

    /// The largest free amount that is not above this one.
    #[must_use]
    pub fn free_at_or_below(&self, minor: i64) -> Option<i64> {
        self.taken.outside_at_or_below(minor)
    }

    pub(super) fn take(&mut self, minor: i64) {
        if !self.taken.insert(minor) {
            let further = self.doubled.entry(minor).or_default();
            *further = further.saturating_add(1);
        }
    }

    pub(super) fn free(&mut self, minor: i64) {
        if !count_down(&mut self.doubled, minor) {
            self.taken.remove(minor);
        }
    }
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
        let Self { deadlines, orders, wallets, pools, .. } = self;
        for (_, key) in deadlines.iter() {
            // An order has a deadline as long as it holds its amount.
            if let DeadlineKey::Order(number) = key {
                let row = orders.row(*number);
                let pool = wallets[usize::from(row.wallet.0)].pool;
                pools[usize::from(pool)].take(row.payable);
            }
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
    use proptest::prelude::*;

    proptest! {
        /// A pool answers like a plain count of holders.
        #[test]
        fn pools_equal_counts(steps in prop::collection::vec((1_i64..20, any::<bool>()), 0..200)) {
            let mut pool = Pool::default();
            let mut holders: BTreeMap<i64, u32> = BTreeMap::new();
            for (minor, take) in steps {
                if take {
                    pool.take(minor);
                    let count = holders.entry(minor).or_default();
                    *count = count.saturating_add(1);
                } else if count_down(&mut holders, minor) {
                    pool.free(minor);
                }
                for probe in 0..22 {
                    let wanted = holders.get(&probe).copied().unwrap_or_default();
                    prop_assert_eq!((pool.holders(probe), pool.is_free(probe)), (wanted, wanted == 0));
                    let above = (probe..).find(|minor| !holders.contains_key(minor));
                    prop_assert_eq!(pool.free_at_or_above(probe), above);
                }
            }
        }
    }
}
