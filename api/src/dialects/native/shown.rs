//! The JSON that callers get.
//!
//! Invariants: an amount is a text and never a JSON number, because a number passes through
//! floating point in most readers; a field that has no value is `null` and not left out, so that
//! every answer has one shape.
//! Deliberately not here: how the fields come about (see [`super::answers`]), and problem
//! documents.

use std::fmt;

use duizhang_core::amount::Amount;
use duizhang_core::id::{NotificationId, OrderId, PaymentId, RefundId, WalletId};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// Anything that prints itself, as a JSON text without a copy in between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<T>(pub(super) T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(super) struct OrderBody<'a> {
    /// Its id; whoever holds it may see the cashier page.
    #[schema(value_type = String, example = "o00000000000000000000000007")]
    pub(super) id: Text<OrderId>,
    /// The merchant's own number.
    #[schema(example = "SO-1001")]
    pub(super) number: &'a str,
    /// `open`, `paid`, `paid_late`, `overpaid`, `underpaid`, `expired` or `closed`.
    #[schema(example = "open")]
    pub(super) status: &'a str,
    /// The network of the wallet that receives.
    #[schema(example = "alipay")]
    pub(super) channel: &'a str,
    /// The currency of all amounts.
    #[schema(example = "CNY")]
    pub(super) currency: &'a str,
    /// The asked amount.
    #[schema(value_type = String, example = "12.50")]
    pub(super) requested: AmountDigits,
    /// The amount to pay.
    #[schema(value_type = String, example = "12.51")]
    pub(super) payable: AmountDigits,
    /// The amount that came.
    #[schema(value_type = String, example = "0.00")]
    pub(super) received: AmountDigits,
    /// The amount in refunds that were not declined.
    #[schema(value_type = String, example = "0.00")]
    pub(super) refunded: AmountDigits,
    /// The text of the code to pay with.
    #[schema(example = "https://qr.alipay.com/fkx000000000000")]
    pub(super) qr: &'a str,
    /// Whether the code carries the amount; otherwise the payer types `payable`.
    #[schema(example = false)]
    pub(super) qr_fixed: bool,
    /// The page to show the payer.
    #[schema(example = "https://pay.example/pay/o00000000000000000000000007")]
    pub(super) cashier_url: String,
    /// What is being paid for.
    pub(super) subject: Option<&'a str>,
    /// Text that goes back unchanged.
    pub(super) attachment: Option<&'a str>,
    /// Where the callback goes.
    pub(super) notify_url: Option<&'a str>,
    /// Where the payer's browser goes afterwards.
    pub(super) return_url: Option<&'a str>,
    /// How the latest callback stands: `none`, `pending`, `acknowledged` or `abandoned`.
    #[schema(example = "none")]
    pub(super) callback: &'a str,
    /// When it was accepted, RFC 3339.
    #[schema(example = "2026-11-21T12:00:00+08:00")]
    pub(super) created_at: String,
    /// When it stops waiting.
    #[schema(example = "2026-11-21T12:05:00+08:00")]
    pub(super) expires_at: String,
    /// When it left the open state.
    pub(super) ended_at: Option<String>,
}

/// An amount as a text with all decimals of its currency.
#[derive(Clone, Copy, Debug)]
pub(super) struct AmountDigits(pub(super) Amount);

impl Serialize for AmountDigits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.decimal_text())
    }
}

