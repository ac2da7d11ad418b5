//! The server: it turns requests into facts, makes them durable, and tells the world what followed.
//!
//! Invariants: nobody is told "ok" before the fact and its decisions are on disk; only the writer
//! decides and appends; only `clock` reads a clock or entropy; dialects are pure translators.
//! Deliberately not here: the rules (`duizhang-core`), the log's format (`duizhang-eventlog`), the
//! command line.

pub mod accept;
pub mod app;
mod attempt;
pub mod book;
pub mod cashier;
pub mod clock;
pub mod deliverer;
pub mod dialects;
pub mod http;
pub mod key_pair;
mod lanes;
pub mod metrics;
pub mod opening;
pub mod outbound;
pub mod secrets;
pub mod server;
pub mod webhook;
pub mod writer;
pub mod youzan;
