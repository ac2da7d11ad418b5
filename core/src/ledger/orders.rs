//! What the poster remembers of orders: one row of 64 bytes for each, because a refund or late
//! money may come years later.
//!
//! Invariants: what an order is still to bring is what was asked less what came, and nothing once
//! it is settled or has ended; the bump is posted by the payments that bring it.
//! Deliberately not here: the accounts that the parts go to ([`super::Poster`]).

use alloc::vec::Vec;

use hashbrown::HashTable;

use crate::amount::{Amount, Currency};
use crate::id::OrderId;
use crate::time::Timestamp;

/// Whether an order is still to bring something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is.
    Raised,
    /// It ended without its money.
    Ended,
    /// It has all.
    Settled,
}

/// One order.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrderRow {
    id: OrderId,
    requested: i64,
    payable: i64,
    received: i64,
    /// What came beyond the payable amount and was not agreed to go back.
    pub(super) surplus: i64,
    /// When its raise was taken back last.
    pub(super) ended_at: Timestamp,
    pub(super) wallet: u16,
    pub(super) currency: Currency,
    pub(super) claim: Claim,
}

const _: () = assert!(size_of::<OrderRow>() == 64);

/// Where the parts of a payment belong, in minor units; they sum to the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) receivable: i64,
    pub(super) bump: i64,
    pub(super) surplus: i64,
}

impl OrderRow {
    pub(super) const fn new(id: OrderId, requested: Amount, payable: Amount, wallet: u16) -> Self {
        Self {
            id,
            requested: requested.minor(),
            payable: payable.minor(),
            received: 0,
            surplus: 0,
            ended_at: Timestamp::MIN,
            wallet,
            currency: payable.currency(),
            claim: Claim::Raised,
        }
    }

    pub(super) fn requested(&self) -> i64 {
        self.requested
    }

    /// What it is still to bring.
    pub(super) fn rest(&self) -> i64 {
        match self.claim {
            Claim::Raised => self.requested.saturating_sub(self.received).max(0),
            Claim::Ended | Claim::Settled => 0,
        }
    }

    /// Takes a payment in, and says where its parts belong.
    pub(super) fn receive(&mut self, minor: i64, settles: bool) -> Parts {
        let rest = self.rest();
        let bumped = self.received.saturating_sub(self.requested).max(0);
        self.received = self.received.saturating_add(minor);
        let receivable = if settles { rest } else { minor.min(rest) };
        let bump = if settles {
            self.payable.saturating_sub(self.requested).saturating_sub(bumped)
        } else {
            minor.saturating_sub(receivable)
        };
        let surplus = minor.saturating_sub(receivable).saturating_sub(bump);
        if settles {
            self.claim = Claim::Settled;
            self.surplus = surplus;
        }
        Parts { receivable, bump, surplus }
    }
}

/// Rows in one chunk: 4,096 × 64 bytes are a quarter of a megabyte.
const CHUNK_ROWS: usize = 4_096;

/// All orders of a book. Rows lie in chunks, so growing copies none; the table holds row numbers
/// with a part of their hash, so that it can grow without asking the rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    chunks: Vec<Vec<OrderRow>>,
    numbers: HashTable<(u32, u32)>,
}

/// Order ids are drawn, so their own bits serve as hashes.
fn part_of(id: OrderId) -> u32 {
    u32::try_from(id.bits() & u128::from(u32::MAX)).unwrap_or_default()
}

/// The table looks at both ends of a hash.
fn hash(part: u32) -> u64 {
    (u64::from(part) << 32) | u64::from(part)
}

fn place_of(number: u32) -> (usize, usize) {
    let number = usize::try_from(number).expect("32 bits fit into an address");
    (number / CHUNK_ROWS, number % CHUNK_ROWS)
}

impl Orders {
    pub(super) fn insert(&mut self, row: OrderRow) {
        let number = u32::try_from(self.numbers.len());
        let number = number.expect("a book holds fewer than 2^32 orders");
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK_ROWS) {
            self.chunks.push(Vec::with_capacity(CHUNK_ROWS));
        }
        let part = part_of(row.id);
        self.chunks.last_mut().expect("a chunk was just made").push(row);
        self.numbers.insert_unique(hash(part), (part, number), |(part, _)| hash(*part));
    }

    pub(super) fn row_mut(&mut self, id: OrderId) -> Option<&mut OrderRow> {
        let Self { chunks, numbers } = self;
        let part = part_of(id);
        let found = numbers.find(hash(part), |(other, number)| {
            let (chunk, row) = place_of(*number);
            *other == part && chunks[chunk][row].id == id
        });
        let (chunk, row) = place_of(found?.1);
        Some(&mut chunks[chunk][row])
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "amounts of some hundred fen do not overflow")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(requested: i64, payable: i64) -> OrderRow {
        let id = OrderId::from_bits(7);
        OrderRow::new(id, Amount::fen(requested), Amount::fen(payable), 0)
    }

    #[test]
    fn a_bump_is_no_surplus_and_a_surplus_is_no_bump() {
        let cases = [
            (3_000, 3_000, 3_000, (3_000, 0, 0)),
            (3_000, 3_001, 3_001, (3_000, 1, 0)),
            (5_000, 4_999, 4_999, (5_000, -1, 0)),
            (10_000, 10_000, 12_000, (10_000, 0, 2_000)),
            (10_000, 10_001, 12_000, (10_000, 1, 1_999)),
        ];
        for (requested, payable, received, (receivable, bump, surplus)) in cases {
            let parts = row(requested, payable).receive(received, true);
            assert_eq!(parts, Parts { receivable, bump, surplus }, "{received} of {payable}");
        }
    }

    proptest! {
        /// However an order's money is cut, the parts sum to it, the whole of what was asked is
        /// settled, and the bump is the difference of the two amounts.
        #[test]
        fn parts_add_up_however_the_money_is_cut(
            requested in 1_i64..500,
            offset in -99_i64..100,
            cuts in prop::collection::vec(1_i64..300, 1..8),
        ) {
            let payable = (requested + offset).max(1);
            let mut row = row(requested, payable);
            let (mut came, mut sums) = (0, [0_i64; 3]);
            for cut in cuts {
                came += cut;
                let settles = came >= payable;
                let parts = row.receive(cut, settles);
                for (sum, part) in sums.iter_mut().zip([parts.receivable, parts.bump, parts.surplus]) {
                    *sum += part;
                }
                prop_assert_eq!(sums.iter().sum::<i64>(), came);
                prop_assert_eq!(row.rest(), if settles { 0 } else { (requested - came).max(0) });
                if settles {
                    prop_assert_eq!(sums, [requested, payable - requested, came - payable]);
                    break;
                }
            }
        }
    }
}
