//! The matcher's rules in plain words, over the whole past.
//!
//! Which orders could a payment be for, and what is to be done with it? Written from the words of
//! the design, by trying every order that ever was; compared with what the engine recorded, on
//! random small histories.
//! Deliberately not here: amounts that orders get (`allocation.rs`).

use duizhang_core::amount::{AMOUNT_MINOR_MAX, Amount};
use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, Judgement, NotificationReceived, Reading};
use duizhang_core::id::{OrderId, WalletId};
use duizhang_core::matcher::{HoldReason, Rule};
use duizhang_core::notification::Verdict;
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::LateRule;
use duizhang_core::testing::{Book, Entry, history};
use duizhang_core::time::Timestamp;
use proptest::prelude::*;

use crate::past::{Order, Past};

/// What is to be done with evidence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is no new money.
    Nothing(Verdict),
    /// It settles this order, found by this rule.
    Settles(OrderId, Rule),
    /// It waits, for this reason, with these candidates.
    Waits(HoldReason, Vec<OrderId>),
}

type Span = (Timestamp, Timestamp);

struct Times {
    paid_at: Timestamp,
    trusted: Vec<Span>,
    doubted: Vec<Span>,
}

/// A device's word on a time is good within the skew. From the future it says nothing. What a fresh
/// heartbeat says of the clock moves the trusted time, and the device's own word stays as a doubt.
/// Without a heartbeat an old word is worth nothing by itself: the money may be from any instant
/// since.
fn times(past: &Past, received: &NotificationReceived, at: Timestamp) -> Times {
    let Reading::Money { sent_at, .. } = &received.reading else { panic!("money only") };
    let Some(said) = *sent_at else {
        return Times { paid_at: at, trusted: vec![(at, at)], doubted: vec![] };
    };
    let skew = past.policy.clock_skew;
    let plausible = |time: Timestamp| {
        if time.distance(at) <= skew {
            Some((if time < at { time } else { at }, at))
        } else if time < at {
            Some((time.minus(skew), time.plus(skew)))
        } else {
            None
        }
    };
    let beat = received.device.as_ref().and_then(|device| past.beats.get(device));
    let fresh = beat.filter(|(came, _)| at.since(*came) <= past.policy.device_silence);
    let moved = fresh.map_or(said, |(came, told)| {
        let lacks = came.micros().saturating_sub(told.micros());
        Timestamp::from_micros(said.micros().saturating_add(lacks))
    });
    let mut trusted: Vec<Span> = plausible(moved).into_iter().collect();
    let paid_at = if trusted.is_empty() { at } else { moved.min(at) };
    let mut doubted = Vec::new();
    if fresh.is_some() {
        match (plausible(said), trusted.is_empty()) {
            (Some(own), false) => doubted.push(own),
            (Some((from, _)), true) => doubted.push((from, at)),
            (None, true) => doubted.push((at, at)),
            (None, false) => {}
        }
    } else if let [(from, to)] = trusted[..] {
        if to < at {
            doubted.push((from, at));
            trusted.clear();
        }
    } else {
        doubted.push((at, at));
    }
    Times { paid_at, trusted, doubted }
}

fn wallets(
    past: &Past,
    received: &NotificationReceived,
    channel: Option<Channel>,
    times: &Times,
) -> Vec<WalletId> {
    let device = received.device.as_ref().and_then(|device| past.devices.get(device));
    let device = device.expect("known devices only");
    // The wallets may have been others when the money came.
    let said = times.trusted.iter().chain(&times.doubted).map(|(from, _)| *from);
    let earliest = said.chain([times.paid_at]).min().expect("there is one");
    let before =
        past.unwatched.iter().filter(|(one, until)| one.id == device.id && *until >= earliest);
    let watched = before.map(|(one, _)| one).chain([device]).flat_map(|one| &one.wallets);
    let fits = |id: &&WalletId| {
        let own = past.wallets[id].channel;
        channel.is_none() || channel == Some(own) || own == Channel::Sandbox
    };
    watched.filter(fits).cloned().collect()
}

