//! The merchant's number of an order, in a protocol that has none.
//!
//! `pay_id` says who pays: an order number, a user's name, even an address, and some shops put
//! their order number into `param` instead. So an order is known by all its terms together, and by
//! how many came before it: the same terms again are the same order while that waits, and a new one
//! once it is over, for a user who pays 100 twice is not a repeat.
//!
//! A number is `{pay_id}#{16 digits of the terms}` and from the second order on `-2`, `-3`. The
//! orders of one chain follow each other without a gap, because the next is made only when the last
//! is over.
//!
//! Invariants: the text before the last `#` is the `pay_id`; no more than about forty numbers are
//! looked up.
//! Deliberately not here: two requests at the same moment. Both find the same number, and the rules
//! make the second a repeat of the first.

use duizhang_core::digest::Digest;
use duizhang_core::id::MerchantId;
use duizhang_core::order::OrderStatus;

use crate::dialects::chain::Chain;
use crate::dialects::{Desk, Found};

/// Longest `pay_id` in bytes, as the original says. With `#`, 16 digits, `-` and 7 digits that
/// makes 125 of the 128 that a number may have.
pub(super) const PAY_ID_BYTES_MAX: usize = 100;
/// Most orders with the same terms: a user who pays the same amount every minute for a year makes
/// half a million.
const CHAIN_MAX: u32 = 1_000_000;

/// The number under which an order of these terms is asked for now; none where the chain is full.
pub(super) fn number_of(
    merchant: &MerchantId,
    pay_id: &str,
    terms: &[&str],
    desk: &dyn Desk,
) -> Option<String> {
    let stem = stem(pay_id, terms);
    let chain = Chain { merchant, stem: &stem, joint: '-', places_max: CHAIN_MAX };
    let last = chain.last_place(desk);
    let waits = |found: Found| matches!(found.status, OrderStatus::Open | OrderStatus::Underpaid);
    let place =
        if chain.find(last, desk).is_some_and(waits) { last } else { last.saturating_add(1) };
    (place <= CHAIN_MAX).then(|| chain.spelled(place))
}

/// The `pay_id` that a number was made from.
pub(super) fn pay_id_of(number: &str) -> &str {
    number.rsplit_once('#').map_or(number, |(pay_id, _)| pay_id)
}

fn stem(pay_id: &str, terms: &[&str]) -> String {
    let mut parts: Vec<&[u8]> = vec![b"codepay"];
    parts.extend(terms.iter().map(|text| text.as_bytes()));
    let mut digits = format!("{:?}", Digest::of(&parts));
    digits.truncate(16);
    format!("{pay_id}#{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::desk_for_tests::{TestDesk, merchant};

    fn next(desk: &TestDesk) -> Option<String> {
        number_of(&merchant("1001"), "admin", &["", "1", "100.00"], desk)
    }

    #[test]
    fn terms_that_wait_are_the_same_and_terms_that_are_over_are_new() {
        use OrderStatus::{Closed, Expired, Open, Overpaid, Paid, PaidLate, Underpaid};
        let mut desk = TestDesk::default();
        let first = next(&desk).unwrap();
        assert!(first.starts_with("admin#") && first.len() == 22, "{first}");
        for (status, again) in [(Open, true), (Underpaid, true), (Paid, false), (Closed, false)] {
            desk.numbers = vec![(first.clone(), status)];
            let expected = if again { first.clone() } else { format!("{first}-2") };
            assert_eq!(next(&desk), Some(expected), "{status}");
        }
        for over in [Expired, PaidLate, Overpaid] {
            desk.numbers = vec![(first.clone(), Paid), (format!("{first}-2"), over)];
            assert_eq!(next(&desk), Some(format!("{first}-3")), "{over}");
        }
        desk.numbers.push((format!("{first}-3"), Open));
        assert_eq!(next(&desk), Some(format!("{first}-3")));
    }

    #[test]
    fn every_term_counts_and_no_boundary_is_lost() {
        let desk = TestDesk::default();
        let number = |terms: &[&str]| number_of(&merchant("1001"), "a", terms, &desk).unwrap();
        let all = [
            number(&["", "1", "100.00"]),
            number(&["x", "1", "100.00"]),
            number(&["", "3", "100.00"]),
            number(&["", "1", "100.01"]),
            number(&["1", "", "100.00"]),
            number(&["1100.00", "", ""]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{one}");
        }
    }

    #[test]
    fn the_pay_id_is_found_again() {
        let desk = TestDesk::default();
        for pay_id in ["admin", "a#b", "127.0.0.1", "#", "订单-2"] {
            let number = number_of(&merchant("1001"), pay_id, &["p"], &desk).unwrap();
            assert_eq!(pay_id_of(&number), pay_id);
            assert_eq!(pay_id_of(&format!("{number}-2")), pay_id);
        }
    }
}
