//! The journal: what an acknowledgement depends on.
//!
//! Segments are preallocated files named after the first position that they hold. A group is one
//! frame, one write and one sync. Closed segments never change again; all of them are kept, and
//! copying them is a backup.

mod prepare;
mod reader;
mod recovery;
mod segment;
mod writer;

pub(crate) use prepare::Preparer;
pub(crate) use reader::recheck;
pub(crate) use recovery::{Recovered, recover};
pub(crate) use writer::{Journal, Written};

pub use segment::SEGMENT_BYTES_DEFAULT;
