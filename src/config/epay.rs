//! `[merchant.epay]`: what a merchant's configuration says about that protocol alone.
//!
//! The public key is no secret and stays in the configuration; our private half is drawn at the
//! start for each merchant that has this section (`compose.rs`).

use duizhang_api::dialects::{EpayNotifyMethod, EpayShop};
use duizhang_api::key_pair::PublicKey;
use serde_json::{Value, json};

use super::finding::nearest;
use super::item::{Item, Node};
use super::section::Section;
use super::values;

pub(super) const EPAY_KEYS: &[&str] = &["notify_method", "public_key"];

const METHODS: [(&str, EpayNotifyMethod); 2] =
    [("get", EpayNotifyMethod::Get), ("post", EpayNotifyMethod::Post)];

pub(super) fn epay(mut section: Section<'_>) -> EpayShop {
    let notify_method = section.take("notify_method", method).unwrap_or_default();
    let public_key = section.take("public_key", public_key);
    EpayShop { notify_method, public_key }
}

/// As it is printed; what is read from it is the same again.
pub(super) fn as_json(shop: &EpayShop) -> Value {
    let known = METHODS.iter().find(|(_, method)| *method == shop.notify_method);
    let mut section = json!({ "notify_method": known.map(|(word, _)| *word) });
    if let Some(key) = &shop.public_key {
        section["public_key"] = json!(key.text());
    }
    section
}

fn method(item: &Item) -> Result<EpayNotifyMethod, String> {
    let word = values::text(item)?;
    let known = METHODS.iter().find(|(known, _)| *known == word);
    known.map(|(_, method)| *method).ok_or_else(|| {
        let words = METHODS.map(|(word, _)| word);
        format!("{word:?} is neither get nor post{}", nearest(&word, &words))
    })
}

/// PEM has several lines, which no other setting has.
fn public_key(item: &Item) -> Result<PublicKey, String> {
    match &item.node {
        Node::Text(text) => PublicKey::parse(text).map_err(|error| error.to_string()),
        other => Err(format!("a text is expected, not {}", other.word())),
    }
}
