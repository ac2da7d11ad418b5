//! Which handler answers which path.
//!
//! The people's and operators' paths are axum routes. Everything else is offered to the sources and
//! the dialects in turn; each says by path and headers whether a request is its own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::Response;
use axum::routing::{any, get, post};
use duizhang_listener_bridge::relay::RELAY_PATH;
use duizhang_listener_bridge::wire::Answer;
use tokio::sync::watch;

use super::exchange::{self, SOURCE_BODY_BYTES_MAX, Unread};
use super::seats::Seats;
use super::spoken::Spoken;
use super::{evidence, execute, operations, pay, relay};
use crate::app::App;
use crate::cashier::{SCRIPT_PATH, STYLESHEET_PATH};
use crate::dialects::{BESIDE_THE_CASHIER, BODY_BYTES_MAX, DOCS_STYLESHEET_PATH};

/// What the handlers share.
pub(super) struct Shared {
    pub(super) app: Arc<App>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) seats: Arc<Seats>,
    pub(super) forged: evidence::ForgedAllowance,
}

/// The whole server's routes. `closing` turns true when the server shuts down, so that streams end.
pub fn router(app: Arc<App>, closing: watch::Receiver<bool>) -> Router {
    let (seats, forged) = Default::default();
    let shared = Arc::new(Shared { app, closing, seats, forged });
    let mut router = Router::new();
    for path in BESIDE_THE_CASHIER {
        router = router.route(path, any(wire));
    }
    router
        .route("/pay/{token}", get(pay::page))
        .route("/pay/{token}/events", get(pay::events))
        .route(STYLESHEET_PATH, get(pay::stylesheet))
        .route(SCRIPT_PATH, get(pay::script))
        .route(DOCS_STYLESHEET_PATH, get(pay::docs_stylesheet))
        .route("/healthz", get(operations::alive))
        .route("/readyz", get(operations::ready))
        .route("/openapi.json", get(operations::openapi))
        .route("/docs", get(operations::docs))
        .route("/metrics", get(operations::metrics))
        .route(RELAY_PATH, post(relay::deliveries))
        .fallback(wire)
        .with_state(shared)
}

/// Sources and dialects.
async fn wire(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response<Body> {
    let answer = answer(&shared, request).await;
    shared.app.metrics.answered(answer.status);
    exchange::write(answer)
}

async fn answer(shared: &Shared, request: HttpRequest) -> Answer {
    let (mut request, body) = exchange::take_apart(request);
    let app = &*shared.app;
    if let Some((name, dialect)) = app.dialects.iter().find(|(_, d)| d.claims(&request)) {
        request.body = match exchange::read(body, BODY_BYTES_MAX).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => return dialect.too_large(&request),
            Err(Unread::BrokeOff) => return broke_off(),
        };
        let spoken = Spoken { app, dialect: *name };
        return match dialect.read(&request, &spoken) {
            Ok(call) => {
                let reply = execute::execute(app, *name, &call).await;
                dialect.answer(&request, &call, &reply, app)
            }
            Err(refusal) => refusal,
        };
    }
    let Some(source) = app.sources.iter().find(|source| source.claims(&request)) else {
        return Answer::text(404, "nothing is here\n");
    };
    request.body = match exchange::read(body, SOURCE_BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return evidence::too_large(app, &**source, &request),
        Err(Unread::BrokeOff) => return broke_off(),
    };
    // Sources that share an address are told apart by the body.
    let source = app.sources.iter().find(|source| source.claims(&request)).unwrap_or(source);
    evidence::take(app, &shared.forged, &**source, &request).await
}

fn broke_off() -> Answer {
    Answer::text(400, "the body broke off\n")
}
