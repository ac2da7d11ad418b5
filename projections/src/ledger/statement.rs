//! The statement of one account (明细账): its lines in the order of the journal, each with the
//! balance behind it.
//!
//! Invariants: begins with the balance before the selection and ends with the one behind it; memory
//! is one sum for each currency.
//! Deliberately not here: walking the log (`journal`).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::ledger::{Narration, Numbered};
use duizhang_core::position::Position;

use super::journal::Dated;
use super::survey::Plan;

/// A line of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The business day.
    pub day: NaiveDate,
    /// The place of the event that it was posted for.
    pub position: Position,
    /// What the entry says.
    pub narration: Narration,
    /// The signed amount.
    pub amount: Amount,
    /// The balance behind it, in minor units of the amount's currency.
    pub balance: i128,
}

/// The statement of one account.
#[derive(Clone, Debug)]
pub struct AccountStatement {
    account: Numbered,
    balances: BTreeMap<Currency, i128>,
}

impl AccountStatement {
    /// The statement before the first entry of a plan.
    #[must_use]
    pub fn new(plan: &Plan, account: Numbered) -> Self {
        let opening = plan.opening.iter().filter(|(of, ..)| *of == account);
        let balances = opening.map(|(_, currency, sums)| (currency, sums.balance())).collect();
        Self { account, balances }
    }

    /// The balance so far, in minor units.
    #[must_use]
    pub fn balance(&self, currency: Currency) -> i128 {
        self.balances.get(&currency).copied().unwrap_or_default()
    }

    /// Takes in the next entry and gives its lines of the account.
    pub fn take(&mut self, dated: Dated<'_>) -> Vec<StatementLine> {
        let Dated { day, entry, .. } = dated;
        let own = entry.lines().iter().filter(|line| line.account == self.account);
        own.map(|line| {
            let balance = self.balances.entry(line.amount.currency()).or_default();
            *balance += i128::from(line.amount.minor());
            let (position, narration) = (entry.position(), entry.narration());
            StatementLine { day, position, narration, amount: line.amount, balance: *balance }
        })
        .collect()
    }
}
