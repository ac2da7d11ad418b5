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

use super::class::Class;
use super::draft::Draft;
use super::index::{narrow, wide};
use super::input::{Claim, Lines, Payments, Wallet};
use super::outcome::{BundleKind, Finding, Handling, Link, Outcome, Pair};
use super::side::{FeeKnown, Item, Status};
use super::terms::{DayBounds, DayPlace, Terms};
use crate::breaks::{BreakCode, Direction};
use crate::statement::LineKind;
use crate::time::Timestamp;

pub(super) struct Classes<'a> {
    pub(super) payments: &'a Payments,
    pub(super) lines: &'a Lines,
    pub(super) terms: &'a Terms,
    pub(super) day: &'a DayBounds,
    /// Lines under an order number that has its money already, in order.
    pub(super) second_money: Vec<u32>,
}

/// A class with its code and direction.
type Verdict = (Class, Option<BreakCode>, Direction);

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
                Link::Group(group) => {
                    of_group(draft.groups[wide(group)].limited, BreakCode::AmbiguousPayments)
                }
                Link::Bundle(bundle) => {
                    of_bundle(draft.bundles[wide(bundle)].kind, BreakCode::AmbiguousPayments)
                }
                Link::CopyOf(_) => {
                    (Class::DuplicateNotice, Some(BreakCode::DuplicateNotice), Direction::Control)
                }
            };
            finding(verdict, link)
        });
        let payments = payments.collect();
        let lines = (0..narrow(self.lines.len())).map(|index| {
            let link = draft.lines[wide(index)];
            let verdict = match link {
                Link::None => self.of_lone_line(index),
                Link::Pair(pair) => verdicts[wide(pair)],
                Link::Group(group) => {
                    of_group(draft.groups[wide(group)].limited, BreakCode::AmbiguousOrders)
                }
                Link::Bundle(bundle) => {
                    of_bundle(draft.bundles[wide(bundle)].kind, BreakCode::AmbiguousOrders)
                }
                Link::CopyOf(_) => {
                    (Class::DuplicateLine, Some(BreakCode::DuplicateLine), Direction::Control)
                }
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
            return Some((Class::AmountDiffers, Some(BreakCode::Currency), Neutral));
        }
        if payment.amount != line.amount {
            let (code, direction) = if payment.amount.abs_diff(line.amount) <= self.terms.rounding {
                (BreakCode::Rounding, Neutral)
            } else if line.amount > payment.amount {
                (BreakCode::AmountOver, more(line))
            } else {
                (BreakCode::AmountUnder, less(line))
            };
            return Some((Class::AmountDiffers, Some(code), direction));
        }
        let stated = self.lines.side.wallets(line);
        if !self.payments.side.wallets(payment).iter().any(|wallet| stated.contains(wallet)) {
            return Some((Class::DataDiffers, Some(BreakCode::Data), Neutral));
        }
        let refunds_agree = line.refunded <= payment.refunded;
        let agrees = match line.status {
            Status::Paid => true,
            Status::Refunded => refunds_agree,
            Status::Closed | Status::Pending | Status::Unknown => false,
        };
        if !agrees {
            return Some((Class::StatusDiffers, Some(BreakCode::Status), Neutral));
        }
        if payment.fee_known == FeeKnown::Yes
            && payment.fee.abs_diff(line.fee) > self.terms.fee_rounding
        {
            let direction = if line.fee > payment.fee { Out } else { In };
            return Some((Class::FeeDiffers, Some(BreakCode::FeeVariance), direction));
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
            let code = orphan(payment).then_some(BreakCode::OrphanPayment);
            let direction = if orphan(payment) { Direction::In } else { Direction::Neutral };
            (Class::Matched, code, direction)
        } else if neighbours(ours) && neighbours(theirs) && !skips {
            (Class::CrossDay, Some(BreakCode::DayCut), Direction::Neutral)
        } else {
            (Class::DataDiffers, Some(BreakCode::Date), Direction::Neutral)
        }
    }

    fn of_lone_payment(&self, index: u32) -> Verdict {
        let payment = &self.payments.side.items[wide(index)];
        if self.day.place(payment.time) != DayPlace::Within {
            return (Class::Pool, Some(BreakCode::DayCut), Direction::Neutral);
        }
        let from = payment.time.minus(self.terms.delay);
        let to = payment.time.plus(self.terms.skew);
        let wallets = self.payments.side.wallets(payment);
        if !wallets.iter().all(|wallet| self.covered(*wallet, from, to)) {
            return (Class::Pool, Some(BreakCode::PendingStatement), Direction::Neutral);
        }
        if payment.kind == LineKind::RefundOut {
            return (Class::RefundOnlyOurs, Some(BreakCode::RefundNotSettled), Direction::Out);
        }
        (Class::OnlyOurs, Some(BreakCode::OverdueStatement), Direction::Out)
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
            LineKind::RefundIn | LineKind::FeeBack => return excluded(Direction::In),
            LineKind::Transfer | LineKind::Neutral => return excluded(Direction::Neutral),
            LineKind::Unknown => {
                return (Class::Excluded, Some(BreakCode::Data), Direction::Neutral);
            }
            LineKind::PayIn | LineKind::RefundOut | LineKind::Withdrawal => {}
        }
        match line.status {
            Status::Closed => return excluded(Direction::Neutral),
            Status::Pending => {
                return (Class::Pool, Some(BreakCode::PendingStatement), Direction::Neutral);
            }
            Status::Paid | Status::Refunded | Status::Unknown => {}
        }
        if self.day.place(line.time) != DayPlace::Within {
            return (Class::Pool, Some(BreakCode::DayCut), Direction::Neutral);
        }
        if line.kind == LineKind::RefundOut {
            return (Class::RefundOnlyChannel, Some(BreakCode::OrphanRefund), Direction::Out);
        }
        if line.kind == LineKind::Withdrawal {
            return (Class::OnlyChannel, Some(BreakCode::OrphanRefund), Direction::Out);
        }
        if self.second_money.binary_search(&index).is_ok() {
            return (Class::DuplicatePayment, Some(BreakCode::DuplicatePayment), Direction::In);
        }
        let named = !self.lines.side.order(line).is_empty();
        let code = if named { BreakCode::UnobservedPayment } else { BreakCode::OrphanPayment };
        (Class::OnlyChannel, Some(code), Direction::In)
    }
}

/// What the book says about a payment that the statement confirms.
fn standing(payment: &Item) -> Option<Verdict> {
    match payment.claim {
        Claim::Twice => {
            Some((Class::DuplicatePayment, Some(BreakCode::DuplicatePayment), Direction::In))
        }
        Claim::Late => Some((Class::Late, Some(BreakCode::PaidAfterExpiry), Direction::In)),
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

fn of_group(limited: bool, code: BreakCode) -> Verdict {
    if limited {
        (Class::SearchLimit, Some(BreakCode::SearchLimit), Direction::Control)
    } else {
        (Class::Ambiguous, Some(code), Direction::In)
    }
}

fn of_bundle(kind: BundleKind, code: BreakCode) -> Verdict {
    match kind {
        BundleKind::Conflict => {
            (Class::KeyConflict, Some(BreakCode::KeyConflict), Direction::Control)
        }
        BundleKind::Split => (Class::Split, Some(BreakCode::SplitIncomplete), Direction::Neutral),
        BundleKind::Rivals => of_group(false, code),
        BundleKind::Limit => of_group(true, code),
    }
}
