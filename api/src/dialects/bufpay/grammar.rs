//! Which texts may stand in a signed concatenation.
//!
//! The formula joins eight texts without separators, so one signature can fit several requests. The
//! plain grammar refuses what is dangerous and unused. The strict grammar leaves one reading:
//!
//! - `name` holds neither `alipay` nor `wechat`, so the first of these words ends it; neither word
//!   begins as any of them ends, so none can lie across the border;
//! - `price` has two decimals, so it ends behind them;
//! - `order_id` holds no mark, and `order_uid` is marked (see [`crate::dialects::strict`]) or
//!   empty, and holds neither `:` nor `/`;
//! - each address begins with `http` or `https`, holds one `://`, and the later ones stand only
//!   where the earlier ones do. So each `://` has one beginning in front of it.
//!
//! A callback joins an id of 32 digits, `order_id`, `order_uid` and two prices, without any
//! `://`, while a request has one; a strict `order_uid` is never empty, and ends with a character
//! that no price holds.
//!
//! Invariants: under the strict grammar no two messages of the protocol sign the same text
//! (`unique.rs` counts).
//! Deliberately not here: messages of another protocol that the same key signs; a merchant has one
//! protocol.

use crate::dialects::strict::{is_marked, is_odd, is_strict_number, is_strict_price};

/// The signed texts of a request, as received; what is absent is empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    /// What is sold.
    pub(super) name: &'a str,
    /// `alipay` or `wechat`.
    pub(super) pay_type: &'a str,
    /// The price.
    pub(super) price: &'a str,
    /// The merchant's number.
    pub(super) order_id: &'a str,
    /// The merchant's word for the buyer.
    pub(super) order_uid: &'a str,
    /// Where the callback goes.
    pub(super) notify_url: &'a str,
    /// Where the payer's browser goes afterwards.
    pub(super) return_url: &'a str,
    /// Signed by newer clients; no source says what for, so it is checked and not kept.
    pub(super) feedback_url: &'a str,
}

impl<'a> Signed<'a> {
    /// The texts with their names, in the order of the formula.
    pub(super) fn named(&self) -> [(&'static str, &'a str); 8] {
        [
            ("name", self.name),
            ("pay_type", self.pay_type),
            ("price", self.price),
            ("order_id", self.order_id),
            ("order_uid", self.order_uid),
            ("notify_url", self.notify_url),
            ("return_url", self.return_url),
            ("feedback_url", self.feedback_url),
        ]
    }

    /// Checks what holds for every merchant. Goods may be called `A&B`, and addresses have
    /// parameters, so only the other texts may not hold what other formulas separate by.
    ///
    /// # Errors
    /// The name of the parameter that breaks it.
    pub(super) fn check_plain(&self) -> Result<(), &'static str> {
        let odd = |(name, text): &(&str, &str)| match *name {
            "price" | "order_id" | "order_uid" => is_odd(text),
            _ => text.chars().any(char::is_control),
        };
        self.named().iter().find(|named| odd(named)).map_or(Ok(()), |(name, _)| Err(*name))
    }

    /// Checks what leaves one reading.
    ///
    /// # Errors
    /// The name of the parameter that breaks it.
    pub(super) fn check_strict(&self) -> Result<(), &'static str> {
        let fits = |(name, text): &(&str, &str)| match *name {
            "name" => is_strict_name(text),
            "pay_type" => is_pay_type(text),
            "price" => is_strict_price(text),
            "order_id" => is_strict_number(text),
            "order_uid" => is_strict_uid(text),
            "notify_url" => is_strict_address(text),
            "return_url" => text.is_empty() || is_strict_address(text),
            _ => text.is_empty() || (is_strict_address(text) && !self.return_url.is_empty()),
        };
        self.named().iter().find(|named| !fits(named)).map_or(Ok(()), |(name, _)| Err(*name))
    }
}

/// `alipay` or `wechat`
pub(super) fn is_pay_type(text: &str) -> bool {
    matches!(text, "alipay" | "wechat")
}

/// Not empty, and without the words of `pay_type`.
pub(super) fn is_strict_name(text: &str) -> bool {
    !text.is_empty()
        && !text.contains("alipay")
        && !text.contains("wechat")
        && !text.chars().any(char::is_control)
}

/// Marked, and without what an address begins with.
pub(super) fn is_strict_uid(text: &str) -> bool {
    is_marked(text) && !text.contains([':', '/'])
}

/// An address with one `://`, behind its scheme in lower case.
pub(super) fn is_strict_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    matches!(scheme, "http" | "https")
        && !rest.is_empty()
        && !rest.contains("://")
        && !text.chars().any(char::is_control)
}
