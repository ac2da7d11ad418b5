//! Which order a payment settles.
//!
//! A reference (our order id, the merchant's number in the payer's remark) goes first, and one that
//! differs is a veto. Beside a merchant's number, and where nothing is named, the orders that held
//! (wallet, amount) when the payment was made are candidates.
//!
//! Invariants: a payment settles by itself only where one order, and no other payment, could be
//! meant (ISOLATED); everything else is held with its candidates. An amount that is not exactly
//! what is missing never settles without our own order id or an operator: a merchant's number is
//! short and may stand in a remark by chance. What is left over when others are taken as right
//! (FORCED) is proposed by `MatchProposed` and never settles anything. The latest time that
//! evidence can be from is when it came in: a device's clock only ever adds candidates, it never
//! takes the true one away.
//! Deliberately not here: reconciliation with statements, which sees a whole day at once.

use alloc::vec;
use alloc::vec::Vec;

use crate::amount::Amount;
use crate::callback::{self, Topic};
use crate::decide::{Repeat, Ruling};
use crate::decision::Decision;
use crate::fact::{PaymentAssigned, PaymentDismissed};
pub use crate::grade::{Grade, HoldReason, Rule, Standing};
use crate::id::{OrderId, PaymentId};
use crate::limits::{CANDIDATES_MAX, NOTE_BYTES_MAX};
use crate::order::{self, OrderStatus};
use crate::policy::LateRule;
use crate::rejection::Rejection;
use crate::state::{OrderRow, Reservation, State, WalletIndex};
use crate::time::{Span, Timestamp};
pub use crate::when::When;

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
    /// Whether the order is named by a merchant's number alone, which a remark may hold by chance;
    /// the amount must then be right.
    pub weak: bool,
}

/// Finds every order that the payment could be for.
#[must_use]
pub fn find(state: &State, sighting: &Sighting<'_>) -> Finding {
    match by_reference(state, sighting) {
        None => by_slot(state, sighting),
        Some(named) if named.weak && !named.vetoed => {
            // The remark says one order and the amount may say another: all of them are shown, and
            // where they are not the same one, neither word is taken for the other.
            let mut candidates = named.candidates;
            candidates.extend(by_slot(state, sighting).candidates);
            let rows = candidates.iter().filter_map(|id| state.order(*id)).collect();
            Finding { candidates: oldest_first(rows), ..named }
        }
        Some(named) => named,
    }
}

fn missing_of(row: &OrderRow) -> i64 {
    row.payable.saturating_sub(row.received)
}

fn by_slot(state: &State, sighting: &Sighting<'_>) -> Finding {
    let mut candidates: Vec<&OrderRow> = Vec::new();
    let mut doubted: Vec<&OrderRow> = Vec::new();
    for wallet in &sighting.wallets {
        let held = |(from, to)| {
            let holders = state.holders(*wallet, sighting.amount.minor(), from, to);
            holders.filter(|row| row.currency == sighting.amount.currency())
        };
        candidates.extend(sighting.when.likely.into_iter().flat_map(held));
        doubted.extend(sighting.when.otherwise.into_iter().flat_map(held));
    }
    let doubtful = candidates.is_empty();
    candidates.append(&mut doubted);
    let candidates = oldest_first(candidates);
    Finding { rule: Rule::Slot, candidates, doubtful, vetoed: false, weak: false }
}

fn oldest_first(mut rows: Vec<&OrderRow>) -> Vec<OrderId> {
    rows.sort_by_key(|row| row.position);
    let mut ids: Vec<OrderId> = rows.into_iter().map(|row| row.id).collect();
    ids.dedup();
    ids.truncate(CANDIDATES_MAX);
    ids
}

/// Each reference that names an order must name one that may have been paid here; one that does not
/// is a veto.
fn by_reference(state: &State, sighting: &Sighting<'_>) -> Option<Finding> {
    let mut named: Vec<&OrderRow> = Vec::new();
    let (mut vetoed, mut weak) = (false, true);
    for reference in &sighting.references {
        let rows = named_by(state, sighting, reference);
        let fits = rows.iter().any(|row| sighting.wallets.contains(&row.wallet));
        // What has the form of one of our ids names an order, even where it is none of ours.
        vetoed |= !fits && (!rows.is_empty() || reference.parse::<OrderId>().is_ok());
        weak &= !rows.iter().any(|row| reference.parse() == Ok(row.id));
        named.extend(rows);
    }
    if named.is_empty() && !vetoed {
        return None;
    }
    if !vetoed {
        named.retain(|row| sighting.wallets.contains(&row.wallet));
    }
    let candidates = oldest_first(named);
    Some(Finding { rule: Rule::Reference, candidates, doubtful: false, vetoed, weak })
}

