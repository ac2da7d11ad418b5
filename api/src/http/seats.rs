//! Who may follow an order: the count of open streams, over all and by order.
//!
//! Invariants: a seat is taken and given back exactly once; an order that nobody follows takes no
//! memory.
//! Deliberately not here: what a stream says, and how long it lasts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use duizhang_core::id::OrderId;

/// Most cashier pages that follow their order at once: each holds a connection, and connections are
/// limited to 4,096.
const STREAMS_MAX: usize = 2_048;

/// Most pages that follow one order at once: a payer's phone and desktop, the shop's till and a few
/// reloaded tabs. Without it one leaked link could take all seats.
const STREAMS_PER_ORDER_MAX: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_order: BTreeMap<OrderId, usize>,
}

/// A stream's seat; dropping it gives the seat back.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    order: OrderId,
}

impl Seats {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self) -> usize {
        self.taken().all
    }

    /// A seat for a page of this order; none where there are too many.
    pub(super) fn take(self: &Arc<Self>, order: OrderId) -> Option<Seat> {
        let mut taken = self.taken();
        let here = taken.by_order.get(&order).copied().unwrap_or(0);
        if taken.all >= STREAMS_MAX || here >= STREAMS_PER_ORDER_MAX {
            return None;
        }
        taken.all += 1;
        taken.by_order.insert(order, here + 1);
        Some(Seat { seats: Arc::clone(self), order })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.all = taken.all.saturating_sub(1);
        let here = taken.by_order.get(&self.order).copied().unwrap_or(0);
        if here > 1 {
            taken.by_order.insert(self.order, here - 1);
        } else {
            taken.by_order.remove(&self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_order_cannot_take_the_seats_of_others_and_all_have_an_end() {
        let seats = Arc::new(Seats::default());
        let order = |number: usize| OrderId::from_bits(u128::try_from(number).unwrap());
        let mut sitting: Vec<Seat> = Vec::new();
        sitting.extend((0..20).filter_map(|_| seats.take(order(0))));
        assert_eq!(sitting.len(), STREAMS_PER_ORDER_MAX);
        let crowd = 1..=STREAMS_MAX;
        sitting.extend(crowd.filter_map(|number| seats.take(order(number))));
        assert_eq!((sitting.len(), seats.count()), (STREAMS_MAX, STREAMS_MAX));
        sitting.remove(0);
        assert!(seats.take(order(0)).is_some());
        sitting.clear();
        assert_eq!(seats.count(), 0);
        assert!(seats.taken().by_order.is_empty());
    }
}
