//! What can be said on the command line.
//!
//! Deliberately not here: what the verbs do. Verbs of later versions are absent, not refused.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes: 0 fine; 1 a finding (a check found something wrong); 2 could not run; 64 wrong usage.

Configuration: defaults, then duizhang.toml in the data directory (or --config), then the environment
(DUIZHANG_SERVER__LISTEN=…). `duizhang config print` shows what is in force. Logs go to standard error;
DUIZHANG_LOG=debug shows more of them, DUIZHANG_LOG=json,info writes them as JSON.";

/// Payment reconciliation: collects payments into your own accounts and proves every line of it.
#[derive(Debug, Parser)]
#[command(name = "duizhang", version, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The configuration file [default: duizhang.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The data directory [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run the server; on a first run without configuration, make a sandbox and print how to use it
    Serve,
    /// Check the configuration, or print what is in force
    #[command(subcommand)]
    Config(ConfigVerb),
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// Say what is wrong with the configuration
    Check,
    /// Print the configuration in force, without secrets
    Print {
        /// Print every setting with its default and its explanation instead
        #[arg(long)]
        default: bool,
    },
}
