//! The signed parameters of a callback and of the payer's way back.
//!
//! `price` is the asked amount and `money` the amount that came. Some shops (dujiaoka) compare
//! `money` with their own price and fail at the first fen of difference; for a merchant that is set
//! so, `money` says the asked amount, and the books still say what came. A payer has no say in it.
//!
//! Invariants: callback and way back carry the same parameters with the same signature, in the
//! character set of the order's request; nothing empty is sent; the newest key signs; nothing is
//! signed before the order is settled.
//! Deliberately not here: sending, and the schedule (policy), which ends with the first success.

use duizhang_listener_bridge::wire::{encode_bytes, md5_hex};
use duizhang_projections::orders::OrderView;

use super::kept::Kept;
use super::money::Money;
use super::numbers::pay_id_of;
use super::received::signed_bytes;
use crate::dialects::{Desk, proof, way};

/// The parameters with their signature; none where the merchant has no key, or the order is not
/// settled.
pub(super) fn signed_form(order: &OrderView, desk: &dyn Desk) -> Option<String> {
    if !order.status.is_settled() {
        return None;
    }
    let kept = Kept::of(order);
    let price = order.requested.decimal_text();
    let money = match kept.money {
        Money::Asked => price.clone(),
        Money::Paid => order.received.decimal_text(),
    };
    let paid_at = order.ended_at.unwrap_or(order.created_at);
    let pay_time = paid_at.secs().to_string();
    let pay_no = order.id.to_string();
    let pairs = [
        ("chart", kept.charset.word()),
        ("money", &money),
        ("param", order.attachment.as_deref().unwrap_or_default()),
        ("pay_id", pay_id_of(&order.number)),
        ("pay_no", &pay_no),
        ("pay_tag", "0"),
        ("pay_time", &pay_time),
        ("price", &price),
        ("status", "2"),
        ("tag", "0"),
        ("type", kept.kind),
    ];
    let signed = signed_bytes(pairs.into_iter(), kept.charset);
    let sign = proof::signed(&order.merchant, desk, &|key| md5_hex(&[&signed, key]))?;
    let mut form = String::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let value = encode_bytes(&kept.charset.bytes(value));
        form.push_str(&format!("{name}={value}&"));
    }
    form.push_str("sign=");
    form.push_str(&sign);
    Some(form)
}

/// Where the payer goes after paying: the shop, with the signed parameters once the order is
/// settled. None where the shop named no address.
pub(super) fn way_back(order: &OrderView, desk: &dyn Desk) -> Option<String> {
    let address = order.return_url.as_deref()?;
    Some(match signed_form(order, desk) {
        Some(form) => way::join(address, &form),
        None => String::from(address),
    })
}
