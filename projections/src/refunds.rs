//! Refunds as readers see them.

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{MerchantId, OrderId, RefundId};
use duizhang_core::refund::RefundState;
use duizhang_core::time::Timestamp;

use crate::projection::Projection;

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundView {
    /// Its id.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// Who asked.
    pub merchant: MerchantId,
    /// The merchant's own number.
    pub number: String,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub state: RefundState,
    /// The evidence given at the last step.
    pub evidence: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// All refunds.
#[derive(Clone, Debug, Default)]
pub struct Refunds(BTreeMap<RefundId, RefundView>);

impl Projection for Refunds {
    fn fold(&mut self, chapter: &Chapter) {
        for decision in &chapter.decisions {
            match (decision, &chapter.fact) {
                (Decision::RefundOpened { refund }, Fact::RefundRequested(request)) => {
                    let view = RefundView {
                        id: *refund,
                        order: request.order,
                        merchant: request.merchant.clone(),
                        number: request.number.clone(),
                        amount: request.amount,
                        reason: request.reason.clone(),
                        state: RefundState::Requested,
                        evidence: None,
                        created_at: chapter.at,
                        updated_at: chapter.at,
                    };
                    self.0.insert(*refund, view);
                }
                (Decision::RefundAdvanced { refund, to }, Fact::RefundStepTaken(taken)) => {
                    if let Some(view) = self.0.get_mut(refund) {
                        view.state = *to;
                        view.evidence = Some(taken.evidence.clone());
                        view.updated_at = chapter.at;
                    }
                }
                _ => {}
            }
        }
    }
}

impl Refunds {
    /// A refund by id.
    #[must_use]
    pub fn get(&self, refund: RefundId) -> Option<&RefundView> {
        self.0.get(&refund)
    }

    /// The refunds of an order, in the order of their ids.
    pub fn of_order(&self, order: OrderId) -> impl Iterator<Item = &RefundView> {
        self.0.values().filter(move |refund| refund.order == order)
    }

    /// All refunds, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &RefundView> {
        self.0.values()
    }
}
