//! The sources: one file for each app family.

mod vmq;

pub use vmq::Vmq;
