//! The rulings on statements and on runs over a day.
//!
//! Invariants: the same file and the same inputs change nothing a second time; a run that is not
//! whole resolves nothing but what it explains; a break that a person ended stays ended while it is
//! found unchanged; what a run finds late goes into the first open day.
//! Deliberately not here: whether the outcome is right, which the shell computes and `replay` can
//! compute again from the same inputs.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use super::life::{BreakRecord, Ending};
use super::refusal::BreakRefusal;
use super::told::{DayReconciled, Explained, FoundBreak, StatementKept, Subject};
use super::work::check_operator;
use crate::closing::Day;
use crate::decide::{Repeat, Ruling};
use crate::decision::Decision;
use crate::declare::check_text;
use crate::id::BreakId;
use crate::limits::{
    BREAKS_PER_PART_MAX, EXPLAINED_PER_PART_MAX, GONE_PER_PART_MAX, NOTE_BYTES_MAX,
    REFERENCE_BYTES_MAX, RELATED_MAX, RUN_PARTS_MAX, STATEMENTS_PER_RUN_MAX,
};
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::Timestamp;

const fn unfit(field: &'static str) -> Rejection {
    Rejection::Break(BreakRefusal::Unfit(field))
}

const fn fits(holds: bool, field: &'static str) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(unfit(field)) }
}

pub(crate) fn rule_on_statement(
    state: &State,
    at: Timestamp,
    kept: &StatementKept,
) -> Result<Ruling, Rejection> {
    check_operator(&kept.by)?;
    check_text("layout", &kept.layout, NOTE_BYTES_MAX)?;
    state.wallet(&kept.wallet).ok_or(Rejection::UnknownWallet)?;
    fits(kept.first <= kept.last && kept.last.has_begun(at), "days")?;
    let sums = [kept.gross_in, kept.gross_out];
    let one_currency = kept.gross_in.currency() == kept.gross_out.currency();
    fits(one_currency && sums.iter().all(|sum| sum.minor() >= 0), "gross")?;
    let Some(known) = state.statement(kept.statement) else {
        return Ok(Ruling::Decided(Vec::new()));
    };
    // Who imports it again is nobody's difference.
    let same = StatementKept { by: known.by.clone(), ..kept.clone() } == *known;
    if same {
        Ok(Ruling::Repeat(Repeat::Nothing))
    } else {
        Err(Rejection::Break(BreakRefusal::StatementDiffers))
    }
}

pub(crate) fn rule_on_run(
    state: &State,
    at: Timestamp,
    run: &DayReconciled,
) -> Result<Ruling, Rejection> {
    check_run(state, at, run)?;
    let before = state.reckoning(&run.wallet, run.day);
    let going = before.and_then(|one| one.going.as_ref()).filter(|one| one.inputs == run.inputs);
    let done = before.and_then(|one| one.done.as_ref());
    let expected = match going {
        Some(going) if run.part < going.next => return Ok(Ruling::Repeat(Repeat::Nothing)),
        Some(going) if going.statements != run.statements => return Err(unfit("statements")),
        Some(going) => going.next,
        None if done.is_some_and(|done| done.inputs == run.inputs) => {
            return Ok(Ruling::Repeat(Repeat::Nothing));
        }
        None => 0,
    };
    if run.part != expected {
        return Err(Rejection::Break(BreakRefusal::OutOfOrder { expected }));
    }
    let mut told: BTreeSet<BreakId> = BTreeSet::new();
    let mut decisions = Vec::new();
    for found in &run.found {
        let id = BreakId::about(&run.wallet, run.day, &found.subject);
        let twice = going.is_some_and(|going| going.seen.contains(&id)) || !told.insert(id);
        if twice {
            return Err(Rejection::Break(BreakRefusal::FoundTwice));
        }
        decisions.extend(meet(state, run, id, found));
    }
    for Explained { id, by } in &run.explained {
        if !told.insert(*id) {
            return Err(Rejection::Break(BreakRefusal::FoundTwice));
        }
        let open = state.find_break(*id).is_some_and(BreakRecord::is_open);
        if open {
            let ending = Ending::LateArrival { by: by.clone() };
            decisions.push(Decision::BreakResolved { id: *id, ending });
        }
    }
    if run.last {
        let seen =
            |id: &BreakId| told.contains(id) || going.is_some_and(|going| going.seen.contains(id));
        let mut gone = state.open_breaks_of(&run.wallet, run.day).filter(|id| !seen(id));
        for id in gone.by_ref().take(GONE_PER_PART_MAX) {
            decisions.push(Decision::BreakResolved { id, ending: Ending::NoLongerFound });
        }
        if gone.next().is_none() {
            decisions.push(Decision::DayReckoned { wallet: run.wallet.clone(), day: run.day });
        }
    }
    Ok(Ruling::Decided(decisions))
}

