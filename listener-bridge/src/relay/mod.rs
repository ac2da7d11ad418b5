//! The relay between phones and a server that is not always in reach: what it keeps, in which order
//! it forwards, and what the two say to each other.
//!
//! Invariants: see [`Queue`] and [`Batch`].
//! Deliberately not here: the log, sockets and clocks; what a delivery says, which is the server's
//! to read.

mod delivery;
mod pace;
mod queue;
#[cfg(test)]
mod tests;

pub use delivery::{
    BATCH_BYTES_MAX, BATCH_DELIVERIES_MAX, BATCH_REFUSALS_MAX, Batch, BridgeId, Delivery,
    RELAY_PATH, Receipt,
};
pub use pace::{PAUSE_MAX, pause};
pub use queue::{Queue, QueueError, REFUSED_KEPT_MAX, Record, fitting};
