//! The report as finance reads it on a terminal.
//!
//! Invariants: the same report gives the same bytes; what is listed elsewhere only (pairs, entries)
//! is counted here.
//! Deliberately not here: what is in the tables (`overview`, `details`).

use std::fmt::Write as _;

use super::report::{BreakLine, DayReport, PairLine, Proposal};
use super::sheets::{Sheet, Table};
use super::snapshots;
use crate::spelling;
use crate::table::aligned;

/// Most wallets side by side: three with two columns of some 16 signs each are as wide as a
/// terminal.
const UNITS_MAX: usize = 3;

impl DayReport {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        spelling::document(self)
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("日对账报告 {} ({})\n\n", self.day, self.time_zone);
        for (zh, en, value) in self.origin().into_iter().skip(1) {
            let _ = writeln!(text, "  {zh} {en}: {value}");
        }
        text += "\n文件 files\n";
        text += &self.file_lines();
        for table in self.money(UNITS_MAX) {
            text += &section(&table);
        }
        let overview = self.overview(UNITS_MAX);
        let of = |key: &'static str| overview.tables.iter().filter(move |table| table.key == key);
        of("standing").for_each(|table| text += &section(table));
        text += "\n差错明细 breaks\n";
        text += &none_or(self.breaks.iter().map(BreakLine::text).collect());
        text += &more(self.breaks_unlisted);
        text += "\n待确认 pairs to confirm\n";
        text += &none_or(self.proposals.iter().map(Proposal::text).collect());
        text += &more(self.proposals_unlisted);
        text += "\n跨日·缓冲池 across midnight, or waiting\n";
        text += &none_or(self.pool.iter().map(PairLine::text).collect());
        text += &more(self.pool_unlisted);
        let pages = self.sheets(UNITS_MAX);
        for table in pages.iter().flat_map(|Sheet { tables, .. }| tables) {
            if ["unclaimed", "excluded"].contains(&table.key) {
                text += &section(table);
            }
        }
        text += &snapshots::text_of(&self.changes, self.changes_unlisted);
        let pairs = self.pairs.len() + self.pairs_unlisted;
        let lines = self.vouchers.len() + self.vouchers_unlisted;
        let _ =
            writeln!(text, "\n一致明细 {pairs} pairs, 凭证 {lines} lines: in the other formats");
        text += "\n自检 checks\n";
        for check in &self.checks {
            let word = super::overview::verdict_word(check.verdict);
            let _ = writeln!(text, "  {word}: {}\n      {}", check.what, check.numbers);
        }
        of("words").for_each(|table| text += &section(table));
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
                "  {} for {}: {}, {} 行 lines, {} 未读 not readable, 自证 own totals: {}\n    \
                 sha256 {}",
                file.name,
                file.wallet,
                file.layout,
                file.lines,
                file.rejected,
                file.proof,
                file.sha256
            );
            for finding in &file.findings {
                let _ = writeln!(text, "    {finding}");
            }
        }
        text
    }
}

fn none_or(text: String) -> String {
    if text.is_empty() { "  none\n".to_owned() } else { text }
}

fn more(unlisted: usize) -> String {
    if unlisted == 0 { String::new() } else { format!("  and {unlisted} more\n") }
}

/// A table in aligned columns, with the names of its columns.
fn section(table: &Table) -> String {
    let mut text = format!("\n{} {}\n", table.zh, table.en);
    if table.rows.is_empty() {
        return text + "  none\n";
    }
    let names = table.columns.iter().map(|column| column.zh.clone()).collect();
    let rows = table.rows.iter().map(|row| row.cells.iter().map(|cell| cell.said()).collect());
    let rows: Vec<Vec<String>> = std::iter::once(names).chain(rows).collect();
    text += &aligned(&rows);
    text + &more(table.unlisted)
}

impl Proposal {
    fn text(&self) -> String {
        let Self { wallet, grade, by, ours, channel } = self;
        let (ours, channel) = (ours.told(), channel.told());
        format!("  {wallet}: by {by} ({grade})\n    ours    {ours}\n    channel {channel}\n")
    }
}

impl PairLine {
    fn text(&self) -> String {
        let mut text = format!("  {} {}: {}\n", self.class, self.wallet, self.by);
        for (side, item) in [("ours", &self.ours), ("channel", &self.channel)] {
            if let Some(item) = item {
                let _ = writeln!(text, "    {side:<7} {}", item.told());
            }
        }
        text
    }
}

impl BreakLine {
    fn text(&self) -> String {
        let mark = if self.open { "!" } else { " " };
        let mut text = format!(
            "{mark} {} {}: {} [{}] {}\n",
            self.code, self.wallet, self.meaning, self.direction, self.amount
        );
        let _ = write!(text, "    {}", self.state());
        if let Some(record) = &self.record {
            let _ = write!(text, ", age {}", record.age);
            if !record.owner.is_empty() {
                let _ = write!(text, ", owner {}", record.owner);
            }
        }
        if !self.id.is_empty() {
            let _ = write!(text, ", break {}", self.id);
        }
        text.push('\n');
        for (side, items) in [("ours", &self.ours), ("channel", &self.channel)] {
            for item in items {
                let _ = writeln!(text, "    {side:<7} {}", item.told());
            }
        }
        text
    }
}
