//! `ledger`: the books as people read them: the trial balance, the statement of one account, and
//! the chart of accounts.
//!
//! Invariant: everything is told of the log as it was when the question came.
//! Deliberately not here: what is posted and how it is summed (projections), and the books in the
//! formats of other programs (`ledger`).

mod account;
mod balance;
mod chart;
mod question;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use question::BooksQuestion;
pub(super) use question::tell_books;
