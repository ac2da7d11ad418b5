//! Whether an outcome is right, without searching and without the solver's code.
//!
//! The partition: every payment and every line has one finding, what a finding names, names it
//! back, and nothing belongs to two. The grounds: a pair shares the key that it was found by, or
//! wallet, amount and time. The population: a sole candidate is sole, a lone item has none, and a
//! group holds all candidates of its members. The certificates of groups are in `certificates.rs`.
//!
//! Invariants: candidates are enumerated one by one from definitions of this file's own, so this
//! takes as long as there are candidates; a flaw is named, never repaired.
//! Deliberately not here: whether the terms are wise.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "microseconds of 64 bits, a few of them, in 128"
)]

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use super::certificates;
use super::class::Class;
use super::index::wide;
use super::input::{Lines, Payments};
use super::outcome::{Bundle, By, Finding, Handling, Link, Outcome, Pair};
use super::side::{Item, Status};
use super::terms::Terms;
use crate::amount::Currency;
use crate::grade::Grade;
use crate::statement::{LineKind, Precision};

/// What is wrong with an outcome. Indices are of pairs, groups, bundles, payments or lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// There are more or fewer findings than items.
    Count,
    /// A payment's finding names something that does not name it back, or of another class.
    PaymentLink(u32),
    /// A line's finding names something that does not name it back, or of another class.
    LineLink(u32),
    /// The sides of a pair share nothing that would make them one.
    Unfounded(u32),
    /// A pair is called isolated, and there are other candidates.
    NotSole(u32),
    /// A pair is automatic that must not be.
    NotAutomatic(u32),
    /// A payment is called alone, and a candidate is open.
    PaymentNotLone(u32),
    /// A line is called alone, and a candidate is open.
    LineNotLone(u32),
    /// A group lacks a candidate of one of its members.
    GroupNotClosed(u32),
    /// A group's matching names what cannot be matched, or one thing twice.
    Matching(u32),
    /// A group's heights prove neither that its matching is largest nor what is forced.
    Heights(u32),
    /// A turn is no second matching of the same size.
    Turn(u32),
    /// An ambiguous member is in no turn.
    Unshown(u32),
}

/// Everything that is wrong with an outcome; nothing if it is right.
#[must_use]
pub fn check(payments: &Payments, lines: &Lines, terms: &Terms, outcome: &Outcome) -> Vec<Flaw> {
    if outcome.payments.len() != payments.len() || outcome.lines.len() != lines.len() {
        return vec![Flaw::Count];
    }
    let checker = Checker { payments, lines, terms, outcome };
    let mut flaws = checker.links();
    if !flaws.is_empty() {
        return flaws;
    }
    let open = checker.open();
    for (index, pair) in (0..).zip(&outcome.pairs) {
        flaws.extend(checker.flaw_of(index, pair, &open));
    }
    flaws.extend(checker.lone(&open));
    for (index, group) in (0..).zip(&outcome.groups) {
        flaws.extend(certificates::check(&checker, &open, index, group));
    }
    flaws
}

pub(super) struct Checker<'a> {
    pub(super) payments: &'a Payments,
    pub(super) lines: &'a Lines,
    pub(super) terms: &'a Terms,
    pub(super) outcome: &'a Outcome,
}

/// Payments and lines that no key had settled, by what candidates share, in order of time.
#[derive(Default)]
pub(super) struct Open {
    payments: BTreeMap<Money, Vec<u32>>,
    lines: BTreeMap<Money, Vec<u32>>,
}

/// What names each item of a side, and the items that are named twice or do not exist.
struct Named(Vec<Link>, Vec<u32>);

impl Named {
    fn name(&mut self, index: u32, link: Link) {
        match self.0.get_mut(wide(index)) {
            Some(free @ Link::None) => *free = link,
            Some(_) | None => self.1.push(index),
        }
    }

