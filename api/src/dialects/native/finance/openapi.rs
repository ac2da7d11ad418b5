//! Finance's part of the OpenAPI document.
//!
//! Invariants and absences: as for the document itself (`native/openapi.rs`).

use utoipa::OpenApi;

use super::sent::{
    AdjustmentBody, AdjustmentLineBody, CloseBody, CommentBody, EndBody, MovementBody,
    MovementKind, OwnerBody, ReasonBody, TakeBody, WaitBody,
};
use super::shown::{
    AdjustmentPageBody, AdjustmentShown, BreakBody, BreakPageBody, DayBody, DayPageBody,
    MovementPageBody, MovementShown,
};

#[derive(OpenApi)]
#[openapi(
    paths(
        operations::list_breaks,
        operations::get_break,
        operations::assign_break,
        operations::comment_break,
        operations::wait_break,
        operations::propose_break,
        operations::approve_break,
        operations::refuse_break,
        operations::resolve_break,
        operations::reopen_break,
        operations::take_line,
        operations::list_days,
        operations::get_day,
        operations::close_day,
        operations::reopen_day,
        operations::list_withdrawals,
        operations::record_movement,
        operations::list_adjustments,
        operations::propose_adjustment,
        operations::approve_adjustment,
        operations::decline_adjustment,
    ),
    components(schemas(
        AdjustmentBody,
        AdjustmentLineBody,
        CloseBody,
        CommentBody,
        EndBody,
        MovementBody,
        MovementKind,
        OwnerBody,
        ReasonBody,
        WaitBody,
        AdjustmentPageBody,
        AdjustmentShown,
        BreakBody,
        BreakPageBody,
        DayBody,
        DayPageBody,
        MovementPageBody,
        MovementShown,
    ))
)]
pub(in crate::dialects::native) struct Document;

#[expect(dead_code, reason = "the operations are described here and carried out elsewhere")]
mod operations {
    use super::*;
    use crate::dialects::native::problem::Problem;

