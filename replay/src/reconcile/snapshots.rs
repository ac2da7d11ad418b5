//! Several exports of one wallet made into one: which rows count, and what a later export tells
//! otherwise.
//!
//! A channel's export is a snapshot: tomorrow's tells another status of today's serial, and a
//! record that somebody deleted in the app is gone from it. So:
//! - A row is known by its serial and kind; without a serial by all that it says. Where several
//!   files have it, those of the file that was kept last count. What is the same is told again and
//!   is no duplicate; what differs in status, amount, fee or time is a change.
//! - A row that a later file of the same layout covers and does not have is a change too, and does
//!   not count any more: the latest word is the channel's, and a file of another account that was
//!   handed in by mistake is put right by the right one. If its money was ours, a person hears of
//!   that as of money which no statement has, beside the change.
//!
//! Invariants: within a file nothing is merged, so what is twice in one file stays twice; a row
//! that counts keeps its file and its place; files that say the same may come in any order.
//! Deliberately not here: matching, and whether a change matters.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use duizhang_core::amount::Amount;
use duizhang_core::id::WalletId;
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::time::Timestamp;
use duizhang_projections::calendar::Zone;
use serde::Serialize;

use super::run::Compared;
use super::sides::StatementLines;
use crate::spelling;

/// Most changes that a report lists: at 300 bytes each they are 3 MB; all are counted.
pub const CHANGES_MAX: usize = 10_000;

/// A row that two exports tell otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The wallet.
    pub wallet: String,
    /// The channel's number of the row; empty where it has none.
    pub serial: String,
    /// What its money did.
    pub kind: &'static str,
    /// What differs; empty where the later file does not have the row.
    pub differs: Vec<&'static str>,
    /// How the earlier file tells it.
    pub before: ToldRow,
    /// How the later file tells it; none where it does not have the row.
    pub after: Option<ToldRow>,
    /// The later file.
    pub later: String,
}

/// A row as one file tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldRow {
    /// The file and the place in it.
    pub place: String,
    /// The digest of the file.
    pub sha256: String,
    /// When.
    pub time: String,
    /// How much.
    #[serde(serialize_with = "spelling::money")]
    pub amount: Amount,
    /// What became of it, in the channel's own words where it has some.
    pub status: String,
}

/// Exports made into one.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// The files with the rows that count, in the given order.
    pub statements: Vec<StatementLines>,
    /// What changed on the day, in the order of files and rows.
    pub changes: Vec<Change>,
    /// How many more changes there are than are listed.
    pub changes_unlisted: usize,
}

/// What makes two rows of two files the same row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Serial(String, LineKind),
    Content(Box<(LineKind, Amount, Amount, Timestamp, String, String, String)>),
}

impl Key {
    fn of(line: &Line) -> Self {
        if line.serial.is_empty() {
            let texts = [&line.counterparty, &line.note, &line.raw_status].map(Clone::clone);
            let [who, note, status] = texts;
            Self::Content(Box::new((line.kind, line.gross, line.fee, line.time, who, note, status)))
        } else {
            Self::Serial(line.serial.clone(), line.kind)
        }
    }
}

/// The rows of one file by what they are known by.
type Rows = BTreeMap<Key, Vec<usize>>;

/// Makes files into one view, of each wallet by itself. The order is that of keeping. Changes of
/// rows in `day` are told.
#[must_use]
pub fn merge(statements: Vec<StatementLines>, day: &Range<Timestamp>, zone: Zone) -> Merged {
    let of = |wallet: &WalletId| statements.iter().filter(|one| one.wallet == *wallet).count();
    let rows: Vec<Rows> = statements
        .iter()
        .map(|one| if of(&one.wallet) > 1 { rows_of(one) } else { Rows::new() })
        .collect();
    let mut merger = Merger { day, zone, changes: Vec::new(), unlisted: 0 };
    let mut dropped: Vec<BTreeSet<usize>> = Vec::new();
    for (place, earlier) in statements.iter().enumerate() {
        let files = statements.iter().zip(&rows).skip(place.saturating_add(1));
        let later: Vec<_> = files.filter(|(other, _)| other.wallet == earlier.wallet).collect();
        let mut gone = BTreeSet::new();
        for (key, at) in &rows[place] {
            let first = &earlier.lines[at[0]];
            let next = later.iter().find_map(|(other, rows)| match rows.get(key) {
                Some(told) => Some((*other, told.as_slice())),
                None => misses(other, earlier, first).then_some((*other, [].as_slice())),
            });
            let Some((other, told)) = next else { continue };
            merger.compare(earlier, at, other, told);
            gone.extend(at);
        }
        dropped.push(gone);
    }
    let Merger { changes, unlisted, .. } = merger;
    let kept = statements.into_iter().zip(dropped).map(|(mut statement, dropped)| {
        let mut row = 0..statement.lines.len();
        statement.lines.retain(|_| row.next().is_none_or(|row| !dropped.contains(&row)));
        statement
    });
    Merged { statements: kept.collect(), changes, changes_unlisted: unlisted }
}

