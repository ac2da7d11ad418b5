//! How long the relay waits after a server could not be reached.
//!
//! Invariant: the wait doubles and stays below a limit that a shop does not feel.

use duizhang_core::time::Span;

/// The longest wait: a server that is back after a night gets the night's deliveries within half a
/// minute.
pub const PAUSE_MAX: Span = Span::from_secs(30);

/// The wait after so many failures in a row.
#[must_use]
pub fn pause(failures: u32) -> Span {
    let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    Span::from_secs(doubled.min(PAUSE_MAX.secs()))
}
