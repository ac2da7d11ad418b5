//! Which texts may stand in a signed concatenation.
//!
//! The formula `md5(payId + param + type + price + key)` has no separators, so one signature can
//! fit several requests. The plain grammar refuses what is dangerous and unused. The strict grammar
//! leaves one reading: a param begins with one of `| { ~ :`, which no payId, order id or number
//! holds, and ends with a character that no number holds. So the first mark ends payId, the last
//! character that is neither digit nor dot ends param, and what follows is one digit of type and
//! one or two prices with exactly two decimals, of which only one split exists. Texts without a
//! mark are a heartbeat (13 digits), a push (digits with one dot) or a close (an order id, which
//! begins with a letter). `getState` signs the same digits as a heartbeat: it only asks, and phones
//! have keys of their own.
//!
//! Invariants: under the strict grammar no two messages of the protocol sign the same text
//! (`unique.rs` counts).
//! Deliberately not here: comparing a payId with those of known orders; that would need the order
//! table.

use crate::dialects::strict::{is_marked, is_odd, is_strict_number, is_strict_price};

/// The signed texts of `createOrder`, as received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    /// The merchant's number.
    pub(super) pay_id: &'a str,
    /// The merchant's own text.
    pub(super) param: &'a str,
    /// The type, `1` or `2`.
    pub(super) kind: &'a str,
    /// The price.
    pub(super) price: &'a str,
}

impl<'a> Signed<'a> {
    /// Names and texts in the order of the formula, without the key.
    pub(super) fn fields(&self) -> [(&'static str, &'a str); 4] {
        [("payId", self.pay_id), ("param", self.param), ("type", self.kind), ("price", self.price)]
    }

    /// Checks what holds for every merchant.
    ///
    /// # Errors
    /// The name of the parameter that breaks it.
    pub(super) fn check_plain(&self) -> Result<(), &'static str> {
        let texts = [("payId", self.pay_id), ("param", self.param), ("price", self.price)];
        texts.into_iter().find(|(_, text)| is_odd(text)).map_or(Ok(()), |(name, _)| Err(name))
    }

    /// Checks what leaves one reading.
    ///
    /// # Errors
    /// The name of the parameter that breaks it.
    pub(super) fn check_strict(&self) -> Result<(), &'static str> {
        if !is_strict_number(self.pay_id) {
            return Err("payId");
        }
        if !is_marked(self.param) {
            return Err("param");
        }
        if !is_strict_price(self.price) {
            return Err("price");
        }
        Ok(())
    }
}
