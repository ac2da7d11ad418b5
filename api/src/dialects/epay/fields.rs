//! The fields of an answer or a callback: in order, as JSON, as a form, and as the text to sign.
//!
//! Invariants: JSON is valid whatever texts stand in it and keeps the order; what is signed is what
//! is shown; lists and what is not there are not signed, as the original does it.

use duizhang_core::id::MerchantId;
use duizhang_listener_bridge::wire::encode_component;
use serde_json::Value;

use super::canon::{self, is_filled};

/// Names with their values, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields(Vec<(&'static str, Shown)>);

/// What stands behind a name.
#[derive(Clone, Debug, PartialEq)]
enum Shown {
    /// A text, a number or nothing.
    One(Value),
    /// A list of objects.
    List(Vec<Fields>),
}

impl Fields {
    /// None yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// One more.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, Shown::One(value.into())));
        self
    }

    /// A list of objects.
    pub(super) fn with_list(mut self, name: &'static str, list: Vec<Self>) -> Self {
        self.0.push((name, Shown::List(list)));
        self
    }

    /// One more, unless it is empty.
    pub(super) fn with_filled(self, name: &'static str, value: Option<&str>) -> Self {
        match value.filter(|value| is_filled(value)) {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Without what is empty or not there.
    pub(super) fn without_empty(mut self) -> Self {
        self.0.retain(|(_, shown)| match shown {
            Shown::One(Value::Null) => false,
            Shown::One(Value::String(text)) => is_filled(text),
            Shown::One(_) | Shown::List(_) => true,
        });
        self
    }

    /// The text to sign.
    pub(super) fn signed_text(&self) -> String {
        let texts: Vec<(&str, String)> =
            self.0.iter().filter_map(|(name, shown)| Some((*name, shown.plain()?))).collect();
        let pairs = texts.iter().map(|(name, text)| (*name, text.as_str()));
        canon::text(
            pairs.filter(|(name, text)| !matches!(*name, "sign" | "sign_type") && is_filled(text)),
        )
    }

    /// As a query or a form.
    pub(super) fn form(&self) -> String {
        let texts = self.0.iter().filter_map(|(name, shown)| Some((name, shown.plain()?)));
        let pieces: Vec<String> =
            texts.map(|(name, text)| format!("{name}={}", encode_component(&text))).collect();
        pieces.join("&")
    }

    /// As a JSON object.
    pub(super) fn json(&self) -> String {
        let members: Vec<String> =
            self.0.iter().map(|(name, shown)| format!("\"{name}\":{}", shown.json())).collect();
        format!("{{{}}}", members.join(","))
    }
}

impl Shown {
    fn json(&self) -> String {
        match self {
            Self::One(value) => value.to_string(),
            Self::List(list) => {
                format!("[{}]", list.iter().map(Fields::json).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// As a text to sign; lists and nothing have none.
    fn plain(&self) -> Option<String> {
        match self {
            Self::One(Value::String(text)) => Some(text.clone()),
            Self::One(Value::Number(number)) => Some(number.to_string()),
            Self::One(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_))
            | Self::List(_) => None,
        }
    }
}

/// A merchant's id as the original shows it: a number where it is one.
pub(super) fn pid(merchant: &MerchantId) -> Value {
    let number = merchant.as_str().parse::<u32>().ok();
    match number.filter(|number| number.to_string() == merchant.as_str()) {
        Some(number) => Value::from(number),
        None => Value::from(merchant.as_str()),
    }
}
