//! Breaks as readers see them, with everything that anybody did to each; and the days that were
//! reconciled, closed and opened again, with the statements that tell of them.
//!
//! Invariants: a history names who did it, or the run that brought it, and never shrinks; a break
//! that is booked in another day than its own bears the mark P01 beside its code.
//! Deliberately not here: what a break may do next (`duizhang_core::breaks`).

use std::collections::{BTreeMap, BTreeSet};

use duizhang_core::breaks::{
    AgeBucket, BreakCode, BreakState, BreakStep, BreakWorked, Ending, FoundBreak, Resolution,
    RunTotals, StatementKept,
};
use duizhang_core::closing::Day;
use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, WalletId};
use duizhang_core::merkle::Hash;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::projection::Projection;

/// What happened to a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A run found it.
    Opened,
    /// A run found it otherwise.
    Reclassified(FoundBreak),
    /// It was over, and is open again, booked in this day.
    Reopened(Day),
    /// A person did this.
    Step(BreakStep),
    /// A person took its line for a payment.
    Taken {
        /// When the channel says that the money came.
        paid_at: Timestamp,
        /// The shop's order number that the line shows.
        number: Option<String>,
        /// Why.
        reason: String,
    },
    /// It is over.
    Ended(Ending),
    /// It was accepted by name when its day was closed.
    Accepted(Day),
}

/// What happened to a break, when, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the fact lies in the log.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// Who: the person, or whoever asked for the run.
    pub by: String,
    /// What.
    pub deed: Deed,
}

/// A break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakView {
    /// Its id.
    pub id: BreakId,
    /// On whose statement.
    pub wallet: WalletId,
    /// The day that it is about.
    pub day: Day,
    /// The day that it is booked in.
    pub booked: Day,
    /// What was found at last.
    pub found: FoundBreak,
    /// Where it stands.
    pub state: BreakState,
    /// Who has it.
    pub owner: Option<String>,
    /// Who proposed which end, while a second person has to approve it.
    pub proposal: Option<(String, Resolution)>,
    /// How it ended, while it is over.
    pub ending: Option<Ending>,
    /// When it was opened first.
    pub opened_at: Timestamp,
    /// Everything that happened to it, oldest first.
    pub history: Vec<Entry>,
}

impl BreakView {
    /// How old it is, or was when it ended.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> AgeBucket {
        let ended = self.history.iter().rev().find_map(|entry| match entry.deed {
            Deed::Ended(_) => Some(entry.at),
            _ => None,
        });
        let end = ended.filter(|_| !self.is_open()).unwrap_or(now);
        AgeBucket::of(end.since(self.opened_at))
    }

    /// Whether it still asks for something.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != BreakState::Resolved
    }

    /// Its code, and P01 where its own day was closed when it came.
    #[must_use]
    pub fn codes(&self) -> Vec<BreakCode> {
        let late = (self.booked != self.day).then_some(BreakCode::ClosedPeriod);
        std::iter::once(self.found.code).chain(late).collect()
    }

    fn tell(&mut self, chapter: &Chapter, deed: Deed) {
        let (position, at) = (chapter.position, chapter.at);
        self.history.push(Entry { position, at, by: by_of(&chapter.fact).to_owned(), deed });
    }
}

/// What happened to a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DayDeed {
    /// It was closed, with these breaks accepted.
    Closed(Vec<BreakId>),
    /// One person wanted it open again.
    ReopenProposed,
    /// Another one did, too.
    Reopened,
}

/// What happened to a day, when, by whom and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayEntry {
    /// Where the fact lies in the log.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What.
    pub deed: DayDeed,
}

/// The latest whole run over a wallet's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// Where its last part lies in the log.
    pub position: Position,
    /// When that came.
    pub at: Timestamp,
    /// The fingerprint of what went in.
    pub inputs: Digest,
    /// The files that it looked at.
    pub statements: Vec<Hash>,
    /// What it counted.
    pub totals: RunTotals,
}

/// All breaks and days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaks {
    breaks: BTreeMap<BreakId, BreakView>,
    days: BTreeMap<Day, Vec<DayEntry>>,
    runs: BTreeMap<(Day, WalletId), RunView>,
    statements: BTreeMap<Hash, StatementKept>,
}

