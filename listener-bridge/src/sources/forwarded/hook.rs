//! `/hook/{device}`: the one address of all forwarders, and how they are told apart there.
//!
//! | what the request has | who reads it |
//! |---|---|
//! | headers `X-Signature` and `X-Timestamp` | [`Shape::SmsGate`] |
//! | header `X-Signature` alone | [`Shape::IncomeSms`] |
//! | a body that writes `"type":"` and `"money":"` as receiptnotice does | `ReceiptNotice` |
//! | a field `sign` | [`Shape::SmsForwarder`] |
//! | plain text, a token in the path, a field foreign to SmsForwarder | [`Shape::Token`] |
//! | anything else | [`Shape::SmsForwarder`] |
//!
//! Invariants: the first row that fits decides, so exactly one source claims a request; a shape
//! proves nothing and opens nothing: each source checks its own proof; a token in the path is a
//! secret, which neither evidence nor the program's log may show
//! ([`crate::wire::Request::without_secrets`]).
//! Deliberately not here: signatures, and what the fields mean.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::named::{Named, is_form, is_json};
use crate::source::{Outcome, Refusal};
use crate::wire::{Answer, Request, decode_component};

/// Fields that SmsForwarder has under no setting of its own.
const FOREIGN_FIELDS: [&str; 16] = [
    "text",
    "message",
    "body",
    "sms",
    "package",
    "packageName",
    "pkg",
    "app",
    "sender",
    "number",
    "bigText",
    "id",
    "time",
    "ts",
    "t",
    "event",
];

/// Headers in which a forwarder's user may put the device's key, beside `Authorization`.
const TOKEN_HEADERS: [&str; 4] = ["x-token", "x-auth-token", "x-api-key", "x-webhook-token"];

/// Whose request this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sources) enum Shape {
    SmsForwarder,
    ReceiptNotice,
    IncomeSms,
    SmsGate,
    Token,
}

/// Who reads a request; `None` where its path is not a hook's.
pub(in crate::sources) fn shape(request: &Request) -> Option<Shape> {
    let address = Address::of(request)?;
    if request.header("x-signature").is_some() {
        let timed = request.header("x-timestamp").is_some();
        return Some(if timed { Shape::SmsGate } else { Shape::IncomeSms });
    }
    if is_receipt(&request.body) {
        return Some(Shape::ReceiptNotice);
    }
    let named = Named::sound_part(&address.request);
    if named.names_any(&["sign"]) {
        return Some(Shape::SmsForwarder);
    }
    let plain = !request.body.is_empty() && !is_form(request) && !is_json(request);
    let foreign = plain || address.token.is_some() || named.names_any(&FOREIGN_FIELDS);
    Some(if foreign { Shape::Token } else { Shape::SmsForwarder })
}

/// Whether a body is receiptnotice's. It is looked for by bytes, because that app's JSON is often
/// broken; in sound JSON a text cannot hold these bytes.
fn is_receipt(body: &[u8]) -> bool {
    let holds = |mark: &[u8]| body.windows(mark.len()).any(|window| window == mark);
    body.trim_ascii_start().starts_with(b"{") && holds(b"\"type\":\"") && holds(b"\"money\":\"")
}

/// A hook's address taken apart: `/hook/{device}[/{token}][(&|/)name=value&…]`. Parameters stand in
/// the path where an app glues them to an address without a question mark.
pub(in crate::sources) struct Address<'a> {
    pub(in crate::sources) device: &'a str,
    /// The request with the parameters of its path in its query.
    pub(in crate::sources) request: Cow<'a, Request>,
    token: Option<String>,
}

