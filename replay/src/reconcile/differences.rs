//! The day's breaks: what the comparison finds, with what the log has recorded of each; and what is
//! booked in the day though the comparison does not find it any more.
//!
//! Invariants: what belongs together is told once; a break bears the code, the direction and the id
//! that every run gives it, and no id where neither the log knows it nor a person will be asked;
//! what is booked in another day than its own says so; what is open comes first, and there by
//! wallet and time.
//! Deliberately not here: which code a difference gets (the rules).

use std::collections::BTreeSet;

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{BreakCode, BreakState, Subject};
use duizhang_core::id::{BreakId, WalletId};
use duizhang_core::reconciliation::{Finding, Link};
use duizhang_core::time::Timestamp;
use duizhang_projections::breaks::{BreakView, Deed};
use duizhang_projections::calendar::{date_of, day_of_date};

use super::listed::Listed;
use super::report::{BreakLine, BreakStanding, ItemLine};
use super::run::{BREAKS_MAX, Compared, wide};
use super::runs::told_direction;
use crate::words;

/// Digits of a hash that tell the files of a wallet apart; reports name kept files by them.
const HASH_DIGITS: usize = 12;

/// A break before it is told.
struct Found<'a> {
    open: bool,
    wallet: Option<WalletId>,
    time: Timestamp,
    id: Option<BreakId>,
    told_by: ToldBy<'a>,
}

