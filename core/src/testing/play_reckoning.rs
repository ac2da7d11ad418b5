//! Playing what runs find, and what people do with breaks and days, nonsense among it.
//!
//! Invariants and absences: as for `play`.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::book::Book;
use super::play::pick;
use super::reckoning::{close, found, reopen, resolution, run, work};
use super::workload::{Difference, ReckonStep, Step};
use crate::breaks::{BreakCode, BreakStep, Direction, FoundBreak, ResolutionKind, Subject};
use crate::closing::Day;
use crate::decision::Decision;
use crate::digest::Digest;
use crate::fact::Fact;
use crate::id::{BreakId, PaymentId, RefundId, WalletId};
use crate::merkle::Hash;

const WALLETS: [&str; 2] = ["wx", "ali"];

const CODES: [BreakCode; 7] = [
    BreakCode::UnobservedPayment,
    BreakCode::OrphanRefund,
    BreakCode::AmountOver,
    BreakCode::AmountUnder,
    BreakCode::OverdueStatement,
    BreakCode::RefundNotSettled,
    BreakCode::FeeVariance,
];

const KINDS: [ResolutionKind; 9] = [
    ResolutionKind::Matched,
    ResolutionKind::Split,
    ResolutionKind::Refunded,
    ResolutionKind::Claimed,
    ResolutionKind::Adjusted,
    ResolutionKind::WrittenOff,
    ResolutionKind::Duplicate,
    ResolutionKind::NotABreak,
    ResolutionKind::Forced,
];

fn person(number: u8) -> &'static str {
    ["ann", "bob", "eve"][usize::from(number)]
}

fn step_of(step: u8, kind: u8) -> BreakStep {
    let end = resolution(KINDS[usize::from(kind)]);
    match step {
        0 => BreakStep::Assign { to: String::from("bob") },
        1 => BreakStep::Propose(end),
        2 => BreakStep::Approve,
        3 | 4 => BreakStep::Resolve(end),
        _ => BreakStep::Reopen { reason: String::from("not so") },
    }
}

impl Book {
    /// So many days before the one of log time.
    fn day_back(&self, back: u8) -> Day {
        let days = self.at.micros().div_euclid(86_400_000_000);
        Day::new(i32::try_from(days).unwrap_or_default().saturating_sub(i32::from(back)))
    }

    fn payments(&self) -> Vec<PaymentId> {
        let decisions = self.log.iter().flat_map(|entry| &entry.decisions);
        let observed = decisions.filter_map(|decision| {
            let Decision::PaymentObserved { payment, .. } = decision else { return None };
            Some(*payment)
        });
        observed.collect()
    }

    fn difference(&self, told: &Difference) -> Option<FoundBreak> {
        let Difference { about, which, code, fen } = told;
        let subject = match about {
            0 | 1 => Subject::Payment(*pick(&self.payments(), *which)?),
            2 | 3 => {
                let refunds: Vec<RefundId> = self.state.refunds().map(|(id, _)| id).collect();
                Subject::Refund(*pick(&refunds, *which)?)
            }
            4 => Subject::Row { statement: Hash::from_bytes([7; 32]), number: 3 },
            5 => Subject::Day,
            _ => Subject::Line { serial: format!("L{which}") },
        };
        let code = CODES[usize::from(*code)];
        let direction = code.direction().unwrap_or(Direction::Out);
        Some(FoundBreak { subject, direction, ..found("", code, *fen) })
    }

    /// What runs and people say of breaks and days.
    pub(super) fn reckoning_of(&mut self, step: &Step) -> Option<Fact> {
        let Step::Reckon(step) = step else { return None };
        Some(match step {
            ReckonStep::Run { wallet, back, found, last } => {
                let mut subjects = BTreeSet::new();
                let found = found.iter().filter_map(|told| self.difference(told));
                let found = found.filter(|one| subjects.insert(one.subject.clone())).collect();
                let mut run = run(0, self.day_back(*back), &[], found);
                run.wallet = WalletId::new(WALLETS[usize::from(*wallet)]).ok()?;
                run.inputs = Digest::of(&[b"inputs", &self.draw().to_be_bytes()]);
                run.last = *last;
                Fact::DayReconciled(run)
            }
            ReckonStep::Work { which, by, step, kind } => {
                let known: Vec<BreakId> = self.state.breaks().map(|(id, _)| id).collect();
                work(*pick(&known, *which)?, person(*by), step_of(*step, *kind))
            }
            ReckonStep::Close { back, honest } => {
                let day = self.day_back(*back);
                if *honest {
                    self.reconcile_rest(day);
                }
                let open: Vec<BreakId> = self.state.open_breaks_booked(day).collect();
                close(day, "ann", if *honest { &open } else { &[] })
            }
            ReckonStep::Reopen { back, by } => reopen(self.day_back(*back), person(*by)),
        })
    }
}
