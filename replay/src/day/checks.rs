//! The arithmetic of a day: what was counted in one way must equal what was counted in another.

use duizhang_core::amount::Amount;

use super::report::{
    CallbackCounts, CurrencyTotal, DayCheck, NotificationCounts, OrderCounts, PaymentCounts,
    WalletLine,
};
use super::sums::Sums;

fn equal(name: impl Into<String>, left: impl ToString, right: impl ToString) -> DayCheck {
    let (left, right) = (left.to_string(), right.to_string());
    let ok = left == right;
    DayCheck { name: name.into(), left, right, ok }
}

pub(crate) fn counts(
    orders: &OrderCounts,
    notifications: &NotificationCounts,
    payments: &PaymentCounts,
    callbacks: &CallbackCounts,
) -> Vec<DayCheck> {
    let n = notifications;
    let held: u64 = payments.held.iter().map(|tally| tally.count).sum();
    vec![
        equal(
            "orders: open before + created = paid from open + expired + closed + open after",
            orders.open_before + orders.created,
            orders.paid_from_open + orders.expired + orders.closed + orders.open_after,
        ),
        equal(
            "notifications: deliveries = all verdicts together",
            n.deliveries,
            n.first + n.stale + n.repeat + n.conflict + n.ignored + n.unreadable + n.forged,
        ),
        equal(
            "notifications: payments = first + stale + judged as money",
            n.payments,
            n.first + n.stale + n.judged_money,
        ),
        equal(
            "payments: observed = matched + held + dismissed",
            payments.observed,
            payments.matched_isolated + payments.matched_assigned + held + payments.dismissed,
        ),
        equal(
            "callbacks: attempts = acknowledged + retried + abandoned",
            callbacks.attempts,
            callbacks.acknowledged + callbacks.retried + callbacks.abandoned,
        ),
    ]
}

pub(crate) fn money(
    created: u64,
    observed: &Sums,
    totals: &[CurrencyTotal],
    wallets: &[WalletLine],
) -> Vec<DayCheck> {
    let orders: u64 = wallets.iter().map(|line| line.orders).sum();
    let mut checks = vec![equal("wallets: orders of all = created", orders, created)];
    for total in totals {
        let currency = total.observed.currency();
        let sum = |part: fn(&WalletLine) -> Amount| {
            let mut sums = Sums::default();
            wallets.iter().map(part).filter(|a| a.currency() == currency).for_each(|a| sums.add(a));
            sums.of(currency)
        };
        let mut placed = Sums::default();
        placed.add(total.matched);
        placed.add(total.held);
        placed.add(total.dismissed);
        checks.extend([
            equal(
                format!("{currency}: observed = matched + held + dismissed"),
                observed.of(currency),
                placed.of(currency),
            ),
            equal(
                format!("{currency}: received by all wallets = matched"),
                sum(|line| line.received),
                total.matched,
            ),
            equal(
                format!("{currency}: held by all wallets = held"),
                sum(|line| line.held),
                total.held,
            ),
            equal(
                format!("{currency}: dismissed by all wallets = dismissed"),
                sum(|line| line.dismissed),
                total.dismissed,
            ),
        ]);
    }
    checks
}
