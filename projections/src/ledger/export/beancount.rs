//! Beancount 3.
//!
//! Invariants: accounts are opened with their currencies before the first entry; every closing
//! balance is asserted with `~ 0`, because beancount lets one be wrong by its last place otherwise;
//! links, tags and keys are ASCII, free text stands in quotes only.

use std::io::Write;

use super::heading::{days, heading, put_forward, subjects};
use super::{ExportError, Writing};
use crate::export::text::one_line;
use crate::ledger::balances::decimal;
use crate::ledger::journal::Dated;
use crate::ledger::survey::Plan;

pub(super) struct Beancount;

/// A text in quotes.
fn quoted(text: &str) -> String {
    let text = one_line(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

impl Writing for Beancount {
    fn begin(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        writeln!(out, ";; -*- mode: beancount; coding: utf-8 -*-")?;
        for (name, value) in heading(plan) {
            writeln!(out, ";; {name}: {value}")?;
        }
        writeln!(out, "option \"title\" \"Duizhang ledger\"")?;
        writeln!(out, "option \"tolerance_multiplier\" \"0\"")?;
        let closing = plan.closing();
        for currency in closing.totals().into_keys() {
            writeln!(out, "option \"operating_currency\" \"{currency}\"")?;
        }
        let Some((eve, ..)) = days(plan) else { return Ok(()) };
        writeln!(out)?;
        let mut open = closing.iter().map(|(account, currency, _)| (account, currency)).peekable();
        while let Some((account, currency)) = open.next() {
            let mut currencies = currency.code().to_owned();
            while let Some((_, more)) = open.next_if(|(next, _)| *next == account) {
                currencies += ",";
                currencies += more.code();
            }
            writeln!(out, "{eve} open {} {currencies}", plan.chart.path(account))?;
            let (code, name) = (plan.chart.code(account), plan.chart.chinese(account));
            writeln!(out, "  name: {}", quoted(&format!("{code} {name}")))?;
        }
        Ok(put_forward(plan, &format!("{eve} * \"brought forward 上期结转\""), "  ", out)?)
    }

    fn entry(
        &mut self,
        plan: &Plan,
        dated: Dated<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let Dated { day, entry, .. } = dated;
        let (word, english, chinese) = entry.narration().words();
        let flag = if entry.narration().asks() { '!' } else { '*' };
        write!(out, "\n{day} {flag} {} #{word}", quoted(&format!("{english} {chinese}")))?;
        for (_, id) in subjects(entry) {
            write!(out, " ^{id}")?;
        }
        if let Some(natural) = dated.moved_from() {
            write!(out, " ^of-{natural}\n  natural-day: {natural}")?;
        }
        writeln!(out, "\n  event: \"{}\"\n  cause: \"{}\"", entry.position(), entry.cause())?;
        writeln!(out, "  seen-time: \"{}\"", plan.zone.rfc3339(entry.at()))?;
        if entry.value_at() != entry.at() {
            writeln!(out, "  channel-time: \"{}\"", plan.zone.rfc3339(entry.value_at()))?;
        }
        if !entry.note().is_empty() {
            writeln!(out, "  note: {}", quoted(entry.note()))?;
        }
        for line in entry.lines() {
            writeln!(out, "  {}  {}", plan.chart.path(line.account), line.amount)?;
        }
        Ok(())
    }

    fn end(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        let Some((.., last)) = days(plan) else { return Ok(()) };
        // Beancount checks a balance at the beginning of its day.
        let next = last.succ_opt().unwrap_or(last);
        writeln!(out)?;
        for (account, currency, sums) in plan.closing().iter() {
            let balance = decimal(sums.balance(), currency);
            let path = plan.chart.path(account);
            writeln!(out, "{next} balance {path}  {balance} ~ 0 {currency}")?;
        }
        Ok(())
    }
}
