//! V免签: the merchant's side of the protocol of `szvone/Vmq` and its forks.

mod answers;
mod callback;
#[cfg(test)]
mod fork_tests;
mod fox;
mod grammar;
mod picture;
mod protocol;
mod requests;
mod suite;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unique;

pub use protocol::Vmq;
