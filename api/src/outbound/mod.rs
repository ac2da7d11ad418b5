//! How the engine calls out: which addresses it may reach, and one bounded HTTP exchange with them.

mod address;
mod outcome;
mod policy;
mod resolve;
mod send;
#[cfg(test)]
mod tests;

pub use address::{AddressRefusal, check_address, is_public};
pub use outcome::{
    Failure, OutboundOutcome, OutboundRequest, RESPONSE_BYTES_MAX, Refusal, Step, Timeouts,
};
pub use policy::{
    FORBIDDEN_PORTS, Policy, Target, URL_BYTES_MAX, UrlRefusal, check_callback, check_url,
};
pub use resolve::{ANSWERS_MAX, FixedResolver, Resolver, Resolving, SystemResolver};
pub use send::Outbound;
