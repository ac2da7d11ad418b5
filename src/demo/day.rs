//! What is going to happen on the day: who comes when, for how much, and what each of them does.
//!
//! Invariants: the plan follows from the seed alone; it says for every order how it must end, so
//! that the audit compares the engine with a truth that was there before it. Prices of the scenes
//! with a point are their own, so that no ordinary customer walks into them.
//! Deliberately not here: doing any of it ([`super::drive`]), and what is told about it
//! ([`super::story`]).

use duizhang_core::channel::Channel;
use duizhang_core::order::OrderStatus;
use duizhang_core::refund::RefundStep;
use duizhang_core::time::{Span, Timestamp};

use super::agenda::{Act, Agenda};
use super::plan::visits;

/// Beats of a phone's heart. Real phones beat every 30 seconds; a day of that would only lengthen
/// the log.
const BEAT: Span = Span::from_mins(4);

/// Who sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum House {
    /// The tea house, which speaks V免签.
    Tea,
    /// The kite studio, which speaks the native API.
    Kite,
}

/// Where an order's callback knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// The house's usual address. The tea house's is down from 12 to 13 o'clock.
    Main,
    /// Books what it hears and answers the wrong word, until somebody mends it at 16 o'clock.
    Mumbling,
    /// Takes its time.
    Slow,
    /// Says that it is gone for good.
    Gone,
}

/// What a payer pays, and how anybody learns of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Money {
    /// The amount that the cashier page asks for.
    Asked,
    /// Some other amount in fen.
    Fen(i64),
    /// The amount asked for, and the phone's notice does not say how much it was.
    Unnamed,
    /// The amount asked for, and no notice ever tells of it.
    Unheard,
    /// Nothing; somebody who knows the phone's key says that the amount came.
    Phantom,
}

/// What a customer does after ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Pays.
    Pay(Money),
    /// Cancels.
    Cancel,
}

/// The scenes with a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scene {
    Crowd,
    Late,
    TooLate,
    NextHolder,
    Twice,
    Rounded,
    Offline,
    Unread,
    Refunded,
    Declined,
    Mumbling,
    Slow,
    Gone,
    Lunch,
    /// The notice got lost.
    Lost,
    /// The notice of another guest got lost.
    LostToo,
    /// Somebody with a leaked key.
    Phantom,
    /// Paid twice within seconds, told once.
    DoubleTap,
}

/// One customer and one order.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) at: Timestamp,
    pub(super) house: House,
    pub(super) channel: Channel,
    pub(super) price: i64,
    pub(super) door: Door,
    pub(super) deeds: Vec<(Span, Deed)>,
    /// How the order must end.
    pub(super) ends: OrderStatus,
    pub(super) scene: Option<Scene>,
}

/// The day as planned.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) opens: Timestamp,
    pub(super) closes: Timestamp,
    pub(super) visits: Vec<Visit>,
}

/// The business day of a seed: a Friday of 2026.
pub(super) fn friday(seed: u64) -> Timestamp {
    /// Friday, 2 January 2026, at midnight in Shanghai.
    const FIRST: Timestamp = Timestamp::from_secs(1_767_283_200);
    const WEEKS: u64 = 52;
    FIRST.plus(Span::from_hours((seed % WEEKS) * 7 * 24))
}

impl Day {
    /// The plan of a seed.
    pub(super) fn planned(seed: u64) -> Self {
        let midnight = friday(seed);
        let (opens, closes) = (clock(midnight, 8, 0, 0), clock(midnight, 23, 59, 0));
        Self { opens, closes, visits: visits(seed, midnight) }
    }

