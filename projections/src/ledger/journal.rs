//! The second of two walks over the log: the entries of a selection in the order of their days, and
//! within a day in the order of the log.
//!
//! Invariants: each entry of the selection comes once; what is valued on an earlier day comes
//! behind that day's own entries, because its position is behind theirs.
//! Deliberately not here: how entries are written (`export`).

use chrono::NaiveDate;
use duizhang_core::event::Chapter;
use duizhang_core::ledger::{Entry, Poster};

use super::days::Days;
use super::survey::{Plan, Side};

/// An entry with its business day.
#[derive(Clone, Copy, Debug)]
pub struct Dated<'a> {
    /// The day.
    pub day: NaiveDate,
    /// The entry.
    pub entry: &'a Entry,
}

/// The second walk.
#[derive(Clone, Debug)]
pub struct Journal {
    poster: Poster,
    days: Days,
    log_days: Days,
    plan: Plan,
}

impl Journal {
    /// Before the first chapter of the log that the plan was made of.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let days = || Days::new(plan.zone);
        Self { poster: Poster::new(), days: days(), log_days: days(), plan: plan.clone() }
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
        let entries = self.poster.post(chapter);
        if entries.is_empty() {
            return Ok(());
        }
        let log_day = self.log_days.of(chapter.at);
        self.hand_on_before(Some(log_day), visit)?;
        for entry in &entries {
            let day = self.days.of(entry.value_at());
            let inside = self.plan.selection.side(entry, day) == Side::Inside;
            if inside && day >= log_day {
                visit(&self.plan, Dated { day, entry })?;
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
        self.hand_on_before(None, visit)
    }

    /// Hands on what is valued on an earlier day, up to a day or all of it.
    fn hand_on_before<E>(
        &mut self,
        end: Option<NaiveDate>,
        visit: &mut dyn FnMut(&Plan, Dated<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(first) = self.plan.back.first_entry() {
            let day = *first.key();
            if end.is_some_and(|end| day >= end) {
                break;
            }
            let entries = first.remove();
            for entry in &entries {
                visit(&self.plan, Dated { day, entry })?;
            }
        }
        Ok(())
    }
}
