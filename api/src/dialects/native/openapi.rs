//! The OpenAPI 3.1 document of the protocol.
//!
//! Invariants: the document names exactly the rows of the path table, and its schemas are derived
//! from the structs that are read and written, so it cannot drift from them; the operations below
//! exist only to be described.
//! Deliberately not here: the page for people (see `docs_page.rs`).

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::finance;
use super::problem::{Code, Problem};
use super::sent::{
    AssignBody, DismissBody, JudgeBody, NewOrderBody, NewRefundBody, Says, StepBody,
};
use super::shown::{
    DeviceListBody, InboxBody, OrderBody, OrderPageBody, RefundBody, RefundListBody, Webhook,
};

/// The document as JSON.
#[must_use]
pub fn openapi_document() -> String {
    let mut document = Document::openapi();
    document.merge(finance::Document::openapi());
    document.to_json().expect("a document of texts is always JSON")
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Duizhang",
        description = "Create orders, follow them, give money back. Amounts are texts, never numbers. \
            Callbacks follow the Standard Webhooks specification.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        operations::create_order,
        operations::list_orders,
        operations::get_order,
        operations::close_order,
        operations::create_refund,
        operations::list_refunds,
        operations::get_refund,
        operations::redeliver,
        operations::inbox,
        operations::devices,
        operations::assign,
        operations::dismiss,
        operations::judge,
        operations::approve,
        operations::send,
        operations::confirm,
        operations::decline,
    ),
    components(schemas(
        NewOrderBody, OrderBody, OrderPageBody, NewRefundBody, RefundBody, RefundListBody,
        AssignBody,
        DismissBody,
        JudgeBody, Says, StepBody, InboxBody, DeviceListBody, Problem, Code, Webhook<OrderBody>,
    )),
    modifiers(&Bearer),
    security(("bearer" = [])),
)]
struct Document;

/// Says how callers prove who they are.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", scheme);
    }
}

#[expect(dead_code, reason = "the operations are described here and carried out elsewhere")]
mod operations {
    use super::*;

