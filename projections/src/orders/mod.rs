//! Orders as readers see them: a table of small rows, whole orders, and counts.

mod table;
mod tally;
#[cfg(test)]
mod tests;
mod view;

pub use table::{OrderRow, Orders, PAGE_ORDERS_MAX};
pub use tally::{DayTally, Tally};
pub use view::OrderView;
