//! Books for other programs: lists of events, orders and breaks, and the parts that the ledger's
//! own formats share with them.

mod breaks;
pub(crate) mod cells;
mod csv;
mod error;
mod events;
pub(crate) mod format;
mod json;
mod listing;
mod orders;
#[cfg(feature = "parquet")]
mod parquet;
mod parts;
mod spelling;
pub(crate) mod table;
pub(crate) mod text;
mod xlsx;

pub use cells::{XLSX_LINES_MAX, fitting, money_format, put_money};
pub use error::ExportError;
pub use format::{ListFormat, UnknownListFormat};
pub use listing::{ListExport, ListPlan, ListSurvey, Listed, UnknownList};
pub use text::{BYTE_ORDER_MARK, field};

#[cfg(test)]
mod tests;
