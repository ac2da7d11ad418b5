//! An order: one request to be paid. Its statuses, and the rulings on requesting and closing one.
//!
//! Invariants: a number is unique for its merchant, and a repeat with the same content is answered
//! with the same order; an order is accepted only together with a held amount.
//! Deliberately not here: which amount is held ([`crate::allocator`]), what pays it
//! ([`crate::matcher`]).

use alloc::vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::allocator;
use crate::amount::Currency;
use crate::decide::{Repeat, Ruling};
use crate::decision::Decision;
use crate::declare::check_text;
use crate::digest::Digest;
use crate::fact::{Closer, OrderCloseRequested, OrderRequested};
use crate::id::MerchantId;
use crate::limits::{
    NOTE_BYTES_MAX, ORDER_NUMBER_BYTES_MAX, ORDER_TEXT_BYTES_MAX, ORDER_TTL_MAX, ORDER_TTL_MIN,
    URL_BYTES_MAX,
};
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::Timestamp;

/// The protocol that an order was requested in. Variants are only ever appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// Our own `/v1`.
    Native,
    /// V免签 and its forks.
    Vmq,
    /// BufPay.
    Bufpay,
    /// GOGO支付.
    Gogo,
    /// 码支付 (codepay).
    Codepay,
    /// 彩虹易支付 (epay), its first and its second version.
    Epay,
    /// The Youzan bridge.
    Youzan,
}

impl Dialect {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Vmq => "vmq",
            Self::Bufpay => "bufpay",
            Self::Gogo => "gogo",
            Self::Codepay => "codepay",
            Self::Epay => "epay",
            Self::Youzan => "youzan",
        }
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderStatus {
    /// Waits for its payment.
    Open,
    /// Paid in time with the payable amount.
    Paid,
    /// The payable amount came, and we were told of it after the order had expired.
    PaidLate,
    /// Paid with more than the payable amount.
    Overpaid,
    /// Less than the payable amount came.
    Underpaid,
    /// Nothing came in time.
    Expired,
    /// Closed before anything came.
    Closed,
}

impl OrderStatus {
    /// The word that views, API and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::PaidLate => "paid_late",
            Self::Overpaid => "overpaid",
            Self::Underpaid => "underpaid",
            Self::Expired => "expired",
            Self::Closed => "closed",
        }
    }

    /// Whether the merchant has been promised its money.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Paid | Self::PaidLate | Self::Overpaid)
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The fingerprint under which a merchant's order number is remembered.
#[must_use]
pub fn number_key(merchant: &MerchantId, number: &str) -> Digest {
    Digest::of(&[b"order", merchant.as_str().as_bytes(), number.as_bytes()])
}

/// The fingerprint of everything that must be equal for a request to be a repeat.
#[must_use]
pub fn terms(request: &OrderRequested) -> Digest {
    fn text(field: Option<&str>) -> [&[u8]; 2] {
        // The flag tells an absent text from an empty one.
        [if field.is_some() { b"+" } else { b"-" }, field.unwrap_or_default().as_bytes()]
    }
    let [notify, notify_text] = text(request.notify_url.as_deref());
    let [back, back_text] = text(request.return_url.as_deref());
    let [subject, subject_text] = text(request.subject.as_deref());
    let [attachment, attachment_text] = text(request.attachment.as_deref());
    let mut channels = [0_u8; crate::channel::Channel::ALL.len()];
    for (flag, channel) in channels.iter_mut().zip(crate::channel::Channel::ALL) {
        *flag = u8::from(request.channels.contains(&channel));
    }
    Digest::of(&[
        &request.requested.minor().to_be_bytes(),
        request.requested.currency().code().as_bytes(),
        &channels,
        request.dialect.word().as_bytes(),
        notify,
        notify_text,
        back,
        back_text,
        subject,
        subject_text,
        attachment,
        attachment_text,
    ])
}

/// The fingerprint of a client's idempotency key, apart for each merchant.
#[must_use]
pub fn idempotency_key(merchant: &MerchantId, key: &str) -> Digest {
    Digest::of(&[b"idempotency", merchant.as_str().as_bytes(), key.as_bytes()])
}

