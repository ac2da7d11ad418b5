//! Why an export ends early.

use std::io;

use rust_xlsxwriter::XlsxError;
use thiserror::Error;

use super::cells::XLSX_LINES_MAX;

/// Why an export ended early.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The target took no more.
    #[error("write the export: {0}")]
    Io(#[from] io::Error),
    /// The workbook could not be made.
    #[error("make the workbook: {0}")]
    Xlsx(#[from] XlsxError),
    /// More lines than a sheet has rows.
    #[error("{lines} lines are more than the {XLSX_LINES_MAX} of a sheet: export days, or csv")]
    TooManyLines {
        /// How many there are.
        lines: u64,
    },
    /// The program was built without Parquet.
    #[error("this build writes no Parquet: build it with `cargo build --features parquet`")]
    NoParquet,
    /// The Parquet file could not be made.
    #[cfg(feature = "parquet")]
    #[error("make the Parquet file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// An amount of more digits than its column has.
    #[cfg(feature = "parquet")]
    #[error("{minor} minor units of {currency} do not fit into 18 digits: export csv or json")]
    TooManyDigits {
        /// How many minor units.
        minor: i64,
        /// Of which currency.
        currency: duizhang_core::amount::Currency,
    },
}
