//! Carrying out what operators do with breaks, days and the books, and showing it to them.
//!
//! Invariants: a look reads the views and nothing else; whoever recorded something sees it as it is
//! after that; a page is cut in an order in which each thing lies at a place of its own.
//! Deliberately not here: who may do it (`execute`, or whoever holds the book in his hands).

use std::collections::BTreeMap;

use duizhang_core::breaks::BreakRefusal;
use duizhang_core::closing::Day;
use duizhang_core::fact::Fact;
use duizhang_core::ledger::BooksRefusal;
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::{Answer, Request};
use duizhang_projections::breaks::BreakView;
use duizhang_projections::calendar::Zone;
use duizhang_projections::views::Views;

use super::execute::{is_repeat, refused};
use crate::book::{Book, SubmitError};
use crate::clock::Clock;
use crate::dialects::{
    Action, BreakPlace, BreakQuery, Deed, Look, PAGE_FINANCE_MAX, Reply, Seen, SeenBreak, SeenDay,
    read_call, word_without_desk,
};

/// An operator who has the book in his hands, and so needs neither a socket nor a token: what he
/// asks for in the words of the native API is carried out and answered in the same words.
#[derive(Clone, Copy)]
pub struct InHand<'a> {
    /// The book.
    pub book: &'a Book,
    /// Time and chance.
    pub clock: &'a dyn Clock,
    /// The zone of business days and printed times.
    pub zone: Zone,
}

impl InHand<'_> {
    /// Carries out a request about breaks, days, movements or adjustments in somebody's name.
    pub async fn ask(self, by: &str, request: &Request) -> Answer {
        let call = match read_call(by, request, self.zone) {
            Ok(call) => call,
            Err(answer) => return answer,
        };
        let reply = match &call.action {
            Action::Record(deed) => record(self.book, self.clock, by, deed).await,
            Action::Look(wanted) => look(&self.book.views(), wanted),
            _ => Reply::NotFound,
        };
        word_without_desk(&call, &reply, self.zone)
    }
}

/// Records a deed.
pub(super) async fn record(book: &Book, clock: &dyn Clock, by: &str, deed: &Deed) -> Reply {
    let fact = deed.fact(by, clock.draw());
    match book.submit(fact.clone()).await {
        Ok(settled) => match after(&book.views(), &fact) {
            Some(seen) => Reply::Seen { seen: Box::new(seen), repeated: is_repeat(&settled) },
            None => Reply::NotFound,
        },
        Err(SubmitError::Rejected(rejection)) if names_nothing(deed, &rejection) => Reply::NotFound,
        Err(error) => refused(error),
    }
}

/// Whether what the path names is not there; what only the body names is a mistake of the body.
fn names_nothing(deed: &Deed, rejection: &Rejection) -> bool {
    match deed {
        Deed::Work { .. } | Deed::Take { .. } => {
            *rejection == Rejection::Break(BreakRefusal::Unknown)
        }
        Deed::Judge { .. } => *rejection == Rejection::Books(BooksRefusal::UnknownAdjustment),
        Deed::CloseDay { .. }
        | Deed::ReopenDay { .. }
        | Deed::Move { .. }
        | Deed::Propose { .. } => false,
    }
}

/// What a fact was about, as it is now.
fn after(views: &Views, fact: &Fact) -> Option<Seen> {
    match fact {
        Fact::BreakWorked(worked) => {
            let view = views.breaks.get(worked.id)?;
            Some(Seen::Break(seen_break(views, view)))
        }
        Fact::LineTaken(taken) => {
            let view = views.breaks.get(taken.id)?;
            Some(Seen::Break(seen_break(views, view)))
        }
        Fact::DayCloseRequested(request) => Some(Seen::Day(seen_day(views, request.day))),
        Fact::DayReopenRequested(request) => Some(Seen::Day(seen_day(views, request.day))),
        Fact::MovementRecorded(recorded) => {
            views.recorded.movement(recorded.id).cloned().map(Seen::Movement)
        }
        Fact::AdjustmentProposed(proposed) => {
            views.recorded.adjustment(proposed.id).cloned().map(Seen::Adjustment)
        }
        Fact::AdjustmentJudged(judged) => {
            views.recorded.adjustment(judged.id).cloned().map(Seen::Adjustment)
        }
        _ => None,
    }
}

