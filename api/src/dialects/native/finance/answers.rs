//! What finance sees, as JSON.
//!
//! Invariant: a thing has one shape wherever it stands, and times are those of the book's zone.
//! Deliberately not here: problems, and what the fields mean (see `shown`).

use duizhang_core::breaks::{
    BreakState, BreakStep, Ending, FoundBreak, Resolution, StatementKept, Subject,
};
use duizhang_core::ledger::{Account, AdjustmentState, Movement};
use duizhang_listener_bridge::wire::{Answer, hex_lower};
use duizhang_projections::breaks::{DayDeed, DayEntry, Deed as BreakDeed, Entry, RunView};
use duizhang_projections::calendar::{Zone, date_of};
use duizhang_projections::recorded::{AdjustmentView, MovementView};

use super::super::answers::{made, ok};
use super::super::requests::cursor;
use super::super::shown::{AmountDigits, Text};
use super::accounts;
use super::requests::place;
use super::shown::{
    AdjustmentPageBody, AdjustmentShown, BreakBody, BreakPageBody, DayBody, DayPageBody,
    EndingBody, EntryBody, LineBody, MovementPageBody, MovementShown, ProposalBody, RunBody,
    StatementBody, SubjectBody,
};
use crate::dialects::{Action, Call, Deed, Seen, SeenBreak, SeenDay};

/// Words what is seen.
pub(in crate::dialects::native) fn word(
    call: &Call,
    seen: &Seen,
    repeated: bool,
    zone: Zone,
) -> Answer {
    let deed = match &call.action {
        Action::Record(deed) => Some(deed),
        _ => None,
    };
    let creates = matches!(deed, Some(Deed::Move { .. } | Deed::Propose { .. }));
    match seen {
        Seen::Breaks(breaks, next) => {
            let breaks = breaks.iter().map(|seen| break_body(seen, None, zone)).collect();
            ok(&BreakPageBody { breaks, next_cursor: next.map(place) })
        }
        Seen::Break(seen) => {
            let history = seen.view.history.iter().map(|entry| entry_body(entry, zone)).collect();
            made(creates, repeated, &break_body(seen, Some(history), zone))
        }
        Seen::Days(days, next) => {
            let days = days.iter().map(|day| day_body(day, zone)).collect();
            let next_cursor = next.map(|day| date_of(day).to_string());
            ok(&DayPageBody { days, next_cursor })
        }
        Seen::Day(day) => made(creates, repeated, &day_body(day, zone)),
        Seen::Movements(movements, next) => {
            let movements = movements.iter().map(|view| movement_body(view, zone)).collect();
            ok(&MovementPageBody { movements, next_cursor: next.map(cursor) })
        }
        Seen::Movement(view) => made(creates, repeated, &movement_body(view, zone)),
        Seen::Adjustments(adjustments, next) => {
            let adjustments = adjustments.iter().map(|view| adjustment_body(view, zone)).collect();
            ok(&AdjustmentPageBody { adjustments, next_cursor: next.map(cursor) })
        }
        Seen::Adjustment(view) => made(creates, repeated, &adjustment_body(view, zone)),
    }
}

fn break_body<'a>(
    seen: &'a SeenBreak,
    history: Option<Vec<EntryBody<'a>>>,
    zone: Zone,
) -> BreakBody<'a> {
    let view = &seen.view;
    let found = &view.found;
    BreakBody {
        id: Text(view.id),
        wallet: view.wallet.as_str(),
        day: date_of(view.day).to_string(),
        booked: date_of(view.booked).to_string(),
        codes: view.codes().into_iter().map(|code| code.letters()).collect(),
        word: found.code.word(),
        chinese: found.code.chinese(),
        direction: found.direction.word(),
        amount: AmountDigits(found.amount),
        currency: found.amount.currency().code(),
        subject: subject_body(&found.subject),
        related: found.related.iter().map(subject_body).collect(),
        state: view.state.word(),
        waiting_for: match view.state {
            BreakState::Waiting(on) => Some(on.word()),
            BreakState::Open
            | BreakState::Assigned
            | BreakState::Proposed
            | BreakState::Resolved
            | BreakState::Reopened => None,
        },
        owner: view.owner.as_deref(),
        proposal: view.proposal.as_ref().map(|(by, resolution)| ProposalBody {
            by,
            resolution: resolution.kind.word(),
            root: resolution.root.word(),
            reason: &resolution.reason,
        }),
        ending: view.ending.as_ref().map(ending_body),
        opened_at: zone.rfc3339(view.opened_at),
        age: seen.age.word(),
        history,
    }
}

