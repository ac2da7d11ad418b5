//! Who asks a running server for more than a merchant may see.
//!
//! Invariant: a merchant's token is told apart from none, and neither opens anything.
//! Deliberately not here: what an operator may ask.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use duizhang_api::app::App;
use duizhang_api::dialects::{Desk as _, Token};

/// Somebody who is no operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// Without a token in force.
    NoToken,
    /// With a merchant's.
    Merchant,
}

impl IntoResponse for Stranger {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::NoToken => {
                let text = "a valid token of an operator is required\n";
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], text).into_response()
            }
            Self::Merchant => {
                let text = "a merchant's token does not open the book: an operator's does\n";
                (StatusCode::FORBIDDEN, text).into_response()
            }
        }
    }
}

/// The operator whose token a request bears, by name.
pub(crate) fn operator_of(app: &App, headers: &HeaderMap) -> Result<String, Stranger> {
    match bearer(headers).and_then(|token| app.token(token)) {
        Some(Token::Operator(name)) => Ok(name),
        Some(Token::Merchant(_)) => Err(Stranger::Merchant),
        None => Err(Stranger::NoToken),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
