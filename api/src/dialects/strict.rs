//! The texts of strict merchants: what the protocols share whose signatures join texts without
//! separators.
//!
//! A merchant's number holds no mark, a marked text begins with one and ends with a character that
//! no number holds, and a price has exactly two decimals. Where a marked text stands between a
//! number and prices, each of them so begins and ends at one place only.
//!
//! Invariants: no text is both a number and marked, or both marked and a price.
//! Deliberately not here: the formulas, and that each of them has one reading (each protocol counts
//! its own).

/// Longest number of a strict merchant, in bytes: an UUID has 36, a prefixed date and counter about
/// 40.
pub(super) const STRICT_NUMBER_BYTES_MAX: usize = 64;
/// Longest price of a strict merchant, in bytes: eight digits of yuan, a dot and two digits of fen.
const STRICT_PRICE_BYTES_MAX: usize = 11;
/// What a marked text begins with.
pub(super) const MARKS: [char; 4] = ['|', '{', '~', ':'];

/// `[A-Za-z0-9_-]{1,64}`
pub(super) fn is_strict_number(text: &str) -> bool {
    (1..=STRICT_NUMBER_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Begins with a mark, ends with neither digit nor dot, and holds nothing that other formulas
/// separate by.
pub(super) fn is_marked(text: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '&' | '=' | '#' | '%');
    text.starts_with(MARKS)
        && !text.ends_with(|c: char| c.is_ascii_digit() || c == '.')
        && !text.chars().any(odd)
}

/// `(0|[1-9]\d{0,7})\.\d{2}`, and more than nothing.
pub(super) fn is_strict_price(text: &str) -> bool {
    let Some((yuan, fen)) = text.split_once('.') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= STRICT_PRICE_BYTES_MAX
        && digits(yuan)
        && digits(fen)
        && fen.len() == 2
        && (yuan == "0" || !yuan.starts_with('0'))
        && text.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// Whether a text holds what no signed text may hold, strict or not: it is dangerous, and no shop
/// sends it.
pub(super) fn is_odd(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || matches!(c, '&' | '='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_is_two_things(text in "[0-9A-Za-z._|{~:-]{0,6}") {
            let kinds = [is_strict_number(&text), is_marked(&text), is_strict_price(&text)];
            prop_assert!(kinds.iter().filter(|is| **is).count() <= 1, "{}", text);
        }
    }
}
