//! From a request's path, parameters, headers and body to a verified call.
//!
//! Invariants: who asks is known before anything else is read; a body is JSON by its media type,
//! without unknown or doubled fields; what cannot name anything (a bad id, a bad number) is
//! answered like what does not exist.
//! Deliberately not here: the paths (see [`super::routes`]), and whether the rules agree.

use std::str::FromStr;

use chrono::DateTime;
use duizhang_core::amount::{Amount, AmountError, Currency};
use duizhang_core::fact::Judgement;
use duizhang_core::id::WalletId;
use duizhang_core::limits::{ORDER_TTL_MAX, ORDER_TTL_MIN};
use duizhang_core::order::idempotency_key;
use duizhang_core::position::Position;
use duizhang_core::refund::RefundStep;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::{Answer, Params, Request};
use duizhang_projections::orders::PAGE_ORDERS_MAX;
use serde::Deserialize;

use super::finance;
use super::problem::{Code, not_found, problem};
use super::routes::Endpoint;
use super::sent::{
    AmountText, AssignBody, DismissBody, JudgeBody, NewOrderBody, NewRefundBody, NothingBody, Says,
    StepBody,
};
use crate::dialects::way::callable;
use crate::dialects::{Action, Caller, Desk, NewOrder, NewRefund, OrderQuery, PAGE_INBOX_MAX};

/// Longest idempotency key in bytes: what the large payment interfaces take.
pub(super) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// Orders on a page of which the caller says no size.
const PAGE_ORDERS: usize = 20;
/// Payments and questions on a page of the inbox of which the caller says no size.
const PAGE_INBOX: usize = 100;

/// Reads what is asked for.
pub(super) fn read_action(
    endpoint: Endpoint,
    id: &str,
    request: &Request,
    caller: &Caller,
    desk: &dyn Desk,
) -> Result<Action, Answer> {
    if let Endpoint::Finance(asked) = endpoint {
        return finance::read(asked, id, request, desk.zone());
    }
    let takes_parameters = matches!(endpoint, Endpoint::ListOrders | Endpoint::Inbox);
    if !takes_parameters && !request.query.is_empty() {
        return Err(malformed("this path takes no parameters"));
    }
    Ok(match endpoint {
        Endpoint::CreateOrder => Action::Create(read_order(request, caller, desk)?),
        Endpoint::ListOrders => read_list(request)?,
        Endpoint::GetOrder => Action::Get(OrderQuery::Id(named(id)?)),
        Endpoint::CloseOrder => {
            read_nothing(request)?;
            Action::Close(named(id)?)
        }
        Endpoint::CreateRefund => {
            let body: NewRefundBody<'_> = read_json(request)?;
            Action::Refund(NewRefund {
                order: named(id)?,
                number: body.number,
                amount: read_amount("amount", &body.amount, Currency::Cny)?,
                reason: body.reason,
            })
        }
        Endpoint::ListRefunds => Action::ListRefunds(named(id)?),
        Endpoint::GetRefund => Action::GetRefund(named(id)?),
        Endpoint::Redeliver => {
            read_nothing(request)?;
            Action::Redeliver(named(id)?)
        }
        Endpoint::Inbox => read_inbox(request)?,
        Endpoint::Devices => Action::Watchers,
        Endpoint::Assign => {
            let body: AssignBody = read_json(request)?;
            Action::Assign { payment: named(id)?, order: named(&body.order)?, reason: body.reason }
        }
        Endpoint::Dismiss => {
            let body: DismissBody = read_json(request)?;
            Action::Dismiss { payment: named(id)?, reason: body.reason }
        }
        Endpoint::Judge => {
            let body: JudgeBody<'_> = read_json(request)?;
            let judgement = read_judgement(&body)?;
            Action::Judge { notification: named(id)?, judgement, reason: body.reason }
        }
        Endpoint::Step(step) => read_step(request, id, step)?,
        Endpoint::Finance(_) => unreachable!("finance reads its own"),
    })
}