    fn flaws<'a>(self, findings: &[Finding], serial: impl Fn(u32) -> Option<&'a [u8]>) -> Vec<u32> {
        let mut flaws = self.1;
        for ((index, finding), named) in (0..).zip(findings).zip(&self.0) {
            let copied = match finding.link {
                Link::CopyOf(first) => first != index && serial(first) == serial(index),
                Link::None | Link::Pair(_) | Link::Group(_) | Link::Bundle(_) => false,
            };
            let right = if copied { *named == Link::None } else { finding.link == *named };
            if !right || !fits(finding) {
                flaws.push(index);
            }
        }
        flaws
    }
}

type Money = (LineKind, Currency, i64);

impl Checker<'_> {
    pub(super) fn payment(&self, index: u32) -> &Item {
        &self.payments.side.items[wide(index)]
    }

    pub(super) fn line(&self, index: u32) -> &Item {
        &self.lines.side.items[wide(index)]
    }

    /// Every finding names what names it back, and nothing is named twice.
    fn links(&self) -> Vec<Flaw> {
        let mut payments = Named(vec![Link::None; self.payments.len()], Vec::new());
        let mut lines = Named(vec![Link::None; self.lines.len()], Vec::new());
        for (index, pair) in (0..).zip(&self.outcome.pairs) {
            payments.name(pair.payment, Link::Pair(index));
            lines.name(pair.line, Link::Pair(index));
        }
        for (index, bundle) in (0..).zip(&self.outcome.bundles) {
            bundle.payments.iter().for_each(|item| payments.name(*item, Link::Bundle(index)));
            bundle.lines.iter().for_each(|item| lines.name(*item, Link::Bundle(index)));
        }
        for (index, group) in (0..).zip(&self.outcome.groups) {
            let mut settled = BTreeSet::new();
            for (place, payment) in group.payments.iter().enumerate() {
                if group.grades.get(place) == Some(&Grade::Forced) {
                    settled.extend(group.matching.get(place).copied().flatten());
                } else {
                    payments.name(*payment, Link::Group(index));
                }
            }
            for (place, line) in (0..).zip(&group.lines) {
                if !settled.contains(&place) {
                    lines.name(*line, Link::Group(index));
                }
            }
        }
        let (ours, theirs) = (&self.payments.side, &self.lines.side);
        let of_payments = payments.flaws(&self.outcome.payments, |index| {
            ours.items.get(wide(index)).map(|item| ours.serial(item))
        });
        let of_lines = lines.flaws(&self.outcome.lines, |index| {
            theirs.items.get(wide(index)).map(|item| theirs.serial(item))
        });
        of_payments
            .into_iter()
            .map(Flaw::PaymentLink)
            .chain(of_lines.into_iter().map(Flaw::LineLink))
            .collect()
    }

    fn pair(&self, index: u32) -> Option<&Pair> {
        self.outcome.pairs.get(wide(index))
    }

    fn bundle(&self, index: u32) -> Option<&Bundle> {
        self.outcome.bundles.get(wide(index))
    }

    /// What wallet, amount and time had to decide about.
    fn open(&self) -> Open {
        let mut open = Open::default();
        let by_amount = |link: Link| match link {
            Link::None | Link::Group(_) => true,
            Link::Pair(at) => self.pair(at).is_some_and(|pair| !by_key(pair.by)),
            Link::Bundle(at) => self.bundle(at).is_some_and(|bundle| !self.has_key(bundle)),
            Link::CopyOf(_) => false,
        };
        for (index, finding) in (0..).zip(&self.outcome.payments) {
            if by_amount(finding.link) {
                open.payments.entry(money(self.payment(index))).or_default().push(index);
            }
        }
        for (index, finding) in (0..).zip(&self.outcome.lines) {
            let moved = !matches!(self.line(index).status, Status::Closed | Status::Pending);
            if by_amount(finding.link) && moved {
                open.lines.entry(money(self.line(index))).or_default().push(index);
            }
        }
        for side in open.payments.values_mut() {
            side.sort_unstable_by_key(|index| self.payment(*index).time);
        }
        for side in open.lines.values_mut() {
            side.sort_unstable_by_key(|index| self.line(*index).time);
        }
        open
    }

    /// Whether all members of a bundle share a serial or an order number.
    fn has_key(&self, bundle: &Bundle) -> bool {
        let (ours, theirs) = (&self.payments.side, &self.lines.side);
        let serials = bundle.payments.iter().map(|index| ours.serial(self.payment(*index)));
        let serials = serials.chain(bundle.lines.iter().map(|i| theirs.serial(self.line(*i))));
        let orders = bundle.payments.iter().map(|index| ours.order(self.payment(*index)));
        let orders = orders.chain(bundle.lines.iter().map(|i| theirs.order(self.line(*i))));
        let one = |keys: Vec<&[u8]>| keys.iter().all(|key| !key.is_empty() && *key == keys[0]);
        one(serials.collect()) || one(orders.collect())
    }

    /// Whether nothing speaks against a payment being a line's, but for the time.
    fn compatible(&self, payment: u32, line: u32) -> bool {
        let (ours, theirs) = (&self.payments.side, &self.lines.side);
        let (payment, line) = (self.payment(payment), self.line(line));
        let both = |a: &[u8], b: &[u8]| !a.is_empty() && !b.is_empty();
        money(payment) == money(line)
            && ours.wallets(payment).iter().any(|wallet| theirs.wallets(line).contains(wallet))
            && !both(ours.serial(payment), theirs.serial(line))
            && !both(ours.order(payment), theirs.order(line))
    }

    /// Whether a payment lies at most `early` before and `late` after a line, in microseconds.
    fn within(&self, payment: u32, line: u32, early: u64, late: u64) -> bool {
        let (payment, line) = (self.payment(payment), self.line(line));
        let after = i128::from(payment.time.micros()) - i128::from(line.time.micros());
        after <= i128::from(late) + micros(line.precision)
            && -after <= i128::from(early) + micros(payment.precision)
    }

    pub(super) fn candidate(&self, payment: u32, line: u32) -> bool {
        let (early, late) = (self.terms.skew.micros(), self.terms.delay.micros());
        self.compatible(payment, line) && self.within(payment, line, early, late)
    }

    /// The open payments that a line could be.
    pub(super) fn payments_for(&self, open: &Open, line: u32) -> Vec<u32> {
        let Some(all) = open.payments.get(&money(self.line(line))) else { return Vec::new() };
        let (from, to) =
            self.margin(self.line(line), self.terms.skew.micros(), self.terms.delay.micros());
        let start = all.partition_point(|index| micros_of(self.payment(*index)) < from);
        let near = all[start..].iter().take_while(|index| micros_of(self.payment(**index)) <= to);
        near.copied().filter(|payment| self.candidate(*payment, line)).collect()
    }

    /// The open lines that a payment could be.
    pub(super) fn lines_for(&self, open: &Open, payment: u32) -> Vec<u32> {
        let Some(all) = open.lines.get(&money(self.payment(payment))) else { return Vec::new() };
        let (from, to) =
            self.margin(self.payment(payment), self.terms.delay.micros(), self.terms.skew.micros());
        let start = all.partition_point(|index| micros_of(self.line(*index)) < from);
        let near = all[start..].iter().take_while(|index| micros_of(self.line(**index)) <= to);
        near.copied().filter(|line| self.candidate(payment, *line)).collect()
    }

    /// Where partners can lie at most, whatever their precision.
    fn margin(&self, item: &Item, before: u64, after: u64) -> (i128, i128) {
        let widest = micros(Precision::Day);
        let at = micros_of(item);
        (at - i128::from(before) - widest, at + i128::from(after) + widest)
    }

    fn flaw_of(&self, index: u32, pair: &Pair, open: &Open) -> Option<Flaw> {
        let (ours, theirs) = (&self.payments.side, &self.lines.side);
        let (payment, line) = (self.payment(pair.payment), self.line(pair.line));
        let same = |a: &[u8], b: &[u8]| !a.is_empty() && a == b;
        let far = self.terms.far.micros();
        let founded = match pair.by {
            By::Serial => same(ours.serial(payment), theirs.serial(line)),
            By::Base => {
                same(ours.base(payment), theirs.base(line)) && money(payment) == money(line)
            }
            By::Order => same(ours.order(payment), theirs.order(line)),
            By::Slot => self.candidate(pair.payment, pair.line),
            By::Far => {
                self.compatible(pair.payment, pair.line)
                    && self.within(pair.payment, pair.line, far, far)
            }
        };
        if !founded || payment.kind != line.kind {
            return Some(Flaw::Unfounded(index));
        }
        let sole = pair.by != By::Slot
            || pair.grade != Grade::Isolated
            || (self.payments_for(open, pair.line) == [pair.payment]
                && self.lines_for(open, pair.payment) == [pair.line]);
        if !sole {
            return Some(Flaw::NotSole(index));
        }
        let (early, late) = (self.terms.near_early.micros(), self.terms.near.micros());
        let sure = by_key(pair.by)
            || (pair.by == By::Slot
                && pair.grade == Grade::Isolated
                && self.within(pair.payment, pair.line, early, late));
        let equal = money(payment) == money(line);
        let automatic = pair.handling == Handling::Automatic;
        (automatic && !(sure && equal)).then_some(Flaw::NotAutomatic(index))
    }

    /// What is alone, or was only found far away, has no candidate at hand.
    fn lone(&self, open: &Open) -> Vec<Flaw> {
        let lone = |link: Link| match link {
            Link::None | Link::Bundle(_) => true,
            Link::Pair(at) => self.pair(at).is_some_and(|pair| pair.by == By::Far),
            Link::Group(_) | Link::CopyOf(_) => false,
        };
        let of_open = |sides: &BTreeMap<Money, Vec<u32>>, findings: &[Finding]| -> Vec<u32> {
            let all = sides.values().flatten().copied();
            all.filter(|index| lone(findings[wide(*index)].link)).collect()
        };
        let payments = of_open(&open.payments, &self.outcome.payments).into_iter();
        let payments = payments.filter(|index| !self.lines_for(open, *index).is_empty());
        let lines = of_open(&open.lines, &self.outcome.lines).into_iter();
        let lines = lines.filter(|index| !self.payments_for(open, *index).is_empty());
        payments.map(Flaw::PaymentNotLone).chain(lines.map(Flaw::LineNotLone)).collect()
    }
}

