//! Folding refunds into the state.
//!
//! Invariants: as for every fold: no rule and no refusal here.
//! Deliberately not here: what may be given back ([`crate::refund`]).

use super::State;
use crate::fact::Fact;
use crate::id::RefundId;
use crate::refund::{self, RefundRecord, RefundState};

impl State {
    pub(super) fn advance_refund(&mut self, refund: RefundId, to: RefundState) {
        let record = self.refunds.get_mut(&refund).expect("the refund exists");
        record.state = to;
        let (order, amount) = (record.order, record.amount.minor());
        if to == RefundState::Declined {
            let row = self.row_mut(order);
            row.refunded = row.refunded.saturating_sub(amount);
        }
    }

    pub(super) fn open_refund(&mut self, fact: &Fact) {
        let Fact::RefundRequested(request) = fact else {
            panic!("a refund is opened only on its request")
        };
        let row = self.row_mut(request.order);
        row.refunded = row.refunded.saturating_add(request.amount.minor());
        let key = refund::number_key(&request.merchant, &request.number);
        self.refund_numbers.insert(key, request.refund);
        let (order, amount) = (request.order, request.amount);
        let record = RefundRecord { order, amount, state: RefundState::Requested };
        self.refunds.insert(request.refund, record);
    }
}
