//! What can be said on the command line.
//!
//! Deliberately not here: what the verbs do. Verbs of later versions are absent, not refused.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use duizhang_api::secrets::Secret;
use duizhang_projections::calendar::day_asked;
use duizhang_replay::reconcile::ReportFormat;
use hyper::Uri;

use super::books::{AdjustmentVerb, BookVerb};
use super::breaks::BreakVerb;
use super::counter::Who;
use super::days::DayVerb;
use super::declarations::{DeviceVerb, MerchantVerb, UserVerb, WalletVerb};
use super::export::ExportVerb;
use super::ledger::LedgerVerb;
use crate::review::{HistoryQuestion, server};

/// Where an operator's token may lie, so that it stands in no list of processes.
const TOKEN_VARIABLE: &str = "DUIZHANG_TOKEN";

const EXIT_CODES: &str = "\
Exit codes: 0 fine; 1 a finding (a check found something wrong); 2 could not run; 64 wrong usage.

Configuration: defaults, then duizhang.toml in the data directory (or --config), then the
environment (DUIZHANG_SERVER__LISTEN=…). `duizhang config print` shows what is in force. Logs go to
standard error; DUIZHANG_LOG=debug shows more, DUIZHANG_LOG=json,info writes them as JSON.";

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
    /// For verbs that read, and for operators' work: ask this running server, like
    /// http://127.0.0.1:8330, instead of opening a stopped server's data
    #[arg(long, global = true, value_name = "URL", value_parser = server)]
    pub(super) server: Option<Uri>,
    /// The operator's token for --server [default: the variable DUIZHANG_TOKEN]
    #[arg(long, global = true, value_name = "T", value_parser = token_text)]
    pub(super) token: Option<Secret>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

impl Arguments {
    /// What the command line says, where it makes sense.
    pub(super) fn read() -> Result<Self, clap::Error> {
        let mut arguments = Self::try_parse()?;
        if arguments.server.is_some() && arguments.token.is_none() {
            arguments.token = std::env::var(TOKEN_VARIABLE).ok().map(Secret::new);
        }
        match arguments.nonsense() {
            Some(what) => Err(Self::command().error(ErrorKind::ArgumentConflict, what)),
            None => Ok(arguments),
        }
    }

