//! More time for the body of one request, for whom a handler knows.
//!
//! Invariant: it is had once for a body, and not for what comes behind it.
//! Deliberately not here: how long ([`Limits::upload`](super::Limits::upload)).

use std::sync::Arc;

use super::phase::Watch;

/// Every handler finds it among the extensions of a request. Only one that knows who asks should
/// use it: whoever sends slowly keeps a connection for so long.
#[derive(Clone, Debug)]
pub struct Patience(Arc<Watch>);

impl Patience {
    pub(super) const fn new(watch: Arc<Watch>) -> Self {
        Self(watch)
    }

    /// Lets the body take [`Limits::upload`](super::Limits::upload) from now on; once, however
    /// often it is said.
    pub fn upload(&self) {
        self.0.upload_began();
    }
}
