//! The two clear-text tokens of the protocol, both made from the merchant's key.
//!
//! The original lets a shop set a `token` of its own beside the key and send it in the clear, and
//! gives each order a `notiry_key` (its spelling). Here both are halves of an HMAC under the
//! merchant's key with a purpose in front: nobody can make the key from them, rotating the key
//! rotates them, and who never computed the merchant's token never opened that door.
//!
//! Invariants: a token of one purpose is none of the other; comparing takes the same time wherever
//! texts differ.
//! Deliberately not here: which requests may be proven by a token.

use duizhang_core::id::OrderId;
use duizhang_listener_bridge::wire::{hex_equal, hex_lower, hmac_sha256};

/// How many hexadecimal digits of the HMAC are used: 128 bits, the length of an MD5 signature, in
/// the 50 characters that the protocol allows.
const TOKEN_DIGITS: usize = 32;

/// The token by which a shop creates orders and asks for them without signing.
pub(super) fn merchant_token(key: &[u8]) -> String {
    derived(key, "codepay token")
}

/// The token of one order, by which its page may ask whether it is paid.
pub(super) fn order_token(key: &[u8], order: OrderId) -> String {
    derived(key, &format!("codepay order {order}"))
}

/// Whether a text is the merchant's token under a key.
pub(super) fn is_merchant_token(token: &str, key: &[u8]) -> bool {
    hex_equal(token, &merchant_token(key))
}

/// Whether a text is an order's token under a key.
pub(super) fn is_order_token(token: &str, key: &[u8], order: OrderId) -> bool {
    hex_equal(token, &order_token(key, order))
}

fn derived(key: &[u8], purpose: &str) -> String {
    let mut text = hex_lower(&hmac_sha256(key, purpose.as_bytes()));
    text.truncate(TOKEN_DIGITS);
    text
}
