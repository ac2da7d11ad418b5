//! All sources, in the order in which a server asks them.
//!
//! Invariant: no two of them claim one request (a test plays every recorded conversation against
//! all of them), so the order decides nothing.
//! Deliberately not here: any source.

use crate::rules::Rules;
use crate::source::Source;
use crate::sources::{
    CxPay, IncomeSms, Mpay, ReceiptNotice, SmsForwarder, SmsGate, TokenHook, Vmq, VmqV1, Youzan,
};

/// All sources, reading notices by these rules.
#[must_use]
pub fn every_source(rules: &Rules) -> Vec<Box<dyn Source + Send + Sync>> {
    vec![
        Box::new(Vmq),
        Box::new(VmqV1),
        Box::new(SmsForwarder::new(rules.clone())),
        Box::new(ReceiptNotice::new(rules.clone())),
        Box::new(Mpay::new(rules.clone())),
        Box::new(CxPay),
        Box::new(IncomeSms::new(rules.clone())),
        Box::new(SmsGate::new(rules.clone())),
        Box::new(TokenHook::new(rules.clone())),
        Box::new(Youzan),
    ]
}
