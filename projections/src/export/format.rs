//! The formats that a list has, and how each is written.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use super::csv::Csv;
use super::error::ExportError;
use super::json::JsonLines;
use super::table::{Cell, Table};
use super::xlsx::Workbook;

/// How one format is written.
pub(crate) trait Writing {
    fn begin(&mut self, table: &Table, out: &mut dyn Write) -> Result<(), ExportError>;
    fn row(
        &mut self,
        table: &Table,
        row: Vec<Cell>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError>;
    fn end(&mut self, table: &Table, out: &mut dyn Write) -> Result<(), ExportError>;
}

/// The formats of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// One record for each row.
    Csv,
    /// One JSON document for each row.
    Json,
    /// A workbook with a head and the rows.
    Xlsx,
    /// Columns with types, for programs that compute.
    Parquet,
}

/// The word is not that of a list's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownListFormat;

impl fmt::Display for UnknownListFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of csv, json, xlsx, parquet")
    }
}

impl std::error::Error for UnknownListFormat {}

impl ListFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Json, Self::Xlsx, Self::Parquet];

    /// The word that command lines use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
        }
    }

    /// Whether the bytes are no text.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Xlsx | Self::Parquet)
    }

    pub(super) fn writing(self) -> Result<Box<dyn Writing>, ExportError> {
        Ok(match self {
            Self::Csv => Box::new(Csv),
            Self::Json => Box::new(JsonLines),
            Self::Xlsx => Box::new(Workbook::default()),
            Self::Parquet => return parquet(),
        })
    }
}

#[cfg(feature = "parquet")]
pub(crate) fn parquet() -> Result<Box<dyn Writing>, ExportError> {
    Ok(Box::new(super::parquet::Parquet::default()))
}

#[cfg(not(feature = "parquet"))]
pub(crate) fn parquet() -> Result<Box<dyn Writing>, ExportError> {
    Err(ExportError::NoParquet)
}

impl FromStr for ListFormat {
    type Err = UnknownListFormat;

    fn from_str(text: &str) -> Result<Self, UnknownListFormat> {
        Self::ALL.into_iter().find(|format| format.word() == text).ok_or(UnknownListFormat)
    }
}
