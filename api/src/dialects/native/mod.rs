//! Our own protocol, `/v1`: JSON, bearer tokens, problem documents, Standard Webhooks.

mod answers;
mod callback;
mod docs_page;
pub(crate) mod finance;
mod openapi;
mod problem;
mod protocol;
mod requests;
mod routes;
mod sent;
mod shown;
#[cfg(test)]
mod tests;

pub(crate) use answers::word_without_desk;
pub use docs_page::{DOCS_STYLESHEET, DOCS_STYLESHEET_PATH, docs_page};
pub use openapi::openapi_document;
pub use protocol::Native;
