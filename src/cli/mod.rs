//! The command line: verbs, their output, and exit codes.

mod arguments;
mod configuration;
mod first_run;
mod logging;
mod output;
mod program;
mod serve;

pub(crate) use program::run;
