//! What the log is told of a comparison: for each declared wallet, a run in parts.
//!
//! What becomes a break and what does not:
//! - A difference that asks a person, and money that waits for a statement (T01): the run that
//!   finds its line ends it. What a rule explains (a line or a notice told again, rounding, late
//!   money that its order takes, a pair over midnight) is in the report and asks nobody.
//! - A pair that only a person can confirm is M08, or M09 where it lies hours apart: both sides
//!   name the same money, and no reference or time that both have says that it is one. No code is
//!   nearer: an A-code has a direction and several candidates. A person ends it as matched or
//!   otherwise, and the same finding does not open it again.
//! - A file whose totals fail (F03), that is read otherwise than when it was kept (F05), and each
//!   row that could not be read (F04), until a later file covers the same time.
//! - Of a wallet without a file of the day, only that it is missing (F01), and only where we saw
//!   money there: what each payment of it waits for is that file. Its run is empty otherwise.
//!
//! A payment with a difference belongs to the run of its own day and to that of its line's: neither
//! may find it gone while the other still has it. Nor may a wallet's run end what another's shows.
//!
//! Invariants: the fingerprint covers all that went in and nothing else, so the log may grow by
//! what is not of these days; it does not depend on the order of files; one thing is told once in a
//! run; a run has at least one part.
//! Deliberately not here: submitting, and what the rules make of it (`duizhang_core::breaks`).

use std::collections::{BTreeMap, BTreeSet};

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{BreakCode, DayReconciled, Direction, Explained, FoundBreak, Subject};
use duizhang_core::closing::Day;
use duizhang_core::id::{BreakId, MovementId, PaymentId, RefundId, WalletId};
use duizhang_core::limits::{
    BREAKS_PER_PART_MAX, EXPLAINED_PER_PART_MAX, REFERENCE_BYTES_MAX, RELATED_MAX,
};
use duizhang_core::merkle::Hash;
use duizhang_core::reconciliation::{By, Class, Finding, Flow, Handling, Pair};
use duizhang_core::statement::LineKind;
use duizhang_projections::calendar::day_of_date;

use super::inputs;
use super::run::{Compared, wide};
use crate::words;

/// What is known of a file beside its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The hash of its bytes.
    pub statement: Hash,
    /// Whose it is.
    pub wallet: WalletId,
    /// The first day that it tells of.
    pub first: Day,
    /// The last day that it tells of.
    pub last: Day,
    /// What is wrong with the file as a whole: [`BreakCode::FileTotals`] or
    /// [`BreakCode::ParserChanged`].
    pub wrong: Option<BreakCode>,
    /// The places of the rows that could not be read.
    pub rejected: Vec<u32>,
    /// Whether a file that was kept later covers all of its time.
    pub superseded: bool,
}

/// A break that is open when the comparison is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBreak {
    /// Which one.
    pub id: BreakId,
    /// On whose statement.
    pub wallet: WalletId,
    /// The day that it is about.
    pub day: Day,
    /// What it is about.
    pub subject: Subject,
}

/// A wallet's day, as the log is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The parts, in order. Where the last one leaves no reckoning, more was gone than one event
    /// ends, and [`Run::once_more`] is sent until none is left.
    pub parts: Vec<DayReconciled>,
}

impl Run {
    /// The part behind a last one.
    #[must_use]
    pub fn once_more(last: &DayReconciled) -> DayReconciled {
        let part = last.part.saturating_add(1);
        DayReconciled { part, last: true, found: Vec::new(), explained: Vec::new(), ..last.clone() }
    }

    fn in_parts(whole: &DayReconciled, found: Vec<FoundBreak>, explained: Vec<Explained>) -> Self {
        let mut found = found.chunks(BREAKS_PER_PART_MAX);
        let mut explained = explained.chunks(EXPLAINED_PER_PART_MAX);
        let count = found.len().max(explained.len()).max(1);
        let parts = (0_u32..).take(count).map(|part| DayReconciled {
            part,
            last: usize::try_from(part).is_ok_and(|part| part.saturating_add(1) == count),
            found: found.next().unwrap_or_default().to_vec(),
            explained: explained.next().unwrap_or_default().to_vec(),
            ..whole.clone()
        });
        Self { parts: parts.collect() }
    }
}

/// Whether an open break of this code asks a person; the others wait for a statement.
#[must_use]
pub const fn needs_a_person(code: BreakCode) -> bool {
    !words::explains_itself(code)
}

type ToldByWallet = BTreeMap<WalletId, Told>;

/// Findings of one wallet, each thing once.
#[derive(Default)]
struct Told {
    ids: BTreeSet<BreakId>,
    found: Vec<FoundBreak>,
}

