//! A mapping: which column of a table that we do not know means what, written by the shop and
//! saved as TOML.
//!
//! Invariants: an unknown key is an error; a mapping that could not give a line (no amount, an
//! amount without a direction) is refused when it is read, not when it is used.
//! Deliberately not here: reading with it ([`super::mapped`]).

use chrono::NaiveDate;
use duizhang_core::amount::Currency;
use serde::{Deserialize, Serialize};

/// Longest mapping in bytes: a full one has about one kilobyte.
pub const MAPPING_BYTES_MAX: usize = 64 * 1024;

/// Why a mapping is refused, or does not fit a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Longer than [`MAPPING_BYTES_MAX`].
    #[error("reading the mapping: longer than {MAPPING_BYTES_MAX} bytes")]
    TooLong,
    /// No TOML, or a key or value without a meaning.
    #[error("reading the mapping: {0}")]
    Syntax(String),
    /// A currency that the books do not know.
    #[error("mapping: the currency {0} is not known")]
    Currency(String),
    /// Neither `amount` nor the pair of `income` and `expense`, or both.
    #[error("mapping: name either the column amount, or the columns income and expense")]
    Amount,
    /// A direction without words, or words without a direction.
    #[error("mapping: the column direction and the words income and expense belong together")]
    Direction,
    /// The table has no header with these columns.
    #[error("mapping: no row of the file has all of the columns {0}")]
    NoHeader(String),
}

/// Which column means what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What the shop calls it.
    pub name: String,
    /// What separates the cells of a text; a comma unless said.
    #[serde(default = "comma")]
    pub separator: char,
    /// The currency of rows that do not say theirs.
    #[serde(default = "renminbi")]
    currency: String,
    /// The order of a day's parts, where the year does not come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date_order: Option<DateOrder>,
    /// The columns by their headings.
    pub columns: Columns,
    /// What the words in them mean.
    #[serde(default)]
    pub words: Words,
}

/// The headings of the columns. Those that a table lacks are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The time, or the day.
    pub time: String,
    /// The time of day, where it has a column of its own.
    pub clock: Option<String>,
    /// The amount; signed, unless `direction` says which way it goes.
    pub amount: Option<String>,
    /// Amounts that came.
    pub income: Option<String>,
    /// Amounts that went.
    pub expense: Option<String>,
    /// The word that says which way the amount goes.
    pub direction: Option<String>,
    /// The channel's number.
    pub serial: Option<String>,
    /// The merchant's number.
    pub merchant_no: Option<String>,
    /// The fee of the row.
    pub fee: Option<String>,
    /// The balance behind the row.
    pub balance: Option<String>,
    /// Who stands on the other side.
    pub counterparty: Option<String>,
    /// The purpose.
    pub note: Option<String>,
    /// The kind, by which lines are counted as left out.
    pub kind: Option<String>,
    /// What became of it.
    pub status: Option<String>,
    /// The currency.
    pub currency: Option<String>,
}

/// What words in the columns mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// Directions of money that came.
    pub income: Vec<String>,
    /// Directions of money that went.
    pub expense: Vec<String>,
    /// Directions or kinds of money that is neither.
    pub neutral: Vec<String>,
    /// Kinds that are refunds.
    pub refund: Vec<String>,
    /// Statuses that mean that it happened.
    pub ok: Vec<String>,
    /// Statuses that mean that nothing moved.
    pub closed: Vec<String>,
    /// Statuses that are not decided.
    pub pending: Vec<String>,
}

/// The order of a day's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// 2026-09-30.
    Ymd,
    /// 30/09/2026.
    Dmy,
    /// 09/30/2026.
    Mdy,
}

fn comma() -> char {
    ','
}

fn renminbi() -> String {
    "CNY".to_owned()
}

impl Mapping {
    /// Reads a mapping and checks that it can give lines.
    ///
    /// # Errors
    /// [`MappingError`], but never [`MappingError::NoHeader`].
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        if text.len() > MAPPING_BYTES_MAX {
            return Err(MappingError::TooLong);
        }
        let read = toml::from_str(text);
        let mapping: Self =
            read.map_err(|error| MappingError::Syntax(error.message().to_owned()))?;
        if mapping.currency.parse::<Currency>().is_err() {
            return Err(MappingError::Currency(mapping.currency));
        }
        let columns = &mapping.columns;
        let sides = [&columns.income, &columns.expense].map(Option::is_some);
        if !matches!(
            (columns.amount.is_some(), sides),
            (true, [false, false]) | (false, [true, true])
        ) {
            return Err(MappingError::Amount);
        }
        let words = [&mapping.words.income, &mapping.words.expense].map(|words| !words.is_empty());
        let said = columns.direction.is_some();
        if words != [said, said] || (said && columns.amount.is_none()) {
            return Err(MappingError::Direction);
        }
        Ok(mapping)
    }

    /// The mapping as TOML, for saving it.
    ///
    /// # Errors
    /// [`MappingError::Syntax`] where a text has no place in TOML.
    pub fn to_toml(&self) -> Result<String, MappingError> {
        toml::to_string(self).map_err(|error| MappingError::Syntax(error.to_string()))
    }

    pub(super) fn currency(&self) -> Currency {
        self.currency.parse().unwrap_or(Currency::Cny)
    }

    pub(super) const fn date_order(&self) -> Option<DateOrder> {
        self.date_order
    }

    /// The headings that a header row must have.
    pub(super) fn headings(&self) -> Vec<&str> {
        let columns = &self.columns;
        let optional = [
            &columns.clock,
            &columns.amount,
            &columns.income,
            &columns.expense,
            &columns.direction,
            &columns.serial,
            &columns.merchant_no,
            &columns.fee,
            &columns.balance,
            &columns.counterparty,
            &columns.note,
            &columns.kind,
            &columns.status,
            &columns.currency,
        ];
        let named = optional.into_iter().filter_map(|heading| heading.as_deref());
        std::iter::once(columns.time.as_str()).chain(named).collect()
    }
}

impl DateOrder {
    /// A day from its parts, where they make one in this order. A year in front has four digits.
    pub(super) fn day(self, [first, second, third]: [u32; 3]) -> Option<NaiveDate> {
        let (year, month, day) = match self {
            Self::Ymd => (first, second, third),
            Self::Dmy => (third, second, first),
            Self::Mdy => (third, first, second),
        };
        let year = match year {
            0..=79 if self != Self::Ymd => year + 2000,
            80..=99 if self != Self::Ymd => year + 1900,
            1900..=2199 => year,
            _ => return None,
        };
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
    }
}
