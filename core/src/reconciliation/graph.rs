//! Which lines and payments may belong together by wallet, amount and time, as components.
//!
//! Open items of one kind, currency, amount and pool of wallets form a bucket. Within it payments
//! lie in classes that are treated alike (same wallets, same precision, same keys at hand), each in
//! order of time, so what a line may be is one range in each class. A payment with a serial never
//! goes with a line that has another one, and the same holds for order numbers: equal keys were
//! paired before, so both having one is a veto.
//!
//! Invariants: edges are never written out; a component's order is that of (class, time, id).
//! Deliberately not here: matching and grading.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "places within slices that exist, far below the largest word"
)]

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use super::index::wide;
use super::input::{Lines, Payments, Wallet};
use super::matching::{Candidates, NONE, Unvisited};
use super::side::{Item, Side};
use super::terms::Terms;
use crate::statement::{LineKind, Precision};
use crate::time::Span;

/// How far a payment may lie from its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Before its line.
    pub(super) early: Span,
    /// After it.
    pub(super) late: Span,
}

impl Reach {
    pub(super) const fn of(terms: &Terms) -> Self {
        Self { early: terms.skew, late: terms.delay }
    }

    pub(super) const fn both(span: Span) -> Self {
        Self { early: span, late: span }
    }

    /// Whether a payment and a line are within it.
    pub(super) fn holds(self, payment: &Item, line: &Item) -> bool {
        payment.time.plus(breadth(payment.precision)) >= line.time.minus(self.early)
            && payment.time <= line.time.plus(breadth(line.precision)).plus(self.late)
    }
}

/// How long what a time names goes on: a time without seconds is some moment of its minute.
const fn breadth(precision: Precision) -> Span {
    match precision {
        Precision::Second => Span::ZERO,
        Precision::Minute => Span::from_mins(1),
        Precision::Day => Span::from_hours(24),
    }
}

/// Some payments and lines that candidates connect, and nothing else connects with them.
pub(super) struct Component {
    pub(super) payments: Vec<u32>,
    pub(super) lines: Vec<u32>,
    pub(super) candidates: Candidates,
}

/// Wallets between which a payment may be in doubt count as one.
struct Pools(BTreeMap<Wallet, Wallet>);

impl Pools {
    fn of(side: &Side) -> Self {
        let mut pools = Self(BTreeMap::new());
        for set in side.sets().iter().filter(|set| set.len() > 1) {
            let first = pools.root(set[0]);
            for wallet in set {
                let root = pools.root(*wallet);
                let (low, high) = (first.min(root), first.max(root));
                if low != high {
                    pools.0.insert(high, low);
                }
            }
        }
        pools
    }

    fn root(&self, wallet: Wallet) -> Wallet {
        let mut at = wallet;
        while let Some(next) = self.0.get(&at) {
            at = *next;
        }
        at
    }
}

/// What items of one bucket share.
type BucketKey = (LineKind, crate::amount::Currency, i64, Wallet);

/// What payments of one class share beside their bucket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ClassKey {
    set: u16,
    precision: Precision,
    keys: Keys,
}

/// Which strong keys an item has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Keys {
    serial: bool,
    order: bool,
}

impl Keys {
    fn of(side: &Side, item: &Item) -> Self {
        Self { serial: !side.serial(item).is_empty(), order: !side.order(item).is_empty() }
    }

    const fn exclude(self, other: Self) -> bool {
        (self.serial && other.serial) || (self.order && other.order)
    }
}

/// Both sides, and what is needed to order them.
pub(super) struct Graph<'a> {
    payments: &'a Side,
    lines: &'a Side,
    reach: Reach,
    pools: Pools,
}

impl<'a> Graph<'a> {
    pub(super) fn new(payments: &'a Payments, lines: &'a Lines, reach: Reach) -> Self {
        let (payments, lines) = (&payments.side, &lines.side);
        Self { payments, lines, reach, pools: Pools::of(payments) }
    }

    fn bucket(&self, side: &Side, index: u32) -> BucketKey {
        let item = &side.items[wide(index)];
        let wallet = side.wallets(item).first().copied().unwrap_or_default();
        (item.kind, item.currency, item.amount, self.pools.root(wallet))
    }

    fn class(&self, index: u32) -> ClassKey {
        let item = &self.payments.items[wide(index)];
        let keys = Keys::of(self.payments, item);
        ClassKey { set: Side::set_of(item), precision: item.precision, keys }
    }

    /// Every component of the open items, in an order that their contents give.
    pub(super) fn components(&self, mut payments: Vec<u32>, mut lines: Vec<u32>) -> Vec<Component> {
        // Numbers of sets follow the order of pushing, so classes are told apart by their wallets.
        payments.sort_unstable_by(|a, b| self.by_bucket_and_class(*a, *b));
        lines.sort_unstable_by(|a, b| {
            let key = |index: u32| self.bucket(self.lines, index);
            key(*a).cmp(&key(*b)).then_with(|| by_time(self.lines, *a, *b))
        });
        let mut found = Vec::new();
        let (mut p, mut l) = (0, 0);
        while p < payments.len() && l < lines.len() {
            let ours = self.bucket(self.payments, payments[p]);
            let theirs = self.bucket(self.lines, lines[l]);
            let p_end = p + run(&payments[p..], |index| self.bucket(self.payments, index) == ours);
            let l_end = l + run(&lines[l..], |index| self.bucket(self.lines, index) == theirs);
            match ours.cmp(&theirs) {
                Ordering::Less => p = p_end,
                Ordering::Greater => l = l_end,
                Ordering::Equal => {
                    self.divide(&payments[p..p_end], &lines[l..l_end], &mut found);
                    (p, l) = (p_end, l_end);
                }
            }
        }
        found
    }

