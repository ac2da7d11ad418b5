//! Comparing a day, and counting what came of it.
//!
//! A pair counts on the channel's day; what has no partner counts on its own. The neighbouring days
//! are looked at too, so that money around midnight finds its line.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use duizhang_core::breaks::BreakCode;
use duizhang_core::id::WalletId;
use duizhang_core::position::Position;
use duizhang_core::reconciliation::{
    Class, DayBounds, DayPlace, Finding, Flaw, Flow, Handling, Link, Outcome, Pair, Terms, check,
    reconcile,
};
use duizhang_core::statement::{Line, LineKind};
use duizhang_core::time::Timestamp;
use duizhang_eventlog::EventLog;
use duizhang_projections::calendar::Zone;

use super::observed::{Observed, observed};
use super::report::{
    BreakLine, ItemLine, Proposal, ReconciliationReport, StatementCheck, Tally, WalletTally,
};
use super::sides::{Sides, StatementLines};
use super::snapshots::Change;
use crate::error::ReplayError;
use crate::play::{Progress, book_zone};
use crate::words;

/// Most breaks that a report lists: at 400 bytes each they are 4 MB; all are counted.
pub const BREAKS_MAX: usize = 10_000;

/// A business day beside its statements: what went in, and what came of it.
pub struct Compared {
    pub(super) zone: Zone,
    pub(super) date: NaiveDate,
    pub(super) bounds: DayBounds,
    pub(super) known_to: Position,
    pub(super) ours: Vec<Observed>,
    pub(super) statements: Vec<StatementLines>,
    pub(super) sides: Sides,
    pub(super) outcome: Outcome,
    pub(super) flaws: Vec<Flaw>,
    pub(super) terms: Terms,
    pub(super) changes: Vec<Change>,
    pub(super) changes_unlisted: usize,
}

/// Compares a business day with statement files, as the log stands at a position.
///
/// # Errors
/// [`ReplayError::History`] where an event cannot be read, [`ReplayError::Zone`],
/// [`ReplayError::TooMuch`] where there is more than one comparison can hold.
pub fn compare_day(
    log: &dyn EventLog,
    date: NaiveDate,
    statements: Vec<StatementLines>,
    terms: &Terms,
    known_to: Position,
    progress: &mut Progress<'_>,
) -> Result<Compared, ReplayError> {
    let zone = book_zone(log)?;
    let before = date.pred_opt().unwrap_or(date);
    let after = date.succ_opt().unwrap_or(date);
    let bounds = DayBounds {
        before: zone.start_of(before),
        start: zone.start_of(date),
        end: zone.end_of(date),
        after: zone.end_of(after),
    };
    let known_to = known_to.min(log.head().position);
    let ours = observed(log, bounds.before..bounds.after, known_to, progress)?;
    let sides = Sides::new(&ours, &statements).map_err(ReplayError::TooMuch)?;
    let outcome = reconcile(&sides.payments, &sides.lines, terms, &bounds);
    let flaws = check(&sides.payments, &sides.lines, terms, &outcome);
    Ok(Compared {
        zone,
        date,
        bounds,
        known_to,
        ours,
        statements,
        sides,
        outcome,
        flaws,
        terms: *terms,
        changes: Vec::new(),
        changes_unlisted: 0,
    })
}

