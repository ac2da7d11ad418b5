//! The rules that read notifications: data that an operator can replace, its checks, and the
//! default file.

mod amounts;
mod cases;
mod file;
mod reading;

pub use cases::CaseFailure;
pub use file::{RULE_REGEX_BYTES_MAX, RULES_BYTES_MAX, RULES_MAX, RuleError};
pub use reading::{DEFAULT_RULES, Rules, Verdict};
