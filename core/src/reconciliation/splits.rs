//! One to many and many to one: open items that add up to another.
//!
//! A sum says less than a key: among many amounts some always add up. So the search is off unless
//! the terms allow parts, what it finds is only ever proposed, and two different sets for one item
//! make rivals and no proposal. It counts its steps and says where it stopped.
//!
//! Invariants: a split is the only set of at most `parts_max` items that fits, and shares no item
//! with another set that fits; what could not be searched through is called so.
//! Deliberately not here: many lines or payments under one order number (`strong.rs`).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::draft::Draft;
use super::graph::Reach;
use super::index::{narrow, wide};
use super::input::{Lines, Payments};
use super::keys::Origin;
use super::matching::{LimitReached, Steps};
use super::outcome::{Bundle, BundleKind};
use super::side::{Item, Side};
use super::strong::is_ours;
use super::terms::Terms;

/// One item and the sets that add up to it, at most two.
struct Sum {
    of: Origin,
    whole: u32,
    sets: Vec<Vec<u32>>,
    kind: BundleKind,
}

/// Looks for sums among what is open.
pub(super) fn place(payments: &Payments, lines: &Lines, terms: &Terms, draft: &mut Draft) {
    if terms.parts_max < 2 {
        return;
    }
    let ours: Vec<u32> = by_id(&payments.side, |index, _| draft.payment_open(index));
    let theirs: Vec<u32> =
        by_id(&lines.side, |index, item| draft.line_open(index) && is_ours(item.kind));
    let mut sums = Vec::new();
    for line in &theirs {
        let whole = &lines.side.items[wide(*line)];
        let fits = |part: &Item| {
            alike(&lines.side, whole, &payments.side, part)
                && Reach::both(terms.far).holds(part, whole)
        };
        sums.extend(search(&payments.side, &ours, whole, fits, terms).sum(Origin::Line, *line));
    }
    for payment in &ours {
        let whole = &payments.side.items[wide(*payment)];
        let fits = |part: &Item| {
            alike(&payments.side, whole, &lines.side, part)
                && Reach::both(terms.far).holds(whole, part)
        };
        let search = search(&lines.side, &theirs, whole, fits, terms);
        sums.extend(search.sum(Origin::Payment, *payment));
    }
    settle(sums, draft);
}

fn by_id(side: &Side, open: impl Fn(u32, &Item) -> bool) -> Vec<u32> {
    let mut found: Vec<u32> = (0..narrow(side.items.len()))
        .filter(|index| open(*index, &side.items[wide(*index)]))
        .collect();
    found.sort_unstable_by_key(|index| side.items[wide(*index)].id);
    found
}

fn alike(of_whole: &Side, whole: &Item, of_part: &Side, part: &Item) -> bool {
    let wallets = of_part.wallets(part);
    (part.kind, part.currency) == (whole.kind, whole.currency)
        && part.amount > 0
        && part.amount < whole.amount
        && of_whole.wallets(whole).iter().any(|wallet| wallets.contains(wallet))
}

/// A search in depth through sets of parts, largest first.
struct Search {
    /// What each part adds, and its index.
    parts: Vec<(i64, u32)>,
    parts_max: usize,
    steps: Steps,
    chosen: Vec<u32>,
    sets: Vec<Vec<u32>>,
    limited: Result<(), LimitReached>,
}

fn search(
    side: &Side,
    open: &[u32],
    whole: &Item,
    fits: impl Fn(&Item) -> bool,
    terms: &Terms,
) -> Search {
    let mut steps = Steps(terms.search_max);
    let item = |index: &u32| &side.items[wide(*index)];
    let mut parts: Vec<(i64, u32)> = open
        .iter()
        .filter(|index| fits(item(index)))
        .map(|index| (item(index).amount, *index))
        .collect();
    parts.sort_by_key(|(amount, index)| (core::cmp::Reverse(*amount), item(index).id));
    let limited = steps.take(open.len());
    let (chosen, sets) = (Vec::new(), Vec::new());
    let mut search = Search { parts, parts_max: terms.parts_max, steps, chosen, sets, limited };
    search.limited = search.limited.and_then(|()| search.deepen(0, whole.amount));
    search
}

impl Search {
    fn deepen(&mut self, from: usize, missing: i64) -> Result<(), LimitReached> {
        if missing == 0 {
            let mut set = self.chosen.clone();
            set.sort_unstable();
            self.sets.push(set);
            return Ok(());
        }
        if self.chosen.len() == self.parts_max {
            return Ok(());
        }
        for place in from..self.parts.len() {
            self.steps.take(1)?;
            let (amount, index) = self.parts[place];
            let Some(rest) = missing.checked_sub(amount).filter(|rest| *rest >= 0) else {
                continue;
            };
            self.chosen.push(index);
            self.deepen(place.saturating_add(1), rest)?;
            self.chosen.pop();
            if self.sets.len() > 1 {
                break;
            }
        }
        Ok(())
    }

    fn sum(self, of: Origin, whole: u32) -> Option<Sum> {
        let kind = match (self.sets.len(), self.limited) {
            (2.., _) => BundleKind::Rivals,
            (_, Err(LimitReached)) => BundleKind::Limit,
            (1, Ok(())) => BundleKind::Split,
            (_, Ok(())) => return None,
        };
        let sets = if kind == BundleKind::Limit { Vec::new() } else { self.sets };
        Some(Sum { of, whole, sets, kind })
    }
}

/// Turns sums into bundles. A set that shares an item with another sum is no longer sure.
fn settle(sums: Vec<Sum>, draft: &mut Draft) {
    let mut uses: BTreeMap<(Origin, u32), usize> = BTreeMap::new();
    for sum in &sums {
        for item in members(sum) {
            let count = uses.entry(item).or_default();
            *count = count.saturating_add(1);
        }
    }
    for sum in sums {
        let mut items = members(&sum);
        items.sort_unstable();
        items.dedup();
        let shared = items.iter().any(|item| uses.get(item).is_some_and(|count| *count > 1));
        let kind = match sum.kind {
            BundleKind::Split if shared => BundleKind::Rivals,
            BundleKind::Split => BundleKind::Split,
            BundleKind::Rivals => BundleKind::Rivals,
            BundleKind::Conflict | BundleKind::Limit => BundleKind::Limit,
        };
        let of = |origin: Origin, open: &dyn Fn(u32) -> bool| -> Vec<u32> {
            let side = items.iter().filter(|(of, index)| *of == origin && open(*index));
            side.map(|(_, index)| *index).collect()
        };
        let payments = of(Origin::Payment, &|index| draft.payment_open(index));
        let lines = of(Origin::Line, &|index| draft.line_open(index));
        if payments.is_empty() && lines.is_empty() {
            continue;
        }
        let alternatives = if kind == BundleKind::Rivals { sum.sets } else { Vec::new() };
        draft.bundle(Bundle { kind, payments, lines, alternatives });
    }
}

fn members(sum: &Sum) -> Vec<(Origin, u32)> {
    let other = match sum.of {
        Origin::Payment => Origin::Line,
        Origin::Line => Origin::Payment,
    };
    let parts = sum.sets.iter().flatten().map(|index| (other, *index));
    core::iter::once((sum.of, sum.whole)).chain(parts).collect()
}
