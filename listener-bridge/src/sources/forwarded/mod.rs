//! What the sources of forwarded notifications share: who may speak at `/hook/{device}` and in
//! which shape, the fields of a document, times as phones write them, and what a notice means.

mod fields;
mod hook;
mod moment;
mod named;
mod stamped;
mod told;

pub(in crate::sources) use fields::{Fields, split_template};
pub(in crate::sources) use hook::{Address, Shape, answer, refuse, shape, token};
pub(in crate::sources) use moment::read_moment;
pub(in crate::sources) use named::Named;
pub(in crate::sources) use stamped::{Stamped, token_key};
pub(in crate::sources) use told::{App, FIELDS_UNREADABLE, Told, unreadable};
