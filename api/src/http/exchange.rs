//! Between axum's requests and the neutral ones that dialects and sources read.
//!
//! Invariants: whoever claims a request by its head says how long its body may be, and words the
//! refusal of a longer one; what a client still sends of such a body is read and thrown away up to
//! a limit, because closing a socket with unread bytes in it may take the answer from the client.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request as HttpRequest};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use duizhang_listener_bridge::wire::{Answer, Method, Request};
use http_body_util::BodyExt;

/// Longest body of a source in bytes: evidence is kept whole in one event, and an event has 64 KiB.
pub const SOURCE_BODY_BYTES_MAX: usize = 32 * 1_024;

/// Most that is thrown away of a body that is too long, in bytes: four times what a dialect takes.
/// Nobody honest sends more, and the time for a body runs on.
const DISCARDED_BYTES_MAX: usize = 256 * 1_024;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than it may be.
    TooLarge,
    /// It broke off; most often nobody hears the answer.
    BrokeOff,
}

/// A request without its body, and the body.
pub fn take_apart(request: HttpRequest) -> (Request, Body) {
    let (parts, body) = request.into_parts();
    let mut headers = Vec::with_capacity(parts.headers.len());
    for (name, value) in &parts.headers {
        // A value that is no text means nothing to any protocol that we speak.
        if let Ok(text) = value.to_str() {
            headers.push((name.as_str().to_owned(), text.to_owned()));
        }
    }
    let head = Request {
        method: Method::from(parts.method.as_str()),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
        peer: parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip()),
    };
    (head, body)
}

/// Reads a body of at most so many bytes.
///
/// # Errors
/// [`Unread`].
pub async fn read(mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    let mut discarded = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::BrokeOff)?.into_data() else { continue };
        if discarded == 0 && data.len() <= bytes_max.saturating_sub(bytes.len()) {
            bytes.extend_from_slice(&data);
            continue;
        }
        discarded = discarded.saturating_add(data.len());
        if discarded > DISCARDED_BYTES_MAX {
            break;
        }
    }
    if discarded == 0 { Ok(bytes) } else { Err(Unread::TooLarge) }
}

/// Turns an answer into a response.
pub fn write(answer: Answer) -> Response<Body> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use futures_util::stream;
    use proptest::prelude::*;

    fn in_pieces(pieces: &[usize], broken: bool) -> Body {
        let sound = pieces.iter().map(|&bytes| Ok(Bytes::from(vec![b'x'; bytes])));
        let end = broken.then(|| Err(std::io::Error::other("reset")));
        Body::from_stream(stream::iter(sound.chain(end).collect::<Vec<_>>()))
    }

    fn read_now(body: Body, bytes_max: usize) -> Result<usize, Unread> {
        let reading = read(body, bytes_max);
        let read = futures_util::FutureExt::now_or_never(reading).expect("nothing to wait for");
        read.map(|bytes| bytes.len())
    }

    #[test]
    fn a_body_that_breaks_off_is_told_apart_from_one_that_is_too_long() {
        assert_eq!(read_now(in_pieces(&[10], true), 20), Err(Unread::BrokeOff));
        assert_eq!(read_now(in_pieces(&[10, 11], false), 20), Err(Unread::TooLarge));
        let endless = in_pieces(&[21, DISCARDED_BYTES_MAX], true);
        assert_eq!(read_now(endless, 20), Err(Unread::TooLarge), "the rest is not waited for");
    }

    proptest! {
        #[test]
        fn a_body_is_read_whole_or_refused_however_it_is_cut(
            pieces in prop::collection::vec(0_usize..40, 0..8),
            bytes_max in 0_usize..120,
        ) {
            let all: usize = pieces.iter().sum();
            let expected = if all <= bytes_max { Ok(all) } else { Err(Unread::TooLarge) };
            prop_assert_eq!(read_now(in_pieces(&pieces, false), bytes_max), expected);
        }
    }
}