    fn by_bucket_and_class(&self, a: u32, b: u32) -> Ordering {
        let wallets = |index: u32| self.payments.wallets(&self.payments.items[wide(index)]);
        let rest = |index: u32| {
            let class = self.class(index);
            (class.precision, class.keys)
        };
        self.bucket(self.payments, a)
            .cmp(&self.bucket(self.payments, b))
            .then_with(|| wallets(a).cmp(wallets(b)))
            .then_with(|| rest(a).cmp(&rest(b)))
            .then_with(|| by_time(self.payments, a, b))
    }

    /// The ranges of payments that a line of this bucket may be.
    fn ranges(&self, payments: &[u32], classes: &[Range<usize>], line: u32) -> Vec<Range<usize>> {
        let line = &self.lines.items[wide(line)];
        let keys = Keys::of(self.lines, line);
        let wallet = self.lines.wallets(line);
        let mut ranges = Vec::new();
        for class in classes {
            let first = &self.payments.items[wide(payments[class.start])];
            let known = self.payments.wallets(first);
            let fits = known.iter().any(|one| wallet.contains(one));
            if !fits || keys.exclude(Keys::of(self.payments, first)) {
                continue;
            }
            let item = |index: &u32| &self.payments.items[wide(*index)];
            let slice = &payments[class.clone()];
            let earliest = line.time.minus(self.reach.early);
            let latest = line.time.plus(breadth(line.precision)).plus(self.reach.late);
            let ends = |payment: &Item| payment.time.plus(breadth(payment.precision));
            let start = slice.partition_point(|index| ends(item(index)) < earliest);
            let end = slice.partition_point(|index| item(index).time <= latest);
            if start < end {
                ranges.push(class.start + start..class.start + end);
            }
        }
        ranges
    }

    fn divide(&self, payments: &[u32], lines: &[u32], found: &mut Vec<Component>) {
        let mut classes: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        while start < payments.len() {
            let class = self.class(payments[start]);
            let end = start + run(&payments[start..], |index| self.class(index) == class);
            classes.push(start..end);
            start = end;
        }
        let ranges: Vec<Vec<Range<usize>>> =
            lines.iter().map(|line| self.ranges(payments, &classes, *line)).collect();
        let roots = connect(payments.len(), &ranges);
        let mut places = vec![NONE; payments.len()];
        let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
        let mut parts: Vec<Component> = Vec::new();
        for line_ranges in &ranges {
            if let Some(first) = line_ranges.first() {
                numbers.entry(roots[first.start]).or_insert_with(|| {
                    parts.push(Component::empty());
                    parts.len() - 1
                });
            }
        }
        for (place, index) in payments.iter().enumerate() {
            if let Some(number) = numbers.get(&roots[place]) {
                places[place] = parts[*number].payments.len();
                parts[*number].payments.push(*index);
            }
        }
        for (index, line_ranges) in lines.iter().zip(&ranges) {
            let Some(first) = line_ranges.first() else { continue };
            let part = &mut parts[numbers[&roots[first.start]]];
            part.lines.push(*index);
            let moved = line_ranges.iter().map(|range| {
                let start = places[range.start];
                start..start + range.len()
            });
            part.candidates.ranges.extend(moved);
            part.candidates.starts.push(part.candidates.ranges.len());
        }
        for mut part in parts {
            part.candidates.payments = part.payments.len();
            part.candidates.lines = part.lines.len();
            found.push(part);
        }
    }
}

impl Component {
    fn empty() -> Self {
        let candidates = Candidates { starts: vec![0], ..Candidates::default() };
        Self { payments: Vec::new(), lines: Vec::new(), candidates }
    }
}

/// How many items from the first on share what the first has.
fn run(items: &[u32], same: impl Fn(u32) -> bool) -> usize {
    items.iter().take_while(|index| same(**index)).count()
}

fn by_time(side: &Side, a: u32, b: u32) -> Ordering {
    let key = |index: u32| {
        let item = &side.items[wide(index)];
        (item.time, item.id)
    };
    key(a).cmp(&key(b))
}

/// For each payment a payment that stands for all that ranges connect with it.
fn connect(count: usize, ranges: &[Vec<Range<usize>>]) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..count).collect();
    // A step from one payment to the next is taken once, whatever number of ranges hold it.
    let mut apart = Unvisited::new(count);
    let mut bridges: BTreeSet<(usize, usize)> = BTreeSet::new();
    for line in ranges {
        for range in line {
            let mut place = apart.from(range.start);
            while place + 1 < range.end {
                apart.visit(place);
                join(&mut parent, place, place + 1);
                place = apart.from(place);
            }
        }
        bridges.extend(line.windows(2).map(|pair| (pair[0].start, pair[1].start)));
    }
    for (one, other) in bridges {
        join(&mut parent, one, other);
    }
    (0..count).map(|place| root(&mut parent, place)).collect()
}

fn root(parent: &mut [usize], place: usize) -> usize {
    let mut at = place;
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

fn join(parent: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parent, one), root(parent, other));
    parent[one.max(other)] = one.min(other);
}
