//! Statements, runs, breaks and closed days in the state.
//!
//! Invariants: a break is in the two sets of open ones exactly while it is open; memory grows with
//! files, wallets' days and breaks, which are rare beside payments.
//! Deliberately not here: rules ([`crate::breaks`], [`crate::closing`]).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::State;
use crate::breaks::{
    BreakRecord, BreakState, BreakStep, BreakWorked, DayReconciled, Ending, FoundBreak, Proposal,
    StatementKept, taken_content,
};
use crate::closing::{ClosedDay, Day};
use crate::decision::Decision;
use crate::digest::Digest;
use crate::fact::Fact;
use crate::id::{BreakId, WalletId};
use crate::merkle::Hash;
use crate::reconciliation::BookTerms;
use crate::time::Timestamp;

/// A run that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneRun {
    /// What went in.
    pub inputs: Digest,
    /// The files that it looked at.
    pub statements: Vec<Hash>,
}

/// A run of which parts are still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoingRun {
    /// What went in.
    pub inputs: Digest,
    /// The files that it looks at.
    pub statements: Vec<Hash>,
    /// The part that comes next.
    pub next: u32,
    /// What it found so far.
    pub seen: BTreeSet<BreakId>,
}

/// The runs over one day of a wallet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reckoning {
    /// The latest whole run.
    pub done: Option<DoneRun>,
    /// The one that is coming in.
    pub going: Option<GoingRun>,
}

/// Everything that decisions on reconciliation need.
#[derive(Clone, Debug, Default)]
pub(super) struct Reckonings {
    statements: BTreeMap<Hash, StatementKept>,
    runs: BTreeMap<(Day, WalletId), Reckoning>,
    breaks: BTreeMap<BreakId, BreakRecord>,
    /// Open breaks by what they are about.
    open: BTreeSet<(Day, WalletId, BreakId)>,
    /// Open breaks by where they are booked.
    booked: BTreeSet<(Day, BreakId)>,
    closed: BTreeMap<Day, ClosedDay>,
    terms: BookTerms,
}

const FIRST: BreakId = BreakId::from_bits(0);
const LAST: BreakId = BreakId::from_bits(u128::MAX);

impl State {
    /// The terms of reconciliation in force.
    #[must_use]
    pub fn book_terms(&self) -> &BookTerms {
        &self.reckonings.terms
    }

    pub(super) fn set_terms(&mut self, terms: BookTerms) {
        self.reckonings.terms = terms;
    }

    /// A statement by the hash of its bytes.
    #[must_use]
    pub fn statement(&self, hash: Hash) -> Option<&StatementKept> {
        self.reckonings.statements.get(&hash)
    }

    /// The runs over a wallet's day.
    #[must_use]
    pub fn reckoning(&self, wallet: &WalletId, day: Day) -> Option<&Reckoning> {
        self.reckonings.runs.get(&(day, wallet.clone()))
    }

    /// A break by id.
    #[must_use]
    pub fn find_break(&self, id: BreakId) -> Option<&BreakRecord> {
        self.reckonings.breaks.get(&id)
    }

    /// All breaks, in the order of their ids.
    pub fn breaks(&self) -> impl Iterator<Item = (BreakId, &BreakRecord)> {
        self.reckonings.breaks.iter().map(|(id, record)| (*id, record))
    }

    pub(crate) fn has_open_breaks(&self) -> bool {
        !self.reckonings.booked.is_empty()
    }

    /// The open breaks about a wallet's day, wherever they are booked.
    pub fn open_breaks_of(&self, wallet: &WalletId, day: Day) -> impl Iterator<Item = BreakId> {
        let ends = (day, wallet.clone(), FIRST)..=(day, wallet.clone(), LAST);
        self.reckonings.open.range(ends).map(|(_, _, id)| *id)
    }

    /// The open breaks that are booked in a day, of whichever wallet.
    pub fn open_breaks_booked(&self, day: Day) -> impl Iterator<Item = BreakId> {
        self.reckonings.booked.range((day, FIRST)..=(day, LAST)).map(|(_, id)| *id)
    }

    /// What is remembered of a closed day; none while it is open.
    #[must_use]
    pub fn closed_day(&self, day: Day) -> Option<&ClosedDay> {
        self.reckonings.closed.get(&day)
    }

    /// The closed days from this one on.
    pub fn closed_days_from(&self, day: Day) -> impl Iterator<Item = Day> {
        self.reckonings.closed.range(day..).map(|(day, _)| *day)
    }

    /// A wallet with a statement of the day that the latest whole run did not look at, or with a
    /// run that is not whole.
    #[must_use]
    pub fn unreconciled(&self, day: Day) -> Option<WalletId> {
        let books = &self.reckonings;
        let looked_at = |kept: &StatementKept| {
            let run = self.reckoning(&kept.wallet, day);
            let done = run.and_then(|run| run.done.as_ref());
            done.is_some_and(|done| done.statements.contains(&kept.statement))
        };
        let of_day = |kept: &&StatementKept| (kept.first..=kept.last).contains(&day);
        let open = books.statements.values().filter(of_day).find(|kept| !looked_at(kept));
        let mut runs =
            books.runs.iter().filter(|((other, _), run)| *other == day && run.going.is_some());
        let going = runs.next().map(|((_, wallet), _)| wallet.clone());
        open.map(|kept| kept.wallet.clone()).or(going)
    }

