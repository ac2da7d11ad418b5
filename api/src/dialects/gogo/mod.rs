//! GOGO支付: the merchant's side of the protocol of gogozhifu.com.

mod answers;
mod callback;
mod protocol;
mod requests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unique;

pub use protocol::Gogo;