    /// Creates an order.
    ///
    /// The same Idempotency-Key, or the same number, with the same content gives the same order
    /// again.
    #[utoipa::path(
        post,
        path = "/v1/orders",
        params(("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 printable ASCII characters")),
        request_body(content = NewOrderBody, example = json!({
            "number": "SO-1001", "amount": "12.50", "currency": "CNY", "channels": ["alipay"],
            "expires_in": 300, "notify_url": "https://shop.example/webhook",
            "return_url": "https://shop.example/thanks", "subject": "Membership, one year",
            "attachment": "user 1001"
        })),
        responses(
            (status = 201, description = "The new order", body = OrderBody),
            (status = 200, description = "The same order again", body = OrderBody,
                headers(("Idempotent-Replayed" = String, description = "true"))),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn create_order() {}

    /// Lists orders, newest first, or finds the one with a number.
    #[utoipa::path(
        get,
        path = "/v1/orders",
        params(
            ("number" = Option<String>, Query, description = "The merchant's number; answers one order"),
            ("limit" = Option<u32>, Query, description = "Orders on the page, 1 to 200; 20 where absent"),
            ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
        ),
        responses(
            (status = 200, description = "A page of orders", body = OrderPageBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn list_orders() {}

    /// Shows an order.
    #[utoipa::path(
        get,
        path = "/v1/orders/{id}",
        params(("id" = String, Path, description = "The order's id")),
        responses(
            (status = 200, description = "The order", body = OrderBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn get_order() {}

    /// Closes an order that nobody has paid.
    #[utoipa::path(
        post,
        path = "/v1/orders/{id}/close",
        params(("id" = String, Path, description = "The order's id")),
        responses(
            (status = 200, description = "The closed order", body = OrderBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn close_order() {}

    /// Asks that money go back. An operator sends it and gives the evidence.
    #[utoipa::path(
        post,
        path = "/v1/orders/{id}/refunds",
        params(("id" = String, Path, description = "The order's id")),
        request_body(content = NewRefundBody, example = json!({
            "number": "RF-1", "amount": "2.50", "reason": "one item was missing"
        })),
        responses(
            (status = 201, description = "The new refund", body = RefundBody),
            (status = 200, description = "The same refund again", body = RefundBody,
                headers(("Idempotent-Replayed" = String, description = "true"))),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn create_refund() {}

    /// Lists the refunds of an order.
    #[utoipa::path(
        get,
        path = "/v1/orders/{id}/refunds",
        params(("id" = String, Path, description = "The order's id")),
        responses(
            (status = 200, description = "The refunds", body = RefundListBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn list_refunds() {}

    /// Shows a refund.
    #[utoipa::path(
        get,
        path = "/v1/refunds/{id}",
        params(("id" = String, Path, description = "The refund's id")),
        responses(
            (status = 200, description = "The refund", body = RefundBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn get_refund() {}

    /// Sends a callback again, with its first id.
    #[utoipa::path(
        post,
        path = "/v1/callbacks/{id}/redeliver",
        params(("id" = String, Path, description = "The callback's id, the webhook-id of its attempts")),
        responses(
            (status = 204, description = "It will be sent at once"),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn redeliver() {}

    /// Shows what waits for a person, the oldest first. Operators only.
    #[utoipa::path(
        get,
        path = "/v1/operator/inbox",
        params(
            ("limit" = Option<u32>, Query,
                description = "Payments and questions on the page, 1 to 200; 100 where absent"),
            ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
        ),
        responses(
            (status = 200, description = "Held payments and open questions", body = InboxBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn inbox() {}

    /// Shows which devices are watching. Operators only.
    #[utoipa::path(
        get,
        path = "/v1/operator/devices",
        responses(
            (status = 200, description = "The devices", body = DeviceListBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn devices() {}

    /// Says which order a held payment belongs to. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/payments/{id}/assign",
        params(("id" = String, Path, description = "The payment's id")),
        request_body(content = AssignBody, example = json!({
            "order": "o00000000000000000000000007", "reason": "the payer sent a screenshot"
        })),
        responses(
            (status = 200, description = "The order as it is now", body = OrderBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn assign() {}

    /// Says that a held payment belongs to no order. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/payments/{id}/dismiss",
        params(("id" = String, Path, description = "The payment's id")),
        request_body(content = DismissBody, example = json!({
            "reason": "paid twice, sent back by hand"
        })),
        responses(
            (status = 204, description = "Dismissed, now or before"),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn dismiss() {}

    /// Says what a notification says that nobody could read. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/notifications/{id}/judge",
        params(("id" = String, Path, description = "The notification's id")),
        request_body(content = JudgeBody, example = json!({
            "says": "money", "wallet": "ali-main", "amount": "12.51",
            "paid_at": "2026-11-21T12:00:00+08:00", "reason": "read on the phone's screen"
        })),
        responses(
            (status = 204, description = "Judged"),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn judge() {}

    /// Approves a requested refund. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/refunds/{id}/approve",
        params(("id" = String, Path, description = "The refund's id")),
        request_body(content = StepBody, example = json!({"evidence": "checked with the shop"})),
        responses(
            (status = 200, description = "The refund as it is now", body = RefundBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn approve() {}

    /// Says that the money of an approved refund was sent. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/refunds/{id}/send",
        params(("id" = String, Path, description = "The refund's id")),
        request_body(content = StepBody, example = json!({"evidence": "transfer 20261121-77"})),
        responses(
            (status = 200, description = "The refund as it is now", body = RefundBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn send() {}

    /// Says that the money of a sent refund arrived. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/refunds/{id}/confirm",
        params(("id" = String, Path, description = "The refund's id")),
        request_body(content = StepBody, example = json!({"evidence": "seen on the statement"})),
        responses(
            (status = 200, description = "The refund as it is now", body = RefundBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn confirm() {}

    /// Declines a refund that is not confirmed yet. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/refunds/{id}/decline",
        params(("id" = String, Path, description = "The refund's id")),
        request_body(content = StepBody, example = json!({"evidence": "paid out in cash"})),
        responses(
            (status = 200, description = "The refund as it is now", body = RefundBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn decline() {}
}
