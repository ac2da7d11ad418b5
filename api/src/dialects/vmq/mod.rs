//! V免签: the merchant's side of the protocol of `szvone/Vmq` and its forks.

mod answers;
mod callback;
mod fox;
#[cfg(test)]
mod fox_tests;
mod grammar;
mod picture;
mod protocol;
mod requests;
mod suite;
#[cfg(test)]
mod suite_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unique;

pub use protocol::Vmq;