    /// Everything that happens at a time known beforehand.
    pub(super) fn agenda(&self) -> Agenda {
        let midnight = self.opens.minus(Span::from_hours(8));
        let at = |hour, minute, second| clock(midnight, hour, minute, second);
        let mut agenda = Agenda::default();
        let mut beat = self.opens;
        while beat < self.closes {
            agenda.add(beat, Act::Beat);
            beat = beat.plus(BEAT);
        }
        for (number, visit) in self.visits.iter().enumerate() {
            agenda.add(visit.at, Act::Open(number));
        }
        agenda.add(at(10, 0, 5), Act::MonthlyReport);
        agenda.add(at(11, 11, 11), Act::Stray { fen: STRAY_FEN });
        agenda.add(at(13, 13, 13), Act::Forge);
        agenda.add(at(14, 20, 10), Act::ComeBack);
        agenda.add(at(15, 45, 0), Act::Assign(Scene::TooLate));
        agenda.add(at(17, 20, 0), Act::Assign(Scene::Rounded));
        agenda.add(at(18, 33, 0), Act::Judge(Scene::Unread));
        for (scene, hour, fen, reason) in [
            (Scene::Rounded, 17, Some(40), "the surplus of a rounded payment"),
            (Scene::Refunded, 19, None, "the kite came with a broken frame"),
            (Scene::Declined, 20, None, "changed my mind"),
        ] {
            agenda.add(at(hour, 30, 0), Act::Refund { scene, fen, reason });
        }
        let paid_back = [
            (31, RefundStep::Approve, "the desk agrees"),
            (40, RefundStep::Send, "transfer 2026-0077 from the wallet"),
            (52, RefundStep::Confirm, "the payer has it"),
        ];
        for (scene, hour) in [(Scene::Rounded, 17), (Scene::Refunded, 19)] {
            for (minute, step, evidence) in paid_back {
                agenda.add(at(hour, minute, 0), Act::Step { scene, step, evidence });
            }
        }
        let (step, evidence) = (RefundStep::Decline, "the kite was flown for a week");
        agenda.add(at(20, 45, 0), Act::Step { scene: Scene::Declined, step, evidence });
        agenda.add(at(22, 20, 0), Act::Withdraw);
        agenda
    }
}

/// The amount that nobody asked for.
pub(super) const STRAY_FEN: i64 = 6_666;

/// A time of the day.
pub(super) fn clock(midnight: Timestamp, hour: u64, minute: u64, second: u64) -> Timestamp {
    midnight.plus(Span::from_secs(hour * 3_600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_seed_has_its_friday_and_its_three_hundred_orders() {
        for seed in [0, 1, 51, 52, u64::MAX] {
            let day = Day::planned(seed);
            assert_eq!(day.visits.len(), 300, "seed {seed}");
            let days = day.opens.secs().div_euclid(86_400);
            // 1 January 1970 was a Thursday, and 8 o'clock in Shanghai is midnight of UTC.
            assert_eq!(days % 7, 1, "seed {seed}");
            assert_eq!(day.opens.secs() % 86_400, 0, "seed {seed}");
        }
    }

    #[test]
    fn nobody_orders_or_acts_outside_of_the_day() {
        for seed in 0..20 {
            let day = Day::planned(seed);
            for visit in &day.visits {
                assert!(day.opens <= visit.at, "{visit:?}");
                for (after, _) in &visit.deeds {
                    let last = visit.at.plus(*after).plus(Span::from_mins(2));
                    assert!(last < day.closes, "{visit:?}");
                }
                let over = visit.at.plus(Span::from_mins(6));
                assert!(over < day.closes, "an order would be open at the end: {visit:?}");
            }
        }
    }

    #[test]
    fn prices_of_scenes_are_nobody_else_s_even_when_they_are_raised() {
        for seed in 0..20 {
            let day = Day::planned(seed);
            let mut scenes: BTreeMap<i64, Vec<Scene>> = BTreeMap::new();
            for visit in &day.visits {
                if let Some(scene) = visit.scene {
                    scenes.entry(visit.price).or_default().push(scene);
                }
            }
            let ordinary = day.visits.iter().filter(|visit| visit.scene.is_none());
            for visit in ordinary {
                // Twenty orders of one price at once would be more than the whole noon.
                let near = scenes.range(visit.price..visit.price + 20).next();
                assert_eq!(near, None, "{visit:?}");
            }
            for near in scenes.into_values() {
                let names: BTreeSet<Scene> = near.into_iter().collect();
                let handed_on = BTreeSet::from([Scene::TooLate, Scene::NextHolder]);
                assert!(names.len() == 1 || names == handed_on, "{names:?}");
            }
        }
    }

    #[test]
    fn every_kind_of_end_is_in_every_day() {
        for seed in 0..20 {
            let ends: BTreeSet<OrderStatus> =
                Day::planned(seed).visits.iter().map(|visit| visit.ends).collect();
            for end in [
                OrderStatus::Paid,
                OrderStatus::PaidLate,
                OrderStatus::Overpaid,
                OrderStatus::Expired,
                OrderStatus::Closed,
            ] {
                assert!(ends.contains(&end), "seed {seed} has no order that is {end}");
            }
        }
    }
}
