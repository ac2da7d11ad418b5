//! Which texts may stand in a request.
//!
//! The formula `md5(a=1&b=2 + key)` joins values that may hold `&` and `=` themselves, so one
//! signature can fit several requests. The plain grammar refuses `&` where a payer's own text may
//! stand (`pay_id`, `param`) and in everything that is read as a number or a word; addresses keep
//! theirs. But a piece of an address, what stands behind one of its `&`s, that is named like a core
//! parameter must say the same as that parameter, up to its own first `&`. Take two readings of one
//! text that both pass: where a core parameter begins in one, the other either begins it at the
//! same place or holds that piece inside an address, and then it says the same. `id` and
//! `notify_url` need no such rule: parameters are sorted, and no address stands before them that
//! could hold them. The strict grammar allows no `&` in any value and only letters, digits and `_`
//! in a name: then each `&` ends a value, the first `=` after it ends a name, and a signed text has
//! one reading.
//!
//! Invariants: two readings of a text agree in merchant, `pay_id`, `price` and `param`, and in the
//! addresses up to their first `&` (`unique.rs` counts both grammars over every reading); the name
//! of a script function is a chain of plain identifiers, so that nothing else can be made to stand
//! in front of a JSONP answer.
//! Deliberately not here: the signature itself.

use super::received::Received;

/// Longest name of a script function in bytes: jQuery's are about 40 (`jQuery` with 21 digits, `_`
/// and 13 digits of time).
pub(super) const CALL_BYTES_MAX: usize = 64;
/// Parameters that hold addresses, in which `&` is usual.
const ADDRESSES: [&str; 3] = ["notify_url", "return_url", "qrcode_url"];

/// What must not change between two readings and could stand in an address before its own place.
const CORE: [&str; 4] = ["param", "pay_id", "price", "return_url"];

/// Checks what holds for every merchant.
///
/// # Errors
/// The name of the parameter that breaks it.
pub(super) fn check_plain(received: &Received) -> Result<(), String> {
    let pairs: Vec<_> = received.pairs().collect();
    check_pairs(&pairs).map_err(String::from)
}

/// Checks the parameters of one reading.
///
/// # Errors
/// As [`check_plain`].
pub(super) fn check_pairs<'a>(pairs: &[(&'a str, &'a str)]) -> Result<(), &'a str> {
    let odd = |(name, value): &&(&str, &str)| {
        let address = ADDRESSES.contains(name);
        let marks = name.contains(['&', '=']) || (value.contains('&') && !address);
        let control = [*name, *value].iter().any(|text| text.chars().any(char::is_control));
        marks || control || !is_harmless(value, pairs)
    };
    pairs.iter().find(odd).map_or(Ok(()), |(name, _)| Err(*name))
}

/// Whether the pieces of a value say of the core what its parameters say.
fn is_harmless(value: &str, pairs: &[(&str, &str)]) -> bool {
    let said = |core: &str| {
        let own = pairs.iter().find(|(other, _)| *other == core);
        own.map(|(_, value)| value.split('&').next().unwrap_or_default())
    };
    let mut named = value.split('&').skip(1).filter_map(|piece| piece.split_once('='));
    named.all(|(inner, text)| !CORE.contains(&inner) || said(inner) == Some(text))
}

/// Checks what leaves one reading.
///
/// # Errors
/// The name of the parameter that breaks it.
pub(super) fn check_strict(received: &Received) -> Result<(), String> {
    let odd = |(name, value): &(&str, &str)| !is_strict_name(name) || !is_strict_value(value);
    let found = received.pairs().find(odd);
    found.map_or(Ok(()), |(name, _)| Err(String::from(name)))
}

/// `[A-Za-z0-9_]+`
pub(super) fn is_strict_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Holds nothing that ends a value.
pub(super) fn is_strict_value(text: &str) -> bool {
    !text.contains('&') && !text.chars().any(char::is_control)
}

/// Identifiers with dots between them, as in `callback` or `window.shop.paid`.
pub(super) fn is_call(text: &str) -> bool {
    let identifier = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
        text.bytes().all(plain) && text.starts_with(|c: char| !c.is_ascii_digit())
    };
    (1..=CALL_BYTES_MAX).contains(&text.len()) && text.split('.').all(identifier)
}

/// An address of the web, or one relative to the shop's page, that a picture may come from.
pub(super) fn is_picture_address(text: &str) -> bool {
    let relative = || {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/?=&%".contains(&byte);
        !text.starts_with("//") && text.bytes().all(plain)
    };
    crate::dialects::way::is_web_address(text) || relative()
}
