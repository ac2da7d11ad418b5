//! The statement of one account (明细账): what stood before, each line with the balance behind it,
//! what stands.
//!
//! Invariants: lines come in the order of their days; the last balance is the closing one.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use duizhang_core::amount::Currency;
use duizhang_core::event::Chapter;
use duizhang_core::ledger::Numbered;
use duizhang_projections::ledger::{
    AccountStatement, Balances, Dated, Journal, Plan, StatementLine, decimal,
};
use serde_json::{Map, Value, json};

use super::question::heading;
use super::table::aligned;
use crate::review::question::Told;

/// Most lines of an answer: as JSON inside of JSON a line has a kilobyte at most, if its note is
/// not of the longest, and whoever asked a server reads 64 MiB.
pub(super) const LINES_MAX: usize = 50_000;

const NAMES: [&str; 9] = [
    "day",
    "position",
    "debit",
    "credit",
    "balance",
    "currency",
    "narration",
    "counter",
    "text 摘要",
];

/// What the second walk over the log is handed.
type Visit<'a> = dyn FnMut(&Chapter) -> anyhow::Result<()> + 'a;

/// The statement of the account with this path or code; `walk` goes over the log.
pub(super) fn told(
    plan: &Plan,
    path: &str,
    walk: &mut dyn FnMut(&mut Visit<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Told> {
    let named =
        |account: &Numbered| plan.chart.path(*account) == path || plan.chart.code(*account) == path;
    let account = plan.chart.accounts().find(named);
    let account = account.with_context(|| {
        format!("no account is called {path:?}; `duizhang ledger chart` lists them")
    })?;
    let mut statement = Statement {
        account,
        lines: AccountStatement::new(plan, account),
        rows: vec![NAMES.map(str::to_owned).to_vec()],
        listed: Vec::new(),
    };
    let mut journal = Journal::new(plan);
    walk(&mut |chapter| journal.fold(chapter, &mut |plan, dated| statement.take(plan, dated)))?;
    journal.finish(&mut |plan, dated| statement.take(plan, dated))?;
    Ok(statement.finish(plan))
}

/// A statement on its way.
struct Statement {
    account: Numbered,
    lines: AccountStatement,
    rows: Vec<Vec<String>>,
    listed: Vec<Value>,
}

impl Statement {
    fn take(&mut self, plan: &Plan, dated: Dated<'_>) -> anyhow::Result<()> {
        for line in self.lines.take(dated) {
            ensure!(
                self.listed.len() < LINES_MAX,
                "the statement has more than {LINES_MAX} lines: ask for fewer days"
            );
            self.put(plan, dated, line);
        }
        Ok(())
    }

    fn put(&mut self, plan: &Plan, dated: Dated<'_>, line: StatementLine) {
        let (entry, (word, english, chinese)) = (dated.entry, dated.entry.narration().words());
        let others = entry.lines().iter().filter(|line| line.account != self.account);
        let counter: BTreeSet<&str> = others.map(|line| plan.chart.path(line.account)).collect();
        let counter: Vec<&str> = counter.into_iter().collect();
        let (minor, currency) = (i128::from(line.amount.minor()), line.amount.currency());
        let (amount, none) = (decimal(minor.abs(), currency), String::new());
        let (debit, credit) = if minor < 0 { (none, amount) } else { (amount, none) };
        let balance = decimal(line.balance, currency);
        let about = entry.subjects().named().into_iter();
        let about: Map<String, Value> =
            about.map(|(kind, id)| (kind.to_owned(), id.into())).collect();
        self.listed.push(json!({
            "day": line.day.to_string(),
            "natural_day": dated.natural.to_string(),
            "position": line.position.number(),
            "cause": entry.cause().number(),
            "narration": word,
            "about": about,
            "note": entry.note(),
            "counter": counter,
            "debit": debit,
            "credit": credit,
            "balance": balance,
            "currency": currency.code(),
        }));
        let moved = dated.moved_from().map(|day| format!(" (of {day})"));
        self.rows.push(vec![
            line.day.to_string(),
            line.position.to_string(),
            debit,
            credit,
            balance,
            currency.code().to_owned(),
            format!("{english}{}", moved.unwrap_or_default()),
            counter.join(" "),
            format!("{chinese} {}", entry.note()),
        ]);
    }

    fn finish(self, plan: &Plan) -> Told {
        let (path, code) = (plan.chart.path(self.account), plan.chart.code(self.account));
        let name = plan.chart.chinese(self.account);
        let opening = standing(&plan.opening, self.account);
        let closing = standing(&plan.closing(), self.account);
        let text = format!(
            "Statement 明细账 of {path} ({code} {name}), {}\n\nopening 期初 {}\n\n{}\nclosing 期末 {}\n",
            heading(plan),
            spelled(&opening),
            if self.listed.is_empty() {
                "no lines\n".to_owned()
            } else {
                aligned(&self.rows, 1..5)
            },
            spelled(&closing),
        );
        let amounts = |balances: &[(Currency, i128)]| -> Vec<Value> {
            let told = balances.iter().map(|(currency, minor)| {
                json!({ "currency": currency.code(), "balance": decimal(*minor, *currency) })
            });
            told.collect()
        };
        let document = json!({
            "log_position": plan.head.position.number(),
            "log_root": plan.head.root,
            "selection": heading(plan),
            "account": path,
            "code": code,
            "name": name,
            "opening": amounts(&opening),
            "lines": self.listed,
            "closing": amounts(&closing),
        });
        Told { clean: true, text, json: format!("{document:#}\n") }
    }
}

/// The balances of an account, in each currency that it ever had.
fn standing(balances: &Balances, account: Numbered) -> Vec<(Currency, i128)> {
    let own = balances.iter().filter(|(of, ..)| *of == account);
    own.map(|(_, currency, sums)| (currency, sums.balance())).collect()
}

fn spelled(balances: &[(Currency, i128)]) -> String {
    if balances.is_empty() {
        return "0".to_owned();
    }
    let told = balances
        .iter()
        .map(|(currency, minor)| format!("{} {currency}", decimal(*minor, *currency)));
    told.collect::<Vec<_>>().join(", ")
}
