//! The fields of a document by the names that its sender chose.
//!
//! Invariants: a name stands once over query and body, whatever the body's form; a number of JSON
//! keeps the spelling of the wire, because amounts and signatures are made of it; a text too long
//! for any notice is left out, and what then lacks its text is kept as unreadable.
//! Deliberately not here: what a name means (each source has its own list), and signatures.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::source::Refusal;
use crate::wire::{PARAM_BYTES_MAX, PARAM_NAME_BYTES_MAX, PARAMS_MAX, Params, Request};

/// The name under which a body of plain text stands.
const TEXT: &str = "text";

/// Names with their texts, in the order of receipt.
#[derive(Default)]
pub(in crate::sources) struct Named {
    texts: Vec<(String, String)>,
    /// Objects and arrays of a JSON body, unread.
    nested: Vec<(String, String)>,
}

impl Named {
    /// The fields of query and body.
    ///
    /// # Errors
    /// [`Refusal::BadParameter`] where a name stands twice or the body is not what it says it is.
    pub(in crate::sources) fn of(request: &Request) -> Result<Self, Refusal> {
        let mut named = Self::default();
        for param in Params::of(request)?.iter() {
            named.texts.push((param.name.clone(), param.value.clone()));
        }
        if is_form(request) || request.body.is_empty() {
            return Ok(named);
        }
        let body = std::str::from_utf8(&request.body).map_err(|_| bad("not UTF-8"))?;
        if !is_json(request) {
            named.add(String::from(TEXT), String::from(body))?;
            return Ok(named);
        }
        let object = Self::object(body)?;
        for (name, text) in object.texts {
            named.add(name, text)?;
        }
        named.nested = object.nested;
        Ok(named)
    }

    /// Those fields of a request that [`Named::of`] refuses which can be read all the same: enough
    /// to find out who sent it and in which shape, never to read money.
    pub(in crate::sources) fn sound_part(request: &Request) -> Self {
        if let Ok(named) = Self::of(request) {
            return named;
        }
        let params = Params::sound_part(request);
        let texts = params.iter().map(|param| (param.name.clone(), param.value.clone()));
        Self { texts: texts.collect(), nested: Vec::new() }
    }

    /// The fields of a JSON object.
    ///
    /// # Errors
    /// [`Refusal::BadParameter`] where it is none, or a name stands twice.
    pub(in crate::sources) fn object(json: &str) -> Result<Self, Refusal> {
        let entries: Entries =
            serde_json::from_str(json).map_err(|_| bad("not a JSON object of distinct names"))?;
        let mut named = Self::default();
        for (name, value) in entries.0 {
            match value.get().as_bytes().first() {
                Some(b'"') => {
                    let text: String =
                        serde_json::from_str(value.get()).map_err(|_| bad("not a text"))?;
                    named.add(name, text)?;
                }
                Some(b'{' | b'[') => named.nested.push((name, String::from(value.get()))),
                _ if value.get() == "null" => {}
                _ => named.add(name, String::from(value.get()))?,
            }
        }
        Ok(named)
    }

    /// The text of the first of these names that is there and not empty.
    pub(in crate::sources) fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.given(name).filter(|text| !text.is_empty()))
    }

    /// The text of a name, which may be empty.
    pub(in crate::sources) fn given(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// The JSON of an object or array that bears this name.
    pub(in crate::sources) fn nested(&self, name: &str) -> Option<&str> {
        self.nested.iter().find(|(known, _)| known == name).map(|(_, json)| json.as_str())
    }

    /// Whether any of these names is there, even with an empty text.
    pub(in crate::sources) fn names_any(&self, names: &[&str]) -> bool {
        self.texts.iter().chain(&self.nested).any(|(name, _)| names.contains(&name.as_str()))
    }

    fn add(&mut self, name: String, text: String) -> Result<(), Refusal> {
        if self.texts.iter().any(|(known, _)| *known == name) {
            return Err(bad("a name stands twice"));
        }
        if text.len() <= PARAM_BYTES_MAX && name.len() <= PARAM_NAME_BYTES_MAX {
            self.texts.push((name, text));
        }
        Ok(())
    }
}

fn bad(why: &str) -> Refusal {
    Refusal::BadParameter { name: String::from("body"), why: String::from(why) }
}

/// Whether the body is a form, whose fields [`Params`] reads.
pub(super) fn is_form(request: &Request) -> bool {
    let media = request.content_type();
    matches!(media.as_deref(), Some("application/x-www-form-urlencoded" | "multipart/form-data"))
}