fn named<'a>(past: &'a Past, wallets: &[WalletId], reference: &str) -> Vec<&'a Order> {
    if let Some(order) = past.orders.iter().find(|order| order.id.to_string() == reference) {
        return vec![order];
    }
    let payable_here = |order: &&Order| {
        let merchant = &past.merchants[&order.merchant];
        wallets.contains(&order.wallet)
            || merchant.wallets.iter().any(|wallet| wallets.contains(wallet))
    };
    past.orders.iter().filter(|order| order.number == reference).filter(payable_here).collect()
}

/// What the words of the rules say about a payment.
// tidy: long because it is the rules in one piece
fn place(
    past: &Past,
    at: Timestamp,
    wallets: &[WalletId],
    amount: Amount,
    times: &Times,
    references: &[String],
) -> Outcome {
    let stale = at.since(times.paid_at) > past.policy.lookback;
    let mut vetoed = false;
    let mut all: Vec<&Order> = Vec::new();
    for reference in references {
        let orders = named(past, wallets, reference);
        let is_id = reference.parse::<OrderId>().is_ok();
        let here = orders.iter().any(|order| wallets.contains(&order.wallet));
        vetoed |= !here && (is_id || !orders.is_empty());
        all.extend(orders);
    }
    let by_reference = vetoed || !all.is_empty();
    let mut doubtful = false;
    let mut weak = false;
    if by_reference {
        all.retain(|order| vetoed || wallets.contains(&order.wallet));
        // A number alone may stand in a remark by chance: then the amount must be right, and must
        // not be another's.
        let by_id = references.iter().any(|r| all.iter().any(|o| o.id.to_string() == *r));
        weak = !vetoed && !by_id;
    }
    if !by_reference || weak {
        let held_in = |spans: &[Span], order: &&Order| {
            wallets.contains(&order.wallet)
                && order.payable == amount
                && spans.iter().any(|(from, to)| {
                    order.from <= *to && order.until.is_none_or(|until| until >= *from)
                })
        };
        let sure: Vec<&Order> =
            past.orders.iter().filter(|order| held_in(&times.trusted, order)).collect();
        let unsure = past.orders.iter().filter(|order| held_in(&times.doubted, order));
        doubtful = sure.is_empty();
        all.extend(sure.into_iter().chain(unsure));
    }
    // Orders stand in the past in the order of their requests.
    let ids: Vec<OrderId> = past
        .orders
        .iter()
        .map(|order| order.id)
        .filter(|id| all.iter().any(|o| o.id == *id))
        .collect();
    let waits = |reason| Outcome::Waits(reason, ids.clone());
    if vetoed {
        return waits(HoldReason::Vetoed);
    }
    let order = match ids.len() {
        0 if stale => return waits(HoldReason::Stale),
        0 => return waits(HoldReason::NoOrder),
        1 => all[0],
        _ => return waits(HoldReason::SeveralOrders),
    };
    if order.payable.currency() != amount.currency() {
        return waits(HoldReason::Vetoed);
    }
    let claimed = past.suspense.values().any(|candidates| candidates.contains(&order.id));
    match order.status {
        OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => {
            waits(HoldReason::AlreadyPaid)
        }
        OrderStatus::Underpaid if !by_reference => waits(HoldReason::AlreadyPaid),
        OrderStatus::Closed => waits(HoldReason::OrderClosed),
        OrderStatus::Expired if past.policy.late == LateRule::Hold => waits(HoldReason::Late),
        _ if stale => waits(HoldReason::Stale),
        _ if weak && amount.minor() != order.payable.minor() - order.came => {
            waits(HoldReason::AmountDiffers)
        }
        _ if order.returning > 0 => waits(HoldReason::PartlyRefunded),
        _ if doubtful && !by_reference => waits(HoldReason::ClockDoubt),
        _ if claimed && !by_reference => waits(HoldReason::RivalPayment),
        _ => Outcome::Settles(order.id, if by_reference { Rule::Reference } else { Rule::Slot }),
    }
}

fn expected(past: &Past, at: Timestamp, fact: &Fact) -> Option<Outcome> {
    match fact {
        Fact::NotificationReceived(received) => Some(expected_of(past, at, received)),
        Fact::EvidenceJudged(judged) => {
            let Judgement::Money { wallet, amount, paid_at } = &judged.judgement else {
                return None;
            };
            let paid_at = (*paid_at).min(at);
            // A person reads minutes off a screen.
            let skew = past.policy.clock_skew;
            let span = (paid_at.minus(skew), paid_at.plus(skew).min(at));
            let times = Times { paid_at, trusted: vec![span], doubted: vec![] };
            Some(place(past, at, std::slice::from_ref(wallet), *amount, &times, &[]))
        }
        _ => None,
    }
}

