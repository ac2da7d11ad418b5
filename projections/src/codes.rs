//! What orders with codes of their own have beside their row.
//!
//! Invariants: only positions are kept; the code and the trade are read from the log when somebody
//! looks. An order that is told to several addresses counts as acknowledged when all of them have
//! it, and as abandoned as soon as one of them will not get it any more and none is still tried.

use std::collections::BTreeMap;

use duizhang_core::callback::CallbackId;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Fact, Judgement};
use duizhang_core::id::{OrderId, PaymentId};
use duizhang_core::position::Position;

use crate::callbacks::CallbackStanding;
use crate::projection::Projection;

/// Where the code of an order, and the trade that paid it, lie in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// The fact that the code was made.
    pub code: Position,
    /// The fact that says which trade it was.
    pub trade: Option<Position>,
}

/// All codes of orders' own.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    places: BTreeMap<OrderId, Places>,
    /// The trades whose money is observed and not an order's yet.
    trades: BTreeMap<PaymentId, Position>,
    /// How each message about these orders stands.
    told: BTreeMap<OrderId, BTreeMap<u16, CallbackStanding>>,
}

impl Projection for Codes {
    fn fold(&mut self, chapter: &Chapter) {
        if let Fact::CodeIssued(issued) = &chapter.fact {
            let places = Places { code: chapter.position, trade: None };
            self.places.insert(issued.order, places);
        }
        for decision in &chapter.decisions {
            match decision {
                Decision::PaymentObserved { payment, .. } => {
                    if let Fact::EvidenceJudged(judged) = &chapter.fact
                        && matches!(judged.judgement, Judgement::Trade { .. })
                    {
                        self.trades.insert(*payment, chapter.position);
                    }
                }
                Decision::OrderPaid { order, payment, .. } => {
                    if let Some(trade) = self.trades.remove(payment)
                        && let Some(places) = self.places.get_mut(order)
                    {
                        places.trade = Some(trade);
                    }
                }
                Decision::CallbackScheduled { callback, .. } => {
                    self.tell(*callback, CallbackStanding::Pending);
                }
                Decision::CallbackAcknowledged { callback } => {
                    self.tell(*callback, CallbackStanding::Acknowledged);
                }
                Decision::CallbackAbandoned { callback } => {
                    self.tell(*callback, CallbackStanding::Abandoned);
                }
                _ => {}
            }
        }
    }
}

impl Codes {
    fn tell(&mut self, callback: CallbackId, standing: CallbackStanding) {
        if self.places.contains_key(&callback.order) {
            self.told.entry(callback.order).or_default().insert(callback.number, standing);
        }
    }

    /// Where the code of an order and its trade lie; none where it has no code of its own.
    #[must_use]
    pub fn of(&self, order: OrderId) -> Option<Places> {
        self.places.get(&order).copied()
    }

    /// How the messages to all addresses of an order stand together.
    #[must_use]
    pub fn standing(&self, order: OrderId) -> Option<CallbackStanding> {
        let told = self.told.get(&order)?;
        let any = |one| told.values().any(|standing| *standing == one);
        let worst = [CallbackStanding::Pending, CallbackStanding::Abandoned];
        worst.into_iter().find(|standing| any(*standing)).or(Some(CallbackStanding::Acknowledged))
    }
}
