//! V免签: the merchant's side of the protocol of `szvone/Vmq` and its forks.

mod answers;
mod callback;
mod grammar;
mod protocol;
mod requests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unique;

pub use protocol::Vmq;
