//! Who signed: what the protocols share that sign with a merchant's key.
//!
//! Invariants: an unknown merchant, one without a key and a wrong signature are one answer, at the
//! cost of at least one try each; every key is tried whatever the ones before said; an empty key
//! never fits; the newest key signs.
//! Deliberately not here: any protocol's formula.

use duizhang_core::id::MerchantId;

use super::{Desk, MerchantCard};

/// A path below `/m/{merchant}/`, taken apart: the merchant that it names and the path of the
/// protocol, without the slash in front. None for what is no path.
pub(super) fn split_merchant(path: &str) -> Option<(Option<&str>, &str)> {
    match path.strip_prefix("/m/") {
        Some(below) => below.split_once('/').map(|(merchant, rest)| (Some(merchant), rest)),
        None => path.strip_prefix('/').map(|rest| (None, rest)),
    }
}

/// The enabled merchant of a name; the one that answers where none is named.
pub(super) fn merchant_named(name: Option<&str>, desk: &dyn Desk) -> Option<MerchantCard> {
    let id = match name {
        Some(text) => MerchantId::new(text).ok()?,
        None => desk.default_merchant()?,
    };
    desk.merchant(&id)
}

/// The merchant, if one of its keys `fits`.
pub(super) fn proven(
    merchant: Option<MerchantCard>,
    desk: &dyn Desk,
    fits: &dyn Fn(&[u8]) -> bool,
) -> Option<MerchantCard> {
    let mut found = None;
    if let Some(card) = &merchant {
        desk.each_key(&card.id, &mut |key| {
            let this = fits(key) && !key.is_empty();
            found = Some(found.unwrap_or(false) | this);
        });
    }
    if found.is_none() {
        // An unknown merchant costs the hash that a known one does.
        std::hint::black_box(fits(b""));
    }
    merchant.filter(|_| found == Some(true))
}

/// What `sign` makes with the newest key of a merchant; none where it has no key.
pub(super) fn signed(
    merchant: &MerchantId,
    desk: &dyn Desk,
    sign: &dyn Fn(&[u8]) -> String,
) -> Option<String> {
    let mut newest = None;
    desk.each_key(merchant, &mut |key| {
        if newest.is_none() && !key.is_empty() {
            newest = Some(sign(key));
        }
    });
    newest
}

#[cfg(test)]
mod tests {
    use super::super::desk_for_tests::{KEY, OLD_KEY, STRICT_KEY, TestDesk, merchant};
    use super::*;

    #[test]
    fn paths_with_and_without_a_merchant() {
        let cases = [
            ("/createOrder", Some((None, "createOrder"))),
            ("/m/1001/createOrder", Some((Some("1001"), "createOrder"))),
            ("/m/1001/api/pay/1", Some((Some("1001"), "api/pay/1"))),
            ("/m/1001", None),
            ("createOrder", None),
            ("", None),
        ];
        for (path, taken) in cases {
            assert_eq!(split_merchant(path), taken, "{path}");
        }
    }

    #[test]
    fn only_a_merchants_own_keys_prove_it() {
        let cases = [
            (Some("1001"), KEY, true),
            (Some("1001"), OLD_KEY, true),
            (None, KEY, true),
            (Some("1001"), STRICT_KEY, false),
            (Some("2002"), KEY, false),
            (Some("3003"), KEY, false),
            (Some("3003"), "", false),
            (Some("4004"), KEY, false),
            (Some("5005"), "", false),
            (Some("not a name!"), KEY, false),
        ];
        for (name, key, expected) in cases {
            let desk = TestDesk::default();
            let card = merchant_named(name, &desk);
            let tries = std::cell::Cell::new(0);
            let found = proven(card, &desk, &|known| {
                tries.set(tries.get() + 1);
                known == key.as_bytes()
            });
            assert_eq!(found.is_some(), expected, "{name:?} {key}");
            assert!(tries.get() >= 1, "{name:?}: a try is made for everybody");
        }
    }

    #[test]
    fn the_newest_key_signs_and_an_empty_one_never() {
        let sign = |key: &[u8]| String::from_utf8(key.to_vec()).expect("text");
        for (name, signed_with) in [("1001", Some(KEY)), ("3003", None), ("5005", None)] {
            let made = signed(&merchant(name), &TestDesk::default(), &sign);
            assert_eq!(made.as_deref(), signed_with, "{name}");
        }
    }
}
