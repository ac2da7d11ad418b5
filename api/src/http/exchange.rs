//! Between axum's requests and the neutral ones that dialects and sources read.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use duizhang_listener_bridge::wire::{Answer, Method, Request};

/// Longest body of a dialect or source in bytes: evidence is kept whole in one event, and an event
/// has 64 KiB.
pub(super) const BODY_BYTES_MAX: usize = 32 * 1_024;

/// Reads a request whole.
///
/// # Errors
/// The answer where the body is too long, or broke off.
pub(super) async fn read(request: HttpRequest) -> Result<Request, Answer> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        Answer::text(413, format!("the body is longer than {BODY_BYTES_MAX} bytes or broke off\n"))
    })?;
    let mut headers = Vec::with_capacity(parts.headers.len());
    for (name, value) in &parts.headers {
        // A value that is no text means nothing to any protocol that we speak.
        if let Ok(text) = value.to_str() {
            headers.push((name.as_str().to_owned(), text.to_owned()));
        }
    }
    Ok(Request {
        method: Method::from(parts.method.as_str()),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.to_vec(),
        peer: parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip()),
    })
}

/// Turns an answer into a response.
pub(super) fn write(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = HeaderValue::from_str(&answer.content_type) {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    for (name, value) in answer.headers {
        let header = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value));
        if let (Ok(name), Ok(value)) = header {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
