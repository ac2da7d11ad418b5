//! The fields of a notification that SmsForwarder sends, from a query, a form or a JSON document.
//!
//! Invariants: a field stands once; in JSON a field is a text, or a whole number for the timestamp;
//! where the body is JSON the query gives no fields, so that nothing is merged.
//! Deliberately not here: signatures, and what the fields mean.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::named::{is_form, is_json};
use crate::source::Refusal;
use crate::wire::{PARAM_BYTES_MAX, PARAMS_MAX, Params, Request};

/// Begins the line that stands behind the title in the app's default template.
const UID_LINE: &str = "UID：";

/// What users call a field in templates of their own, and the app's name of it. The app's own name
/// goes before, and of two others the one that stands first.
const ALIASES: [(&str, &str); 9] = [
    ("package", "from"),
    ("packageName", "from"),
    ("pkg", "from"),
    ("text", "content"),
    ("body", "content"),
    ("org_content", "content"),
    ("message", "msg"),
    ("time", "timestamp"),
    ("t", "timestamp"),
];

/// What a forwarder says, by the app's own names. `None` is a field that is not there.
#[derive(Default)]
pub(in crate::sources) struct Fields {
    pub(in crate::sources) from: Option<String>,
    pub(in crate::sources) title: Option<String>,
    pub(in crate::sources) content: Option<String>,
    pub(in crate::sources) msg: Option<String>,
    pub(in crate::sources) timestamp: Option<String>,
    pub(in crate::sources) sign: Option<String>,
}

impl Fields {
    /// The fields of a request.
    pub(in crate::sources) fn of(request: &Request) -> Result<Self, Refusal> {
        if is_json(request) {
            return Self::of_json(&request.body);
        }
        if !request.body.is_empty() && !is_form(request) {
            return Err(bad("body", "neither a form nor JSON"));
        }
        Ok(Self::of_params(&Params::of(request)?))
    }

    /// Those fields of a request that [`Fields::of`] refuses which can be read all the same: enough
    /// to find out who sent it, never to read money.
    pub(in crate::sources) fn sound_part(request: &Request) -> Self {
        if !is_json(request) {
            return Self::of_params(&Params::sound_part(request));
        }
        let mut fields = Self::default();
        let Ok(object) = serde_json::from_slice::<Object>(&request.body) else { return fields };
        for (name, value) in &object.0 {
            if let (false, Ok(Some(text))) = (object.holds_twice(name), field_text(name, value)) {
                fields.put(name, &text);
            }
        }
        fields
    }

    fn of_params(params: &Params) -> Self {
        let mut fields = Self::default();
        for param in params.iter() {
            fields.put(&param.name, &param.value);
        }
        fields
    }

    fn of_json(body: &[u8]) -> Result<Self, Refusal> {
        let object: Object =
            serde_json::from_slice(body).map_err(|error| bad("body", &error.to_string()))?;
        let mut fields = Self::default();
        for (name, value) in &object.0 {
            if object.holds_twice(name) {
                return Err(bad("body", "a name stands twice"));
            }
            if let Some(text) = field_text(name, value)? {
                fields.put(name, &text);
            }
        }
        Ok(fields)
    }

    fn put(&mut self, name: &str, text: &str) {
        if let Some(place) = self.place(name) {
            *place = Some(String::from(text));
        } else if let Some(place) = self.place(app_name(name)) {
            place.get_or_insert_with(|| String::from(text));
        }
    }

    /// Where the field of a name belongs; `None` for names that mean nothing here.
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "from" => Some(&mut self.from),
            "title" => Some(&mut self.title),
            "content" => Some(&mut self.content),
            "msg" => Some(&mut self.msg),
            "timestamp" => Some(&mut self.timestamp),
            "sign" => Some(&mut self.sign),
            _ => None,
        }
    }
}

/// The app's name of a field, where it is another.
fn app_name(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, own)| own)
}

