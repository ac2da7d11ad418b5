//! The environment: `DUIZHANG_SERVER__LISTEN` is `server.listen`.
//!
//! Two underscores part the levels. A number addresses an entry of a list of sections, counted from
//! zero in the order of the file: `DUIZHANG_MERCHANT__0__KEY`; one more than there are makes a new
//! entry. A list of texts is written with commas.
//! Deliberately not here: variables without two underscores (`DUIZHANG_LOG`), which are no
//! settings.

use std::collections::BTreeMap;

use super::finding::Findings;
use super::item::{Item, Node, Origin};
use super::section::SECTIONS;

const PREFIX: &str = "DUIZHANG_";
const PARTING: &str = "__";

/// Lays the variables over what the file says.
pub(super) fn overlay(
    items: &mut BTreeMap<String, Item>,
    variables: &BTreeMap<String, String>,
    findings: &Findings,
) {
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let origin = Origin::Environment(name.clone());
        if !rest.contains(PARTING) {
            check_parting(rest, &origin, findings);
            continue;
        }
        let path = rest.to_lowercase();
        let parts: Vec<&str> = path.split(PARTING).collect();
        if let Err(what) = put(items, &parts, &Item { origin, node: Node::Text(value.clone()) }) {
            findings.add(Some(&Origin::Environment(name.clone())), &parts.join("."), what);
        }
    }
}

/// A setting that lost one of its underscores would otherwise be ignored without a word.
fn check_parting(rest: &str, origin: &Origin, findings: &Findings) {
    let lower = rest.to_lowercase();
    let section = SECTIONS.iter().find(|section| {
        lower.strip_prefix(**section).is_some_and(|behind| behind.starts_with('_'))
    });
    if let Some(section) = section {
        let what = format!("two underscores stand behind {}", section.to_uppercase());
        findings.add(Some(origin), "", what);
    }
}

fn put(items: &mut BTreeMap<String, Item>, path: &[&str], leaf: &Item) -> Result<(), String> {
    let Some((key, below)) = path.split_first() else { return Ok(()) };
    if key.is_empty() {
        return Err("a name between two pairs of underscores is empty".into());
    }
    let Some((next, deeper)) = below.split_first() else {
        items.insert((*key).to_owned(), leaf.clone());
        return Ok(());
    };
    let empty = || match next.parse::<usize>() {
        Ok(_) => Node::List(Vec::new()),
        Err(_) => Node::Table(BTreeMap::new()),
    };
    let item = items
        .entry((*key).to_owned())
        .or_insert_with(|| Item { origin: leaf.origin.clone(), node: empty() });
    match &mut item.node {
        Node::Table(table) => put(table, below, leaf),
        Node::List(list) => put_in_list(list, key, next, deeper, leaf),
        Node::Text(_) | Node::Integer(_) | Node::Flag(_) => {
            Err(format!("{key} is a value and holds nothing else"))
        }
    }
}

fn put_in_list(
    list: &mut Vec<Item>,
    key: &str,
    number: &str,
    below: &[&str],
    leaf: &Item,
) -> Result<(), String> {
    let number: usize =
        number.parse().map_err(|_| format!("a number stands behind {key}, not {number}"))?;
    if number > list.len() {
        return Err(format!("{key} has {} entries, so the next is {}", list.len(), list.len()));
    }
    if number == list.len() {
        list.push(Item { origin: leaf.origin.clone(), node: Node::Table(BTreeMap::new()) });
    }
    match &mut list[number].node {
        Node::Table(table) if !below.is_empty() => put(table, below, leaf),
        _ => Err(format!("the name of a setting of {key} is missing")),
    }
}
