//! When a sole candidate may be one by chance, and a person must look first.
//!
//! A payment that no statement has and a line that nobody saw can meet: same wallet, same amount,
//! same moment, and nothing else about. No certificate can tell them from a true pair. But such
//! strangers mostly miss each other, and those that missed are seen: each lone payment with each
//! lone line of its wallet and amount is one that could have met and did not. As many pairs as
//! there are, times the share of the day within which two count as near, is how many chance
//! meetings are to be expected. Where that is more than the terms allow, nothing of that wallet is
//! matched automatically by wallet, amount and time on that day.
//!
//! Invariants: only ever takes automation away; whole numbers throughout.
//! Deliberately not here: who is lone (`slots.rs`).

use alloc::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::input::{Lines, Payments, Wallet};
use super::outcome::{By, Handling, Link};
use super::side::{Item, Side};
use super::terms::{DayBounds, Terms};
use crate::amount::Currency;
use crate::statement::{LineKind, Precision};

/// What strangers must share to meet.
type Money = (Wallet, LineKind, Currency, i64);

/// Lone items of one wallet and amount: those that a serial of the other side excludes, and those
/// that none does.
#[derive(Default)]
struct Strangers {
    named_payments: u64,
    bare_payments: u64,
    named_lines: u64,
    bare_lines: u64,
}

impl Strangers {
    /// How many pairs of them could have met.
    const fn pairs(&self) -> u64 {
        let lines = self.named_lines.saturating_add(self.bare_lines);
        self.bare_payments
            .saturating_mul(lines)
            .saturating_add(self.named_payments.saturating_mul(self.bare_lines))
    }
}

/// Proposes what would be automatic, in wallets where chance meetings are to be expected.
pub(super) fn suspend(
    payments: &Payments,
    lines: &Lines,
    terms: &Terms,
    day: &DayBounds,
    draft: &mut Draft,
) {
    let mut strangers: BTreeMap<Money, Strangers> = BTreeMap::new();
    let mut count = |side: &Side, item: &Item, one: fn(&mut Strangers, bool) -> &mut u64| {
        for wallet in side.wallets(item) {
            let money = (*wallet, item.kind, item.currency, item.amount);
            let number = one(strangers.entry(money).or_default(), side.serial(item).is_empty());
            *number = number.saturating_add(1);
        }
    };
    for (item, link) in payments.side.items.iter().zip(&draft.payments) {
        if lone(*link, draft) {
            count(&payments.side, item, |of, bare| {
                if bare { &mut of.bare_payments } else { &mut of.named_payments }
            });
        }
    }
    for (item, link) in lines.side.items.iter().zip(&draft.lines) {
        if lone(*link, draft) {
            count(
                &lines.side,
                item,
                |of, bare| {
                    if bare { &mut of.bare_lines } else { &mut of.named_lines }
                },
            );
        }
    }
    let mut pairs: BTreeMap<Wallet, u64> = BTreeMap::new();
    for ((wallet, ..), strangers) in &strangers {
        let sum = pairs.entry(*wallet).or_default();
        *sum = sum.saturating_add(strangers.pairs());
    }
    let window = window_seconds(lines, terms);
    let allowed = day.end.since(day.start).secs().saturating_mul(terms.chance_per_mille);
    let expected = |pairs: &u64| pairs.saturating_mul(window).saturating_mul(1_000);
    pairs.retain(|_, pairs| expected(pairs) > allowed);
    let suspended: BTreeSet<Wallet> = pairs.into_keys().collect();
    for pair in draft.pairs.iter_mut().filter(|pair| pair.by == By::Slot) {
        let line = &lines.side.items[super::index::wide(pair.line)];
        if lines.side.wallets(line).iter().any(|wallet| suspended.contains(wallet)) {
            pair.handling = Handling::Proposed;
        }
    }
}

/// Without a partner at hand.
fn lone(link: Link, draft: &Draft) -> bool {
    match link {
        Link::None => true,
        Link::Pair(at) => draft.pairs[super::index::wide(at)].by == By::Far,
        Link::Group(_) | Link::Bundle(_) | Link::CopyOf(_) => false,
    }
}

/// How long the moment is in which two are near, by the coarsest time of a line.
fn window_seconds(lines: &Lines, terms: &Terms) -> u64 {
    let coarsest = lines.side.items.iter().map(|line| line.precision).max();
    let breadth = match coarsest {
        None | Some(Precision::Second) => 1,
        Some(Precision::Minute) => 60,
        Some(Precision::Day) => 86_400,
    };
    terms.near.secs().saturating_add(terms.near_early.secs()).saturating_add(breadth)
}
