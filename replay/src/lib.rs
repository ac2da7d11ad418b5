//! Playing the log again: whether every decision still follows, what a day was, what a log is
//! worth, and how one thing came to be as it is.
//!
//! Invariants: nothing here appends, reads a clock or draws a number; the same log gives the same
//! bytes of text and JSON; everything is told with the position in the log that it rests on.
//! Deliberately not here: opening a log (callers pass one), printing, exit codes.

mod agreement;
pub mod audit;
mod break_sentences;
pub mod day;
mod error;
pub mod explain;
mod play;
pub mod reconcile;
pub mod rederive;
mod sentences;
mod spelling;
mod table;
mod words;

#[cfg(test)]
mod story_book;

pub use error::ReplayError;
pub use play::{Progress, book_zone};
