//! From HTTP to facts and back.

mod evidence;
mod exchange;
mod execute;
mod operations;
mod pay;
mod router;
mod seats;

pub use router::router;
