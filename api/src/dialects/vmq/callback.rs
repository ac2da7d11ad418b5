//! The signed parameters of a callback and of the payer's way back.
//!
//! `price` is the asked amount and `reallyPrice` the amount that came. The original prints them as
//! Java prints a double (`10.0`), and a shop in Java that parses and prints them again before
//! hashing agrees with no other spelling, so this is the default. A strict merchant gets exactly
//! two decimals, because the one reading of the strict grammar needs them.
//!
//! Invariants: both addresses carry the same parameters with the same signature; every value is
//! percent-encoded; the newest key signs; nothing is signed before the order is settled.
//! Deliberately not here: sending, and the schedule (policy).

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::wire::{encode_component, md5_hex};
use duizhang_projections::orders::OrderView;

use super::fox::BY_FOX;
use super::requests::BY_HMAC;
use super::suite;
use crate::dialects::{Desk, proof, way};

/// The parameters with their signature; none where the merchant has no key, or the order is not
/// settled. `at` is the time of the attempt.
pub(super) fn signed_query(order: &OrderView, at: Timestamp, desk: &dyn Desk) -> Option<String> {
    if !order.status.is_settled() {
        return None;
    }
    if kept_words(order).1 == Some(BY_HMAC) {
        return suite::signed_query(order, at, desk);
    }
    let strict = desk.merchant(&order.merchant).is_some_and(|card| card.strict);
    let two_decimals = strict || kept_words(order).1 == Some(BY_FOX);
    let spell = if two_decimals { Amount::decimal_text } else { java_text };
    let price = spell(order.requested);
    let really_price = spell(order.received);
    let param = order.attachment.as_deref().unwrap_or_default();
    let texts = [&order.number, param, kind_of(order), &price, &really_price];
    let signed_texts = texts.map(str::as_bytes);
    let sign = proof::signed(&order.merchant, desk, &|key| {
        md5_hex(&[signed_texts.as_slice(), &[key]].concat())
    })?;
    let [pay_id, param, kind, price, really_price] = texts.map(encode_component);
    Some(format!(
        "payId={pay_id}&param={param}&type={kind}&price={price}&reallyPrice={really_price}&sign={sign}"
    ))
}

/// Where the payer goes after paying: the shop, with the signed parameters once the order is
/// settled. None where the shop named no address.
pub(super) fn way_back(order: &OrderView, desk: &dyn Desk) -> Option<String> {
    let address = order.return_url.as_deref()?;
    Some(match signed_query(order, desk.now(), desk) {
        Some(query) => way::join(address, &query),
        None => String::from(address),
    })
}

/// The type as the shop sent it.
pub(super) fn kind_of(order: &OrderView) -> &str {
    let known = kept_words(order).0.filter(|kind| matches!(*kind, "1" | "2"));
    known.unwrap_or(if order.channel == Channel::Alipay { "2" } else { "1" })
}

/// What an order keeps of its request's form: the type, and the fork's word where it came by one.
fn kept_words(order: &OrderView) -> (Option<&str>, Option<&str>) {
    let mut words = order.echo.as_deref().unwrap_or_default().split(' ');
    (words.next(), words.next())
}

/// An amount as Java prints a double below ten million: without zeros at its end, but with one
/// decimal at least. Larger amounts are printed in the same way, where Java would turn to powers of
/// ten.
pub(super) fn java_text(amount: Amount) -> String {
    let text = amount.decimal_text();
    match text.strip_suffix('0') {
        Some(shorter) if shorter.contains('.') => String::from(shorter),
        _ => text,
    }
}
