//! From the command line to a verb, and from its end to an exit code.
//!
//! Invariant: an error is told once, with all that led to it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::error::ErrorKind;
use duizhang_api::secrets::Secret;
use hyper::Uri;

use super::arguments::{Arguments, Verb};
use super::{
    books, breaks, bridge, configuration, days, demonstration, devices, export, ledger, logging,
    merchants, reconcile, review, serve, statement, users, wallets,
};
use crate::config::{self, Config, Given};
use crate::review::{Form, HistoryQuestion, complaint};

/// A check found something wrong.
pub(super) const FINDING: u8 = 1;
/// The command could not run.
pub(super) const CANNOT_RUN: u8 = 2;
/// The command line makes no sense.
const USAGE: u8 = 64;

/// What every verb is given.
pub(super) struct Setting {
    pub(super) form: Form,
    /// The running server that is asked, with an operator's token; none where the data are read.
    pub(super) server: Option<(Uri, Secret)>,
    pub(super) given: Given,
    pub(super) variables: BTreeMap<String, String>,
}

impl Setting {
    /// The configuration in force.
    pub(super) fn config(&self) -> anyhow::Result<Config> {
        config::read(&self.given, &self.variables)
    }
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed standard output or error leaves nobody to tell.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(USAGE),
            };
        }
    };
    match carry_out(arguments) {
        Ok(code) => code,
        Err(error) => {
            tell(&error);
            ExitCode::from(CANNOT_RUN)
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is where the program speaks to its user")]
fn tell(error: &anyhow::Error) {
    eprintln!("duizhang: {}", complaint(error));
}

fn carry_out(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { config, data, server, token, json, verb } = arguments;
    let setting = Setting {
        form: if json { Form::Json } else { Form::Text },
        server: server.zip(token),
        given: Given { file: config, data },
        variables: variables(),
    };
    logging::start(match verb {
        Verb::Serve | Verb::Bridge(_) => "info",
        // The demo plays a forger and a shop that is down; what the server says of them is no news.
        Verb::Demo(_) => "error",
        _ => "warn",
    })?;
    match verb {
        Verb::Serve => serve::run(&setting),
        Verb::Bridge(arguments) => bridge::run(&setting, arguments),
        Verb::Demo(arguments) => demonstration::run(&setting, arguments),
        Verb::Replay(range) => review::history_of(&setting, range.question()),
        Verb::Reconcile(arguments) => reconcile::run(&setting, &arguments),
        Verb::Statement(verb) => statement::run(&setting, verb),
        Verb::Audit => review::history_of(&setting, HistoryQuestion::Audit),
        Verb::Explain { kind, id } => {
            review::history_of(&setting, HistoryQuestion::Explain { kind, id })
        }
        Verb::Export(wanted) => export::export(&setting, &wanted),
        Verb::Ledger(verb) => ledger::run(&setting, verb),
        Verb::Break(verb) => breaks::run(&setting, &verb),
        Verb::Day(verb) => days::run(&setting, &verb),
        Verb::Book(verb) => books::book(&setting, &verb),
        Verb::Adjustment(verb) => books::adjustment(&setting, &verb),
        Verb::Merchant(verb) => merchants::run(&setting, verb),
        Verb::Wallet(verb) => wallets::run(&setting, verb),
        Verb::Device(verb) => devices::run(&setting, verb),
        Verb::User(verb) => users::run(&setting, verb),
        Verb::Config(verb) => configuration::run(&setting, verb),
    }
}

/// The variables that may be settings. One that is no text cannot be ours.
fn variables() -> BTreeMap<String, String> {
    let texts = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(name, _)| name.starts_with("DUIZHANG_")).collect()
}
