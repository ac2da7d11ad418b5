//! Which order a payment settles.
//!
//! A strong reference (our order id, the merchant's number in the payer's remark) goes first, and one that differs
//! is a veto. Otherwise the orders that held (wallet, amount) when the payment was made are the candidates.
//!
//! Invariants: a payment settles by itself only where one order, and no other payment, could be meant (ISOLATED);
//! everything else is held with its candidates. An amount that is not exactly the payable one never settles without a
//! reference or an operator. The latest time that evidence can be from is when it came in: a device's clock
//! only ever adds candidates, it never takes the true one away.
//! Deliberately not here: reconciliation with statements, which sees a whole day at once.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::callback::{self, Topic};
use crate::decide::Ruling;
use crate::decision::Decision;
use crate::fact::PaymentAssigned;
use crate::id::{OrderId, PaymentId};
use crate::limits::{CANDIDATES_MAX, NOTE_BYTES_MAX};
use crate::order::{self, OrderStatus};
use crate::policy::{LateRule, Policy};
use crate::rejection::Rejection;
use crate::state::{OrderRow, State, WalletIndex};
use crate::time::Timestamp;

/// How sure a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// One payment, one order, no other candidate on either side: settles by itself.
    Isolated,
    /// The only place that is left when others are taken as right: proposed.
    Forced,
    /// Several could be meant, or one could but something speaks against it: held.
    Ambiguous,
    /// No order could be meant: held.
    Orphan,
    /// A person decided.
    Assigned,
}

/// By what a payment found its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rule {
    /// A reference that names the order.
    Reference,
    /// Wallet, amount and time.
    Slot,
    /// A person's word.
    Operator,
}

/// Why a payment is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldReason {
    /// No order held this amount at that time.
    NoOrder,
    /// Several orders could be meant.
    SeveralOrders,
    /// The one possible order has its money already: paid twice, or told twice.
    AlreadyPaid,
    /// The one possible order was closed by its merchant.
    OrderClosed,
    /// The one possible order had expired, and the policy holds late money.
    Late,
    /// Another held payment could also be this order's.
    RivalPayment,
    /// The device's clock and ours disagree about which order was waiting.
    ClockDoubt,
    /// The evidence is older than the lookback.
    Stale,
    /// The reference names an order that this wallet or channel cannot have been paid for.
    Vetoed,
}

/// How the received amount and time stand to the order's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// The payable amount while the order was open.
    Exact,
    /// The payable amount after it had expired or was closed.
    Late,
    /// More than the payable amount.
    Over,
    /// Less than the payable amount.
    Under,
}

/// When a payment was made, as far as evidence tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The best single guess.
    pub paid_at: Timestamp,
    /// The span it lies in if the device's clock is right; empty where it cannot be right.
    pub likely: Option<(Timestamp, Timestamp)>,
    /// The instant it happened at if the device's clock is wrong and delivery was prompt.
    pub otherwise: Option<Timestamp>,
}

impl When {
    /// Weighs a device's time against ours. `clock_offset` is what its heartbeats say that its clock lacks, in
    /// microseconds.
    #[must_use]
    pub fn of(
        policy: &Policy,
        clock_offset: Option<i64>,
        sent_at: Option<Timestamp>,
        received: Timestamp,
    ) -> Self {
        let Some(sent) = sent_at else {
            return Self::witnessed(received, received);
        };
        let offset = clock_offset.unwrap_or(0);
        let sent = Timestamp::from_micros(sent.micros().saturating_add(offset));
        let doubt = clock_offset.is_none().then_some(received);
        if sent.distance(received) <= policy.clock_skew {
            let from = sent.min(received);
            Self { paid_at: from, likely: Some((from, received)), otherwise: None }
        } else if sent > received {
            // From the future: this clock says nothing, and neither does the delay.
            Self { paid_at: received, likely: None, otherwise: Some(received) }
        } else {
            let likely = (sent.minus(policy.clock_skew), sent.plus(policy.clock_skew));
            Self { paid_at: sent, likely: Some(likely), otherwise: doubt }
        }
    }

    /// A time that a person or a channel vouches for.
    #[must_use]
    pub fn witnessed(paid_at: Timestamp, received: Timestamp) -> Self {
        let paid_at = paid_at.min(received);
        Self { paid_at, likely: Some((paid_at, paid_at)), otherwise: None }
    }

