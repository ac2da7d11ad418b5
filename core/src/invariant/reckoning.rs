//! The auditor's part on breaks and closed days.
//!
//! Invariants: as for the auditor; nothing here asks the rules. A day is walked to the first open
//! one step by step, and two persons are compared by their names alone.
//! Deliberately not here: whether a finding is right (the matcher's own check).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;

use super::auditor::Auditor;
use super::list::Invariant;
use crate::breaks::{
    BreakStep, BreakWorked, DayReconciled, Ending, FoundBreak, LineTaken, ResolutionKind,
    StatementKept,
};
use crate::closing::Day;
use crate::decision::Decision;
use crate::fact::Fact;
use crate::id::{BreakId, PaymentId, WalletId};
use crate::merkle::Hash;

/// What one person may write off alone, in minor units; said here a second time on purpose.
const ALONE: i64 = 1_000;

/// What the auditor remembers of a break.
#[derive(Clone, Debug)]
struct Difference {
    wallet: WalletId,
    day: Day,
    booked: Day,
    minor: i64,
    open: bool,
    /// Who proposed an end, and which.
    proposed: Option<(String, ResolutionKind)>,
}

/// What the auditor remembers of a closed day.
#[derive(Clone, Debug)]
struct Shut {
    accepted: BTreeSet<BreakId>,
    wanted_open_by: Option<String>,
}

/// What the auditor remembers of reconciliation.
#[derive(Clone, Debug, Default)]
pub(super) struct Reckonings {
    files: BTreeMap<Hash, (WalletId, Day, Day)>,
    /// What runs that are not whole have found.
    found: BTreeMap<(WalletId, Day), BTreeSet<BreakId>>,
    /// The files of the latest whole run.
    whole: BTreeMap<(WalletId, Day), BTreeSet<Hash>>,
    differences: BTreeMap<BreakId, Difference>,
    shut: BTreeMap<Day, Shut>,
}

impl Reckonings {
    pub(super) fn keep(&mut self, kept: &StatementKept) {
        let file = (kept.wallet.clone(), kept.first, kept.last);
        self.files.insert(kept.statement, file);
    }

    pub(super) fn take_part(&mut self, run: &DayReconciled) {
        let key = (run.wallet.clone(), run.day);
        if run.part == 0 {
            self.found.insert(key.clone(), BTreeSet::new());
        }
        let id = |one: &FoundBreak| BreakId::about(&run.wallet, run.day, &one.subject);
        self.found.entry(key).or_default().extend(run.found.iter().map(id));
    }

    fn first_open(&self, mut day: Day) -> Day {
        while self.shut.contains_key(&day) {
            day = day.next();
        }
        day
    }

    /// Whether every wallet has a whole run over a day, every file of it was in one, and none is
    /// going on.
    fn is_reconciled(&self, day: Day, wallets: &[WalletId]) -> bool {
        let told = wallets.iter().all(|wallet| self.whole.contains_key(&(wallet.clone(), day)));
        let covered = self.files.iter().all(|(hash, (wallet, first, last))| {
            let run = self.whole.get(&(wallet.clone(), day));
            !(*first <= day && day <= *last) || run.is_some_and(|files| files.contains(hash))
        });
        told && covered && self.found.keys().all(|(_, other)| *other != day)
    }
}

