//! The configuration file: TOML into items that know their lines.
//!
//! Invariant: an error of the parser is told by its message and line only, never by the text of the
//! line, which may hold a secret.
//! Deliberately not here: which keys there are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::Findings;
use super::item::{Item, Node, Origin};

/// The longest file: 65,535 merchants of 100 bytes would need 6 MB, but nobody writes them by hand;
/// a thousand of them with all their keys stay below 512 KB.
pub(super) const FILE_BYTES_MAX: u64 = 1024 * 1024;

struct Reader<'a> {
    name: Rc<str>,
    text: &'a str,
    findings: &'a Findings,
}

/// Reads a file's text; what cannot be understood is a finding.
pub(super) fn items(name: &str, text: &str, findings: &Findings) -> BTreeMap<String, Item> {
    let reader = Reader { name: Rc::from(name), text, findings };
    match DeTable::parse(text) {
        Ok(table) => reader.table("", table.get_ref()),
        Err(error) => {
            let origin = reader.origin(error.span().unwrap_or(0..0));
            findings.add(Some(&origin), "", format!("this is not TOML: {}", error.message()));
            BTreeMap::new()
        }
    }
}

impl Reader<'_> {
    fn origin(&self, span: Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Origin::File { name: Rc::clone(&self.name), line: before.matches('\n').count() + 1 }
    }

    fn table(&self, path: &str, table: &DeTable<'_>) -> BTreeMap<String, Item> {
        let mut items = BTreeMap::new();
        for (key, value) in table {
            let path = joined(path, key.get_ref());
            // The key's line, not the value's: that of a section is where its name stands.
            let origin = self.origin(key.span());
            if let Some(node) = self.node(&path, value) {
                items.insert(key.get_ref().to_string(), Item { origin, node });
            }
        }
        items
    }

    fn node(&self, path: &str, value: &Spanned<DeValue<'_>>) -> Option<Node> {
        let refuse = |what: &str| {
            self.findings.add(Some(&self.origin(value.span())), path, what);
            None
        };
        match value.get_ref() {
            DeValue::String(text) => Some(Node::Text(text.to_string())),
            DeValue::Boolean(flag) => Some(Node::Flag(*flag)),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Some(Node::Integer(number)),
                    Err(_) => refuse("the number is too large"),
                }
            }
            DeValue::Float(_) => refuse("fractions are written as texts: \"0.99\""),
            DeValue::Datetime(_) => refuse("a time has no meaning here"),
            DeValue::Array(values) => {
                let items = values.iter().filter_map(|value| {
                    let origin = self.origin(value.span());
                    self.node(path, value).map(|node| Item { origin, node })
                });
                Some(Node::List(items.collect()))
            }
            DeValue::Table(table) => Some(Node::Table(self.table(path, table))),
        }
    }
}

/// `policy` and `step` are `policy.step`.
pub(super) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