impl Compared {
    /// The runs that the log is told of. `papers` are the files that went in.
    #[must_use]
    pub fn runs(&self, papers: &[Paper], open: &[OpenBreak], by: &str) -> Vec<Run> {
        let day = day_of_date(self.date);
        let of_day = papers.iter().filter(|paper| (paper.first..=paper.last).contains(&day));
        let filed: BTreeSet<&WalletId> = of_day.map(|paper| &paper.wallet).collect();
        let inputs = inputs::digest(self, papers);
        let mut told = self.told(papers, day, &filed);
        let mut runs = Vec::new();
        for wallet in self.known.wallets.keys() {
            let told = if filed.contains(wallet) {
                told.remove(wallet).unwrap_or_default()
            } else {
                Told {
                    ids: BTreeSet::new(),
                    found: self.file_missing(wallet).into_iter().collect(),
                }
            };
            let explained = self.explained(wallet, day, open, &told.ids);
            let own = papers.iter().filter(|paper| paper.wallet == *wallet);
            let whole = DayReconciled {
                wallet: wallet.clone(),
                day,
                statements: own.map(|paper| paper.statement).collect(),
                inputs,
                part: 0,
                last: true,
                totals: self.totals(wallet),
                found: Vec::new(),
                explained: Vec::new(),
                by: by.to_owned(),
            };
            runs.push(Run::in_parts(&whole, told.found, explained));
        }
        runs
    }

    /// What differs, by wallet with a file: files first, then ours, then the channel's lines.
    fn told(&self, papers: &[Paper], day: Day, wallets: &BTreeSet<&WalletId>) -> ToldByWallet {
        let mut told = ToldByWallet::new();
        let mut tell = |wallet: &WalletId, found: FoundBreak| {
            let id = BreakId::about(wallet, day, &found.subject);
            // Only the run of the wallet that a break was opened on can find it gone.
            let known = self.known.breaks.get(id).filter(|view| view.day == day);
            let known = known.map(|view| &view.wallet).filter(|known| wallets.contains(known));
            let told = told.entry(known.unwrap_or(wallet).clone()).or_default();
            if told.ids.insert(id) {
                told.found.push(found);
            }
        };
        for paper in papers.iter().filter(|paper| !paper.superseded) {
            if (paper.first..=paper.last).contains(&day) {
                for found in of_paper(paper) {
                    tell(&paper.wallet, found);
                }
            }
        }
        let serials = self.shared_serials();
        let mut seen = BTreeSet::new();
        for (index, finding) in self.outcome.payments.iter().enumerate() {
            let own = self.ours[index].time;
            let counts = self.within(self.counts_at(index)) || self.within(own);
            let wallet = self.wallet_of_payment(index);
            if let Some(code) = self.code_of(finding).filter(|_| counts)
                && let Some(wallet) = wallet
                && Self::is_new(finding, &mut seen)
            {
                tell(&wallet, self.found(code, finding, Some(index), None, &serials));
            }
        }
        for (index, finding) in self.outcome.lines.iter().enumerate() {
            let (statement, line) = self.line(index);
            if let Some(code) = self.code_of(finding).filter(|_| self.within(line.time))
                && Self::is_new(finding, &mut seen)
            {
                tell(&statement.wallet, self.found(code, finding, None, Some(index), &serials));
            }
        }
        told
    }

    /// The code under which a finding becomes a break, where it does.
    pub(super) fn code_of(&self, finding: &Finding) -> Option<BreakCode> {
        let explained = |code: &BreakCode| {
            words::explains_itself(*code)
                && !(*code == BreakCode::PendingStatement && finding.class == Class::Pool)
        };
        let proposed =
            self.outcome.pair(finding).filter(|pair| pair.handling == Handling::Proposed);
        let code = finding.code.filter(|code| !explained(code));
        code.or_else(|| {
            // A difference within the tolerance is proposed like each other one, and needs nobody.
            let rounded = finding.code == Some(BreakCode::Rounding);
            proposed.filter(|_| !rounded).map(|pair| match pair.by {
                By::Far => BreakCode::Date,
                By::Serial | By::Base | By::Order | By::Slot => BreakCode::Data,
            })
        })
    }

    /// On whose statement a payment's difference stands: its line's, or its own.
    fn wallet_of_payment(&self, index: usize) -> Option<WalletId> {
        let finding = &self.outcome.payments[index];
        let (_, lines) = self.parts(finding, Some(index), None);
        match lines.first() {
            Some(line) => Some(self.line(*line).0.wallet.clone()),
            None => self.ours[index].wallets.first().cloned(),
        }
    }

    fn found(
        &self,
        code: BreakCode,
        finding: &Finding,
        payment: Option<usize>,
        line: Option<usize>,
        shared: &BTreeSet<(&WalletId, &str)>,
    ) -> FoundBreak {
        let (payments, lines) = self.parts(finding, payment, line);
        let ours = payments.iter().map(|index| self.payment_subject(*index));
        let theirs = lines.iter().map(|index| self.line_subject(*index, shared));
        let mut subjects = ours.chain(theirs);
        let subject = subjects.next().unwrap_or(Subject::Day);
        let related = subjects.take(RELATED_MAX).collect();
        let whole = match (payments.first(), lines.first()) {
            (Some(payment), _) => self.ours[*payment].amount,
            (None, Some(line)) => self.line(*line).1.gross,
            (None, None) => Amount::fen(0),
        };
        let differing = matches!(code, BreakCode::AmountOver | BreakCode::AmountUnder);
        let amount = match (payments.first(), lines.first()) {
            (Some(payment), Some(line)) if differing => {
                self.ours[*payment].amount.checked_sub(self.line(*line).1.gross).unwrap_or(whole)
            }
            _ => whole,
        };
        let magnitude = i64::try_from(amount.minor().unsigned_abs()).unwrap_or(i64::MAX);
        let amount = Amount::from_minor(magnitude, amount.currency());
        let (code, direction) = told_direction(code, finding.direction);
        FoundBreak { subject, code, direction, amount, related }
    }

