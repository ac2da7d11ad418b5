//! What grades mean, by trying everything: all largest matchings of a small graph are enumerated,
//! and what is in all of them is forced, what is in some of them is ambiguous.
//!
//! Deliberately not here: anything of the solver, windows included.

use std::collections::BTreeSet;

use duizhang_core::grade::Grade;
use duizhang_core::reconciliation::{By, Class, Link, Outcome};
use duizhang_core::statement::Precision;

use crate::world::{NOON, Ours, Theirs, World, wide};

fn seconds(precision: Precision) -> i64 {
    match precision {
        Precision::Second => 0,
        Precision::Minute => 60,
        Precision::Day => 86_400,
    }
}

/// Whether nothing speaks against them: ten seconds before to twenty after, as [`World`] says.
pub(crate) fn may(ours: &Ours, theirs: &Theirs) -> bool {
    let line = &theirs.line;
    let after = ours.at - (line.time.secs() - NOON);
    let order = line.merchant_no.clone().unwrap_or_default();
    ours.fen == line.gross.minor()
        && ours.wallets.contains(&theirs.wallet)
        && (ours.serial.is_empty() || line.serial.is_empty())
        && (ours.order.is_empty() || order.is_empty())
        && after >= -10 - seconds(ours.precision)
        && after <= 20 + seconds(line.precision)
}

type Edge = (usize, usize);

pub(crate) struct Oracle {
    pub(crate) edges: BTreeSet<Edge>,
    largest: Vec<BTreeSet<Edge>>,
}

impl Oracle {
    pub(crate) fn of(world: &World) -> Self {
        let mut edges = BTreeSet::new();
        for (p, ours) in world.ours.iter().enumerate() {
            for (l, theirs) in world.theirs.iter().enumerate() {
                if may(ours, theirs) {
                    edges.insert((p, l));
                }
            }
        }
        let mut all = Vec::new();
        extend(&edges, world.ours.len(), 0, &mut BTreeSet::new(), &mut all);
        let size = all.iter().map(BTreeSet::len).max().unwrap_or(0);
        all.retain(|matching| matching.len() == size);
        Self { edges, largest: all }
    }

    /// What is in every largest matching.
    fn forced(&self) -> BTreeSet<Edge> {
        let in_all = |edge: &&Edge| self.largest.iter().all(|matching| matching.contains(*edge));
        self.edges.iter().filter(in_all).copied().collect()
    }

    fn isolated(&self, edge: Edge) -> bool {
        self.edges.iter().filter(|(p, l)| *p == edge.0 || *l == edge.1).count() == 1
    }

    /// Compares grades and classes of every item.
    pub(crate) fn agree(&self, outcome: &Outcome) {
        let paired: BTreeSet<(Edge, Grade)> = outcome
            .pairs
            .iter()
            .map(|pair| {
                assert_eq!(pair.by, By::Slot);
                ((wide(pair.payment), wide(pair.line)), pair.grade)
            })
            .collect();
        let grade = |edge| if self.isolated(edge) { Grade::Isolated } else { Grade::Forced };
        let expected: BTreeSet<(Edge, Grade)> =
            self.forced().into_iter().map(|edge| (edge, grade(edge))).collect();
        assert_eq!(paired, expected);
        let taken = |which: fn(&Edge) -> usize, place| {
            (
                expected.iter().any(|(edge, _)| which(edge) == place),
                self.edges.iter().any(|edge| which(edge) == place),
            )
        };
        for (place, finding) in outcome.payments.iter().enumerate() {
            let (settled, connected) = taken(|edge| edge.0, place);
            let right = match finding.link {
                Link::Pair(_) => settled,
                Link::Group(_) => connected && !settled && finding.class == Class::Ambiguous,
                Link::None => !connected && finding.class == Class::OnlyOurs,
                Link::Bundle(_) | Link::CopyOf(_) => false,
            };
            assert!(right, "payment {place}: {finding:?}");
        }
        for (place, finding) in outcome.lines.iter().enumerate() {
            let (settled, connected) = taken(|edge| edge.1, place);
            let right = match finding.link {
                Link::Pair(_) => settled,
                Link::Group(_) => connected && !settled && finding.class == Class::Ambiguous,
                Link::None => !connected && finding.class == Class::OnlyChannel,
                Link::Bundle(_) | Link::CopyOf(_) => false,
            };
            assert!(right, "line {place}: {finding:?}");
        }
    }
}

/// All matchings that extend `chosen` with payments from `p` on.
fn extend(
    edges: &BTreeSet<Edge>,
    payments: usize,
    p: usize,
    chosen: &mut BTreeSet<Edge>,
    all: &mut Vec<BTreeSet<Edge>>,
) {
    if p == payments {
        all.push(chosen.clone());
        return;
    }
    extend(edges, payments, p + 1, chosen, all);
    for edge in edges.range((p, 0)..(p + 1, 0)) {
        if chosen.iter().all(|(_, line)| *line != edge.1) {
            chosen.insert(*edge);
            extend(edges, payments, p + 1, chosen, all);
            chosen.remove(edge);
        }
    }
}
