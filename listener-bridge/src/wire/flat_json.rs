//! A JSON object of texts, numbers and truths, read as parameters.
//!
//! Invariants: a number keeps the spelling in which it was received, because signatures are made
//! over texts and no amount passes through floating point; what is nested is refused by its name;
//! `null` is no parameter, but its name is taken.
//! Deliberately not here: limits and which names stand twice (see [`super::Params`]).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Why a JSON body is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlatJsonError {
    /// It is no JSON object.
    #[error("the body is no JSON object")]
    NoObject,
    /// A value is an array or an object.
    #[error("the value of {0} is not one text")]
    Nested(String),
}

/// A member: its name, its text, and how the text stands in the document. None where it is `null`.
pub(super) type Member<'a> = (String, Option<(Cow<'a, str>, &'a str)>);

/// All members, in their order.
pub(super) fn members(body: &[u8]) -> Result<Vec<Member<'_>>, FlatJsonError> {
    let object: Object<'_> = serde_json::from_slice(body).map_err(|_| FlatJsonError::NoObject)?;
    object.0.into_iter().map(|(name, value)| read_member(name, value.get())).collect()
}

fn read_member(name: String, raw: &str) -> Result<Member<'_>, FlatJsonError> {
    let text = match raw.as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(raw).map_err(|_| FlatJsonError::NoObject)?;
            Cow::Owned(text)
        }
        Some(b'{' | b'[') => return Err(FlatJsonError::Nested(name)),
        Some(b'n') => return Ok((name, None)),
        _ => Cow::Borrowed(raw),
    };
    Ok((name, Some((text, raw))))
}

/// Members in the order of the document, doubles included.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_keep_their_spelling() {
        let body =
            r#" {"price":0.10,"big":1E7,"text":"a\u8ba2\"","flag":true,"none":null,"n":-0} "#;
        let members = members(body.as_bytes()).unwrap();
        let seen: Vec<_> = members
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_ref().map(|(text, _)| text.as_ref())))
            .collect();
        let expected = [
            ("price", Some("0.10")),
            ("big", Some("1E7")),
            ("text", Some("a订\"")),
            ("flag", Some("true")),
            ("none", None),
            ("n", Some("-0")),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_no_flat_object_is_refused() {
        for body in ["", "[]", "1", "null", "{", "{\"a\":1}x", "{\"a\":01}", "{'a':1}", "{\"a\":}"]
        {
            assert_eq!(members(body.as_bytes()), Err(FlatJsonError::NoObject), "{body}");
        }
        assert_eq!(members(b"{\"a\":\"\xff\"}"), Err(FlatJsonError::NoObject));
        for body in ["{\"a\":[]}", "{\"b\":1,\"a\":{\"c\":1}}"] {
            let nested = FlatJsonError::Nested(String::from("a"));
            assert_eq!(members(body.as_bytes()), Err(nested), "{body}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert_eq!(members(deep.as_bytes()), Err(FlatJsonError::NoObject));
    }

    proptest! {
        #[test]
        fn texts_come_back(sent in proptest::collection::btree_map(".{0,8}", ".{0,20}", 0..8)) {
            let body = serde_json::to_vec(&sent).unwrap();
            let members = members(&body).unwrap();
            prop_assert_eq!(members.len(), sent.len());
            for (name, text) in &members {
                let text = text.as_ref().map(|(text, _)| text.as_ref());
                prop_assert_eq!(text, sent.get(name).map(String::as_str));
            }
        }
    }
}