fn rows_of(statement: &StatementLines) -> Rows {
    let mut rows = Rows::new();
    for (row, line) in statement.lines.iter().enumerate() {
        rows.entry(Key::of(line)).or_default().push(row);
    }
    rows
}

/// Whether a later file should have the row: it is the same kind of file and covers its time.
fn misses(later: &StatementLines, earlier: &StatementLines, line: &Line) -> bool {
    later.file.layout == earlier.file.layout && (later.from..later.to).contains(&line.time)
}

struct Merger<'a> {
    day: &'a Range<Timestamp>,
    zone: Zone,
    changes: Vec<Change>,
    unlisted: usize,
}

impl Merger<'_> {
    /// Tells what a later file says otherwise of the rows of one key.
    fn compare(
        &mut self,
        earlier: &StatementLines,
        at: &[usize],
        later: &StatementLines,
        told: &[usize],
    ) {
        for (index, row) in at.iter().enumerate() {
            let before = &earlier.lines[*row];
            let after = told.get(index).or(told.last()).map(|row| &later.lines[*row]);
            let differs = after.map(|after| differences(before, after)).unwrap_or_default();
            if after.is_some() && differs.is_empty() {
                continue;
            }
            let times = [Some(before.time), after.map(|line| line.time)];
            if !times.iter().flatten().any(|time| self.day.contains(time)) {
                continue;
            }
            if self.changes.len() >= CHANGES_MAX {
                self.unlisted = self.unlisted.saturating_add(1);
                continue;
            }
            self.changes.push(Change {
                wallet: earlier.wallet.to_string(),
                serial: before.serial.clone(),
                kind: before.kind.word(),
                differs,
                before: self.told(earlier, before),
                after: after.map(|line| self.told(later, line)),
                later: later.file.name.clone(),
            });
        }
    }

    fn told(&self, statement: &StatementLines, line: &Line) -> ToldRow {
        let word = match line.status {
            LineStatus::Ok => "ok",
            LineStatus::Closed => "closed",
            LineStatus::Pending => "pending",
            LineStatus::RefundedFull => "refunded",
            LineStatus::RefundedPart(_) => "refunded in part",
            LineStatus::Unknown => "unknown",
        };
        let own = line.raw_status.trim();
        ToldRow {
            place: format!("{} row {}", statement.file.name, line.number),
            sha256: statement.file.sha256.clone(),
            time: self.zone.rfc3339(line.time),
            amount: line.gross,
            status: if own.is_empty() { word.to_owned() } else { own.to_owned() },
        }
    }
}

fn differences(before: &Line, after: &Line) -> Vec<&'static str> {
    let same_time = [before.precision, after.precision].iter().max().is_some_and(|coarsest| {
        let apart = before.time.distance(after.time).secs();
        match coarsest {
            Precision::Second => apart == 0,
            Precision::Minute => apart < 60,
            Precision::Day => apart < 86_400,
        }
    });
    let checks = [
        ("status", before.status == after.status),
        ("amount", before.gross == after.gross),
        ("fee", before.fee == after.fee),
        ("time", same_time),
    ];
    checks.into_iter().filter(|(_, same)| !same).map(|(what, _)| what).collect()
}

impl Compared {
    /// With what the exports of a wallet tell otherwise, for the report.
    #[must_use]
    pub fn telling(mut self, changes: Vec<Change>, changes_unlisted: usize) -> Self {
        (self.changes, self.changes_unlisted) = (changes, changes_unlisted);
        self
    }
}

/// The changes for people; nothing where there are none.
pub(super) fn text_of(changes: &[Change], unlisted: usize) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut text = "\nRows that a later file tells otherwise 账单变更\n".to_owned();
    for Change { wallet, serial, kind, differs, before, after, later } in changes {
        let what = match after {
            Some(_) => format!("{} differs", differs.join(" and ")),
            None => format!("{later} does not have it"),
        };
        let _ = writeln!(text, "  {wallet}: {kind} {serial}: {what}");
        for (word, row) in [("before", Some(before)), ("after", after.as_ref())] {
            if let Some(ToldRow { place, time, amount, status, .. }) = row {
                let _ = writeln!(text, "    {word:<6} {time} {amount} {status} ({place})");
            }
        }
    }
    if unlisted > 0 {
        let _ = writeln!(text, "  and {unlisted} more");
    }
    text
}
