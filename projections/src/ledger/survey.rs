//! The first of two walks over the log: what an export or a statement holds, before it is written.
//!
//! Headers carry control totals, plain-text books open their accounts first, and a file is in the
//! order of its days, though an entry may count on an earlier day than it was posted on. So one
//! walk sums and keeps such entries, and the next one writes.
//! Invariants: memory grows with accounts and with entries that count on another day than they were
//! posted on, not with the others.
//! Deliberately not here: the second walk (`journal`).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use chrono::NaiveDate;
use duizhang_core::event::Chapter;
use duizhang_core::ledger::{Chart, Entry, Poster};
use duizhang_core::position::Position;

use super::balances::Balances;
use super::dating::{Dating, Placed};
use super::days::Days;
use crate::calendar::Zone;

/// Which entries are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    Whole,
    /// Those that count on a business day.
    Day(NaiveDate),
    /// Those that count from one business day to another, both included.
    Days(NaiveDate, NaiveDate),
    /// Those posted for events from one position to another, both included.
    Positions(Position, Position),
}

impl fmt::Display for Selection {
    /// As headings say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole log"),
            Self::Day(day) => write!(f, "business day {day}"),
            Self::Days(from, to) => write!(f, "business days {from} to {to}"),
            Self::Positions(from, to) => write!(f, "positions {from} to {to}"),
        }
    }
}

/// Where an entry lies to a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    Inside,
    Behind,
}

impl Selection {
    pub(super) fn side(self, entry: &Entry, day: NaiveDate) -> Side {
        let (before, behind) = match self {
            Self::Whole => (false, false),
            Self::Day(wanted) => (day < wanted, day > wanted),
            Self::Days(from, to) => (day < from, day > to),
            Self::Positions(from, to) => (entry.position() < from, entry.position() > to),
        };
        if before {
            Side::Before
        } else if behind {
            Side::Behind
        } else {
            Side::Inside
        }
    }
}

/// The end of the log that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its last position.
    pub position: Position,
    /// The Merkle root over all events up to it, in hexadecimal.
    pub root: String,
}

/// An entry that counts on another day than it was posted on.
#[derive(Clone, Debug)]
pub(super) struct Elsewhere {
    /// The day that it would count on if no day were closed.
    pub(super) natural: NaiveDate,
    pub(super) entry: Entry,
}

/// What an export or a statement holds.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The zone of business days.
    pub zone: Zone,
    /// Which entries.
    pub selection: Selection,
    /// The end of the log.
    pub head: Head,
    /// What the accounts are called.
    pub chart: Chart,
    /// The sums before the selection.
    pub opening: Balances,
    /// The sums of the selection.
    pub moved: Balances,
    /// How many entries the selection has.
    pub entries: u64,
    /// How many lines they have.
    pub lines: u64,
    /// The first and the last day with an entry of the selection; the wanted day where there is
    /// none.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// Entries that count on another day than they were posted on, by the day that they count on.
    pub(super) elsewhere: BTreeMap<NaiveDate, VecDeque<Elsewhere>>,
}

impl Plan {
    /// The sums at the end of the selection.
    #[must_use]
    pub fn closing(&self) -> Balances {
        let mut closing = self.opening.clone();
        closing.add_all(&self.moved);
        closing
    }
}

/// The first walk.
#[derive(Clone, Debug)]
pub struct Survey {
    poster: Poster,
    dating: Dating,
    log_days: Days,
    plan: Plan,
}

impl Survey {
    /// Before the first chapter.
    #[must_use]
    pub fn new(zone: Zone, selection: Selection) -> Self {
        let plan = Plan {
            zone,
            selection,
            head: Head { position: Position::START, root: String::new() },
            chart: Chart::default(),
            opening: Balances::default(),
            moved: Balances::default(),
            entries: 0,
            lines: 0,
            days: match selection {
                Selection::Day(day) => Some((day, day)),
                Selection::Days(from, to) => Some((from, to)),
                Selection::Whole | Selection::Positions(..) => None,
            },
            elsewhere: BTreeMap::new(),
        };
        Self { poster: Poster::new(), dating: Dating::new(zone), log_days: Days::new(zone), plan }
    }

    /// Takes in the next chapter.
    pub fn fold(&mut self, chapter: &Chapter) {
        self.dating.take_in(chapter);
        let entries = self.poster.post(chapter);
        if entries.is_empty() {
            return;
        }
        let log_day = self.log_days.of(chapter.at);
        for entry in entries {
            let Placed { day, natural } = self.dating.place(&entry);
            let plan = &mut self.plan;
            match plan.selection.side(&entry, day) {
                Side::Before => entry.lines().iter().for_each(|line| plan.opening.add(line)),
                Side::Behind => {}
                Side::Inside => {
                    entry.lines().iter().for_each(|line| plan.moved.add(line));
                    plan.entries += 1;
                    plan.lines += u64::try_from(entry.lines().len()).unwrap_or(u64::MAX);
                    let (first, last) = plan.days.unwrap_or((day, day));
                    plan.days = Some((first.min(day), last.max(day)));
                    if day != log_day {
                        let there = plan.elsewhere.entry(day).or_default();
                        there.push_back(Elsewhere { natural, entry });
                    }
                }
            }
        }
    }

    /// The log has no more; this is its end.
    #[must_use]
    pub fn finish(self, head: Head) -> Plan {
        Plan { head, chart: self.poster.chart().clone(), ..self.plan }
    }
}
