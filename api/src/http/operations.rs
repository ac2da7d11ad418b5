//! What operators' tools ask: alive, ready, counters.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;

use crate::dialects::{Desk, docs_page, openapi_document};
use crate::http::router::Shared;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The book takes facts.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response<Body> {
    if shared.app.book.has_failed() {
        let text = "the log has failed; restart to recover\n";
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    }
    if *shared.closing.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response();
    }
    "ready\n".into_response()
}

/// The description of the native API.
pub(super) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], openapi_document())
}

/// The same for people.
pub(super) async fn docs() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, docs_page())
}

/// Counters, and what there is at this moment.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let app = &shared.app;
    let now = app.now();
    {
        let views = app.book.views();
        app.metrics.set("orders", views.orders.len());
        app.metrics.set("callbacks_pending", views.callbacks.pending_count());
        app.metrics.set("connections_open", app.traffic.open());
        app.metrics.set("streams_open", shared.seats.count());
        app.metrics.set("payments_held", views.inbox.held().count());
        app.metrics.set("questions_open", views.inbox.questions().count());
        app.metrics.set("breaks_open", views.breaks.iter().filter(|one| one.is_open()).count());
        app.metrics.set("adjustments_waiting", views.recorded.waiting().count());
        app.metrics.set("withdrawals_under_way", views.recorded.under_way().count());
        app.metrics.set("devices_silent", views.book.devices().filter(|d| d.silent).count());
        let oldest = views.callbacks.oldest_since().map_or(0, |since| now.since(since).secs());
        let oldest = usize::try_from(oldest).unwrap_or(usize::MAX);
        app.metrics.set("callback_oldest_seconds", oldest);
        let position = usize::try_from(views.position.number()).unwrap_or(usize::MAX);
        app.metrics.set("position", position);
    }
    for (word, count) in app.traffic.counts() {
        app.metrics.connected(word, count);
    }
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], app.metrics.text()).into_response()
}
