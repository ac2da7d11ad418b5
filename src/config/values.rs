//! From an item to a value of a type, or a sentence that says why not.
//!
//! Invariant: a value that may be a secret is never repeated in the sentence.

use std::fmt::Display;
use std::str::FromStr;

use duizhang_api::secrets::Secret;
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::time::Span;

use super::duration::duration;
use super::finding::nearest;
use super::item::{Item, Node, Origin};

pub(super) fn text(item: &Item) -> Result<String, String> {
    match &item.node {
        Node::Text(text) if text.chars().any(char::is_control) => {
            Err("a control character has no meaning here".into())
        }
        Node::Text(text) if text.is_empty() => Err("the text is empty".into()),
        Node::Text(text) => Ok(text.clone()),
        other => Err(format!("a text is expected, not {}", other.word())),
    }
}

pub(super) fn parsed<T>(item: &Item) -> Result<T, String>
where
    T: FromStr,
    T::Err: Display,
{
    let text = text(item)?;
    text.parse().map_err(|error| format!("{text:?}: {error}"))
}

pub(super) fn secret(item: &Item) -> Result<Secret, String> {
    text(item).map(Secret::new)
}

pub(super) fn span(item: &Item) -> Result<Span, String> {
    duration(&text(item)?)
}

pub(super) fn spans(item: &Item) -> Result<Vec<Span>, String> {
    texts(item)?.iter().map(|text| duration(text)).collect()
}

pub(super) fn amount(item: &Item) -> Result<Amount, String> {
    let text = text(item)?;
    let amount = Amount::parse(&text, Currency::Cny).map_err(|e| format!("{text:?}: {e}"))?;
    if amount.minor() < 0 { Err(format!("{text:?} is negative")) } else { Ok(amount) }
}

/// Variables are texts, so a number or a flag in one is read from its text.
fn spoken<T: FromStr>(item: &Item) -> Option<T> {
    match (&item.origin, &item.node) {
        (Origin::Environment(_), Node::Text(text)) => text.parse().ok(),
        _ => None,
    }
}

pub(super) fn flag(item: &Item) -> Result<bool, String> {
    match &item.node {
        Node::Flag(flag) => Ok(*flag),
        other => {
            spoken(item).ok_or_else(|| format!("true or false is expected, not {}", other.word()))
        }
    }
}

pub(super) fn count(item: &Item) -> Result<u32, String> {
    let number = match &item.node {
        Node::Integer(number) => Some(*number),
        _ => spoken(item),
    };
    number
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| "a whole number from 0 to 4294967295 is expected".into())
}

pub(super) fn texts(item: &Item) -> Result<Vec<String>, String> {
    match (&item.origin, &item.node) {
        (_, Node::List(list)) => list.iter().map(text).collect(),
        (Origin::Environment(_), Node::Text(text)) => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            Ok(words.map(str::to_owned).collect())
        }
        (_, other) => Err(format!("a list of texts is expected, not {}", other.word())),
    }
}

pub(super) fn names<T>(item: &Item) -> Result<Vec<T>, String>
where
    T: FromStr + PartialEq,
    T::Err: Display,
{
    let mut names: Vec<T> = Vec::new();
    for text in texts(item)? {
        let name = text.parse().map_err(|error| format!("{text:?}: {error}"))?;
        if names.contains(&name) {
            return Err(format!("{text:?} stands twice"));
        }
        names.push(name);
    }
    Ok(names)
}

/// One word of a few.
pub(super) fn choice<T: Copy>(item: &Item, choices: &[(&str, T)]) -> Result<T, String> {
    let text = text(item)?;
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    Err(format!("{text:?} is not one of {}{}", words.join(", "), nearest(&text, &words)))
}
