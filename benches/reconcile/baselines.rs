//! The two matchers that most shops' scripts are: the first line that fits, and the nearest one.
//!
//! Both see the same window as ours, take notices as they came, and never give a line twice.

use std::collections::BTreeMap;

use crate::town::{Notice, Town};

/// Seconds that a notice may lie before and after its line, as in the terms' default.
const EARLY: i64 = 90;
const LATE: i64 = 900;

/// For each notice the line that it got.
pub(crate) fn greedy(town: &Town, rank: impl Fn(&Notice, i64) -> i64) -> Vec<Option<usize>> {
    let mut open: BTreeMap<(u16, i64), Vec<(i64, usize)>> = BTreeMap::new();
    for (place, entry) in town.entries.iter().enumerate() {
        open.entry((entry.wallet, entry.fen)).or_default().push((entry.second, place));
    }
    open.values_mut().for_each(|lines| lines.sort_unstable());
    let mut choose = |notice: &Notice| {
        let lines = open.get_mut(&(notice.wallet, notice.fen))?;
        let from = lines.partition_point(|(second, _)| *second < notice.second - LATE);
        let to = lines.partition_point(|(second, _)| *second <= notice.second + EARLY);
        let best = (from..to).min_by_key(|place| rank(notice, lines[*place].0))?;
        Some(lines.remove(best).1)
    };
    town.notices.iter().map(&mut choose).collect()
}

pub(crate) fn first_fit(town: &Town) -> Vec<Option<usize>> {
    greedy(town, |_, second| second)
}

pub(crate) fn nearest_time(town: &Town) -> Vec<Option<usize>> {
    greedy(town, |notice, second| (notice.second - second).abs())
}
