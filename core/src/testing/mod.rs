//! What tests of the rules stand on: a book with an auditor in it, and workloads that make
//! collisions.
//!
//! Invariants: nothing here is random by itself; ids come from a counter and histories from a
//! strategy, so a failing case can be played again.
//! Deliberately not here: wires, logs on disk, real clocks.

mod book;
mod books_day;
mod facts;
mod play;
mod play_books;
mod play_reckoning;
pub mod reckoning;
mod workload;

pub use book::{Book, Engine, Entry};
pub use books_day::{BOOKS_DAY, BOOKS_DAY_START, books_day};
pub use facts::{device, drawn_bits, merchant, money, order, policy_fact, wallet};
pub use workload::{
    BooksStep, Difference, Price, ReckonStep, Reference, SentAt, Step, Target, history, step,
};
