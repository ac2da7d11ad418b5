//! An order as queries and lists show it.
//!
//! Invariants: `money` is the asked amount with two decimals, as the original's database prints it;
//! what we do not know (the channel's own number, the buyer) is `null`, not made up, and left out
//! where the original leaves out what is empty.
//! Deliberately not here: codes and signatures.

use duizhang_core::order::OrderStatus;
use duizhang_core::time::Timestamp;
use duizhang_projections::calendar::Zone;
use duizhang_projections::orders::OrderView;
use serde_json::Value;

use super::callback::kind_of;
use super::fields::{Fields, pid};
use crate::dialects::Desk;

/// `Y-m-d H:i:s`
pub(super) fn time_text(at: Timestamp, zone: Zone) -> String {
    format!("{} {}", zone.day_of(at), zone.clock_text(at))
}

/// 1 for an order whose money came, else 0. Underpaid is 0: the shop must not deliver while a
/// person decides.
pub(super) fn status_of(order: &OrderView) -> i32 {
    i32::from(order.status.is_settled())
}

/// Whether a shop may stop waiting.
pub(super) fn is_over(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Expired | OrderStatus::Closed)
}

/// The fields from `type` to `buyer`.
pub(super) fn described(fields: Fields, order: &OrderView, desk: &dyn Desk) -> Fields {
    let zone = desk.zone();
    let ended = order.ended_at.filter(|_| order.status.is_settled());
    fields
        .with("type", kind_of(order))
        .with("pid", pid(&order.merchant))
        .with("addtime", time_text(order.created_at, zone))
        .with("endtime", ended.map(|at| time_text(at, zone)))
        .with("name", order.subject.clone())
        .with("money", order.requested.decimal_text())
        .with("param", order.attachment.clone())
        .with("buyer", Value::Null)
}