/// The text of a field; `None` where its name means nothing here.
fn field_text(name: &str, value: &Value) -> Result<Option<String>, Refusal> {
    let own = app_name(name);
    if Fields::default().place(own).is_none() {
        return Ok(None);
    }
    match value {
        Value::String(text) if text.len() <= PARAM_BYTES_MAX => Ok(Some(text.clone())),
        Value::Number(number) if own == "timestamp" && number.is_u64() => {
            Ok(Some(number.to_string()))
        }
        Value::String(_) => Err(bad(name, "too long")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(bad(name, "not a text"))
        }
    }
}

fn bad(name: &str, why: &str) -> Refusal {
    Refusal::BadParameter { name: String::from(name), why: String::from(why) }
}

/// The names of a JSON object in their order, those that stand twice included.
struct Object(Vec<(String, Value)>);

impl Object {
    fn holds_twice(&self, name: &str) -> bool {
        self.0.iter().filter(|(known, _)| known == name).count() > 1
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        use serde::de::Error;
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if entries.len() == PARAMS_MAX {
                return Err(A::Error::custom("too many names"));
            }
            entries.push((name, value));
        }
        Ok(Object(entries))
    }
}

/// Title and text out of the app's default template: sender, text, title, `UID：…`, time and device,
/// each in lines of their own. The text may itself have several lines; the last line that begins as
/// `UID：` is the template's, so a text cannot move the title. A user's own template that sends a
/// bare text as `content` and no `title` is not told from it, and a chat message could imitate it:
/// the templates that we hand out send the title.
pub(in crate::sources) fn split_template(sender: &str, content: &str) -> Option<(String, String)> {
    let lines: Vec<&str> = content.lines().collect();
    let uid = lines.iter().rposition(|line| line.starts_with(UID_LINE))?;
    let [first, text @ .., title] = lines.get(..uid)? else { return None };
    let fits = !sender.is_empty() && *first == sender && !text.is_empty();
    fits.then(|| (String::from(*title), text.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use proptest::prelude::*;

    fn json(body: &str) -> Result<Fields, String> {
        Fields::of_json(body.as_bytes()).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn json_with_two_readings_or_none_is_refused() {
        let cases = [
            ("", "body"),
            ("[]", "a JSON object"),
            ("{", "body"),
            (r#"{"from":"a"} x"#, "body"),
            (r#"{"from":"a","from":"a"}"#, "a name stands twice"),
            (r#"{"sign":true}"#, "parameter sign is refused: not a text"),
            (r#"{"sign":1}"#, "parameter sign is refused: not a text"),
            (r#"{"sign":null}"#, "parameter sign is refused: not a text"),
            (r#"{"sign":["a"]}"#, "parameter sign is refused: not a text"),
            (r#"{"timestamp":1.5}"#, "parameter timestamp is refused: not a text"),
            (r#"{"timestamp":-1}"#, "parameter timestamp is refused: not a text"),
            (r#"{"content":{"msg":"x"}}"#, "parameter content is refused: not a text"),
        ];
        for (body, expected) in cases {
            match json(body) {
                Ok(_) => panic!("{body} was taken"),
                Err(error) => assert!(error.contains(expected), "{body}: {error}"),
            }
        }
        let long = format!(r#"{{"content":"{}"}}"#, "x".repeat(PARAM_BYTES_MAX + 1));
        assert!(json(&long).is_err_and(|error| error.contains("too long")));
        let many: Vec<String> = (0..=PARAMS_MAX).map(|i| format!(r#""n{i}":1"#)).collect();
        assert!(json(&format!("{{{}}}", many.join(","))).is_err_and(|e| e.contains("too many")));
        let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert!(json(&deep).is_err());
    }

    #[test]
    fn json_fields_are_read_and_foreign_ones_passed_over() {
        let body = r#"{"from":"a","content":"收款","timestamp":1700000000000,"x":{"sign":1}}"#;
        let fields = json(body).unwrap_or_default();
        assert_eq!(fields.from.as_deref(), Some("a"));
        assert_eq!(fields.content.as_deref(), Some("收款"));
        assert_eq!(fields.timestamp.as_deref(), Some("1700000000000"));
        assert_eq!((fields.title, fields.msg, fields.sign), (None, None, None));
    }

    #[test]
    fn names_of_a_users_own_template_stand_for_the_apps() {
        let read = |query: &str| {
            let fields =
                Fields::of(&Request::new(Method::Get, "/hook/p", query)).unwrap_or_default();
            [fields.from, fields.content, fields.msg, fields.timestamp]
                .map(Option::unwrap_or_default)
        };
        assert_eq!(read("pkg=a&text=b&message=c&t=1"), ["a", "b", "c", "1"]);
        assert_eq!(read("text=other&content=b&package=other&from=a"), ["a", "b", "", ""]);
        assert_eq!(read("content=b&text=other&body=other"), ["", "b", "", ""]);
        let numbers = json(r#"{"time":1700000000000,"text":"b","x":1}"#).unwrap_or_default();
        assert_eq!(numbers.timestamp.as_deref(), Some("1700000000000"));
        assert!(json(r#"{"text":1}"#).is_err());
    }

    #[test]
    fn the_sound_part_of_json_leaves_out_what_has_two_readings() {
        let sound = |body: &str| {
            let mut request = Request::new(Method::Post, "/hook/p", "");
            request.body = body.as_bytes().to_vec();
            let fields = Fields::sound_part(&request);
            (fields.timestamp, fields.sign, fields.content)
        };
        let some = |text: &str| Some(String::from(text));
        let body = r#"{"timestamp":"1","sign":"s","content":null,"content":"x"}"#;
        assert_eq!(sound(body), (some("1"), some("s"), None));
        let body = r#"{"timestamp":"1","sign":"s","sign":"s","content":"x"}"#;
        assert_eq!(sound(body), (some("1"), None, some("x")));
        assert_eq!(sound("{"), (None, None, None));
    }

    #[test]
    fn media_types_decide_and_a_brace_stands_for_one() {
        let request = |media: &str, body: &str| {
            let mut request = Request::new(Method::Post, "/hook/p", "from=query");
            if !media.is_empty() {
                request.headers.push((String::from("content-type"), String::from(media)));
            }
            request.body = body.as_bytes().to_vec();
            Fields::of(&request).map(|fields| fields.from)
        };
        let form = "application/x-www-form-urlencoded";
        let from = |text: &str| Ok(Some(String::from(text)));
        assert_eq!(request("application/json; charset=utf-8", r#"{"from":"a"}"#), from("a"));
        assert_eq!(request("", r#" {"from":"a"}"#), from("a"));
        assert_eq!(request("text/plain", r#"{"from":"a"}"#), from("a"));
        assert_eq!(request("application/json", "{}"), Ok(None), "the query is not merged");
        assert_eq!(request("", ""), from("query"));
        assert_eq!(request(form, "x=1"), from("query"));
        assert!(request(form, "from=a").is_err(), "twice over query and form");
        assert!(request("text/plain", "from=a").is_err());
        assert!(request("application/json", "").is_err());
    }

    #[test]
    fn the_default_template_is_split_and_nothing_else() {
        let split = |content: &str| split_template("com.tencent.mm", content);
        let parts = |title: &str, text: &str| Some((String::from(title), String::from(text)));
        let head = "com.tencent.mm\n微信支付收款0.01元";
        let whole = format!("{head}\n微信支付\nUID：10086\n2026-11-21 10:00:00\nphone");
        assert_eq!(split(&whole), parts("微信支付", "微信支付收款0.01元"));
        assert_eq!(
            split(&format!("{head}\n微信支付\nUID：1")),
            parts("微信支付", "微信支付收款0.01元")
        );
        let lines = split("com.tencent.mm\na\nUID：b\n微信支付\nUID：1\n");
        assert_eq!(lines, parts("微信支付", "a\nUID：b"));
        let others = [
            "",
            "UID：1",
            "com.tencent.mm\nUID：1",
            "com.tencent.mm\n微信支付\nUID：1",
            "other\na\nb\nUID：1",
            "com.tencent.mm\na\nb\nc",
        ];
        for content in others {
            assert_eq!(split(content), None, "{content}");
        }
        assert_eq!(split_template("", "\na\nb\nUID：1"), None, "an unknown sender is no sender");
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Fields::of_json(&body);
        }

        #[test]
        fn any_content_is_split_or_not(content in "(a|\n|UID：|\\PC){0,20}") {
            let _ = split_template("a", &content);
        }
    }
}