const fn by_key(by: By) -> bool {
    matches!(by, By::Serial | By::Base | By::Order)
}

/// Whether a class may have a link of this kind.
fn fits(finding: &Finding) -> bool {
    use Class as C;
    match finding.link {
        Link::Pair(_) => matches!(
            finding.class,
            C::Matched
                | C::CrossDay
                | C::AmountDiffers
                | C::StatusDiffers
                | C::FeeDiffers
                | C::DataDiffers
                | C::DuplicatePayment
                | C::Late
        ),
        Link::Group(_) => matches!(finding.class, C::Ambiguous | C::SearchLimit),
        Link::Bundle(_) => {
            matches!(finding.class, C::KeyConflict | C::Split | C::Ambiguous | C::SearchLimit)
        }
        Link::CopyOf(_) => matches!(finding.class, C::DuplicateLine | C::DuplicateNotice),
        Link::None => matches!(
            finding.class,
            C::OnlyOurs
                | C::OnlyChannel
                | C::DuplicatePayment
                | C::RefundOnlyChannel
                | C::RefundOnlyOurs
                | C::Excluded
                | C::Pool
        ),
    }
}

fn money(item: &Item) -> Money {
    (item.kind, item.currency, item.amount)
}

fn micros_of(item: &Item) -> i128 {
    i128::from(item.time.micros())
}

const fn micros(precision: Precision) -> i128 {
    match precision {
        Precision::Second => 0,
        Precision::Minute => 60_000_000,
        Precision::Day => 86_400_000_000,
    }
}
