//! receiptnotice and its forks.

mod document;
mod sealed;
mod source;
#[cfg(test)]
mod tests;

pub use source::ReceiptNotice;
