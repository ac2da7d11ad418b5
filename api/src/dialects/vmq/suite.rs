//! The signature of the fork `gyhua96/vmq-suite`: HMAC-SHA256 over names and values.
//!
//! A request with `signType=HMAC_SHA256` is signed over its fields with `signType`, `timestamp` and
//! `nonce`, sorted by name and joined as `a=1&b=2`, empty values included. An order that was asked
//! for in this way is called back in this way. Names in the text and no `&` or `=` in a value leave
//! one reading, so a strict merchant's texts are free here.
//!
//! Invariants: a stale or missing `timestamp`, a missing or odd `nonce` and a wrong signature are
//! one answer; every attempt of a callback has a nonce of its own.
//! Deliberately not here: a memory of nonces. What the fork keeps them against, a request sent
//! twice, changes nothing here: the same order again is the same order, and closed stays closed.
//!
//! Wire facts: `gyhua96/vmq-suite: apps/vmq-api/src/main/java/com/vone/mq/service/`
//! `SignatureService.java`, `CallbackPayloadBuilder.java`, `.../utils/SigningUtil.java`,
//! `docs/vmq-suite/INTERFACE_SPEC.md`.

use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::{Params, encode_component, hex_equal, hex_lower, hmac_sha256};
use duizhang_projections::orders::OrderView;

use super::callback::{java_text, kind_of};
use crate::dialects::{Desk, MerchantCard, proof};

/// The value of `signType`.
const SIGN_TYPE: &str = "HMAC_SHA256";
/// How far a request's time may be from ours, as in the fork.
const WINDOW: Span = Span::from_mins(5);
/// Longest nonce in bytes, as in the fork.
const NONCE_BYTES_MAX: usize = 128;
/// Hexadecimal digits of a nonce that we make: those of the UUID that the fork sends.
const NONCE_DIGITS: usize = 32;

/// Whether a request says that it is signed in this way.
pub(super) fn is_asked(params: &Params) -> bool {
    params.get("signType").is_some_and(|kind| kind.eq_ignore_ascii_case(SIGN_TYPE))
}

/// The merchant, if `sign` was made with one of its keys over these fields, and lately.
pub(super) fn verify(
    params: &Params,
    fields: &[(&str, &str)],
    sign: &str,
    merchant: Option<MerchantCard>,
    desk: &dyn Desk,
) -> Option<MerchantCard> {
    let get = |name| params.get(name).unwrap_or_default();
    let (timestamp, nonce) = (get("timestamp"), get("nonce"));
    let own = [("signType", get("signType")), ("timestamp", timestamp), ("nonce", nonce)];
    let text = canonical(&[fields, &own].concat());
    let merchant = proof::proven(merchant, desk, &|key| hex_equal(sign, &signature(key, &text)));
    merchant.filter(|_| is_fresh(timestamp, desk.now()) && is_nonce(nonce))
}

/// The parameters of a callback with their signature; none where the merchant has no key.
pub(super) fn signed_query(order: &OrderView, at: Timestamp, desk: &dyn Desk) -> Option<String> {
    let (price, really_price) = (java_text(order.requested), java_text(order.received));
    let event = format!("payment-{}", order.id);
    let timestamp = at.millis().to_string();
    let nonce = proof::signed(&order.merchant, desk, &|key| {
        let mut text = signature(key, &format!("nonce {event} {timestamp}"));
        text.truncate(NONCE_DIGITS);
        text
    })?;
    let fields = [
        ("payId", order.number.as_str()),
        ("param", order.attachment.as_deref().unwrap_or_default()),
        ("type", kind_of(order)),
        ("price", &price),
        ("reallyPrice", &really_price),
        ("signType", SIGN_TYPE),
        ("eventId", &event),
        ("timestamp", &timestamp),
        ("nonce", &nonce),
    ];
    let text = canonical(&fields);
    let sign = proof::signed(&order.merchant, desk, &|key| signature(key, &text))?;
    let mut query = String::new();
    for (name, value) in fields {
        query.push_str(&format!("{name}={}&", encode_component(value)));
    }
    query.push_str("sign=");
    query.push_str(&sign);
    Some(query)
}

/// The text that is signed.
pub(super) fn canonical(fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let pieces: Vec<String> =
        sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pieces.join("&")
}

/// The signature of a text, in lower-case hexadecimal.
pub(super) fn signature(key: &[u8], text: &str) -> String {
    hex_lower(&hmac_sha256(key, text.as_bytes()))
}

fn is_fresh(timestamp: &str, now: Timestamp) -> bool {
    let digits = timestamp.len() == 13 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let sent = timestamp.parse().ok().filter(|_| digits).map(Timestamp::from_millis);
    sent.is_some_and(|sent| sent.distance(now) <= WINDOW)
}

fn is_nonce(text: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '&' | '=');
    (1..=NONCE_BYTES_MAX).contains(&text.len()) && !text.trim().is_empty() && !text.contains(odd)
}
