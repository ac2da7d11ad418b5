//! Finance's morning: statements come into custody, days are compared with them, and what came of
//! it enters the log. The verb on a stopped server's data and the running server do the same here.

mod crowd;
mod custody;
mod endpoint;
mod fees;
mod file;
mod listing;
mod places;
mod preview;
mod reconcile;
mod report;
mod shelf;
mod vault;
mod wire;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod crowd_tests;
#[cfg(test)]
mod tests;

pub(crate) use custody::custody;
pub(crate) use endpoint::routes;
pub(crate) use file::Given;
pub(crate) use listing::{StatementQuestion, Stored, answer_statements};
pub(crate) use preview::preview;
pub(crate) use reconcile::{Desk, Task, reconcile};
pub(crate) use report::{Archive, Files, ReportQuestion, Reported, report};
pub(crate) use wire::{
    FILES_BYTES_MAX, RECONCILE_PATH, REPORT_PATH, STATEMENTS_PATH, Unframed, task_frame, unframed,
};
