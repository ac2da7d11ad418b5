//! What all formats say: where the file comes from, its control totals, and what an entry is about.
//!
//! Deliberately not here: how a format spells it.

use std::io::{self, Write};

use chrono::NaiveDate;
use duizhang_core::amount::Currency;
use duizhang_core::ledger::{Entry, Numbered};

use crate::ledger::balances::{Balances, decimal};
use crate::ledger::survey::Plan;

/// Where the file comes from and its control totals, as names and values.
pub(super) fn heading(plan: &Plan) -> Vec<(String, String)> {
    let mut lines = vec![
        ("log position".to_owned(), plan.head.position.to_string()),
        ("log root".to_owned(), plan.head.root.clone()),
        ("selection".to_owned(), plan.selection.to_string()),
        ("entries".to_owned(), plan.entries.to_string()),
        ("lines".to_owned(), plan.lines.to_string()),
    ];
    for (currency, total) in plan.moved.totals() {
        lines.push((format!("debit {currency}"), decimal(total.debit, currency)));
        lines.push((format!("credit {currency}"), decimal(total.credit, currency)));
    }
    lines
}

/// What an entry is about, as the kind of thing and its id.
pub(super) fn subjects(entry: &Entry) -> Vec<(&'static str, String)> {
    entry.subjects().named()
}

/// Accounts with a balance, for lines that carry it forward.
fn standing(balances: &Balances) -> Vec<(Numbered, Currency, i128)> {
    let balances =
        balances.iter().map(|(account, currency, sums)| (account, currency, sums.balance()));
    balances.filter(|(.., balance)| *balance != 0).collect()
}

/// The transaction that carries balances forward into a plain-text book, where there are any.
pub(super) fn put_forward(
    plan: &Plan,
    title: &str,
    indent: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let forward = standing(&plan.opening);
    if !forward.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    for (account, currency, balance) in forward {
        let path = plan.chart.path(account);
        writeln!(out, "{indent}{path}  {} {currency}", decimal(balance, currency))?;
    }
    Ok(())
}

/// The first and last day, and the one before the first: books are opened there.
pub(super) fn days(plan: &Plan) -> Option<(NaiveDate, NaiveDate, NaiveDate)> {
    let (first, last) = plan.days?;
    Some((first.pred_opt().unwrap_or(first), first, last))
}