    /// Whether the orders of that time may be forgotten already.
    #[must_use]
    pub fn is_stale(&self, policy: &Policy, received: Timestamp) -> bool {
        received.since(self.paid_at) > policy.lookback
    }
}

/// A payment to be placed.
#[derive(Clone, Debug)]
pub struct Sighting<'a> {
    /// Its id.
    pub payment: PaymentId,
    /// The wallets that it may have come to.
    pub wallets: Vec<WalletIndex>,
    /// How much.
    pub amount: Amount,
    /// When.
    pub when: When,
    /// What the payer wrote.
    pub references: Vec<&'a str>,
}

/// What the matcher found before any rule of settling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// By what.
    pub rule: Rule,
    /// Orders that could be meant, oldest first.
    pub candidates: Vec<OrderId>,
    /// Whether the only support is that the device's clock is wrong.
    pub doubtful: bool,
    /// Whether a reference names an order that cannot be meant.
    pub vetoed: bool,
}

/// Finds every order that the payment could be for.
#[must_use]
pub fn find(state: &State, sighting: &Sighting<'_>) -> Finding {
    if let Some(finding) = by_reference(state, sighting) {
        return finding;
    }
    let mut candidates = Vec::new();
    let mut likely_any = false;
    for wallet in &sighting.wallets {
        let minor = sighting.amount.minor();
        if let Some((from, to)) = sighting.when.likely {
            let before = candidates.len();
            candidates.extend(state.holders(*wallet, minor, from, to).map(|row| row.id));
            likely_any |= candidates.len() > before;
        }
        if let Some(instant) = sighting.when.otherwise {
            candidates.extend(state.holders(*wallet, minor, instant, instant).map(|row| row.id));
        }
    }
    candidates.sort_by_key(|id| state.order(*id).map(|row| row.position));
    candidates.dedup();
    candidates.truncate(CANDIDATES_MAX);
    Finding { rule: Rule::Slot, candidates, doubtful: !likely_any, vetoed: false }
}

fn by_reference(state: &State, sighting: &Sighting<'_>) -> Option<Finding> {
    let mut named: Vec<&OrderRow> = Vec::new();
    let mut names_stranger = false;
    for reference in &sighting.references {
        match reference.parse::<OrderId>() {
            Ok(id) => match state.order(id) {
                Some(row) => named.push(row),
                // It has the form of one of our ids, so it names an order, and none of ours.
                None => names_stranger = true,
            },
            Err(_) => named.extend(
                state
                    .merchants_of(&sighting.wallets)
                    .filter_map(|id| state.order_by_number(order::number_key(id, reference))),
            ),
        }
    }
    if named.is_empty() && !names_stranger {
        return None;
    }
    let fits = |row: &&OrderRow| sighting.wallets.contains(&row.wallet);
    let mut candidates: Vec<OrderId> =
        named.iter().copied().filter(fits).map(|row| row.id).collect();
    let vetoed = candidates.is_empty();
    if vetoed {
        candidates = named.iter().map(|row| row.id).collect();
    }
    candidates.sort();
    candidates.dedup();
    candidates.truncate(CANDIDATES_MAX);
    Some(Finding { rule: Rule::Reference, candidates, doubtful: false, vetoed })
}

/// Places a payment: observed, then matched or held.
pub(crate) fn settle(
    state: &State,
    at: Timestamp,
    sighting: &Sighting<'_>,
    decisions: &mut Vec<Decision>,
) {
    let wallets = sighting.wallets.iter().map(|index| state.wallet_id(*index)).collect();
    decisions.push(Decision::PaymentObserved {
        payment: sighting.payment,
        wallets,
        amount: sighting.amount,
        paid_at: sighting.when.paid_at,
    });
    let finding = find(state, sighting);
    let stale = sighting.when.is_stale(state.policy(), at);
    match hold_reason(state, &finding, stale, sighting.amount) {
        None => {
            let order = finding.candidates[0];
            decisions.push(Decision::PaymentMatched {
                payment: sighting.payment,
                order,
                grade: Grade::Isolated,
                rule: finding.rule,
                candidates: finding.candidates,
            });
            pay(state, at, sighting.payment, order, sighting.amount, decisions);
        }
        Some(reason) => decisions.push(Decision::PaymentHeld {
            payment: sighting.payment,
            grade: if finding.candidates.is_empty() { Grade::Orphan } else { Grade::Ambiguous },
            reason,
            candidates: finding.candidates,
        }),
    }
}

