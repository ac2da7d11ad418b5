//! One value of the configuration, with the place that it was written in.
//!
//! Invariant: nothing here shows itself when it is printed, because any text may be a secret.
//! Deliberately not here: what a value means.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// Where a value was written.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// In a file, in this line.
    File { name: Rc<str>, line: usize },
    /// In an environment variable.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Environment(name) => f.write_str(name),
        }
    }
}

/// A value and its place.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) origin: Origin,
    pub(super) node: Node,
}

/// A value. There are no fractions: amounts are texts.
#[derive(Clone)]
pub(super) enum Node {
    Text(String),
    Integer(i64),
    Flag(bool),
    List(Vec<Item>),
    Table(BTreeMap<String, Item>),
}

impl Node {
    /// What it is, for an error.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a section",
        }
    }
}