    /// Lists breaks in the order of the log. Operators only.
    #[utoipa::path(
        get,
        path = "/v1/operator/breaks",
        params(
            ("day" = Option<String>, Query, description = "Booked in this business day"),
            ("state" = Option<String>, Query,
                description = "open, assigned, waiting, proposed, resolved, reopened, or unresolved"),
            ("wallet" = Option<String>, Query, description = "On this wallet's statement"),
            ("owner" = Option<String>, Query, description = "Given to this person"),
            ("limit" = Option<u32>, Query, description = "How many, 1 to 200; 100 where absent"),
            ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
        ),
        responses(
            (status = 200, description = "A page of breaks", body = BreakPageBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn list_breaks() {}

    /// Shows a break with everything that happened to it. Operators only.
    #[utoipa::path(
        get,
        path = "/v1/operator/breaks/{id}",
        params(("id" = String, Path, description = "The break's id")),
        responses(
            (status = 200, description = "The break", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn get_break() {}

    /// Gives a break to somebody. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/assign",
        params(("id" = String, Path, description = "The break's id")),
        request_body(content = OwnerBody, example = json!({"to": "li"})),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn assign_break() {}

    /// Writes to a break; nothing else changes. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/comment",
        params(("id" = String, Path, description = "The break's id")),
        request_body(content = CommentBody, example = json!({"text": "asked the channel, ticket 4711"})),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn comment_break() {}

    /// Lets a break wait for somebody else. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/wait",
        params(("id" = String, Path, description = "The break's id")),
        request_body(content = WaitBody, example = json!({"for": "provider"})),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn wait_break() {}

    /// Proposes an end that another person has to approve. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/propose",
        params(("id" = String, Path, description = "The break's id")),
        request_body(content = EndBody, example = json!({
            "resolution": "written-off", "root": "payer", "reason": "3 fen that nobody will pay"
        })),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn propose_break() {}

    /// Approves the end that another person proposed. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/approve",
        params(("id" = String, Path, description = "The break's id")),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn approve_break() {}

    /// Refuses the proposed end, or takes one's own back. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/refuse",
        params(("id" = String, Path, description = "The break's id")),
        request_body(content = ReasonBody, example = json!({"reason": "ask the payer first"})),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn refuse_break() {}

    /// Ends a break alone, where one person suffices. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/resolve",
        params(("id" = String, Path, description = "The break's id")),
        request_body(content = EndBody, example = json!({
            "resolution": "written-off", "root": "payer", "reason": "3 fen that nobody will pay"
        })),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn resolve_break() {}

    /// Opens a break that is over again. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/reopen",
        params(("id" = String, Path, description = "The break's id")),
        request_body(content = ReasonBody, example = json!({"reason": "the payer called"})),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn reopen_break() {}

    /// Takes a line that nobody observed for a payment: it settles the order that it can be meant
    /// for, or it is held. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/breaks/{id}/take",
        params(("id" = String, Path, description = "The break's id")),
        request_body(content = TakeBody, example = json!({
            "paid_at": "2026-11-20T10:03:00+08:00", "number": "A-1001",
            "reason": "the phone was off"
        })),
        responses(
            (status = 200, description = "The break as it is now", body = BreakBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn take_line() {}

    /// Lists the days that were reconciled or closed, or have breaks booked in them, latest first.
    ///
    /// Operators only.
    #[utoipa::path(
        get,
        path = "/v1/operator/days",
        params(
            ("limit" = Option<u32>, Query, description = "How many, 1 to 200; 100 where absent"),
            ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
        ),
        responses(
            (status = 200, description = "A page of days", body = DayPageBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn list_days() {}

    /// Shows a business day. Operators only.
    #[utoipa::path(
        get,
        path = "/v1/operator/days/{day}",
        params(("day" = String, Path, description = "The business day, like 2026-11-21")),
        responses(
            (status = 200, description = "The day", body = DayBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn get_day() {}

    /// Closes a business day with all its open breaks accepted by name. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/days/{day}/close",
        params(("day" = String, Path, description = "The business day, like 2026-11-21")),
        request_body(content = CloseBody, example = json!({
            "accepted": ["b00000000000000000000000007"], "reason": "the channel answers on Monday"
        })),
        responses(
            (status = 200, description = "The day as it is now", body = DayBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn close_day() {}

    /// Opens a closed day again; two persons have to ask. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/days/{day}/reopen",
        params(("day" = String, Path, description = "The business day, like 2026-11-21")),
        request_body(content = ReasonBody, example = json!({"reason": "a line came late"})),
        responses(
            (status = 200, description = "The day as it is now", body = DayBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn reopen_day() {}

    /// Lists the withdrawals that are not at the bank yet, oldest first. Operators only.
    #[utoipa::path(
        get,
        path = "/v1/operator/movements",
        params(
            ("limit" = Option<u32>, Query, description = "How many, 1 to 200; 100 where absent"),
            ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
        ),
        responses(
            (status = 200, description = "A page of withdrawals", body = MovementPageBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn list_withdrawals() {}

    /// Records money that moved, or was there, without a payer. Operators only.
    ///
    /// The same id with the same content counts once.
    #[utoipa::path(
        post,
        path = "/v1/operator/movements",
        request_body(content = MovementBody, example = json!({
            "id": "m00000000000000000000000007", "kind": "withdrawal", "wallet": "wx-main",
            "bank": "cmb", "amount": "400.00", "fee": "0.40",
            "moved_at": "2026-11-21T12:00:00+08:00", "evidence": "statement, line 7"
        })),
        responses(
            (status = 201, description = "The new movement", body = MovementShown),
            (status = 200, description = "The same movement again", body = MovementShown),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn record_movement() {}

    /// Lists the adjustments that wait for a second person, oldest first. Operators only.
    #[utoipa::path(
        get,
        path = "/v1/operator/adjustments",
        params(
            ("limit" = Option<u32>, Query, description = "How many, 1 to 200; 100 where absent"),
            ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
        ),
        responses(
            (status = 200, description = "A page of adjustments", body = AdjustmentPageBody),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn list_adjustments() {}

    /// Proposes an adjustment of the books; a small one is posted at once. Operators only.
    ///
    /// The same id with the same content counts once.
    #[utoipa::path(
        post,
        path = "/v1/operator/adjustments",
        request_body(content = AdjustmentBody, example = json!({
            "lines": [
                {"account": "Expenses:Tolerance", "amount": "0.01"},
                {"account": "Assets:Receivable:Orders", "amount": "-0.01"}
            ],
            "value_at": "2026-11-21T12:00:00+08:00", "reason": "last cent forgiven"
        })),
        responses(
            (status = 201, description = "The new adjustment", body = AdjustmentShown),
            (status = 200, description = "The same adjustment again", body = AdjustmentShown),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn propose_adjustment() {}

    /// Approves an adjustment that another person proposed. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/adjustments/{id}/approve",
        params(("id" = String, Path, description = "The adjustment's id")),
        request_body(content = ReasonBody, example = json!({"reason": "seen the statement"})),
        responses(
            (status = 200, description = "The adjustment as it is now", body = AdjustmentShown),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn approve_adjustment() {}

    /// Declines an adjustment, or takes one's own back. Operators only.
    #[utoipa::path(
        post,
        path = "/v1/operator/adjustments/{id}/decline",
        params(("id" = String, Path, description = "The adjustment's id")),
        request_body(content = ReasonBody, example = json!({"reason": "booked already"})),
        responses(
            (status = 200, description = "The adjustment as it is now", body = AdjustmentShown),
            (status = "default", description = "A problem", body = Problem,
                content_type = "application/problem+json"),
        ),
    )]
    fn decline_adjustment() {}
}
