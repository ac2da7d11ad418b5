//! Errors as problem documents (RFC 9457), each with a code that programs can rely on.
//!
//! Invariants: a code has one status and one title for ever; a thing that does not exist and
//! another merchant's thing have the same document; a detail never repeats a token.
//! Deliberately not here: when a problem arises.

use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::Answer;
use serde::Serialize;
use utoipa::ToSchema;

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
    /// The server has too much to do.
    Busy,
    /// Nobody knows whether it happened.
    OutcomeUnknown,
    /// The server contradicts itself.
    Internal,
}

impl Code {
    /// All codes, for the documentation.
    pub(super) const ALL: [Self; 26] = [
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
        Self::Busy,
        Self::OutcomeUnknown,
        Self::Internal,
    ];

    /// The word, the status and the title.
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
        // No request of this dialect is about the books, breaks or days.
        Rejection::Books(_)
        | Rejection::Break(_)
        | Rejection::Day(_)
        | Rejection::BookAlreadyOpen
        | Rejection::BadPolicy(_)
        | Rejection::TooManyDeclared
        | Rejection::UnknownDevice => Code::Internal,
    };
    problem(code, &rejection.to_string())
}
