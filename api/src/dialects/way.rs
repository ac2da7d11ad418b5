//! Addresses: the payer's way to the cashier page and back to the shop.
//!
//! Invariants: nothing that was received can end an attribute, a script or a tag of the page that
//! leads to the cashier; what is joined to an address stands in front of its fragment.
//! Deliberately not here: which parameters a protocol joins, and whether an address may be called
//! ([`crate::outbound`]).

use duizhang_core::callback::Topic;
use duizhang_core::id::OrderId;
use duizhang_listener_bridge::wire::{Answer, Method};

use super::{CallbackRequest, Desk, Message, Unsendable};
use crate::outbound::UrlRefusal;

/// Where the payer pays an order.
pub(super) fn cashier_address(order: OrderId, desk: &dyn Desk) -> String {
    format!("{}/pay/{order}", desk.public_url())
}

/// A page that leads the payer's browser to the cashier page: by script, by a refresh where scripts
/// are forbidden, and as a link. The script stands first: GOGO's plug-in for ECShop cuts the
/// address out of the page, from the first `http` to the first quote before a tag.
pub(super) fn page_to_cashier(order: OrderId, desk: &dyn Desk) -> Answer {
    let address = inert(&cashier_address(order, desk));
    Answer::html(
        200,
        format!(
            "<script>window.location.href = '{address}'</script><meta charset=\"utf-8\">\
             <meta http-equiv=\"refresh\" content=\"0;url={address}\">\
             <a href=\"{address}\">前往支付</a>"
        ),
    )
}

/// An address in which every character that ends an attribute, a script or a tag is
/// percent-encoded.
fn inert(address: &str) -> String {
    let mut safe = String::with_capacity(address.len());
    for byte in address.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~:/?@[]%".contains(&byte);
        if plain {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02X}"));
        }
    }
    safe
}

/// An address with more parameters, in front of its fragment.
pub(super) fn join(address: &str, query: &str) -> String {
    let (base, fragment) = match address.split_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => (address, None),
    };
    let glue = match base.find('?') {
        None => "?",
        Some(_) if base.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    let mut joined = [base, glue, query].concat();
    if let Some(fragment) = fragment {
        joined.push('#');
        joined.push_str(fragment);
    }
    joined
}

/// Whether a text can be an address of the web. The path to a payer's browser and the deliverer
/// take no other scheme.
pub(super) fn is_web_address(text: &str) -> bool {
    let begins = |scheme: &str| {
        let head = text.as_bytes().get(..scheme.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    (begins("http://") || begins("https://")) && !text.chars().any(char::is_control)
}

/// An address for callbacks, if one is given. What no attempt could ever call is refused now, while
/// somebody reads the answer.
pub(super) fn callable(
    address: Option<String>,
    desk: &dyn Desk,
) -> Result<Option<String>, UrlRefusal> {
    address.as_deref().map_or(Ok(()), |address| desk.check_callback(address))?;
    Ok(address)
}

/// Checks a callback of a protocol that has a word for payments only.
pub(super) fn check_payment_callback(message: &Message<'_>) -> Result<(), Unsendable> {
    match message.topic {
        Topic::OrderPaid if is_web_address(message.url) => Ok(()),
        Topic::OrderPaid => Err(Unsendable::BadAddress),
        Topic::RefundConfirmed(_) | Topic::RefundDeclined(_) => Err(Unsendable::NoWord),
    }
}

/// A callback that posts a form.
pub(super) fn post_form(url: String, form: String) -> CallbackRequest {
    let media = String::from("application/x-www-form-urlencoded");
    CallbackRequest {
        method: Method::Post,
        url,
        headers: vec![(String::from("content-type"), media)],
        body: form.into_bytes(),
    }
}
