//! The epay dialect (彩虹易支付): the protocol of most shop software, in its first version, signed
//! with MD5, and its second, signed with RSA.

mod callback;
mod canon;
mod fields;
mod grammar;
mod lists;
mod numbers;
mod orders;
mod place;
mod protocol;
mod refusal;
mod shops;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unique;
mod v1_answers;
mod v1_requests;
mod v2_answers;
mod v2_requests;

pub use place::BESIDE_THE_CASHIER;
pub use protocol::Epay;
pub use shops::{NotifyMethod, Shop};