fn expected_of(past: &Past, at: Timestamp, received: &NotificationReceived) -> Outcome {
    if received.device.is_none() || received.reading == Reading::Forged {
        return Outcome::Nothing(Verdict::Forged);
    }
    if let Some((content, first)) = past.keys.get(&received.key) {
        return Outcome::Nothing(if *content == received.content {
            Verdict::Repeat { of: *first }
        } else {
            Verdict::Conflict { with: *first }
        });
    }
    match &received.reading {
        Reading::Ignored => Outcome::Nothing(Verdict::Ignored),
        Reading::Unreadable | Reading::Forged => Outcome::Nothing(Verdict::Unreadable),
        Reading::Money { amount, channel, references, .. } => {
            if !(1..=AMOUNT_MINOR_MAX).contains(&amount.minor()) {
                return Outcome::Nothing(Verdict::Unreadable);
            }
            let times = times(past, received, at);
            let wallets = wallets(past, received, *channel, &times);
            place(past, at, &wallets, *amount, &times, references)
        }
    }
}

fn recorded(decisions: &[Decision]) -> Option<Outcome> {
    let mut outcome = None;
    for decision in decisions {
        match decision {
            Decision::NotificationJudged { verdict, .. } => {
                outcome = Some(Outcome::Nothing(*verdict));
            }
            Decision::PaymentMatched { order, rule, .. } => {
                outcome = Some(Outcome::Settles(*order, *rule));
            }
            Decision::PaymentHeld { reason, candidates, .. } => {
                outcome = Some(Outcome::Waits(*reason, candidates.clone()));
            }
            _ => {}
        }
    }
    outcome
}

/// The first entry that the oracle would have decided otherwise.
pub(crate) fn disagreement(log: &[Entry]) -> Option<String> {
    for (index, entry) in log.iter().enumerate() {
        let past = Past::of(&log[..index]);
        let Some(wanted) = expected(&past, entry.at, &entry.fact) else { continue };
        let got = recorded(&entry.decisions);
        if got.as_ref() != Some(&wanted) {
            return Some(format!("at {}: wanted {wanted:?}, got {got:?}", entry.position));
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_matcher_does_what_the_words_say(steps in history(80)) {
        let mut book = Book::default();
        book.play(&steps);
        prop_assert_eq!(disagreement(&book.log), None);
    }
}

/// The workload is worth something only if it reaches every outcome.
#[test]
fn histories_reach_every_reason_and_verdict() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use std::collections::BTreeSet;
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..400 {
        let steps = history(120).new_tree(&mut runner).expect("steps are made").current();
        let mut book = Book::default();
        book.play(&steps);
        for decision in book.log.iter().flat_map(|entry| &entry.decisions) {
            let text = format!("{decision:?}");
            reached.insert(text.split([' ', '{']).next().unwrap_or_default().to_string());
            match decision {
                Decision::PaymentHeld { reason, .. } => drop(reached.insert(format!("{reason:?}"))),
                Decision::NotificationJudged { verdict, .. } => {
                    reached.insert(verdict.word().to_string());
                }
                Decision::OrderPaid { standing, .. } => {
                    reached.insert(format!("{standing:?}"));
                }
                Decision::PaymentMatched { rule, .. } => drop(reached.insert(format!("{rule:?}"))),
                _ => {}
            }
        }
    }
    let wanted = "OrderAccepted OrderExpired OrderClosed AmountReleased NotificationJudged \
        PaymentObserved PaymentMatched PaymentHeld MatchProposed OrderPaid CallbackScheduled \
        CallbackRetried CallbackAcknowledged CallbackAbandoned DeviceFellSilent DeviceReturned \
        RefundOpened RefundAdvanced EvidenceDismissed SuspenseEnded first stale repeat conflict ignored \
        unreadable forged Exact Late Over Under Reference Slot Operator NoOrder SeveralOrders \
        AlreadyPaid OrderClosed Late RivalPayment ClockDoubt Stale Vetoed";
    let missing: Vec<&str> =
        wanted.split_whitespace().filter(|word| !reached.contains(*word)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