impl<'a> Address<'a> {
    /// `None` where the path is not a hook's.
    pub(in crate::sources) fn of(request: &'a Request) -> Option<Self> {
        let rest = request.path.strip_prefix("/hook/")?;
        let end = rest.find(['/', '&']).unwrap_or(rest.len());
        let (device, mut tail) = rest.split_at(end);
        if device.is_empty() {
            return None;
        }
        let mut token = None;
        if let Some(segment_on) = tail.strip_prefix('/') {
            let end = segment_on.find(['/', '&']).unwrap_or(segment_on.len());
            let (segment, behind) = segment_on.split_at(end);
            if !segment.is_empty() && !segment.contains('=') {
                token = Some(decode_component(segment).ok()?);
                tail = behind;
            }
        }
        let request = match tail.get(1..) {
            Some(glued) if glued.contains('=') => {
                let query = [glued, &request.query].join("&");
                Cow::Owned(Request { query, ..request.clone() })
            }
            Some("") | None => Cow::Borrowed(request),
            Some(_) => return None,
        };
        Some(Self { device, request, token })
    }
}

/// The device's key as it is presented in place of a signature: in path, query or body, or in a
/// header.
pub(in crate::sources) fn token(address: &Address<'_>, named: &Named) -> Option<String> {
    let request = &address.request;
    let said = address.token.as_deref().or_else(|| named.given("token"));
    let header = || TOKEN_HEADERS.iter().find_map(|name| request.header(name));
    let plain = said.or_else(|| request.bearer()).or_else(header);
    plain.map(String::from).or_else(|| basic_password(request))
}

/// The password of `http://user:password@host`, which apps turn into a header.
fn basic_password(request: &Request) -> Option<String> {
    let (scheme, secret) = request.header("authorization")?.split_once(' ')?;
    let pair = STANDARD.decode(secret.trim()).ok()?;
    let (_, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| String::from(password))
}

/// The answer of every forwarder's source: users let their app look for `"code":1`.
pub(in crate::sources) fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Accepted | Outcome::Repeat | Outcome::Held => {
            Answer::json(200, r#"{"code":1,"msg":"成功","data":null}"#)
        }
        Outcome::Unavailable => {
            let body = r#"{"code":-1,"msg":"服务暂时不可用，请稍后重试","data":null}"#;
            Answer::json(503, body).with_header("retry-after", "1")
        }
    }
}

