//! The statements that are kept: of which wallet, of which days, when and by whom.
//!
//! Invariants: a file is here once, by the hash of its bytes; the order is that of the log, so that
//! of two exports the later one is the one that was kept later.
//! Deliberately not here: the bytes, which lie beside the log, and what they say.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use duizhang_core::breaks::StatementKept;
use duizhang_core::closing::Day;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::WalletId;
use duizhang_core::merkle::Hash;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::projection::Projection;

/// A statement that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementView {
    /// What was told of it.
    pub kept: StatementKept,
    /// Where the fact lies in the log.
    pub position: Position,
    /// When it was kept.
    pub at: Timestamp,
}

impl StatementView {
    /// Whether it tells of one of these days.
    #[must_use]
    pub fn overlaps(&self, days: &RangeInclusive<Day>) -> bool {
        self.kept.first <= *days.end() && *days.start() <= self.kept.last
    }
}

/// All kept statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statements {
    files: Vec<StatementView>,
    places: BTreeMap<Hash, usize>,
}

impl Projection for Statements {
    fn fold(&mut self, chapter: &Chapter) {
        let Fact::StatementKept(kept) = &chapter.fact else { return };
        let view = StatementView { kept: kept.clone(), position: chapter.position, at: chapter.at };
        self.places.insert(kept.statement, self.files.len());
        self.files.push(view);
    }
}

impl Statements {
    /// A statement by the hash of its bytes.
    #[must_use]
    pub fn get(&self, statement: Hash) -> Option<&StatementView> {
        self.files.get(*self.places.get(&statement)?)
    }

    /// All of them, in the order in which they were kept.
    pub fn iter(&self) -> impl Iterator<Item = &StatementView> {
        self.files.iter()
    }

    /// Those that tell of one of these days, in the order in which they were kept.
    pub fn of_days(&self, days: RangeInclusive<Day>) -> impl Iterator<Item = &StatementView> {
        self.iter().filter(move |view| view.overlaps(&days))
    }

    /// Those of a wallet that tell of one of these days, in the order in which they were kept.
    pub fn of_wallet(
        &self,
        wallet: &WalletId,
        days: RangeInclusive<Day>,
    ) -> impl Iterator<Item = &StatementView> {
        self.of_days(days).filter(move |view| view.kept.wallet == *wallet)
    }

    /// Those whose hash is written with these digits in front.
    pub fn beginning(&self, digits: &str) -> impl Iterator<Item = &StatementView> {
        self.iter().filter(move |view| view.kept.statement.to_string().starts_with(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::testing::reckoning::statement;

    fn fold(files: &[StatementKept]) -> Statements {
        let mut view = Statements::default();
        for (place, kept) in (1_u64..).zip(files) {
            let position = Position::new(place);
            let at = Timestamp::from_secs(i64::try_from(place).expect("small"));
            let fact = Fact::StatementKept(kept.clone());
            view.fold(&Chapter { position, at, fact, decisions: Vec::new() });
        }
        view
    }

    fn numbers<'a>(found: impl Iterator<Item = &'a StatementView>) -> Vec<u8> {
        found.map(|view| view.kept.statement.bytes()[0]).collect()
    }

    #[test]
    fn files_are_found_by_their_days_wallet_and_digits_in_the_order_of_keeping() {
        let month = StatementKept { last: Day::new(31), ..statement(7, Day::new(1)) };
        let other = WalletId::new("ali").expect("a good name");
        let foreign = StatementKept { wallet: other.clone(), ..statement(9, Day::new(3)) };
        let kept = fold(&[month, statement(2, Day::new(3)), foreign, statement(3, Day::new(4))]);
        let cases: [((i32, i32), &[u8]); 5] = [
            ((3, 3), &[7, 2, 9]),
            ((4, 9), &[7, 3]),
            ((1, 2), &[7]),
            ((31, 40), &[7]),
            ((32, 40), &[]),
        ];
        for ((first, last), expected) in cases {
            let days = Day::new(first)..=Day::new(last);
            assert_eq!(numbers(kept.of_days(days)), expected, "{first} to {last}");
        }
        assert_eq!(numbers(kept.of_wallet(&other, Day::new(0)..=Day::new(9))), [9]);
        assert_eq!(numbers(kept.beginning("0202")), [2]);
        assert_eq!(numbers(kept.beginning("0")), [7, 2, 9, 3]);
        let third = kept.get(Hash::from_bytes([9; 32])).expect("it is kept");
        assert_eq!((third.position, third.at), (Position::new(3), Timestamp::from_secs(3)));
        assert!(kept.get(Hash::from_bytes([1; 32])).is_none());
    }
}