/// What follows from a finding, given what is known of its break.
fn meet(state: &State, run: &DayReconciled, id: BreakId, found: &FoundBreak) -> Vec<Decision> {
    let changed = |booked: Day| Decision::BreakReclassified { id, booked, found: found.clone() };
    match state.find_break(id) {
        None => {
            let (wallet, day, booked) = (run.wallet.clone(), run.day, state.booked_day(run.day));
            vec![Decision::BreakOpened { id, wallet, day, booked, found: found.clone() }]
        }
        Some(known) if known.found == *found && (known.is_open() || known.by_person) => Vec::new(),
        Some(known) => {
            let booked = state.booked_day(known.day);
            let again = (!known.is_open()).then_some(Decision::BreakReopened { id, booked });
            let other = (known.found != *found).then(|| changed(booked));
            // What was proposed was about another finding.
            let back = known.proposal.as_ref().filter(|_| other.is_some());
            let back = back.map(|proposal| Decision::BreakMoved { id, to: proposal.from });
            again.into_iter().chain(back).chain(other).collect()
        }
    }
}

fn check_run(state: &State, at: Timestamp, run: &DayReconciled) -> Result<(), Rejection> {
    check_operator(&run.by)?;
    state.wallet(&run.wallet).ok_or(Rejection::UnknownWallet)?;
    fits(run.day.has_begun(at), "day")?;
    fits(run.part < RUN_PARTS_MAX, "part")?;
    fits(run.statements.len() <= STATEMENTS_PER_RUN_MAX, "statements")?;
    fits(run.found.len() <= BREAKS_PER_PART_MAX, "found")?;
    fits(run.explained.len() <= EXPLAINED_PER_PART_MAX, "explained")?;
    fits(run.totals.matched_amount.minor() >= 0, "totals")?;
    for found in &run.found {
        fits(found.amount.minor() >= 0, "amount")?;
        let told = found.code.direction();
        fits(told.is_none_or(|told| told == found.direction), "direction")?;
        fits(found.related.len() <= RELATED_MAX, "related")?;
        for subject in core::iter::once(&found.subject).chain(&found.related) {
            check_subject(subject)?;
        }
    }
    for explained in &run.explained {
        check_subject(&explained.by)?;
    }
    let kept = |hash| state.statement(hash).is_some_and(|kept| kept.wallet == run.wallet);
    if run.statements.iter().all(|hash| kept(*hash)) {
        Ok(())
    } else {
        Err(Rejection::Break(BreakRefusal::UnknownStatement))
    }
}

fn check_subject(subject: &Subject) -> Result<(), Rejection> {
    match subject {
        Subject::Line { serial } if serial.is_empty() => Err(unfit("serial")),
        Subject::Line { serial } => check_text("serial", serial, REFERENCE_BYTES_MAX),
        Subject::Payment(_)
        | Subject::Order(_)
        | Subject::Refund(_)
        | Subject::Movement(_)
        | Subject::Row { .. }
        | Subject::Statement(_)
        | Subject::Day => Ok(()),
    }
}