/// Looks into the views.
pub(super) fn look(views: &Views, look: &Look) -> Reply {
    let seen = match look {
        Look::Breaks { query, after, limit } => Some(breaks(views, query, *after, *limit)),
        Look::Break(id) => views.breaks.get(*id).map(|view| Seen::Break(seen_break(views, view))),
        Look::Days { before, limit } => Some(days(views, *before, *limit)),
        Look::Day(day) => Some(Seen::Day(seen_day(views, *day))),
        Look::UnderWay { after, limit } => {
            let all = views.recorded.under_way().map(|view| (view.position, view));
            let (page, next) = page(all.collect(), *after, *limit);
            Some(Seen::Movements(page.into_iter().cloned().collect(), next))
        }
        Look::Waiting { after, limit } => {
            let all = views.recorded.waiting().map(|view| (view.position, view));
            let (page, next) = page(all.collect(), *after, *limit);
            Some(Seen::Adjustments(page.into_iter().cloned().collect(), next))
        }
    };
    seen.map_or(Reply::NotFound, |seen| Reply::Seen { seen: Box::new(seen), repeated: false })
}

/// What lies behind a place, in order, up to a limit; and the last place where more is left.
fn page<K: Copy + Ord, T>(
    mut all: Vec<(K, T)>,
    after: Option<K>,
    limit: usize,
) -> (Vec<T>, Option<K>) {
    let limit = limit.clamp(1, PAGE_FINANCE_MAX);
    all.retain(|(place, _)| after.is_none_or(|after| *place > after));
    let mut next = None;
    if all.len() > limit {
        // The whole list need not be in order, only what is on the page.
        let (_, last, _) = all.select_nth_unstable_by_key(limit - 1, |(place, _)| *place);
        next = Some(last.0);
        all.truncate(limit);
    }
    all.sort_unstable_by_key(|(place, _)| *place);
    (all.into_iter().map(|(_, one)| one).collect(), next)
}

fn breaks(views: &Views, query: &BreakQuery, after: Option<BreakPlace>, limit: usize) -> Seen {
    let fit = views.breaks.iter().filter(|view| query.fits(view));
    let (page, next) = page(fit.map(|view| (place(view), view)).collect(), after, limit);
    Seen::Breaks(page.into_iter().map(|view| seen_break(views, view)).collect(), next)
}

/// Where a break was opened; it never moves on the pages.
fn place(view: &BreakView) -> BreakPlace {
    let opened = view.history.first().map_or(Position::START, |entry| entry.position);
    (opened, view.id)
}

/// Ages are told in log time, so that a book that rests does not change.
fn seen_break(views: &Views, view: &BreakView) -> SeenBreak {
    SeenBreak { view: view.clone(), age: view.age(views.now) }
}

fn days(views: &Views, before: Option<Day>, limit: usize) -> Seen {
    let limit = limit.clamp(1, PAGE_FINANCE_MAX);
    let all = views.breaks.days();
    let mut earlier = all.iter().rev().filter(|day| before.is_none_or(|before| **day < before));
    let page: Vec<Day> = earlier.by_ref().take(limit).copied().collect();
    let next = earlier.next().and(page.last().copied());
    // One walk over the breaks, and not one for each day.
    let mut counts: BTreeMap<Day, Counts> = BTreeMap::new();
    for view in views.breaks.iter() {
        counts.entry(view.booked).or_default().add(view);
    }
    let seen = page.into_iter().map(|day| day_with(views, day, counts.get(&day)));
    Seen::Days(seen.collect(), next)
}

/// How many breaks are booked in a day.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    all: usize,
    open: usize,
}

impl Counts {
    fn add(&mut self, view: &BreakView) {
        self.all += 1;
        self.open += usize::from(view.is_open());
    }
}

fn seen_day(views: &Views, day: Day) -> SeenDay {
    let mut counts = Counts::default();
    views.breaks.of_day(day).for_each(|view| counts.add(view));
    day_with(views, day, Some(&counts))
}

fn day_with(views: &Views, day: Day, counts: Option<&Counts>) -> SeenDay {
    let (runs, statements) = (views.breaks.runs_of(day), views.breaks.statements_of(day));
    let counts = counts.copied().unwrap_or_default();
    SeenDay {
        day,
        closed: views.breaks.is_closed(day),
        breaks: counts.all,
        open_breaks: counts.open,
        statements: statements.map(|(kept, reconciled)| (kept.clone(), reconciled)).collect(),
        runs: runs.map(|(wallet, run)| (wallet.clone(), run.clone())).collect(),
        history: views.breaks.day_history(day).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_pages_together_are_everything_once(
            places in prop::collection::btree_set(0_u32..1_000, 0..60),
            limit in 0_usize..20,
        ) {
            let all = || places.iter().rev().map(|place| (*place, *place)).collect::<Vec<_>>();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let (more, next) = page(all(), after, limit);
                prop_assert!(more.len() <= limit.max(1));
                seen.extend(more);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(seen, places.into_iter().collect::<Vec<_>>());
        }
    }
}
