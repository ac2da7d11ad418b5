//! Youzan's open platform: makes a code for each order, and says what its pushes are about.

mod fetcher;
mod issue;
mod platform;
mod shop;
mod wire;

pub(crate) use fetcher::fetch;
pub(crate) use issue::{IssueError, issue};
pub use platform::{PlatformError, Youzan};
pub use shop::{OPEN_PLATFORM, Shop};
