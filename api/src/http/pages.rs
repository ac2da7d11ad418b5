//! Pages of a merchant's orders, newest first.
//!
//! Invariants: the views are held while rows of numbers are looked at, of which there are no more
//! than a limit, and not while texts are read from the log.
//! Deliberately not here: how a page looks on a wire.

use duizhang_core::id::OrderId;
use duizhang_core::position::Position;
use duizhang_projections::orders::{OrderRow, PAGE_ORDERS_MAX};

use crate::app::App;
use crate::dialects::{Caller, PAGE_ROWS_MAX, Reply};

/// A merchant's orders before a place in the log.
pub(super) fn list(app: &App, caller: &Caller, before: Option<Position>, limit: usize) -> Reply {
    let Caller::Merchant(merchant) = caller else { return Reply::Forbidden };
    let limit = limit.clamp(1, PAGE_ORDERS_MAX);
    let before = before.unwrap_or(Position::new(u64::MAX));
    let page: Vec<(OrderId, Position)> = {
        let views = app.book.views();
        let rows = views.orders.of_merchant(merchant, before).take(limit.saturating_add(1));
        rows.map(|row| (row.id, row.position)).collect()
    };
    let next = (page.len() > limit).then(|| page[limit - 1].1);
    whole(app, page.into_iter().take(limit).map(|(id, _)| id), next)
}

/// The newest orders that fit, behind so many in front.
pub(super) fn page(
    app: &App,
    caller: &Caller,
    fits: &dyn Fn(&&OrderRow) -> bool,
    offset: usize,
    limit: usize,
) -> Reply {
    let Caller::Merchant(merchant) = caller else { return Reply::Forbidden };
    let page: Vec<OrderId> = {
        let views = app.book.views();
        let rows = views.orders.of_merchant(merchant, Position::new(u64::MAX));
        let rows = on_page(rows, fits, offset, limit.min(PAGE_ORDERS_MAX));
        rows.map(|row| row.id).collect()
    };
    whole(app, page.into_iter(), None)
}

/// Those that fit, behind so many in front. No more than [`PAGE_ROWS_MAX`] are looked at.
fn on_page<T>(
    rows: impl Iterator<Item = T>,
    fits: impl Fn(&T) -> bool,
    offset: usize,
    limit: usize,
) -> impl Iterator<Item = T> {
    rows.take(PAGE_ROWS_MAX).filter(fits).skip(offset).take(limit)
}

/// The orders with their texts.
fn whole(app: &App, ids: impl Iterator<Item = OrderId>, next: Option<Position>) -> Reply {
    let mut orders = Vec::new();
    for id in ids {
        match app.book.order(id) {
            Ok(order) => orders.extend(order),
            Err(error) => {
                tracing::error!(%error, order = %id, "an order cannot be read from the log");
                return Reply::Busy;
            }
        }
    }
    Reply::Orders { orders, next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::PAGE_OFFSET_MAX;

    #[test]
    fn a_page_that_nothing_fits_on_looks_at_a_bounded_number_of_orders() {
        let looked = std::cell::Cell::new(0_usize);
        let rows = std::iter::repeat_with(|| looked.set(looked.get() + 1));
        assert_eq!(on_page(rows, |()| false, 0, 50).count(), 0);
        assert_eq!(looked.get(), PAGE_ROWS_MAX);
        let page: Vec<u32> = on_page(0_u32.., |row| row % 2 == 0, 10, 3).collect();
        assert_eq!(page, [20, 22, 24]);
        let last = on_page(0_usize.., |_| true, PAGE_OFFSET_MAX, 1).next();
        assert_eq!(last, Some(PAGE_OFFSET_MAX), "the longest way leads somewhere");
    }
}
