//! Batches from a relay near the phones: each delivery is taken as if the phone had sent it here.
//!
//! Invariants: a receipt covers what is durable or refused, names what is refused, and covers
//! nothing behind the first delivery that could not be recorded; the deliveries are taken in their
//! order. A relay proves nothing itself: what counts is each delivery's own proof, and a batch
//! costs few searches for keys that fit nothing.
//! Deliberately not here: the relay's side.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::Response;
use duizhang_listener_bridge::relay::{
    BATCH_BYTES_MAX, BATCH_REFUSALS_MAX, Batch, BridgeId, Delivery, Receipt,
};
use duizhang_listener_bridge::source::Outcome;
use duizhang_listener_bridge::wire::Answer;

use super::evidence::{self, Relayed};
use super::exchange::{self, SOURCE_BODY_BYTES_MAX, Unread};
use super::router::Shared;

/// Takes a batch and answers with a receipt.
pub(super) async fn deliveries(
    State(shared): State<Arc<Shared>>,
    request: HttpRequest,
) -> Response<Body> {
    let answer = answer(&shared, request).await;
    shared.app.metrics.answered(answer.status);
    exchange::write(answer)
}

async fn answer(shared: &Shared, request: HttpRequest) -> Answer {
    let (_, body) = exchange::take_apart(request);
    let bytes = match exchange::read(body, BATCH_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(Unread::TooLarge) => {
            return Answer::text(413, format!("a batch is longer than {BATCH_BYTES_MAX} bytes\n"));
        }
        Err(Unread::BrokeOff) => return Answer::text(400, "the body broke off\n"),
    };
    let batch: Batch = match serde_json::from_slice(&bytes) {
        Ok(batch) => batch,
        Err(error) => return Answer::text(400, format!("this is no batch: {error}\n")),
    };
    if let Err(error) = batch.check() {
        return Answer::text(400, format!("{error}\n"));
    }
    match take(shared, batch).await {
        Some(receipt) => {
            let text = serde_json::to_vec(&receipt).expect("a receipt is numbers");
            Answer::json(200, text)
        }
        None => {
            Answer::text(503, "nothing was recorded; try again\n").with_header("retry-after", "1")
        }
    }
}

/// Takes the deliveries up to the first that cannot be recorded now, none where that is the first,
/// or up to the last refusal that one batch may cost. The next batch begins behind it.
async fn take(shared: &Shared, batch: Batch) -> Option<Receipt> {
    let mut through = None;
    let mut refused = Vec::new();
    for delivery in batch.deliveries {
        let number = delivery.number;
        match take_one(shared, batch.bridge, delivery).await {
            Taken::Durable => {}
            Taken::Refused => refused.push(number),
            Taken::NotNow => break,
        }
        through = Some(number);
        if refused.len() == BATCH_REFUSALS_MAX {
            break;
        }
    }
    through.map(|through| Receipt { through, refused })
}

enum Taken {
    Durable,
    Refused,
    NotNow,
}

async fn take_one(shared: &Shared, bridge: BridgeId, delivery: Delivery) -> Taken {
    let app = &*shared.app;
    let skew = app.book.views().book.policy().clock_skew;
    // One from the future says as little of its delay as an old one.
    let delayed = delivery.received_at.distance(app.clock.now()) > skew;
    let relayed = Relayed { key: bridge.key_of(delivery.number), delayed };
    let request = delivery.into_request();
    let Some(source) = app.sources.iter().find(|source| source.claims(&request)) else {
        app.metrics.delivered("refused");
        return Taken::Refused;
    };
    if request.body.len() > SOURCE_BODY_BYTES_MAX {
        evidence::too_large(app, &**source, &request);
        return Taken::Refused;
    }
    match evidence::judge(app, &shared.forged, &**source, &request, Some(relayed)).await {
        Ok(Outcome::Unavailable) => Taken::NotNow,
        Ok(Outcome::Accepted | Outcome::Repeat | Outcome::Held) => Taken::Durable,
        Err(_) => Taken::Refused,
    }
}
