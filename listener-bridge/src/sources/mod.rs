//! The sources: one file or folder for each app family.

mod cxpay;
mod forwarded;
mod income_sms;
mod mpay;
mod receiptnotice;
mod sms_gate;
mod smsforwarder;
mod token;
mod vmq;
mod vmq_v1;
mod youzan;

pub use cxpay::CxPay;
pub use income_sms::IncomeSms;
pub use mpay::Mpay;
pub use receiptnotice::ReceiptNotice;
pub use sms_gate::SmsGate;
pub use smsforwarder::SmsForwarder;
pub use token::TokenHook;
pub use vmq::Vmq;
pub use vmq_v1::VmqV1;
pub use youzan::{Standing, YOUZAN, Youzan, standing_of, trade_to_fetch};
