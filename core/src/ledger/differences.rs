//! Posting breaks: the difference between a channel and the books, while nobody knows why.
//!
//! | break | debit | credit |
//! |---|---|---|
//! | opened, the channel has more | wallet | long |
//! | opened, the channel has less | short | wallet |
//! | changed | as it stood, reversed; then as it is | |
//! | over | as it stood, reversed | |
//! | written off | long, or loss | unclaimed, or short |
//! | claimed from the channel | claim | short |
//! | open again | what its end posted, reversed | |
//!
//! Invariants: long and short are the open breaks that stand there, each with its last amount, and
//! nothing else; so wallets agree with the statements that were compared. Each entry is valued when
//! the break was found or ended, because a break is no news of the day that it is about.
//! A refund that is on no statement stands on long from its confirmation on: before that the books
//! do not say either that its money left. A payment that may have come to several wallets stands
//! nowhere until an order says to which: before that it is on none of them.
//! Deliberately not here: where a break stands ([`Account::of_break`]), and what it may do next.

use alloc::format;
use alloc::vec::Vec;

use super::account::{Account, Numbered};
use super::entry::{Entry, Line, Subjects};
use super::narration::Narration;
use super::place::{Place, Visit, credit, debit};
use super::poster::Poster;
use crate::amount::Amount;
use crate::breaks::{
    BreakCode, BreakStep, Ending, FoundBreak, Resolution, ResolutionKind, Subject,
};
use crate::fact::Fact;
use crate::id::{BreakId, PaymentId, RefundId, WalletId};
use crate::refund::RefundState;

/// What the poster remembers of a break.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    wallet: Numbered,
    code: BreakCode,
    subject: Subject,
    /// Where it stands while it is open, if anywhere.
    account: Option<Numbered>,
    amount: Amount,
    /// What stands for it while it is open, or stood when it ended.
    lines: Vec<Line>,
    /// What its end posted; none while it is open.
    ending: Option<Vec<Line>>,
}

impl Difference {
    fn new(wallet: Numbered, found: &FoundBreak) -> Self {
        Self {
            wallet,
            code: found.code,
            subject: found.subject.clone(),
            account: Account::of_break(found),
            amount: found.amount,
            lines: Vec::new(),
            ending: None,
        }
    }

    fn suspense(&self) -> Vec<Line> {
        let Some(account) = self.account else { return Vec::new() };
        if account == Account::Long {
            Vec::from([debit(self.wallet, self.amount), credit(account, self.amount)])
        } else {
            Vec::from([debit(account, self.amount), credit(self.wallet, self.amount)])
        }
    }

    /// What an end posts, and what it is called.
    fn end(&self, ending: &Ending) -> (Narration, Vec<Line>) {
        let Ending::Person { kind, .. } = ending else {
            return (Narration::BreakReversed, reversed(&self.lines));
        };
        let (narration, other) = match (kind, self.account) {
            (ResolutionKind::WrittenOff, Some(Account::Long)) => {
                (Narration::BreakWrittenOff, Account::Unclaimed)
            }
            (ResolutionKind::WrittenOff, _) => (Narration::BreakWrittenOff, Account::ReconLoss),
            (ResolutionKind::Claimed, Some(Account::Short)) => {
                (Narration::BreakClaimed, Account::ProviderClaim)
            }
            (ResolutionKind::Refunded, Some(Account::Long)) => {
                (Narration::BreakRefunded, self.wallet)
            }
            (
                ResolutionKind::Matched
                | ResolutionKind::Split
                | ResolutionKind::Refunded
                | ResolutionKind::Claimed
                | ResolutionKind::Adjusted
                | ResolutionKind::Duplicate
                | ResolutionKind::NotABreak
                | ResolutionKind::Forced,
                _,
            ) => (Narration::BreakReversed, self.wallet),
        };
        let mut lines = reversed(&self.lines);
        for line in lines.iter_mut().filter(|line| line.account == self.wallet) {
            line.account = other;
        }
        (narration, lines)
    }

    fn subjects(&self, id: BreakId) -> Subjects {
        let mut subjects = Subjects { difference: Some(id), ..Subjects::default() };
        match self.subject {
            Subject::Payment(payment) => subjects.payment = Some(payment),
            Subject::Order(order) => subjects.order = Some(order),
            Subject::Refund(refund) => subjects.refund = Some(refund),
            Subject::Movement(movement) => subjects.movement = Some(movement),
            Subject::Line { .. } | Subject::Row { .. } | Subject::Statement(_) | Subject::Day => {}
        }
        subjects
    }

