//! What operators do with breaks, business days and the books, and what they look at.
//!
//! Invariant: how a deed becomes a fact is pure: who did it and the bits of a new id are arguments,
//! so that a running server and a program on stopped data record the same.
//! Deliberately not here: whether the rules agree, and how anything looks on a wire.

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{
    AgeBucket, BreakState, BreakStep, BreakWorked, LineTaken, StatementKept,
};
use duizhang_core::closing::{Day, DayCloseRequested, DayReopenRequested};
use duizhang_core::fact::Fact;
use duizhang_core::id::{AdjustmentId, BreakId, MovementId, WalletId};
use duizhang_core::ledger::{
    AdjustmentJudged, AdjustmentProposed, AdjustmentVerdict, Movement, MovementRecorded, Named,
};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;
use duizhang_projections::breaks::{BreakView, DayEntry, RunView};
use duizhang_projections::recorded::{AdjustmentView, MovementView};

/// Most breaks, days, movements or adjustments on one page: 200 adjustments with 32 lines of 100
/// bytes and a reason are some 900 KiB of JSON; breaks are a tenth of that.
pub const PAGE_FINANCE_MAX: usize = 200;

/// What an operator does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A step with a break.
    Work {
        /// Which one.
        id: BreakId,
        /// What is done with it.
        step: BreakStep,
    },
    /// Takes the line of a break for a payment.
    Take {
        /// The break.
        id: BreakId,
        /// When the channel says that the money came.
        paid_at: Timestamp,
        /// The order number that the line shows.
        number: Option<String>,
        /// Why.
        reason: String,
    },
    /// Closes a business day.
    CloseDay {
        /// Which one.
        day: Day,
        /// The first instant beyond it, by the book's calendar.
        ends_at: Timestamp,
        /// The open breaks that are accepted.
        accepted: Vec<BreakId>,
        /// Why.
        reason: String,
    },
    /// Wants a closed day opened again.
    ReopenDay {
        /// Which one.
        day: Day,
        /// Why.
        reason: String,
    },
    /// Records a movement of money without a payer.
    Move {
        /// Its id; drawn where there is none, so that it can be sent once only.
        id: Option<MovementId>,
        /// What moved.
        movement: Movement,
        /// When the channel or the bank says that it did.
        moved_at: Timestamp,
        /// The evidence.
        evidence: String,
    },
    /// Proposes an adjustment of the books.
    Propose {
        /// Its id; drawn where there is none, so that it can be sent once only.
        id: Option<AdjustmentId>,
        /// What is to be posted.
        lines: Vec<(Named, Amount)>,
        /// When it is to count.
        value_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Judges an adjustment that waits.
    Judge {
        /// Which one.
        id: AdjustmentId,
        /// What is to become of it.
        verdict: AdjustmentVerdict,
        /// Why.
        reason: String,
    },
}

impl Deed {
    /// What the log is told: who did it, and under which id where it names none.
    #[must_use]
    pub fn fact(&self, by: &str, drawn: u128) -> Fact {
        let by = by.to_owned();
        match self.clone() {
            Self::Work { id, step } => Fact::BreakWorked(BreakWorked { id, step, by }),
            Self::Take { id, paid_at, number, reason } => {
                Fact::LineTaken(LineTaken { id, paid_at, number, by, reason })
            }
            Self::CloseDay { day, ends_at, accepted, reason } => {
                let request = DayCloseRequested { day, ends_at, accepted, by, reason };
                Fact::DayCloseRequested(request)
            }
            Self::ReopenDay { day, reason } => {
                Fact::DayReopenRequested(DayReopenRequested { day, by, reason })
            }
            Self::Move { id, movement, moved_at, evidence } => {
                let id = id.unwrap_or(MovementId::from_bits(drawn));
                let recorded = MovementRecorded { id, movement, moved_at, by, evidence };
                Fact::MovementRecorded(recorded)
            }
            Self::Propose { id, lines, value_at, reason } => {
                let id = id.unwrap_or(AdjustmentId::from_bits(drawn));
                let proposed = AdjustmentProposed { id, lines, value_at, by, reason };
                Fact::AdjustmentProposed(proposed)
            }
            Self::Judge { id, verdict, reason } => {
                Fact::AdjustmentJudged(AdjustmentJudged { id, verdict, by, reason })
            }
        }
    }
}