impl Projection for Breaks {
    fn fold(&mut self, chapter: &Chapter) {
        if let Fact::BreakWorked(worked) = &chapter.fact {
            self.work(chapter, worked);
        } else if let Fact::LineTaken(taken) = &chapter.fact {
            let (paid_at, number) = (taken.paid_at, taken.number.clone());
            let deed = Deed::Taken { paid_at, number, reason: taken.reason.clone() };
            self.change(taken.id, |view| view.tell(chapter, deed));
        } else if let Fact::StatementKept(kept) = &chapter.fact {
            self.statements.insert(kept.statement, kept.clone());
        }
        for decision in &chapter.decisions {
            self.decide(chapter, decision);
        }
    }
}

/// Who is behind a chapter.
fn by_of(fact: &Fact) -> &str {
    match fact {
        Fact::DayReconciled(run) => &run.by,
        Fact::BreakWorked(worked) => &worked.by,
        Fact::LineTaken(taken) => &taken.by,
        Fact::DayCloseRequested(request) => &request.by,
        Fact::DayReopenRequested(request) => &request.by,
        Fact::PaymentAssigned(assigned) => &assigned.by,
        Fact::PaymentDismissed(dismissed) => &dismissed.by,
        // Evidence that names its order settles a payment without anybody's word.
        _ => "",
    }
}

impl Breaks {
    fn work(&mut self, chapter: &Chapter, worked: &BreakWorked) {
        let Some(view) = self.breaks.get_mut(&worked.id) else { return };
        match &worked.step {
            BreakStep::Assign { to } => view.owner = Some(to.clone()),
            BreakStep::Propose(resolution) => {
                view.proposal = Some((worked.by.clone(), resolution.clone()));
            }
            BreakStep::Comment { .. }
            | BreakStep::Refuse { .. }
            | BreakStep::Wait { .. }
            | BreakStep::Approve
            | BreakStep::Resolve(_)
            | BreakStep::Reopen { .. } => {}
        }
        view.tell(chapter, Deed::Step(worked.step.clone()));
    }

    fn decide(&mut self, chapter: &Chapter, decision: &Decision) {
        match decision {
            Decision::BreakOpened { id, wallet, day, booked, found } => {
                let mut view = BreakView {
                    id: *id,
                    wallet: wallet.clone(),
                    day: *day,
                    booked: *booked,
                    found: found.clone(),
                    state: BreakState::Open,
                    owner: None,
                    proposal: None,
                    ending: None,
                    opened_at: chapter.at,
                    history: Vec::new(),
                };
                view.tell(chapter, Deed::Opened);
                self.breaks.insert(*id, view);
            }
            Decision::BreakReclassified { id, booked, found } => {
                self.change(*id, |view| {
                    (view.booked, view.found) = (*booked, found.clone());
                    view.tell(chapter, Deed::Reclassified(found.clone()));
                });
            }
            Decision::BreakReopened { id, booked } => self.change(*id, |view| {
                (view.booked, view.state, view.ending) = (*booked, BreakState::Reopened, None);
                view.tell(chapter, Deed::Reopened(*booked));
            }),
            Decision::BreakMoved { id, to } => self.change(*id, |view| {
                view.state = *to;
                if *to != BreakState::Proposed {
                    view.proposal = None;
                }
            }),
            Decision::BreakResolved { id, ending } => self.change(*id, |view| {
                (view.state, view.proposal) = (BreakState::Resolved, None);
                view.ending = Some(ending.clone());
                view.tell(chapter, Deed::Ended(ending.clone()));
            }),
            Decision::DayReckoned { wallet, day } => self.reckon(chapter, wallet, *day),
            Decision::DayClosed { day } => self.close(chapter, *day),
            Decision::DayReopenProposed { day } => {
                self.tell_day(chapter, *day, DayDeed::ReopenProposed);
            }
            Decision::DayReopened { day } => self.tell_day(chapter, *day, DayDeed::Reopened),
            _ => {}
        }
    }

    fn change(&mut self, id: BreakId, change: impl FnOnce(&mut BreakView)) {
        if let Some(view) = self.breaks.get_mut(&id) {
            change(view);
        }
    }

