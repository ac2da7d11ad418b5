//! Playing chapters into state and views, one after the other.
//!
//! Invariants: a log whose events contradict each other ends the play with the position where they
//! do; it never ends the program. The folds assert what no writer of ours can have written, and
//! whoever checks a damaged log must hear of it as a finding.
//! Deliberately not here: comparing (`rederive`), reporting.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use duizhang_core::decide::{Ruling, decide};
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_core::state::State;
use duizhang_eventlog::EventLog;
use duizhang_eventlog::history::{self, HistoryError};
use duizhang_projections::calendar::Zone;

use crate::error::ReplayError;

/// The zone of business days where a log does not say: it has no event yet.
pub(crate) const ZONE_DEFAULT: &str = "Asia/Shanghai";

/// Chapters between two reports of progress: at some microseconds a chapter, about 100 a second.
const PROGRESS_CHAPTERS: u64 = 4_096;

/// Told how far a play has come: the position reached, and the last one.
pub type Progress<'a> = dyn FnMut(Position, Position) + 'a;

/// The zone whose calendar days are the book's business days.
///
/// # Errors
/// [`ReplayError::Zone`], or why the first event cannot be read.
pub fn book_zone(log: &dyn EventLog) -> Result<Zone, ReplayError> {
    match history::fact_at(log, Position::START.next()) {
        Ok((_, Fact::BookOpened(opened))) => Ok(Zone::new(&opened.time_zone)?),
        Ok(_) | Err(HistoryError::NoEvent { .. }) => Ok(Zone::new(ZONE_DEFAULT)?),
        Err(error) => Err(error.into()),
    }
}

/// Visits every chapter up to a position, telling the progress on the way.
pub(crate) fn play(
    log: &dyn EventLog,
    to: Position,
    progress: &mut Progress<'_>,
    visit: &mut dyn FnMut(&Chapter) -> ControlFlow<()>,
) -> Result<(), HistoryError> {
    let end = to.min(log.head().position);
    let mut count = 0_u64;
    history::chapters(log, Position::START.next(), end, &mut |chapter| {
        count += 1;
        if count.is_multiple_of(PROGRESS_CHAPTERS) {
            progress(chapter.position, end);
        }
        visit(&chapter)
    })?;
    progress(end, end);
    Ok(())
}

/// Why a chapter cannot follow what came before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    pub(crate) position: Position,
    pub(crate) why: String,
}

impl From<Contradiction> for ReplayError {
    fn from(Contradiction { position, why }: Contradiction) -> Self {
        Self::Contradiction { position, why }
    }
}

/// Does something with a chapter that asserts what no writer of ours can have written.
pub(crate) fn guarded<T>(chapter: &Chapter, work: impl FnOnce() -> T) -> Result<T, Contradiction> {
    // What a panic leaves half done is never looked at again: every caller ends with the error.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Contradiction {
        position: chapter.position,
        why: panic_text(panic.as_ref()),
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the events contradict each other".to_owned())
}

/// Rules on the chapter's fact and folds what the log says was decided on it.
pub(crate) fn rule_and_fold(
    state: &mut State,
    chapter: &Chapter,
) -> Result<Result<Ruling, Rejection>, Contradiction> {
    guarded(chapter, || {
        let ruling = decide(state, chapter.at, &chapter.fact);
        state.evolve(chapter.position, chapter.at, &chapter.fact, &chapter.decisions);
        ruling
    })
}
