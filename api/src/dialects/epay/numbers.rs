//! The shop's number, over all orders that it stands for.
//!
//! Shops keep an `out_trade_no` while their own order is pending, and the original goes on with it
//! for ten days. An order here waits for minutes, and its amount is free for others afterwards. So
//! the same terms under the same number are the same order while that waits, and a fresh one, with
//! an amount of its own, once it has expired unpaid. In the book the second bears
//! `{out_trade_no}#2`; `#` stands in no `out_trade_no`.
//!
//! Invariants: the wire shows the shop's number and never a place; once an order of a number is
//! paid, or was closed by word, no other follows; changed terms make none, because the rules
//! compare them with those of the order before; no more than [`ORDERS_MAX`] numbers are looked at.
//! Deliberately not here: two requests at the same moment. Both come to the same number, and the
//! rules make the second a repeat of the first.

use duizhang_core::id::MerchantId;
use duizhang_core::limits::ORDER_NUMBER_BYTES_MAX;
use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_projections::orders::OrderView;

use crate::dialects::chain::Chain;
use crate::dialects::{Desk, Found};

/// What begins a place.
const JOINT: char = '#';
/// Most orders of one number: a payer who opens the same bill a hundred times in ten days is a
/// patient one. All of them are looked at when the number is asked for.
const ORDERS_MAX: u32 = 100;

/// Under which number an order is asked for, and under which again if that one expired unpaid; none
/// where nothing may follow it.
pub(super) struct Numbers {
    pub(super) asked: String,
    pub(super) again: Option<String>,
}

fn chain<'a>(merchant: &'a MerchantId, number: &'a str) -> Chain<'a> {
    Chain { merchant, stem: number, joint: JOINT, places_max: ORDERS_MAX }
}

/// The numbers in the book for a new order under a number of the shop's.
pub(super) fn of_new(merchant: &MerchantId, number: &str, desk: &dyn Desk) -> Numbers {
    let chain = chain(merchant, number);
    let last = chain.last_place(desk);
    let paid = (1..=last).rev().find(|place| {
        chain.find(*place, desk).is_some_and(|found| is_own(found) && found.status.is_settled())
    });
    let place = paid.unwrap_or(last.max(1));
    let expired = chain.find(place, desk).is_some_and(|found| found.status == OrderStatus::Expired);
    let again = (expired && place < ORDERS_MAX).then(|| chain.spelled(place.saturating_add(1)));
    Numbers {
        asked: chain.spelled(place),
        again: again.filter(|again| again.len() <= ORDER_NUMBER_BYTES_MAX),
    }
}

/// The order that a number of the shop's stands for: the paid one, else the newest.
pub(super) fn find(merchant: &MerchantId, number: &str, desk: &dyn Desk) -> Option<Found> {
    if number.contains(JOINT) {
        return None;
    }
    let chain = chain(merchant, number);
    let newest_first = (1..=chain.last_place(desk)).rev();
    let orders: Vec<Found> = newest_first
        .filter_map(|place| chain.find(place, desk))
        .filter(|found| is_own(*found))
        .collect();
    let paid = orders.iter().find(|found| found.status.is_settled());
    paid.or(orders.first()).copied()
}

/// The shop's own number of an order.
pub(super) fn out_trade_no(order: &OrderView) -> &str {
    shops_number(&order.number)
}

/// The shop's own number, of one in the book.
pub(super) fn shops_number(number: &str) -> &str {
    number.split_once(JOINT).map_or(number, |(stem, _)| stem)
}

fn is_own(found: Found) -> bool {
    found.dialect == Dialect::Epay
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::desk_for_tests::{TestDesk, merchant, open_order};

    fn desk(orders: &[(&str, OrderStatus)]) -> TestDesk {
        let numbers = orders.iter().map(|(number, status)| (String::from(*number), *status));
        TestDesk { numbers: numbers.collect(), ..TestDesk::default() }
    }

    #[test]
    fn a_number_goes_on_once_its_order_has_expired_and_in_no_other_case() {
        use OrderStatus::{Closed, Expired, Open, Overpaid, Paid, PaidLate, Underpaid};
        let cases: [(&[OrderStatus], &str, Option<&str>); 12] = [
            (&[], "T", None),
            (&[Open], "T", None),
            (&[Underpaid], "T", None),
            (&[Closed], "T", None),
            (&[Paid], "T", None),
            (&[Expired], "T", Some("T#2")),
            (&[Expired, Open], "T#2", None),
            (&[Expired, Closed], "T#2", None),
            (&[Expired, Expired], "T#2", Some("T#3")),
            (&[PaidLate, Open], "T", None),
            (&[Expired, Overpaid, Expired], "T#2", None),
            (&[PaidLate, Paid, Open], "T#2", None),
        ];
        for (standing, asked, again) in cases {
            let numbers = ["T", "T#2", "T#3"].into_iter().zip(standing.iter().copied());
            let desk = desk(&numbers.collect::<Vec<_>>());
            let found = of_new(&merchant("1001"), "T", &desk);
            assert_eq!((found.asked.as_str(), found.again.as_deref()), (asked, again));
            let told = find(&merchant("1001"), "T", &desk);
            let paid = standing.iter().rposition(|status| status.is_settled());
            let expected = paid.or(standing.len().checked_sub(1));
            let status = told.map(|found| found.status);
            assert_eq!(status, expected.map(|at| standing[at]), "{standing:?}");
        }
    }

    #[test]
    fn a_chain_has_an_end_and_so_has_a_number() {
        let places = (1..=ORDERS_MAX).map(|place| chain(&merchant("1001"), "T").spelled(place));
        let numbers = places.map(|number| (number, OrderStatus::Expired)).collect();
        let full = TestDesk { numbers, ..TestDesk::default() };
        let found = of_new(&merchant("1001"), "T", &full);
        assert_eq!((found.asked.as_str(), found.again), ("T#100", None));
        let long = "x".repeat(ORDER_NUMBER_BYTES_MAX - 1);
        let found = of_new(&merchant("1001"), &long, &desk(&[(&long, OrderStatus::Expired)]));
        assert_eq!((found.asked, found.again), (long, None));
    }

    #[test]
    fn a_place_is_not_named_from_outside_and_other_protocols_orders_are_not_there() {
        let two = desk(&[("T", OrderStatus::Expired), ("T#2", OrderStatus::Open)]);
        assert_eq!(find(&merchant("1001"), "T#2", &two), None);
        assert_eq!(find(&merchant("1001"), "VMQ_1", &two), None);
        assert_eq!(find(&merchant("2002"), "T", &two), None);
        let second = OrderView { number: String::from("T#2"), ..open_order(Dialect::Epay) };
        assert_eq!(out_trade_no(&second), "T");
    }
}
