//! The Youzan bridge: a shop asks for a code and hears of its payment, and never speaks to Youzan
//! itself.

mod answers;
mod callback;
mod protocol;
mod requests;
#[cfg(test)]
mod tests;

pub use protocol::Youzan;
