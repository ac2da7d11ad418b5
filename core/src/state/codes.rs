//! By what an order is paid: an amount of its wallet, or a code of its own.
//!
//! Invariants: an order has one of the two; a code on a wallet names one order, for ever, so memory
//! grows by 20 bytes with each.
//! Deliberately not here: which amount is free (`pools`), and who gets a code ([`crate::code`]).

use super::orders::{NO_ROW, digest_hash};
use super::{OrderRow, Reservation, State, WalletState};
use crate::code::{OwnCode, code_key};
use crate::digest::Digest;
use crate::fact::CodeIssued;

impl State {
    /// An order by the code that was made for it ([`crate::code::code_key`]).
    #[must_use]
    pub fn order_by_code(&self, key: Digest) -> Option<&OrderRow> {
        let found = self.codes.find(digest_hash(key), |(other, _)| *other == key)?;
        Some(self.orders.row(found.1))
    }

    /// Takes a free amount for an order.
    pub(super) fn take(&mut self, wallet: usize, minor: i64, number: u32) {
        let WalletState { slots, pool, .. } = &mut self.wallets[wallet];
        let previous = slots.take(minor, number);
        self.pools[usize::from(*pool)].take(minor);
        let over = |before| self.orders.row(before).reservation == Reservation::Released;
        assert!(previous.is_none_or(over), "one amount of a wallet has one holder");
        self.orders.row_mut(number).previous = previous.unwrap_or(NO_ROW);
    }

    pub(super) fn issue_code(&mut self, issued: &CodeIssued) {
        let number = self.orders.number_of(issued.order).expect("the order was accepted");
        let row = self.orders.row_mut(number);
        row.code = OwnCode::Issued;
        let wallet = usize::from(row.wallet.0);
        let key = code_key(&self.wallets[wallet].declared.id, &issued.reference);
        self.codes.insert_unique(digest_hash(key), (key, number), |(other, _)| digest_hash(*other));
    }
}
