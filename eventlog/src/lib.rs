//! The event log of a book: opaque events, appended in groups, durable before they are
//! acknowledged.
//!
//! Each group becomes one frame of the journal with one sync; behind it a chunk store (sled) is
//! filled for reading. The bytes stored are the bytes hashed into the Merkle tree whose root every
//! frame carries. Two engines share all of this: [`SledLog`] on real files and [`MemoryLog`] on a
//! simulated disk.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use duizhang_core::position::Position;
//! use duizhang_core::time::Timestamp;
//! use duizhang_eventlog::{EventLog, Group, MemoryLog};
//!
//! let log = MemoryLog::new();
//! let mut group = Group::new(Timestamp::from_secs(1_763_700_000));
//! group.push(b"an order was requested")?;
//! group.push(b"it was accepted")?;
//! let head = log.append(&group)?;
//! assert_eq!(head.position, Position::new(2));
//!
//! let mut read = Vec::new();
//! log.scan(Position::new(2)..=head.position, &mut |_, _, bytes| {
//!     read.push(bytes.to_vec());
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!(read, [b"it was accepted"]);
//! # Ok::<(), duizhang_eventlog::Error>(())
//! ```
//!
//! Deliberately not here: what events mean, clocks, more than one writer, signed heads.
#![deny(missing_docs)]

mod applier;
mod bytes;
mod chunks;
pub mod codec;
pub mod disk;
mod engine;
mod error;
mod frame;
mod group;
pub mod history;
mod journal;
mod log;
mod memory_log;
mod reconcile;
mod sled_log;
mod tail;
mod verify;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;

pub use error::Error;
pub use group::{EVENT_BYTES_MAX, GROUP_BYTES_MAX, GROUP_EVENTS_MAX, Group};
pub use journal::SEGMENT_BYTES_DEFAULT;
pub use log::{EventLog, GroupHeader, Head, VisitEvent, VisitGroup};
pub use memory_log::{MEMORY_SEGMENT_BYTES, MemoryLog};
pub use sled_log::{LogConfig, Opening, SledLog, StoreRepair, SyncAttribute};
pub use verify::{Verified, verify};

#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod sled_tests;
