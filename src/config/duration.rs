//! Spans of time as people write them: `10s`, `5m`, `24h`.
//!
//! Invariant: what is printed is read back as the same span.

use duizhang_core::time::Span;

/// Units with their length in microseconds, the longest first.
const UNITS: &[(&str, u64)] = &[
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
];

/// Reads a whole number and its unit.
pub(crate) fn duration(text: &str) -> Result<Span, String> {
    let refused =
        || format!("{text:?} is not a duration: a whole number and ms, s, m, h or d, like \"15m\"");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| refused())?;
    let (_, micros) = UNITS.iter().find(|(word, _)| *word == unit).ok_or_else(refused)?;
    number.checked_mul(*micros).map(Span::from_micros).ok_or_else(refused)
}

/// The span in the longest unit that holds it whole.
pub(crate) fn duration_text(span: Span) -> String {
    if span == Span::ZERO {
        return "0s".into();
    }
    let whole = UNITS.iter().find(|(_, micros)| span.micros().is_multiple_of(*micros));
    match whole {
        Some((word, micros)) => format!("{}{word}", span.micros() / micros),
        None => format!("{}ms", span.millis()),
    }
}
