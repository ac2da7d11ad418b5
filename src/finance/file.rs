//! A statement file on its way in: whose it is, which days it tells of, and the fact about it.
//!
//! Invariants: the same bytes and the same mapping give the same lines, days and fact; a file's
//! time ends when it was made, so that nothing is missed which came later.
//! Deliberately not here: reading rows (`listener-bridge`), keeping the bytes (`vault`).

use anyhow::{Context, bail, ensure};
use duizhang_core::amount::Amount;
use duizhang_core::breaks::{BreakCode, ProofOutcome, StatementKept};
use duizhang_core::channel::Channel;
use duizhang_core::id::WalletId;
use duizhang_core::merkle::Hash;
use duizhang_core::statement::{LineKind, LineStatus};
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::statements::{
    Check, Mapping, Outcome, Period, Statement, read_statement,
};
use duizhang_projections::book::Book;
use duizhang_projections::calendar::{Zone, date_of, day_of_date};
use duizhang_replay::reconcile::{FileLine, Paper, StatementLines};

use super::vault::hash_of;

/// The hash under which a mapping is kept.
pub(super) fn hash_of_mapping(text: &str) -> Hash {
    hash_of(text.as_bytes())
}

/// The layouts that are read by a mapping.
const MAPPED: [&str; 2] = ["mapped", "qif"];

/// A file as somebody hands it in.
pub(crate) struct Given {
    /// Its name, for complaints.
    pub(crate) name: String,
    /// The wallet that was named with it.
    pub(crate) wallet: Option<String>,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// A file that was read.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) statement: Statement,
    /// The layout, and the hash of the mapping that it was read with.
    pub(super) layout: String,
}

/// A column mapping, with the text that is kept.
pub(super) struct Columns {
    pub(super) hash: Hash,
    pub(super) mapping: Mapping,
}

impl Document {
    /// Reads a file.
    pub(super) fn read(bytes: &[u8], columns: Option<&Columns>) -> anyhow::Result<Self> {
        let statement = read_statement(bytes, columns.map(|columns| &columns.mapping))?;
        let layout = match columns {
            Some(columns) if MAPPED.contains(&statement.layout) => {
                format!("{}:{}", statement.layout, columns.hash)
            }
            _ => statement.layout.to_owned(),
        };
        Ok(Self { statement, layout })
    }

    /// The hash of its bytes.
    pub(super) fn hash(&self) -> Hash {
        Hash::from_bytes(self.statement.sha256)
    }

    /// The time that it tells of.
    fn period(&self, zone: Zone) -> anyhow::Result<Period> {
        let statement = &self.statement;
        let Period { from, to } = match statement.period {
            Some(period) => period,
            None => days_of(statement, zone)
                .context("the file has no line and does not say which days it is of")?,
        };
        let to = statement.exported_at.map_or(to, |made| to.min(made));
        ensure!(from < to, "the file was made before the time that it is of");
        Ok(Period { from, to })
    }

    /// The fact that it is kept.
    pub(super) fn fact(
        &self,
        wallet: &WalletId,
        zone: Zone,
        by: &str,
    ) -> anyhow::Result<StatementKept> {
        let Period { from, to } = self.period(zone)?;
        let last = to.minus(Span::from_micros(1)).max(from);
        let statement = &self.statement;
        let lines = statement.lines.iter().map(|recorded| &recorded.line);
        let zero = Amount::from_minor(
            0,
            lines.clone().next().map_or(Amount::fen(0), |line| line.gross).currency(),
        );
        let (mut gross_in, mut gross_out) = (zero, zero);
        for line in lines.filter(|line| line.status != LineStatus::Closed) {
            let sum = match line.kind {
                LineKind::PayIn | LineKind::RefundIn | LineKind::FeeBack => &mut gross_in,
                LineKind::PayOut | LineKind::RefundOut | LineKind::Fee | LineKind::Withdrawal => {
                    &mut gross_out
                }
                LineKind::Transfer | LineKind::Neutral | LineKind::Unknown => continue,
            };
            // The books sum each currency by itself; a file has rows of a second one hardly ever.
            *sum = sum.checked_add(line.gross).unwrap_or(*sum);
        }
        Ok(StatementKept {
            statement: self.hash(),
            wallet: wallet.clone(),
            layout: self.layout.clone(),
            first: day_of_date(zone.day_of(from)),
            last: day_of_date(zone.day_of(last)),
            lines: count(statement.lines.len()),
            rejected: count(statement.rejected.len()),
            gross_in,
            gross_out,
            proof: match statement.outcome() {
                Outcome::Ok => ProofOutcome::Proven,
                Outcome::Warn => ProofOutcome::Doubtful,
                Outcome::Fail => ProofOutcome::Failed,
            },
            by: by.to_owned(),
        })
    }

