//! Which payment each line of a channel's statement is, and what remains.
//!
//! Pure, deterministic, independent of the order of its inputs. Strong keys go first, and one that
//! differs is a veto; then wallet, amount and time, solved for each component of candidates as a
//! whole. Every result carries what a checker needs to see that it is right without searching.
//! `docs/reconciliation.md` explains the method.

mod certificates;
mod check;
mod class;
mod classify;
mod coincidence;
mod cover;
mod draft;
mod grades;
mod graph;
mod index;
mod input;
mod keys;
mod matching;
mod outcome;
mod side;
mod slots;
mod solve;
mod splits;
mod strong;
mod terms;

pub use check::{Flaw, check};
pub use class::Class;
pub use input::{
    Claim, Flow, ITEMS_MAX, InputError, KEY_BYTES_MAX, Lines, NOTE_DIGITS_MIN, Payment, Payments,
    TEXT_BYTES_MAX, Wallet,
};
pub use outcome::{Bundle, BundleKind, By, Finding, Group, Handling, Link, Outcome, Pair, Turn};
pub use solve::reconcile;
pub use terms::{
    BookTerms, DELAY_MAX, DayBounds, DayPlace, PARTS_MAX, ROUNDING_MAX, SEARCH_STEPS_MAX, SKEW_MAX,
    Terms,
};
