//! Why the rules refuse. A refused fact changes nothing and does not enter the log.
//!
//! The order of the variants is their precedence: where several apply, the first is given. A repeat
//! of an earlier request with the same content is not a refusal
//! ([`crate::decide::Ruling::Repeat`]).

use core::fmt;

use crate::amount::Amount;
use crate::breaks::BreakRefusal;
use crate::closing::DayRefusal;
use crate::id::OrderId;
use crate::ledger::BooksRefusal;
use crate::order::OrderStatus;
use crate::policy::PolicyError;
use crate::refund::RefundState;

/// Why the rules refuse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// The log has been opened before.
    BookAlreadyOpen,
    /// The settings contradict each other.
    BadPolicy(PolicyError),
    /// No such merchant, or it is switched off.
    UnknownMerchant,
    /// A text is empty, too long or holds control characters; the field is named.
    BadText(&'static str),
    /// No such device, or it is switched off.
    UnknownDevice,
    /// No such open notification.
    UnknownNotification,
    /// No such wallet.
    UnknownWallet,
    /// More declarations than a book may have.
    TooManyDeclared,
    /// The amount is zero or negative.
    AmountNotPositive,
    /// No such order, or another merchant's.
    UnknownOrder,
    /// No such held payment.
    UnknownPayment,
    /// No such callback, or no attempt of it is due.
    UnknownCallback,
    /// No such refund.
    UnknownRefund,
    /// The currency is not the wallets' own.
    CurrencyUnsupported,
    /// The client used this idempotency key before with other content.
    IdempotencyKeyReused(OrderId),
    /// The merchant used this number before with other content.
    NumberTaken(OrderId),
    /// The merchant used this refund number before with other content.
    RefundNumberTaken,
    /// The order's state does not allow it.
    OrderIs(OrderStatus),
    /// The refund's state does not allow this step.
    RefundIs(RefundState),
    /// More than what is left of the received amount.
    RefundExceeds {
        /// What is left.
        left: Amount,
    },
    /// The merchant has as many open orders as it may have.
    TooManyOpenOrders,
    /// The merchant has no usable wallet for the channel.
    NoWallet,
    /// Every amount within the allowed distance is held.
    AmountsExhausted,
    /// The books do not take what was recorded or proposed.
    Books(BooksRefusal),
    /// What is said of statements, runs or breaks cannot be.
    Break(BreakRefusal),
    /// The day does not close, or does not open again.
    Day(DayRefusal),
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BookAlreadyOpen => f.write_str("the book is already open"),
            Self::BadPolicy(error) => write!(f, "bad policy: {error}"),
            Self::TooManyDeclared => f.write_str("too many merchants, wallets or devices"),
            Self::UnknownMerchant => f.write_str("unknown merchant"),
            Self::UnknownWallet => f.write_str("unknown wallet"),
            Self::UnknownDevice => f.write_str("unknown device"),
            Self::BadText(field) => {
                write!(f, "{field} is empty, too long or holds control characters")
            }
            Self::AmountNotPositive => f.write_str("the amount must be more than zero"),
            Self::CurrencyUnsupported => f.write_str("no wallet takes this currency"),
            Self::NumberTaken(order) => {
                write!(f, "the order number was used with other content by order {order}")
            }
            Self::IdempotencyKeyReused(order) => {
                write!(f, "the idempotency key was used with other content by order {order}")
            }
            Self::NoWallet => f.write_str("no wallet can take this payment"),
            Self::TooManyOpenOrders => f.write_str("too many open orders"),
            Self::AmountsExhausted => {
                f.write_str("every amount near the asked one is held by another order")
            }
            Self::UnknownOrder => f.write_str("unknown order"),
            Self::OrderIs(status) => write!(f, "the order is {status}"),
            Self::UnknownPayment => f.write_str("no such payment is waiting"),
            Self::UnknownNotification => f.write_str("no such notification is waiting"),
            Self::UnknownCallback => f.write_str("no such callback is waiting"),
            Self::RefundNumberTaken => f.write_str("the refund number was used with other content"),
            Self::RefundExceeds { left } => write!(f, "only {left} can be refunded"),
            Self::UnknownRefund => f.write_str("unknown refund"),
            Self::RefundIs(state) => write!(f, "the refund is {state}"),
            Self::Books(refusal) => refusal.fmt(f),
            Self::Break(refusal) => refusal.fmt(f),
            Self::Day(refusal) => refusal.fmt(f),
        }
    }
}

impl core::error::Error for Rejection {}
