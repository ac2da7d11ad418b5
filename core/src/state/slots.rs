//! The amounts of one wallet: who held each last, and how many are held now.
//!
//! Deliberately not here: which amounts are free (`pools`), because a wallet shares them with those
//! that a push cannot tell from it.

use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashTable;

/// The amounts of one wallet, in minor units.
#[derive(Clone, Default)]
pub struct Slots {
    /// The row number of the order that holds or last held an amount. Each payment asks once, among
    /// all amounts that were ever held, and a table answers with one look where a tree needs ten.
    heads: HashTable<(i64, u32)>,
    holds: u32,
}

/// Neighbouring amounts are what comes, so they are spread over the table (an odd number near 2^64
/// divided by the golden ratio).
const fn spread(minor: i64) -> u64 {
    minor.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl fmt::Debug for Slots {
    /// Sorted, so that the order of the table does not show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut heads: Vec<(i64, u32)> = self.heads.iter().copied().collect();
        heads.sort_unstable();
        let Self { heads: _, holds } = self;
        f.debug_struct("Slots").field("heads", &heads).field("holds", holds).finish()
    }
}

impl Slots {
    /// How many amounts are held.
    #[must_use]
    pub fn holds(&self) -> u32 {
        self.holds
    }

    /// The row number of the order that holds or last held this amount.
    pub(crate) fn head(&self, minor: i64) -> Option<u32> {
        self.heads.find(spread(minor), |(other, _)| *other == minor).map(|(_, row)| *row)
    }

    /// Gives an amount to an order and returns the row that held it before.
    pub(crate) fn take(&mut self, minor: i64, row: u32) -> Option<u32> {
        self.holds = self.holds.saturating_add(1);
        match self.heads.find_mut(spread(minor), |(other, _)| *other == minor) {
            Some((_, head)) => Some(core::mem::replace(head, row)),
            None => {
                self.heads.insert_unique(spread(minor), (minor, row), |(minor, _)| spread(*minor));
                None
            }
        }
    }

    /// One amount is held no more; who held it stays known.
    pub(crate) fn free(&mut self) {
        self.holds = self.holds.saturating_sub(1);
    }
}
