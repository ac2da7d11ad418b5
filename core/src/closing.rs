//! Closing a business day, and opening it again.
//!
//! Invariants: a day closes after it is over, once every declared wallet has a whole run over it
//! and over all of its statements, and with no open break but those that somebody accepted by name;
//! after that no break is dated into it, and one that belongs there goes into the first open day
//! after it; one person alone does not open it again.
//! Deliberately not here: the calendar. Which instant ends a day arrives inside the fact, and is
//! only checked to be near to where UTC would put it.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::breaks::{BreakRefusal, check_note, check_operator};
use crate::decide::{Repeat, Ruling};
use crate::decision::Decision;
use crate::id::{BreakId, WalletId};
use crate::limits::ACCEPTED_MAX;
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::{Span, Timestamp};

/// A business day, by its number: days since 1970-01-01 in the book's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(i32);

/// How far a zone's midnight lies from that of UTC, at most: zones have up to 14 hours, and some
/// once skipped a whole day.
const ZONE_MAX: Span = Span::from_hours(26);

impl Day {
    /// By its number.
    #[must_use]
    pub const fn new(number: i32) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    fn midnight(self) -> Timestamp {
        Timestamp::from_secs(i64::from(self.0).saturating_mul(86_400))
    }

    /// Whether it may have begun somewhere: what lies further ahead is a mistake.
    pub(crate) fn has_begun(self, at: Timestamp) -> bool {
        self.midnight() <= at.plus(ZONE_MAX)
    }

    /// Whether the channel may have dated something on this day in some zone.
    pub(crate) fn may_hold(self, time: Timestamp) -> bool {
        let (from, to) = (self.midnight(), self.next().midnight());
        (from.minus(ZONE_MAX)..to.plus(ZONE_MAX)).contains(&time)
    }

    fn may_end_at(self, ends_at: Timestamp) -> bool {
        self.next().midnight().distance(ends_at) <= ZONE_MAX
    }
}

impl fmt::Display for Day {
    /// The number; the shell knows the calendar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Somebody wants a day closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCloseRequested {
    /// Which day.
    pub day: Day,
    /// The first instant beyond it, by the book's calendar.
    pub ends_at: Timestamp,
    /// The open breaks that are accepted, each by name.
    pub accepted: Vec<BreakId>,
    /// Who closes it.
    pub by: String,
    /// Why the breaks are acceptable, or that all is well.
    pub reason: String,
}

/// Somebody wants a closed day opened again. The first such fact proposes, another person's does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReopenRequested {
    /// Which day.
    pub day: Day,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What `decide` remembers of a closed day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDay {
    /// The open breaks that were accepted.
    pub accepted: BTreeSet<BreakId>,
    /// Who proposed to open it again.
    pub reopen_by: Option<String>,
}

/// Why a day does not close, or does not open again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayRefusal {
    /// The end of the day is not near to the day, or more is accepted than can be.
    Unfit(&'static str),
    /// The day is still going on.
    NotOver,
    /// The day is closed, with other breaks accepted.
    Closed,
    /// The day is open.
    Open,
    /// This wallet has no whole run over the day and all of its statements, or one is going on.
    NotReconciled(WalletId),
    /// As many breaks are open and not accepted.
    BreaksLeft(usize),
}

impl fmt::Display for DayRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit(field) => write!(f, "{field} does not fit the day"),
            Self::NotOver => f.write_str("the day is not over"),
            Self::Closed => f.write_str("the day is closed, with other breaks accepted"),
            Self::Open => f.write_str("the day is open"),
            Self::NotReconciled(wallet) => write!(
                f,
                "wallet {wallet} has no whole run over that day and all of its statements; \
                 `reconcile --day` makes one for every wallet"
            ),
            Self::BreaksLeft(count) => write!(f, "{count} open breaks of that day not accepted"),
        }
    }
}

impl State {
    /// The day that something of this day is booked in: itself while it is open, else the first
    /// open day after it.
    #[must_use]
    pub fn booked_day(&self, natural: Day) -> Day {
        let mut day = natural;
        for closed in self.closed_days_from(natural) {
            if closed != day {
                break;
            }
            day = day.next();
        }
        day
    }
}

pub(crate) fn rule_on_close(
    state: &State,
    at: Timestamp,
    request: &DayCloseRequested,
) -> Result<Ruling, Rejection> {
    check_operator(&request.by)?;
    check_note("reason", &request.reason)?;
    let refused = |refusal| Err(Rejection::Day(refusal));
    let day = request.day;
    if !day.may_end_at(request.ends_at) {
        return refused(DayRefusal::Unfit("ends_at"));
    }
    if request.accepted.len() > ACCEPTED_MAX {
        return refused(DayRefusal::Unfit("accepted"));
    }
    let accepted: BTreeSet<BreakId> = request.accepted.iter().copied().collect();
    match state.closed_day(day) {
        Some(closed) if closed.accepted == accepted => return Ok(Ruling::Repeat(Repeat::Nothing)),
        Some(_) => return refused(DayRefusal::Closed),
        None => {}
    }
    if at < request.ends_at {
        return refused(DayRefusal::NotOver);
    }
    if let Some(wallet) = state.unreconciled(day) {
        return refused(DayRefusal::NotReconciled(wallet));
    }
    let open: BTreeSet<BreakId> = state.open_breaks_booked(day).collect();
    if !accepted.is_subset(&open) {
        return Err(Rejection::Break(BreakRefusal::Unknown));
    }
    let left = open.difference(&accepted).count();
    if left > 0 {
        return refused(DayRefusal::BreaksLeft(left));
    }
    Ok(Ruling::Decided(vec![Decision::DayClosed { day }]))
}

pub(crate) fn rule_on_reopen(
    state: &State,
    request: &DayReopenRequested,
) -> Result<Ruling, Rejection> {
    check_operator(&request.by)?;
    check_note("reason", &request.reason)?;
    let day = request.day;
    let closed = state.closed_day(day).ok_or(Rejection::Day(DayRefusal::Open))?;
    match &closed.reopen_by {
        None => Ok(Ruling::Decided(vec![Decision::DayReopenProposed { day }])),
        Some(first) if *first == request.by => Ok(Ruling::Repeat(Repeat::Nothing)),
        Some(_) => Ok(Ruling::Decided(vec![Decision::DayReopened { day }])),
    }
}
