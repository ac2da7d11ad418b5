//! What must hold of every log and of every state, whatever happened.
//!
//! Invariants: the list is numbered, and a number is never given again; the auditor shares no code
//! with the rules that it checks.
//! Deliberately not here: how a broken one is reported to people (`audit`), and the checks of
//! stored bytes (eventlog).

mod auditor;
mod books;
mod check;
mod codes;
mod deliveries;
mod holds;
mod list;
mod money;
mod reckoning;

pub use auditor::Auditor;
pub use check::check;
pub use list::{Invariant, Violation};
