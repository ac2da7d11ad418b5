//! Callbacks by the Standard Webhooks specification.
//!
//! Invariants: the id is the same in every attempt and the timestamp header is the attempt's own;
//! every secret in force signs; nothing leaves unsigned. The body shows the order or refund as it
//! is when the attempt is made.
//! Deliberately not here: the signature itself ([`crate::webhook`]), sending, the schedule.

use duizhang_core::callback::Topic;
use duizhang_listener_bridge::wire::Method;

use super::answers::{order_body, refund_body};
use super::shown::Webhook;
use crate::dialects::{CallbackRequest, Desk, Message, Unsendable};
use crate::webhook::{SigningKey, sign};

/// Writes and signs a callback.
pub(super) fn write(message: &Message<'_>, desk: &dyn Desk) -> Result<CallbackRequest, Unsendable> {
    let kind = message.topic.word();
    let timestamp = desk.zone().rfc3339(message.since);
    let body = match (message.topic, message.refund) {
        (Topic::OrderPaid, _) => {
            serde_json::to_vec(&Webhook { kind, timestamp, data: order_body(message.order, desk) })
        }
        (Topic::RefundConfirmed(_) | Topic::RefundDeclined(_), Some(refund)) => {
            serde_json::to_vec(&Webhook { kind, timestamp, data: refund_body(refund, desk) })
        }
        (Topic::RefundConfirmed(_) | Topic::RefundDeclined(_), None) => {
            return Err(Unsendable::NoWord);
        }
    };
    let body = body.expect("texts and numbers are always JSON");
    let keys = keys_of(message, desk);
    let signed = sign(&message.callback.to_string(), message.at, &body, &keys);
    let signed = signed.ok_or(Unsendable::NoKey)?;
    let mut headers = vec![(String::from("content-type"), String::from("application/json"))];
    headers.extend(signed.map(|(name, value)| (String::from(name), value)));
    Ok(CallbackRequest { method: Method::Post, url: String::from(message.url), headers, body })
}

fn keys_of(message: &Message<'_>, desk: &dyn Desk) -> Vec<SigningKey> {
    let mut keys = Vec::new();
    desk.each_webhook_secret(&message.order.merchant, &mut |secret| {
        let text = std::str::from_utf8(secret).ok();
        keys.extend(text.and_then(|text| SigningKey::parse(text).ok()));
    });
    keys
}