    fn reckon(&mut self, chapter: &Chapter, wallet: &WalletId, day: Day) {
        let Fact::DayReconciled(run) = &chapter.fact else { return };
        let view = RunView {
            position: chapter.position,
            at: chapter.at,
            inputs: run.inputs,
            statements: run.statements.clone(),
            totals: run.totals,
        };
        self.runs.insert((day, wallet.clone()), view);
    }

    fn close(&mut self, chapter: &Chapter, day: Day) {
        let Fact::DayCloseRequested(request) = &chapter.fact else { return };
        for id in &request.accepted {
            self.change(*id, |view| view.tell(chapter, Deed::Accepted(day)));
        }
        self.tell_day(chapter, day, DayDeed::Closed(request.accepted.clone()));
    }

    fn tell_day(&mut self, chapter: &Chapter, day: Day, deed: DayDeed) {
        let (by, reason) = match &chapter.fact {
            Fact::DayCloseRequested(request) => (&request.by, &request.reason),
            Fact::DayReopenRequested(request) => (&request.by, &request.reason),
            _ => return,
        };
        let (position, at) = (chapter.position, chapter.at);
        let (by, reason) = (by.clone(), reason.clone());
        self.days.entry(day).or_default().push(DayEntry { position, at, by, reason, deed });
    }

    /// A break by id.
    #[must_use]
    pub fn get(&self, id: BreakId) -> Option<&BreakView> {
        self.breaks.get(&id)
    }

    /// All breaks, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &BreakView> {
        self.breaks.values()
    }

    /// The breaks that are booked in a day.
    pub fn of_day(&self, day: Day) -> impl Iterator<Item = &BreakView> {
        self.iter().filter(move |view| view.booked == day)
    }

    /// The breaks in a state, whatever they wait for.
    pub fn in_state(&self, state: BreakState) -> impl Iterator<Item = &BreakView> {
        self.iter().filter(move |view| view.state.word() == state.word())
    }

    /// The open breaks that somebody has.
    pub fn of_owner(&self, name: &str) -> impl Iterator<Item = &BreakView> {
        self.iter().filter(move |view| view.is_open() && view.owner.as_deref() == Some(name))
    }

    /// Whether no break may be dated into the day.
    #[must_use]
    pub fn is_closed(&self, day: Day) -> bool {
        let last = self.day_history(day).last();
        last.is_some_and(|entry| !matches!(entry.deed, DayDeed::Reopened))
    }

    /// Everything that happened to a day, oldest first.
    #[must_use]
    pub fn day_history(&self, day: Day) -> &[DayEntry] {
        self.days.get(&day).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every day that was reconciled or closed, or that a break is booked in, oldest first.
    #[must_use]
    pub fn days(&self) -> BTreeSet<Day> {
        let booked = self.iter().map(|view| view.booked);
        let reckoned = self.runs.keys().map(|(day, _)| *day);
        self.days.keys().copied().chain(reckoned).chain(booked).collect()
    }

    /// The latest whole run over each wallet's day, in the order of the wallets.
    pub fn runs_of(&self, day: Day) -> impl Iterator<Item = (&WalletId, &RunView)> {
        let runs = self.runs.iter().filter(move |((other, _), _)| *other == day);
        runs.map(|((_, wallet), run)| (wallet, run))
    }

    /// The statements that tell of a day, in the order of their hashes, and whether the latest
    /// whole run over their wallet's day looked at each: a day does not close before that.
    pub fn statements_of(&self, day: Day) -> impl Iterator<Item = (&StatementKept, bool)> {
        let of_day = self.statements.values();
        let of_day = of_day.filter(move |kept| (kept.first..=kept.last).contains(&day));
        of_day.map(move |kept| {
            let run = self.run(&kept.wallet, day);
            (kept, run.is_some_and(|run| run.statements.contains(&kept.statement)))
        })
    }

    /// The latest whole run over a wallet's day.
    #[must_use]
    pub fn run(&self, wallet: &WalletId, day: Day) -> Option<&RunView> {
        self.runs.get(&(day, wallet.clone()))
    }
}
