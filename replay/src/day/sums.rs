//! Sums of amounts, apart for each currency.

use std::collections::BTreeMap;

use duizhang_core::amount::{Amount, Currency};

/// A sum for each currency that occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums(BTreeMap<Currency, Amount>);

impl Sums {
    pub(crate) fn add(&mut self, amount: Amount) {
        let currency = amount.currency();
        let sum = self.of(currency).checked_add(amount);
        // 2^63 minor units are 900,000 of the largest amounts that any text may spell.
        self.0.insert(currency, sum.expect("the money of a day is far below 2^63 minor units"));
    }

    pub(crate) fn of(&self, currency: Currency) -> Amount {
        self.0.get(&currency).copied().unwrap_or(Amount::from_minor(0, currency))
    }

    pub(crate) fn currencies(&self) -> impl Iterator<Item = Currency> {
        self.0.keys().copied()
    }
}
