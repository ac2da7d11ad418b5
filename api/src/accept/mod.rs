//! How connections are accepted, watched and ended.

mod admission;
mod limits;
mod patience;
mod phase;
mod rate;
mod serve;
#[cfg(test)]
mod tests;

pub use limits::{
    BUFFER_BYTES_MAX, CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, Counted, HEAD_BYTES_MAX,
    Limits, REQUESTS_PER_SECOND_MAX, Rate, UPLOAD_TIME_MAX,
};
pub use patience::Patience;
pub use serve::{Acceptor, Served, Traffic};
