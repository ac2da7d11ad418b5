//! codepay (码支付): the merchant's side of the protocol of `codepay.fateqq.com`.

mod answers;
mod callback;
mod grammar;
mod kept;
mod money;
mod numbers;
mod pages;
mod protocol;
mod received;
mod requests;
#[cfg(test)]
mod tests;
mod tokens;
#[cfg(test)]
mod unique;

pub use money::Money;
pub use protocol::Codepay;
