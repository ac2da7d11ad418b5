//! Finance's part of `/v1/operator`: breaks, business days, movements and adjustments.
//!
//! It needs nothing of a desk but the zone, so that a program on stopped data reads and words the
//! same ([`crate::http::InHand`]).

mod accounts;
mod answers;
mod openapi;
mod paths;
mod refusal;
mod requests;
mod sent;
mod shown;
#[cfg(test)]
pub(super) mod tests;

pub(super) use answers::word;
pub(super) use openapi::Document;
pub(super) use paths::{Finance, Work};
pub(super) use refusal::{of_books, of_break, of_day};
pub(super) use requests::read;
pub(crate) use requests::read_call;
