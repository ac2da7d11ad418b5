//! The auditor's part on held and quarantined amounts.
//!
//! Invariants: as for the auditor; nothing here asks the rules.
//! Deliberately not here: who may get an amount (`auditor`), orders with codes of their own
//! (`codes`).

use alloc::format;

use super::auditor::Auditor;
use super::codes::Slot;
use super::list::Invariant;
use crate::amount::Amount;
use crate::id::OrderId;
use crate::time::Timestamp;

/// Who holds an amount, and until when once that has been decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) order: OrderId,
    pub(super) until: Option<Timestamp>,
}

impl Auditor {
    pub(super) fn holder(&mut self, order: OrderId) -> Option<(Slot, &mut Holder)> {
        let record = self.orders.get(&order)?;
        let own = record.own_code.then_some(order);
        let slot = (record.wallet, record.payable.minor(), own);
        self.holders.get_mut(&slot).filter(|holder| holder.order == order).map(|own| (slot, own))
    }

    /// The quarantine lasts as long as the policy says; one that has ended is not begun again.
    pub(super) fn quarantine(&mut self, order: OrderId, until: Timestamp) {
        let whole = until == self.at.plus(self.policy.quarantine);
        self.expect(whole, Invariant::QuarantineKept, "another length than the policy's");
        if let Some((_, holder)) = self.holder(order) {
            holder.until = Some(until);
        }
    }

    /// An order that waits for the rest keeps its amount for a quarantine from its deadline or from
    /// its first part, whichever is later; further parts move nothing.
    pub(super) fn keep(&mut self, order: OrderId, part: Amount, until: Timestamp) {
        let Some(record) = self.orders.get(&order) else { return };
        let first = record.received == i128::from(part.minor());
        let (expires_at, quarantine) = (record.expires_at, self.policy.quarantine);
        let now = self.at.plus(quarantine);
        let wanted = match self.holder(order).map(|(_, holder)| holder.until) {
            Some(None) => now.max(expires_at.plus(quarantine)),
            Some(Some(ends)) if first => now.max(ends),
            Some(Some(ends)) => ends,
            None => now,
        };
        let whole = until == wanted;
        self.expect(whole, Invariant::QuarantineKept, "another time than its own and the policy's");
        if let Some((_, holder)) = self.holder(order) {
            holder.until = Some(until);
        }
    }

    pub(super) fn release(&mut self, order: OrderId) {
        let at = self.at;
        let Some((slot, holder)) = self.holder(order) else {
            self.report(Invariant::KnownOnly, format!("{order} holds nothing to release"));
            return;
        };
        let ended = holder.until.is_some_and(|until| until <= at);
        self.holders.remove(&slot);
        self.expect(ended, Invariant::QuarantineKept, "released before its time");
    }
}
