//! Proofs by a second way: oracles that know only the log and the plain words of the rules, and
//! planted wrong engines that they and the auditor must catch.
//!
//! Deliberately not here: invariants of the right engine (`histories.rs`) and examples
//! (`matching.rs`).

mod allocation;
mod canaries;
mod oracle;
mod past;
