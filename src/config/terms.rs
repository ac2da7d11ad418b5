//! `[reconciliation]`: under which terms the book compares its days with statements.
//!
//! Invariant: what is out of bounds is named with its key; the bounds are the rules' own.
//! Deliberately not here: the terms that nobody may loosen (`duizhang_core::reconciliation`).

use duizhang_core::amount::Amount;
use duizhang_core::reconciliation::{BookTerms, DELAY_MAX, PARTS_MAX, ROUNDING_MAX, SKEW_MAX};
use duizhang_core::time::Span;
use serde_json::{Value, json};

use super::duration::duration_text;
use super::item::Item;
use super::section::Section;
use super::values;

pub(super) const TERMS_KEYS: &[&str] = &["delay", "skew", "rounding", "fee_rounding", "parts"];

pub(super) fn terms(mut section: Section<'_>) -> BookTerms {
    let base = BookTerms::default();
    BookTerms {
        delay: section.take("delay", |item| span(item, DELAY_MAX)).unwrap_or(base.delay),
        skew: section.take("skew", |item| span(item, SKEW_MAX)).unwrap_or(base.skew),
        rounding: section.take("rounding", rounding).unwrap_or(base.rounding),
        fee_rounding: section.take("fee_rounding", rounding).unwrap_or(base.fee_rounding),
        parts_max: section.take("parts", parts).unwrap_or(base.parts_max),
    }
}

/// As they are printed; what is read from it is the same again.
pub(super) fn as_json(terms: &BookTerms) -> Value {
    let amount =
        |minor: u64| i64::try_from(minor).map_or(Amount::fen(i64::MAX), Amount::fen).decimal_text();
    json!({
        "delay": duration_text(terms.delay),
        "skew": duration_text(terms.skew),
        "rounding": amount(terms.rounding),
        "fee_rounding": amount(terms.fee_rounding),
        "parts": terms.parts_max,
    })
}

fn span(item: &Item, longest: Span) -> Result<Span, String> {
    let span = values::span(item)?;
    let fits = span <= longest;
    if fits { Ok(span) } else { Err(format!("must not be above {}", duration_text(longest))) }
}

fn rounding(item: &Item) -> Result<u64, String> {
    let minor = values::amount(item)?.minor().unsigned_abs();
    let fits = minor <= ROUNDING_MAX;
    if fits { Ok(minor) } else { Err("must not be above 1.00".into()) }
}

fn parts(item: &Item) -> Result<u32, String> {
    let parts = values::count(item)?;
    let fits = parts <= PARTS_MAX;
    if fits { Ok(parts) } else { Err(format!("must not be above {PARTS_MAX}")) }
}
