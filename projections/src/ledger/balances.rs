//! Sums of accounts.
//!
//! Invariants: debits and credits are summed apart, in 128 bits, which a lifetime of the largest
//! amounts does not fill; sums do not depend on the order of the lines.
//! Deliberately not here: which lines count (`books`, `survey`).

use std::collections::BTreeMap;

use duizhang_core::amount::Currency;
use duizhang_core::ledger::{Line, Numbered};

/// What was debited and credited to an account, in minor units, both positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// 借方.
    pub debit: i128,
    /// 贷方.
    pub credit: i128,
}

impl Sums {
    /// Debits less credits.
    #[must_use]
    pub fn balance(self) -> i128 {
        self.debit - self.credit
    }
}

/// What sums are kept by.
type Key = (Numbered, Currency);

/// Most sums that are looked through one by one: as long as they lie in a few lines of the
/// processor's cache, that takes a third of the time of a search.
const LOOKED_THROUGH: usize = 16;

/// The sums of all accounts in all currencies, in the order of the chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balances(Vec<(Key, Sums)>);

impl Balances {
    /// Adds one line.
    pub fn add(&mut self, line: &Line) {
        let sums = self.sums_mut((line.account, line.amount.currency()));
        let minor = i128::from(line.amount.minor());
        if minor < 0 { sums.credit -= minor } else { sums.debit += minor }
    }

    /// Adds all sums of others.
    pub fn add_all(&mut self, others: &Self) {
        for (key, other) in &others.0 {
            let sums = self.sums_mut(*key);
            sums.debit += other.debit;
            sums.credit += other.credit;
        }
    }

    fn sums_mut(&mut self, key: Key) -> &mut Sums {
        let few = self.0.len() <= LOOKED_THROUGH;
        let seen = if few { self.0.iter().position(|(known, _)| *known == key) } else { None };
        let place = seen.unwrap_or_else(|| match self.place(key) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (key, Sums::default()));
                place
            }
        });
        &mut self.0[place].1
    }

    fn place(&self, key: Key) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |(known, _)| *known)
    }

    /// The sums of an account in a currency; zeros where nothing was posted.
    #[must_use]
    pub fn of(&self, account: Numbered, currency: Currency) -> Sums {
        self.place((account, currency)).map(|place| self.0[place].1).unwrap_or_default()
    }

    /// All accounts with anything posted, in the order of the chart.
    pub fn iter(&self) -> impl Iterator<Item = (Numbered, Currency, Sums)> {
        self.0.iter().map(|((account, currency), sums)| (*account, *currency, *sums))
    }

    /// The totals of each currency. Debits equal credits, because every entry balances.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<Currency, Sums> {
        let mut totals: BTreeMap<Currency, Sums> = BTreeMap::new();
        for (_, currency, sums) in self.iter() {
            let total = totals.entry(currency).or_default();
            total.debit += sums.debit;
            total.credit += sums.credit;
        }
        totals
    }
}

/// Minor units as a decimal with all places of the currency: `-10.00`.
#[must_use]
pub fn decimal(minor: i128, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let (minor, places) = (minor.unsigned_abs(), currency.decimals());
    if places == 0 {
        return format!("{sign}{minor}");
    }
    let unit = 10_u128.pow(places);
    let width = usize::try_from(places).unwrap_or_default();
    format!("{sign}{}.{:0width$}", minor / unit, minor % unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_all_places_of_their_currency() {
        for (minor, text) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (-123_456, "-1234.56"),
            (i128::from(i64::MIN), "-92233720368547758.08"),
        ] {
            assert_eq!(decimal(minor, Currency::Cny), text);
        }
        assert_eq!(decimal(-7, Currency::Jpy), "-7");
    }
}