/// Why the payment must not settle by itself; none where it may.
fn hold_reason(
    state: &State,
    finding: &Finding,
    stale: bool,
    amount: Amount,
) -> Option<HoldReason> {
    let row = match finding.candidates.as_slice() {
        _ if finding.vetoed => return Some(HoldReason::Vetoed),
        [] if stale => return Some(HoldReason::Stale),
        [] => return Some(HoldReason::NoOrder),
        [only] => state.order(*only).expect("a candidate is an order"),
        _ => return Some(HoldReason::SeveralOrders),
    };
    if row.currency != amount.currency() {
        return Some(HoldReason::Vetoed);
    }
    let by_slot = finding.rule == Rule::Slot;
    match row.status {
        OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => {
            return Some(HoldReason::AlreadyPaid);
        }
        OrderStatus::Underpaid if by_slot => return Some(HoldReason::AlreadyPaid),
        OrderStatus::Closed => return Some(HoldReason::OrderClosed),
        OrderStatus::Expired if state.policy().late == LateRule::Hold => {
            return Some(HoldReason::Late);
        }
        OrderStatus::Open | OrderStatus::Expired | OrderStatus::Underpaid => {}
    }
    if stale {
        Some(HoldReason::Stale)
    } else if by_slot && finding.doubtful {
        Some(HoldReason::ClockDoubt)
    } else if by_slot && row.claims > 0 {
        Some(HoldReason::RivalPayment)
    } else {
        None
    }
}

/// The order gets the money; the merchant is told unless something is still missing.
fn pay(
    state: &State,
    at: Timestamp,
    payment: PaymentId,
    order: OrderId,
    received: Amount,
    decisions: &mut Vec<Decision>,
) {
    let row = state.order(order).expect("a matched order exists");
    let total = row.received.saturating_add(received.minor());
    let standing = match total.cmp(&row.payable) {
        core::cmp::Ordering::Less => Standing::Under,
        core::cmp::Ordering::Greater => Standing::Over,
        core::cmp::Ordering::Equal => match row.status {
            OrderStatus::Expired | OrderStatus::Closed => Standing::Late,
            OrderStatus::Open
            | OrderStatus::Underpaid
            | OrderStatus::Paid
            | OrderStatus::PaidLate
            | OrderStatus::Overpaid => Standing::Exact,
        },
    };
    decisions.push(Decision::OrderPaid {
        order,
        payment,
        received,
        standing,
        quarantined_until: at.plus(state.policy().quarantine),
    });
    if standing != Standing::Under {
        decisions.extend(callback::schedule(state, at, order, Topic::OrderPaid));
    }
    propose_rest(state, payment, order, decisions);
}

/// Held payments that could have been this order's and now have one open order left are proposed for it.
fn propose_rest(state: &State, settled: PaymentId, taken: OrderId, decisions: &mut Vec<Decision>) {
    for (payment, held) in state.rivals(taken).filter(|(payment, _)| *payment != settled) {
        let mut open = held.candidates.iter().filter(|id| {
            **id != taken && state.order(**id).is_some_and(|row| !row.status.is_settled())
        });
        if let (Some(order), None) = (open.next(), open.next()) {
            decisions.push(Decision::MatchProposed { payment, order: *order });
        }
    }
}

pub(crate) fn rule_on_assignment(
    state: &State,
    at: Timestamp,
    assigned: &PaymentAssigned,
) -> Result<Ruling, Rejection> {
    for (field, text) in [("by", &assigned.by), ("reason", &assigned.reason)] {
        if text.trim().is_empty() || text.len() > NOTE_BYTES_MAX {
            return Err(Rejection::BadText(field));
        }
    }
    let row = state.order(assigned.order).ok_or(Rejection::UnknownOrder)?;
    let held = state.held_payment(assigned.payment).ok_or(Rejection::UnknownPayment)?;
    if row.currency != held.amount.currency() {
        return Err(Rejection::CurrencyUnsupported);
    }
    if row.status.is_settled() {
        return Err(Rejection::OrderIs(row.status));
    }
    let mut decisions = vec![Decision::PaymentMatched {
        payment: assigned.payment,
        order: assigned.order,
        grade: Grade::Assigned,
        rule: Rule::Operator,
        candidates: held.candidates.clone(),
    }];
    pay(state, at, assigned.payment, assigned.order, held.amount, &mut decisions);
    Ok(Ruling::Decided(decisions))
}
