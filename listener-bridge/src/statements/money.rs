//! Money as statements write it.
//!
//! Invariants: never a float; a third decimal that is not zero is refused, but for the dust that a
//! spreadsheet's binary numbers leave behind the eighth; a comma stands between groups of three or
//! the text is no amount, so that a decimal comma is never taken for a thousands comma.
//! Deliberately not here: which column holds the amount, and what its sign means.

use duizhang_core::amount::{Amount, AmountError, Currency};
use rust_decimal::{Decimal, RoundingStrategy};

use super::draft::RowError;

/// Longest text of an amount: `-￥9,999,999,999.99000` is half of it, and the digits of a binary
/// number written out in full fit too.
const MONEY_CHARS_MAX: usize = 40;

/// What a spreadsheet's binary number may be away from the decimal that was typed: 10^12 has a
/// distance of 10^-4 between neighbours in binary, but an amount below ten million, which is what
/// statements hold, lies within 10^-8 of its decimal.
const DUST: Decimal = Decimal::from_parts(1, 0, 0, false, 8);

/// A signed amount: `¥28.16`, `￥1,234.50`, `+1.00`, `-0.04`, `7.0000000000000007E-2`, `27元`.
pub(super) fn read_money(text: &str, currency: Currency) -> Result<Amount, AmountError> {
    let exact = decimal(text)?;
    let whole = exact.round_dp(currency.decimals());
    if (exact - whole).abs() > DUST {
        return Err(AmountError::NotWholeMinorUnits);
    }
    Amount::parse(&whole.to_string(), currency)
}

/// A fee, which WeChat writes with five decimals; whether it had to be rounded comes along.
pub(super) fn read_fee(text: &str, currency: Currency) -> Result<(Amount, Rounded), AmountError> {
    let exact = decimal(text)?;
    let whole =
        exact.round_dp_with_strategy(currency.decimals(), RoundingStrategy::MidpointAwayFromZero);
    let rounded = if (exact - whole).abs() > DUST { Rounded::Yes } else { Rounded::No };
    Ok((Amount::parse(&whole.to_string(), currency)?, rounded))
}

/// Whether a fee had more than the currency's decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounded {
    No,
    Yes,
}

/// The amount without its sign.
pub(super) fn magnitude(amount: Amount) -> Amount {
    Amount::from_minor(amount.minor().saturating_abs(), amount.currency())
}

/// Nothing of the same currency.
pub(super) fn zero(currency: Currency) -> Amount {
    Amount::from_minor(0, currency)
}

/// The amount of the one side that has one: what came is positive, what went negative, whether its
/// column writes a minus or not.
pub(super) fn one_side(
    income: Option<&str>,
    expense: Option<&str>,
    currency: Currency,
) -> Result<Amount, RowError> {
    let read = |text: Option<&str>| text.map(|text| read_money(text, currency)).transpose();
    let income = read(income)?.filter(|amount| amount.minor() != 0);
    let expense = read(expense)?.filter(|amount| amount.minor() != 0);
    match (income, expense) {
        (Some(income), None) => Ok(income),
        (None, Some(expense)) => Ok(Amount::from_minor(-expense.minor().abs(), currency)),
        (Some(_), Some(_)) | (None, None) => Err(RowError::Sides),
    }
}

fn decimal(text: &str) -> Result<Decimal, AmountError> {
    if text.chars().count() > MONEY_CHARS_MAX {
        return Err(AmountError::NotANumber);
    }
    let bare: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '¥' | '￥' | '元')).collect();
    let bare = bare.strip_prefix('+').unwrap_or(&bare);
    let digits = ungrouped(bare).ok_or(AmountError::NotANumber)?;
    let starts_well = digits.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let plain = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    if !starts_well || !plain {
        return Err(AmountError::NotANumber);
    }
    let read = if digits.contains(['e', 'E']) {
        Decimal::from_scientific(&digits)
    } else {
        Decimal::from_str_exact(&digits)
    };
    let read = read.map_err(|_| AmountError::NotANumber)?;
    // Amounts beyond what an `Amount` may spell would overflow the rounding.
    if read.abs() > Decimal::from(1_000_000_000_000_i64) {
        return Err(AmountError::TooLarge);
    }
    Ok(read)
}

/// Without thousands commas, where they stand as they must.
fn ungrouped(text: &str) -> Option<String> {
    if !text.contains(',') {
        return Some(text.to_owned());
    }
    let (whole, rest) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups.next()?;
    let well = (1..=3).contains(&first.len())
        && groups.all(|group| group.len() == 3)
        && !rest.is_some_and(|rest| rest.contains(','));
    well.then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fen(text: &str) -> Result<i64, AmountError> {
        read_money(text, Currency::Cny).map(Amount::minor)
    }

    #[test]
    fn money_is_read_in_every_dress() {
        let cases = [
            ("¥28.16", 2816),
            ("￥2.00", 200),
            ("¥50.0", 5000),
            ("180", 18000),
            ("1,234.50", 123_450),
            ("-1,234,567.89", -123_456_789),
            ("+10000.00", 1_000_000),
            ("-0.04", -4),
            ("27元", 2700),
            ("109.90              \t", 10990),
            ("0.04000", 4),
            ("45.0", 4500),
            // What a workbook keeps for 0.07 and 548.58.
            ("7.0000000000000007E-2", 7),
            ("548.58000000000004", 54858),
        ];
        for (text, minor) in cases {
            assert_eq!(fen(text), Ok(minor), "{text}");
        }
    }

    #[test]
    fn what_is_no_money_is_refused() {
        use AmountError::{NotANumber, NotWholeMinorUnits, TooLarge};
        let cases = [
            ("", NotANumber),
            ("/", NotANumber),
            ("--", NotANumber),
            ("1,5", NotANumber),
            ("1234,567.00", NotANumber),
            ("1.234,50", NotANumber),
            (",123", NotANumber),
            ("12.3.4", NotANumber),
            ("１２", NotANumber),
            ("131.77(已退款89.84)", NotANumber),
            ("0.005", NotWholeMinorUnits),
            ("28.161", NotWholeMinorUnits),
            ("99999999999999", TooLarge),
            ("1e20", TooLarge),
        ];
        for (text, error) in cases {
            assert_eq!(fen(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_fee_of_more_decimals_is_rounded_and_says_so() {
        let cases = [("0.04000", 4, Rounded::No), ("0.03600", 4, Rounded::Yes)];
        for (text, minor, rounded) in cases {
            assert_eq!(read_fee(text, Currency::Cny), Ok((Amount::fen(minor), rounded)));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9.,eE¥￥元 ]{0,45}") {
            let _ = fen(&text);
        }

        #[test]
        fn every_amount_reads_back(minor in -1_000_000_000_000_i64..1_000_000_000_000) {
            let text = Amount::fen(minor).decimal_text();
            prop_assert_eq!(fen(&text), Ok(minor));
            prop_assert_eq!(fen(&format!("￥{text}\t")), Ok(minor));
        }
    }
}
