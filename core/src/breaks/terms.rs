//! The terms that a book compares its days under, as its log tells them.
//!
//! Invariant: terms beyond what a book may set never enter the log.
//! Deliberately not here: what the terms mean ([`crate::reconciliation::Terms`]).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::refusal::BreakRefusal;
use super::work::check_operator;
use crate::decide::{Repeat, Ruling};
use crate::reconciliation::BookTerms;
use crate::rejection::Rejection;
use crate::state::State;

/// The terms of reconciliation have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsActivated {
    /// The terms, whole.
    pub terms: BookTerms,
    /// Who or what activated them.
    pub by: String,
}

pub(crate) fn rule_on_terms(
    state: &State,
    activated: &TermsActivated,
) -> Result<Ruling, Rejection> {
    check_operator(&activated.by)?;
    activated.terms.check().map_err(|name| Rejection::Break(BreakRefusal::Unfit(name)))?;
    if *state.book_terms() == activated.terms {
        return Ok(Ruling::Repeat(Repeat::Nothing));
    }
    Ok(Ruling::Decided(Vec::new()))
}
