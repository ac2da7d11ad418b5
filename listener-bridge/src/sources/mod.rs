//! The sources: one file for each app family.

mod forwarded;
mod smsforwarder;
mod vmq;

pub use smsforwarder::SmsForwarder;
pub use vmq::Vmq;
