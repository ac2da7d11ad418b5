//! What is told of statements, runs, breaks and closed days, as plain English sentences.
//!
//! Invariants: as for the other sentences; a break is told with its code, its amount and what it is
//! about, and an end with what explains it.
//! Deliberately not here: what anybody did to orders and payments (`sentences`).

use duizhang_core::breaks::{
    BreakStep, BreakWorked, DayReconciled, Ending, FoundBreak, LineTaken, Resolution,
    StatementKept, Subject, TermsActivated,
};
use duizhang_core::closing::{Day, DayCloseRequested, DayReopenRequested};
use duizhang_core::id::BreakId;
use duizhang_core::reconciliation::BookTerms;
use duizhang_projections::calendar::date_of;

pub(crate) fn kept(kept: &StatementKept) -> String {
    format!(
        "{} imported statement {} of wallet {} ({}), {} to {}: {} lines, {} not readable, in {}, \
         out {}; its own totals are {}.",
        kept.by,
        kept.statement,
        kept.wallet,
        kept.layout,
        date_of(kept.first),
        date_of(kept.last),
        kept.lines,
        kept.rejected,
        kept.gross_in,
        kept.gross_out,
        kept.proof.word()
    )
}

pub(crate) fn reconciled(run: &DayReconciled) -> String {
    let more = if run.last { "the last part" } else { "more comes" };
    format!(
        "{} reconciled {} of wallet {} over {} statements (part {}, {more}): {} pairs of {} \
         payments and {} lines, {} breaks found, {} explained.",
        run.by,
        date_of(run.day),
        run.wallet,
        run.statements.len(),
        run.part,
        run.totals.matched,
        run.totals.payments,
        run.totals.lines,
        run.found.len(),
        run.explained.len()
    )
}

pub(crate) fn worked(worked: &BreakWorked) -> String {
    let (by, id) = (&worked.by, worked.id);
    match &worked.step {
        BreakStep::Assign { to } => format!("{by} gave break {id} to {to}."),
        BreakStep::Comment { text } => format!("{by} wrote to break {id}: {text}."),
        BreakStep::Wait { on } => format!("{by} let break {id} wait for the {}.", on.word()),
        BreakStep::Propose(end) => format!("{by} proposed to end break {id} {}.", as_told(end)),
        BreakStep::Approve => format!("{by} approved what was proposed for break {id}."),
        BreakStep::Refuse { reason } => {
            format!("{by} refused what was proposed for break {id}: {reason}.")
        }
        BreakStep::Resolve(end) => format!("{by} ended break {id} {}.", as_told(end)),
        BreakStep::Reopen { reason } => format!("{by} opened break {id} again: {reason}."),
    }
}

fn as_told(end: &Resolution) -> String {
    format!("as {} (cause: {}): {}", end.kind.word(), end.root.word(), end.reason)
}

pub(crate) fn terms(activated: &TermsActivated) -> String {
    let BookTerms { delay, skew, rounding, fee_rounding, parts_max } = activated.terms;
    format!(
        "{} set the terms of reconciliation: delay {} s, skew {} s, rounding {rounding}, fee \
         rounding {fee_rounding}, parts {parts_max}.",
        activated.by,
        delay.secs(),
        skew.secs()
    )
}

pub(crate) fn taken(taken: &LineTaken) -> String {
    let (by, id, reason) = (&taken.by, taken.id, &taken.reason);
    let number = taken.number.as_ref().map(|number| format!(", which names order {number}"));
    let number = number.unwrap_or_default();
    format!("{by} took the line of break {id}{number} for a payment: {reason}.")
}

pub(crate) fn close_requested(request: &DayCloseRequested) -> String {
    let accepted = match request.accepted.as_slice() {
        [] => "no break".to_owned(),
        ids => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("the breaks {}", ids.join(", "))
        }
    };
    let (by, day, reason) = (&request.by, date_of(request.day), &request.reason);
    format!("{by} asked to close {day} and accepted {accepted}: {reason}.")
}

pub(crate) fn reopen_requested(request: &DayReopenRequested) -> String {
    let (by, day, reason) = (&request.by, date_of(request.day), &request.reason);
    format!("{by} asked to open {day} again: {reason}.")
}

pub(crate) fn opened(id: BreakId, day: Day, booked: Day, found: &FoundBreak) -> String {
    let late = if booked == day {
        String::new()
    } else {
        format!("; P01: that day is closed, so it is booked in {}", date_of(booked))
    };
    format!("Break {id} of {} was opened: {}{late}.", date_of(day), difference(found))
}

pub(crate) fn reclassified(id: BreakId, booked: Day, found: &FoundBreak) -> String {
    format!("Break {id}, booked in {}, is now {}.", date_of(booked), difference(found))
}

/// A difference in one clause.
pub(crate) fn difference(found: &FoundBreak) -> String {
    let mut text = format!(
        "{} ({}), {}, {} about {}",
        found.code,
        found.code.clause(),
        found.direction.word(),
        found.amount,
        subject(&found.subject)
    );
    if !found.related.is_empty() {
        let related: Vec<String> = found.related.iter().map(subject).collect();
        text += &format!(", beside {}", related.join(", "));
    }
    text
}

/// How a break ended, as the end of a sentence.
pub(crate) fn ending(ending: &Ending) -> String {
    let (word, root) = (ending.word(), ending.root().word());
    let why = match ending {
        Ending::Person { .. } => "by a person's word".to_owned(),
        Ending::LateArrival { by } => format!("{} explains it", subject(by)),
        Ending::NoLongerFound => "a whole run does not find it any more".to_owned(),
        Ending::Matched { order } => format!("its payment settles order {order}"),
        Ending::Dismissed => "its payment belongs to no order".to_owned(),
        Ending::TakenIn { payment } => format!("its line is payment {payment} now"),
    };
    format!("{word} (cause: {root}): {why}")
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Payment(id) => format!("payment {id}"),
        Subject::Order(id) => format!("order {id}"),
        Subject::Refund(id) => format!("refund {id}"),
        Subject::Movement(id) => format!("movement {id}"),
        Subject::Line { serial } => format!("line {serial}"),
        Subject::Row { statement, number } => format!("row {number} of statement {statement}"),
        Subject::Statement(hash) => format!("statement {hash}"),
        Subject::Day => "the whole day".to_owned(),
    }
}