    /// Its lines for a comparison, and what is known of it beside them. `kept` is the fact about
    /// it, by which one sees whether it is read as it was then.
    pub(super) fn sides(
        self,
        name: &str,
        channel: Channel,
        kept: &StatementKept,
        zone: Zone,
    ) -> anyhow::Result<(StatementLines, Paper)> {
        let Period { from, to } = self.period(zone)?;
        let now = self.fact(&kept.wallet, zone, &kept.by)?;
        let Self { statement, layout } = self;
        let fails = |check: Check| check != Check::Rows;
        let failed = statement
            .proof
            .iter()
            .any(|finding| finding.outcome == Outcome::Fail && fails(finding.check));
        let paper = Paper {
            statement: kept.statement,
            wallet: kept.wallet.clone(),
            first: kept.first,
            last: kept.last,
            wrong: match (now == *kept, failed) {
                (false, _) => Some(BreakCode::ParserChanged),
                (true, true) => Some(BreakCode::FileTotals),
                (true, false) => None,
            },
            rejected: statement.rejected.iter().map(|row| row.number).collect(),
            superseded: false,
        };
        let mut findings = findings_of(&statement);
        // The report of a closed day makes no run, so its file's line has to say it.
        if paper.wrong == Some(BreakCode::ParserChanged) {
            findings.push(read_otherwise(kept, &now));
        }
        let file = FileLine {
            name: name.to_owned(),
            sha256: kept.statement.to_string(),
            wallet: kept.wallet.to_string(),
            layout,
            lines: statement.lines.len(),
            rejected: statement.rejected.len(),
            proof: proof_text(statement.outcome()).to_owned(),
            findings,
        };
        let whole = statement.outcome() != Outcome::Fail;
        let lines = statement.lines.into_iter().map(|recorded| recorded.line).collect();
        let wallet = kept.wallet.clone();
        Ok((StatementLines { wallet, channel, file, from, to, whole, lines }, paper))
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// What a proof means, behind "own totals:".
pub(super) const fn proof_text(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "hold",
        Outcome::Warn => "do not all hold, which a file of this layout may show",
        Outcome::Fail => "DO NOT HOLD",
    }
}

/// In which numbers a file is read otherwise than when it was kept.
fn read_otherwise(then: &StatementKept, now: &StatementKept) -> String {
    let told = |kept: &StatementKept| {
        let [first, last] = [kept.first, kept.last].map(date_of);
        format!(
            "{} lines, {} unreadable rows, in {}, out {}, {first} to {last}, own totals {}",
            kept.lines,
            kept.rejected,
            kept.gross_in,
            kept.gross_out,
            kept.proof.word(),
        )
    };
    let (then, now) = (told(then), told(now));
    format!("it is read otherwise than when it was kept: then {then}; now {now}")
}

/// What the proof, unreadable rows and kinds that were left out have to say.
fn findings_of(statement: &Statement) -> Vec<String> {
    let doubts = statement.proof.iter().filter(|finding| finding.outcome != Outcome::Ok);
    let doubts = doubts.map(|finding| finding.detail.clone());
    let rejected = statement.rejected.iter();
    let rejected = rejected.map(|row| format!("row {}: {}", row.number, row.reason));
    let left_out = statement
        .left_out
        .iter()
        .map(|kind| format!("{} lines of {} settle no order: {}", kind.count, kind.word, kind.sum));
    doubts.chain(rejected).chain(left_out).collect()
}

/// The days on which a file has lines, where it does not say which time it covers.
fn days_of(statement: &Statement, zone: Zone) -> Option<Period> {
    let times = || statement.lines.iter().map(|recorded| recorded.line.time);
    let (first, last): (Timestamp, Timestamp) = (times().min()?, times().max()?);
    let (from, to) = (zone.start_of(zone.day_of(first)), zone.end_of(zone.day_of(last)));
    Some(Period { from, to })
}

/// Whose statement it is: the wallet that was named, or the only one of the file's channel.
pub(super) fn wallet_of(
    book: &Book,
    named: Option<&str>,
    statement: &Statement,
) -> anyhow::Result<(WalletId, Channel)> {
    if let Some(name) = named {
        let known = book.wallets().find(|wallet| wallet.id.as_str() == name);
        let wallet = known.with_context(|| format!("there is no wallet {name}"))?;
        // Money of a sandbox may come in any channel's file.
        if let Some(channel) = statement.channel.filter(|_| wallet.channel != Channel::Sandbox) {
            ensure!(
                channel == wallet.channel,
                "this is a statement of {channel}, and wallet {name} is of {}",
                wallet.channel
            );
        }
        return Ok((wallet.id.clone(), wallet.channel));
    }
    let Some(channel) = statement.channel else {
        bail!("a file of this kind does not say whose it is: --statement WALLET=FILE");
    };
    let mut fitting = book.wallets().filter(|wallet| wallet.channel == channel);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok((only.id.clone(), only.channel)),
        (None, _) => bail!("this is a statement of {channel}, and the book has no such wallet"),
        (Some(_), Some(_)) => {
            bail!("the book has several wallets of {channel}: --statement WALLET=FILE says which")
        }
    }
}
