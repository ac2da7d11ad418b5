//! The comparison of three books that were kept apart: what the town knows that it did, what the
//! shops wrote down when they were told, and what the engine's report says that happened.
//!
//! Invariants: every figure is compared, and every difference is told in words; the truth's side is
//! never computed from the engine's.

use std::collections::BTreeMap;

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::order::OrderStatus;
use duizhang_core::refund::RefundStep;
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::views::Views;
use duizhang_replay::day::DayReport;

use super::day::{Day, Deed, Door, Money};
use super::doors::{Books, Told};
use super::drive::{Truth, numbered};

/// The three books.
pub(super) struct Audit<'a> {
    pub(super) day: &'a Day,
    pub(super) truth: &'a Truth,
    pub(super) books: &'a Books,
    pub(super) report: &'a DayReport,
    pub(super) views: &'a Views,
}

#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn equal<T: PartialEq + std::fmt::Display>(&mut self, what: &str, truth: T, report: T) {
        if truth != report {
            self.0.push(format!("{what}: the town says {truth}, the engine says {report}"));
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

fn fen(minor: i64) -> Amount {
    Amount::fen(minor)
}

impl Audit<'_> {
    /// Every difference, in words; none where the three agree.
    pub(super) fn differences(&self) -> Vec<String> {
        let mut found = Findings::default();
        self.orders(&mut found);
        self.each_order(&mut found);
        self.evidence(&mut found);
        self.money(&mut found);
        self.told(&mut found);
        self.refunds(&mut found);
        for check in self.report.checks.iter().filter(|check| !check.ok) {
            let (left, right) = (&check.left, &check.right);
            found.0.push(format!("the report does not add up: {}: {left} and {right}", check.name));
        }
        found.0
    }

    fn orders(&self, found: &mut Findings) {
        let ends = |end| count(self.day.visits.iter().filter(|visit| visit.ends == end));
        let orders = &self.report.orders;
        found.equal("orders created", count(self.day.visits.iter()), orders.created);
        found.equal("orders paid", ends(OrderStatus::Paid), orders.paid_exact);
        found.equal("orders paid late", ends(OrderStatus::PaidLate), orders.paid_late);
        found.equal("orders overpaid", ends(OrderStatus::Overpaid), orders.overpaid);
        found.equal("orders underpaid", ends(OrderStatus::Underpaid), orders.underpaid);
        // Whoever paid late or was helped by an operator had let the order expire before.
        let expired = [OrderStatus::Expired, OrderStatus::PaidLate, OrderStatus::Overpaid];
        let expired: u64 = expired.into_iter().map(ends).sum();
        found.equal("orders expired", expired, orders.expired);
        found.equal("orders closed", ends(OrderStatus::Closed), orders.closed);
        found.equal("orders open at the end", ends(OrderStatus::Open), orders.open_after);
    }

    fn each_order(&self, found: &mut Findings) {
        for (number, visit, order) in numbered(self.day, self.truth) {
            match self.views.orders.get(order) {
                Some(row) => {
                    found.equal(&format!("order {number} ({order})"), visit.ends, row.status);
                }
                None => found.0.push(format!("order {number} ({order}) is not in the views")),
            }
        }
    }

    fn evidence(&self, found: &mut Findings) {
        let (truth, counts) = (self.truth, &self.report.notifications);
        let paid = count(truth.told());
        found.equal("payments", paid, self.report.payments.observed);
        found.equal("first notices of money", paid - truth.unread, counts.first);
        found.equal("deliveries sent again", truth.retries, counts.repeat);
        found.equal("forged deliveries", truth.forged, counts.forged);
        found.equal("reports that are no money", truth.ignored, counts.ignored);
        found.equal("notices that say no amount", truth.unread, counts.unreadable);
        found.equal("notices that an operator read", truth.unread, counts.judged_money);
        found.equal("stale and contradicting notices", 0, counts.stale + counts.conflict);
        let assigned = self.report.payments.matched_assigned;
        found.equal("payments assigned by an operator", truth.assigned, assigned);
    }

    /// What nobody can have an order for: the amount that nobody asked for, and what was paid once
    /// more.
    fn suspense(&self) -> Amount {
        let strays = self.truth.told().filter(|paid| paid.visit.is_none());
        let stray: i64 = strays.map(|paid| paid.amount.minor()).sum();
        let again = |(visit, opened): (&super::day::Visit, &Option<super::till::Opened>)| {
            let pays = |deed: &&(_, Deed)| matches!(deed.1, Deed::Pay(Money::Asked));
            let times = i64::try_from(visit.deeds.iter().filter(pays).count()).unwrap_or(i64::MAX);
            opened.as_ref().map_or(0, |opened| opened.payable.minor() * (times - 1).max(0))
        };
        let twice: i64 = self.day.visits.iter().zip(&self.truth.opened).map(again).sum();
        fen(stray + twice)
    }

    fn money(&self, found: &mut Findings) {
        let all: i64 = self.truth.told().map(|paid| paid.amount.minor()).sum();
        let total =
            self.report.totals.iter().find(|total| total.observed.currency() == Currency::Cny);
        found.equal("currencies", 1, count(self.report.totals.iter()));
        if let Some(total) = total {
            found.equal("all money", fen(all), total.observed);
            found.equal("money in suspense", self.suspense(), total.held);
        }
        let mut wallets: BTreeMap<&str, i64> = BTreeMap::new();
        for paid in self.truth.told() {
            *wallets.entry(paid.wallet.as_str()).or_default() += paid.amount.minor();
        }
        for line in &self.report.wallets {
            let seen = line.received.minor() + line.held.minor();
            let paid = wallets.remove(line.wallet.as_str()).unwrap_or(0);
            found.equal(&format!("money on wallet {}", line.wallet), fen(paid), fen(seen));
        }
        for (wallet, paid) in wallets {
            found.equal(&format!("money on wallet {wallet}"), fen(paid), fen(0));
        }
    }

    /// What the shops were told against what the engine believes that it told them.
    fn told(&self, found: &mut Findings) {
        let (books, callbacks) = (self.books, &self.report.callbacks);
        found.equal("knocks at the shops' doors", books.knocks, callbacks.attempts);
        found.equal("knocks without a valid signature", books.strangers, 0);
        let gone = self.day.visits.iter().filter(|visit| visit.door == Door::Gone);
        found.equal("callbacks given up", count(gone), callbacks.abandoned);
        let mut unknown = books.paid.clone();
        for (number, _, order) in numbered(self.day, self.truth) {
            let Some(row) = self.views.orders.get(order) else { continue };
            let told = unknown.remove(&number);
            let settled = row.callback == CallbackStanding::Acknowledged && row.status.is_settled();
            let mut tell = |what: String| found.0.push(format!("order {number} ({order}): {what}"));
            match told {
                Some(Told { received: heard, .. }) => {
                    let came = Amount::from_minor(row.received, row.currency);
                    if Amount::parse(&heard, Currency::Cny) != Ok(came) {
                        tell(format!("the shop heard {heard}, the engine has {came}"));
                    }
                    if !settled {
                        let standing = row.callback.word();
                        tell(format!("the shop has booked it, the callback is {standing}"));
                    }
                }
                None if settled => tell(
                    "the engine believes that the shop knows, and the shop does not".to_owned(),
                ),
                None => {}
            }
        }
        for number in unknown.keys() {
            found.0.push(format!("the shop was told of an order {number} that nobody made"));
        }
    }

    fn refunds(&self, found: &mut Findings) {
        let state = |step: Option<RefundStep>| match step {
            None => "requested",
            Some(RefundStep::Approve) => "approved",
            Some(RefundStep::Send) => "sent",
            Some(RefundStep::Confirm) => "confirmed",
            Some(RefundStep::Decline) => "declined",
        };
        for (scene, id, amount, step) in &self.truth.refunds {
            let what = format!("refund {id} ({scene:?})");
            let engine = id.parse().ok().and_then(|id| self.views.refunds.get(id));
            match engine {
                Some(view) => {
                    found.equal(&what, state(*step), view.state.word());
                    found.equal(&what, *amount, view.amount);
                }
                None => found.0.push(format!("{what} is not in the views")),
            }
            let told = self.books.refunds.get(id).map_or("nothing", String::as_str);
            found.equal(&format!("{what}, as the shop was told"), state(*step), told);
        }
        let known = count(self.views.refunds.iter());
        found.equal("refunds", count(self.truth.refunds.iter()), known);
    }
}