    /// What is told again wherever two sets must agree, for [`crate::invariant::check`].
    pub(crate) fn open_sets_agree(&self) -> bool {
        let books = &self.reckonings;
        let open = || books.breaks.iter().filter(|(_, record)| record.is_open());
        let about = open().map(|(id, record)| (record.day, record.wallet.clone(), *id));
        let booked = open().map(|(id, record)| (record.booked, *id));
        about.collect::<BTreeSet<_>>() == books.open
            && booked.collect::<BTreeSet<_>>() == books.booked
    }

    pub(super) fn keep_statement(&mut self, kept: &StatementKept) {
        self.reckonings.statements.insert(kept.statement, kept.clone());
    }

    pub(super) fn take_part(&mut self, run: &DayReconciled) {
        self.reckonings.take_part(run);
    }

    /// Folds a decision about breaks or days.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller knows which ones these are")]
    pub(super) fn settle(&mut self, at: Timestamp, fact: &Fact, decision: &Decision) {
        let books = &mut self.reckonings;
        match decision {
            Decision::BreakOpened { id, wallet, day, booked, found } => {
                let record = BreakRecord {
                    wallet: wallet.clone(),
                    day: *day,
                    booked: *booked,
                    found: found.clone(),
                    state: BreakState::Open,
                    opened_at: at,
                    proposal: None,
                    by_person: false,
                    taken: None,
                };
                books.put(*id, record);
            }
            Decision::BreakReclassified { id, booked, found } => {
                let record = books.lift(*id);
                books.put(*id, BreakRecord { booked: *booked, found: found.clone(), ..record });
            }
            Decision::BreakReopened { id, booked } => {
                let record = books.lift(*id);
                let (booked, state) = (*booked, BreakState::Reopened);
                books.put(*id, BreakRecord { booked, state, by_person: false, ..record });
            }
            Decision::BreakMoved { id, to } => {
                let record = books.lift(*id);
                let proposal = proposal_of(fact, *to, record.state);
                books.put(*id, BreakRecord { state: *to, proposal, ..record });
            }
            Decision::BreakResolved { id, ending } => {
                let record = books.lift(*id);
                let by_person = matches!(ending, Ending::Person { .. });
                let taken = match (ending, fact) {
                    (Ending::TakenIn { .. }, Fact::LineTaken(taken)) => Some(taken_content(taken)),
                    _ => record.taken,
                };
                let (state, proposal) = (BreakState::Resolved, None);
                books.put(*id, BreakRecord { state, proposal, by_person, taken, ..record });
            }
            Decision::DayReckoned { wallet, day } => {
                let run = books.runs.entry((*day, wallet.clone())).or_default();
                let going = run.going.take().expect("a run that ends is going on");
                run.done = Some(DoneRun { inputs: going.inputs, statements: going.statements });
            }
            Decision::DayClosed { day } => {
                let Fact::DayCloseRequested(request) = fact else {
                    panic!("a day is closed only on request")
                };
                let accepted = request.accepted.iter().copied().collect();
                books.closed.insert(*day, ClosedDay { accepted, reopen_by: None });
            }
            Decision::DayReopenProposed { day } => {
                let Fact::DayReopenRequested(request) = fact else {
                    panic!("a day is reopened only on request")
                };
                let closed = books.closed.get_mut(day).expect("only a closed day is reopened");
                closed.reopen_by = Some(request.by.clone());
            }
            Decision::DayReopened { day } => {
                books.closed.remove(day);
            }
            _ => {}
        }
    }
}

impl Reckonings {
    fn take_part(&mut self, run: &DayReconciled) {
        let reckoning = self.runs.entry((run.day, run.wallet.clone())).or_default();
        if run.part == 0 {
            let (inputs, statements) = (run.inputs, run.statements.clone());
            let seen = BTreeSet::new();
            reckoning.going = Some(GoingRun { inputs, statements, next: 0, seen });
        }
        let going = reckoning.going.as_mut().expect("a later part follows a first one");
        going.next = going.next.saturating_add(1);
        let id = |found: &FoundBreak| BreakId::about(&run.wallet, run.day, &found.subject);
        going.seen.extend(run.found.iter().map(id));
    }

    fn lift(&mut self, id: BreakId) -> BreakRecord {
        let record = self.breaks.remove(&id).expect("a decision names a known break");
        self.open.remove(&(record.day, record.wallet.clone(), id));
        self.booked.remove(&(record.booked, id));
        record
    }

    fn put(&mut self, id: BreakId, record: BreakRecord) {
        if record.is_open() {
            self.open.insert((record.day, record.wallet.clone(), id));
            self.booked.insert((record.booked, id));
        }
        self.breaks.insert(id, record);
    }
}

/// What waits for a second person after this step.
fn proposal_of(fact: &Fact, to: BreakState, from: BreakState) -> Option<Proposal> {
    let Fact::BreakWorked(BreakWorked { step, by, .. }) = fact else { return None };
    let BreakStep::Propose(resolution) = step else { return None };
    let (by, resolution): (String, _) = (by.clone(), resolution.clone());
    (to == BreakState::Proposed).then_some(Proposal { by, resolution, from })
}
