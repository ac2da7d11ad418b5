//! Two sides compared: the order of the steps.
//!
//! Keys before amounts, the near before the far, one to one before sums; each step takes only what
//! the ones before left open, and none gives up a part of what it cannot tell apart.
//!
//! Invariants: a pure function of its arguments; the order of pushing decides nothing.
//! Deliberately not here: the steps themselves.

use super::classify::Classes;
use super::coincidence;
use super::draft::Draft;
use super::input::{Lines, Payments};
use super::outcome::Outcome;
use super::slots::Slots;
use super::splits;
use super::strong::Strong;
use super::terms::{DayBounds, Terms};

/// Compares payments with lines around a day. Both sides should hold the neighbouring days too.
#[must_use]
pub fn reconcile(payments: &Payments, lines: &Lines, terms: &Terms, day: &DayBounds) -> Outcome {
    let mut draft = Draft::new(payments.len(), lines.len());
    let strong = Strong::new(payments, lines);
    strong.by_serial(&mut draft);
    strong.by_base(&mut draft);
    strong.by_order(&mut draft);
    Slots::new(payments, lines, terms).place(&mut draft);
    coincidence::suspend(payments, lines, terms, day, &mut draft);
    splits::place(payments, lines, terms, &mut draft);
    let second_money = strong.second_money(&draft);
    Classes { payments, lines, terms, day, second_money }.outcome(draft)
}
