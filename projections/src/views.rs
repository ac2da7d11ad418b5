//! All views that a running server keeps, folded together.

use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::OrderRequested;
use duizhang_core::position::Position;
use duizhang_core::refund::RefundState;
use duizhang_core::time::Timestamp;

use crate::book::Book;
use crate::breaks::Breaks;
use crate::callbacks::Callbacks;
use crate::codes::Codes;
use crate::inbox::Inbox;
use crate::orders::{OrderRow, OrderView, Orders};
use crate::projection::Projection;
use crate::recorded::Recorded;
use crate::refunds::Refunds;
use crate::statements::Statements;

/// All views that a running server keeps.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// Declarations and devices.
    pub book: Book,
    /// Orders.
    pub orders: Orders,
    /// Callbacks with attempts ahead.
    pub callbacks: Callbacks,
    /// Held payments and unread evidence.
    pub inbox: Inbox,
    /// Codes of orders' own, and the trades that paid them.
    pub codes: Codes,
    /// Refunds.
    pub refunds: Refunds,
    /// Breaks, and the days that were reconciled and closed.
    pub breaks: Breaks,
    /// The statements that are kept.
    pub statements: Statements,
    /// Movements of money without a payer, and adjustments.
    pub recorded: Recorded,
    /// The last event folded in.
    pub position: Position,
    /// The latest log time.
    pub now: Timestamp,
}

impl Projection for Views {
    fn fold(&mut self, chapter: &Chapter) {
        self.book.fold(chapter);
        self.orders.fold(chapter);
        self.callbacks.fold(chapter);
        self.inbox.fold(chapter);
        self.codes.fold(chapter);
        self.refunds.fold(chapter);
        self.breaks.fold(chapter);
        self.statements.fold(chapter);
        self.recorded.fold(chapter);
        self.give_room_back(chapter);
        self.position = chapter.last_position();
        self.now = chapter.at;
    }
}

impl Views {
    /// A declined refund's room goes back to its order; only the refund knows how much that is.
    fn give_room_back(&mut self, chapter: &Chapter) {
        for decision in &chapter.decisions {
            if let Decision::RefundAdvanced { refund, to: RefundState::Declined } = decision
                && let Some(view) = self.refunds.get(*refund)
            {
                self.orders.decline_refund(view.order, view.amount);
            }
        }
    }

    /// An order whole: its row, the texts of its request, and the code to pay with.
    #[must_use]
    pub fn order(&self, row: &OrderRow, request: &OrderRequested) -> OrderView {
        let wallet = self.book.wallet(self.orders.wallet_of(row));
        let view = OrderView::assemble(row, request, wallet);
        let callback = self.codes.standing(row.id).unwrap_or(view.callback);
        OrderView { callback, ..view }
    }
}
