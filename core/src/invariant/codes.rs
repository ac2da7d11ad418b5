//! The auditor's part on codes of orders' own.
//!
//! Invariants: as for the auditor; nothing here asks the rules.
//! Deliberately not here: amounts held by orders that are paid by a wallet's code (`auditor`).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;

use super::auditor::Auditor;
use super::list::Invariant;
use crate::amount::Amount;
use crate::channel::Channel;
use crate::fact::{CodeIssued, Fact, Judgement, Wallet};
use crate::id::{OrderId, WalletId};
use crate::matcher::Rule;

/// A wallet's amount; with the order where that has a code of its own, because it then keeps nobody
/// from the same amount.
pub(super) type Slot = (u16, i64, Option<OrderId>);

/// What the auditor remembers of codes.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes {
    /// The wallets whose orders get codes of their own.
    giving: BTreeSet<WalletId>,
    /// Wallet and number of every code, with its order.
    issued: BTreeMap<(WalletId, String), OrderId>,
    /// The orders that wait for their code.
    awaiting: BTreeSet<OrderId>,
}

impl Codes {
    pub(super) fn declare(&mut self, wallet: &Wallet) {
        if wallet.channel == Channel::Youzan && wallet.qr.is_none() && wallet.fixed.is_empty() {
            self.giving.insert(wallet.id.clone());
        } else {
            self.giving.remove(&wallet.id);
        }
    }

    /// Whether an order that is accepted on this wallet now gets a code of its own.
    pub(super) fn accept(&mut self, order: OrderId, wallet: &WalletId) -> bool {
        let own = self.giving.contains(wallet);
        if own {
            self.awaiting.insert(order);
        }
        own
    }
}

impl Auditor {
    pub(super) fn code_issued(&mut self, issued: &CodeIssued) {
        let record = self.orders.get(&issued.order);
        let open = record.is_some_and(|record| record.open);
        let wallet = record.and_then(|record| self.wallets.get(usize::from(record.wallet)));
        let wallet = wallet.cloned();
        let awaited = self.codes.awaiting.remove(&issued.order);
        self.expect(open && awaited, Invariant::KnownOnly, "a code for an order without need");
        let Some(wallet) = wallet else { return };
        let key = (wallet, issued.reference.clone());
        if let Some(other) = self.codes.issued.insert(key, issued.order) {
            self.report(Invariant::NeverGuessed, format!("{other} has this code"));
        }
    }

    /// Money of a trade settles only the order of its code, and only with what is missing of it.
    pub(super) fn matched_by_code(
        &mut self,
        fact: &Fact,
        order: OrderId,
        rule: Rule,
        amount: Amount,
    ) {
        let Fact::EvidenceJudged(judged) = fact else { return };
        let Judgement::Trade { wallet, reference, .. } = &judged.judgement else { return };
        let code = reference.clone().map(|reference| (wallet.clone(), reference));
        let named = code.is_some_and(|code| self.codes.issued.get(&code) == Some(&order));
        let right = named && rule == Rule::Reference;
        let missing = self
            .orders
            .get(&order)
            .map(|record| i128::from(record.payable.minor()).saturating_sub(record.received));
        let exact = missing == Some(i128::from(amount.minor()));
        self.expect(right, Invariant::NeverGuessed, "the trade's code is not the order's");
        self.expect(exact, Invariant::MatchedExactly, "the trade's amount is not what is missing");
    }
}
