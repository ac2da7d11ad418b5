//! The signed form that tells the shop of a payment.
//!
//! `tradeNo` is Youzan's number of the trade and of the code, `payment` what came, in fen. The
//! original passes Youzan's status on; the shop is told when the money is there, so the status is
//! always `TRADE_SUCCESS`. `uuid` named the payer's account at Youzan; whose money it was is not
//! kept here, and the formula does not cover it, so it stays empty.
//!
//! Invariants: the newest key signs; the same message says the same in every attempt but for its
//! time, which is the attempt's, because shops refuse old ones.
//! Deliberately not here: sending, and to which address (the deliverer).

use duizhang_listener_bridge::wire::{encode_component, md5_hex};

use crate::dialects::{Desk, Message, proof};

const STATUS: &str = "TRADE_SUCCESS";

/// The form with its signature; none where the merchant has no key, or the order is not settled.
pub(super) fn signed_form(message: &Message<'_>, desk: &dyn Desk) -> Option<String> {
    let order = message.order;
    if !order.status.is_settled() {
        return None;
    }
    let id = order.id.to_string();
    // Money that a person assigned may be of no trade, and our own number then stands for it.
    let trade = order.trade.as_deref().unwrap_or(&id);
    let code = order.code.as_ref().map_or(id.as_str(), |code| &code.reference);
    let trade_no = format!("{trade}-{code}");
    let payment = order.received.minor().to_string();
    let time = message.at.secs().to_string();
    let signed = [&time, &trade_no, &order.number, &payment, STATUS].join("|");
    let sign =
        proof::signed(&order.merchant, desk, &|key| md5_hex(&[signed.as_bytes(), b"|", key]))?;
    let pairs = [
        ("tradeNo", trade_no.as_str()),
        ("orderId", &order.number),
        ("payment", &payment),
        ("status", STATUS),
        ("uuid", ""),
        ("sign", &sign),
        ("time", &time),
    ];
    let pairs = pairs.map(|(name, value)| format!("{name}={}", encode_component(value)));
    Some(pairs.join("&"))
}
