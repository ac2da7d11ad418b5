//! A request as evidence: what was received, without what must not be kept for ever.
//!
//! Invariants: parameters named as in [`SECRET_NAMES`] lose their values, in query, form and JSON,
//! whatever their case and also where the body is broken; headers are left out but for the media
//! type; the rest is the bytes of the wire.
//! Deliberately not here: secrets inside a notification's own text, which nobody can tell from
//! text.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::exchange::Request;
use super::percent::decode_component;

/// The names of parameters whose values never enter evidence.
pub const SECRET_NAMES: [&str; 4] = ["sign", "token", "secret", "key"];

/// A secret's name and value in JSON. Each letter of a name may be an escape. It is found by pattern and not by parsing, so that a body
/// that does not parse is cleaned as well.
static JSON_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let letter = |c: char| format!(r"(?:{c}|\\u{:04x}|\\u{:04x})", u32::from(c), u32::from(c) - 32);
    let spelled: Vec<String> =
        SECRET_NAMES.iter().map(|name| name.chars().map(letter).collect()).collect();
    let names = spelled.join("|");
    let value = r#"(?:"(?:[^"\\]|\\.)*"?|\[[^\]]*\]?|[^",}\]\s]+)"#;
    Regex::new(&format!(r#"(?is-u)("(?:{names})"\s*:\s*){value}"#))
        .expect("the pattern is a constant that the tests use")
});

/// A secret's name and value as in a form, wherever it stands: a body may be announced as anything,
/// and hold bytes that are no UTF-8. Each letter of a name may be percent-encoded.
static PAIR_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let letter = |c: char| format!("(?:{c}|%{:02x}|%{:02x})", u32::from(c), u32::from(c) - 32);
    let spelled: Vec<String> =
        SECRET_NAMES.iter().map(|name| name.chars().map(letter).collect()).collect();
    let names = spelled.join("|");
    Regex::new(&format!(r#"(?i-u)(^|[&?;/\s"']|%26|%3b)({names})=[^&;\s"']*"#))
        .expect("the pattern is a constant that the tests use")
});

/// A secret as a field of a multipart body, up to the next boundary or the end.
static FIELD_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let names = SECRET_NAMES.join("|");
    let head = r#"name="?(?:"#;
    let rest = r#")"?[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n).*?(\r?\n--|\z)"#;
    Regex::new(&format!("(?is-u)({head}{names}{rest}"))
        .expect("the pattern is a constant that the tests use")
});

/// A device's key as a part of a hook's address, whole or behind the device, also where a body
/// repeats the address. A part with `=` in it is a glued parameter.
static HOOK_TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let slash = r"(?:\\?/|%2f|%252f)";
    let end = r#"[^/?&=\\\s"'%#]"#;
    let token = r#"[^/?&=\\\s"'#]+"#;
    Regex::new(&format!(r#"(?i-u)({slash}hook{slash}{end}+{slash}){token}([/?&\\\s"'#]|$)"#))
        .expect("the pattern is a constant that the tests use")
});

/// What is left when every pattern of a secret was taken out.
fn clean_bytes(bytes: &[u8]) -> Vec<u8> {
    let clean = JSON_SECRET.replace_all(bytes, &b"$1\"\""[..]);
    let clean = FIELD_SECRET.replace_all(&clean, &b"$1$2"[..]);
    let clean = HOOK_TOKEN.replace_all(&clean, &b"$1$2"[..]);
    PAIR_SECRET.replace_all(&clean, &b"$1$2="[..]).into_owned()
}

impl Request {
    /// Verb, address, media type and body, without the values of secret parameters.
    #[must_use]
    pub fn without_secrets(&self) -> Vec<u8> {
        let mut kept = format!("{} {}", self.method, clean_pieces(&self.path));
        if !self.query.is_empty() {
            kept.push('?');
            kept.push_str(&clean_pieces(&self.query));
        }
        kept.push('\n');
        if let Some(media) = self.header("content-type") {
            kept.push_str("content-type: ");
            kept.push_str(media);
            kept.push('\n');
        }
        kept.push('\n');
        let mut kept = clean_bytes(kept.as_bytes());
        kept.extend(self.clean_body());
        kept
    }

