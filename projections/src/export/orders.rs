//! Orders as they stand at the end of the selection, one row each, in the order in which they came.
//!
//! Invariants: amounts, statuses and callbacks are those of the views that the API shows; the texts
//! of an order come from the second walk, so memory holds a row of numbers for each.

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{OrderId, PaymentId};

use super::error::ExportError;
use super::listing::{Emit, List, Scope, Totals};
use super::table::{Cell, Column, Kind};
use crate::orders::OrderRow;
use crate::projection::Projection;
use crate::views::Views;

const COLUMNS: [Column; 17] = [
    Column::new("order", Kind::Text),
    Column::new("position", Kind::Whole),
    Column::new("biz_date", Kind::Day),
    Column::new("merchant", Kind::Text),
    Column::new("number", Kind::Text),
    Column::new("dialect", Kind::Text),
    Column::new("status", Kind::Text),
    Column::new("requested", Kind::Money),
    Column::new("payable", Kind::Money),
    Column::new("paid", Kind::Money),
    Column::new("refunded", Kind::Money),
    Column::new("currency", Kind::Text),
    Column::new("wallet", Kind::Text),
    Column::new("created", Kind::Time),
    Column::new("settled", Kind::Time),
    Column::new("payments", Kind::Text),
    Column::new("callback", Kind::Text),
];

/// What the first walk leaves.
#[derive(Debug, Default)]
pub(super) struct OrderList {
    views: Views,
    /// The payments of each order that has any.
    payments: BTreeMap<OrderId, Vec<PaymentId>>,
}

fn selected(scope: &Scope, row: &OrderRow) -> bool {
    scope.takes(row.position, || scope.zone.day_of(row.created_at))
}

/// The amounts of an order by the names of their columns.
fn amounts(row: &OrderRow) -> [(&'static str, Amount); 4] {
    let amount = |minor| Amount::from_minor(minor, row.currency);
    [
        ("requested", amount(row.requested)),
        ("payable", amount(row.payable)),
        ("paid", amount(row.received)),
        ("refunded", amount(row.refunded)),
    ]
}

impl OrderList {
    fn cells(&self, scope: &Scope, row: &OrderRow, number: &str) -> Vec<Cell> {
        let orders = &self.views.orders;
        let settled = row.ended_at.filter(|_| row.status.is_settled());
        let payments = self
            .payments
            .get(&row.id)
            .map(|payments| payments.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        let callback = self.views.codes.standing(row.id).unwrap_or(row.callback);
        let mut cells = vec![
            Cell::Text(row.id.to_string()),
            Cell::count(row.position.number()),
            Cell::Day(scope.zone.day_of(row.created_at)),
            Cell::text(orders.merchant_of(row).as_str()),
            Cell::text(number),
            Cell::text(row.dialect.word()),
            Cell::text(row.status.word()),
        ];
        cells.extend(amounts(row).map(|(_, amount)| Cell::Money(amount)));
        cells.extend([
            Cell::text(row.currency.code()),
            Cell::text(orders.wallet_of(row).as_str()),
            Cell::Time(row.created_at),
            Cell::maybe(settled, Cell::Time),
            Cell::maybe(payments, Cell::Text),
            Cell::text(callback.word()),
        ]);
        cells
    }
}

impl List for OrderList {
    fn kind(&self) -> &'static str {
        "order"
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn survey(&mut self, _: &Scope, chapter: &Chapter) {
        self.views.fold(chapter);
        for decision in &chapter.decisions {
            if let Decision::OrderPaid { order, payment, .. } = decision {
                self.payments.entry(*order).or_default().push(*payment);
            }
        }
    }

    fn sum(&self, scope: &Scope, totals: &mut Totals) {
        for row in self.views.orders.iter().filter(|row| selected(scope, row)) {
            totals.rows += 1;
            for (name, amount) in amounts(row) {
                totals.add(name, amount);
            }
        }
    }

    fn rows(
        &mut self,
        scope: &Scope,
        chapter: &Chapter,
        emit: &mut Emit<'_>,
    ) -> Result<(), ExportError> {
        let Fact::OrderRequested(request) = &chapter.fact else { return Ok(()) };
        let row = self.views.orders.get(request.order);
        // A request that was refused, or made again, has no row at this place.
        let row = row.filter(|row| row.position == chapter.position && selected(scope, row));
        row.map_or(Ok(()), |row| emit(self.cells(scope, row, &request.number)))
    }

    fn rest(&mut self, _: &Scope, _: &mut Emit<'_>) -> Result<(), ExportError> {
        Ok(())
    }
}
