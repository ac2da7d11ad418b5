//! Whether one more file fits beside those that tell of its days.
//!
//! Invariant: a run over any day looks at no more files of a wallet than its fact can name, so a
//! file too many is refused before it is kept: once it is kept no run could leave it out, and its
//! days would never close.
//! Deliberately not here: which of several files counts (`replay`).

use std::ops::RangeInclusive;

use anyhow::bail;
use duizhang_core::breaks::StatementKept;
use duizhang_core::closing::Day;
use duizhang_core::limits::STATEMENTS_PER_RUN_MAX;
use duizhang_projections::calendar::date_of;

/// Refuses a file that would be one too many for a run, given those of all wallets that are kept.
pub(super) fn check_room<'a>(
    kept: impl Iterator<Item = &'a StatementKept>,
    new: &StatementKept,
) -> anyhow::Result<()> {
    let other = |one: &&StatementKept| one.statement != new.statement;
    let own = kept.filter(other).filter(|one| one.wallet == new.wallet);
    let Some(day) = full_day(&own.map(concerned).collect::<Vec<_>>(), &concerned(new)) else {
        return Ok(());
    };
    bail!(
        "wallet {} has {STATEMENTS_PER_RUN_MAX} statements of {} and its neighbours already, and a \
         run looks at no more: nothing was kept. The days are reconciled with those; for other \
         days export a period that does not touch these three",
        new.wallet,
        date_of(day),
    )
}

/// The days whose runs look at a file: those that it tells of, and their neighbours.
fn concerned(kept: &StatementKept) -> RangeInclusive<Day> {
    Day::new(kept.first.number().saturating_sub(1))..=kept.last.next()
}

/// A day on which a run cannot look at one more. Files add up most where one of them begins.
fn full_day(known: &[RangeInclusive<Day>], new: &RangeInclusive<Day>) -> Option<Day> {
    let begins = known.iter().map(|one| *one.start().max(new.start()));
    let mut days = begins.filter(|day| new.contains(day));
    days.find(|day| {
        let files = known.iter().filter(|one| one.contains(day));
        files.count() >= STATEMENTS_PER_RUN_MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::id::WalletId;
    use duizhang_core::testing::reckoning::statement;

    /// Files of these days, told apart by numbers.
    fn files(count: usize, first: i32, last: i32) -> Vec<StatementKept> {
        let (first, last) = (Day::new(first), Day::new(last));
        let numbers = (0_u8..).take(count);
        numbers.map(|number| StatementKept { last, ..statement(number, first) }).collect()
    }

    fn new(first: i32, last: i32) -> StatementKept {
        StatementKept { last: Day::new(last), ..statement(255, Day::new(first)) }
    }

    #[test]
    fn a_file_too_many_is_refused_on_each_day_whose_run_would_look_at_it() {
        let full = files(STATEMENTS_PER_RUN_MAX, 10, 12);
        let room = |new: &StatementKept| check_room(full.iter(), new);
        // The runs over 9 to 13 look at the kept ones, and those over a day's neighbours at it.
        for (first, last, fits) in [
            (0, 7, true),
            (0, 8, false),
            (11, 11, false),
            (0, 100, false),
            (14, 14, false),
            (15, 100, true),
        ] {
            assert_eq!(room(&new(first, last)).is_ok(), fits, "{first} to {last}");
        }
        let says = room(&new(0, 8)).expect_err("refused").to_string();
        assert!(says.contains("128 statements of 1970-01-10"), "{says}");
        assert!(says.contains("nothing was kept"), "{says}");
        assert!(room(&full[3]).is_ok(), "one of them again is no further one");
        let other = WalletId::new("wx-2").expect("a good name");
        assert!(room(&StatementKept { wallet: other, ..new(11, 11) }).is_ok());
        assert!(check_room(full[1..].iter(), &new(11, 11)).is_ok(), "the last one fits");
    }

    #[test]
    fn files_of_a_long_time_add_up_where_the_last_of_them_begins() {
        let half = STATEMENTS_PER_RUN_MAX / 2;
        let mut kept = files(half, 0, 50);
        kept.extend(files(half, 40, 90));
        assert!(check_room(kept.iter(), &new(60, 80)).is_ok());
        assert!(check_room(kept.iter(), &new(0, 30)).is_ok());
        assert!(check_room(kept.iter(), &new(30, 60)).is_err());
    }
}
