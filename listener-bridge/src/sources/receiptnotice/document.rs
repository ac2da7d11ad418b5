//! receiptnotice's JSON, which that app puts together by hand and without escaping.
//!
//! Its grammar is `{"name":"text","name":"text"}`; a text may hold quotes, backslashes and line
//! ends as they are. A piece of text that itself looks like `","name":"` cannot be told from a
//! field, so whoever can write into a text (a payer by his name) can write fields.
//!
//! Invariants: a name that stands twice is refused, and `type`, `money`, `time` and `sign` always
//! stand, so that an imitated field of these is seen; sound JSON is read as such.
//! Deliberately not here: signatures, and what the fields mean.

use crate::source::Refusal;
use crate::sources::forwarded::Named;
use crate::wire::{PARAM_NAME_BYTES_MAX, PARAMS_MAX};

/// The fields of a document in their order.
pub(super) struct Document(Vec<(String, String)>);

/// How often a doubled name is looked at for the sender's proof: the app's own field and one that a
/// text imitates; three of each are 27 readings.
const TWICE_MAX: usize = 3;

/// The fields that something is read from.
const KNOWN: [&str; 8] = ["type", "time", "title", "money", "content", "nonce", "sign", "encrypt"];

impl Document {
    pub(super) fn of(body: &[u8]) -> Result<Self, Refusal> {
        let body = std::str::from_utf8(body).map_err(|_| bad("not UTF-8"))?;
        if let Ok(named) = Named::object(body) {
            let field = |name: &&str| Some((String::from(*name), named.get(&[name])?.to_owned()));
            return Ok(Self(KNOWN.iter().filter_map(field).collect()));
        }
        let fields = split(body.trim()).ok_or_else(|| bad("not fields in quotes"))?;
        if fields.len() > PARAMS_MAX {
            return Err(bad("too many names"));
        }
        let twice = |name: &str| fields.iter().filter(|(known, _)| *known == name).count() > 1;
        if fields.iter().any(|(name, _)| twice(name)) {
            return Err(bad("a name stands twice"));
        }
        Ok(Self(fields))
    }

    /// Each document that a body with doubled names may be, as long as they are few: enough to find
    /// out who sent it, never to read money.
    pub(super) fn readings(body: &[u8]) -> Vec<Self> {
        let body = String::from_utf8_lossy(body);
        let fields = split(body.trim()).unwrap_or_default();
        let texts = |name: &str| -> Vec<String> {
            let own = fields.iter().filter(|(known, _)| known == name);
            own.map(|(_, text)| text.clone()).take(TWICE_MAX).collect()
        };
        let mut readings = Vec::new();
        for kind in texts("type") {
            for money in texts("money") {
                for sign in texts("sign") {
                    let field = |name: &str, text: &str| (String::from(name), String::from(text));
                    let pairs = [("type", &kind), ("money", &money), ("sign", &sign)];
                    readings.push(Self(pairs.map(|(name, text)| field(name, text)).to_vec()));
                }
            }
        }
        readings
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    /// Whether the app says that it sealed the texts.
    pub(super) fn is_sealed(&self) -> bool {
        self.get("encrypt") == Some("1")
    }

    /// The fields as JSON in their order.
    pub(super) fn render(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let pairs = self.0.iter().map(|(name, text)| quoted(name) + ":" + &quoted(text));
        format!("{{{}}}", pairs.collect::<Vec<String>>().join(","))
    }

    /// The same fields, each text as `change` makes it; `None` where it makes nothing of one.
    pub(super) fn map(&self, change: impl Fn(&str, &str) -> Option<String>) -> Option<Self> {
        let fields = self.0.iter();
        let changed = fields.map(|(name, text)| Some((name.clone(), change(name, text)?)));
        changed.collect::<Option<Vec<_>>>().map(Self)
    }
}

fn split(body: &str) -> Option<Vec<(String, String)>> {
    let inner = body.strip_prefix("{\"")?.strip_suffix("\"}")?;
    let mut fields: Vec<(String, String)> = Vec::new();
    for piece in inner.split("\",\"") {
        match (piece.split_once("\":\""), fields.last_mut()) {
            (Some((name, text)), _) if is_name(name) => {
                fields.push((String::from(name), String::from(text)));
            }
            // No field begins here: the text before it holds these characters.
            (_, Some((_, text))) => {
                text.push_str("\",\"");
                text.push_str(piece);
            }
            (_, None) => return None,
        }
    }
    Some(fields)
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.len() <= PARAM_NAME_BYTES_MAX && name.bytes().all(plain)
}

fn bad(why: &str) -> Refusal {
    Refusal::BadParameter { name: String::from("body"), why: String::from(why) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(body: &str) -> Result<Vec<(String, String)>, Refusal> {
        Document::of(body.as_bytes()).map(|document| document.0)
    }

    fn content(body: &str) -> Option<String> {
        Document::of(body.as_bytes()).ok()?.get("content").map(String::from)
    }

    #[test]
    fn a_text_keeps_whatever_it_holds() {
        let cases = [
            ("plain", "plain"),
            (r#"微信支付收款10.00元 "好""#, r#"微信支付收款10.00元 "好""#),
            (r#"a "quoted" one"#, r#"a "quoted" one"#),
            (r#"""#, r#"""#),
            (r#"a","b"#, r#"a","b"#),
            (r#"a" ","他说":"b"#, r#"a" ","他说":"b"#),
            ("two\nlines \\ and", "two\nlines \\ and"),
            (r#"{"a":"b"}"#, r#"{"a":"b"}"#),
        ];
        for (text, expected) in cases {
            for body in [
                format!(r#"{{"type":"wechat","content":"{text}","money":"1"}}"#),
                format!(" {{\"type\":\"wechat\",\"money\":\"1\",\"content\":\"{text}\"}}\n"),
            ] {
                assert_eq!(content(&body).as_deref(), Some(expected), "{body}");
            }
        }
    }

    #[test]
    fn an_imitated_field_is_seen() {
        let twice = r#"{"money":"1","content":"x","money":"999","time":"t"}"#;
        assert!(fields(twice).is_err());
        let twice = r#"{"content":"a "b","type":"x","type":"wechat","money":"1"}"#;
        assert!(fields(twice).is_err());
        for body in ["", "{}", "{\"", "{\"a\"}", "[\"a\":\"b\"]", "\"a\":\"b\"", "{\"a\":1"] {
            let read = fields(body);
            assert!(read.as_ref().map_or(true, Vec::is_empty), "{body}: {read:?}");
        }
        assert!(Document::of(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn sound_json_is_read_as_such() {
        let body = r#"{ "content" : "a\n\"b\"", "money" : 1.50, "list" : [1] }"#;
        assert_eq!(content(body).as_deref(), Some("a\n\"b\""));
    }

    proptest! {
        #[test]
        fn what_was_written_by_hand_comes_back(
            content in "[^\\\\\"]{0,20}",
            quoted in "[a-z]{0,5}\"[a-z]{1,5}\"[^\\\\\",:]{0,5}",
        ) {
            let body = format!(r#"{{"type":"wechat","a":"{content}","b":"{quoted}"}}"#);
            let read = fields(&body).unwrap_or_default();
            let of = |name: &str| {
                read.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone())
            };
            prop_assert_eq!(of("a"), Some(content));
            prop_assert_eq!(of("b"), Some(quoted));
        }

        #[test]
        fn any_body_is_read_or_refused(body in "([{}\":,a1\\\\]|\",\"|\":\"){0,20}") {
            let _ = fields(&body);
        }
    }
}