/// Who has found it: the comparison, by one of the two sides, or only the log.
enum ToldBy<'a> {
    Payment(BreakCode, &'a Finding, usize),
    Line(BreakCode, &'a Finding, usize),
    Log(&'a BreakView),
}

impl Compared {
    /// The day's breaks, what is open first, then by wallet, and there in the order of time; and
    /// how many are open.
    pub(super) fn breaks(&self) -> (Listed<BreakLine>, usize) {
        let mut found: Vec<Found<'_>> = Vec::new();
        let mut told = BTreeSet::new();
        let shared = self.shared_serials();
        for (index, finding) in self.outcome.payments.iter().enumerate() {
            let time = self.counts_at(index);
            if let Some(code) = self.told_code(finding).filter(|_| self.within(time))
                && Self::is_new(finding, &mut told)
            {
                found.push(self.find(time, ToldBy::Payment(code, finding, index), &shared));
            }
        }
        for (index, finding) in self.outcome.lines.iter().enumerate() {
            let time = self.line(index).1.time;
            if let Some(code) = self.told_code(finding).filter(|_| self.within(time))
                && Self::is_new(finding, &mut told)
            {
                found.push(self.find(time, ToldBy::Line(code, finding, index), &shared));
            }
        }
        let known: BTreeSet<BreakId> = found.iter().filter_map(|one| one.id).collect();
        let booked = self.known.breaks.of_day(day_of_date(self.date));
        let gone = booked.filter(|view| !known.contains(&view.id));
        found.extend(gone.map(|view| self.find(view.opened_at, ToldBy::Log(view), &shared)));
        found.sort_by(|one, other| {
            (!one.open, &one.wallet, one.time).cmp(&(!other.open, &other.wallet, other.time))
        });
        let open = found.iter().filter(|one| one.open).count();
        let mut lines = Listed::up_to(BREAKS_MAX);
        for one in &found {
            lines.push(|| self.line_of(one));
        }
        (lines, open)
    }

    /// What a finding is about on both sides.
    fn sides_of(&self, told_by: &ToldBy<'_>) -> (Vec<usize>, Vec<usize>) {
        match told_by {
            ToldBy::Payment(_, finding, index) => self.parts(finding, Some(*index), None),
            ToldBy::Line(_, finding, index) => self.parts(finding, None, Some(*index)),
            ToldBy::Log(_) => (Vec::new(), Vec::new()),
        }
    }

    fn find<'a>(
        &'a self,
        time: Timestamp,
        told_by: ToldBy<'a>,
        shared: &BTreeSet<(&WalletId, &str)>,
    ) -> Found<'a> {
        let code = match &told_by {
            ToldBy::Payment(code, ..) | ToldBy::Line(code, ..) => *code,
            ToldBy::Log(view) => {
                let (wallet, id) = (Some(view.wallet.clone()), Some(view.id));
                let open = view.is_open() && !words::explains_itself(view.found.code);
                return Found { open, wallet, time, id, told_by };
            }
        };
        let (payments, lines) = self.sides_of(&told_by);
        let first = lines.first().map(|index| self.line(*index).0.wallet.clone());
        let own = payments.first().and_then(|index| self.ours[*index].wallets.first().cloned());
        let wallet = first.or(own);
        let subject = self.subject(&payments, &lines, shared);
        let day = day_of_date(self.date);
        let id = wallet
            .as_ref()
            .zip(subject)
            .map(|(wallet, subject)| BreakId::about(wallet, day, &subject));
        let view = id.and_then(|id| self.known.breaks.get(id));
        let open = !words::explains_itself(code) && view.is_none_or(BreakView::is_open);
        Found { open, wallet, time, id, told_by }
    }

    fn line_of(&self, found: &Found<'_>) -> BreakLine {
        let (code, finding) = match &found.told_by {
            ToldBy::Payment(code, finding, _) | ToldBy::Line(code, finding, _) => (*code, finding),
            ToldBy::Log(view) => return self.recorded(view),
        };
        let (payments, lines) = self.sides_of(&found.told_by);
        let view = found.id.and_then(|id| self.known.breaks.get(id));
        let id = found.id.filter(|_| view.is_some() || !words::explains_itself(code));
        BreakLine {
            id: id.map_or_else(String::new, |id| id.to_string()),
            code: code.letters().to_owned(),
            meaning: self.meaning_of(code, found, &lines) + &moved(view),
            class: finding.class.word().to_owned(),
            direction: told_direction(code, finding.direction).1.word().to_owned(),
            open: found.open,
            wallet: found.wallet.as_ref().map(ToString::to_string).unwrap_or_default(),
            amount: self.amount_of(code, &payments, &lines),
            record: view.map(|view| self.standing_of(view)),
            ours: payments.into_iter().map(|index| self.our_item(index)).collect(),
            channel: lines.into_iter().map(|index| self.channel_item(index)).collect(),
        }
    }

    /// What a code means, and G01 beside it where nobody watched when the money came.
    fn meaning_of(&self, code: BreakCode, found: &Found<'_>, lines: &[usize]) -> String {
        let unseen = matches!(code, BreakCode::UnobservedPayment | BreakCode::OrphanPayment);
        let unwatched = unseen
            && found.wallet.as_ref().zip(lines.first()).is_some_and(|(wallet, line)| {
                self.known.was_unwatched(wallet, self.line(*line).1.time)
            });
        if unwatched {
            let gap = BreakCode::CollectorGap;
            format!("{}; {} {}", meaning(code), gap.letters(), meaning(gap))
        } else {
            meaning(code)
        }
    }

    /// What the log has recorded of a break that the comparison does not find.
    fn recorded(&self, view: &BreakView) -> BreakLine {
        let code = view.found.code;
        // When the money moved is not in the log; when the break was found is told of the break.
        let item = |id: String, place: String| ItemLine {
            place,
            id,
            time: String::new(),
            amount: view.found.amount,
            note: String::new(),
            party: String::new(),
        };
        let place = view.history.first().map(|entry| format!("position {}", entry.position));
        let place = place.unwrap_or_default();
        let (ours, channel) = match &view.found.subject {
            Subject::Payment(id) => (vec![item(id.to_string(), place)], Vec::new()),
            Subject::Order(id) => (vec![item(id.to_string(), place)], Vec::new()),
            Subject::Refund(id) => (vec![item(id.to_string(), place)], Vec::new()),
            Subject::Movement(id) => (vec![item(id.to_string(), place)], Vec::new()),
            Subject::Line { serial } => (Vec::new(), vec![item(serial.clone(), place)]),
            Subject::Row { statement, number } => {
                let digits: String = statement.to_string().chars().take(HASH_DIGITS).collect();
                (Vec::new(), vec![item(String::new(), format!("{digits} row {number}"))])
            }
            Subject::Statement(hash) => (Vec::new(), vec![item(hash.to_string(), place)]),
            Subject::Day => (Vec::new(), Vec::new()),
        };
        BreakLine {
            id: view.id.to_string(),
            code: code.letters().to_owned(),
            meaning: meaning(code) + &moved(Some(view)),
            class: String::new(),
            direction: view.found.direction.word().to_owned(),
            open: view.is_open() && !words::explains_itself(code),
            wallet: view.wallet.to_string(),
            amount: view.found.amount,
            record: Some(self.standing_of(view)),
            ours,
            channel,
        }
    }

    fn standing_of(&self, view: &BreakView) -> BreakStanding {
        let state = match view.state {
            BreakState::Waiting(on) => format!("waiting for the {}", on.word()),
            state => state.word().to_owned(),
        };
        BreakStanding {
            code: view.found.code.letters(),
            day: date_of(view.day).to_string(),
            booked: date_of(view.booked).to_string(),
            found_at: self.zone.rfc3339(view.opened_at),
            position: view.history.first().map_or(self.known.position, |entry| entry.position),
            state,
            age: view.age(self.known.until).word(),
            owner: view.owner.clone().unwrap_or_default(),
            ending: view.ending.as_ref().map_or("", |ending| ending.word()),
            accepted: view.history.iter().any(|entry| matches!(entry.deed, Deed::Accepted(_))),
        }
    }

    /// What a break is about: money of ours where there is some, else the line.
    fn subject(
        &self,
        payments: &[usize],
        lines: &[usize],
        shared: &BTreeSet<(&WalletId, &str)>,
    ) -> Option<Subject> {
        match (payments.first(), lines.first()) {
            (Some(payment), _) => Some(self.payment_subject(*payment)),
            (None, Some(line)) => Some(self.line_subject(*line, shared)),
            (None, None) => None,
        }
    }

    fn amount_of(&self, code: BreakCode, payments: &[usize], lines: &[usize]) -> Amount {
        let ours = payments.first().map(|index| self.ours[*index].amount);
        let theirs = lines.first().map(|index| self.line(*index).1.gross);
        match (code, ours, theirs) {
            (BreakCode::AmountOver | BreakCode::AmountUnder, Some(ours), Some(theirs)) => {
                let gap = ours.minor().saturating_sub(theirs.minor()).saturating_abs();
                Amount::from_minor(gap, theirs.currency())
            }
            (_, Some(amount), _) | (_, None, Some(amount)) => amount,
            (_, None, None) => Amount::fen(0),
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

    /// The code under which a finding is told: its own as the log has it, or that of a pair which
    /// only a person can confirm.
    fn told_code(&self, finding: &Finding) -> Option<BreakCode> {
        let code = self.code_of(finding).or(finding.code);
        code.map(|code| told_direction(code, finding.direction).0)
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
}

/// P01, beside the code of a break that is booked in another day than its own.
fn moved(view: Option<&BreakView>) -> String {
    let Some(view) = view.filter(|view| view.booked != view.day) else { return String::new() };
    let (code, day, booked) = (BreakCode::ClosedPeriod, date_of(view.day), date_of(view.booked));
    format!("; {} {}: {day}, booked in {booked}", code.letters(), meaning(code))
}

fn meaning(code: BreakCode) -> String {
    format!("{} ({})", code.clause(), code.chinese())
}
