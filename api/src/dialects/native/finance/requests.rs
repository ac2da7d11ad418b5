//! From finance's requests to looks and deeds.
//!
//! Invariants: what cannot name a break, a day or an adjustment is answered like what does not
//! exist; a field that the kind of a movement does not know is refused; the end of a day comes from
//! the book's calendar and never from the caller.
//! Deliberately not here: who asks, and whether the rules agree.

use chrono::{DateTime, NaiveDate};
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::breaks::{BreakState, BreakStep, Resolution, WaitingFor};
use duizhang_core::closing::Day;
use duizhang_core::id::{BankId, BreakId, WalletId};
use duizhang_core::ledger::{Movement, Named};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::wire::{Answer, Request};
use duizhang_projections::calendar::{Zone, day_asked, day_of_date};

use super::super::problem::{Code, not_found, problem};
use super::super::requests::{
    cursor, malformed, named, read_amount, read_cursor, read_json, read_limit, read_nothing,
    read_params,
};
use super::super::routes::{Endpoint, find};
use super::super::sent::AmountText;
use super::accounts;
use super::paths::{Finance, Work};
use super::sent::{
    AdjustmentBody, CloseBody, CommentBody, EndBody, MovementBody, MovementKind, OwnerBody,
    ReasonBody, TakeBody, WaitBody,
};
use crate::dialects::{
    Action, BreakPlace, BreakQuery, Call, Caller, Deed, Look, PAGE_FINANCE_MAX, Standing,
};

/// Breaks, days, movements or adjustments on a page of which the caller says no size.
const PAGE_FINANCE: usize = 100;

/// Reads what an operator asks for who needs no token, because the book is in his hands.
///
/// # Errors
/// The answer where there is nothing to carry out.
pub(crate) fn read_call(by: &str, request: &Request, zone: Zone) -> Result<Call, Answer> {
    match find(&request.method, &request.path) {
        Ok((Endpoint::Finance(asked), id)) => {
            let caller = Caller::Operator(by.to_owned());
            Ok(Call { caller, action: read(asked, id, request, zone)? })
        }
        Ok(_) | Err(_) => Err(not_found()),
    }
}

/// Reads what is asked for.
pub(in crate::dialects::native) fn read(
    asked: Finance,
    id: &str,
    request: &Request,
    zone: Zone,
) -> Result<Action, Answer> {
    let pages =
        matches!(asked, Finance::Breaks | Finance::Days | Finance::UnderWay | Finance::Waiting);
    if !pages && !request.query.is_empty() {
        return Err(malformed("this path takes no parameters"));
    }
    Ok(match asked {
        Finance::Breaks => Action::Look(read_breaks(request)?),
        Finance::Break => Action::Look(Look::Break(named(id)?)),
        Finance::Work(work) => {
            let (id, step) = (named(id)?, read_step(work, request)?);
            Action::Record(Deed::Work { id, step })
        }
        Finance::Take => {
            let TakeBody { paid_at, number, reason } = read_json(request)?;
            let (id, paid_at) = (named(id)?, read_time("paid_at", &paid_at)?);
            Action::Record(Deed::Take { id, paid_at, number, reason })
        }
        Finance::Days => Action::Look(read_days(request)?),
        Finance::Day => Action::Look(Look::Day(day_of_date(date(id).ok_or_else(not_found)?))),
        Finance::CloseDay => {
            Action::Record(read_close(date(id).ok_or_else(not_found)?, request, zone)?)
        }
        Finance::ReopenDay => {
            let day = day_of_date(date(id).ok_or_else(not_found)?);
            let ReasonBody { reason } = read_json(request)?;
            Action::Record(Deed::ReopenDay { day, reason })
        }
        Finance::UnderWay => {
            let (after, limit) = read_page(request)?;
            Action::Look(Look::UnderWay { after, limit })
        }
        Finance::Move => Action::Record(read_movement(&read_json(request)?)?),
        Finance::Waiting => {
            let (after, limit) = read_page(request)?;
            Action::Look(Look::Waiting { after, limit })
        }
        Finance::Propose => Action::Record(read_adjustment(&read_json(request)?)?),
        Finance::Judge(verdict) => {
            let id = named(id)?;
            let ReasonBody { reason } = read_json(request)?;
            Action::Record(Deed::Judge { id, verdict, reason })
        }
    })
}

fn read_breaks(request: &Request) -> Result<Look, Answer> {
    let params = read_params(request, &["day", "state", "wallet", "owner", "cursor", "limit"])?;
    let wallet = params.get("wallet").map(WalletId::new).transpose();
    let query = BreakQuery {
        day: params.get("day").map(read_day).transpose()?,
        standing: params.get("state").map(read_standing).transpose()?,
        wallet: wallet.map_err(|error| malformed(&format!("wallet: {error}")))?,
        owner: params.get("owner").map(str::to_owned),
    };
    let after = params.get("cursor").map(read_place).transpose()?;
    let limit = read_limit(&params, PAGE_FINANCE_MAX)?.unwrap_or(PAGE_FINANCE);
    Ok(Look::Breaks { query, after, limit })
}

