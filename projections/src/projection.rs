//! What every view is.

use duizhang_core::event::Chapter;

/// A pure fold of the log.
pub trait Projection {
    /// Takes in the next chapter. Chapters come in the order of the log, each once.
    fn fold(&mut self, chapter: &Chapter);
}
