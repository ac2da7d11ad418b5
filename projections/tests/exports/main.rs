//! Exports read back: as CSV, as JSON, as workbooks by a reader that shares nothing with the
//! writer, and as Parquet.
//!
//! Deliberately not here: the ledger for plain-text accounting (`plain_text_books`).

mod books;
#[cfg(feature = "parquet")]
mod columns;
mod lists;
mod records;
mod sheets;
mod skips;
mod workbook;
