//! The reconciliation of a day as finance reads it.

use std::fmt::Write as _;

use duizhang_core::amount::{Amount, Currency};

use super::report::{BreakLine, ItemLine, Proposal, ReconciliationReport, WalletTally};
use super::snapshots;
use crate::spelling;
use crate::table::aligned;

impl ReconciliationReport {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        spelling::document(self)
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let open = self.breaks.iter().filter(|line| line.open).count();
        let open = open.saturating_add(self.breaks_unlisted);
        let proposed = self.proposals.len().saturating_add(self.proposals_unlisted);
        let verdict = match (open, proposed) {
            (0, 0) if self.agrees => "everything agrees (平)".to_owned(),
            (0, 0) => "the report's own checks fail".to_owned(),
            (open, 0) => format!("{open} differences for a person (不平)"),
            (0, proposed) => format!("{proposed} pairs for a person to confirm (待确认)"),
            (open, proposed) => {
                format!("{open} differences for a person (不平), {proposed} pairs to confirm")
            }
        };
        let mut text = format!(
            "Reconciliation 对账 {} ({}), known up to position {}: {verdict}\n\nFiles\n",
            self.day, self.time_zone, self.position
        );
        text += &self.file_lines();
        for wallet in &self.wallets {
            text += &wallet.text();
        }
        text += "\nPairs to confirm 待确认\n";
        text += &self.proposal_lines();
        text += "\nDifferences 差错\n";
        text += &self.break_lines();
        text += &snapshots::text_of(&self.changes, self.changes_unlisted);
        text += "\nChecks\n";
        for check in &self.checks {
            let verdict = if check.holds { "holds" } else { "FAILS" };
            let _ = writeln!(text, "  {verdict}: {}", check.what);
        }
        text
    }

    fn file_lines(&self) -> String {
        if self.files.is_empty() {
            return "  none\n".to_owned();
        }
        let mut text = String::new();
        for file in &self.files {
            let _ = writeln!(
                text,
                "  {} for {}: {}, {} lines, own totals: {}, sha256 {}",
                file.name, file.wallet, file.layout, file.lines, file.proof, file.sha256
            );
            for finding in &file.findings {
                let _ = writeln!(text, "    {finding}");
            }
        }
        text
    }

    fn proposal_lines(&self) -> String {
        if self.proposals.is_empty() {
            return "  none\n".to_owned();
        }
        let mut text = String::new();
        for Proposal { wallet, grade, by, ours, channel } in &self.proposals {
            let _ = writeln!(text, "  {wallet}: by {by} ({grade})");
            let _ = writeln!(text, "    ours    {}\n    channel {}", ours.text(), channel.text());
        }
        if self.proposals_unlisted > 0 {
            let _ = writeln!(text, "  and {} more", self.proposals_unlisted);
        }
        text
    }

    fn break_lines(&self) -> String {
        if self.breaks.is_empty() {
            return "  none\n".to_owned();
        }
        let mut text: String = self.breaks.iter().map(BreakLine::text).collect();
        if self.breaks_unlisted > 0 {
            let _ = writeln!(text, "  and {} more", self.breaks_unlisted);
        }
        text
    }
}

impl WalletTally {
    fn text(&self) -> String {
        let covered = if self.covered { "" } else { ", no file covers the whole day" };
        let mut text = format!("\n{} {}{covered}\n", self.wallet, self.channel);
        let head = ["", "channel 渠道", "sum", "ours 我方", "sum"].map(str::to_owned).to_vec();
        let mut rows = vec![head];
        for row in self.classes.iter().chain([&self.total]) {
            rows.push(vec![
                row.class.replace('_', " "),
                row.channel.to_string(),
                yuan(row.channel_minor),
                row.ours.to_string(),
                yuan(row.ours_minor),
            ]);
        }
        text += &aligned(&rows);
        text
    }
}

impl BreakLine {
    fn text(&self) -> String {
        let mark = if self.open { "!" } else { " " };
        let mut text = format!(
            "{mark} {} {}: {} [{}]\n",
            self.code, self.wallet, self.meaning, self.direction
        );
        for (side, items) in [("ours", &self.ours), ("channel", &self.channel)] {
            for item in items {
                let _ = writeln!(text, "    {side:<7} {}", item.text());
            }
        }
        text
    }
}

impl ItemLine {
    fn text(&self) -> String {
        let Self { place, id, time, amount, note } = self;
        let text = format!("{time} {amount} {id} ({place}) {note}");
        text.trim_end().to_owned()
    }
}

/// A sum of fen as yuan. Sums may be larger than an amount can be.
fn yuan(minor: i128) -> String {
    i64::try_from(minor).map_or_else(
        |_| format!("{minor} fen"),
        |minor| Amount::from_minor(minor, Currency::Cny).decimal_text(),
    )
}