fn read_days(request: &Request) -> Result<Look, Answer> {
    let params = read_params(request, &["cursor", "limit"])?;
    let before = params.get("cursor").map(read_day).transpose()?;
    let limit = read_limit(&params, PAGE_FINANCE_MAX)?.unwrap_or(PAGE_FINANCE);
    Ok(Look::Days { before, limit })
}

fn read_page(request: &Request) -> Result<(Option<Position>, usize), Answer> {
    let params = read_params(request, &["cursor", "limit"])?;
    let after = params.get("cursor").map(read_cursor).transpose()?;
    Ok((after, read_limit(&params, PAGE_FINANCE_MAX)?.unwrap_or(PAGE_FINANCE)))
}

fn read_day(text: &str) -> Result<Day, Answer> {
    let refused = || malformed(&format!("{text:?} is not a day like 2026-11-21"));
    date(text).map(day_of_date).ok_or_else(refused)
}

/// A date in the one spelling in which it is printed.
fn date(text: &str) -> Option<NaiveDate> {
    day_asked(text).ok().filter(|date| date.to_string() == text)
}

fn read_standing(text: &str) -> Result<Standing, Answer> {
    let states = [
        BreakState::Open,
        BreakState::Assigned,
        BreakState::Waiting(WaitingFor::Provider),
        BreakState::Proposed,
        BreakState::Resolved,
        BreakState::Reopened,
    ];
    if text == "unresolved" {
        return Ok(Standing::Unresolved);
    }
    let state = states.into_iter().find(|state| state.word() == text).map(Standing::At);
    state.ok_or_else(|| {
        let words: Vec<&str> = states.iter().map(|state| state.word()).collect();
        malformed(&format!("state must be one of {}, unresolved", words.join(", ")))
    })
}

/// What a page of breaks ends with. Callers pass it back and read nothing from it.
pub(super) fn place((position, id): BreakPlace) -> String {
    format!("{}-{id}", cursor(position))
}

fn read_place(text: &str) -> Result<BreakPlace, Answer> {
    let parts = text.split_once('-');
    let id = parts.and_then(|(_, id)| id.parse::<BreakId>().ok());
    match (parts, id) {
        (Some((position, _)), Some(id)) => Ok((read_cursor(position)?, id)),
        _ => Err(malformed("cursor is not one that was given")),
    }
}

fn read_step(work: Work, request: &Request) -> Result<BreakStep, Answer> {
    Ok(match work {
        Work::Assign => {
            let OwnerBody { to } = read_json(request)?;
            BreakStep::Assign { to }
        }
        Work::Comment => {
            let CommentBody { text } = read_json(request)?;
            BreakStep::Comment { text }
        }
        Work::Wait => {
            let WaitBody { on } = read_json(request)?;
            BreakStep::Wait { on: on.0 }
        }
        Work::Propose => BreakStep::Propose(read_end(request)?),
        Work::Approve => {
            read_nothing(request)?;
            BreakStep::Approve
        }
        Work::Refuse => {
            let ReasonBody { reason } = read_json(request)?;
            BreakStep::Refuse { reason }
        }
        Work::Resolve => BreakStep::Resolve(read_end(request)?),
        Work::Reopen => {
            let ReasonBody { reason } = read_json(request)?;
            BreakStep::Reopen { reason }
        }
    })
}

fn read_end(request: &Request) -> Result<Resolution, Answer> {
    let EndBody { resolution, root, reason } = read_json(request)?;
    Ok(Resolution { kind: resolution.0, root: root.0, reason })
}

fn read_close(date: NaiveDate, request: &Request, zone: Zone) -> Result<Deed, Answer> {
    let CloseBody { accepted, reason } = read_json(request)?;
    let unknown = |id: &String| problem(Code::UnknownBreak, &format!("accepted: {id:?}"));
    let accepted: Result<Vec<BreakId>, Answer> =
        accepted.iter().map(|id| id.parse().map_err(|_| unknown(id))).collect();
    let (day, ends_at) = (day_of_date(date), zone.end_of(date));
    Ok(Deed::CloseDay { day, ends_at, accepted: accepted?, reason })
}

