//! Errors as problem documents (RFC 9457), each with a code that programs can rely on.
//!
//! Invariants: a code has one status and one title for ever; a thing that does not exist and
//! another merchant's thing have the same document; a detail never repeats a token.
//! Deliberately not here: when a problem arises.

use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::Answer;
use serde::Serialize;
use utoipa::ToSchema;

use super::finance;
use crate::dialects::words::RETRY_AFTER_SECS;

/// The media type of problem documents.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    /// A header, a parameter or the body is not what the protocol knows.
    MalformedRequest,
    /// There is no valid token.
    Unauthorized,
    /// The token is valid, but not for this.
    Forbidden,
    /// There is no such thing, or it is not the caller's.
    NotFound,
    /// The path takes other verbs.
    MethodNotAllowed,
    /// The body is too long.
    BodyTooLarge,
    /// The body is not JSON by its media type.
    UnsupportedMediaType,
    /// A text is empty, too long or holds control characters.
    InvalidText,
    /// A text is no amount of whole minor units.
    InvalidAmount,
    /// An amount is not more than zero.
    AmountNotPositive,
    /// No wallet takes the currency.
    CurrencyUnsupported,
    /// The time to wait is too short or too long.
    InvalidExpiresIn,
    /// An address is not one of the web.
    InvalidUrl,
    /// No wallet can take the payment.
    NoWallet,
    /// No wallet of this name.
    UnknownWallet,
    /// The merchant's number belongs to another order.
    NumberTaken,
    /// The idempotency key was used for something else.
    IdempotencyKeyReused,
    /// Every amount near the asked one is held.
    AmountsExhausted,
    /// The order's status does not allow it.
    OrderStatus,
    /// The number belongs to another refund.
    RefundNumberTaken,
    /// More than can be refunded.
    RefundExceeds,
    /// The refund's state does not allow it.
    RefundState,
    /// Too many orders are open.
    TooManyOpenOrders,
    /// The break's state does not allow it.
    BreakState,
    /// The break is not about a line that could become a payment.
    NotALine,
    /// The break's line became a payment already.
    LineTaken,
    /// A time lies further back than anybody records.
    TooLongAgo,
    /// An arrival lies before its withdrawal.
    BeforeItWasSent,
    /// A break that is named is unknown, or not open in the day.
    UnknownBreak,
    /// The first person may not also be the second one.
    SecondPerson,
    /// A run's part is not what it can be.
    InvalidRun,
    /// A run's part or a statement contradicts what was recorded before.
    RunConflict,
    /// The day's end or what is accepted does not fit the day.
    InvalidDay,
    /// The day is still going on.
    DayNotOver,
    /// The day is closed.
    DayClosed,
    /// The day is open.
    DayOpen,
    /// A statement of the day was not reconciled.
    DayNotReconciled,
    /// Breaks of the day are open and not accepted.
    BreaksLeft,
    /// The id belongs to another movement or adjustment.
    IdTaken,
    /// No movement of this id sent money to a bank.
    UnknownWithdrawal,
    /// The withdrawal is at the bank already.
    WithdrawalArrived,
    /// The account has an opening balance.
    AlreadyOpened,
    /// There is no such account, or it does not take this.
    InvalidAccount,
    /// A transfer goes from a wallet to itself.
    SameWallet,
    /// The time lies in the future.
    TimeAhead,
    /// No more banks can be named.
    TooManyBanks,
    /// An adjustment's lines are too few, too many, of nothing, or do not sum to zero.
    InvalidLines,
    /// The adjustment does not wait any more.
    AdjustmentState,
    /// The server has too much to do.
    Busy,
    /// Nobody knows whether it happened.
    OutcomeUnknown,
    /// The server contradicts itself.
    Internal,
}

