//! The books as readers see them: sums of accounts at any position and on any business day, the
//! journal in the order of its days, the statement of one account, and exports.
//!
//! Invariants: everything here is folded from the entries of [`duizhang_core::ledger::Poster`];
//! memory grows with accounts and days, and not with entries; what is posted after a day was closed
//! changes nothing that is told of that day.
//! Deliberately not here: what is posted, and reading or writing files.

mod balances;
mod books;
mod dating;
mod days;
mod export;
mod journal;
mod statement;
mod survey;

pub use balances::{Balances, Sums, decimal};
pub use books::Books;
pub use dating::{Dating, Placed};
pub use export::{Export, ExportError, Format, XLSX_LINES_MAX};
pub use journal::{Dated, Journal};
pub use statement::{AccountStatement, StatementLine};
pub use survey::{Head, Plan, Selection, Survey};

#[cfg(test)]
mod tests;
