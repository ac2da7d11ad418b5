//! The trial balance (科目余额表).
//!
//! Invariant: the totals of debits and credits stand below it, and the answer is a finding where
//! they differ.

use duizhang_core::amount::Currency;
use duizhang_projections::ledger::{Plan, Sums, decimal};
use serde_json::{Value, json};

use super::question::heading;
use super::table::aligned;
use crate::review::question::Told;

const NAMES: [&str; 8] =
    ["code", "account", "currency", "opening", "debit", "credit", "balance", "name 名称"];

/// What stood before, what moved, and what stands.
struct Line {
    opening: Sums,
    moved: Sums,
}

impl Line {
    fn texts(&self, currency: Currency) -> [String; 4] {
        let (opening, moved) = (self.opening.balance(), self.moved);
        [opening, moved.debit, moved.credit, opening + moved.balance()]
            .map(|minor| decimal(minor, currency))
    }
}

pub(super) fn told(plan: &Plan) -> Told {
    let mut rows = vec![NAMES.map(str::to_owned).to_vec()];
    let mut listed: Vec<Value> = Vec::new();
    let mut accounts: Vec<_> =
        plan.closing().iter().map(|(of, currency, _)| (of, currency)).collect();
    accounts.sort_by_key(|(account, currency)| (plan.chart.code(*account), *currency));
    for (account, currency) in accounts {
        let line = Line {
            opening: plan.opening.of(account, currency),
            moved: plan.moved.of(account, currency),
        };
        let amounts = line.texts(currency);
        let [opening, debit, credit, balance] = amounts.clone();
        let (code, path) = (plan.chart.code(account), plan.chart.path(account));
        let name = plan.chart.chinese(account);
        listed.push(json!({
            "code": code,
            "account": path,
            "name": name,
            "currency": currency.code(),
            "opening": opening,
            "debit": debit,
            "credit": credit,
            "balance": balance,
        }));
        let mut row = vec![code, path.to_owned(), currency.code().to_owned()];
        row.extend(amounts);
        row.push(name);
        rows.push(row);
    }
    let (totals, balanced) = totals(plan, &mut rows);
    let verdict = match (balanced, rows.len()) {
        (true, 1) => "Nothing was posted.",
        (true, _) => "Debits equal credits 借贷平衡.",
        (false, _) => "DEBITS AND CREDITS DIFFER 借贷不平.",
    };
    let text = format!(
        "Trial balance 科目余额表, {}\n\n{}\n{verdict}\n",
        heading(plan),
        aligned(&rows, 3..7)
    );
    let document = json!({
        "log_position": plan.head.position.number(),
        "log_root": plan.head.root,
        "selection": heading(plan),
        "accounts": listed,
        "totals": totals,
        "balanced": balanced,
    });
    Told { clean: balanced, text, json: format!("{document:#}\n") }
}

/// A row for each currency below the accounts, and whether each of them balances.
fn totals(plan: &Plan, rows: &mut Vec<Vec<String>>) -> (Vec<Value>, bool) {
    let (opening, moved) = (plan.opening.totals(), plan.moved.totals());
    let mut balanced = true;
    let mut told = Vec::new();
    for currency in plan.closing().totals().into_keys() {
        let of = |sums: &std::collections::BTreeMap<Currency, Sums>| {
            sums.get(&currency).copied().unwrap_or_default()
        };
        let line = Line { opening: of(&opening), moved: of(&moved) };
        balanced &= line.opening.balance() == 0 && line.moved.balance() == 0;
        let amounts = line.texts(currency);
        let [_, debit, credit, _] = amounts.clone();
        told.push(json!({ "currency": currency.code(), "debit": debit, "credit": credit }));
        let mut row = vec!["total".to_owned(), String::new(), currency.code().to_owned()];
        row.extend(amounts);
        row.push("合计".to_owned());
        rows.push(row);
    }
    (told, balanced)
}