fn check_texts(request: &OrderRequested) -> Result<(), Rejection> {
    if request.number.is_empty() {
        return Err(Rejection::BadText("number"));
    }
    check_text("number", &request.number, ORDER_NUMBER_BYTES_MAX)?;
    let optional = [
        ("notify_url", &request.notify_url, URL_BYTES_MAX),
        ("return_url", &request.return_url, URL_BYTES_MAX),
        ("subject", &request.subject, ORDER_TEXT_BYTES_MAX),
        ("attachment", &request.attachment, ORDER_TEXT_BYTES_MAX),
        ("echo", &request.echo, ORDER_TEXT_BYTES_MAX),
    ];
    for (field, text, bytes_max) in optional {
        check_text(field, text.as_deref().unwrap_or_default(), bytes_max)?;
    }
    Ok(())
}

pub(crate) fn rule_on_request(
    state: &State,
    at: Timestamp,
    request: &OrderRequested,
) -> Result<Ruling, Rejection> {
    let (merchant_index, merchant) =
        state.merchant(&request.merchant).ok_or(Rejection::UnknownMerchant)?;
    if !merchant.enabled {
        return Err(Rejection::UnknownMerchant);
    }
    check_texts(request)?;
    if !request.requested.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    if request.requested.currency() != Currency::Cny {
        return Err(Rejection::CurrencyUnsupported);
    }
    if let Some(repeat) = find_repeat(state, request)? {
        return Ok(Ruling::Repeat(repeat));
    }
    if state.open_orders(merchant_index) >= state.policy().open_orders_max {
        return Err(Rejection::TooManyOpenOrders);
    }
    assert!(state.order(request.order).is_none(), "a drawn order id is new");
    let hold = allocator::find_hold(state, merchant, request.requested, &request.channels)?;
    let ttl = request.ttl.unwrap_or(state.policy().order_ttl).clamp(ORDER_TTL_MIN, ORDER_TTL_MAX);
    Ok(Ruling::Decided(vec![Decision::OrderAccepted {
        order: request.order,
        wallet: hold.wallet,
        payable: hold.payable,
        expires_at: at.plus(ttl),
    }]))
}

/// The request that this one repeats. A repeat that is known by its number alone enters no log, so
/// a key that comes with it for the first time stays unknown and may be used for another order.
fn find_repeat(state: &State, request: &OrderRequested) -> Result<Option<Repeat>, Rejection> {
    let number = number_key(&request.merchant, &request.number);
    let by_key = request.idempotency.and_then(|key| state.order_by_idempotency(key));
    if let Some(row) = by_key {
        return if row.key == number && row.terms == terms(request) {
            Ok(Some(Repeat::Order(row.id)))
        } else {
            Err(Rejection::IdempotencyKeyReused(row.id))
        };
    }
    match state.order_by_number(number) {
        Some(row) if row.terms == terms(request) => Ok(Some(Repeat::Order(row.id))),
        Some(row) => Err(Rejection::NumberTaken(row.id)),
        None => Ok(None),
    }
}

pub(crate) fn rule_on_close(
    state: &State,
    at: Timestamp,
    request: &OrderCloseRequested,
) -> Result<Ruling, Rejection> {
    if let Closer::Operator(name) = &request.by
        && (name.trim().is_empty() || name.len() > NOTE_BYTES_MAX)
    {
        return Err(Rejection::BadText("by"));
    }
    let row = state.order(request.order).ok_or(Rejection::UnknownOrder)?;
    match &request.by {
        Closer::Merchant(id) if state.merchant_of(row).id != *id => Err(Rejection::UnknownOrder),
        Closer::Merchant(_) | Closer::Operator(_) => match row.status {
            OrderStatus::Open => Ok(Ruling::Decided(vec![Decision::OrderClosed {
                order: row.id,
                quarantined_until: at.plus(state.policy().quarantine),
            }])),
            OrderStatus::Closed => Ok(Ruling::Repeat(Repeat::Order(row.id))),
            status @ (OrderStatus::Paid
            | OrderStatus::PaidLate
            | OrderStatus::Overpaid
            | OrderStatus::Underpaid
            | OrderStatus::Expired) => Err(Rejection::OrderIs(status)),
        },
    }
}
