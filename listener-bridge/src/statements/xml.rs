//! A small tree of an XML document, or of the SGML of OFX 1 whose leaves are not closed.
//!
//! Invariants: names are local, so that the version in a namespace does not matter; a document type
//! is refused, so that nothing is expanded or fetched; depth and number of nodes are limited.
//! Deliberately not here: what the names mean.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::refusal::NotAStatement;

/// The deepest nesting: camt goes to about 15.
const DEPTH_MAX: usize = 64;
/// The most nodes: an entry of camt has about 40, so that fifty thousand entries fit.
const NODES_MAX: usize = 2_000_000;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    /// Attribute `Ccy`, the only one that statements use.
    pub(super) currency: Option<String>,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
    /// Where its text stands in the document.
    pub(super) span: (usize, usize),
}

impl Node {
    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The node below these names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// The trimmed text below these names; empty where there is none.
    pub(super) fn text_at(&self, path: &[&str]) -> &str {
        self.at(path).map_or("", |node| node.text.trim())
    }

    /// Every node of this name in the whole tree, in the order of the document.
    pub(super) fn find_all<'a>(&'a self, name: &str, found: &mut Vec<&'a Self>) {
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            child.find_all(name, found);
        }
    }
}

/// Reads a document whose elements are all closed. The root's name is empty.
pub(super) fn tree(text: &str) -> Result<Node, NotAStatement> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Node::default()];
    let mut nodes = 0_usize;
    loop {
        let before = place(&reader);
        match reader.read_event().map_err(|_| NotAStatement::DamagedXml)? {
            Event::Eof => break,
            Event::DocType(_) => return Err(NotAStatement::DamagedXml),
            Event::Start(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                let currency = tag.attributes().flatten().find(|a| a.key.as_ref() == "Ccy");
                let currency = currency.map(|a| a.value.into_owned());
                let span = (before, before);
                open.push(Node { name, currency, span, ..Node::default() });
                nodes += 1;
            }
            Event::End(_) => close(&mut open, place(&reader))?,
            Event::Text(part) => append(&mut open, &part),
            Event::CData(part) => append(&mut open, &part),
            Event::GeneralRef(name) => append(&mut open, &reference(&name)),
            _ => {}
        }
        if open.len() > DEPTH_MAX || nodes > NODES_MAX {
            return Err(NotAStatement::DamagedXml);
        }
    }
    match open.pop() {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err(NotAStatement::DamagedXml),
    }
}

/// What `&amp;` and its like stand for; an entity that only a document type could explain is
/// nothing.
pub(super) fn reference(name: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = name.resolve_char_ref() {
        return character.to_string();
    }
    let known = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'")];
    let found = known.iter().find(|(known, _)| *known == &**name);
    found.map_or_else(String::new, |(_, text)| (*text).to_owned())
}

fn place(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn append(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

fn close(open: &mut Vec<Node>, at: usize) -> Result<(), NotAStatement> {
    let mut node = open.pop().ok_or(NotAStatement::DamagedXml)?;
    node.span.1 = at;
    open.last_mut().ok_or(NotAStatement::DamagedXml)?.children.push(node);
    Ok(())
}
