//! Statements: what a channel's or a bank's own file says about a period.
//!
//! A family of readers behind one function: [`read_statement`] finds out what a file is by its
//! content, reads every row into the normal form of `core::statement`, and proves what the file
//! lets one prove.

mod alipay_merchant;
mod alipay_personal;
mod banks;
mod camt;
mod container;
mod decoding;
mod delimited;
mod draft;
mod mapped;
mod mapping;
mod moment;
mod money;
mod mt940;
mod notices;
mod ofx;
mod qif;
mod qq_merchant;
mod reading;
mod refusal;
mod statement;
mod table;
mod unionpay;
mod wechat_merchant;
mod wechat_personal;
mod workbook;
mod xml;

pub use container::{ARCHIVE_ENTRIES_MAX, STATEMENT_BYTES_MAX};
pub use mapping::{Columns, DateOrder, MAPPING_BYTES_MAX, Mapping, MappingError, Words};
pub use reading::{PREVIEW_ROWS_MAX, Preview, preview, read_statement};
pub use refusal::NotAStatement;
pub use statement::{
    Check, Declared, Encoding, Finding, LeftOut, Outcome, Period, Recorded, Rejected, Statement,
};
