//! Views: what readers need, folded from the log and thrown away at will.
//!
//! Invariants: a view is a pure fold of chapters; folding the same log again gives an equal view;
//! no clock, no I/O.
//! Deliberately not here: what decisions need (`duizhang_core::state`) and how anything looks on a
//! wire.

pub mod book;
pub mod breaks;
pub mod calendar;
pub mod callbacks;
pub mod codes;
pub mod export;
pub mod inbox;
pub mod ledger;
pub mod orders;
pub mod projection;
pub mod recorded;
pub mod refunds;
pub mod statements;
pub mod views;
