//! What a reconciliation says, with the certificates of what it says.
//!
//! Invariants: each payment and each line has exactly one finding, at its own index; what belongs
//! together names each other; nothing depends on the order of pushing but the indices.
//!
//! A [`Group`] is a component of candidates with more than one edge. Its certificates can be
//! checked without searching:
//! - *Heights.* Each matched pair and each free item stands at a height. Free lines stand at zero,
//!   free payments at the top, and no candidate leads from a line to a payment above it. So no
//!   chain of candidates leads from a free line to a free payment: the matching is a largest one.
//!   And a pair that stands alone on its height, between zero and the top, can be part of no other
//!   largest matching's exchange: it is in all of them, it is forced.
//! - *Turns.* A turn exchanges some partners and leaves as many matched: a second largest matching.
//!   Each ambiguous item is part of one.
//!
//! Deliberately not here: how they are found (`matching.rs`, `grades.rs`).

use alloc::vec::Vec;

use super::class::Class;
use super::index::wide;
use crate::breaks::{BreakCode, Direction};
use crate::grade::Grade;

/// By what a pair was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// The channel's serial.
    Serial,
    /// The serial that a refund's number begins with, and the amount.
    Base,
    /// Our order number.
    Order,
    /// Wallet, amount and time.
    Slot,
    /// Wallet and amount, within the far window.
    Far,
}

/// What may be done with a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handling {
    /// Booked without a person.
    Automatic,
    /// Shown to a person first.
    Proposed,
}

/// A payment and its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The payment's index.
    pub payment: u32,
    /// The line's index.
    pub line: u32,
    /// By what they were found.
    pub by: By,
    /// How sure it is.
    pub grade: Grade,
    /// What may be done with it.
    pub handling: Handling,
}

/// What an item's finding refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// Nothing.
    None,
    /// The pair at this index.
    Pair(u32),
    /// The group at this index.
    Group(u32),
    /// The bundle at this index.
    Bundle(u32),
    /// The item of the same side of which this is a copy.
    CopyOf(u32),
}

/// Where one item ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Its class.
    pub class: Class,
    /// The code of the break, where it is one.
    pub code: Option<BreakCode>,
    /// What it does to money.
    pub direction: Direction,
    /// What it belongs to.
    pub link: Link,
}

/// Partners that a second largest matching gives, as places within a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Payment and the line that it would have instead.
    pub instead: Vec<(u32, u32)>,
}

/// A component of candidates with more than one edge. Places count within the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its payments, by time.
    pub payments: Vec<u32>,
    /// Its lines, by time.
    pub lines: Vec<u32>,
    /// A largest matching: for each payment the place of its line.
    pub matching: Vec<Option<u32>>,
    /// The height of each payment; a matched line stands where its payment stands.
    pub heights: Vec<u32>,
    /// The grade of each payment's pair; AMBIGUOUS for free ones.
    pub grades: Vec<Grade>,
    /// Second matchings that show what is ambiguous.
    pub turns: Vec<Turn>,
    /// Candidates whose remarks carry the same digits, and no other candidate of either does: a
    /// hint for a person, never more.
    pub hints: Vec<(u32, u32)>,
    /// Whether the search ended at its limit; grades and turns are then incomplete.
    pub limited: bool,
}

/// Why several items form a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BundleKind {
    /// They share a key and contradict each other.
    Conflict,
    /// One equals the sum of the others, and nothing else does.
    Split,
    /// Several sets of others would add up to one.
    Rivals,
    /// Whether others add up to one could not be found out within the limit.
    Limit,
}

/// Items that belong together other than as a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Why.
    pub kind: BundleKind,
    /// Its payments.
    pub payments: Vec<u32>,
    /// Its lines.
    pub lines: Vec<u32>,
    /// For rivals: two different sets, as indices of the side that has several.
    pub alternatives: Vec<Vec<u32>>,
}

/// The whole result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// One for each payment.
    pub payments: Vec<Finding>,
    /// One for each line.
    pub lines: Vec<Finding>,
    /// Everything that is paired.
    pub pairs: Vec<Pair>,
    /// Components of candidates with more than one edge.
    pub groups: Vec<Group>,
    /// Conflicts and splits.
    pub bundles: Vec<Bundle>,
}

impl Outcome {
    /// The pair that a finding refers to.
    #[must_use]
    pub fn pair(&self, finding: &Finding) -> Option<&Pair> {
        match finding.link {
            Link::Pair(index) => self.pairs.get(wide(index)),
            Link::None | Link::Group(_) | Link::Bundle(_) | Link::CopyOf(_) => None,
        }
    }

    /// How many payments and how many lines are of a class.
    #[must_use]
    pub fn count(&self, class: Class) -> (usize, usize) {
        let of = |side: &[Finding]| side.iter().filter(|finding| finding.class == class).count();
        (of(&self.payments), of(&self.lines))
    }
}
