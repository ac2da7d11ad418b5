//! The sources: one file for each app family.

mod forwarded;
mod smsforwarder;
mod vmq;
mod youzan;

pub use smsforwarder::SmsForwarder;
pub use vmq::Vmq;
pub use youzan::{Standing, YOUZAN, Youzan, standing_of, trade_to_fetch};