/// Where a break that is looked for stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Anywhere but at its end.
    Unresolved,
    /// Here; whatever it waits for.
    At(BreakState),
}

/// Which breaks are looked for: those that fit all that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BreakQuery {
    /// The day that it is booked in.
    pub day: Option<Day>,
    /// Where it stands.
    pub standing: Option<Standing>,
    /// Whose statement it is on.
    pub wallet: Option<WalletId>,
    /// Who has it.
    pub owner: Option<String>,
}

impl BreakQuery {
    /// Whether a break is looked for.
    #[must_use]
    pub fn fits(&self, view: &BreakView) -> bool {
        let stands = self.standing.is_none_or(|standing| match standing {
            Standing::Unresolved => view.is_open(),
            Standing::At(state) => view.state.word() == state.word(),
        });
        let owner = self.owner.as_ref().is_none_or(|name| view.owner.as_ref() == Some(name));
        let wallet = self.wallet.as_ref().is_none_or(|wallet| view.wallet == *wallet);
        stands && owner && wallet && self.day.is_none_or(|day| view.booked == day)
    }
}

/// A break's place in the order of the log; a run opens many breaks at one position.
pub type BreakPlace = (Position, BreakId);

/// What an operator looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// A page of breaks, in the order of the log.
    Breaks {
        /// Which ones.
        query: BreakQuery,
        /// Only what lies behind this place; the `next` of the page before.
        after: Option<BreakPlace>,
        /// How many at the most.
        limit: usize,
    },
    /// One break with everything that happened to it.
    Break(BreakId),
    /// A page of days, the latest first.
    Days {
        /// Only days before this one.
        before: Option<Day>,
        /// How many at the most.
        limit: usize,
    },
    /// One day.
    Day(Day),
    /// A page of withdrawals that are not at the bank yet, in the order of the log.
    UnderWay {
        /// Only what lies behind this place.
        after: Option<Position>,
        /// How many at the most.
        limit: usize,
    },
    /// A page of adjustments that wait for a second person, in the order of the log.
    Waiting {
        /// Only what lies behind this place.
        after: Option<Position>,
        /// How many at the most.
        limit: usize,
    },
}

/// A break, and how old it is in log time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenBreak {
    /// The break.
    pub view: BreakView,
    /// Its age, or the age at which it ended.
    pub age: AgeBucket,
}

/// A business day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenDay {
    /// Which one.
    pub day: Day,
    /// Whether it is closed.
    pub closed: bool,
    /// How many breaks are booked in it.
    pub breaks: usize,
    /// How many of them are open.
    pub open_breaks: usize,
    /// The statements that tell of it, and whether the latest run looked at each.
    pub statements: Vec<(StatementKept, bool)>,
    /// The latest whole run over each wallet's day.
    pub runs: Vec<(WalletId, RunView)>,
    /// Everything that happened to it, oldest first.
    pub history: Vec<DayEntry>,
}

/// What an operator sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A page of breaks, and where the next one begins.
    Breaks(Vec<SeenBreak>, Option<BreakPlace>),
    /// One break.
    Break(SeenBreak),
    /// A page of days, and where the next one begins.
    Days(Vec<SeenDay>, Option<Day>),
    /// One day.
    Day(SeenDay),
    /// A page of withdrawals under way, and where the next one begins.
    Movements(Vec<MovementView>, Option<Position>),
    /// One movement.
    Movement(MovementView),
    /// A page of adjustments that wait, and where the next one begins.
    Adjustments(Vec<AdjustmentView>, Option<Position>),
    /// One adjustment.
    Adjustment(AdjustmentView),
}