/// Whether the body is JSON: as announced, or because it begins as an object, which is what a
/// user's template does whatever the media type says.
pub(super) fn is_json(request: &Request) -> bool {
    request.content_type().as_deref() == Some("application/json")
        || (!is_form(request) && request.body.trim_ascii_start().starts_with(b"{"))
}

/// The entries of a JSON object, values as they were written.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        use serde::de::Error;
        let mut entries: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if entries.len() == PARAMS_MAX || entries.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("too many names, or one twice"));
            }
            entries.push((name, value));
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use proptest::prelude::*;

    fn request(query: &str, media: &str, body: &str) -> Request {
        let mut request = Request::new(Method::Post, "/hook/p", query);
        if !media.is_empty() {
            request.headers.push((String::from("content-type"), String::from(media)));
        }
        request.body = body.as_bytes().to_vec();
        request
    }

    const MULTIPART: &str =
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";

    #[test]
    fn one_name_is_read_from_any_form_of_body() {
        let cases = [
            ("a=1", "", "", "a"),
            ("", "application/x-www-form-urlencoded", "a=1", "a"),
            ("", "multipart/form-data; boundary=x", MULTIPART, "a"),
            ("", "application/json", r#"{"a":"1"}"#, "a"),
            ("", "application/json; charset=utf-8", r#"{"a":1}"#, "a"),
            ("", "text/plain", r#" {"a":"\u0031","b":null,"c":{"a":2}}"#, "a"),
            ("", "text/plain", "1", "text"),
            ("", "", "1", "text"),
        ];
        for (query, media, body, name) in cases {
            let named = Named::of(&request(query, media, body));
            let named = named.unwrap_or_else(|refusal| panic!("{media} {body}: {refusal}"));
            assert_eq!(named.get(&["x", name]), Some("1"), "{media} {body}");
            assert_eq!(named.get(&["x"]), None, "{media} {body}");
        }
    }

    #[test]
    fn what_has_two_readings_or_none_is_refused() {
        let form = "application/x-www-form-urlencoded";
        let cases = [
            ("a=1", "application/json", r#"{"a":"1"}"#),
            ("a=1&a=1", "", ""),
            ("a=1", form, "a=1"),
            ("text=1", "text/plain", "1"),
            ("", "application/json", r#"{"a":"1","a":"1"}"#),
            ("", "application/json", r#"{"a":{},"a":{}}"#),
            ("", "application/json", r#"{"a":"1"} x"#),
            ("", "application/json", "[1]"),
            ("", "application/json", "x"),
            ("", "multipart/form-data", MULTIPART),
        ];
        for (query, media, body) in cases {
            let request = request(query, media, body);
            assert!(Named::of(&request).is_err(), "{query} {media} {body}");
        }
        let mut broken = request("", "text/plain", "");
        broken.body = vec![0xff];
        assert!(Named::of(&broken).is_err());
        let sound = Named::sound_part(&request("b=1", "application/json", "{"));
        assert_eq!(sound.get(&["b"]), Some("1"));
    }

    #[test]
    fn numbers_keep_their_spelling_and_objects_stay_closed() {
        let named = Named::object(r#"{"a":12.30,"b":1.0E1,"c":true,"p":{"m":"x"},"l":[1]}"#);
        let named = named.unwrap_or_default();
        assert_eq!(named.get(&["a"]), Some("12.30"));
        assert_eq!(named.get(&["b"]), Some("1.0E1"));
        assert_eq!(named.get(&["c"]), Some("true"));
        assert_eq!((named.get(&["p"]), named.nested("p")), (None, Some(r#"{"m":"x"}"#)));
        assert!(named.names_any(&["l"]) && !named.names_any(&["m"]));
    }

    #[test]
    fn what_is_too_long_is_left_out_and_the_rest_stays() {
        let long = "x".repeat(PARAM_BYTES_MAX + 1);
        let named = Named::object(&format!(r#"{{"icon":"{long}","a":"1"}}"#)).unwrap_or_default();
        assert_eq!((named.get(&["icon"]), named.get(&["a"])), (None, Some("1")));
        let many: Vec<String> = (0..=PARAMS_MAX).map(|i| format!(r#""n{i}":1"#)).collect();
        assert!(Named::object(&format!("{{{}}}", many.join(","))).is_err());
        let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert!(Named::object(&deep).is_ok_and(|named| named.nested("x").is_some()), "unread");
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in "[{}\",:a1\\\\\\PC]{0,30}") {
            for media in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
                let _ = Named::of(&request("", media, &body));
            }
        }
    }
}
