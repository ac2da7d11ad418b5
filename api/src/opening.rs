//! Opening a book: the log is folded into state and views, and what is declared becomes facts.

use std::ops::ControlFlow;
use std::sync::Arc;

use duizhang_core::position::Position;
use duizhang_core::state::State;
use duizhang_eventlog::EventLog;
use duizhang_eventlog::history::{self, HistoryError};
use duizhang_projections::projection::Projection;
use duizhang_projections::views::Views;

/// Folds the whole log. `progress` is told the position reached now and then.
///
/// # Errors
/// Where an event cannot be read.
pub fn fold(
    log: &Arc<dyn EventLog>,
    progress: &mut dyn FnMut(Position),
) -> Result<(State, Views), HistoryError> {
    /// Chapters between two reports of progress.
    const REPORT_EVERY: u64 = 4_096;
    let (mut state, mut views) = (State::new(), Views::default());
    let mut folded: u64 = 0;
    let end = log.head().position;
    history::chapters(&**log, Position::new(1), end, &mut |chapter| {
        state.evolve(chapter.position, chapter.at, &chapter.fact, &chapter.decisions);
        views.fold(&chapter);
        folded = folded.saturating_add(1);
        if folded.is_multiple_of(REPORT_EVERY) {
            progress(chapter.position);
        }
        ControlFlow::Continue(())
    })?;
    progress(end);
    Ok((state, views))
}
