//! How connections are accepted, watched and ended.

mod admission;
mod limits;
mod phase;
mod serve;
#[cfg(test)]
mod tests;

pub use limits::{
    BUFFER_BYTES_MAX, CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, HEAD_BYTES_MAX, Limits,
};
pub use serve::{Acceptor, Served, Traffic};
