//! What phones meet: the relay answers as the server would, once it has the push on disk.
//!
//! Invariants: a path that no source claims is refused and not kept, as the server would refuse it;
//! a push that could not be kept is answered in the words that make its sender try again.
//! Deliberately not here: signatures. The relay has no keys, so it says "ok" to a forged push too;
//! the server will not.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::Response;
use axum::routing::get;
use axum::{Json, Router};
use duizhang_api::http::exchange::{self, SOURCE_BODY_BYTES_MAX, Unread};
use duizhang_listener_bridge::source::{Outcome, Refusal, Source};
use duizhang_listener_bridge::wire::{Answer, Request};
use serde_json::{Value, json};

use super::store::Store;

type Sources = Vec<Box<dyn Source + Send + Sync>>;

struct Shared {
    store: Arc<Store>,
    sources: Sources,
}

/// The relay's routes.
pub(crate) fn routes(store: Arc<Store>, sources: Sources) -> Router {
    let shared = Arc::new(Shared { store, sources });
    Router::new().route("/healthz", get(health)).fallback(take).with_state(shared)
}

async fn health(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let waiting = *shared.store.waiting().borrow();
    let (forwarded, refused) = shared.store.counts();
    Json(json!({ "waiting": waiting, "forwarded": forwarded, "refused": refused }))
}

async fn take(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response<Body> {
    exchange::write(answer(shared, request).await)
}

async fn answer(shared: Arc<Shared>, request: HttpRequest) -> Answer {
    let (mut request, body) = exchange::take_apart(request);
    let Some(source) = shared.sources.iter().find(|source| source.claims(&request)) else {
        return Answer::text(404, "nothing is here\n");
    };
    request.body = match exchange::read(body, SOURCE_BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => {
            let why = format!("longer than {SOURCE_BODY_BYTES_MAX} bytes");
            let refusal = Refusal::BadParameter { name: "body".into(), why };
            return source.refuse(&request, &refusal);
        }
        Err(Unread::BrokeOff) => return Answer::text(400, "the body broke off\n"),
    };
    // Sources that share an address are told apart by the body.
    let source = shared.sources.iter().find(|source| source.claims(&request)).unwrap_or(source);
    let outcome = keep(&shared.store, &request).await;
    source.answer(&request, outcome)
}

async fn keep(store: &Arc<Store>, request: &Request) -> Outcome {
    let (store, request) = (Arc::clone(store), request.clone());
    match tokio::task::spawn_blocking(move || store.keep(&request)).await {
        Ok(Ok(())) => Outcome::Accepted,
        Ok(Err(error)) => {
            tracing::error!("a push was not kept: {error:#}");
            Outcome::Unavailable
        }
        Err(error) => {
            tracing::error!(%error, "a push was not kept");
            Outcome::Unavailable
        }
    }
}
