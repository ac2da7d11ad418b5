//! Merchant-side protocols: each a pure translator between its wire and our words.

mod bufpay;
mod call;
mod chain;
mod codepay;
mod deed;
#[cfg(test)]
mod desk_for_tests;
mod dialect;
mod epay;
mod every_dialect;
mod gogo;
mod native;
mod proof;
mod strict;
mod vmq;
mod way;
mod words;
mod youzan;

pub use bufpay::Bufpay;
pub use call::{
    Action, Call, Caller, NewOrder, NewRefund, OrderQuery, PAGE_INBOX_MAX, PAGE_OFFSET_MAX,
    PAGE_ROWS_MAX, Reply,
};
pub use codepay::{Codepay, Money as CodepayMoney};
pub use deed::{
    BreakPlace, BreakQuery, Deed, Look, PAGE_FINANCE_MAX, Seen, SeenBreak, SeenDay, Standing,
};
pub use dialect::{
    BODY_BYTES_MAX, CallbackRequest, Desk, Dialect, Found, Judged, MerchantCard, Message, Tally,
    Token, Unsendable,
};
pub use epay::{BESIDE_THE_CASHIER, Epay, NotifyMethod as EpayNotifyMethod, Shop as EpayShop};
pub use every_dialect::every_dialect;
pub use gogo::Gogo;
pub use native::{DOCS_STYLESHEET, DOCS_STYLESHEET_PATH, Native, docs_page, openapi_document};
pub(crate) use native::{finance::read_call, word_without_desk};
pub use vmq::Vmq;
pub use youzan::Youzan;
