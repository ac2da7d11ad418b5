//! JSON lines: a head, one document for each entry, and the closing balances.
//!
//! Invariants: amounts are texts with all places; every document says what it is in `kind`.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::heading::{heading, subjects};
use super::{ExportError, Writing};
use crate::ledger::balances::{Balances, decimal};
use crate::ledger::journal::Dated;
use crate::ledger::survey::Plan;

pub(super) struct JsonLines;

fn balances(plan: &Plan, balances: &Balances) -> Vec<Value> {
    let all = balances.iter().map(|(account, currency, sums)| {
        json!({
            "account": plan.chart.path(account),
            "name": plan.chart.chinese(account),
            "currency": currency.code(),
            "debit": decimal(sums.debit, currency),
            "credit": decimal(sums.credit, currency),
            "balance": decimal(sums.balance(), currency),
        })
    });
    all.collect()
}

impl Writing for JsonLines {
    fn begin(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        let mut head = Map::new();
        head.insert("kind".into(), "head".into());
        for (name, value) in heading(plan) {
            head.insert(name.replace(' ', "_"), value.into());
        }
        head.insert("opening".into(), balances(plan, &plan.opening).into());
        writeln!(out, "{}", Value::Object(head))?;
        Ok(())
    }

    fn entry(
        &mut self,
        plan: &Plan,
        Dated { day, natural, entry }: Dated<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let lines = entry.lines().iter().map(|line| {
            json!({
                "account": plan.chart.path(line.account),
                "amount": line.amount.decimal_text(),
                "currency": line.amount.currency().code(),
            })
        });
        let about: Map<String, Value> =
            subjects(entry).into_iter().map(|(kind, id)| (kind.to_owned(), id.into())).collect();
        let document = json!({
            "kind": "entry",
            "date": day.to_string(),
            "natural_date": natural.to_string(),
            "position": entry.position().number(),
            "cause": entry.cause().number(),
            "seen_time": plan.zone.rfc3339(entry.at()),
            "channel_time": plan.zone.rfc3339(entry.value_at()),
            "narration": entry.narration().words().0,
            "about": about,
            "note": entry.note(),
            "lines": lines.collect::<Vec<_>>(),
        });
        writeln!(out, "{document}")?;
        Ok(())
    }

    fn end(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        let closing = balances(plan, &plan.closing());
        writeln!(out, "{}", json!({ "kind": "closing", "balances": closing }))?;
        Ok(())
    }
}
