//! Reconciliation from outside: against an oracle that tries everything, against its own checker,
//! and against matchers that are known to be wrong.

mod canaries;
mod cases;
mod oracle;
mod random;
mod world;
