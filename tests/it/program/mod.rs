//! What the tests of the whole drive the program with: processes, HTTP, a shop, load, and the log's
//! records.

mod book;
mod chance;
mod client;
mod http;
mod load;
mod planted;
mod process;
mod records;
mod shop;

pub(crate) use book::{
    BookFile, DEVICE_KEY, MERCHANT_KEY, TOKEN, WEBHOOK, millis, push_path, usual,
};
pub(crate) use chance::Chance;
pub(crate) use client::Client;
pub(crate) use http::{Answer, Caller, Events};
pub(crate) use load::{Ledger, Load};
pub(crate) use planted::Planted;
pub(crate) use process::{Ended, GUARD, Program, skip};
pub(crate) use records::Records;
pub(crate) use shop::{Came, Shop};
