//! From HTTP to facts and back.

mod evidence;
pub mod exchange;
mod execute;
mod finance;
mod operations;
mod pages;
mod pay;
mod relay;
mod router;
mod seats;
mod spoken;

pub use finance::InHand;
pub use router::router;
