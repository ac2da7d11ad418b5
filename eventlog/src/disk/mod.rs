//! The seam between the journal and the disk: a directory of files, real or simulated.

mod directory;
mod real;
mod simulated;

pub use directory::{Disk, DiskFile};
pub use real::RealDisk;
pub use simulated::{Crash, Fault, Operation, SimulatedDisk};
