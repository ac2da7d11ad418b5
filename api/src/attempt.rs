//! One attempt to deliver a callback: written by its dialect, sent, judged, recorded.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method as HttpMethod};
use duizhang_core::callback::{AttemptOutcome, CallbackId, Topic, addresses};
use duizhang_core::fact::{CallbackAttempted, Fact};
use duizhang_core::limits::ANSWER_BYTES_MAX;
use duizhang_core::order::Dialect;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::Method;
use duizhang_projections::orders::OrderView;
use url::Url;

use crate::app::App;
use crate::book::SubmitError;
use crate::dialects::{CallbackRequest, Judged, Message, Unsendable};
use crate::outbound::{OutboundOutcome, OutboundRequest};

/// Most jitter of a delay: 20 per cent, in parts per million.
const JITTER_PPM_MAX: u128 = 200_000;

/// How long to wait before an overloaded writer is asked again to record an attempt.
const RECORD_AGAIN: Span = Span::from_millis(200);

/// Where callbacks go: one merchant at one origin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Endpoint {
    merchant: String,
    origin: String,
}

impl Endpoint {
    pub(crate) const fn new(merchant: String, origin: String) -> Self {
        Self { merchant, origin }
    }

    /// Whose endpoint it is.
    pub(crate) fn merchant(&self) -> &str {
        &self.merchant
    }

    /// The endpoint of a callback.
    pub(crate) fn of(app: &App, callback: CallbackId) -> Self {
        let order = app.book.order(callback.order).ok().flatten();
        let Some(order) = order else {
            return Self::new(String::new(), String::new());
        };
        let url = address(app, &order, callback).and_then(|url| Url::parse(&url).ok());
        let origin = url.map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        Self::new(order.merchant.to_string(), origin)
    }
}

/// Where a callback goes. The Youzan bridge tells every address of its merchant, each by the
/// message of its number; the other protocols know one address, which is the first.
fn address(app: &App, order: &OrderView, callback: CallbackId) -> Option<String> {
    if let Some(own) = &order.notify_url {
        return Some(own.clone());
    }
    let views = app.book.views();
    let text = views.book.merchant(&order.merchant)?.notify_url.as_deref()?;
    let place = match order.dialect {
        Dialect::Youzan => usize::from(callback.number).checked_sub(1)?,
        Dialect::Native
        | Dialect::Vmq
        | Dialect::Bufpay
        | Dialect::Gogo
        | Dialect::Codepay
        | Dialect::Epay => 0,
    };
    addresses(text).get(place).map(|address| String::from(*address))
}

/// What is to be attempted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assignment {
    pub(crate) callback: CallbackId,
    pub(crate) topic: Topic,
    pub(crate) since: Timestamp,
}

/// Makes one attempt and records it. Returns whether the endpoint failed to answer.
pub(crate) async fn attempt(app: &App, assignment: Assignment) -> bool {
    let began = app.clock.now();
    let (outcome, excerpt) = send(app, assignment, began).await;
    app.metrics.attempted(match outcome {
        AttemptOutcome::Acknowledged { .. } => "acknowledged",
        AttemptOutcome::Answered { .. } => "answered",
        AttemptOutcome::Gone => "gone",
        AttemptOutcome::Unreachable => "unreachable",
        AttemptOutcome::AddressRefused => "address_refused",
        AttemptOutcome::Unsendable => "unsendable",
    });
    let attempted = CallbackAttempted {
        callback: assignment.callback,
        outcome,
        took: app.clock.now().since(began),
        excerpt,
        jitter_ppm: u32::try_from(app.clock.draw() % (JITTER_PPM_MAX + 1)).unwrap_or(0),
    };
    record(app, attempted).await;
    matches!(outcome, AttemptOutcome::Unreachable)
}

/// Every attempt becomes an event; only a book that takes no facts at all loses one, and then it is
/// made again.
async fn record(app: &App, attempted: CallbackAttempted) {
    let callback = attempted.callback;
    loop {
        match app.book.submit(Fact::CallbackAttempted(attempted.clone())).await {
            Ok(_) => return,
            Err(SubmitError::Busy) => {
                app.clock.sleep_until(app.clock.now().plus(RECORD_AGAIN)).await;
            }
            Err(error) => {
                tracing::warn!(%callback, %error, "an attempt was not recorded");
                return;
            }
        }
    }
}

async fn send(app: &App, assignment: Assignment, at: Timestamp) -> (AttemptOutcome, String) {
    let order = match app.book.order(assignment.callback.order) {
        Ok(Some(order)) => order,
        Ok(None) => return (AttemptOutcome::Unsendable, String::from("the order is unknown")),
        Err(error) => return (AttemptOutcome::Unsendable, error.to_string()),
    };
    let Some(url) = address(app, &order, assignment.callback) else {
        return (AttemptOutcome::Unsendable, String::from("there is no callback address"));
    };
    let dialect = app.dialect(order.dialect);
    let refund = match assignment.topic {
        Topic::OrderPaid => None,
        Topic::RefundConfirmed(id) | Topic::RefundDeclined(id) => {
            app.book.views().refunds.get(id).cloned()
        }
    };
    let message = Message {
        callback: assignment.callback,
        topic: assignment.topic,
        order: &order,
        refund: refund.as_ref(),
        url: &url,
        since: assignment.since,
        at,
    };
    let request = match dialect.write_callback(&message, app) {
        Ok(request) => to_outbound(request),
        Err(unsendable) => {
            let outcome = match unsendable {
                Unsendable::NoKey | Unsendable::NoWord => AttemptOutcome::Unsendable,
                Unsendable::BadAddress => AttemptOutcome::AddressRefused,
            };
            return (outcome, unsendable.to_string());
        }
    };
    match app.outbound.send(request).await {
        OutboundOutcome::Answered { status, body, retry_after, .. } => {
            let outcome = match dialect.judge(status, &body) {
                Judged::Acknowledged => AttemptOutcome::Acknowledged { status },
                Judged::NotYet => AttemptOutcome::Answered { status, retry_after },
                Judged::Gone => AttemptOutcome::Gone,
            };
            (outcome, excerpt(&body))
        }
        OutboundOutcome::Refused(refusal) => (AttemptOutcome::AddressRefused, refusal.to_string()),
        OutboundOutcome::Failed(failure) => (AttemptOutcome::Unreachable, chain(&failure)),
    }
}

fn to_outbound(request: CallbackRequest) -> OutboundRequest {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let header = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
        if let (Ok(name), Ok(value)) = header {
            headers.insert(name, value);
        }
    }
    let method = match request.method {
        Method::Get => HttpMethod::GET,
        Method::Post | Method::Put | Method::Patch | Method::Other(_) => HttpMethod::POST,
    };
    OutboundRequest { method, url: request.url, headers, body: request.body.into() }
}

/// The beginning of an answer as one line of text.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(ANSWER_BYTES_MAX)]);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
