//! The relay near the phones: takes their pushes, keeps them on disk, and forwards them in order
//! until the server has them.
//!
//! Invariant: a phone hears "ok" only when its push is durable here; it leaves the disk only when
//! the server has said that it has it.
//! Deliberately not here: what a push says. The relay holds no key and reads nothing.

mod forward;
mod front;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use forward::forward;
pub(crate) use front::routes;
pub(crate) use store::Store;
