//! Several exports of one wallet made into one: which rows count, and what a later export tells
//! otherwise.
//!
//! A channel's export is a snapshot: tomorrow's tells another status of today's serial, and a
//! record that somebody deleted in the app is gone from it. So:
//! - A row is known by its serial and kind; without a serial by all that it says. Where several
//!   files have it, it counts once, as the file tells it that was kept last. What is the same is
//!   told again and is no duplicate; what differs in status, amount, fee or time is a change.
//! - A row that a later file of the same layout covers and does not have is a change too, and does
//!   not count any more: the latest word is the channel's, and a file of another account that was
//!   handed in by mistake is put right by the right one. If its money was ours, a person hears of
//!   that as of money which no statement has, beside the change. A file that broke off, or of which
//!   a row could not be read, takes nothing away: that row may be the one.
//!
//! What a merchant's file of trades and the file of the account both tell counts once too
//! (`told_twice`).
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
use super::told_twice::drop_told_twice;
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

/// Where a row stands: the file and the place of its line.
type Place = (usize, usize);

/// Makes files into one view, of each wallet by itself. The order is that of keeping. Changes of
/// rows in `day` are told.
#[must_use]
pub fn merge(statements: Vec<StatementLines>, day: &Range<Timestamp>, zone: Zone) -> Merged {
    let wallets: BTreeSet<&WalletId> = statements.iter().map(|one| &one.wallet).collect();
    let mut counting: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); statements.len()];
    let mut merger = Merger {
        statements: &statements,
        day,
        zone,
        standing: BTreeMap::new(),
        changes: Vec::new(),
        unlisted: 0,
    };
    let mut findings = BTreeMap::new();
    for wallet in wallets {
        let own = statements.iter().enumerate().filter(|(_, one)| one.wallet == *wallet);
        let own: Vec<usize> = own.map(|(file, _)| file).collect();
        if let [only] = own[..] {
            counting[only].extend(0..statements[only].lines.len());
            continue;
        }
        own.iter().for_each(|file| merger.take(*file));
        for (file, row) in std::mem::take(&mut merger.standing).into_values().flatten() {
            counting[file].insert(row);
        }
        drop_told_twice(&statements, &own, &mut counting, &mut findings);
    }
    let Merger { mut changes, unlisted, .. } = merger;
    changes.sort_by_key(|(place, _)| *place);
    let changes = changes.into_iter().map(|(_, change)| change).collect();
    let kept = statements.into_iter().zip(counting).zip(0_usize..);
    let kept = kept.map(|((mut statement, counting), file)| {
        statement.file.findings.extend(findings.remove(&file));
        let mut row = 0..statement.lines.len();
        statement.lines.retain(|_| row.next().is_some_and(|row| counting.contains(&row)));
        statement
    });
    Merged { statements: kept.collect(), changes, changes_unlisted: unlisted }
}

/// The rows of one wallet that count so far, and what was found to change.
struct Merger<'a> {
    statements: &'a [StatementLines],
    day: &'a Range<Timestamp>,
    zone: Zone,
    standing: BTreeMap<Key, Vec<Place>>,
    /// With the place of the row that was before.
    changes: Vec<(Place, Change)>,
    unlisted: usize,
}

impl Merger<'_> {
    fn line(&self, (file, row): Place) -> &Line {
        &self.statements[file].lines[row]
    }

    /// Takes the next file of the wallet.
    fn take(&mut self, file: usize) {
        let mut rows: BTreeMap<Key, Vec<Place>> = BTreeMap::new();
        for (row, line) in self.statements[file].lines.iter().enumerate() {
            rows.entry(Key::of(line)).or_default().push((file, row));
        }
        let mut standing = std::mem::take(&mut self.standing);
        standing.retain(|key, before| {
            let gone = !rows.contains_key(key) && self.misses(file, before);
            if gone {
                before.iter().for_each(|place| self.tell(*place, None, file));
            }
            !gone
        });
        for (key, after) in rows {
            let before = standing.remove(&key).unwrap_or_default();
            let counts = self.follow(&key, before, after, file);
            standing.insert(key, counts);
        }
        self.standing = standing;
    }

    /// Whether a later file should have these rows: it is the same kind of file, is whole and
    /// covers their time.
    fn misses(&self, file: usize, before: &[Place]) -> bool {
        let later = &self.statements[file];
        if !later.whole {
            return false;
        }
        before.first().is_some_and(|place| {
            let same_kind = later.file.layout == self.statements[place.0].file.layout;
            same_kind && (later.from..later.to).contains(&self.line(*place).time)
        })
    }

    /// Which rows of a key count once a later file has told it.
    fn follow(
        &mut self,
        key: &Key,
        mut before: Vec<Place>,
        after: Vec<Place>,
        file: usize,
    ) -> Vec<Place> {
        match key {
            Key::Serial(..) => {
                for (index, place) in before.iter().enumerate() {
                    let told = after.get(index).or(after.last());
                    self.tell(*place, told.copied(), file);
                }
                after
            }
            // They are equal in all that they say, and a break about such a row bears its place:
            // the first one that told it stays. The later file only says how many there are.
            Key::Content(_) => {
                for place in before.iter().skip(after.len()) {
                    self.tell(*place, None, file);
                }
                before.truncate(after.len());
                let more = after.into_iter().skip(before.len());
                before.extend(more);
                before
            }
        }
    }

    /// Tells what a later file says otherwise of a row.
    fn tell(&mut self, before: Place, after: Option<Place>, later: usize) {
        let (was, is) = (self.line(before), after.map(|after| self.line(after)));
        let differs = is.map(|is| differences(was, is)).unwrap_or_default();
        let of_day =
            self.day.contains(&was.time) || is.is_some_and(|is| self.day.contains(&is.time));
        if (is.is_some() && differs.is_empty()) || !of_day {
            return;
        }
        if self.changes.len() >= CHANGES_MAX {
            self.unlisted = self.unlisted.saturating_add(1);
            return;
        }
        let earlier = &self.statements[before.0];
        let change = Change {
            wallet: earlier.wallet.to_string(),
            serial: was.serial.clone(),
            kind: was.kind.word(),
            differs,
            before: self.told(earlier, was),
            after: is.map(|is| self.told(&self.statements[later], is)),
            later: self.statements[later].file.name.clone(),
        };
        self.changes.push((before, change));
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