/// The refusal of every forwarder's source.
pub(in crate::sources) fn refuse(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::BadSignature | Refusal::SharedKey => {
            Answer::json(401, r#"{"code":-1,"msg":"签名校验错误","data":null}"#)
        }
        Refusal::MissingParameter(_) => {
            Answer::json(400, r#"{"code":-1,"msg":"缺少必要参数","data":null}"#)
        }
        Refusal::BadParameter { .. } => {
            Answer::json(400, r#"{"code":-1,"msg":"参数错误","data":null}"#)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use proptest::prelude::*;

    fn request(path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Request {
        let mut request = Request::new(Method::Post, path, query);
        let owned = |(name, value): &(&str, &str)| (String::from(*name), String::from(*value));
        request.headers = headers.iter().map(owned).collect();
        request.body = body.as_bytes().to_vec();
        request
    }

    #[test]
    fn an_address_is_taken_apart() {
        let cases = [
            ("/hook/phone-1", Some(("phone-1", None, ""))),
            ("/hook/phone-1/", Some(("phone-1", None, ""))),
            ("/hook/phone-1/k%2Fey", Some(("phone-1", Some("k/ey"), ""))),
            ("/hook/phone-1/key/", Some(("phone-1", Some("key"), ""))),
            ("/hook/p&content=a&sign=b/c", Some(("p", None, "content=a&sign=b/c&"))),
            ("/hook/p/content=a&sign=b", Some(("p", None, "content=a&sign=b&"))),
            ("/hook/p/key&content=a", Some(("p", Some("key"), "content=a&"))),
            ("/hook/p/key/content=a", Some(("p", Some("key"), "content=a&"))),
            ("/hook/p/key/x", None),
            ("/hook/p&x", None),
            ("/hook/p/%zz", None),
            ("/hook/", None),
            ("/hook/&content=a", None),
            ("/hook", None),
            ("/x/hook/a", None),
            ("", None),
        ];
        for (path, expected) in cases {
            let request = request(path, "", &[], "");
            let address = Address::of(&request);
            let parts = address.as_ref().map(|address| {
                (address.device, address.token.as_deref(), address.request.query.as_str())
            });
            assert_eq!(parts, expected, "{path}");
        }
    }

    #[test]
    fn each_shape_is_told_by_its_own_mark() {
        let json = [("content-type", "application/json")];
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let signed = [("x-signature", "00"), ("content-type", "application/json")];
        let timed = [("x-signature", "00"), ("x-timestamp", "1")];
        let receipt = r#"{"type":"wechat","money":"1","content":"a "b""}"#;
        let cases = [
            (request("/hook/p", "", &signed, r#"{"from":"a","text":"b"}"#), Shape::IncomeSms),
            (request("/hook/p", "", &timed, r#"{"event":"sms:received"}"#), Shape::SmsGate),
            (request("/hook/p", "token=k", &json, receipt), Shape::ReceiptNotice),
            (request("/hook/p", "", &[], receipt), Shape::ReceiptNotice),
            (request("/hook/p", "", &form, "from=a&content=b&sign=c"), Shape::SmsForwarder),
            (request("/hook/p", "text=a&sign=c", &[], ""), Shape::SmsForwarder),
            (request("/hook/p&content=a&sign=c", "", &[], ""), Shape::SmsForwarder),
            (request("/hook/p", "token=k", &form, "from=a&content=b"), Shape::SmsForwarder),
            (request("/hook/p", "token=k", &json, r#"{"content":"b"}"#), Shape::SmsForwarder),
            (request("/hook/p", "", &[], ""), Shape::SmsForwarder),
            (request("/hook/p", "", &json, "{"), Shape::SmsForwarder),
            (request("/hook/p/k", "", &json, r#"{"content":"b"}"#), Shape::Token),
            (request("/hook/p", "token=k", &[], "收款1元"), Shape::Token),
            (request("/hook/p", "token=k&text=b", &[], ""), Shape::Token),
            (request("/hook/p", "", &json, r#"{"packageName":"a","title":"b"}"#), Shape::Token),
            // A text inside sound JSON that imitates the other app's marks.
            (
                request("/hook/p", "", &json, r#"{"text":"{\"type\":\"x\",\"money\":\"1\"}"}"#),
                Shape::Token,
            ),
        ];
        for (request, expected) in cases {
            let body = String::from_utf8_lossy(&request.body);
            assert_eq!(
                shape(&request),
                Some(expected),
                "{} {} {body}",
                request.path,
                request.query
            );
        }
        assert_eq!(shape(&request("/appPush", "sign=a", &timed, receipt)), None);
    }

    #[test]
    fn a_token_is_found_wherever_an_app_can_put_it() {
        let basic = format!("Basic {}", STANDARD.encode("user:k"));
        let cases = [
            (request("/hook/p/k", "", &[], ""), Some("k")),
            (request("/hook/p", "token=k", &[], ""), Some("k")),
            (request("/hook/p&token=k", "", &[], ""), Some("k")),
            (request("/hook/p", "", &[], r#"{"token":"k"}"#), Some("k")),
            (request("/hook/p", "", &[("authorization", "Bearer k")], ""), Some("k")),
            (request("/hook/p", "", &[("authorization", &basic)], ""), Some("k")),
            (request("/hook/p", "", &[("x-token", "k")], ""), Some("k")),
            (request("/hook/p", "", &[("x-webhook-token", "k")], ""), Some("k")),
            (request("/hook/p", "", &[("authorization", "Basic ???")], ""), None),
            (request("/hook/p", "", &[("cookie", "k")], ""), None),
            (request("/hook/p", "token=", &[], ""), Some("")),
        ];
        for (request, expected) in cases {
            let address = Address::of(&request).unwrap();
            let named = Named::sound_part(&address.request);
            assert_eq!(token(&address, &named).as_deref(), expected, "{request:?}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_an_address_or_none(path in "/hook(/|&|=|%2f|a|token){0,8}") {
            let _ = shape(&request(&path, "", &[], ""));
        }
    }
}