impl Code {
    /// All codes, for the documentation.
    pub(super) const ALL: [Self; 51] = [
        Self::MalformedRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidText,
        Self::InvalidAmount,
        Self::AmountNotPositive,
        Self::CurrencyUnsupported,
        Self::InvalidExpiresIn,
        Self::InvalidUrl,
        Self::NoWallet,
        Self::UnknownWallet,
        Self::NumberTaken,
        Self::IdempotencyKeyReused,
        Self::AmountsExhausted,
        Self::OrderStatus,
        Self::RefundNumberTaken,
        Self::RefundExceeds,
        Self::RefundState,
        Self::TooManyOpenOrders,
        Self::BreakState,
        Self::NotALine,
        Self::LineTaken,
        Self::TooLongAgo,
        Self::BeforeItWasSent,
        Self::UnknownBreak,
        Self::SecondPerson,
        Self::InvalidRun,
        Self::RunConflict,
        Self::InvalidDay,
        Self::DayNotOver,
        Self::DayClosed,
        Self::DayOpen,
        Self::DayNotReconciled,
        Self::BreaksLeft,
        Self::IdTaken,
        Self::UnknownWithdrawal,
        Self::WithdrawalArrived,
        Self::AlreadyOpened,
        Self::InvalidAccount,
        Self::SameWallet,
        Self::TimeAhead,
        Self::TooManyBanks,
        Self::InvalidLines,
        Self::AdjustmentState,
        Self::Busy,
        Self::OutcomeUnknown,
        Self::Internal,
    ];

    /// The word, the status and the title.
    // tidy: long because it is one row for each code
    pub(super) const fn parts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MalformedRequest => ("malformed_request", 400, "The request cannot be read"),
            Self::Unauthorized => ("unauthorized", 401, "A valid bearer token is required"),
            Self::Forbidden => ("forbidden", 403, "The token is not allowed to do this"),
            Self::NotFound => ("not_found", 404, "There is no such thing"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", 405, "The path does not take this method")
            }
            Self::BodyTooLarge => ("body_too_large", 413, "The body is too long"),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", 415, "The body must be application/json")
            }
            Self::InvalidText => ("invalid_text", 422, "A text cannot be accepted"),
            Self::InvalidAmount => ("invalid_amount", 422, "The amount cannot be read"),
            Self::AmountNotPositive => {
                ("amount_not_positive", 422, "The amount must be more than zero")
            }
            Self::CurrencyUnsupported => {
                ("currency_unsupported", 422, "No wallet takes this currency")
            }
            Self::InvalidExpiresIn => {
                ("invalid_expires_in", 422, "The time to wait is out of bounds")
            }
            Self::InvalidUrl => ("invalid_url", 422, "The address cannot be accepted"),
            Self::NoWallet => ("no_wallet", 422, "No wallet can take this payment"),
            Self::UnknownWallet => ("unknown_wallet", 422, "There is no such wallet"),
            Self::NumberTaken => ("number_taken", 409, "The number belongs to another order"),
            Self::IdempotencyKeyReused => {
                ("idempotency_key_reused", 409, "The key was used for another request")
            }
            Self::AmountsExhausted => {
                ("amounts_exhausted", 409, "Every amount near the asked one is held")
            }
            Self::OrderStatus => ("order_status", 409, "The order's status does not allow this"),
            Self::RefundNumberTaken => {
                ("refund_number_taken", 409, "The number belongs to another refund")
            }
            Self::RefundExceeds => ("refund_exceeds", 409, "This is more than can be refunded"),
            Self::RefundState => ("refund_state", 409, "The refund's state does not allow this"),
            Self::TooManyOpenOrders => ("too_many_open_orders", 429, "Too many orders are open"),
            Self::BreakState => ("break_state", 409, "The break's state does not allow this"),
            Self::NotALine => {
                ("not_a_line", 409, "Only a line of money that came becomes a payment")
            }
            Self::LineTaken => {
                ("line_taken", 409, "The line became a payment already, in other words")
            }
            Self::TooLongAgo => ("too_long_ago", 422, "The time lies too far back"),
            Self::BeforeItWasSent => {
                ("before_it_was_sent", 422, "A withdrawal arrives after it was sent")
            }
            Self::UnknownBreak => {
                ("unknown_break", 422, "A break is unknown, or is not open in this day")
            }
            Self::SecondPerson => ("second_person", 403, "Another person has to do this"),
            Self::InvalidRun => ("invalid_run", 422, "A run tells of what cannot be"),
            Self::RunConflict => {
                ("run_conflict", 409, "A run or statement contradicts an earlier one")
            }
            Self::InvalidDay => ("invalid_day", 422, "This cannot be said of the day"),
            Self::DayNotOver => ("day_not_over", 409, "The day is not over"),
            Self::DayClosed => ("day_closed", 409, "The day is closed, with other breaks accepted"),
            Self::DayOpen => ("day_open", 409, "The day is open"),
            Self::DayNotReconciled => {
                ("day_not_reconciled", 409, "A statement of the day was not reconciled")
            }
            Self::BreaksLeft => ("breaks_left", 409, "Breaks are open that are not accepted"),
            Self::IdTaken => ("id_taken", 409, "The id was used with other content"),
            Self::UnknownWithdrawal => ("unknown_withdrawal", 422, "There is no such withdrawal"),
            Self::WithdrawalArrived => {
                ("withdrawal_arrived", 409, "The withdrawal has arrived already")
            }
            Self::AlreadyOpened => {
                ("already_opened", 409, "The account has an opening balance already")
            }
            Self::InvalidAccount => ("invalid_account", 422, "The account cannot be used for this"),
            Self::SameWallet => ("same_wallet", 422, "A transfer needs two wallets"),
            Self::TimeAhead => ("time_ahead", 422, "The time lies in the future"),
            Self::TooManyBanks => {
                ("too_many_banks", 409, "The book has as many banks as it may have")
            }
            Self::InvalidLines => ("invalid_lines", 422, "The lines are no adjustment"),
            Self::AdjustmentState => {
                ("adjustment_state", 409, "The adjustment does not wait any more")
            }
            Self::Busy => ("busy", 503, "The server has too much to do; nothing has changed"),
            Self::OutcomeUnknown => ("outcome_unknown", 503, "Nobody knows whether it happened"),
            Self::Internal => ("internal", 500, "The server contradicts itself"),
        }
    }
}

