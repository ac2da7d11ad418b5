//! The second of two walks over the log: the entries of a selection in the order of their days, and
//! within a day in the order of the log.
//!
//! Invariants: each entry of the selection comes once; what counts on an earlier day than it was
//! posted on comes behind that day's own entries, because its position is behind theirs.
//! Deliberately not here: how entries are written (`export`).

use chrono::NaiveDate;
use duizhang_core::event::Chapter;
use duizhang_core::ledger::{Entry, Poster};
use duizhang_core::position::Position;

use super::dating::{Dating, Placed};
use super::days::Days;
use super::survey::{Elsewhere, Plan, Side};

/// An entry with its business day.
#[derive(Clone, Copy, Debug)]
pub struct Dated<'a> {
    /// The day that it counts on.
    pub day: NaiveDate,
    /// The day that it would count on if no day were closed.
    pub natural: NaiveDate,
    /// The entry.
    pub entry: &'a Entry,
}

impl Dated<'_> {
    /// The closed day that it was kept out of, or the open one before a closed one.
    #[must_use]
    pub fn moved_from(&self) -> Option<NaiveDate> {
        (self.natural != self.day).then_some(self.natural)
    }
}

/// The second walk.
#[derive(Clone, Debug)]
pub struct Journal {
    poster: Poster,
    dating: Dating,
    log_days: Days,
    plan: Plan,
}

impl Journal {
    /// Before the first chapter of the log that the plan was made of.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let (dating, log_days) = (Dating::new(plan.zone), Days::new(plan.zone));
        Self { poster: Poster::new(), dating, log_days, plan: plan.clone() }
    }

    /// What it holds.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes in the next chapter, and hands on what is now in order.
    ///
    /// # Errors
    /// What the visitor returns; then the walk is over.
    pub fn fold<E>(
        &mut self,
        chapter: &Chapter,
        visit: &mut dyn FnMut(&Plan, Dated<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.dating.take_in(chapter);
        let entries = self.poster.post(chapter);
        if entries.is_empty() {
            return Ok(());
        }
        let log_day = self.log_days.of(chapter.at);
        self.hand_on_before((log_day, chapter.position), visit)?;
        for entry in &entries {
            let Placed { day, natural } = self.dating.place(entry);
            let inside = self.plan.selection.side(entry, day) == Side::Inside;
            if inside && day == log_day {
                visit(&self.plan, Dated { day, natural, entry })?;
            }
        }
        Ok(())
    }

    /// The log has no more.
    ///
    /// # Errors
    /// What the visitor returns.
    pub fn finish<E>(
        &mut self,
        visit: &mut dyn FnMut(&Plan, Dated<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.hand_on_before((NaiveDate::MAX, Position::new(u64::MAX)), visit)
    }

    /// Hands on what was posted on another day than it counts on: all of days before this one, and
    /// of this one what was posted before this position.
    fn hand_on_before<E>(
        &mut self,
        (end, position): (NaiveDate, Position),
        visit: &mut dyn FnMut(&Plan, Dated<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(mut first) = self.plan.elsewhere.first_entry() {
            let day = *first.key();
            if day > end {
                break;
            }
            let there = first.get_mut();
            if there.front().is_some_and(|one| day < end || one.entry.position() < position) {
                let Elsewhere { natural, entry } = there.pop_front().expect("it has a front");
                visit(&self.plan, Dated { day, natural, entry: &entry })?;
            } else if there.is_empty() {
                first.remove();
            } else {
                break;
            }
        }
        Ok(())
    }
}
