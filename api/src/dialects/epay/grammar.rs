//! Which values a signed request may hold, because the signed text has no escapes.
//!
//! A value that holds `&name=` lets one signature fit several requests: `name=VIP&out_trade_no=1`
//! is one parameter or two. Real addresses hold `&` and `=` in their queries, so neither can simply
//! be refused. The rules look at the *pieces* of a value: what stands between its `&`s, behind the
//! first.
//!
//! - **Lax** (the default): a piece `core=x`, whose name is one of the core names below, must say
//!   the same as that parameter itself, up to its own first `&`. Take two readings of one text that
//!   both pass. Where a core parameter begins in one, the other either begins it at the same place
//!   or holds that piece inside a value, and then it says the same. So number, amount, merchant,
//!   the merchant's own text, and both addresses up to their first `&` are the same in every
//!   reading. What can differ is the rest: name, type, device, and the tails of the addresses.
//! - **Strict**: parameters are those of the protocol, and no value holds a piece with the name of
//!   one. Then each piece with such a name begins a parameter and no other piece does, so there is
//!   one reading.
//!
//! In both, a parameter's name holds neither `&`, `=` nor control characters, and no value holds a
//! control character.
//! Invariants: as above (`unique.rs` counts over every grouping of a text's pieces).

use duizhang_listener_bridge::wire::Params;

use super::canon::{is_filled, signable};

/// What must not change between two readings. The last six never stand beside an order's own
/// parameters, but do in callbacks and refunds.
const CORE: [&str; 12] = [
    "money",
    "notify_url",
    "out_trade_no",
    "param",
    "pid",
    "return_url",
    "api_trade_no",
    "out_refund_no",
    "refund_no",
    "timestamp",
    "trade_no",
    "trade_status",
];

/// What the core holds beyond an address's own concern: a shop's address may speak of these, and
/// addresses stand in no callback.
const NOT_OF_ADDRESSES: [&str; 6] =
    ["api_trade_no", "out_refund_no", "refund_no", "timestamp", "trade_no", "trade_status"];

/// Every name of the protocol; strict merchants may send no others.
const NAMES: [&str; 30] = [
    "act",
    "api_trade_no",
    "auth_code",
    "buyer",
    "channel_id",
    "clientip",
    "device",
    "is_applet",
    "limit",
    "method",
    "money",
    "name",
    "notify_url",
    "offset",
    "out_refund_no",
    "out_trade_no",
    "page",
    "param",
    "pid",
    "refund_no",
    "return_url",
    "sitename",
    "status",
    "sub_appid",
    "sub_openid",
    "timestamp",
    "trade_no",
    "trade_status",
    "type",
    "version",
];

/// Checks a signed request.
///
/// # Errors
/// The name of the parameter that breaks the rules; an empty one where it cannot be shown.
pub(super) fn check(params: &Params, strict: bool) -> Result<(), String> {
    let pairs: Vec<_> = signable(params).filter(|(_, value)| is_filled(value)).collect();
    check_pairs(&pairs, strict).map_err(String::from)
}

/// Checks the pairs of one reading.
///
/// # Errors
/// As [`check`].
pub(super) fn check_pairs<'a>(pairs: &[(&'a str, &'a str)], strict: bool) -> Result<(), &'a str> {
    for (name, value) in pairs {
        if name.chars().any(|c| c.is_control() || matches!(c, '&' | '=')) {
            return Err("");
        }
        let clear =
            if strict { has_one_reading(name, value) } else { is_harmless(name, value, pairs) };
        if value.chars().any(char::is_control) || !clear {
            return Err(name);
        }
    }
    Ok(())
}

fn has_one_reading(name: &str, value: &str) -> bool {
    let mut named = later_pieces(value).filter_map(|piece| piece.split_once('='));
    NAMES.contains(&name) && !named.any(|(inner, _)| NAMES.contains(&inner))
}

fn is_harmless(name: &str, value: &str, pairs: &[(&str, &str)]) -> bool {
    let address = matches!(name, "notify_url" | "return_url");
    let said = |core: &str| {
        let own = pairs.iter().find(|(other, _)| *other == core);
        own.map(|(_, value)| value.split('&').next().unwrap_or_default())
    };
    let mut named = later_pieces(value).filter_map(|piece| piece.split_once('='));
    named.all(|(inner, text)| {
        let free = !CORE.contains(&inner) || (address && NOT_OF_ADDRESSES.contains(&inner));
        free || said(inner) == Some(text)
    })
}

/// What stands between the `&`s of a value, without what stands before the first.
fn later_pieces(value: &str) -> impl Iterator<Item = &str> {
    value.split('&').skip(1)
}