pub(super) fn malformed(detail: &str) -> Answer {
    problem(Code::MalformedRequest, detail)
}

pub(super) fn named<T: FromStr>(id: &str) -> Result<T, Answer> {
    id.parse().map_err(|_| not_found())
}

pub(super) fn read_json<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Answer> {
    if request.content_type().as_deref() != Some("application/json") {
        let detail = "send the body as JSON, with the header Content-Type: application/json";
        return Err(problem(Code::UnsupportedMediaType, detail));
    }
    parse_body(&request.body)
}

/// Reads a body.
pub(super) fn parse_body<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| malformed(&error.to_string()))
}

pub(super) fn read_nothing(request: &Request) -> Result<(), Answer> {
    if request.body.is_empty() { Ok(()) } else { read_json(request).map(|NothingBody {}| ()) }
}

fn read_order(request: &Request, caller: &Caller, desk: &dyn Desk) -> Result<NewOrder, Answer> {
    let Caller::Merchant(merchant) = caller else {
        return Err(problem(Code::Forbidden, "only a merchant's token creates orders"));
    };
    let idempotency = match request.header("idempotency-key") {
        Some(key) => Some(idempotency_key(merchant, check_key(key)?)),
        None => None,
    };
    let body: NewOrderBody<'_> = read_json(request)?;
    if body.currency.as_deref().is_some_and(|currency| currency != "CNY") {
        return Err(problem(Code::CurrencyUnsupported, "the only currency is CNY"));
    }
    let channels = body.channels.unwrap_or_default();
    Ok(NewOrder {
        number: body.number,
        requested: read_amount("amount", &body.amount, Currency::Cny)?,
        channels: channels.into_iter().map(|word| word.0).collect(),
        ttl: body.expires_in.map(read_ttl).transpose()?,
        notify_url: read_callback("notify_url", body.notify_url, desk)?,
        return_url: read_address("return_url", body.return_url)?,
        subject: body.subject,
        attachment: body.attachment,
        echo: None,
        idempotency,
    })
}

fn check_key(key: &str) -> Result<&str, Answer> {
    let plain = key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain && (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) {
        Ok(key)
    } else {
        Err(malformed("Idempotency-Key must be 1 to 255 printable ASCII characters"))
    }
}

/// A plain decimal. Powers of ten are refused here: nobody who writes this protocol new has a
/// reason for them.
pub(super) fn read_amount(
    field: &str,
    text: &AmountText<'_>,
    currency: Currency,
) -> Result<Amount, Answer> {
    let text = text.0.as_ref();
    let amount = if text.contains(['e', 'E']) {
        Err(AmountError::NotANumber)
    } else {
        Amount::parse(text, currency)
    };
    match amount {
        Ok(amount) if amount.is_positive() => Ok(amount),
        Ok(_) => Err(problem(Code::AmountNotPositive, &format!("{field} must be more than zero"))),
        Err(error) => Err(problem(Code::InvalidAmount, &format!("{field}: {error}"))),
    }
}

fn read_ttl(secs: u64) -> Result<Span, Answer> {
    let ttl = Span::from_secs(secs);
    if (ORDER_TTL_MIN..=ORDER_TTL_MAX).contains(&ttl) {
        Ok(ttl)
    } else {
        Err(problem(Code::InvalidExpiresIn, "expires_in must lie between 10 and 86400 seconds"))
    }
}

/// Any other scheme would run in the payer's browser or never be delivered.
fn read_address(field: &str, address: Option<String>) -> Result<Option<String>, Answer> {
    let fits = address.as_deref().is_none_or(|address| {
        let begins = |scheme: &str| {
            let head = address.as_bytes().get(..scheme.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(scheme.as_bytes()))
        };
        (begins("https://") || begins("http://")) && !address.chars().any(char::is_control)
    });
    if fits {
        Ok(address)
    } else {
        Err(problem(Code::InvalidUrl, &format!("{field} must begin with https:// or http://")))
    }
}