fn subject_body(subject: &Subject) -> SubjectBody {
    let (kind, id, row) = match subject {
        Subject::Payment(id) => ("payment", Some(id.to_string()), None),
        Subject::Order(id) => ("order", Some(id.to_string()), None),
        Subject::Refund(id) => ("refund", Some(id.to_string()), None),
        Subject::Movement(id) => ("movement", Some(id.to_string()), None),
        Subject::Line { serial } => ("line", Some(serial.clone()), None),
        Subject::Row { statement, number } => ("row", Some(statement.to_string()), Some(*number)),
        Subject::Statement(hash) => ("statement", Some(hash.to_string()), None),
        Subject::Day => ("day", None, None),
    };
    SubjectBody { kind, id, row }
}

fn ending_body(ending: &Ending) -> EndingBody {
    let by = match ending {
        Ending::LateArrival { by } => Some(subject_body(by)),
        Ending::Matched { order } => Some(subject_body(&Subject::Order(*order))),
        Ending::TakenIn { payment } => Some(subject_body(&Subject::Payment(*payment))),
        Ending::Person { .. } | Ending::NoLongerFound | Ending::Dismissed => None,
    };
    EndingBody { word: ending.word(), root: ending.root().word(), by }
}

fn entry_body(entry: &Entry, zone: Zone) -> EntryBody<'_> {
    let (deed, note) = match &entry.deed {
        BreakDeed::Opened => ("opened", None),
        BreakDeed::Reclassified(found) => ("reclassified", Some(difference(found))),
        BreakDeed::Reopened(day) => ("reopened", Some(format!("booked in {}", date_of(*day)))),
        BreakDeed::Step(step) => step_words(step),
        BreakDeed::Taken { paid_at, number, reason } => {
            let number = number.as_ref().map(|number| format!(", order {number}"));
            let (at, number) = (zone.rfc3339(*paid_at), number.unwrap_or_default());
            ("take", Some(format!("paid at {at}{number}: {reason}")))
        }
        BreakDeed::Ended(ending) => {
            let (word, root) = (ending.word(), ending.root().word());
            ("ended", Some(format!("{word}, cause: {root}")))
        }
        BreakDeed::Accepted(day) => ("accepted", Some(format!("{} was closed", date_of(*day)))),
    };
    let position = entry.position.number();
    EntryBody { position, at: zone.rfc3339(entry.at), by: &entry.by, deed, note }
}

fn step_words(step: &BreakStep) -> (&'static str, Option<String>) {
    match step {
        BreakStep::Assign { to } => ("assign", Some(to.clone())),
        BreakStep::Comment { text } => ("comment", Some(text.clone())),
        BreakStep::Wait { on } => ("wait", Some(on.word().to_owned())),
        BreakStep::Propose(end) => ("propose", Some(end_words(end))),
        BreakStep::Approve => ("approve", None),
        BreakStep::Refuse { reason } => ("refuse", Some(reason.clone())),
        BreakStep::Resolve(end) => ("resolve", Some(end_words(end))),
        BreakStep::Reopen { reason } => ("reopen", Some(reason.clone())),
    }
}

fn end_words(end: &Resolution) -> String {
    format!("{}, cause: {}: {}", end.kind.word(), end.root.word(), end.reason)
}

fn difference(found: &FoundBreak) -> String {
    format!("{}, {}, {}", found.code, found.direction.word(), found.amount)
}

fn day_body(seen: &SeenDay, zone: Zone) -> DayBody<'_> {
    let last = seen.history.last().filter(|entry| entry.deed == DayDeed::ReopenProposed);
    DayBody {
        day: date_of(seen.day).to_string(),
        state: if seen.closed { "closed" } else { "open" },
        reopen_proposed_by: last.map(|entry| entry.by.as_str()),
        breaks: seen.breaks,
        open_breaks: seen.open_breaks,
        statements: seen.statements.iter().map(statement_body).collect(),
        runs: seen.runs.iter().map(|(wallet, run)| run_body(wallet.as_str(), run, zone)).collect(),
        history: seen.history.iter().map(|entry| day_entry_body(entry, zone)).collect(),
    }
}

