//! Orders that follow each other under one number of the shop's.
//!
//! The book knows an order by a number that is used once. Where a protocol lets a shop ask again
//! under the same number, the orders of it are a chain: the first bears the stem, the second
//! `{stem}{joint}2`, and so on without a gap.
//!
//! Invariants: a place is spelled in one way; the last one is found with few looks, because all
//! places before it are taken.
//! Deliberately not here: when the next order may follow (each protocol's own rule).

use duizhang_core::id::MerchantId;

use super::{Desk, Found, OrderQuery};

/// The orders of one number.
pub(super) struct Chain<'a> {
    /// Whose they are.
    pub(super) merchant: &'a MerchantId,
    /// The number in the book of the first of them.
    pub(super) stem: &'a str,
    /// What stands between the stem and a place.
    pub(super) joint: char,
    /// Most of them.
    pub(super) places_max: u32,
}

impl Chain<'_> {
    /// The number in the book of the order at a place; the first place is 1.
    pub(super) fn spelled(&self, place: u32) -> String {
        match place {
            1 => String::from(self.stem),
            _ => format!("{}{}{place}", self.stem, self.joint),
        }
    }

    /// The order at a place.
    pub(super) fn find(&self, place: u32, desk: &dyn Desk) -> Option<Found> {
        desk.find(self.merchant, &OrderQuery::Number(self.spelled(place)))
    }

    /// The last place that is taken; 0 where none is.
    pub(super) fn last_place(&self, desk: &dyn Desk) -> u32 {
        last_place(self.places_max, &|place| self.find(place, desk).is_some())
    }
}

/// The last place that is taken, by doubling and halving.
fn last_place(places_max: u32, taken: &dyn Fn(u32) -> bool) -> u32 {
    let mut free = 1_u32;
    while free <= places_max && taken(free) {
        free = free.saturating_mul(2);
    }
    let mut last = free / 2;
    while free.saturating_sub(last) > 1 {
        let middle = last.midpoint(free);
        if taken(middle) {
            last = middle;
        } else {
            free = middle;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::desk_for_tests::{TestDesk, merchant};
    use duizhang_core::order::OrderStatus;
    use proptest::prelude::*;

    #[test]
    fn places_are_numbers_of_the_book() {
        let merchant = merchant("1001");
        let chain = Chain { merchant: &merchant, stem: "A-2", joint: '#', places_max: 99 };
        let mut desk = TestDesk::default();
        for place in 0..5 {
            assert_eq!(chain.last_place(&desk), place);
            assert_eq!(chain.find(place + 1, &desk), None);
            desk.numbers.push((chain.spelled(place + 1), OrderStatus::Expired));
        }
        let numbers: Vec<_> = desk.numbers.iter().map(|(number, _)| number.as_str()).collect();
        assert_eq!(numbers, ["A-2", "A-2#2", "A-2#3", "A-2#4", "A-2#5"]);
        let status = chain.find(5, &desk).map(|found| found.status);
        assert_eq!(status, Some(OrderStatus::Expired));
    }

    proptest! {
        #[test]
        fn the_last_place_is_found_with_few_looks(count in 0..=1_000_000_u32) {
            let looks = std::cell::Cell::new(0);
            let found = last_place(1_000_000, &|place| {
                looks.set(looks.get() + 1);
                place <= count
            });
            prop_assert_eq!(found, count);
            prop_assert!(looks.get() <= 42, "{} looks", looks.get());
        }
    }
}