fn read_callback(
    field: &str,
    address: Option<String>,
    desk: &dyn Desk,
) -> Result<Option<String>, Answer> {
    let refused = |refusal| problem(Code::InvalidUrl, &format!("{field}: {refusal}"));
    callable(address, desk).map_err(refused)
}

pub(super) fn read_params(request: &Request, known: &[&str]) -> Result<Params, Answer> {
    let params = Params::of(request).map_err(|error| malformed(&error.to_string()))?;
    if let Some(foreign) = params.iter().find(|param| !known.contains(&param.name.as_str())) {
        return Err(malformed(&format!("unknown parameter {}", foreign.name)));
    }
    Ok(params)
}

fn read_list(request: &Request) -> Result<Action, Answer> {
    let params = read_params(request, &["number", "limit", "cursor"])?;
    if let Some(number) = params.get("number") {
        if params.len() > 1 {
            return Err(malformed("number goes with neither limit nor cursor"));
        }
        return Ok(Action::Get(OrderQuery::Number(String::from(number))));
    }
    let limit = read_limit(&params, PAGE_ORDERS_MAX)?.unwrap_or(PAGE_ORDERS);
    let before = params.get("cursor").map(read_cursor).transpose()?;
    Ok(Action::List { before, limit })
}

fn read_inbox(request: &Request) -> Result<Action, Answer> {
    let params = read_params(request, &["limit", "cursor"])?;
    let limit = read_limit(&params, PAGE_INBOX_MAX)?.unwrap_or(PAGE_INBOX);
    let after = params.get("cursor").map(read_cursor).transpose()?;
    Ok(Action::Inbox { after, limit })
}

pub(super) fn read_limit(params: &Params, limit_max: usize) -> Result<Option<usize>, Answer> {
    let Some(text) = params.get("limit") else { return Ok(None) };
    let limit = text.parse().ok().filter(|limit| (1..=limit_max).contains(limit));
    let refused = || malformed(&format!("limit must lie between 1 and {limit_max}"));
    limit.map(Some).ok_or_else(refused)
}

/// What a page's end is called. Callers pass it back and read nothing from it.
pub(super) fn cursor(position: Position) -> String {
    format!("c{:x}", position.number())
}

pub(super) fn read_cursor(text: &str) -> Result<Position, Answer> {
    let digits = text.strip_prefix('c');
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let position = number.map(Position::new);
    position
        .filter(|position| cursor(*position) == text)
        .ok_or_else(|| malformed("cursor is not one that was given"))
}

fn read_judgement(body: &JudgeBody<'_>) -> Result<Judgement, Answer> {
    match (body.says, &body.wallet, &body.amount, &body.paid_at) {
        (Says::NotMoney, None, None, None) => Ok(Judgement::NotMoney),
        (Says::NotMoney, _, _, _) => {
            Err(malformed("not_money goes with neither wallet, amount nor paid_at"))
        }
        (Says::Money, Some(wallet), Some(amount), Some(paid_at)) => Ok(Judgement::Money {
            wallet: WalletId::new(wallet)
                .map_err(|error| problem(Code::UnknownWallet, &format!("wallet: {error}")))?,
            amount: read_amount("amount", amount, Currency::Cny)?,
            paid_at: DateTime::parse_from_rfc3339(paid_at)
                .map(|at| Timestamp::from_micros(at.timestamp_micros()))
                .map_err(|error| malformed(&format!("paid_at: {error}")))?,
        }),
        (Says::Money, _, _, _) => Err(malformed("money needs wallet, amount and paid_at")),
    }
}

fn read_step(request: &Request, id: &str, step: RefundStep) -> Result<Action, Answer> {
    let body: StepBody = read_json(request)?;
    Ok(Action::StepRefund { refund: named(id)?, step, evidence: body.evidence })
}
