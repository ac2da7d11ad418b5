//! The signed parameters of a callback and of the payer's way back, and what counts as success.
//!
//! `price` is the asked amount and `pay_price` the amount that came, both with two decimals, as the
//! original's examples show them.
//!
//! Invariants: form and way back carry the same parameters with the same signature; every value is
//! percent-encoded; the newest key signs, in lower case, because the original's PHP compares texts;
//! nothing is signed before the order is settled.
//! Deliberately not here: sending, and the schedule (policy).

use duizhang_listener_bridge::wire::{encode_component, md5_hex};
use duizhang_projections::orders::OrderView;

use super::requests::aoid_of;
use crate::dialects::{Desk, Judged, proof, way};

/// The parameters with their signature; none where the merchant has no key, or the order is not
/// settled.
pub(super) fn signed_form(order: &OrderView, desk: &dyn Desk) -> Option<String> {
    if !order.status.is_settled() {
        return None;
    }
    let aoid = aoid_of(order.id);
    let order_uid = order.attachment.as_deref().unwrap_or_default();
    let price = order.requested.decimal_text();
    let pay_price = order.received.decimal_text();
    let texts = [&aoid, &order.number, order_uid, &price, &pay_price];
    let signed_texts = texts.map(str::as_bytes);
    let sign = proof::signed(&order.merchant, desk, &|key| {
        md5_hex(&[signed_texts.as_slice(), &[key]].concat())
    })?;
    let [aoid, order_id, order_uid, price, pay_price] = texts.map(encode_component);
    Some(format!(
        "aoid={aoid}&order_id={order_id}&order_uid={order_uid}&price={price}&pay_price={pay_price}&sign={sign}"
    ))
}

/// Where the payer goes after paying: the shop, with the signed parameters once the order is
/// settled. None where the shop named no address.
pub(super) fn way_back(order: &OrderView, desk: &dyn Desk) -> Option<String> {
    let address = order.return_url.as_deref()?;
    Some(match signed_form(order, desk) {
        Some(query) => way::join(address, &query),
        None => String::from(address),
    })
}

/// Success is the status 200, whatever the body says.
pub(super) fn judge(status: u16) -> Judged {
    if status == 200 { Judged::Acknowledged } else { Judged::NotYet }
}
