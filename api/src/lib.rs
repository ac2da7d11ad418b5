//! The server's shell: everything around the rules that touches a clock, a socket or a secret.
//!
//! Deliberately not here: business rules (`duizhang-core`), storage (`duizhang-eventlog`) and the program's
//! command line.

pub mod accept;
pub mod clock;
pub mod outbound;
pub mod secrets;
pub mod webhook;