fn read_movement(body: &MovementBody<'_>) -> Result<Deed, Answer> {
    check_fields(body)?;
    let movement = match body.kind {
        MovementKind::Fee => Movement::ChannelFee {
            wallet: read_wallet("wallet", body.wallet.as_deref())?,
            fee: read_money("amount", body.amount.as_ref())?,
        },
        MovementKind::Withdrawal => Movement::WithdrawalSent {
            wallet: read_wallet("wallet", body.wallet.as_deref())?,
            bank: read_bank(body.bank.as_deref().unwrap_or_default())?,
            amount: read_money("amount", body.amount.as_ref())?,
            fee: read_fee(body.fee.as_ref())?,
        },
        MovementKind::Arrival => {
            let text = body.withdrawal.as_deref().unwrap_or_default();
            let unknown = |_| problem(Code::UnknownWithdrawal, &format!("withdrawal: {text:?}"));
            Movement::WithdrawalArrived { withdrawal: text.parse().map_err(unknown)? }
        }
        MovementKind::Transfer => Movement::Transfer {
            from: read_wallet("wallet", body.wallet.as_deref())?,
            to: read_wallet("to", body.to.as_deref())?,
            amount: read_money("amount", body.amount.as_ref())?,
            fee: read_fee(body.fee.as_ref())?,
        },
        MovementKind::Opening => Movement::Opening {
            account: read_account(body.account.as_deref().unwrap_or_default())?,
            amount: read_money("amount", body.amount.as_ref())?,
        },
    };
    Ok(Deed::Move {
        id: read_own_id(body.id.as_deref())?,
        movement,
        moved_at: read_time("moved_at", &body.moved_at)?,
        evidence: body.evidence.clone(),
    })
}

/// Refuses a movement that lacks a field of its kind, or has one of another.
fn check_fields(body: &MovementBody<'_>) -> Result<(), Answer> {
    let given = [
        ("wallet", body.wallet.is_some()),
        ("to", body.to.is_some()),
        ("bank", body.bank.is_some()),
        ("account", body.account.is_some()),
        ("withdrawal", body.withdrawal.is_some()),
        ("amount", body.amount.is_some()),
        ("fee", body.fee.is_some()),
    ];
    let (needed, optional): (&[&str], &[&str]) = match body.kind {
        MovementKind::Fee => (&["wallet", "amount"], &[]),
        MovementKind::Withdrawal => (&["wallet", "bank", "amount"], &["fee"]),
        MovementKind::Arrival => (&["withdrawal"], &[]),
        MovementKind::Transfer => (&["wallet", "to", "amount"], &["fee"]),
        MovementKind::Opening => (&["account", "amount"], &[]),
    };
    for (name, is_given) in given {
        if needed.contains(&name) && !is_given {
            return Err(malformed(&format!("this kind of movement needs {name}")));
        }
        if is_given && !needed.contains(&name) && !optional.contains(&name) {
            return Err(malformed(&format!("this kind of movement has no {name}")));
        }
    }
    Ok(())
}

fn read_adjustment(body: &AdjustmentBody<'_>) -> Result<Deed, Answer> {
    let mut lines = Vec::with_capacity(body.lines.len());
    for line in &body.lines {
        lines.push((read_account(&line.account)?, signed("amount", &line.amount)?));
    }
    Ok(Deed::Propose {
        id: read_own_id(body.id.as_deref())?,
        lines,
        value_at: read_time("value_at", &body.value_at)?,
        reason: body.reason.clone(),
    })
}

/// An id that the caller chose.
fn read_own_id<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, Answer> {
    let refused = |_| malformed("id must be one letter and 26 characters, as an answer shows it");
    text.map(|text| text.parse().map_err(refused)).transpose()
}

fn read_wallet(field: &str, text: Option<&str>) -> Result<WalletId, Answer> {
    let refused = |error| problem(Code::UnknownWallet, &format!("{field}: {error}"));
    WalletId::new(text.unwrap_or_default()).map_err(refused)
}

fn read_bank(text: &str) -> Result<BankId, Answer> {
    BankId::new(text).map_err(|error| problem(Code::InvalidAccount, &format!("bank: {error}")))
}

fn read_account(text: &str) -> Result<Named, Answer> {
    accounts::read(text).ok_or_else(|| {
        let detail = format!(
            "there is no account {text:?}; a wallet is named as wallet:ID and a bank as bank:ID"
        );
        problem(Code::InvalidAccount, &detail)
    })
}

fn read_money(field: &str, text: Option<&AmountText<'_>>) -> Result<Amount, Answer> {
    let missing = || malformed(&format!("this kind of movement needs {field}"));
    read_amount(field, text.ok_or_else(missing)?, Currency::Cny)
}

fn read_fee(text: Option<&AmountText<'_>>) -> Result<Amount, Answer> {
    text.map_or(Ok(Amount::fen(0)), |text| signed("fee", text))
}

/// A plain decimal of either sign, or nothing; the rules say what may be which.
fn signed(field: &str, text: &AmountText<'_>) -> Result<Amount, Answer> {
    let text = text.0.as_ref();
    let refused = |what: &str| problem(Code::InvalidAmount, &format!("{field}: {what}"));
    if text.contains(['e', 'E']) {
        return Err(refused("not a decimal number"));
    }
    Amount::parse(text, Currency::Cny).map_err(|error| refused(&error.to_string()))
}

fn read_time(field: &str, text: &str) -> Result<Timestamp, Answer> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| Timestamp::from_micros(at.timestamp_micros()))
        .map_err(|error| malformed(&format!("{field}: {error}")))
}
