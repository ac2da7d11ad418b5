//! What a story can be about.
//!
//! Invariants: a text is taken for an id first, and for a merchant's own number only where no order
//! has that id.
//! Deliberately not here: whether the log knows it (`story`).

use duizhang_core::callback::CallbackId;
use duizhang_core::id::{BreakId, NotificationId, OrderId, PaymentId};

use crate::error::ReplayError;

/// What a story can be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An order by its id.
    Order(OrderId),
    /// An order by its merchant's own number.
    OrderNumber(String),
    /// One delivery of evidence.
    Notification(NotificationId),
    /// A payment.
    Payment(PaymentId),
    /// A callback with all its attempts.
    Callback(CallbackId),
    /// A break.
    Break(BreakId),
}

impl Subject {
    /// What these two words of a command line mean.
    ///
    /// # Errors
    /// [`ReplayError::UnknownKind`] or [`ReplayError::NotAnId`].
    pub fn parse(kind: &str, id: &str) -> Result<Self, ReplayError> {
        let not_an_id = |kind| move |_| ReplayError::NotAnId { kind, id: id.to_owned() };
        match kind {
            "order" => {
                Ok(id.parse().map_or_else(|_| Self::OrderNumber(id.to_owned()), Self::Order))
            }
            "notification" => id.parse().map(Self::Notification).map_err(not_an_id("notification")),
            "payment" => id.parse().map(Self::Payment).map_err(not_an_id("payment")),
            "callback" => id.parse().map(Self::Callback).map_err(not_an_id("callback")),
            "break" => id.parse().map(Self::Break).map_err(not_an_id("break")),
            _ => Err(ReplayError::UnknownKind { kind: kind.to_owned() }),
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Order(_) | Self::OrderNumber(_) => "order",
            Self::Notification(_) => "notification",
            Self::Payment(_) => "payment",
            Self::Callback(_) => "callback",
            Self::Break(_) => "break",
        }
    }

    /// Its id as text.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Order(id) => id.to_string(),
            Self::OrderNumber(number) => number.clone(),
            Self::Notification(id) => id.to_string(),
            Self::Payment(id) => id.to_string(),
            Self::Callback(id) => id.to_string(),
            Self::Break(id) => id.to_string(),
        }
    }
}
