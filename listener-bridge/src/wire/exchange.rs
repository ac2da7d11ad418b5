//! A request as it was received, and the answer that goes back.
//!
//! Invariants: header names are lower case; the body is the bytes of the wire, untouched, because
//! signatures are checked over what was received; `Debug` shows neither query, headers nor body,
//! because they carry secrets.
//! Deliberately not here: any HTTP library's types, and any reading of the body (see
//! [`super::Params`]).

use std::fmt;
use std::net::IpAddr;

/// The verb of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// Any other verb, in its own spelling.
    Other(String),
}

impl From<&str> for Method {
    fn from(verb: &str) -> Self {
        match verb {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            other => Self::Other(String::from(other)),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Other(verb) => verb,
        })
    }
}

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The verb.
    pub method: Method,
    /// The path as received, without the query; always begins with `/`.
    pub path: String,
    /// The text after `?`, raw; empty where there is none.
    pub query: String,
    /// Header names in lower case with their values, in the order of receipt.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// Who sent it, where the server knows.
    pub peer: Option<IpAddr>,
}

impl Request {
    /// A request without headers, body or peer.
    #[must_use]
    pub fn new(method: Method, path: &str, query: &str) -> Self {
        Self {
            method,
            path: String::from(path),
            query: String::from(query),
            headers: Vec::new(),
            body: Vec::new(),
            peer: None,
        }
    }

    /// The first value of a header; `name` is lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The media type of the body in lower case, without its parameters: `application/json`.
    #[must_use]
    pub fn content_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        let media = value.split(';').next().unwrap_or(value);
        Some(media.trim().to_ascii_lowercase())
    }

    /// The secret of an `Authorization: Bearer` header.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, secret) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body_bytes", &self.body.len())
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body, with its character set.
    pub content_type: String,
    /// Further headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer of any media type.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type: String::from(content_type),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// A JSON document that is already text, so that a dialect keeps its own order and spelling.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/json;charset=UTF-8", body)
    }

    /// Plain text.
    #[must_use]
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/plain;charset=UTF-8", body)
    }

    /// A page.
    #[must_use]
    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/html;charset=UTF-8", body)
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(name: &str, value: &str) -> Request {
        let mut request = Request::new(Method::Post, "/hook/phone-1", "token=secret-in-query");
        request.headers.push((String::from(name), String::from(value)));
        request
    }

    #[test]
    fn verbs_keep_their_spelling() {
        for verb in ["GET", "POST", "PUT", "PATCH", "DELETE", "get"] {
            assert_eq!(Method::from(verb).to_string(), verb);
        }
        assert_eq!(Method::from("get"), Method::Other(String::from("get")));
    }

    #[test]
    fn media_types_lose_case_and_parameters() {
        let cases = [
            ("application/json", "application/json"),
            ("Application/JSON; charset=utf-8", "application/json"),
            ("text/plain ;x", "text/plain"),
            ("", ""),
        ];
        for (value, media) in cases {
            assert_eq!(with_header("content-type", value).content_type().as_deref(), Some(media));
        }
        assert_eq!(with_header("accept", "*/*").content_type(), None);
    }

    #[test]
    fn only_a_bearer_secret_is_one() {
        let cases = [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("", None),
        ];
        for (value, secret) in cases {
            assert_eq!(with_header("authorization", value).bearer(), secret, "{value}");
        }
    }

    #[test]
    fn debug_shows_no_secrets() {
        let mut request = with_header("authorization", "Bearer secret-in-header");
        request.body = b"secret-in-body".to_vec();
        let shown = format!("{request:?}");
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("/hook/phone-1"), "{shown}");
    }

    #[test]
    fn answers_name_their_media_type() {
        assert_eq!(Answer::json(200, "{}").content_type, "application/json;charset=UTF-8");
        assert_eq!(Answer::text(200, "success").body, b"success");
        assert_eq!(Answer::html(404, "").status, 404);
        let answer = Answer::text(503, "").with_header("Retry-After", "1");
        assert_eq!(answer.headers, [(String::from("retry-after"), String::from("1"))]);
    }
}