    fn entry(
        &self,
        place: &Place<'_>,
        id: BreakId,
        narration: Narration,
        said: &str,
        lines: &[Line],
    ) -> Option<Entry> {
        let note = match &self.subject {
            Subject::Line { serial } => format!("{} {serial}", self.code),
            Subject::Payment(_)
            | Subject::Order(_)
            | Subject::Refund(_)
            | Subject::Row { .. }
            | Subject::Statement(_)
            | Subject::Day
            | Subject::Movement(_) => format!("{}", self.code),
        };
        let note = if said.is_empty() { note } else { format!("{note}: {said}") };
        place.entry(narration, place.at, self.subjects(id), &note, lines)
    }
}

fn reversed(lines: &[Line]) -> Vec<Line> {
    lines.iter().map(|line| credit(line.account, line.amount)).collect()
}

/// What the person said who ended a break, where it was said with the end.
fn reason<'a>(place: &Place<'a>) -> &'a str {
    let Fact::BreakWorked(worked) = place.fact else { return "" };
    let (BreakStep::Resolve(Resolution { reason, .. }) | BreakStep::Reopen { reason }) =
        &worked.step
    else {
        return "";
    };
    reason
}

impl Poster {
    pub(super) fn open_break(
        &mut self,
        place: &Place<'_>,
        id: BreakId,
        wallet: &WalletId,
        found: &FoundBreak,
    ) -> Option<Entry> {
        let wallet = Account::Wallet(self.chart.wallet(wallet)?);
        if self.differences.contains_key(&id) {
            return None;
        }
        self.differences.insert(id, Difference::new(wallet, found));
        self.suspend(place, id)
    }

    /// Posts what is open and stands nowhere yet, as soon as it can.
    fn suspend(&mut self, place: &Place<'_>, id: BreakId) -> Option<Entry> {
        let ready = self.is_on_wallet(self.differences.get(&id)?);
        let difference = self.differences.get_mut(&id)?;
        if !ready || difference.ending.is_some() || !difference.lines.is_empty() {
            return None;
        }
        difference.lines = difference.suspense();
        let (narration, lines) = (Narration::BreakSuspended, &difference.lines);
        difference.entry(place, id, narration, "", lines)
    }

    /// Whether the money that a break is about moved a wallet in the books, so that there is
    /// something to correct.
    fn is_on_wallet(&self, difference: &Difference) -> bool {
        match difference.subject {
            Subject::Refund(refund) => {
                difference.code != BreakCode::RefundNotSettled || self.is_confirmed(refund)
            }
            Subject::Payment(payment) => !self.unlocated.contains(&payment),
            Subject::Order(_)
            | Subject::Line { .. }
            | Subject::Row { .. }
            | Subject::Statement(_)
            | Subject::Day
            | Subject::Movement(_) => true,
        }
    }

    pub(super) fn change_break(
        &mut self,
        place: &Place<'_>,
        id: BreakId,
        found: &FoundBreak,
        visit: &mut Visit<'_>,
    ) {
        let Some(difference) = self.differences.get_mut(&id) else { return };
        if difference.ending.is_some() {
            return;
        }
        let lines = reversed(&difference.lines);
        let back = difference.entry(place, id, Narration::BreakReversed, "", &lines);
        *difference = Difference::new(difference.wallet, found);
        back.into_iter().for_each(&mut *visit);
        self.suspend(place, id).into_iter().for_each(visit);
    }

    pub(super) fn end_break(
        &mut self,
        place: &Place<'_>,
        id: BreakId,
        ending: &Ending,
    ) -> Option<Entry> {
        let difference = self.differences.get_mut(&id)?;
        if difference.ending.is_some() {
            return None;
        }
        let (narration, lines) = difference.end(ending);
        let said = Some(reason(place)).filter(|said| !said.is_empty());
        let said = said.unwrap_or(ending.word());
        let entry = difference.entry(place, id, narration, said, &lines);
        difference.ending = Some(lines);
        entry
    }

    pub(super) fn reopen_break(&mut self, place: &Place<'_>, id: BreakId) -> Option<Entry> {
        let difference = self.differences.get_mut(&id)?;
        let lines = reversed(&difference.ending.take()?);
        if lines.is_empty() {
            return self.suspend(place, id);
        }
        difference.entry(place, id, Narration::BreakReopened, reason(place), &lines)
    }

    /// An order said to which of its wallets a payment came.
    pub(super) fn payment_located(
        &mut self,
        place: &Place<'_>,
        payment: PaymentId,
        wallet: Numbered,
    ) -> Option<Entry> {
        self.unlocated.remove(&payment);
        let id = BreakId::of_payment(payment);
        self.differences.get_mut(&id)?.wallet = wallet;
        self.suspend(place, id)
    }

    /// A refund that is on no statement left its wallet.
    pub(super) fn refund_left(
        &mut self,
        place: &Place<'_>,
        refund: RefundId,
        to: RefundState,
    ) -> Option<Entry> {
        if to == RefundState::Confirmed {
            self.suspend(place, BreakId::of_refund(refund))
        } else {
            None
        }
    }
}
