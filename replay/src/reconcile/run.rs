//! Comparing a day, and counting what came of it.
//!
//! A pair counts on the channel's day; what has no partner counts on its own. The neighbouring days
//! are looked at too, so that money around midnight finds its line.

use chrono::NaiveDate;
use duizhang_core::amount::Currency;
use duizhang_core::breaks::BreakCode;
use duizhang_core::id::BreakId;
use duizhang_core::position::Position;
use duizhang_core::reconciliation::{
    Class, DayBounds, DayPlace, Finding, Flaw, Flow, Handling, Link, Outcome, Pair, Terms, check,
    reconcile,
};
use duizhang_core::statement::{Line, LineKind};
use duizhang_core::time::Timestamp;
use duizhang_eventlog::EventLog;
use duizhang_projections::breaks::{BreakView, DayDeed};
use duizhang_projections::calendar::{Zone, day_of_date};

use super::known::{Known, known};
use super::listed::Listed;
use super::numbers::WalletDay;
use super::observed::{Observed, observed};
use super::report::{Closed, DayReport, ItemLine, PairLine, Proposal, StatementCheck};
use super::sides::{Sides, StatementLines};
use super::snapshots::Change;
use crate::error::ReplayError;
use crate::play::{Progress, book_zone};
use crate::words;

/// Most breaks that a report lists: at 400 bytes each they are 4 MB; all are counted.
pub const BREAKS_MAX: usize = 10_000;

/// Most pairs that agree, or wait, that a report lists: at 400 bytes each they are 8 MB; all are
/// counted.
pub const PAIRS_MAX: usize = 20_000;

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
    pub(super) known: Known,
    pub(super) terms: Terms,
    pub(super) changes: Vec<Change>,
    pub(super) changes_unlisted: usize,
}

