//! The formats of the day report, by the words that command lines use.
//!
//! Deliberately not here: how each is written (`text`, `html`, `xlsx`, `csv`).

use std::fmt;
use std::str::FromStr;

use super::report::DayReport;
use crate::error::ReplayError;

/// The formats of the day report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// For terminals.
    Text,
    /// For browsers and printers.
    Html,
    /// A workbook.
    Xlsx,
    /// One table for spreadsheets.
    Csv,
    /// For programs.
    Json,
}

/// The word is not that of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownReportFormat;

impl fmt::Display for UnknownReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of text, html, xlsx, csv, json")
    }
}

impl std::error::Error for UnknownReportFormat {}

impl ReportFormat {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Text, Self::Html, Self::Xlsx, Self::Csv, Self::Json];

    /// The word that command lines use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// Whether the bytes are no text.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Xlsx)
    }
}

impl FromStr for ReportFormat {
    type Err = UnknownReportFormat;

    fn from_str(text: &str) -> Result<Self, UnknownReportFormat> {
        Self::ALL.into_iter().find(|format| format.word() == text).ok_or(UnknownReportFormat)
    }
}

impl DayReport {
    /// The report in a format.
    ///
    /// # Errors
    /// [`ReplayError::Workbook`].
    pub fn written(&self, format: ReportFormat) -> Result<Vec<u8>, ReplayError> {
        Ok(match format {
            ReportFormat::Text => self.text().into_bytes(),
            ReportFormat::Html => self.html().into_bytes(),
            ReportFormat::Xlsx => self.xlsx()?,
            ReportFormat::Csv => self.csv().into_bytes(),
            ReportFormat::Json => self.json().into_bytes(),
        })
    }
}