impl Auditor {
    pub(super) fn worked(&mut self, worked: &BreakWorked) {
        let known = self.reckonings.differences.get_mut(&worked.id);
        let Some(one) = known else {
            self.report(Invariant::KnownOnly, format!("{} is no break", worked.id));
            return;
        };
        if let BreakStep::Propose(resolution) = &worked.step {
            one.proposed = Some((worked.by.clone(), resolution.kind));
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are the other parts' matter")]
    pub(super) fn settled(&mut self, fact: &Fact, decisions: &[Decision], decision: &Decision) {
        match decision {
            Decision::BreakOpened { id, wallet, day, booked, found } => {
                self.opened(fact, *id, wallet, *day, found);
                self.booked(*id, *booked);
            }
            Decision::BreakReclassified { id, booked, found } => {
                let open = self.differences_mut(*id).is_some_and(|one| {
                    one.minor = found.amount.minor();
                    one.proposed = None;
                    one.open
                });
                self.expect(open, Invariant::BreakOpenOrOver, "only an open break changes");
                self.booked(*id, *booked);
            }
            Decision::BreakReopened { id, booked } => {
                let was = self.differences_mut(*id);
                let over = was.is_some_and(|one| !core::mem::replace(&mut one.open, true));
                self.expect(over, Invariant::BreakOpenOrOver, "only what was over is reopened");
                self.booked(*id, *booked);
            }
            Decision::BreakMoved { id, .. } => {
                let open = self.differences_mut(*id).is_some_and(|one| one.open);
                self.expect(open, Invariant::BreakOpenOrOver, "only an open break moves");
            }
            Decision::BreakResolved { id, ending } => {
                self.over(fact, decisions, *id, ending);
            }
            Decision::DayReckoned { wallet, day } => self.whole(fact, wallet, *day),
            Decision::DayClosed { day } => self.shut(fact, *day),
            Decision::DayReopenProposed { day } | Decision::DayReopened { day } => {
                self.unshut(fact, *day, matches!(decision, Decision::DayReopened { .. }));
            }
            _ => {}
        }
    }

    fn differences_mut(&mut self, id: BreakId) -> Option<&mut Difference> {
        self.reckonings.differences.get_mut(&id)
    }

    fn opened(
        &mut self,
        fact: &Fact,
        id: BreakId,
        wallet: &WalletId,
        day: Day,
        found: &FoundBreak,
    ) {
        let told = matches!(fact, Fact::DayReconciled(run)
            if run.wallet == *wallet && run.day == day && run.found.contains(found));
        let named = id == BreakId::about(wallet, day, &found.subject);
        self.expect(told && named, Invariant::KnownOnly, "no run found this break");
        let one = Difference {
            wallet: wallet.clone(),
            day,
            booked: day,
            minor: found.amount.minor(),
            open: true,
            proposed: None,
        };
        let new = self.reckonings.differences.insert(id, one).is_none();
        self.expect(new, Invariant::BreakOpenOrOver, "a break is opened once");
    }

    fn booked(&mut self, id: BreakId, booked: Day) {
        let Some(one) = self.reckonings.differences.get(&id) else { return };
        let right = self.reckonings.first_open(one.day) == booked;
        if let Some(one) = self.differences_mut(id) {
            one.booked = booked;
        }
        self.expect(right, Invariant::ClosedStaysClosed, "not the first open day");
    }

    fn over(&mut self, fact: &Fact, decisions: &[Decision], id: BreakId, ending: &Ending) {
        let Some(one) = self.differences_mut(id) else {
            self.report(Invariant::KnownOnly, format!("{id} is no break"));
            return;
        };
        let open = core::mem::replace(&mut one.open, false);
        let proposed = one.proposed.take();
        let (minor, key) = (one.minor, (one.wallet.clone(), one.day));
        self.expect(open, Invariant::BreakOpenOrOver, "only an open break ends");
        let explained = match (ending, fact) {
            (Ending::Person { kind, .. }, Fact::BreakWorked(worked)) => {
                self.two_persons(worked, *kind, minor, proposed);
                worked.id == id
            }
            (Ending::LateArrival { by }, Fact::DayReconciled(run)) => {
                run.explained.iter().any(|one| one.id == id && one.by == *by)
            }
            (Ending::NoLongerFound, Fact::DayReconciled(run)) => {
                let found = self.reckonings.found.get(&key);
                let gone = found.is_none_or(|found| !found.contains(&id));
                run.last && gone && key == (run.wallet.clone(), run.day)
            }
            (Ending::Matched { order }, _) => decisions.iter().any(|one| {
                matches!(one, Decision::PaymentMatched { payment, order: settled, .. }
                    if settled == order && is_about(id, *payment))
            }),
            (Ending::Dismissed, _) => decisions.iter().any(
                |one| matches!(one, Decision::SuspenseEnded { payment } if is_about(id, *payment)),
            ),
            (Ending::TakenIn { payment }, Fact::LineTaken(taken)) => {
                self.taken_in(taken, *payment, decisions)
            }
            (
                Ending::Person { .. }
                | Ending::LateArrival { .. }
                | Ending::NoLongerFound
                | Ending::TakenIn { .. },
                _,
            ) => false,
        };
        self.expect(explained, Invariant::BreakOpenOrOver, "nothing ends this break");
    }

    /// A line becomes the one payment that has its break's amount and wallet.
    fn taken_in(&self, taken: &LineTaken, payment: PaymentId, decisions: &[Decision]) -> bool {
        let Some(one) = self.reckonings.differences.get(&taken.id) else { return false };
        let own = payment.bits() == taken.id.bits();
        own && decisions.iter().any(|decision| {
            matches!(decision, Decision::PaymentObserved { payment: seen, wallets, amount, .. }
                if *seen == payment
                    && wallets.as_slice() == core::slice::from_ref(&one.wallet)
                    && amount.minor() == one.minor)
        })
    }

    fn two_persons(
        &mut self,
        worked: &BreakWorked,
        kind: ResolutionKind,
        minor: i64,
        proposed: Option<(String, ResolutionKind)>,
    ) {
        let small = kind != ResolutionKind::WrittenOff || minor <= ALONE;
        let alone = kind != ResolutionKind::Forced && small;
        let holds = match &worked.step {
            BreakStep::Resolve(resolution) => alone && resolution.kind == kind,
            BreakStep::Approve => {
                proposed.is_some_and(|(by, what)| by != worked.by && what == kind)
            }
            BreakStep::Assign { .. }
            | BreakStep::Comment { .. }
            | BreakStep::Wait { .. }
            | BreakStep::Propose(_)
            | BreakStep::Refuse { .. }
            | BreakStep::Reopen { .. } => false,
        };
        self.expect(holds, Invariant::TwoPersons, "a break ended by one person");
    }

    fn whole(&mut self, fact: &Fact, wallet: &WalletId, day: Day) {
        let Fact::DayReconciled(run) = fact else {
            self.report(Invariant::KnownOnly, format!("no run over day {day}"));
            return;
        };
        let own = run.last && run.wallet == *wallet && run.day == day;
        let key = (wallet.clone(), day);
        let found = self.reckonings.found.remove(&key).unwrap_or_default();
        self.reckonings.whole.insert(key, run.statements.iter().copied().collect());
        let mut rest = self.reckonings.differences.iter().filter(|(id, one)| {
            one.open && one.wallet == *wallet && one.day == day && !found.contains(*id)
        });
        let none = rest.next().is_none();
        self.expect(own && none, Invariant::BreakOpenOrOver, "a whole run leaves what it found");
    }

    fn shut(&mut self, fact: &Fact, day: Day) {
        let Fact::DayCloseRequested(request) = fact else {
            self.report(Invariant::KnownOnly, format!("nobody asked to close day {day}"));
            return;
        };
        let accepted: BTreeSet<BreakId> = request.accepted.iter().copied().collect();
        let open = self.reckonings.differences.iter();
        let open = open.filter(|(_, one)| one.open && one.booked == day).map(|(id, _)| *id);
        let named = open.collect::<BTreeSet<_>>() == accepted;
        let over = request.day == day && request.ends_at <= self.at;
        let reconciled = self.reckonings.is_reconciled(day, &self.wallets);
        let new = self.reckonings.shut.insert(day, Shut { accepted, wanted_open_by: None });
        let clean = named && over && reconciled && new.is_none();
        self.expect(clean, Invariant::ClosedDayClean, "the day was not ready to close");
    }

    fn unshut(&mut self, fact: &Fact, day: Day, opens: bool) {
        let Fact::DayReopenRequested(request) = fact else {
            self.report(Invariant::KnownOnly, format!("nobody asked to reopen day {day}"));
            return;
        };
        let Some(shut) = self.reckonings.shut.get_mut(&day) else {
            self.report(Invariant::KnownOnly, format!("day {day} is open"));
            return;
        };
        let holds = match (&shut.wanted_open_by, opens) {
            (None, false) => true,
            (Some(first), true) => *first != request.by,
            (None, true) | (Some(_), false) => false,
        };
        if opens {
            self.reckonings.shut.remove(&day);
        } else {
            shut.wanted_open_by = Some(request.by.clone());
        }
        self.expect(holds, Invariant::TwoPersons, "a day reopened by one person");
    }

    /// After each group that touches them: what is open in a closed day was accepted by name.
    pub(super) fn closed_days_stay_clean(&mut self, decisions: &[Decision]) {
        let touched = |one: &Decision| {
            matches!(
                one,
                Decision::BreakOpened { .. }
                    | Decision::BreakReclassified { .. }
                    | Decision::BreakReopened { .. }
                    | Decision::DayClosed { .. }
            )
        };
        if !decisions.iter().any(touched) {
            return;
        }
        let clean = self.reckonings.differences.iter().all(|(id, one)| {
            let shut = self.reckonings.shut.get(&one.booked);
            !one.open || shut.is_none_or(|shut| shut.accepted.contains(id))
        });
        self.expect(clean, Invariant::ClosedDayClean, "an open break in a closed day");
    }
}

fn is_about(id: BreakId, payment: PaymentId) -> bool {
    id == BreakId::of_payment(payment)
}
