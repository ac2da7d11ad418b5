//! api
pub mod cashier;
