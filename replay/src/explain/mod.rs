//! The story of one thing, event by event, each with its reason, and where it stands now.

mod standing;
mod story;
mod subject;
mod threads;

#[cfg(test)]
mod break_tests;
#[cfg(test)]
mod tests;

pub use story::{Story, StoryEvent, explain};
pub use subject::Subject;
