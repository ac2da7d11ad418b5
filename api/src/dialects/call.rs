//! What a request asks for, and what came of it, in our own words.

use duizhang_core::amount::Amount;
use duizhang_core::callback::CallbackId;
use duizhang_core::channel::Channel;
use duizhang_core::digest::Digest;
use duizhang_core::fact::Judgement;
use duizhang_core::id::{MerchantId, NotificationId, OrderId, PaymentId, RefundId};
use duizhang_core::order;
use duizhang_core::position::Position;
use duizhang_core::refund::RefundStep;
use duizhang_core::rejection::Rejection;
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::book::DeviceView;
use duizhang_projections::inbox::{Held, Question};
use duizhang_projections::orders::OrderView;
use duizhang_projections::refunds::RefundView;

use super::deed::{Deed, Look, Seen};

/// Who proved to be calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A merchant, by signature or token; sees its own orders only.
    Merchant(MerchantId),
    /// An operator, by token.
    Operator(String),
    /// Whoever holds the link of an order; the order's id is the capability.
    Holder,
}

/// Most held payments and questions on one page of the inbox: 200 with 16 candidates of 26 letters
/// are some 150 KiB of JSON.
pub const PAGE_INBOX_MAX: usize = 200;

/// A verified request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who asks.
    pub caller: Caller,
    /// For what.
    pub action: Action,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// To be paid.
    Create(NewOrder),
    /// To be paid under a number of which an order may have expired unpaid: an order of the same
    /// terms follows it.
    CreateAgain {
        /// The request, under the number of the order that may have expired.
        order: NewOrder,
        /// The number of the one that follows.
        number: String,
    },
    /// One order.
    Get(OrderQuery),
    /// A page of the caller's orders.
    List {
        /// Only orders before this place in the log; [`Position`] of the last order of the page
        /// before.
        before: Option<Position>,
        /// How many at the most.
        limit: usize,
    },
    /// A page of the caller's orders that came in one protocol, counted from the newest; of its
    /// newest [`PAGE_ROWS_MAX`] orders only.
    Page {
        /// The protocol.
        dialect: order::Dialect,
        /// Only settled ones, or only those that are not.
        settled: Option<bool>,
        /// How many to leave out in front; [`PAGE_OFFSET_MAX`] at the most.
        offset: usize,
        /// How many at the most.
        limit: usize,
    },
    /// That an order be closed.
    Close(OrderId),
    /// How the devices of the caller's wallets are.
    Watchers,
    /// That money go back.
    Refund(NewRefund),
    /// One refund.
    GetRefund(RefundId),
    /// All refunds of an order.
    ListRefunds(OrderId),
    /// That a refund move on. Operators only.
    StepRefund {
        /// Which one.
        refund: RefundId,
        /// To where.
        step: RefundStep,
        /// The evidence or the reason.
        evidence: String,
    },
    /// That a callback be sent again. Operators, and merchants for their own orders.
    Redeliver(CallbackId),
    /// A page of what waits for a person, in the order of the log. Operators only.
    Inbox {
        /// Only what lies behind this place in the log; the `next` of the page before.
        after: Option<Position>,
        /// How much at the most.
        limit: usize,
    },
    /// That a held payment be an order's. Operators only.
    Assign {
        /// The payment.
        payment: PaymentId,
        /// The order.
        order: OrderId,
        /// Why.
        reason: String,
    },
    /// That a held payment be no order's. Operators only.
    Dismiss {
        /// The payment.
        payment: PaymentId,
        /// Why.
        reason: String,
    },
    /// What evidence says, by a person's word. Operators only.
    Judge {
        /// The delivery.
        notification: NotificationId,
        /// What it says.
        judgement: Judgement,
        /// Why.
        reason: String,
    },
    /// That a deed of breaks, days or the books be recorded. Operators only.
    Record(Deed),
    /// A look at breaks, days or the books. Operators only.
    Look(Look),
}

/// Most orders that a page may leave out in front: 200 pages of 50. They are walked one by one.
pub const PAGE_OFFSET_MAX: usize = 10_000;

/// Most orders that are looked at for a page: the longest way in front and as many that do not fit.
/// 20,000 rows of 128 bytes are 2.5 MB, read within a millisecond or so while the writer waits.
pub const PAGE_ROWS_MAX: usize = 2 * PAGE_OFFSET_MAX;

/// How an order is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderQuery {
    /// By our id.
    Id(OrderId),
    /// By the merchant's own number.
    Number(String),
}

/// A request to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The merchant's own number; our id's text where it names none.
    pub number: Option<String>,
    /// The asked amount.
    pub requested: Amount,
    /// The networks that the payer may use; empty means any.
    pub channels: Vec<Channel>,
    /// How long to wait for the payment.
    pub ttl: Option<Span>,
    /// Where the callback goes.
    pub notify_url: Option<String>,
    /// Where the payer's browser goes afterwards.
    pub return_url: Option<String>,
    /// What is being paid for.
    pub subject: Option<String>,
    /// Text that goes back unchanged.
    pub attachment: Option<String>,
    /// What the dialect keeps of the request's own spelling.
    pub echo: Option<String>,
    /// The fingerprint of the client's idempotency key.
    pub idempotency: Option<Digest>,
}

/// A request to give money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// Of which order.
    pub order: OrderId,
    /// The merchant's own number; our id's text where it names none.
    pub number: Option<String>,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: String,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An order as it is now.
    Order {
        /// The order.
        order: Box<OrderView>,
        /// Whether the same request was carried out before.
        repeated: bool,
    },
    /// A page of orders, newest first.
    Orders {
        /// The page.
        orders: Vec<OrderView>,
        /// Where the next page begins; none on the last.
        next: Option<Position>,
    },
    /// A refund as it is now.
    Refund {
        /// The refund.
        refund: Box<RefundView>,
        /// Whether the same request was carried out before.
        repeated: bool,
    },
    /// Refunds.
    Refunds(Vec<RefundView>),
    /// Devices, and when one of them last brought money.
    Watchers {
        /// The devices.
        devices: Vec<DeviceView>,
        /// When money last came.
        last_money: Option<Timestamp>,
    },
    /// A page of what waits for a person, the oldest first.
    Inbox {
        /// Payments in suspense.
        held: Vec<Held>,
        /// Evidence that nobody could read, or that contradicts itself.
        questions: Vec<Question>,
        /// Where the next page begins; none on the last.
        next: Option<Position>,
    },
    /// Breaks, days, movements or adjustments as they are now.
    Seen {
        /// What is seen.
        seen: Box<Seen>,
        /// Whether the same was recorded before.
        repeated: bool,
    },
    /// Done; there is nothing to show.
    Done,
    /// No such thing, or another merchant's.
    NotFound,
    /// The caller may not do this.
    Forbidden,
    /// The rules refuse.
    Rejected(Rejection),
    /// The writer is overloaded; nothing has changed.
    Busy,
    /// The log failed; whether it happened is unknown until the same request is repeated.
    OutcomeUnknown,
}