/// A page of orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPage)]
pub(super) struct OrderPageBody<'a> {
    /// The orders.
    pub(super) orders: Vec<OrderBody<'a>>,
    /// What to ask for the next page with; `null` on the last.
    #[schema(example = "c2a")]
    pub(super) next_cursor: Option<String>,
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub(super) struct RefundBody<'a> {
    /// Its id.
    #[schema(value_type = String, example = "r00000000000000000000000009")]
    pub(super) id: Text<RefundId>,
    /// Of which order.
    #[schema(value_type = String, example = "o00000000000000000000000007")]
    pub(super) order: Text<OrderId>,
    /// The merchant's own number.
    #[schema(example = "RF-1")]
    pub(super) number: &'a str,
    /// How much.
    #[schema(value_type = String, example = "2.50")]
    pub(super) amount: AmountDigits,
    /// Its currency.
    #[schema(example = "CNY")]
    pub(super) currency: &'a str,
    /// Why.
    #[schema(example = "one item was missing")]
    pub(super) reason: &'a str,
    /// `requested`, `approved`, `sent`, `confirmed` or `declined`.
    #[schema(example = "requested")]
    pub(super) state: &'a str,
    /// The evidence given at the last step.
    pub(super) evidence: Option<&'a str>,
    /// When it was asked for, RFC 3339.
    #[schema(example = "2026-11-21T12:10:00+08:00")]
    pub(super) created_at: String,
    /// When it last moved.
    #[schema(example = "2026-11-21T12:10:00+08:00")]
    pub(super) updated_at: String,
}

/// The refunds of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundList)]
pub(super) struct RefundListBody<'a> {
    /// The refunds.
    pub(super) refunds: Vec<RefundBody<'a>>,
}

/// A payment in suspense.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldPayment)]
pub(super) struct HeldBody {
    /// The payment's id.
    #[schema(value_type = String)]
    pub(super) payment: Text<PaymentId>,
    /// How much.
    #[schema(value_type = String, example = "12.51")]
    pub(super) amount: AmountDigits,
    /// The wallets that it may have come to.
    #[schema(value_type = Vec<String>)]
    pub(super) wallets: Vec<Text<WalletId>>,
    /// When it was paid, as far as we can tell.
    pub(super) paid_at: String,
    /// Since when it waits.
    pub(super) since: String,
    /// `ambiguous` or `orphan`, rarely another grade.
    #[schema(example = "ambiguous")]
    pub(super) grade: &'static str,
    /// Why it is held.
    #[schema(example = "several_orders")]
    pub(super) reason: &'static str,
    /// Every order that could have been meant.
    #[schema(value_type = Vec<String>)]
    pub(super) candidates: Vec<Text<OrderId>>,
    /// The only order left, where others were settled since.
    #[schema(value_type = Option<String>)]
    pub(super) proposed: Option<Text<OrderId>>,
}

/// Evidence that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenQuestion)]
pub(super) struct QuestionBody {
    /// The notification's id.
    #[schema(value_type = String)]
    pub(super) notification: Text<NotificationId>,
    /// `unreadable` or `conflict`.
    #[schema(example = "unreadable")]
    pub(super) verdict: &'static str,
    /// Since when it waits.
    pub(super) since: String,
}

/// A page of what waits for a person, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Inbox)]
pub(super) struct InboxBody {
    /// Payments in suspense.
    pub(super) held: Vec<HeldBody>,
    /// Evidence that nobody could read, or that contradicts itself.
    pub(super) questions: Vec<QuestionBody>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

/// A device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Device)]
pub(super) struct DeviceBody<'a> {
    /// Its name.
    #[schema(example = "phone-1")]
    pub(super) id: &'a str,
    /// The wallets that it watches.
    pub(super) wallets: Vec<&'a str>,
    /// Whether it may report.
    pub(super) enabled: bool,
    /// Whether it counts as offline.
    pub(super) silent: bool,
    /// When it was last heard.
    pub(super) last_heard: Option<String>,
    /// When its last money came.
    pub(super) last_money: Option<String>,
}

/// The devices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceList)]
pub(super) struct DeviceListBody<'a> {
    /// The devices.
    pub(super) devices: Vec<DeviceBody<'a>>,
    /// When money last came.
    pub(super) last_money: Option<String>,
}

/// A callback: the payload of Standard Webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook<T> {
    /// `order.paid`, `refund.confirmed` or `refund.declined`.
    #[serde(rename = "type")]
    #[schema(example = "order.paid")]
    pub(super) kind: &'static str,
    /// When it was due first, RFC 3339; the same in every attempt.
    #[schema(example = "2026-11-21T12:01:00+08:00")]
    pub(super) timestamp: String,
    /// The order or the refund as it is now.
    pub(super) data: T,
}