/// Compares a business day with statement files, as the log stands at a position, under the terms
/// that are in force there.
///
/// # Errors
/// [`ReplayError::History`] where an event cannot be read, [`ReplayError::Zone`],
/// [`ReplayError::TooMuch`] where there is more than one comparison can hold.
pub fn compare_day(
    log: &dyn EventLog,
    date: NaiveDate,
    statements: Vec<StatementLines>,
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
    let known = known(log, (zone, date), bounds, known_to, progress)?;
    let known_to = known.position;
    let sides = Sides::new(&ours, &statements).map_err(ReplayError::TooMuch)?;
    let terms = Terms::from(known.terms);
    let outcome = reconcile(&sides.payments, &sides.lines, &terms, &bounds);
    let flaws = check(&sides.payments, &sides.lines, &terms, &outcome);
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
        known,
        terms,
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

    /// The same day and files once more, as the log stands at another position.
    ///
    /// # Errors
    /// As [`compare_day`].
    pub fn again(
        self,
        log: &dyn EventLog,
        known_to: Position,
        progress: &mut Progress<'_>,
    ) -> Result<Self, ReplayError> {
        let Self { date, statements, changes, changes_unlisted, .. } = self;
        let compared = compare_day(log, date, statements, known_to, progress)?;
        Ok(compared.telling(changes, changes_unlisted))
    }

    /// What it says, for people and programs.
    #[must_use]
    pub fn report(&self) -> DayReport {
        let wallets = self.wallet_days();
        let checks = self.checks(&wallets);
        let currencies: Vec<Currency> = Currency::ALL
            .into_iter()
            .filter(|currency| wallets.iter().any(|day| day.currency == *currency))
            .collect();
        let totals = currencies.into_iter().map(|of| WalletDay::total_of(of, &wallets)).collect();
        let proposals = self.proposals();
        let (breaks, open) = self.breaks();
        let (pairs, pool, unclaimed) = (self.pairs(), self.pool(), self.unclaimed());
        DayReport {
            day: self.date.to_string(),
            time_zone: self.zone.name().to_owned(),
            run: self.known.run,
            position: self.known_to,
            known_until: match self.known_to {
                Position::START => String::new(),
                _ => self.zone.rfc3339(self.known.until),
            },
            root: self.known.root.clone(),
            policy: self.known.policy.clone(),
            terms: terms_text(&self.terms),
            closed: self.closed(),
            agrees: open == 0 && checks.iter().all(StatementCheck::holds),
            waiting: open,
            files: self.statements.iter().map(|statement| statement.file.clone()).collect(),
            wallets,
            totals,
            standing: self.standing(),
            proposals_unlisted: proposals.unlisted,
            proposals: proposals.items,
            breaks_unlisted: breaks.unlisted,
            breaks: breaks.items,
            pairs_unlisted: pairs.unlisted,
            pairs: pairs.items,
            pool_unlisted: pool.unlisted,
            pool: pool.items,
            unclaimed_unlisted: unclaimed.unlisted,
            unclaimed: unclaimed.items,
            excluded: self.excluded(),
            vouchers: self.known.vouchers.clone(),
            vouchers_unlisted: self.known.vouchers_unlisted,
            changes: self.changes.clone(),
            changes_unlisted: self.changes_unlisted,
            checks,
        }
    }

    /// Who closed the day, as far as the log was looked at.
    fn closed(&self) -> Option<Closed> {
        let day = day_of_date(self.date);
        let history = self.known.breaks.day_history(day);
        let still = self.known.breaks.is_closed(day);
        let closing = history.iter().rev().find_map(|entry| match &entry.deed {
            DayDeed::Closed(accepted) => Some((entry, accepted.len())),
            DayDeed::ReopenProposed | DayDeed::Reopened => None,
        });
        closing.filter(|_| still).map(|(entry, accepted)| Closed {
            position: entry.position,
            by: entry.by.clone(),
            reason: entry.reason.clone(),
            accepted,
        })
    }

    /// The day's pairs that wait for a person, in the order of the file.
    fn proposals(&self) -> Listed<Proposal> {
        let mut told = Listed::up_to(BREAKS_MAX);
        for pair in self.pairs_where(|pair| self.is_to_be_confirmed(pair)) {
            told.push(|| Proposal {
                wallet: self.line(wide(pair.line)).0.wallet.to_string(),
                grade: pair.grade.word(),
                by: words::found_by(pair.by),
                ours: self.our_item(wide(pair.payment)),
                channel: self.channel_item(wide(pair.line)),
            });
        }
        told
    }

    /// Whether both sides of a pair say the same and only a person can say that they are one, and
    /// nobody has.
    fn is_to_be_confirmed(&self, pair: &Pair) -> bool {
        let finding = &self.outcome.payments[wide(pair.payment)];
        let asks = pair.handling == Handling::Proposed
            && finding.code.is_none_or(words::explains_itself)
            && finding.code != Some(BreakCode::Rounding);
        if !asks {
            return false;
        }
        let subject = self.payment_subject(wide(pair.payment));
        let wallet = &self.line(wide(pair.line)).0.wallet;
        let id = BreakId::about(wallet, day_of_date(self.date), &subject);
        self.known.breaks.get(id).is_none_or(BreakView::is_open)
    }

    /// The day's pairs of a kind, in the order of the file.
    fn pairs_where(&self, wanted: impl Fn(&Pair) -> bool) -> Vec<&Pair> {
        let of_day = |pair: &&Pair| self.within(self.line(wide(pair.line)).1.time);
        let mut pairs: Vec<&Pair> =
            self.outcome.pairs.iter().filter(|pair| wanted(pair)).filter(of_day).collect();
        pairs.sort_by_key(|pair| pair.line);
        pairs
    }

    fn pair_line(&self, pair: &Pair) -> PairLine {
        PairLine {
            class: self.outcome.payments[wide(pair.payment)].class.word(),
            kind: self.line(wide(pair.line)).1.kind.word(),
            by: words::found_by(pair.by),
            wallet: self.line(wide(pair.line)).0.wallet.to_string(),
            ours: Some(self.our_item(wide(pair.payment))),
            channel: Some(self.channel_item(wide(pair.line))),
        }
    }

    /// The day's pairs on which both sides agree.
    fn pairs(&self) -> Listed<PairLine> {
        let agreed = [Class::Matched, Class::CrossDay, Class::Late, Class::DuplicatePayment];
        let of_agreed =
            |pair: &Pair| agreed.contains(&self.outcome.payments[wide(pair.payment)].class);
        let mut told = Listed::up_to(PAIRS_MAX);
        for pair in self.pairs_where(of_agreed) {
            told.push(|| self.pair_line(pair));
        }
        told
    }

    /// What lies across midnight, and what waits for another day or file.
    fn pool(&self) -> Listed<PairLine> {
        let mut told = Listed::up_to(PAIRS_MAX);
        let across = |pair: &Pair| {
            let index = wide(pair.payment);
            self.outcome.payments[index].class == Class::CrossDay || self.seen_elsewhen(index)
        };
        for pair in self.pairs_where(across) {
            told.push(|| self.pair_line(pair));
        }
        let waits = |finding: &Finding| finding.class == Class::Pool && finding.link == Link::None;
        for (index, finding) in self.outcome.payments.iter().enumerate() {
            let item = &self.ours[index];
            if waits(finding) && self.within(item.time) {
                let wallet = item.wallets.first().map_or("", |wallet| wallet.as_str());
                let kind = kind_of(item.flow);
                told.push(|| PairLine {
                    ours: Some(self.our_item(index)),
                    ..waiting(finding, kind, wallet)
                });
            }
        }
        for (index, finding) in self.outcome.lines.iter().enumerate() {
            let (statement, line) = self.line(index);
            if waits(finding) && self.within(line.time) {
                told.push(|| PairLine {
                    channel: Some(self.channel_item(index)),
                    ..waiting(finding, line.kind, statement.wallet.as_str())
                });
            }
        }
        told
    }

    pub(super) fn our_item(&self, index: usize) -> ItemLine {
        let item = &self.ours[index];
        ItemLine {
            place: format!("position {}", item.position),
            id: item.name.clone(),
            time: self.zone.rfc3339(item.time),
            amount: item.amount,
            note: item.number.clone().unwrap_or_default(),
            party: String::new(),
        }
    }

    pub(super) fn channel_item(&self, index: usize) -> ItemLine {
        let (statement, line) = self.line(index);
        ItemLine {
            place: format!("{} row {}", statement.file.name, line.number),
            id: line.serial.clone(),
            time: self.zone.rfc3339(line.time),
            amount: line.gross,
            note: line.note.clone(),
            party: line.counterparty.clone(),
        }
    }
}

