//! The rules of Duizhang: what an order, a payment, a match and a callback are, and how one leads
//! to another.
//!
//! Everything here is pure and synchronous. A [`fact::Fact`] and a [`state::State`] go into
//! [`decide::decide`]; decisions or a [`rejection::Rejection`] come out;
//! [`evolve`](state::State::evolve) folds both back into the state. There is no clock, no
//! randomness, no floating point and no I/O in this crate: `no_std` keeps the first four out, and
//! time, ids and chance arrive inside the fact.
//!
//! Deliberately not here: wire formats (dialects, sources), storage, HTTP, views for readers.
#![no_std]
#![deny(missing_docs, clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm)]

extern crate alloc;

pub mod allocator;
pub mod amount;
pub mod breaks;
pub mod callback;
pub mod channel;
pub mod closing;
pub mod code;
pub mod decide;
pub mod decision;
mod declare;
pub mod digest;
pub mod event;
pub mod fact;
pub mod grade;
pub mod id;
pub mod invariant;
pub mod ledger;
pub mod limits;
pub mod matcher;
pub mod merkle;
pub mod notification;
pub mod order;
pub mod policy;
pub mod position;
pub mod reconciliation;
pub mod refund;
pub mod rejection;
pub mod state;
pub mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod when;
