//! The signed parameters of a callback and of the payer's way back.
//!
//! `price` is the asked amount and `reallyPrice` the amount that came, both with two decimals, as
//! the original's tables say.
//!
//! Invariants: query, form and way back carry the same parameters with the same signature; every
//! value is percent-encoded; the newest key signs; nothing is signed before the order is settled;
//! the way back is signed only where the shop asked for it.
//! Deliberately not here: sending, and the schedule (policy).

use duizhang_core::channel::Channel;
use duizhang_listener_bridge::wire::{encode_component, md5_hex};
use duizhang_projections::orders::OrderView;

use crate::dialects::{Desk, proof, way};

/// Behind the type in an order's echo: the shop wants the parameters on the way back.
const SIGNED_RETURN: char = 'r';

/// What is kept of a request's own spelling: the type, and whether the way back is signed.
pub(super) fn echo_of(kind: &str, signed_return: bool) -> String {
    let mut echo = String::from(kind);
    echo.extend(signed_return.then_some(SIGNED_RETURN));
    echo
}

/// The type as the shop sent it.
pub(super) fn kind_of(order: &OrderView) -> &str {
    let known = order.echo.as_deref().map(|echo| echo.trim_end_matches(SIGNED_RETURN));
    let known = known.filter(|kind| matches!(*kind, "1" | "2"));
    known.unwrap_or(if order.channel == Channel::Alipay { "2" } else { "1" })
}

/// The parameters with their signature; none where the merchant has no key, or the order is not
/// settled.
pub(super) fn signed_params(order: &OrderView, desk: &dyn Desk) -> Option<String> {
    if !order.status.is_settled() {
        return None;
    }
    let param = order.attachment.as_deref().unwrap_or_default();
    let price = order.requested.decimal_text();
    let really_price = order.received.decimal_text();
    let texts = [&order.number, param, kind_of(order), &price, &really_price];
    let [pay_id_text, param_text, kind_text, price_text, really_text] = texts.map(str::as_bytes);
    let app_id = order.merchant.as_str().as_bytes();
    let sign = proof::signed(&order.merchant, desk, &|key| {
        md5_hex(&[app_id, pay_id_text, param_text, kind_text, price_text, really_text, key])
    })?;
    let [pay_id, param, kind, price, really_price] = texts.map(encode_component);
    Some(format!(
        "payId={pay_id}&param={param}&type={kind}&price={price}&reallyPrice={really_price}&sign={sign}"
    ))
}

/// Where the payer goes after paying. None where the shop named no address.
pub(super) fn way_back(order: &OrderView, desk: &dyn Desk) -> Option<String> {
    let address = order.return_url.as_deref()?;
    let wanted = order.echo.as_deref().is_some_and(|echo| echo.ends_with(SIGNED_RETURN));
    Some(match signed_params(order, desk).filter(|_| wanted) {
        Some(query) => way::join(address, &query),
        None => String::from(address),
    })
}
