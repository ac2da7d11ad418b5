//! What is wrong with a configuration. All findings are collected, so that one run shows them all.
//!
//! Invariant: a finding never repeats a value that may be a secret.

use std::cell::RefCell;
use std::fmt;

use super::item::Origin;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    place: Option<String>,
    key: String,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)
    }
}

/// The configuration is refused, for all of these reasons.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Vec<Finding>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is refused")?;
        self.0.iter().try_for_each(|finding| write!(f, "\n  {finding}"))
    }
}

impl std::error::Error for Refused {}

/// The findings so far. Sections of one file report into it side by side.
#[derive(Default)]
pub(super) struct Findings(RefCell<Vec<Finding>>);

impl Findings {
    /// Adds one.
    pub(super) fn add(&self, place: Option<&Origin>, key: &str, what: impl Into<String>) {
        let place = place.map(ToString::to_string);
        self.0.borrow_mut().push(Finding { place, key: key.to_owned(), what: what.into() });
    }

    /// The value, where nothing was found.
    pub(super) fn settle<T>(self, value: T) -> Result<T, Refused> {
        let findings = self.0.into_inner();
        if findings.is_empty() { Ok(value) } else { Err(Refused(findings)) }
    }
}

/// ` (did you mean …?)` for the nearest known word, where one is near at all.
pub(super) fn nearest(word: &str, known: &[&str]) -> String {
    let best = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .min_by_key(|(distance, _)| *distance);
    // Beyond a third of the letters a proposal would only confuse.
    match best {
        Some((distance, candidate)) if distance <= (candidate.len() / 3).max(2) => {
            format!(" (did you mean {candidate}?)")
        }
        _ => String::new(),
    }
}
