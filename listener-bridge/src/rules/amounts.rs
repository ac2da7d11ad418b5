//! The amount inside a notification's text.
//!
//! Invariants: ASCII digits only; commas only between groups of three; at most two decimals; never
//! zero or less.
//! Deliberately not here: where the amount stands, which is each rule's matter.

use duizhang_core::amount::{Amount, AmountError, Currency};

/// The group that reads an amount: with thousands commas, or without. What stands behind the amount
/// is the rule's matter, and a rule that names it (as `元`) can never take a part of a longer
/// number.
pub(super) const AMOUNT_PATTERN: &str =
    r"(?<amount>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]{1,2})?)";

/// Why a captured text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CapturedError {
    #[error("amount {0}")]
    Amount(#[from] AmountError),
    #[error("amount is not more than zero")]
    NotPositive,
}

/// The amount in a captured text, whose thousands commas are taken out.
pub(super) fn read(captured: &str) -> Result<Amount, CapturedError> {
    let amount = Amount::parse(&captured.replace(',', ""), Currency::Cny)?;
    if amount.is_positive() { Ok(amount) } else { Err(CapturedError::NotPositive) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    #[test]
    fn captured_texts_are_read_or_refused() {
        let cases = [
            ("1,160.00", Ok(116_000)),
            ("1,234,567.8", Ok(123_456_780)),
            ("9", Ok(900)),
            ("0.01", Ok(1)),
            ("0", Err(CapturedError::NotPositive)),
            ("0.00", Err(CapturedError::NotPositive)),
            ("0.001", Err(CapturedError::Amount(AmountError::NotWholeMinorUnits))),
            ("", Err(CapturedError::Amount(AmountError::NotANumber))),
            ("１", Err(CapturedError::Amount(AmountError::NotANumber))),
            ("99999999999999", Err(CapturedError::Amount(AmountError::TooLarge))),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).map(Amount::minor), expected, "{text}");
        }
    }

    fn captured(text: &str) -> Option<String> {
        let pattern = Regex::new(&format!("^{AMOUNT_PATTERN}元$")).unwrap();
        pattern.captures(text).map(|found| found["amount"].to_owned())
    }

    #[test]
    fn a_number_that_is_not_written_as_an_amount_is_not_captured() {
        for text in
            ["1,16元", "1,1600元", ",160元", "1.005元", "1.元", ".5元", "１元", "1 元", "-1元"]
        {
            assert_eq!(captured(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_is_captured_with_and_without_commas(fen in 1_i64..=1_000_000_000_000) {
            let plain = Amount::fen(fen).decimal_text();
            let (whole, decimals) = plain.split_once('.').unwrap();
            let mut grouped = String::new();
            for (index, digit) in whole.chars().enumerate() {
                if index > 0 && (whole.len() - index) % 3 == 0 {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            for text in [plain.clone(), format!("{grouped}.{decimals}")] {
                let found = captured(&format!("{text}元"));
                prop_assert_eq!(found.as_deref(), Some(text.as_str()));
                prop_assert_eq!(read(&text).map(Amount::minor), Ok(fen));
            }
        }
    }
}
