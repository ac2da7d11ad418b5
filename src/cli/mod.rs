//! The command line: verbs, their output, and exit codes.

mod arguments;
mod books;
mod breaks;
mod bridge;
mod configuration;
mod counter;
mod days;
mod declarations;
mod demonstration;
mod devices;
mod export;
mod first_run;
mod ledger;
mod logging;
mod merchants;
mod output;
mod program;
mod reconcile;
mod review;
mod serve;
mod signals;
mod statement;
mod stopped;
mod users;
mod wallets;

pub(crate) use program::run;