fn statement_body((kept, reconciled): &(StatementKept, bool)) -> StatementBody<'_> {
    StatementBody {
        statement: kept.statement.to_string(),
        wallet: kept.wallet.as_str(),
        layout: &kept.layout,
        lines: kept.lines,
        rejected: kept.rejected,
        proof: kept.proof.word(),
        reconciled: *reconciled,
    }
}

fn run_body<'a>(wallet: &'a str, run: &'a RunView, zone: Zone) -> RunBody<'a> {
    RunBody {
        wallet,
        position: run.position.number(),
        at: zone.rfc3339(run.at),
        inputs: hex_lower(&run.inputs.bytes()),
        statements: run.statements.iter().map(ToString::to_string).collect(),
        payments: run.totals.payments,
        lines: run.totals.lines,
        matched: run.totals.matched,
        matched_amount: AmountDigits(run.totals.matched_amount),
        currency: run.totals.matched_amount.currency().code(),
    }
}

fn day_entry_body(entry: &DayEntry, zone: Zone) -> EntryBody<'_> {
    let (deed, note) = match &entry.deed {
        DayDeed::Closed(accepted) if accepted.is_empty() => ("closed", entry.reason.clone()),
        DayDeed::Closed(accepted) => {
            let ids: Vec<String> = accepted.iter().map(ToString::to_string).collect();
            ("closed", format!("{}; accepted {}", entry.reason, ids.join(", ")))
        }
        DayDeed::ReopenProposed => ("reopen-proposed", entry.reason.clone()),
        DayDeed::Reopened => ("reopened", entry.reason.clone()),
    };
    let (position, at) = (entry.position.number(), zone.rfc3339(entry.at));
    EntryBody { position, at, by: &entry.by, deed, note: Some(note) }
}

fn movement_body(view: &MovementView, zone: Zone) -> MovementShown<'_> {
    let recorded = &view.recorded;
    let wallet = |id: &_| accounts::text(&Account::Wallet(Clone::clone(id)));
    let mut shown = MovementShown {
        id: Text(recorded.id),
        position: view.position.number(),
        kind: "fee",
        from: None,
        to: None,
        withdrawal: None,
        amount: None,
        fee: None,
        currency: None,
        arrived: view.arrived.map(|id| id.to_string()),
        moved_at: zone.rfc3339(recorded.moved_at),
        by: &recorded.by,
        evidence: &recorded.evidence,
    };
    let (amount, fee) = match &recorded.movement {
        Movement::ChannelFee { wallet: from, fee } => {
            shown.from = Some(wallet(from));
            (Some(*fee), None)
        }
        Movement::WithdrawalSent { wallet: from, bank, amount, fee } => {
            shown.kind = "withdrawal";
            shown.from = Some(wallet(from));
            shown.to = Some(accounts::text(&Account::Bank(bank.clone())));
            (Some(*amount), Some(*fee))
        }
        Movement::WithdrawalArrived { withdrawal } => {
            (shown.kind, shown.withdrawal) = ("arrival", Some(withdrawal.to_string()));
            (None, None)
        }
        Movement::Transfer { from, to, amount, fee } => {
            shown.kind = "transfer";
            (shown.from, shown.to) = (Some(wallet(from)), Some(wallet(to)));
            (Some(*amount), Some(*fee))
        }
        Movement::Opening { account, amount } => {
            (shown.kind, shown.to) = ("opening", Some(accounts::text(account)));
            (Some(*amount), None)
        }
    };
    shown.currency = amount.map(|amount| amount.currency().code());
    (shown.amount, shown.fee) = (amount.map(AmountDigits), fee.map(AmountDigits));
    shown
}

fn adjustment_body(view: &AdjustmentView, zone: Zone) -> AdjustmentShown<'_> {
    let proposed = &view.proposed;
    let judged = view.judged.as_ref();
    let lines = proposed.lines.iter().map(|(account, amount)| LineBody {
        account: accounts::text(account),
        amount: AmountDigits(*amount),
        currency: amount.currency().code(),
    });
    AdjustmentShown {
        id: Text(proposed.id),
        position: view.position.number(),
        state: AdjustmentState::word(view.state),
        lines: lines.collect(),
        value_at: zone.rfc3339(proposed.value_at),
        by: &proposed.by,
        reason: &proposed.reason,
        proposed_at: zone.rfc3339(view.at),
        judged_by: judged.map(|judged| judged.by.as_str()),
        judged_at: judged.map(|judged| zone.rfc3339(judged.at)),
        judged_reason: judged.map(|judged| judged.reason.as_str()),
    }
}
