//! Merchant-side protocols: each a pure translator between its wire and our words.

mod call;
#[cfg(test)]
mod desk_for_tests;
mod dialect;
mod epay;
mod native;
mod proof;
mod vmq;
mod way;

pub use call::{Action, Call, Caller, NewOrder, NewRefund, OrderQuery, PAGE_OFFSET_MAX, Reply};
pub use dialect::{
    BODY_BYTES_MAX, CallbackRequest, DayTally, Desk, Dialect, Found, Judged, MerchantCard, Message,
    Tally, Token, Unsendable,
};
pub use epay::{BESIDE_THE_CASHIER, Epay, NotifyMethod as EpayNotifyMethod, Shop as EpayShop};
pub use native::{Native, docs_page, openapi_document};
pub use vmq::Vmq;
