//! Double entry: which accounts there are, and what each chapter of the log posts to them.
//!
//! Invariants: an entry that does not balance cannot be built; posting is a fold of chapters and
//! asks neither the rules nor their state; nothing here refuses what the log says.
//! Deliberately not here: business days, sums and exports (projections), and the checks of the
//! books against the open questions ([`crate::invariant`]).

mod account;
mod charged;
mod chart;
mod differences;
mod entry;
mod narration;
mod orders;
mod place;
mod poster;
mod recorded;
mod recording;
mod ruling;
mod standing;

pub use account::{Account, AccountKind, Named, Numbered};
pub use charged::FeeName;
pub use chart::Chart;
pub use entry::{Entry, Line, Subjects, Unbalanced};
pub use narration::Narration;
pub use place::VALUE_BACK_MAX;
pub use poster::Poster;
pub use recorded::{
    AdjustmentJudged, AdjustmentProposed, AdjustmentVerdict, BooksPolicy, BooksPolicyActivated,
    Movement, MovementRecorded,
};
pub use ruling::SAID_BACK_MAX;
pub(crate) use ruling::{
    adjustment_content, movement_content, rule_on_judgement, rule_on_movement, rule_on_policy,
    rule_on_proposal,
};
pub use standing::{AdjustmentRecord, AdjustmentState, Books, BooksRefusal, MovementRecord};