/// The orders that a reference names: by our id, or by a merchant's number where the order is to be
/// paid here or its merchant may be. A merchant that has left these wallets still has orders on
/// them. A merchant's number may look like one of our ids.
fn named_by<'a>(state: &'a State, sighting: &Sighting<'_>, reference: &str) -> Vec<&'a OrderRow> {
    if let Some(row) = reference.parse().ok().and_then(|id| state.order(id)) {
        return vec![row];
    }
    let numbered = state.merchants().iter().filter_map(|merchant| {
        let row = state.order_by_number(order::number_key(&merchant.id, reference))?;
        let here = sighting.wallets.contains(&row.wallet);
        (here || state.may_be_paid_into(merchant, &sighting.wallets)).then_some(row)
    });
    numbered.collect()
}

/// Places a payment: observed, then matched or held.
pub(crate) fn settle(
    state: &State,
    at: Timestamp,
    sighting: &Sighting<'_>,
    decisions: &mut Vec<Decision>,
) {
    place(state, at, sighting, find(state, sighting), decisions);
}

/// Places a payment among the orders that were found for it.
pub(crate) fn place(
    state: &State,
    at: Timestamp,
    sighting: &Sighting<'_>,
    finding: Finding,
    decisions: &mut Vec<Decision>,
) {
    let wallets = sighting.wallets.iter().map(|index| state.wallet_id(*index)).collect();
    decisions.push(Decision::PaymentObserved {
        payment: sighting.payment,
        wallets,
        amount: sighting.amount,
        paid_at: sighting.when.paid_at,
    });
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
    } else if finding.weak && amount.minor() != missing_of(row) {
        Some(HoldReason::AmountDiffers)
    } else if row.refunded > 0 {
        Some(HoldReason::PartlyRefunded)
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
    let quarantine = state.policy().quarantine;
    let quarantined_until = match standing {
        Standing::Under => kept_until(row, at, quarantine),
        Standing::Exact | Standing::Late | Standing::Over => at.plus(quarantine),
    };
    let paid = Decision::OrderPaid { order, payment, received, standing, quarantined_until };
    decisions.push(paid);
    if standing != Standing::Under {
        decisions.extend(callback::schedule(state, at, order, Topic::OrderPaid));
        propose_rest(state, payment, order, decisions);
    }
}

/// How long an order that got less than all keeps its amount for the rest: until its own deadline
/// and a quarantine, or a quarantine from its first part where that came later. Only the first part
/// counts. If each further one moved the end, a payer could hold an amount for ever with one fen a
/// quarter of an hour; the rest finds the order by its id, whoever has the amount by then.
fn kept_until(row: &OrderRow, at: Timestamp, quarantine: Span) -> Timestamp {
    match row.reservation {
        Reservation::Held => row.reserved_until.max(at).plus(quarantine),
        Reservation::Quarantined if row.received > 0 => row.reserved_until,
        Reservation::Quarantined => row.reserved_until.max(at.plus(quarantine)),
        // Others may have the amount, so nothing is kept; the time says what any payment's says.
        Reservation::Released => at.plus(quarantine),
    }
}

/// Held payments that could have been this order's and now have one open order left are proposed
/// for it.
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
    check_word(&assigned.by, &assigned.reason)?;
    let row = state.order(assigned.order).ok_or(Rejection::UnknownOrder)?;
    let held = state.held_payment(assigned.payment).ok_or(Rejection::UnknownPayment)?;
    if row.currency != held.amount.currency() {
        return Err(Rejection::CurrencyUnsupported);
    }
    // An order that gave money back before it was settled would be told as paid with less.
    if row.status.is_settled() || row.refunded > 0 {
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

/// Money that belongs to no order leaves suspense, and with it goes its claim on every order that
/// it could have been for. Nothing new becomes possible for other held payments: no order was
/// taken.
pub(crate) fn rule_on_dismissal(
    state: &State,
    dismissed: &PaymentDismissed,
) -> Result<Ruling, Rejection> {
    check_word(&dismissed.by, &dismissed.reason)?;
    if state.is_dismissed(dismissed.payment) {
        return Ok(Ruling::Repeat(Repeat::Payment(dismissed.payment)));
    }
    state.held_payment(dismissed.payment).ok_or(Rejection::UnknownPayment)?;
    Ok(Ruling::Decided(vec![Decision::SuspenseEnded { payment: dismissed.payment }]))
}

/// An operator's word on money carries a name and a reason.
fn check_word(by: &str, reason: &str) -> Result<(), Rejection> {
    for (field, text) in [("by", by), ("reason", reason)] {
        if text.trim().is_empty() || text.len() > NOTE_BYTES_MAX {
            return Err(Rejection::BadText(field));
        }
    }
    Ok(())
}
