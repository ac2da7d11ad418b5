//! The tests of the whole: one binary, so that the program is linked once.
//!
//! `tidy` holds the tree to its own rules. Its neighbours hold the rules by kind, and
//! `tidy_planted` proves that each rule catches what it is for.
//! Deliberately not here: tests of one module, which live beside it.

mod bad_input;
mod bridge;
mod cli;
mod clients;
mod collisions;
mod crate_client;
mod damage;
mod demo;
mod disk_faults;
mod epay_second;
mod export;
mod fees;
mod finance;
mod keys;
mod kill;
mod ledger;
mod power_cut;
mod program;
mod reconcile;
mod report;
mod review;
mod start;
mod tidy;
mod tidy_planted;
mod tidy_shape;
mod tidy_source;
mod tidy_text;
mod walk;
