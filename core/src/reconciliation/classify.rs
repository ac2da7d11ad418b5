//! In which class each item ends.
//!
//! Of several differences of a pair the gravest counts: another currency or amount, another
//! wallet, a status that is not paid, a time beyond the neighbouring days, a fee, money that came
//! twice, lateness, the neighbour day. An item without a partner waits if another day or a file
//! that is not there yet could still have it, and is a break otherwise.
//!
//! Invariants: every item gets exactly one finding, by exhaustive matches.
//! Deliberately not here: who may resolve a break, and how old it is.

use alloc::vec::Vec;

use super::code::{Class, Code, Direction};
use super::draft::Draft;
use super::index::{narrow, wide};
use super::input::{Claim, Lines, Payments, Wallet};
use super::outcome::{BundleKind, Finding, Handling, Link, Outcome, Pair};
use super::side::{FeeKnown, Item, Status};
use super::terms::{Day, DayPlace, Terms};
use crate::statement::LineKind;
use crate::time::Timestamp;

pub(super) struct Classes<'a> {
    pub(super) payments: &'a Payments,
    pub(super) lines: &'a Lines,
    pub(super) terms: &'a Terms,
    pub(super) day: &'a Day,
    /// Lines under an order number that has its money already, in order.
    pub(super) second_money: Vec<u32>,
}

/// A class with its code and direction.
type Verdict = (Class, Option<Code>, Direction);

impl Classes<'_> {
    pub(super) fn outcome(&self, mut draft: Draft) -> Outcome {
        let verdicts: Vec<Verdict> = draft.pairs.iter().map(|pair| self.of_pair(pair)).collect();
        for (pair, verdict) in draft.pairs.iter_mut().zip(&verdicts) {
            if !agrees(verdict.0) {
                pair.handling = Handling::Proposed;
            }
        }
        let finding = |(class, code, direction): Verdict, link: Link| Finding {
            class,
            code,
            direction,
            link,
        };
        let payments = (0..narrow(self.payments.len())).map(|index| {
            let link = draft.payments[wide(index)];
            let verdict = match link {
                Link::None => self.of_lone_payment(index),
                Link::Pair(pair) => verdicts[wide(pair)],
                Link::Group(group) => of_group(draft.groups[wide(group)].limited, Code::A02),
                Link::Bundle(bundle) => of_bundle(draft.bundles[wide(bundle)].kind, Code::A02),
                Link::CopyOf(_) => (Class::DuplicateNotice, Some(Code::D01), Direction::Control),
            };
            finding(verdict, link)
        });
        let payments = payments.collect();
        let lines = (0..narrow(self.lines.len())).map(|index| {
            let link = draft.lines[wide(index)];
            let verdict = match link {
                Link::None => self.of_lone_line(index),
                Link::Pair(pair) => verdicts[wide(pair)],
                Link::Group(group) => of_group(draft.groups[wide(group)].limited, Code::A01),
                Link::Bundle(bundle) => of_bundle(draft.bundles[wide(bundle)].kind, Code::A01),
                Link::CopyOf(_) => (Class::DuplicateLine, Some(Code::D03), Direction::Control),
            };
            finding(verdict, link)
        });
        let lines = lines.collect();
        let Draft { pairs, groups, bundles, .. } = draft;
        Outcome { payments, lines, pairs, groups, bundles }
    }

    fn of_pair(&self, pair: &Pair) -> Verdict {
        let payment = &self.payments.side.items[wide(pair.payment)];
        let line = &self.lines.side.items[wide(pair.line)];
        self.difference(payment, line)
            .or_else(|| standing(payment))
            .unwrap_or_else(|| self.days(payment, line))
    }

    fn difference(&self, payment: &Item, line: &Item) -> Option<Verdict> {
        use Direction::{In, Neutral, Out};
        if payment.currency != line.currency {
            return Some((Class::AmountDiffers, Some(Code::M04), Neutral));
        }
        if payment.amount != line.amount {
            let (code, direction) = if payment.amount.abs_diff(line.amount) <= self.terms.rounding {
                (Code::M03, Neutral)
            } else if line.amount > payment.amount {
                (Code::M01, more(line))
            } else {
                (Code::M02, less(line))
            };
            return Some((Class::AmountDiffers, Some(code), direction));
        }
        let stated = self.lines.side.wallets(line);
        if !self.payments.side.wallets(payment).iter().any(|wallet| stated.contains(wallet)) {
            return Some((Class::DataDiffers, Some(Code::M08), Neutral));
        }
        let refunds_agree = line.refunded <= payment.refunded;
        let agrees = match line.status {
            Status::Paid => true,
            Status::Refunded => refunds_agree,
            Status::Closed | Status::Pending | Status::Unknown => false,
        };
        if !agrees {
            return Some((Class::StatusDiffers, Some(Code::M07), Neutral));
        }
        if payment.fee_known == FeeKnown::Yes
            && payment.fee.abs_diff(line.fee) > self.terms.fee_rounding
        {
            let direction = if line.fee > payment.fee { Out } else { In };
            return Some((Class::FeeDiffers, Some(Code::M06), direction));
        }
        None
    }

    /// The channel's day is the day of a pair; ours may be the one before or after.
    fn days(&self, payment: &Item, line: &Item) -> Verdict {
        let (ours, theirs) = (self.day.place(payment.time), self.day.place(line.time));
        let neighbours = |place: DayPlace| match place {
            DayPlace::Earlier | DayPlace::Later => false,
            DayPlace::Before | DayPlace::Within | DayPlace::After => true,
        };
        let skips = (ours, theirs) == (DayPlace::Before, DayPlace::After)
            || (ours, theirs) == (DayPlace::After, DayPlace::Before);
        if ours == theirs {
            let code = orphan(payment).then_some(Code::U02);
            let direction = if orphan(payment) { Direction::In } else { Direction::Neutral };
            (Class::Matched, code, direction)
        } else if neighbours(ours) && neighbours(theirs) && !skips {
            (Class::CrossDay, Some(Code::T02), Direction::Neutral)
        } else {
            (Class::DataDiffers, Some(Code::M09), Direction::Neutral)
        }
    }

    fn of_lone_payment(&self, index: u32) -> Verdict {
        let payment = &self.payments.side.items[wide(index)];
        if self.day.place(payment.time) != DayPlace::Within {
            return (Class::Pool, Some(Code::T02), Direction::Neutral);
        }
        let from = payment.time.minus(self.terms.delay);
        let to = payment.time.plus(self.terms.skew);
        let wallets = self.payments.side.wallets(payment);
        if !wallets.iter().all(|wallet| self.covered(*wallet, from, to)) {
            return (Class::Pool, Some(Code::T01), Direction::Neutral);
        }
        if payment.kind == LineKind::RefundOut {
            return (Class::RefundOnlyOurs, Some(Code::R01), Direction::Out);
        }
        (Class::OnlyOurs, Some(Code::T03), Direction::Out)
    }

    /// Whether files of a wallet hold every line between two instants.
    fn covered(&self, wallet: Wallet, from: Timestamp, to: Timestamp) -> bool {
        let mut reached = from;
        for (start, end) in self.lines.covered.get(&wallet).into_iter().flatten() {
            if *start <= reached {
                reached = reached.max(*end);
            }
        }
        reached > to
    }

    fn of_lone_line(&self, index: u32) -> Verdict {
        let line = &self.lines.side.items[wide(index)];
        let excluded = |direction| (Class::Excluded, None, direction);
        match line.kind {
            LineKind::PayOut | LineKind::Fee => return excluded(Direction::Out),
            LineKind::RefundIn => return excluded(Direction::In),
            LineKind::Transfer | LineKind::Neutral => return excluded(Direction::Neutral),
            LineKind::Unknown => {
                return (Class::Excluded, Some(Code::M08), Direction::Neutral);
            }
            LineKind::PayIn | LineKind::RefundOut | LineKind::Withdrawal => {}
        }
        match line.status {
            Status::Closed => return excluded(Direction::Neutral),
            Status::Pending => return (Class::Pool, Some(Code::T01), Direction::Neutral),
            Status::Paid | Status::Refunded | Status::Unknown => {}
        }
        if self.day.place(line.time) != DayPlace::Within {
            return (Class::Pool, Some(Code::T02), Direction::Neutral);
        }
        if line.kind == LineKind::RefundOut {
            return (Class::RefundOnlyChannel, Some(Code::U03), Direction::Out);
        }
        if line.kind == LineKind::Withdrawal {
            return (Class::OnlyChannel, Some(Code::U03), Direction::Out);
        }
        if self.second_money.binary_search(&index).is_ok() {
            return (Class::DuplicatePayment, Some(Code::D02), Direction::In);
        }
        let named = !self.lines.side.order(line).is_empty();
        let code = if named { Code::U01 } else { Code::U02 };
        (Class::OnlyChannel, Some(code), Direction::In)
    }
}

