//! Money that a wallet's two kinds of files both tell of.
//!
//! Merchants have a file of trades and a file of their account. The account's file shows the
//! balance behind each row, calls a row by a number of its own, and names the trade beside it. Of
//! such a pair the trade counts, because it bears the numbers that we know too; fees and
//! withdrawals, which only the account's file has, stay.
//!
//! Invariants: a trade stands for one row of the account at the most, and the other way round; rows
//! of one layout are never taken for each other; nothing depends on the order of files.
//! Deliberately not here: several exports of one kind (`snapshots`).

use std::collections::{BTreeMap, BTreeSet};

use duizhang_core::amount::Amount;
use duizhang_core::statement::{Line, LineKind};

use super::sides::StatementLines;

/// Where a row stands: the file and the place of its line.
type Place = (usize, usize);

/// Trades that no row of the account was taken for yet.
#[derive(Default)]
struct Trades<'a> {
    /// By their own number.
    by_serial: BTreeMap<(&'a str, LineKind), Vec<Place>>,
    /// By the number of the payment that they belong to, and the amount: a payment may be given
    /// back in several parts.
    by_base: BTreeMap<(&'a str, LineKind, Amount), Vec<Place>>,
    used: BTreeSet<Place>,
}

/// Drops the rows of account files that trades tell of too, and says in `findings` how many.
pub(super) fn drop_told_twice(
    statements: &[StatementLines],
    own: &[usize],
    counting: &mut [BTreeSet<usize>],
    findings: &mut BTreeMap<usize, String>,
) {
    let mut trades = Trades::default();
    let mut account: Vec<Place> = Vec::new();
    for file in own {
        for row in &counting[*file] {
            let line = &statements[*file].lines[*row];
            match line.kind {
                LineKind::PayIn | LineKind::RefundOut if line.balance.is_none() => {
                    trades.put((*file, *row), line);
                }
                LineKind::PayIn | LineKind::RefundOut if names_another(line) => {
                    account.push((*file, *row));
                }
                _ => {}
            }
        }
    }
    // Whoever told it first is no matter: the rows come in the order of their numbers.
    let line = |place: &Place| &statements[place.0].lines[place.1];
    account.sort_by(|one, other| {
        let key = |place| (line(place).time, line(place).serial.as_str());
        key(one).cmp(&key(other))
    });
    let mut told: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for place in account {
        let row = line(&place);
        let layout = &statements[place.0].file.layout;
        let elsewhere = |trade: &Place| statements[trade.0].file.layout != *layout;
        let Some(trade) = trades.take(row, elsewhere) else { continue };
        counting[place.0].remove(&place.1);
        let (rows, otherwise) = told.entry(place.0).or_default();
        *rows = rows.saturating_add(1);
        *otherwise = otherwise.saturating_add(usize::from(line(&trade).gross != row.gross));
    }
    findings.extend(told.into_iter().map(|(file, (rows, otherwise))| {
        let amounts = match otherwise {
            0 => String::new(),
            more => format!(", {more} of them with another amount"),
        };
        (file, format!("{rows} rows are trades that another file tells, and count there{amounts}"))
    }));
}

/// Whether a row names a trade beside its own number.
fn names_another(line: &Line) -> bool {
    !line.serial_base.is_empty() && line.serial_base != line.serial
}

impl<'a> Trades<'a> {
    fn put(&mut self, place: Place, line: &'a Line) {
        let (serial, base) = (line.serial.as_str(), line.serial_base.as_str());
        if !serial.is_empty() {
            self.by_serial.entry((serial, line.kind)).or_default().push(place);
        }
        if !base.is_empty() && base != serial {
            self.by_base.entry((base, line.kind, line.gross)).or_default().push(place);
        }
    }

    /// The trade that a row of the account names.
    fn take(&mut self, row: &Line, elsewhere: impl Fn(&Place) -> bool) -> Option<Place> {
        let number = row.serial_base.as_str();
        let named = self.by_serial.get(&(number, row.kind)).into_iter().flatten();
        let shared = self.by_base.get(&(number, row.kind, row.gross)).into_iter().flatten();
        let open = |place: &&Place| elsewhere(place) && !self.used.contains(*place);
        let found = named.chain(shared).find(open).copied()?;
        self.used.insert(found);
        Some(found)
    }
}
