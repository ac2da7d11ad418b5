//! `ledger`: the books for people, on the terminal.
//!
//! Deliberately not here: how they are answered ([`crate::review`]), and books for other programs
//! (`export`).

use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use duizhang_projections::calendar::day_asked;

use super::program::Setting;
use super::review::history_of;
use crate::review::{BooksQuestion, HistoryQuestion};

#[derive(Debug, Subcommand)]
pub(super) enum LedgerVerb {
    /// The trial balance (科目余额表): what stood, moved and stands on each account
    ///
    /// Ends with 1 where debits and credits differ.
    Balance(BalanceWanted),
    /// The statement of one account (明细账): its lines, each with the balance behind it
    Account(AccountWanted),
    /// The chart of accounts (科目表): paths, codes, kinds and names
    Chart,
}

#[derive(Debug, Args)]
pub(super) struct BalanceWanted {
    /// What moved on this business day and stands at its end, like 2026-11-21 [default: the whole
    /// log]
    #[arg(long, value_name = "D", value_parser = day_asked, conflicts_with = "at")]
    day: Option<NaiveDate>,
    /// As the books stood at this position
    #[arg(long, value_name = "P")]
    at: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct AccountWanted {
    /// Its path, like Liabilities:Suspense:Long, or its code; `ledger chart` lists them
    #[arg(value_name = "PATH")]
    account: String,
    /// Only this business day, like 2026-11-21 [default: the whole log]
    #[arg(long, value_name = "D", value_parser = day_asked, conflicts_with_all = ["from", "to", "at"])]
    day: Option<NaiveDate>,
    /// Only from this business day on
    #[arg(long, value_name = "D", value_parser = day_asked, requires = "to", conflicts_with = "at")]
    from: Option<NaiveDate>,
    /// Only up to this business day
    #[arg(long, value_name = "D", value_parser = day_asked, requires = "from")]
    to: Option<NaiveDate>,
    /// Only what was posted up to this position
    #[arg(long, value_name = "P")]
    at: Option<u64>,
}

impl LedgerVerb {
    /// What contradicts itself though each word can be read.
    pub(super) fn nonsense(&self) -> Option<String> {
        match self {
            Self::Account(wanted) if wanted.from > wanted.to => {
                Some("--from lies behind --to".to_owned())
            }
            Self::Account(_) | Self::Balance(_) | Self::Chart => None,
        }
    }

    /// What is asked.
    fn question(self) -> BooksQuestion {
        match self {
            Self::Balance(BalanceWanted { day, at }) => {
                BooksQuestion::Balance { day: day.map(|day| day.to_string()), at }
            }
            Self::Account(AccountWanted { account: path, day, from, to, at }) => {
                let days = day.map(|day| (day, day)).or(from.zip(to));
                let days = days.map(|(from, to)| (from.to_string(), to.to_string()));
                BooksQuestion::Account { path, days, at }
            }
            Self::Chart => BooksQuestion::Chart,
        }
    }
}

/// Answers about the books.
pub(super) fn run(setting: &Setting, verb: LedgerVerb) -> anyhow::Result<ExitCode> {
    history_of(setting, HistoryQuestion::Books(verb.question()))
}
