//! What can be said on the command line.
//!
//! Deliberately not here: what the verbs do. Verbs of later versions are absent, not refused.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use duizhang_api::secrets::Secret;
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::id::{DeviceId, MerchantId, WalletId};
use duizhang_core::time::Span;
use hyper::Uri;

use crate::config::duration;
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
    /// For verbs that read: ask this running server, like http://127.0.0.1:8330, instead of reading
    /// a stopped server's data
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
            (Some(_), Some(_)) if !self.verb.only_reads() => {
                return Some("a running server answers verbs that read; this one changes".into());
            }
            _ => {}
        }
        match &self.verb {
            Verb::Replay(ReplayRange { from: Some(from), to: Some(to), .. }) if from > to => {
                Some(format!("--from {from} lies behind --to {to}"))
            }
            _ => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run the server; on a first run without configuration, make a sandbox and print how to use it
    Serve,
    /// Run the relay near the phones: keep their pushes on disk until bridge.upstream has them
    Bridge,
    /// Play one realistic day through the real server, print its reconciliation, and keep serving
    Demo(DemoArguments),
    /// Play a day or a range of positions again: its report, and whether every decision follows
    ///
    /// Ends with 1 where a decision does not follow, where a day does not add up, or where the
    /// events contradict each other.
    Replay(ReplayRange),
    /// Check the whole log: frames, roots, invariants, decisions and views
    Audit,
    /// Tell the story of one thing, event by event
    Explain {
        /// order, notification, payment, callback or break
        kind: String,
        /// Its id; for an order also the shop's own number
        id: String,
    },
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
    /// Whether a running server can answer it.
    const fn only_reads(&self) -> bool {
        match self {
            Self::Replay(_) | Self::Audit | Self::Explain { .. } => true,
            Self::Merchant(verb) => matches!(verb, MerchantVerb::List | MerchantVerb::Show { .. }),
            Self::Wallet(verb) => matches!(verb, WalletVerb::List | WalletVerb::Show { .. }),
            Self::Device(verb) => matches!(verb, DeviceVerb::List | DeviceVerb::Show { .. }),
            Self::User(verb) => matches!(verb, UserVerb::List | UserVerb::Show { .. }),
            Self::Serve | Self::Bridge | Self::Demo(_) | Self::Config(_) => false,
        }
    }
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
    #[arg(long, value_name = "D", conflicts_with_all = ["from", "to"])]
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

#[derive(Debug, Subcommand)]
pub(super) enum MerchantVerb {
    /// Declare a shop, draw its keys and print them once
    Add(MerchantAdd),
    /// List all shops
    List,
    /// Show one shop
    Show { id: MerchantId },
    /// Take no more orders from a shop; its open orders and callbacks go on
    Disable { id: MerchantId },
    /// Draw a new key and print it once; the old one is accepted for a time of grace
    RotateKey {
        id: MerchantId,
        /// Which of its secrets
        #[arg(long, value_enum, default_value_t = MerchantSecret::Key)]
        secret: MerchantSecret,
        #[command(flatten)]
        grace: Grace,
    },
}

#[derive(Debug, Args)]
pub(super) struct MerchantAdd {
    /// Its name in protocols
    #[arg(long)]
    pub(super) id: MerchantId,
    /// Its name for people [default: the id]
    #[arg(long)]
    pub(super) name: Option<String>,
    /// A wallet that takes its money; may be given several times
    #[arg(long = "wallet", required = true, value_name = "WALLET")]
    pub(super) wallets: Vec<WalletId>,
    /// Where callbacks go that name no address of their own
    #[arg(long, value_name = "URL")]
    pub(super) notify_url: Option<String>,
    /// Answers on paths that carry no merchant
    #[arg(long)]
    pub(super) default: bool,
    /// Accept legacy signatures only in the grammar that leaves one reading
    #[arg(long)]
    pub(super) strict: bool,
}

/// The secrets of a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MerchantSecret {
    /// The key of the MD5 protocols
    Key,
    /// The bearer token of the native API
    Token,
    /// What signs the callbacks of the native API
    WebhookSecret,
    /// Our RSA key towards the merchant, which signs epay's second version
    PlatformKey,
}

#[derive(Debug, Args)]
pub(super) struct Grace {
    /// How long the old one is still accepted
    #[arg(long = "grace", default_value = "24h", value_parser = duration, value_name = "DURATION")]
    pub(super) span: Span,
}

#[derive(Debug, Subcommand)]
pub(super) enum WalletVerb {
    /// Declare a receiving account
    Add(WalletAdd),
    /// List all wallets
    List,
    /// Show one wallet
    Show { id: WalletId },
    /// Take no more orders into a wallet; money that comes all the same is seen
    Disable { id: WalletId },
}

#[derive(Debug, Args)]
pub(super) struct WalletAdd {
    /// Its name
    #[arg(long)]
    pub(super) id: WalletId,
    /// wechat, alipay, qq, unionpay, youzan or sandbox
    #[arg(long)]
    pub(super) channel: Channel,
    /// The text of its any-amount code
    #[arg(long, value_name = "TEXT", required_unless_present = "fixed")]
    pub(super) qr: Option<String>,
    /// A code of one amount, like 10.00=wxp://f2f0ten; may be given several times
    #[arg(long, value_parser = fixed, value_name = "AMOUNT=TEXT")]
    pub(super) fixed: Vec<(Amount, String)>,
}

fn token_text(text: &str) -> Result<Secret, String> {
    if text.is_empty() { Err("it is empty".into()) } else { Ok(Secret::new(text)) }
}

fn fixed(text: &str) -> Result<(Amount, String), String> {
    let (amount, qr) = text.split_once('=').ok_or("no = between the amount and the code")?;
    let amount = Amount::parse(amount, Currency::Cny).map_err(|error| error.to_string())?;
    if !amount.is_positive() || qr.is_empty() {
        return Err("the amount must be more than zero, and the code not empty".into());
    }
    Ok((amount, qr.to_owned()))
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceVerb {
    /// Declare a phone, draw its key and print it once
    Add {
        /// Its name
        #[arg(long)]
        id: DeviceId,
        /// A wallet that it watches; may be given several times
        #[arg(long = "wallet", required = true, value_name = "WALLET")]
        wallets: Vec<WalletId>,
    },
    /// List all devices
    List,
    /// Show one device
    Show { id: DeviceId },
    /// Take no more reports from a device
    Disable { id: DeviceId },
    /// Draw a new key and print it once; the old one is accepted for a time of grace
    RotateKey {
        id: DeviceId,
        #[command(flatten)]
        grace: Grace,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum UserVerb {
    /// Draw a token for an operator and print it once
    Add { name: MerchantId },
    /// List all operators
    List,
    /// Show one operator
    Show { name: MerchantId },
    /// Take an operator's tokens away for ever
    Disable { name: MerchantId },
    /// Draw a new token and print it once; the old one is accepted for a time of grace
    RotateKey {
        name: MerchantId,
        #[command(flatten)]
        grace: Grace,
    },
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