    fn clean_body(&self) -> Vec<u8> {
        let form = self.content_type().as_deref() == Some("application/x-www-form-urlencoded");
        match std::str::from_utf8(&self.body) {
            Ok(text) if form => clean_bytes(clean_pieces(text).as_bytes()),
            _ => clean_bytes(&self.body),
        }
    }
}

/// A path, query or form whose secret values are gone. The path is among them because one forwarder
/// glues its parameters to the path with `&`.
fn clean_pieces(text: &str) -> String {
    let clean = |piece: &str| match piece.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}="),
        _ => String::from(piece),
    };
    text.split('&').map(clean).collect::<Vec<_>>().join("&")
}

fn is_secret(raw_name: &str) -> bool {
    decode_component(raw_name)
        .is_ok_and(|name| SECRET_NAMES.iter().any(|secret| name.eq_ignore_ascii_case(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    fn kept(query: &str, media: &str, body: &[u8]) -> String {
        let mut request = Request::new(Method::Post, "/hook/p", query);
        if !media.is_empty() {
            request.headers.push((String::from("content-type"), String::from(media)));
        }
        request.headers.push((String::from("authorization"), String::from("Bearer hush")));
        request.body = body.to_vec();
        String::from_utf8_lossy(&request.without_secrets()).into_owned()
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_secret_is_gone_whatever_the_body_is_announced_as() {
        let cases: [(&str, &[u8]); 9] = [
            ("application/x-www-form-urlencoded", b"sign=SECRET&secret=SECRET&from=\xff"),
            ("text/plain", b"token=SECRET&x=1"),
            ("text/plain", b"a=1\r\nkey=SECRET\r\nb=2"),
            ("text/plain", br#"{"token":"SECRET","a":1}"#),
            ("application/octet-stream", b"x=\xfe&%73ign=SECRET&TOKEN=SECRET"),
            (
                "multipart/form-data; boundary=x",
                b"--x\r\nContent-Disposition: form-data; name=\"token\"\r\nA: b\r\n\r\nSECRET\r\n--x--",
            ),
            ("application/x-www-form-urlencoded", br#"{"token":"SECRET"}"#),
            ("application/x-www-form-urlencoded", b"a=1;key=SECRET"),
            ("text/plain", br#"{"a":"token=SECRET","token":["SECRET"]}"#),
        ];
        for (media, body) in cases {
            let mut request = Request::new(crate::wire::Method::Post, "/hook/phone", "");
            request.headers.push((String::from("content-type"), String::from(media)));
            request.body = body.to_vec();
            let kept = String::from_utf8_lossy(&request.without_secrets()).into_owned();
            assert!(!kept.contains("SECRET"), "{kept}");
        }
        for (path, query) in [
            ("/hook/phone;token=SECRET", ""),
            ("/token=SECRET", ""),
            ("/hook/p%26token=SECRET", ""),
            ("/hook/p", "a=1;token=SECRET"),
            ("/hook/p", "%74oken=SECRET&b=2"),
        ] {
            let request = Request::new(crate::wire::Method::Get, path, query);
            let kept = String::from_utf8_lossy(&request.without_secrets()).into_owned();
            assert!(!kept.contains("SECRET"), "{kept}");
        }
    }

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let cases = [
            (kept("t=1&sign=hush&price=10.0", "", b""), "POST /hook/p?t=1&sign=&price=10.0\n\n"),
            (kept("TOKEN=hush", "", b""), "POST /hook/p?TOKEN=\n\n"),
            (kept("%73ign=hush&keys=1", "", b""), "POST /hook/p?%73ign=&keys=1\n\n"),
            (
                kept("", FORM, b"a=%zz&secret=hush&&b"),
                "POST /hook/p\ncontent-type: application/x-www-form-urlencoded\n\na=%zz&secret=&&b",
            ),
            (
                kept("", "", br#"{"from":"x", "Sign" : "hu\"sh","key":1.5,"n":{"token":"hush"}}"#),
                "POST /hook/p\n\n{\"from\":\"x\", \"Sign\" : \"\",\"key\":\"\",\"n\":{\"token\":\"\"}}",
            ),
            (
                kept("", "", br#"{"msg":"a "quoted" one","sign":"hush"#),
                "POST /hook/p\n\n{\"msg\":\"a \"quoted\" one\",\"sign\":\"\"",
            ),
        ];
        for (kept, expected) in cases {
            assert_eq!(kept, expected);
        }
    }

    #[test]
    fn bodies_that_are_no_text_are_cleaned_too() {
        assert!(!kept("", "", b"\xff{\"sign\":\"hush\xff\"}").contains("hush"));
        assert!(kept("", "", b"\xff{\"a\":\"x\"}").contains("\"a\":\"x\""));
    }

    #[test]
    fn a_token_in_a_hooks_path_is_cleaned() {
        let cases = [
            ("/hook/phone-1/SECRET", "", "/hook/phone-1/"),
            ("/hook/phone-1/SECRET", "a=1", "/hook/phone-1/?a=1"),
            ("/hook/phone-1/SECRET/", "", "/hook/phone-1//"),
            ("/hook/phone-1/SEC%2FRET&a=1", "", "/hook/phone-1/&a=1"),
            ("/hook/phone-1/SECRET/a=1&b=2", "", "/hook/phone-1//a=1&b=2"),
            ("/hook/phone-1/a=1&sign=SECRET", "", "/hook/phone-1/a=1&sign="),
            ("/hook/phone-1", "a=/x/y", "/hook/phone-1?a=/x/y"),
            ("/hook/phone-1", "url=http%3A%2F%2Fh%2Fhook%2Fp%2FSECRET", ""),
        ];
        for (path, query, expected) in cases {
            let request = Request::new(Method::Get, path, query);
            let kept = String::from_utf8_lossy(&request.without_secrets()).into_owned();
            assert!(!kept.contains("SECRET") && !kept.contains("RET"), "{kept}");
            assert!(expected.is_empty() || kept == format!("GET {expected}\n\n"), "{kept}");
        }
        for body in [
            r#"{"url":"http://h/hook/p/SECRET"}"#,
            r#"{"url":"http:\/\/h\/hook\/p\/SECRET","a":1}"#,
            "http://h/hook/p/SECRET",
        ] {
            assert!(!kept("", "", body.as_bytes()).contains("SECRET"), "{body}");
        }
    }

    #[test]
    fn escapes_and_line_ends_hide_no_secret() {
        for name in [r"tok\u0065n", r"\u0054\u004f\u004B\u0065\u006e", r"s\u0069gn", r"\u006Bey"] {
            let body = format!(r#"{{"a":1,"{name}":"SECRET","b":"kept"}}"#);
            let left = kept("", "application/json", body.as_bytes());
            assert!(!left.contains("SECRET") && left.contains("kept"), "{left}");
        }
        let part = |name: &str, text: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        for text in ["SEC\r\nRET", "SEC\n\nRET", "\r\nSECRET\r\n-RET", "SECRET"] {
            let body = [part("token", text), part("b", "kept"), "--b--\r\n".into()].concat();
            let left = kept("", "multipart/form-data; boundary=b", body.as_bytes());
            assert!(!left.contains("SEC") && !left.contains("RET"), "{left}");
            assert!(left.contains("kept"), "{left}");
        }
        let cut = part("token", "SEC\r\nRET");
        let left = kept("", "multipart/form-data; boundary=b", &cut.as_bytes()[..cut.len() - 2]);
        assert!(!left.contains("SEC") && !left.contains("RET"), "{left}");
    }

    #[test]
    fn parameters_glued_to_the_path_are_cleaned() {
        let request = Request::new(Method::Get, "/hook/p&content=a&sign=hush&timestamp=1", "");
        assert_eq!(request.without_secrets(), b"GET /hook/p&content=a&sign=&timestamp=1\n\n");
    }
}
