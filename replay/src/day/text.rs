//! The report of a day as people read it: aligned columns, in the words of the glossary.

use duizhang_core::amount::Amount;

use super::report::DayReport;
use super::run::DayReplay;
use crate::spelling;
use crate::table::aligned;

impl DayReplay {
    /// Whether the arithmetic holds and every decision was derived again.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.report.as_ref().is_some_and(DayReport::adds_up) && self.decisions.is_clean()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let report = self.report.as_ref().map_or_else(
            || "No report: the events contradict each other.\n".to_owned(),
            DayReport::text,
        );
        report + "\n" + &self.decisions.text()
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        spelling::document(self)
    }
}

impl DayReport {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.heading();
        text += "\nOrders\n";
        text += &aligned(&self.order_rows());
        text += "\nNotifications and payments\n";
        text += &aligned(&self.evidence_rows());
        text += "\nMoney by wallet\n";
        text += &aligned(&self.wallet_rows());
        text += "\nCallbacks\n";
        text += &aligned(&self.callback_rows());
        text += "\nRefunds\n";
        text += &aligned(&self.refund_rows());
        text += "\nGaps in watching\n";
        text += &self.gap_lines();
        text += "\nFor a person to look at\n";
        text += &self.exception_lines();
        text += "\nChecks\n";
        text += &self.check_lines();
        text
    }

    fn heading(&self) -> String {
        let policy = &self.policy;
        format!(
            "Book {}, business day {}\n\
             From {} to {}, known up to position {}\n\
             Policy: orders wait {}, amounts rest {} afterwards, a taken amount moves {} by at \
             most {}, late money: {}\n",
            self.book,
            self.day,
            self.from,
            self.to,
            self.position,
            spoken(policy.order_ttl_seconds),
            spoken(policy.quarantine_seconds),
            policy.step,
            Amount::fen(i64::from(policy.max_offset)).decimal_text(),
            policy.late
        )
    }

    fn order_rows(&self) -> Vec<Vec<String>> {
        let orders = &self.orders;
        rows(&[
            ("open before", orders.open_before),
            ("created", orders.created),
            ("paid", orders.paid_exact),
            ("paid late", orders.paid_late),
            ("overpaid", orders.overpaid),
            ("underpaid", orders.underpaid),
            ("expired", orders.expired),
            ("closed", orders.closed),
            ("open after", orders.open_after),
        ])
    }

    fn evidence_rows(&self) -> Vec<Vec<String>> {
        let (counts, payments) = (&self.notifications, &self.payments);
        let mut table = rows(&[
            ("deliveries", counts.deliveries),
            ("first", counts.first),
            ("stale", counts.stale),
            ("repeat (duplicates)", counts.repeat),
            ("conflict", counts.conflict),
            ("ignored", counts.ignored),
            ("unreadable", counts.unreadable),
            ("forged", counts.forged),
            ("judged as money", counts.judged_money),
            ("dismissed", counts.dismissed),
            ("payments observed", payments.observed),
            ("matched by the rules", payments.matched_isolated),
            ("assigned by an operator", payments.matched_assigned),
            ("of no order, by an operator", payments.dismissed),
        ]);
        for held in &payments.held {
            let name = format!("held, {}: {}", held.grade, held.reason.replace('_', " "));
            table.push(vec![name, held.count.to_string()]);
        }
        for total in &self.totals {
            let sums = [
                ("observed money", total.observed),
                ("matched money", total.matched),
                ("held money", total.held),
                ("dismissed money", total.dismissed),
            ];
            table.extend(sums.map(|(name, sum)| vec![name.to_owned(), sum.to_string()]));
        }
        table
    }

    fn wallet_rows(&self) -> Vec<Vec<String>> {
        let names = "wallet orders requested payable bump payments received held dismissed";
        let mut table = vec![names.split(' ').map(str::to_owned).collect::<Vec<_>>()];
        table.extend(self.wallets.iter().map(|line| {
            vec![
                line.wallet.clone(),
                line.orders.to_string(),
                line.requested.to_string(),
                line.payable.to_string(),
                line.bump.to_string(),
                line.payments.to_string(),
                line.received.to_string(),
                line.held.to_string(),
                line.dismissed.to_string(),
            ]
        }));
        table
    }

    fn callback_rows(&self) -> Vec<Vec<String>> {
        let callbacks = &self.callbacks;
        rows(&[
            ("scheduled", callbacks.scheduled),
            ("attempts", callbacks.attempts),
            ("acknowledged", callbacks.acknowledged),
            ("to be tried again", callbacks.retried),
            ("abandoned", callbacks.abandoned),
            ("pending after", callbacks.pending_after),
        ])
    }

    fn refund_rows(&self) -> Vec<Vec<String>> {
        if self.refunds.is_empty() {
            return vec![vec!["none".to_owned()]];
        }
        let row = |tally: &super::report::RefundTally| {
            vec![tally.state.to_owned(), tally.count.to_string(), tally.amount.to_string()]
        };
        self.refunds.iter().map(row).collect()
    }

    fn gap_lines(&self) -> String {
        let line = |gap: &super::report::GapLine| {
            let to = gap.to.as_deref().unwrap_or("silent still");
            let wallets = gap.wallets.join(", ");
            format!("  {} to {to}: device {} did not watch {wallets}\n", gap.from, gap.device)
        };
        or_none(self.gaps.iter().map(line).collect())
    }

    fn exception_lines(&self) -> String {
        let mut text: String = self
            .exceptions
            .iter()
            .map(|line| {
                format!(
                    "  {:<10}  {} (position {}, {})\n              {}\n",
                    line.kind, line.id, line.position, line.at, line.detail
                )
            })
            .collect();
        if self.exceptions_unlisted > 0 {
            text += &format!("  and {} more that are not listed\n", self.exceptions_unlisted);
        }
        or_none(text)
    }

    fn check_lines(&self) -> String {
        let line = |check: &super::report::DayCheck| {
            let (word, sign) = if check.ok { ("ok", "=") } else { ("FAILED", "≠") };
            format!("  {word:<6}  {} ({} {sign} {})\n", check.name, check.left, check.right)
        };
        self.checks.iter().map(line).collect()
    }
}

/// Seconds in the largest unit that leaves no rest.
fn spoken(seconds: u64) -> String {
    let units = [(3_600, "h"), (60, "min")];
    match units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        Some((unit, word)) => format!("{} {word}", seconds / unit),
        None => format!("{seconds} s"),
    }
}

fn rows(counts: &[(&str, u64)]) -> Vec<Vec<String>> {
    counts.iter().map(|(name, count)| vec![(*name).to_owned(), count.to_string()]).collect()
}

fn or_none(text: String) -> String {
    if text.is_empty() { "  none\n".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_spoken_in_their_largest_unit() {
        let cases = [(0, "0 s"), (59, "59 s"), (90, "90 s"), (300, "5 min"), (86_400, "24 h")];
        for (seconds, words) in cases {
            assert_eq!(spoken(seconds), words);
        }
    }
}