pub(super) fn wide(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl Compared {
    pub(super) fn line(&self, index: usize) -> (&StatementLines, &Line) {
        let (place, row) = self.sides.places[index];
        let statement = &self.statements[place];
        (statement, &statement.lines[row])
    }

    /// When a payment counts: on its line's day where it has one.
    pub(super) fn counts_at(&self, index: usize) -> Timestamp {
        match self.outcome.pair(&self.outcome.payments[index]) {
            Some(pair) => self.line(wide(pair.line)).1.time,
            None => self.ours[index].time,
        }
    }

    pub(super) fn within(&self, time: Timestamp) -> bool {
        self.bounds.place(time) == DayPlace::Within
    }

    /// What it says, for people and programs.
    #[must_use]
    pub fn report(&self) -> ReconciliationReport {
        let wallets: Vec<WalletTally> =
            self.sides.wallets.iter().map(|wallet| self.tally(wallet)).collect();
        let mut breaks = self.breaks();
        let mut proposals = self.proposals();
        let proposals_unlisted = proposals.len().saturating_sub(BREAKS_MAX);
        let breaks_unlisted = breaks.len().saturating_sub(BREAKS_MAX);
        let mut checks: Vec<StatementCheck> = wallets.iter().flat_map(checks_of).collect();
        checks.push(self.certificates());
        let agrees = proposals.is_empty()
            && !breaks.iter().any(|line| line.open)
            && checks.iter().all(|check| check.holds);
        proposals.truncate(BREAKS_MAX);
        breaks.truncate(BREAKS_MAX);
        ReconciliationReport {
            day: self.date.to_string(),
            time_zone: self.zone.name().to_owned(),
            position: self.known_to,
            agrees,
            files: self.statements.iter().map(|statement| statement.file.clone()).collect(),
            wallets: wallets.into_iter().filter(|tally| !tally.classes.is_empty()).collect(),
            proposals,
            proposals_unlisted,
            breaks,
            breaks_unlisted,
            changes: self.changes.clone(),
            changes_unlisted: self.changes_unlisted,
            checks,
        }
    }

    fn certificates(&self) -> StatementCheck {
        let what = match self.flaws.first() {
            None => "every item is in one class, and every certificate holds".to_owned(),
            Some(flaw) => format!("every certificate holds, but for {flaw:?}"),
        };
        StatementCheck { what, holds: self.flaws.is_empty() }
    }

    fn tally(&self, wallet: &WalletId) -> WalletTally {
        let mut classes: BTreeMap<Class, Tally> = BTreeMap::new();
        for (index, item) in self.ours.iter().enumerate() {
            if item.wallets.first() == Some(wallet) && self.within(self.counts_at(index)) {
                let row = classes.entry(self.outcome.payments[index].class).or_default();
                row.ours = row.ours.saturating_add(1);
                row.ours_minor = row.ours_minor.saturating_add(signed_ours(item));
            }
        }
        for (index, finding) in self.outcome.lines.iter().enumerate() {
            let (statement, line) = self.line(index);
            if statement.wallet == *wallet && self.within(line.time) {
                let row = classes.entry(finding.class).or_default();
                row.channel = row.channel.saturating_add(1);
                row.channel_minor = row.channel_minor.saturating_add(signed_line(line));
            }
        }
        let mut total = Tally { class: "total".to_owned(), ..Tally::default() };
        for (class, row) in &mut classes {
            row.class = class.word().to_owned();
            total.ours = total.ours.saturating_add(row.ours);
            total.ours_minor = total.ours_minor.saturating_add(row.ours_minor);
            total.channel = total.channel.saturating_add(row.channel);
            total.channel_minor = total.channel_minor.saturating_add(row.channel_minor);
        }
        let of = |statement: &&StatementLines| statement.wallet == *wallet;
        let covers =
            |one: &StatementLines| one.from <= self.bounds.start && self.bounds.end <= one.to;
        WalletTally {
            wallet: wallet.to_string(),
            channel: self
                .statements
                .iter()
                .find(of)
                .map_or_else(String::new, |statement| statement.channel.word().to_owned()),
            covered: self.statements.iter().filter(of).any(covers),
            classes: classes.into_values().collect(),
            total,
        }
    }

    /// The day's pairs that wait for a person, in the order of the file.
    fn proposals(&self) -> Vec<Proposal> {
        let mut waiting: Vec<&Pair> = self
            .outcome
            .pairs
            .iter()
            .filter(|pair| pair.handling == Handling::Proposed)
            .filter(|pair| self.within(self.line(wide(pair.line)).1.time))
            .collect();
        waiting.sort_by_key(|pair| pair.line);
        let told = waiting.into_iter().map(|pair| Proposal {
            wallet: self.line(wide(pair.line)).0.wallet.to_string(),
            grade: pair.grade.word(),
            by: words::found_by(pair.by),
            ours: self.our_item(wide(pair.payment)),
            channel: self.channel_item(wide(pair.line)),
        });
        told.collect()
    }

    /// The day's breaks: by wallet, and there in the order of time.
    fn breaks(&self) -> Vec<BreakLine> {
        let mut found: Vec<(Timestamp, BreakLine)> = Vec::new();
        let mut told = BTreeSet::new();
        for (index, finding) in self.outcome.payments.iter().enumerate() {
            let time = self.counts_at(index);
            if let Some(code) = finding.code.filter(|_| self.within(time))
                && Self::is_new(finding, &mut told)
            {
                found.push((time, self.break_of(code, finding, Some(index), None)));
            }
        }
        for (index, finding) in self.outcome.lines.iter().enumerate() {
            let time = self.line(index).1.time;
            if let Some(code) = finding.code.filter(|_| self.within(time))
                && Self::is_new(finding, &mut told)
            {
                found.push((time, self.break_of(code, finding, None, Some(index))));
            }
        }
        found.sort_by(|(one, left), (other, right)| {
            (!left.open, &left.wallet, one).cmp(&(!right.open, &right.wallet, other))
        });
        found.into_iter().map(|(_, line)| line).collect()
    }

    /// Whether what a finding belongs to was not told before.
    pub(super) fn is_new(finding: &Finding, told: &mut BTreeSet<(u8, u32)>) -> bool {
        match finding.link {
            Link::Pair(index) => told.insert((0, index)),
            Link::Group(index) => told.insert((1, index)),
            Link::Bundle(index) => told.insert((2, index)),
            Link::CopyOf(_) | Link::None => true,
        }
    }

    fn break_of(
        &self,
        code: BreakCode,
        finding: &Finding,
        payment: Option<usize>,
        line: Option<usize>,
    ) -> BreakLine {
        let (payments, lines) = self.parts(finding, payment, line);
        let first = lines.first().map(|index| self.line(*index).0.wallet.to_string());
        let own = payments.first().and_then(|index| self.ours[*index].wallets.first());
        BreakLine {
            code: code.letters().to_owned(),
            meaning: format!("{} ({})", code.clause(), code.chinese()),
            class: finding.class.word().to_owned(),
            direction: finding.direction.word().to_owned(),
            open: !words::explains_itself(code),
            wallet: first.or_else(|| own.map(ToString::to_string)).unwrap_or_default(),
            ours: payments.into_iter().map(|index| self.our_item(index)).collect(),
            channel: lines.into_iter().map(|index| self.channel_item(index)).collect(),
        }
    }

    /// Everything that a finding is about, on both sides.
    pub(super) fn parts(
        &self,
        finding: &Finding,
        payment: Option<usize>,
        line: Option<usize>,
    ) -> (Vec<usize>, Vec<usize>) {
        let all = |side: &[u32]| side.iter().copied().map(wide).collect::<Vec<_>>();
        match finding.link {
            Link::Pair(_) => self.outcome.pair(finding).map_or_else(
                || (payment.into_iter().collect(), line.into_iter().collect()),
                |pair| (vec![wide(pair.payment)], vec![wide(pair.line)]),
            ),
            Link::Group(index) => {
                let group = &self.outcome.groups[wide(index)];
                (all(&group.payments), all(&group.lines))
            }
            Link::Bundle(index) => {
                let bundle = &self.outcome.bundles[wide(index)];
                (all(&bundle.payments), all(&bundle.lines))
            }
            Link::CopyOf(_) | Link::None => {
                (payment.into_iter().collect(), line.into_iter().collect())
            }
        }
    }

    fn our_item(&self, index: usize) -> ItemLine {
        let item = &self.ours[index];
        ItemLine {
            place: format!("position {}", item.position),
            id: item.name.clone(),
            time: self.zone.rfc3339(item.time),
            amount: item.amount,
            note: item.number.clone().unwrap_or_default(),
        }
    }

    fn channel_item(&self, index: usize) -> ItemLine {
        let (statement, line) = self.line(index);
        ItemLine {
            place: format!("{} row {}", statement.file.name, line.number),
            id: line.serial.clone(),
            time: self.zone.rfc3339(line.time),
            amount: line.gross,
            note: line.note.clone(),
        }
    }
}

fn signed_ours(item: &Observed) -> i128 {
    let minor = i128::from(item.amount.minor());
    match item.flow {
        Flow::PayIn => minor,
        Flow::RefundOut | Flow::Withdrawal => minor.saturating_neg(),
    }
}

fn signed_line(line: &Line) -> i128 {
    let minor = i128::from(line.gross.minor());
    match line.kind {
        LineKind::PayIn | LineKind::RefundIn | LineKind::FeeBack => minor,
        LineKind::PayOut | LineKind::RefundOut | LineKind::Fee | LineKind::Withdrawal => {
            minor.saturating_neg()
        }
        LineKind::Transfer | LineKind::Neutral | LineKind::Unknown => 0,
    }
}

/// What must hold of a wallet's sums if the counting is right.
fn checks_of(tally: &WalletTally) -> Vec<StatementCheck> {
    let agreed = [Class::Matched, Class::CrossDay, Class::Late].map(Class::word);
    let same = tally
        .classes
        .iter()
        .filter(|row| agreed.contains(&row.class.as_str()))
        .all(|row| row.ours == row.channel && row.ours_minor == row.channel_minor);
    let explained: i128 = tally
        .classes
        .iter()
        .filter(|row| !agreed.contains(&row.class.as_str()))
        .map(|row| row.channel_minor.saturating_sub(row.ours_minor))
        .sum();
    let difference = tally.total.channel_minor.saturating_sub(tally.total.ours_minor);
    let wallet = &tally.wallet;
    vec![
        StatementCheck {
            what: format!("{wallet}: what agrees has one count and one sum on both sides"),
            holds: same,
        },
        StatementCheck {
            what: format!("{wallet}: channel less ours is what the other classes explain"),
            holds: difference == explained,
        },
    ]
}