/// What the book says about a payment that the statement confirms.
fn standing(payment: &Item) -> Option<Verdict> {
    match payment.claim {
        Claim::Twice => Some((Class::DuplicatePayment, Some(Code::D02), Direction::In)),
        Claim::Late => Some((Class::Late, Some(Code::L01), Direction::In)),
        Claim::Order | Claim::Orphan => None,
    }
}

fn orphan(payment: &Item) -> bool {
    payment.claim == Claim::Orphan
}

/// A line that says more than we do: more came, or more left.
fn more(line: &Item) -> Direction {
    if line.kind == LineKind::PayIn { Direction::In } else { Direction::Out }
}

fn less(line: &Item) -> Direction {
    if line.kind == LineKind::PayIn { Direction::Out } else { Direction::In }
}

/// Whether both sides of a pair of this class say the same about the money.
fn agrees(class: Class) -> bool {
    matches!(class, Class::Matched | Class::CrossDay | Class::Late | Class::DuplicatePayment)
}

fn of_group(limited: bool, code: Code) -> Verdict {
    if limited {
        (Class::SearchLimit, Some(Code::A03), Direction::Control)
    } else {
        (Class::Ambiguous, Some(code), Direction::In)
    }
}

fn of_bundle(kind: BundleKind, code: Code) -> Verdict {
    match kind {
        BundleKind::Conflict => (Class::KeyConflict, Some(Code::D04), Direction::Control),
        BundleKind::Split => (Class::Split, Some(Code::S01), Direction::Neutral),
        BundleKind::Rivals => of_group(false, code),
        BundleKind::Limit => of_group(true, code),
    }
}