/// A problem document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Problem<'a> {
    /// Where the code is explained, relative to this server.
    #[serde(rename = "type")]
    #[schema(example = "/docs#problem-number_taken")]
    pub(super) kind: String,
    /// What the code means.
    #[schema(example = "The number belongs to another order")]
    pub(super) title: &'a str,
    /// The HTTP status.
    #[schema(example = 409)]
    pub(super) status: u16,
    /// What went wrong this time.
    pub(super) detail: &'a str,
    /// What programs decide by.
    pub(super) code: Code,
}

/// The answer to a problem.
pub(super) fn problem(code: Code, detail: &str) -> Answer {
    let (word, status, title) = code.parts();
    let document = Problem { kind: format!("/docs#problem-{word}"), title, status, detail, code };
    let body = serde_json::to_vec(&document).expect("texts and numbers are always JSON");
    let answer = Answer::new(status, MEDIA_TYPE, body);
    if code == Code::Unauthorized {
        return answer.with_header("www-authenticate", "Bearer");
    }
    if matches!(status, 429 | 503) {
        return answer.with_header("retry-after", RETRY_AFTER_SECS);
    }
    answer
}

/// The one answer for what does not exist and for what is another merchant's.
pub(super) fn not_found() -> Answer {
    problem(Code::NotFound, "no such thing, or it belongs to somebody else")
}

/// The answer to a refusal of the rules.
pub(super) fn of_rejection(rejection: &Rejection) -> Answer {
    let code = match rejection {
        Rejection::UnknownMerchant => Code::Forbidden,
        Rejection::BadText(_) => Code::InvalidText,
        Rejection::AmountNotPositive => Code::AmountNotPositive,
        Rejection::CurrencyUnsupported => Code::CurrencyUnsupported,
        Rejection::NumberTaken(_) => Code::NumberTaken,
        Rejection::IdempotencyKeyReused(_) => Code::IdempotencyKeyReused,
        Rejection::NoWallet => Code::NoWallet,
        Rejection::TooManyOpenOrders => Code::TooManyOpenOrders,
        Rejection::AmountsExhausted => Code::AmountsExhausted,
        Rejection::UnknownWallet => Code::UnknownWallet,
        Rejection::OrderIs(_) => Code::OrderStatus,
        Rejection::RefundNumberTaken => Code::RefundNumberTaken,
        Rejection::RefundExceeds { .. } => Code::RefundExceeds,
        Rejection::RefundIs(_) => Code::RefundState,
        Rejection::UnknownOrder
        | Rejection::UnknownPayment
        | Rejection::UnknownNotification
        | Rejection::UnknownCallback
        | Rejection::UnknownRefund => return not_found(),
        Rejection::Books(refusal) => finance::of_books(refusal),
        Rejection::Break(refusal) => finance::of_break(refusal),
        Rejection::Day(refusal) => finance::of_day(refusal),
        Rejection::BookAlreadyOpen
        | Rejection::BadPolicy(_)
        | Rejection::TooManyDeclared
        | Rejection::UnknownDevice => Code::Internal,
    };
    problem(code, &rejection.to_string())
}
