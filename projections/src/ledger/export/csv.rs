//! CSV (RFC 4180) for spreadsheets and programs: one record for each line of an entry.
//!
//! Invariants: UTF-8 with a byte order mark, CRLF, the same number of fields in each record; texts
//! in quotes, and one that a spreadsheet would calculate begins with an apostrophe. The first
//! record says where the file comes from, the second names the columns.

use std::io::Write;

use super::heading::{heading, subjects};
use super::{ExportError, Writing};
use crate::export::text::{BYTE_ORDER_MARK, field, heading_record};
use crate::ledger::balances::decimal;
use crate::ledger::journal::Dated;
use crate::ledger::survey::Plan;

pub(super) struct Csv;

const COLUMNS: [&str; 22] = [
    "date",
    "position",
    "line",
    "cause",
    "seen_time",
    "channel_time",
    "narration",
    "text",
    "code",
    "account",
    "name",
    "debit",
    "credit",
    "currency",
    "order",
    "payment",
    "refund",
    "movement",
    "adjustment",
    "note",
    "break",
    "natural_date",
];

/// Debit and credit of a signed amount, one of them empty.
pub(super) fn sides(line: &duizhang_core::ledger::Line) -> (String, String) {
    let (minor, currency) = (i128::from(line.amount.minor()), line.amount.currency());
    let text = decimal(minor.abs(), currency);
    if minor < 0 { (String::new(), text) } else { (text, String::new()) }
}

impl Writing for Csv {
    fn begin(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        let heading = heading_record(&heading(plan), COLUMNS.len());
        write!(out, "{BYTE_ORDER_MARK}{heading}\r\n{}\r\n", COLUMNS.map(field).join(","))?;
        Ok(())
    }

    fn entry(
        &mut self,
        plan: &Plan,
        Dated { day, natural, entry }: Dated<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let (word, english, chinese) = entry.narration().words();
        let about = subjects(entry);
        let of = |kind| about.iter().find(|(of, _)| *of == kind).map_or("", |(_, id)| id.as_str());
        for (number, line) in (1..).zip(entry.lines()) {
            let (debit, credit) = sides(line);
            let record = [
                day.to_string(),
                entry.position().to_string(),
                number.to_string(),
                entry.cause().to_string(),
                field(&plan.zone.rfc3339(entry.at())),
                field(&plan.zone.rfc3339(entry.value_at())),
                field(word),
                field(&format!("{english} {chinese}")),
                field(&plan.chart.code(line.account)),
                field(plan.chart.path(line.account)),
                field(&plan.chart.chinese(line.account)),
                debit,
                credit,
                field(line.amount.currency().code()),
                field(of("order")),
                field(of("payment")),
                field(of("refund")),
                field(of("movement")),
                field(of("adjustment")),
                field(entry.note()),
                field(of("break")),
                natural.to_string(),
            ];
            write!(out, "{}\r\n", record.join(","))?;
        }
        Ok(())
    }

    fn end(&mut self, _: &Plan, _: &mut dyn Write) -> Result<(), ExportError> {
        Ok(())
    }
}