/// What waits, before its side is told.
fn waiting(finding: &Finding, kind: LineKind, wallet: &str) -> PairLine {
    PairLine {
        class: finding.class.word(),
        kind: kind.word(),
        by: finding.code.map_or("", BreakCode::clause),
        wallet: wallet.to_owned(),
        ours: None,
        channel: None,
    }
}

/// The terms of a comparison, as far as they decide.
fn terms_text(terms: &Terms) -> String {
    format!(
        "skew {} s, delay {} s, near {} s, early {} s, far {} s, chance {}/1000, rounding {}, fee \
         rounding {}, parts {}, search {}",
        terms.skew.secs(),
        terms.delay.secs(),
        terms.near.secs(),
        terms.near_early.secs(),
        terms.far.secs(),
        terms.chance_per_mille,
        terms.rounding,
        terms.fee_rounding,
        terms.parts_max,
        terms.search_max
    )
}

/// The kind of line that shows money of ours.
const fn kind_of(flow: Flow) -> LineKind {
    match flow {
        Flow::PayIn => LineKind::PayIn,
        Flow::RefundOut => LineKind::RefundOut,
        Flow::Withdrawal => LineKind::Withdrawal,
    }
}

pub(super) fn signed_ours(item: &Observed) -> i128 {
    let minor = i128::from(item.amount.minor());
    match item.flow {
        Flow::PayIn => minor,
        Flow::RefundOut | Flow::Withdrawal => minor.saturating_neg(),
    }
}

pub(super) fn signed_line(line: &Line) -> i128 {
    let minor = i128::from(line.gross.minor());
    match line.kind {
        LineKind::PayIn | LineKind::RefundIn | LineKind::FeeBack => minor,
        LineKind::PayOut | LineKind::RefundOut | LineKind::Fee | LineKind::Withdrawal => {
            minor.saturating_neg()
        }
        LineKind::Transfer | LineKind::Neutral | LineKind::Unknown => 0,
    }
}
