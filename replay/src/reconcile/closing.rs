//! Where a day was closed: the position whose report is the day's own.
//!
//! Invariant: the position is that of the last event of the closing's chapter, so the report there
//! knows that the day is closed and nothing of what came after.
//! Deliberately not here: what a closed day refuses (the rules).

use std::ops::ControlFlow;

use chrono::NaiveDate;
use duizhang_core::decision::Decision;
use duizhang_core::position::Position;
use duizhang_eventlog::EventLog;
use duizhang_projections::calendar::day_of_date;

use crate::error::ReplayError;
use crate::play::{Progress, play};

/// Where a day was closed, if it still is at a position.
///
/// # Errors
/// [`ReplayError::History`] where an event cannot be read.
pub fn closed_at(
    log: &dyn EventLog,
    date: NaiveDate,
    known_to: Position,
    progress: &mut Progress<'_>,
) -> Result<Option<Position>, ReplayError> {
    let wanted = day_of_date(date);
    let mut closed = None;
    play(log, known_to, progress, &mut |chapter| {
        for decision in &chapter.decisions {
            match decision {
                Decision::DayClosed { day } if *day == wanted => {
                    closed = Some(chapter.last_position());
                }
                Decision::DayReopened { day } if *day == wanted => closed = None,
                _ => {}
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(closed)
}
