//! The invariants as predicates over a state.
//!
//! Invariants: reads only; costs one walk over all orders, so it is for tests, the simulator and
//! `audit`, and not for the way of a payment.
//! Deliberately not here: what only the history shows (`auditor`).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::list::{Invariant, Violation};
use crate::code::OwnCode;
use crate::id::OrderId;
use crate::order::OrderStatus;
use crate::refund::RefundState;
use crate::state::{Deadline, MerchantIndex, OrderRow, Reservation, State, WalletIndex};
use crate::time::Timestamp;

/// Every invariant that a state alone can break, and how this one does.
#[must_use]
pub fn check(state: &State) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, invariant: Invariant, what: String| {
        if !holds {
            found.push(Violation { invariant, position: state.position(), what });
        }
    };
    let mut holders = BTreeSet::new();
    let mut open: BTreeMap<MerchantIndex, u32> = BTreeMap::new();
    let claims = claims(state);
    let refunded = refunded(state);
    let due = Due::of(state);
    for row in state.orders() {
        if row.reservation != Reservation::Released && row.code == OwnCode::None {
            let alone = holders.insert((row.wallet, row.payable));
            expect(alone, Invariant::OneHolder, format!("{} holds a second time", row.id));
        }
        expect(due.fits(row), Invariant::StateAgrees, format!("deadline of {}", row.id));
        expect(status_fits(row), Invariant::SettledOnce, format!("{} is {}", row.id, row.status));
        let claimed = claims.get(&row.id).copied().unwrap_or_default();
        let told = u32::from(row.claims);
        expect(told == claimed, Invariant::StateAgrees, format!("claims on {}", row.id));
        let back = refunded.get(&row.id).copied().unwrap_or_default();
        let within = back == i128::from(row.refunded) && row.refunded <= row.received;
        expect(within, Invariant::RefundsWithinReceived, format!("refunds of {}", row.id));
        let count = open.entry(row.merchant).or_default();
        *count = count.saturating_add(u32::from(row.status == OrderStatus::Open));
    }
    for (merchant, count) in open {
        let agrees = state.open_orders(merchant) == count;
        expect(agrees, Invariant::StateAgrees, format!("open orders: {count}"));
    }
    let mut taken: BTreeMap<u16, u32> = BTreeMap::new();
    for (wallet, _) in &holders {
        let count = taken.entry(wallet.number()).or_default();
        *count = count.saturating_add(1);
    }
    for (amount, agrees) in pooled(state, &holders) {
        expect(agrees, Invariant::StateAgrees, format!("pool of amount {amount}"));
    }
    for (index, wallet) in (0_u16..).zip(state.wallets()) {
        let agrees = taken.get(&index).copied().unwrap_or_default() == wallet.slots.holds();
        expect(agrees, Invariant::StateAgrees, format!("amounts of {}", wallet.declared.id));
    }
    expect(state.open_sets_agree(), Invariant::StateAgrees, String::from("open breaks"));
    for (id, record) in state.breaks().filter(|(_, record)| record.is_open()) {
        let closed = state.closed_day(record.booked);
        let accepted = closed.is_none_or(|closed| closed.accepted.contains(&id));
        expect(accepted, Invariant::ClosedDayClean, format!("{id} is open in a closed day"));
    }
    let totals = state.totals();
    let held = state.held_payments().map(|(_, held)| i128::from(held.amount.minor()));
    let held = held.fold(0_i128, i128::saturating_add);
    let matched = state.orders().map(|row| i128::from(row.received));
    let matched = matched.fold(0_i128, i128::saturating_add);
    let adds_up = totals.held == held
        && totals.matched == matched
        && totals.observed == matched.saturating_add(held).saturating_add(totals.dismissed);
    expect(adds_up, Invariant::SuspenseAddsUp, format!("{totals:?}"));
    found
}

/// Every amount that is held or remembered, and whether its pool counts as the rows do.
fn pooled(state: &State, holders: &BTreeSet<(WalletIndex, i64)>) -> Vec<(i64, bool)> {
    let pool_of = |wallet: WalletIndex| state.wallets()[usize::from(wallet.number())].pool;
    let mut counts: BTreeMap<(u16, i64), (u32, u32)> = BTreeMap::new();
    for (wallet, minor) in holders {
        let count = counts.entry((pool_of(*wallet), *minor)).or_default();
        count.0 = count.0.saturating_add(1);
    }
    let mut since = Timestamp::MIN;
    let mut in_order = true;
    for row in state.remembered() {
        in_order &= row.reservation == Reservation::Released && row.reserved_until >= since;
        since = row.reserved_until;
        let count = counts.entry((pool_of(row.wallet), row.payable)).or_default();
        count.1 = count.1.saturating_add(1);
    }
    let agrees = |((pool, minor), count): ((u16, i64), (u32, u32))| {
        let pool = state.pool(&state.wallets()[usize::from(pool)]);
        (minor, in_order && (pool.holders(minor), pool.memories(minor)) == count)
    };
    counts.into_iter().map(agrees).collect()
}

/// How many held payments name each order.
fn claims(state: &State) -> BTreeMap<OrderId, u32> {
    let mut claims: BTreeMap<OrderId, u32> = BTreeMap::new();
    for order in state.held_payments().flat_map(|(_, held)| &held.candidates) {
        let count = claims.entry(*order).or_default();
        *count = count.saturating_add(1);
    }
    claims
}

/// What is on its way back, or back, of each order.
fn refunded(state: &State) -> BTreeMap<OrderId, i128> {
    let mut sums: BTreeMap<OrderId, i128> = BTreeMap::new();
    for (_, refund) in state.refunds().filter(|(_, one)| one.state != RefundState::Declined) {
        let sum = sums.entry(refund.order).or_default();
        *sum = sum.saturating_add(i128::from(refund.amount.minor()));
    }
    sums
}

/// The orders with a deadline ahead.
#[derive(Default)]
struct Due {
    expire: BTreeSet<OrderId>,
    release: BTreeSet<OrderId>,
}

impl Due {
    fn of(state: &State) -> Self {
        let mut due = Self::default();
        for deadline in state.due(Timestamp::MAX) {
            match deadline {
                Deadline::Expire(order) => due.expire.insert(order),
                Deadline::Release(order) => due.release.insert(order),
                Deadline::Silence(..) => false,
            };
        }
        due
    }

    /// A held amount expires, a quarantined one is released, a released one has nothing ahead.
    fn fits(&self, row: &OrderRow) -> bool {
        let ahead = (self.expire.contains(&row.id), self.release.contains(&row.id));
        match row.reservation {
            Reservation::Held => ahead == (true, false),
            Reservation::Quarantined => ahead == (false, true),
            Reservation::Released => ahead == (false, false),
        }
    }
}

fn status_fits(row: &OrderRow) -> bool {
    match row.status {
        OrderStatus::Open => row.received == 0 && row.reservation == Reservation::Held,
        OrderStatus::Expired | OrderStatus::Closed => {
            row.received == 0 && row.reservation != Reservation::Held
        }
        OrderStatus::Paid | OrderStatus::PaidLate => {
            row.received == row.payable && row.reservation != Reservation::Held
        }
        OrderStatus::Overpaid => row.received > row.payable,
        OrderStatus::Underpaid => row.received > 0 && row.received < row.payable,
    }
}
