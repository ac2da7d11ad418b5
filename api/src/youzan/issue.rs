//! The code of an order: made by the platform, recorded, and only then shown.
//!
//! Invariants: nobody hears of a code that is not in the log; an order whose code could not be made
//! stays open without one, and the same request asks again. Two requests at once may have two codes
//! made; the one that is recorded first stands, and nobody has seen the other.

use duizhang_core::fact::{CodeIssued, Fact};
use duizhang_core::order::OrderStatus;
use duizhang_projections::orders::OrderView;

use super::platform::PlatformError;
use crate::app::App;
use crate::book::SubmitError;

/// Why an order has no code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    /// The platform made none.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The book did not take it.
    #[error(transparent)]
    Book(#[from] SubmitError),
}

/// Has the code of an order made, where it waits for one. Returns whether it has changed.
pub(crate) async fn issue(app: &App, order: &OrderView) -> Result<bool, IssueError> {
    let waits = order.code.is_none() && order.status == OrderStatus::Open && {
        let views = app.book.views();
        views.book.wallet(&order.wallet).is_some_and(|wallet| wallet.gives_own_codes())
    };
    if !waits {
        return Ok(false);
    }
    let name = order.subject.as_deref().unwrap_or(&order.number);
    let made = app.youzan.new_code(app, &order.wallet, name, order.payable.minor()).await?;
    let issued = CodeIssued {
        order: order.id,
        reference: made.reference,
        qr: made.qr,
        picture: made.picture,
    };
    app.book.submit(Fact::CodeIssued(issued)).await?;
    Ok(true)
}
