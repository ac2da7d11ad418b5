//! Fingerprints of a whole state, for tests that compare states.
//!
//! Invariants: equal states have equal fingerprints on every machine: hash tables are asked, or
//! sorted after a walk, so their order cannot leak; a fingerprint of the money leaves out only what
//! hearing a device changes.
//! Deliberately not here: anything that a decision may use.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use super::State;
use super::model::DeadlineKey;
use super::orders::digest_hash;
use crate::digest::Digest;

impl State {
    /// The fingerprint of everything.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        let links: Vec<u16> = self.wallets.iter().map(|wallet| wallet.pool).collect();
        let heard = (self.now, self.position, &self.devices, &self.deadlines);
        let heard = format!("{heard:?}{links:?}{:?}{:?}", self.pools, self.remembered);
        Digest::of(&[self.money_portrait().as_bytes(), heard.as_bytes()])
    }

    /// The fingerprint of everything but time, place and what devices say and link: what a repeat
    /// must not change.
    #[must_use]
    pub fn money_fingerprint(&self) -> Digest {
        Digest::of(&[self.money_portrait().as_bytes()])
    }

    fn money_portrait(&self) -> String {
        let mut text = String::new();
        let wallets: Vec<_> = self.wallets.iter().map(|one| (&one.declared, &one.slots)).collect();
        let declared = (self.open, &self.policy, &self.merchants, wallets, &self.open_orders);
        let numbers = (&self.merchant_numbers, &self.wallet_numbers, &self.device_numbers);
        let questions = (&self.questions, &self.held, &self.dismissed, &self.totals, &self.seen);
        let callbacks = (&self.pending_callbacks, &self.refund_topics);
        let refunds = (&self.refunds, &self.refund_numbers, &self.books, &self.reckonings);
        write!(text, "{declared:?}{numbers:?}{questions:?}{callbacks:?}{refunds:?}")
            .expect("a string takes any text");
        for row in self.orders() {
            let found = (self.order(row.id).is_some(), self.order_by_number(row.key).is_some());
            write!(text, "{row:?}{found:?}").expect("a string takes any text");
        }
        for seen in &self.seen {
            let found = self.seen_numbers.find(digest_hash(seen.key), |number| {
                usize::try_from(*number).is_ok_and(|number| self.seen[number].key == seen.key)
            });
            write!(text, "{found:?}").expect("a string takes any text");
        }
        let mut keys: Vec<_> = self.idempotency.iter().copied().collect();
        keys.sort_unstable();
        let mut codes: alloc::vec::Vec<_> = self.codes.iter().copied().collect();
        codes.sort_unstable();
        let due = self.deadlines.iter().filter(|(_, key)| matches!(key, DeadlineKey::Order(_)));
        for (at, key) in due {
            write!(text, "{at:?}{key:?}").expect("a string takes any text");
        }
        write!(text, "{keys:?}{codes:?}").expect("a string takes any text");
        text
    }
}
