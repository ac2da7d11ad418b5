//! A section of the configuration: takes its known keys and reports the others.
//!
//! Invariant: every key is either taken by name or a finding; a value that cannot be read is a
//! finding and stands for "not given".

use std::collections::BTreeMap;

use super::file::joined;
use super::finding::{Findings, nearest};
use super::item::{Item, Node, Origin};

/// The sections of the file.
pub(super) const SECTIONS: &[&str] = &[
    "server",
    "policy",
    "books",
    "reconciliation",
    "callbacks",
    "bridge",
    "wallet",
    "device",
    "merchant",
];

/// One section, whose keys are taken out one by one.
pub(super) struct Section<'a> {
    pub(super) path: String,
    pub(super) origin: Option<Origin>,
    items: BTreeMap<String, Item>,
    pub(super) findings: &'a Findings,
}

impl<'a> Section<'a> {
    /// Looks over the keys of a table. No table is one without keys.
    pub(super) fn new(
        path: &str,
        item: Option<Item>,
        known: &[&str],
        findings: &'a Findings,
    ) -> Self {
        let (origin, node) = match item {
            Some(item) => (Some(item.origin), item.node),
            None => (None, Node::Table(BTreeMap::new())),
        };
        let items = match node {
            Node::Table(items) => items,
            other => {
                findings.add(
                    origin.as_ref(),
                    path,
                    format!("a section is expected, not {}", other.word()),
                );
                BTreeMap::new()
            }
        };
        for (key, item) in items.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let what = format!("unknown key{}", nearest(key, known));
            findings.add(Some(&item.origin), &joined(path, key), what);
        }
        Self { path: path.to_owned(), origin, items, findings }
    }

    /// Takes a value out as it stands.
    pub(super) fn item(&mut self, key: &str) -> Option<Item> {
        self.items.remove(key)
    }

    /// Takes a value and reads it.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Item) -> Result<T, String>,
    ) -> Option<T> {
        let item = self.item(key)?;
        match read(&item) {
            Ok(value) => Some(value),
            Err(what) => {
                self.findings.add(Some(&item.origin), &joined(&self.path, key), what);
                None
            }
        }
    }

    /// Takes a value that must be there.
    pub(super) fn require<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Item) -> Result<T, String>,
    ) -> Option<T> {
        if !self.items.contains_key(key) {
            self.refuse(key, "is missing");
        }
        self.take(key, read)
    }

    /// Reports a key of this section.
    pub(super) fn refuse(&self, key: &str, what: impl Into<String>) {
        self.findings.add(self.origin.as_ref(), &joined(&self.path, key), what);
    }

    /// Takes a list of sections: `[[wallet]]`. Each is named by its place, counted from zero.
    pub(super) fn sections(&mut self, key: &str, known: &[&str]) -> Vec<Section<'a>> {
        let path = joined(&self.path, key);
        let Some(item) = self.item(key) else { return Vec::new() };
        match item.node {
            Node::List(list) => list
                .into_iter()
                .enumerate()
                .map(|(at, item)| {
                    Section::new(&format!("{path}[{at}]"), Some(item), known, self.findings)
                })
                .collect(),
            _ => {
                let what = format!("several may follow: write [[{path}]]");
                self.findings.add(Some(&item.origin), &path, what);
                Vec::new()
            }
        }
    }
}
