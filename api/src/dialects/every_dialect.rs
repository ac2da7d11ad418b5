//! All dialects, in the order in which a server asks them.
//!
//! Invariant: no two of them claim one request (a test plays every recorded conversation against
//! all of them), so the order decides nothing.
//! Deliberately not here: any dialect.

use duizhang_core::order;

use super::{Bufpay, Codepay, Dialect, Epay, Gogo, Native, Vmq, Youzan};

/// All dialects; those with settings of single shops are given.
#[must_use]
pub fn every_dialect(epay: Epay, codepay: Codepay) -> Vec<(order::Dialect, Box<dyn Dialect>)> {
    vec![
        (order::Dialect::Native, Box::new(Native)),
        (order::Dialect::Vmq, Box::new(Vmq)),
        (order::Dialect::Bufpay, Box::new(Bufpay)),
        (order::Dialect::Gogo, Box::new(Gogo)),
        (order::Dialect::Codepay, Box::new(codepay)),
        (order::Dialect::Epay, Box::new(epay)),
        (order::Dialect::Youzan, Box::new(Youzan)),
    ]
}