    pub(super) fn payment_subject(&self, index: usize) -> Subject {
        let item = &self.ours[index];
        match item.flow {
            Flow::PayIn => Subject::Payment(PaymentId::from_bits(item.id)),
            Flow::RefundOut => Subject::Refund(RefundId::from_bits(item.id)),
            Flow::Withdrawal => Subject::Movement(MovementId::from_bits(item.id)),
        }
    }

    /// The serials that stand twice on a wallet's statements: some layouts repeat that of a payment
    /// in its refund's row.
    pub(super) fn shared_serials(&self) -> BTreeSet<(&WalletId, &str)> {
        let (mut seen, mut shared) = (BTreeSet::new(), BTreeSet::new());
        for index in 0..self.outcome.lines.len() {
            let (statement, line) = self.line(index);
            let key = (&statement.wallet, line.serial.as_str());
            if !seen.insert(key) {
                shared.insert(key);
            }
        }
        shared
    }

    /// A line by its serial, where that names it alone; else by its place.
    pub(super) fn line_subject(
        &self,
        index: usize,
        shared: &BTreeSet<(&WalletId, &str)>,
    ) -> Subject {
        let (statement, line) = self.line(index);
        let serial = line.serial.as_str();
        let fits = !serial.is_empty()
            && serial.len() <= REFERENCE_BYTES_MAX
            && !serial.chars().any(char::is_control);
        let alone = line.kind == LineKind::PayIn || !shared.contains(&(&statement.wallet, serial));
        if fits && alone {
            return Subject::Line { serial: serial.to_owned() };
        }
        match statement.file.sha256.parse() {
            Ok(statement) => Subject::Row { statement, number: line.number },
            Err(_) => Subject::Day,
        }
    }

    /// The open breaks of other days whose payment or line has its pair on this day.
    fn explained(
        &self,
        wallet: &WalletId,
        day: Day,
        open: &[OpenBreak],
        found: &BTreeSet<BreakId>,
    ) -> Vec<Explained> {
        let asked: BTreeMap<&Subject, BreakId> = open
            .iter()
            .filter(|one| one.wallet == *wallet && one.day != day && !found.contains(&one.id))
            .map(|one| (&one.subject, one.id))
            .collect();
        if asked.is_empty() {
            return Vec::new();
        }
        let shared = self.shared_serials();
        let mut explained = BTreeMap::new();
        for pair in self.outcome.pairs.iter().filter(|pair| self.settles(pair)) {
            let ours = self.payment_subject(wide(pair.payment));
            let theirs = self.line_subject(wide(pair.line), &shared);
            if let Some(id) = asked.get(&ours) {
                explained.insert(*id, theirs.clone());
            }
            if let Some(id) = asked.get(&theirs) {
                explained.insert(*id, ours);
            }
        }
        explained.into_iter().map(|(id, by)| Explained { id, by }).collect()
    }

    /// Whether a pair of this day leaves no question.
    fn settles(&self, pair: &Pair) -> bool {
        let (payment, line) = (wide(pair.payment), wide(pair.line));
        let here = self.within(self.ours[payment].time) || self.within(self.line(line).1.time);
        here && self.code_of(&self.outcome.payments[payment]).is_none()
    }
}

/// A code with the direction that it has in the log. More money that left, as in a refund larger
/// than ours, is less money for us, and the direction is the truth.
pub(super) fn told_direction(code: BreakCode, direction: Direction) -> (BreakCode, Direction) {
    match (code, direction) {
        (BreakCode::AmountOver, Direction::Out) => (BreakCode::AmountUnder, Direction::Out),
        (BreakCode::AmountUnder, Direction::In) => (BreakCode::AmountOver, Direction::In),
        _ => (code, code.direction().unwrap_or(direction)),
    }
}

/// What is wrong with a file.
fn of_paper(paper: &Paper) -> impl Iterator<Item = FoundBreak> {
    let told = |subject: Subject, code: BreakCode| FoundBreak {
        subject,
        code,
        direction: Direction::Control,
        amount: Amount::fen(0),
        related: Vec::new(),
    };
    let statement = paper.statement;
    let whole = paper.wrong.map(|code| told(Subject::Statement(statement), code));
    let rows = paper.rejected.iter().map(move |number| {
        told(Subject::Row { statement, number: *number }, BreakCode::RowRejected)
    });
    whole.into_iter().chain(rows)
}
