//! Evidence decoders: what phones and forwarders send becomes a typed reading, or is refused by
//! name.
//!
//! A [`source::Source`] reads one app family's requests and words the engine's conclusion the way
//! that family expects it. [`wire`] holds the neutral request and answer that sources share with
//! the shop-side dialects. Everything here is a pure translation: bytes, keys and rules go in, a
//! reading or a refusal comes out.
//!
//! Invariants: nothing is read from a request whose signature does not fit a device's key; nothing
//! that could be money is dropped (what no rule knows is kept as unreadable evidence); secrets
//! never enter a reading.
//! Deliberately not here: sockets, clocks, the log, and every conclusion about orders.
#![deny(missing_docs)]

pub mod every_source;
pub mod relay;
pub mod rules;
pub mod source;
pub mod sources;
pub mod statements;
pub mod wire;
