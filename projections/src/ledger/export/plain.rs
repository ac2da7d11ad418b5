//! hledger and ledger, in their strict modes; the two files differ in one sign.
//!
//! Invariants: every commodity, account, payee and tag is declared; two spaces part an account from
//! its amount; the file is in the order of its days, because ledger checks assertions in the order
//! of the file. Signs that either program reads as its own inside a comment (`: , ; [ ]`) are
//! written full-width.

use std::io::Write;

use duizhang_core::ledger::Narration;

use super::heading::{days, heading, put_forward, subjects};
use super::{ExportError, Writing};
use crate::export::text::one_line;
use crate::ledger::balances::decimal;
use crate::ledger::journal::Dated;
use crate::ledger::survey::Plan;

pub(super) struct Plain {
    /// What stands behind the digits of a currency without decimals: hledger wants its point, and
    /// ledger does not read one.
    point: &'static str,
}

impl Plain {
    pub(super) const HLEDGER: Self = Self { point: "." };
    pub(super) const LEDGER: Self = Self { point: "" };
}

const FORWARD: &str = "brought forward";
const CLOSING: &str = "closing balances";
const TAGS: [&str; 12] = [
    "event",
    "cause",
    "seen-time",
    "channel-time",
    "note",
    "payment",
    "refund",
    "movement",
    "adjustment",
    "break",
    "natural-day",
    "word",
];

/// A text that no program takes for anything else, in a comment.
fn comment(text: &str) -> String {
    let wide = |c| match c {
        ':' => '：',
        ',' => '，',
        ';' => '；',
        '[' => '［',
        ']' => '］',
        other => other,
    };
    one_line(text).chars().map(wide).collect()
}

impl Writing for Plain {
    fn begin(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        writeln!(out, "; Duizhang ledger")?;
        for (name, value) in heading(plan) {
            writeln!(out, "; {name} {value}")?;
        }
        writeln!(out)?;
        let closing = plan.closing();
        for currency in closing.totals().into_keys() {
            let sample = match currency.decimals() {
                0 => format!("1000{}", self.point),
                _ => decimal(1_000 * 10_i128.pow(currency.decimals()), currency),
            };
            writeln!(out, "commodity {currency}\n    format {sample} {currency}")?;
        }
        let mut last = None;
        for (account, ..) in
            closing.iter().filter(|(account, ..)| last.replace(*account) != Some(*account))
        {
            writeln!(out, "account {}", plan.chart.path(account))?;
        }
        for narration in Narration::ALL {
            writeln!(out, "payee {}", narration.words().1)?;
        }
        writeln!(out, "payee {FORWARD}\npayee {CLOSING}")?;
        for tag in TAGS {
            writeln!(out, "tag {tag}")?;
        }
        let Some((eve, ..)) = days(plan) else { return Ok(()) };
        Ok(put_forward(plan, &format!("{eve} * {FORWARD}"), "    ", out)?)
    }

    fn entry(
        &mut self,
        plan: &Plan,
        dated: Dated<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let Dated { day, entry, .. } = dated;
        let (word, english, _) = entry.narration().words();
        let flag = if entry.narration().asks() { '!' } else { '*' };
        write!(out, "\n{day} {flag} ")?;
        if let Some(order) = entry.subjects().order {
            write!(out, "({order}) ")?;
        }
        writeln!(out, "{english}\n    ; word: {word}\n    ; event: {}", entry.position())?;
        writeln!(out, "    ; cause: {}", entry.cause())?;
        let seen = plan.zone.rfc3339(entry.at());
        writeln!(out, "    ; seen-time: {}", comment(&seen))?;
        if entry.value_at() != entry.at() {
            let said = plan.zone.rfc3339(entry.value_at());
            writeln!(out, "    ; channel-time: {}", comment(&said))?;
        }
        if let Some(natural) = dated.moved_from() {
            writeln!(out, "    ; natural-day: {natural}")?;
        }
        for (kind, id) in subjects(entry).into_iter().filter(|(kind, _)| *kind != "order") {
            writeln!(out, "    ; {kind}: {id}")?;
        }
        if !entry.note().is_empty() {
            writeln!(out, "    ; note: {}", comment(entry.note()))?;
        }
        for line in entry.lines() {
            writeln!(out, "    {}  {}", plan.chart.path(line.account), line.amount)?;
        }
        Ok(())
    }

    fn end(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        let Some((.., last)) = days(plan) else { return Ok(()) };
        let closing = plan.closing();
        if closing.iter().next().is_some() {
            writeln!(out, "\n{last} * {CLOSING}")?;
        }
        for (account, currency, sums) in closing.iter() {
            let (zero, balance) = (decimal(0, currency), decimal(sums.balance(), currency));
            let path = plan.chart.path(account);
            writeln!(out, "    {path}  {zero} {currency} = {balance} {currency}")?;
        }
        Ok(())
    }
}
