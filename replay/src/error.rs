//! Why a replay could not run. What a replay finds is not an error: it is in the report.

use duizhang_core::position::Position;
use duizhang_core::reconciliation::InputError;
use duizhang_eventlog::history::HistoryError;
use duizhang_projections::calendar::UnknownZone;
use rust_xlsxwriter::XlsxError;
use thiserror::Error;

/// Why a replay could not run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The log could not be read.
    #[error("reading of the log failed")]
    History(#[from] HistoryError),
    /// The book was opened in a zone that nobody knows.
    #[error("reading of the book's time zone failed")]
    Zone(#[from] UnknownZone),
    /// The events contradict themselves, so that nothing can be built from them.
    #[error("playing of the chapter at position {position} failed: {why}")]
    Contradiction {
        /// The place of the chapter's fact.
        position: Position,
        /// What does not fit.
        why: String,
    },
    /// The log does not know it.
    #[error("no {kind} {id} in the log")]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// Several merchants used this order number.
    #[error("several orders have the number {number}: {orders}; ask by order id")]
    SeveralOrders {
        /// The number.
        number: String,
        /// Their ids.
        orders: String,
    },
    /// The text is no id of that kind.
    #[error("{id} is not the id of a {kind}")]
    NotAnId {
        /// What was looked for.
        kind: &'static str,
        /// The text.
        id: String,
    },
    /// Nothing of that kind has a story.
    #[error("no story of a {kind}: ask for an order, notification, payment, callback or break")]
    UnknownKind {
        /// The word.
        kind: String,
    },
    /// A comparison cannot hold so much.
    #[error("comparing the day with its statements failed")]
    TooMuch(#[source] InputError),
    /// The workbook could not be made.
    #[error("make the workbook")]
    Workbook(#[from] XlsxError),
}
