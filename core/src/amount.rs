//! Money: an integer of minor units with a currency.
//!
//! Invariants: every operation is checked; nothing rounds; no floating point touches an amount.
//! Text is parsed by `rust_decimal`, and an amount that is not whole minor units is refused, never
//! rounded.
//! Deliberately not here: exchange rates, percentages, wire spellings of one protocol.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The largest absolute amount in minor units that any text may spell: 10^12 fen are ten thousand
/// million yuan, far above every channel's limit, and nine million such amounts still sum inside an
/// `i64`.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;

/// A currency by its ISO 4217 code. Variants are only ever appended: the index is the stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Currency {
    /// Renminbi, two decimals (1 yuan = 100 fen).
    Cny,
    /// Hong Kong dollar, two decimals.
    Hkd,
    /// United States dollar, two decimals.
    Usd,
    /// Euro, two decimals.
    Eur,
    /// Japanese yen, no decimals.
    Jpy,
}

impl Currency {
    /// Every currency, in stored order.
    pub const ALL: [Self; 5] = [Self::Cny, Self::Hkd, Self::Usd, Self::Eur, Self::Jpy];

    /// The ISO 4217 code in upper case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cny => "CNY",
            Self::Hkd => "HKD",
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Jpy => "JPY",
        }
    }

    /// How many decimal places one major unit has.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Cny | Self::Hkd | Self::Usd | Self::Eur => 2,
            Self::Jpy => 0,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::ALL
            .into_iter()
            .find(|currency| currency.code() == text)
            .ok_or(AmountError::UnknownCurrency)
    }
}

/// An amount of money in minor units (fen for CNY). It may be zero or negative; the rules that need
/// a positive amount say so themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

/// Why a text is not an amount, or why two amounts do not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// The text is not a decimal number.
    NotANumber,
    /// The number has more decimal places than the currency.
    NotWholeMinorUnits,
    /// The number is beyond [`AMOUNT_MINOR_MAX`].
    TooLarge,
    /// The currency code is not one that we know.
    UnknownCurrency,
    /// Two amounts of different currencies met.
    CurrencyMismatch,
    /// The result does not fit.
    Overflow,
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a decimal number",
            Self::NotWholeMinorUnits => "more decimal places than the currency has",
            Self::TooLarge => "beyond the largest amount",
            Self::UnknownCurrency => "unknown currency",
            Self::CurrencyMismatch => "amounts of different currencies",
            Self::Overflow => "amount overflow",
        })
    }
}

impl core::error::Error for AmountError {}

impl Amount {
    /// An amount from minor units.
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// An amount of renminbi from fen.
    #[must_use]
    pub const fn fen(minor: i64) -> Self {
        Self { minor, currency: Currency::Cny }
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is more than zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Parses what phones and shops really send: `10`, `10.0`, `10.00`, `0.01`, `1.0E7`. Grouping
    /// commas, signs other than a leading minus, full-width digits, spaces and an empty text are
    /// not numbers.
    ///
    /// # Errors
    /// [`AmountError::NotANumber`], [`AmountError::NotWholeMinorUnits`] or
    /// [`AmountError::TooLarge`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let plain =
            text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
        let starts_well = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        if !plain || !starts_well || text.len() > 40 {
            return Err(AmountError::NotANumber);
        }
        let decimal = if text.contains(['e', 'E']) {
            Decimal::from_scientific(text)
        } else {
            Decimal::from_str_exact(text)
        };
        let decimal = decimal.map_err(|_| AmountError::NotANumber)?.normalize();
        if decimal.scale() > currency.decimals() {
            return Err(AmountError::NotWholeMinorUnits);
        }
        let missing = currency.decimals().saturating_sub(decimal.scale());
        let minor = decimal
            .mantissa()
            .checked_mul(10_i128.pow(missing))
            .and_then(|minor| i64::try_from(minor).ok())
            .filter(|minor| minor.unsigned_abs() <= AMOUNT_MINOR_MAX.unsigned_abs())
            .ok_or(AmountError::TooLarge)?;
        Ok(Self { minor, currency })
    }

    /// The sum.
    ///
    /// # Errors
    /// [`AmountError::CurrencyMismatch`] or [`AmountError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::CurrencyMismatch);
        }
        let minor = self.minor.checked_add(other.minor).ok_or(AmountError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference.
    ///
    /// # Errors
    /// [`AmountError::CurrencyMismatch`] or [`AmountError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::CurrencyMismatch);
        }
        let minor = self.minor.checked_sub(other.minor).ok_or(AmountError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The number alone with all the currency's decimals: `10.00`.
    #[must_use]
    pub fn decimal_text(self) -> String {
        Decimal::from_i128_with_scale(i128::from(self.minor), self.currency.decimals()).to_string()
    }
}

impl fmt::Display for Amount {
    /// The contract's form: `10.00 CNY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal_text(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fen(text: &str) -> Result<i64, AmountError> {
        Amount::parse(text, Currency::Cny).map(Amount::minor)
    }

    #[test]
    fn what_phones_and_shops_send_is_read() {
        let cases = [
            ("10", 1000),
            ("10.0", 1000),
            ("10.00", 1000),
            ("0.01", 1),
            ("1.0E7", 1_000_000_000),
            ("1.0E-2", 1),
            ("12.5", 1250),
            ("10.0000", 1000),
            ("-5.00", -500),
            ("0", 0),
        ];
        for (text, minor) in cases {
            assert_eq!(fen(text), Ok(minor), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused_by_name() {
        use AmountError::{NotANumber, NotWholeMinorUnits, TooLarge};
        let cases = [
            ("", NotANumber),
            (" 1", NotANumber),
            ("1 ", NotANumber),
            ("１０", NotANumber),
            ("1,160.00", NotANumber),
            ("+1", NotANumber),
            (".5", NotANumber),
            ("1..2", NotANumber),
            ("NaN", NotANumber),
            ("1e", NotANumber),
            ("0x10", NotANumber),
            ("1e99", NotANumber),
            ("0.001", NotWholeMinorUnits),
            ("1e-3", NotWholeMinorUnits),
            ("99999999999999", TooLarge),
            ("1e20", TooLarge),
        ];
        for (text, error) in cases {
            assert_eq!(fen(text), Err(error), "{text}");
        }
        assert_eq!(Amount::parse("1.5", Currency::Jpy), Err(NotWholeMinorUnits));
    }

    #[test]
    fn different_currencies_never_add_up() {
        let yen = Amount::from_minor(1, Currency::Jpy);
        assert_eq!(Amount::fen(1).checked_add(yen), Err(AmountError::CurrencyMismatch));
        assert_eq!(Amount::fen(i64::MAX).checked_add(Amount::fen(1)), Err(AmountError::Overflow));
    }

    proptest! {
        #[test]
        fn text_round_trips(minor in -AMOUNT_MINOR_MAX..=AMOUNT_MINOR_MAX) {
            prop_assert_eq!(fen(&Amount::fen(minor).decimal_text()), Ok(minor));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,50}") {
            let _ = Amount::parse(&text, Currency::Cny);
        }

        #[test]
        fn any_number_like_text_is_read_or_refused_without_panic(text in "[0-9eE.+-]{0,42}") {
            let _ = Amount::parse(&text, Currency::Cny);
        }
    }
}
