//! The rulings on what people do with breaks.
//!
//! Invariants: whoever proposes an end does not approve it; what is forced, and a write-off above
//! the limit, has two persons; a comment changes nothing but the history.
//! Deliberately not here: who is who (the shell knows its users and names them).

use alloc::vec;
use alloc::vec::Vec;

use super::life::{BreakRecord, BreakState, BreakStep, Ending, Resolution, ResolutionKind};
use super::refusal::BreakRefusal;
use super::told::BreakWorked;
use crate::decide::Ruling;
use crate::decision::Decision;
use crate::declare::check_text;
use crate::id::BreakId;
use crate::limits::{NOTE_BYTES_MAX, WRITE_OFF_ALONE_MAX};
use crate::rejection::Rejection;
use crate::state::State;

/// A name that two people cannot share by a space at its end.
pub(crate) fn check_operator(by: &str) -> Result<(), Rejection> {
    if by.is_empty() || by.trim() != by {
        return Err(Rejection::BadText("by"));
    }
    check_text("by", by, NOTE_BYTES_MAX)
}

pub(crate) fn check_note(field: &'static str, text: &str) -> Result<(), Rejection> {
    if text.trim().is_empty() {
        return Err(Rejection::BadText(field));
    }
    check_text(field, text, NOTE_BYTES_MAX)
}

pub(crate) fn rule_on_work(state: &State, worked: &BreakWorked) -> Result<Ruling, Rejection> {
    check_operator(&worked.by)?;
    match &worked.step {
        BreakStep::Assign { to } => check_operator(to)?,
        BreakStep::Comment { text } => check_note("text", text)?,
        BreakStep::Propose(Resolution { reason, .. })
        | BreakStep::Resolve(Resolution { reason, .. })
        | BreakStep::Refuse { reason }
        | BreakStep::Reopen { reason } => check_note("reason", reason)?,
        BreakStep::Wait { .. } | BreakStep::Approve => {}
    }
    let refusal = Rejection::Break(BreakRefusal::Unknown);
    let record = state.find_break(worked.id).ok_or(refusal)?;
    rule_on_step(state, record, worked).map(Ruling::Decided).map_err(Rejection::Break)
}

fn rule_on_step(
    state: &State,
    record: &BreakRecord,
    worked: &BreakWorked,
) -> Result<Vec<Decision>, BreakRefusal> {
    let id = worked.id;
    let not_now = BreakRefusal::Is(record.state);
    let moved = |to: BreakState| {
        let workable = record.state.is_workable();
        if workable { Ok(vec![Decision::BreakMoved { id, to }]) } else { Err(not_now.clone()) }
    };
    match &worked.step {
        BreakStep::Comment { .. } => Ok(Vec::new()),
        BreakStep::Assign { .. } => moved(BreakState::Assigned),
        BreakStep::Wait { on } => moved(BreakState::Waiting(*on)),
        BreakStep::Propose(_) => moved(BreakState::Proposed),
        BreakStep::Resolve(_) if !record.state.is_workable() => Err(not_now),
        BreakStep::Resolve(resolution) if needs_two(record, resolution) => {
            Err(BreakRefusal::SecondPersonNeeded)
        }
        BreakStep::Resolve(resolution) => Ok(vec![ended(id, resolution)]),
        BreakStep::Approve => match &record.proposal {
            None => Err(not_now),
            Some(proposal) if proposal.by == worked.by => Err(BreakRefusal::SamePerson),
            Some(proposal) => Ok(vec![ended(id, &proposal.resolution)]),
        },
        BreakStep::Refuse { .. } => match &record.proposal {
            None => Err(not_now),
            Some(proposal) => Ok(vec![Decision::BreakMoved { id, to: proposal.from }]),
        },
        BreakStep::Reopen { .. } if record.is_open() => Err(not_now),
        // Its money is a payment now; open again, it would stand in the books twice.
        BreakStep::Reopen { .. } if record.taken.is_some() => Err(BreakRefusal::Taken),
        BreakStep::Reopen { .. } => {
            Ok(vec![Decision::BreakReopened { id, booked: state.booked_day(record.day) }])
        }
    }
}

fn ended(id: BreakId, resolution: &Resolution) -> Decision {
    let ending = Ending::Person { kind: resolution.kind, root: resolution.root };
    Decision::BreakResolved { id, ending }
}

fn needs_two(record: &BreakRecord, resolution: &Resolution) -> bool {
    match resolution.kind {
        ResolutionKind::Forced => true,
        ResolutionKind::WrittenOff => record.found.amount.minor() > WRITE_OFF_ALONE_MAX,
        ResolutionKind::Matched
        | ResolutionKind::Split
        | ResolutionKind::Refunded
        | ResolutionKind::Claimed
        | ResolutionKind::Adjusted
        | ResolutionKind::Duplicate
        | ResolutionKind::NotABreak => false,
    }
}
