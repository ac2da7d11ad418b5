//! BufPay: the merchant's side of the protocol of bufpay.com.

mod answers;
mod callback;
mod grammar;
mod protocol;
mod requests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unique;

pub use protocol::Bufpay;
