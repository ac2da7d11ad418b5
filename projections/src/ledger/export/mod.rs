//! The ledger in the formats of other programs.
//!
//! Invariants: the same log, selection and format give the same bytes; every amount has all places
//! of its currency; each file begins with the end of the log that it was made of and with control
//! totals; what a payer or operator wrote cannot become a formula, a comment or an account.
//! Deliberately not here: files, command lines, and which log is read.

mod beancount;
mod columns;
mod csv;
mod heading;
mod json;
mod plain;
mod voucher;
mod xlsx;

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use duizhang_core::event::Chapter;

use super::journal::{Dated, Journal};
use super::survey::Plan;
pub use crate::export::{ExportError, XLSX_LINES_MAX};

/// The formats of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For beancount 3.
    Beancount,
    /// For hledger.
    Hledger,
    /// For ledger 3.
    Ledger,
    /// One record for each line.
    Csv,
    /// One JSON document for each entry.
    Json,
    /// A workbook with journal, trial balance and head.
    Xlsx,
    /// Columns with types, for programs that compute.
    Parquet,
    /// The columns that Chinese bookkeeping software imports (记账凭证), as CSV.
    VoucherCsv,
    /// The same as a workbook.
    VoucherXlsx,
}

/// The word is not that of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat;

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not one of beancount, hledger, ledger, csv, json, xlsx, parquet, voucher-csv, \
             voucher-xlsx",
        )
    }
}

impl std::error::Error for UnknownFormat {}

impl Format {
    /// Every format.
    pub const ALL: [Self; 9] = [
        Self::Beancount,
        Self::Hledger,
        Self::Ledger,
        Self::Csv,
        Self::Json,
        Self::Xlsx,
        Self::Parquet,
        Self::VoucherCsv,
        Self::VoucherXlsx,
    ];

    /// The word that command lines use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Beancount => "beancount",
            Self::Hledger => "hledger",
            Self::Ledger => "ledger",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
            Self::VoucherCsv => "voucher-csv",
            Self::VoucherXlsx => "voucher-xlsx",
        }
    }

    /// Whether the bytes are no text.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Xlsx | Self::Parquet | Self::VoucherXlsx)
    }

    fn writing(self) -> Result<Box<dyn Writing>, ExportError> {
        Ok(match self {
            Self::Beancount => Box::new(beancount::Beancount),
            Self::Hledger => Box::new(plain::Plain::HLEDGER),
            Self::Ledger => Box::new(plain::Plain::LEDGER),
            Self::Csv => Box::new(csv::Csv),
            Self::Json => Box::new(json::JsonLines),
            Self::Xlsx => Box::new(xlsx::Workbook::default()),
            Self::VoucherCsv => Box::new(voucher::VoucherCsv),
            Self::Parquet => Box::new(columns::Columns::new()?),
            Self::VoucherXlsx => Box::new(voucher::VoucherXlsx::default()),
        })
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.word() == text).ok_or(UnknownFormat)
    }
}

/// How one format is written.
trait Writing {
    fn begin(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError>;
    fn entry(
        &mut self,
        plan: &Plan,
        dated: Dated<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError>;
    fn end(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError>;
}

/// An export on its way.
pub struct Export<'a> {
    journal: Journal,
    writing: Box<dyn Writing>,
    out: &'a mut dyn Write,
}

impl<'a> Export<'a> {
    /// Writes what stands before the entries.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(plan: &Plan, format: Format, out: &'a mut dyn Write) -> Result<Self, ExportError> {
        let mut writing = format.writing()?;
        writing.begin(plan, out)?;
        Ok(Self { journal: Journal::new(plan), writing, out })
    }

    /// Takes in the next chapter of the log that the plan was made of.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn fold(&mut self, chapter: &Chapter) -> Result<(), ExportError> {
        let Self { journal, writing, out } = self;
        journal.fold(chapter, &mut |plan, dated| writing.entry(plan, dated, out))
    }

    /// Writes what stands behind the entries.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn finish(self) -> Result<(), ExportError> {
        let Self { mut journal, mut writing, out } = self;
        journal.finish(&mut |plan, dated| writing.entry(plan, dated, out))?;
        writing.end(journal.plan(), out)?;
        Ok(out.flush()?)
    }
}