    /// What contradicts itself though each word can be read.
    fn nonsense(&self) -> Option<String> {
        match (&self.server, &self.token) {
            (Some(_), None) => return Some(format!("--server needs --token or {TOKEN_VARIABLE}")),
            (None, Some(_)) => return Some("--token is for --server".to_owned()),
            (Some(_), Some(_)) if self.data.is_some() => {
                return Some(
                    "--data is for a stopped server and --server for a running one".into(),
                );
            }
            (Some(_), Some(_)) if !self.verb.asks_a_server() => {
                return Some(
                    "--server is for verbs that read and operators' work, not this one".into(),
                );
            }
            _ => {}
        }
        match self.verb.who().map(|who| (self.server.is_some(), who.by.is_some())) {
            Some((true, true)) => return Some("--by is for --data: the token says who".into()),
            Some((false, false)) => return Some("--by NAME says which operator does it".into()),
            Some((true, false) | (false, true)) | None => {}
        }
        match &self.verb {
            Verb::Replay(ReplayRange { from: Some(from), to: Some(to), .. }) if from > to => {
                Some(format!("--from {from} lies behind --to {to}"))
            }
            Verb::Reconcile(ReconcileArguments { by: Some(_), .. }) if self.server.is_some() => {
                Some("the token says who reconciles: --by is for a stopped server's data".into())
            }
            Verb::Export(export) if export.is_backward() => {
                Some("--from lies behind --to".to_owned())
            }
            Verb::Export(export) if self.json && !export.has_file() => {
                Some("--json tells of the file that -o names; --format json is the export".into())
            }
            Verb::Ledger(verb) => verb.nonsense(),
            _ => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run the server; on a first run without configuration, make a sandbox and print how to use it
    Serve,
    /// Run the relay near the phones: keep their pushes on disk until bridge.upstream has them
    Bridge(BridgeArguments),
    /// Play one realistic day through the real server, print its reconciliation, and keep serving
    Demo(DemoArguments),
    /// Play a day or a range of positions again: its report, and whether every decision follows
    ///
    /// Ends with 1 where a decision does not follow, where a day does not add up, or where the
    /// events contradict each other.
    Replay(ReplayRange),
    /// Take the channels' statement files into custody, compare a business day with all that are
    /// kept, and record what differs
    ///
    /// Ends with 1 where something waits for a person. The same again changes nothing.
    Reconcile(ReconcileArguments),
    /// Write the report of a business day: as it was closed, or as it is known
    ///
    /// Ends with 1 where something waits for a person; with --since where anything changed.
    Report(ReportArguments),
    /// Look into statement files, and list, show and save those that are kept
    #[command(subcommand)]
    Statement(StatementVerb),
    /// Check the whole log: frames, roots, invariants, decisions and views
    Audit,
    /// Tell the story of one thing, event by event
    Explain {
        /// order, notification, payment, callback or break
        kind: String,
        /// Its id; for an order also the shop's own number
        id: String,
    },
    /// Work on what books and statements disagree about
    #[command(subcommand)]
    Break(BreakVerb),
    /// Close business days, and open them again
    #[command(subcommand)]
    Day(DayVerb),
    /// Record fees, withdrawals, transfers and opening balances
    #[command(subcommand)]
    Book(BookVerb),
    /// Put the books right, with a second person above a limit
    #[command(subcommand)]
    Adjustment(AdjustmentVerb),
    /// Write the books, events, orders or breaks for other programs
    #[command(subcommand)]
    Export(ExportVerb),
    /// Show the double-entry books: trial balance, statement of an account, chart of accounts
    #[command(subcommand)]
    Ledger(LedgerVerb),
    /// Declare shops, list them, and give them new keys
    #[command(subcommand)]
    Merchant(MerchantVerb),
    /// Declare receiving accounts and list them
    #[command(subcommand)]
    Wallet(WalletVerb),
    /// Declare phones, list them, and give them new keys
    #[command(subcommand)]
    Device(DeviceVerb),
    /// Give operators tokens, list them, and take tokens away
    #[command(subcommand)]
    User(UserVerb),
    /// Check the configuration, or print what is in force
    #[command(subcommand)]
    Config(ConfigVerb),
}

impl Verb {
    /// Who does it, where operators do something.
    const fn who(&self) -> Option<&Who> {
        match self {
            Self::Break(verb) => verb.who(),
            Self::Day(verb) => verb.who(),
            Self::Book(verb) => verb.who(),
            Self::Adjustment(verb) => verb.who(),
            _ => None,
        }
    }

    /// Whether a running server can carry it out.
    const fn asks_a_server(&self) -> bool {
        match self {
            Self::Break(_) | Self::Day(_) | Self::Book(_) | Self::Adjustment(_) => true,
            Self::Replay(_)
            | Self::Audit
            | Self::Explain { .. }
            | Self::Export(_)
            | Self::Ledger(_) => true,
            Self::Merchant(verb) => matches!(verb, MerchantVerb::List | MerchantVerb::Show { .. }),
            Self::Wallet(verb) => matches!(verb, WalletVerb::List | WalletVerb::Show { .. }),
            Self::Device(verb) => matches!(verb, DeviceVerb::List | DeviceVerb::Show { .. }),
            Self::User(verb) => matches!(verb, UserVerb::List | UserVerb::Show { .. }),
            Self::Reconcile(_) | Self::Report(_) => true,
            Self::Statement(verb) => !matches!(verb, StatementVerb::Preview { .. }),
            Self::Serve | Self::Bridge(_) | Self::Demo(_) | Self::Config(_) => false,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ReconcileArguments {
    /// The business day, like 2026-11-21
    #[arg(long, value_name = "D", value_parser = day_asked)]
    pub(super) day: NaiveDate,
    /// A statement file, with its wallet in front where the file does not tell; may be given
    /// several times. Without one the day is compared with what is kept
    #[arg(long, num_args = 1.., value_name = "[WALLET=]FILE")]
    pub(super) statement: Vec<String>,
    /// What the columns of a CSV or XLSX file mean, for files that no layout is known for
    #[arg(long, value_name = "FILE", requires = "statement")]
    pub(super) mapping: Option<PathBuf>,
    /// Compare only: keep no file and record nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Which operator reconciles; a running server knows it by the token [default: command line]
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum StatementVerb {
    /// Say what a file is, what is read of it and what is not; no book is needed
    Preview {
        /// The file
        file: PathBuf,
        /// What its columns mean, where no layout is known
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
    },
    /// List the statements that are kept
    List {
        /// Only those that tell of this business day, like 2026-11-21
        #[arg(long, value_name = "D", value_parser = day_asked)]
        day: Option<NaiveDate>,
    },
    /// Show what is known of a kept statement, and whether its bytes are whole
    Show {
        /// Its SHA-256, or the first digits of it
        sha256: String,
    },
    /// Write the original bytes of a kept statement to a file
    Save {
        /// Its SHA-256, or the first digits of it
        sha256: String,
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// The business day, like 2026-11-21
    #[arg(long, value_name = "D", value_parser = day_asked)]
    pub(super) day: NaiveDate,
    /// As it was known at this position [default: of a closed day its closing, else now]
    #[arg(long, value_name = "P")]
    pub(super) at: Option<u64>,
    /// What changed since this position, each difference with the event that made it
    #[arg(long, value_name = "P")]
    pub(super) since: Option<u64>,
    /// As it is known now, though the day is closed
    #[arg(long, conflicts_with = "at")]
    pub(super) now: bool,
    /// text, html, xlsx, csv or json [default: text, and json with --json]
    #[arg(long, value_name = "F")]
    pub(super) format: Option<ReportFormat>,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct BridgeArguments {
    /// Forward once more what bridge.upstream has refused, before all that came later
    #[arg(long)]
    pub(super) again: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct DemoArguments {
    /// Which day to play; the same seed plays the same day
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// End after the report, with 1 where the books or the replay disagree
    #[arg(long)]
    pub(super) exit: bool,
    /// Where to listen; 0 picks a free port
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(super) port: u16,
}

#[derive(Debug, Args)]
pub(super) struct ReplayRange {
    /// The business day, like 2026-11-21
    #[arg(long, value_name = "D", value_parser = day_asked, conflicts_with_all = ["from", "to"])]
    #[arg(required_unless_present = "from")]
    pub(super) day: Option<NaiveDate>,
    /// The first position; 0 and 1 are the beginning. A fact and what was decided on it are
    /// compared together, so a range that cuts through them is widened, and the answer says so
    #[arg(long, value_name = "P", requires = "to")]
    pub(super) from: Option<u64>,
    /// The last position
    #[arg(long, value_name = "P", requires = "from")]
    pub(super) to: Option<u64>,
}

impl ReplayRange {
    /// What is asked.
    pub(super) fn question(self) -> HistoryQuestion {
        match (self.day, self.from.zip(self.to)) {
            (Some(day), _) => HistoryQuestion::Day { day: day.to_string() },
            (None, range) => {
                let (from, to) = range.expect("without a day both ends are required");
                HistoryQuestion::Range { from, to }
            }
        }
    }
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
        /// Print the built-in notice rules instead, to begin a file of your own with
        #[arg(long, conflicts_with = "default")]
        notice_rules: bool,
    },
}

fn token_text(text: &str) -> Result<Secret, String> {
    if text.is_empty() { Err("it is empty".into()) } else { Ok(Secret::new(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Verb, ErrorKind> {
        let words = std::iter::once("duizhang").chain(words.iter().copied());
        Arguments::try_parse_from(words).map(|read| read.verb).map_err(|error| error.kind())
    }

    #[test]
    fn words_may_begin_with_a_minus() {
        let (id, adjustment) = ("b00000000000000000000000007", "a00000000000000000000000007");
        for words in [
            &["break", "comment", id, "--text", "-5 yuan", "--by", "li"][..],
            &["break", "refuse", id, "--reason", "- no", "--by", "li"],
            &["break", "reopen", id, "--reason", "-", "--by", "li"],
            &["day", "close", "2026-11-20", "--reason", "-1 is fine", "--by", "li"],
            &["day", "reopen", "2026-11-20", "--reason", "-1", "--by", "li"],
            &["adjustment", "approve", adjustment, "--reason", "-0.01", "--by", "li"],
        ] {
            let verb = read(words).unwrap_or_else(|error| panic!("{words:?}: {error:?}"));
            assert_eq!(verb.who().and_then(|who| who.by.as_deref()), Some("li"));
        }
    }

    #[test]
    fn days_that_no_log_holds_are_no_days() {
        for day in ["1969-12-31", "+262142-12-31", "today"] {
            for words in [
                &["report", "--day", day][..],
                &["reconcile", "--day", day],
                &["statement", "list", "--day", day],
                &["replay", "--day", day],
                &["export", "orders", "--format", "csv", "--day", day],
                &["ledger", "balance", "--day", day],
                &["ledger", "account", "1001", "--from", day, "--to", "2026-11-20"],
                &["break", "list", "--day", day],
                &["day", "show", day],
                &["day", "close", day, "--reason", "r"],
            ] {
                assert_eq!(read(words).err(), Some(ErrorKind::ValueValidation), "{words:?}");
            }
        }
        assert!(read(&["report", "--day", "9999-12-31"]).is_ok());
    }
}
