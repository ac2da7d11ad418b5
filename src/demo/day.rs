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
use super::chance::Chance;

/// Ordinary customers; with the scenes there are about 300 orders.
const ORDINARY: u64 = 276;

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
        let mut chance = Chance::new(seed);
        let mut plan = Plan { midnight, visits: Vec::new() };
        plan.scenes(&mut chance);
        plan.ordinary(&mut chance);
        let Plan { visits, .. } = plan;
        let (opens, closes) = (clock(midnight, 8, 0, 0), clock(midnight, 23, 59, 0));
        Self { opens, closes, visits }
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
        agenda
    }
}

/// The amount that nobody asked for.
pub(super) const STRAY_FEN: i64 = 6_666;

/// A time of the day.
pub(super) fn clock(midnight: Timestamp, hour: u64, minute: u64, second: u64) -> Timestamp {
    midnight.plus(Span::from_secs(hour * 3_600 + minute * 60 + second))
}

struct Plan {
    midnight: Timestamp,
    visits: Vec<Visit>,
}

/// What the menus say, in fen.
const TEAS: [i64; 9] = [990, 1_200, 1_500, 1_680, 1_800, 2_200, 2_600, 3_800, 5_800];
const KITES: [i64; 6] = [3_900, 4_900, 6_800, 8_800, 12_800, 19_900];

const PAY: Deed = Deed::Pay(Money::Asked);

impl Plan {
    fn at(&self, hour: u64, minute: u64, second: u64) -> Timestamp {
        clock(self.midnight, hour, minute, second)
    }

    /// A visit whose customer pays after so many seconds.
    fn scene(&mut self, scene: Scene, at: Timestamp, tale: Tale) {
        let Tale { house, channel, price, door, deeds, ends } = tale;
        let deeds = deeds.iter().map(|(secs, deed)| (Span::from_secs(*secs), *deed)).collect();
        self.visits.push(Visit {
            at,
            house,
            channel,
            price,
            door,
            deeds,
            ends,
            scene: Some(scene),
        });
    }

    fn scenes(&mut self, chance: &mut Chance) {
        use OrderStatus::{Overpaid, Paid, PaidLate};
        let (wechat, alipay) = (Channel::Wechat, Channel::Alipay);
        for second in 0..6 {
            let deeds = &[(chance.below(150) + 25, PAY)];
            let at = self.at(9, 30, second);
            self.scene(Scene::Crowd, at, Tale::tea(wechat, 1_880, deeds, Paid));
        }
        for minute in [40, 52] {
            let tale = Tale::tea(alipay, 2_150, &[(70, PAY)], Paid).at(Door::Mumbling);
            self.scene(Scene::Mumbling, self.at(9, minute, 0), tale);
        }
        let late = Tale::tea(wechat, 4_550, &[(7 * 60, PAY)], PaidLate);
        self.scene(Scene::Late, self.at(10, 40, 0), late);
        let lunch = Tale::tea(wechat, 2_790, &[(48, PAY)], Paid);
        self.scene(Scene::Lunch, self.at(12, 5, 0), lunch);
        for (minute, ends) in [(3, PaidLate), (7, PaidLate), (17, Paid)] {
            let tale = Tale::kite(wechat, 5_150, &[(60, PAY)], ends);
            self.scene(Scene::Offline, self.at(14, minute, 0), tale);
        }
        let too_late = Tale::tea(wechat, 2_880, &[(26 * 60, PAY)], PaidLate);
        self.scene(Scene::TooLate, self.at(15, 0, 0), too_late);
        let next = Tale::tea(wechat, 2_880, &[(200, PAY)], Paid);
        self.scene(Scene::NextHolder, self.at(15, 24, 0), next);
        let twice = Tale::tea(alipay, 3_330, &[(40, PAY), (95, PAY)], Paid);
        self.scene(Scene::Twice, self.at(16, 10, 0), twice);
        for minute in [15, 35, 50] {
            let tale = Tale::kite(wechat, 4_770, &[(45, PAY)], Paid).at(Door::Slow);
            self.scene(Scene::Slow, self.at(16, minute, 0), tale);
        }
        let rounded = Tale::kite(alipay, 3_260, &[(60, Deed::Pay(Money::Fen(3_300)))], Overpaid);
        self.scene(Scene::Rounded, self.at(17, 0, 0), rounded);
        let unread = Tale::kite(alipay, 8_880, &[(50, Deed::Pay(Money::Unnamed))], Paid);
        self.scene(Scene::Unread, self.at(18, 30, 0), unread);
        self.scene(
            Scene::Refunded,
            self.at(18, 5, 0),
            Tale::kite(wechat, 12_990, &[(80, PAY)], Paid),
        );
        self.scene(
            Scene::Declined,
            self.at(18, 40, 0),
            Tale::kite(wechat, 7_650, &[(80, PAY)], Paid),
        );
        let gone = Tale::kite(alipay, 5_990, &[(66, PAY)], Paid).at(Door::Gone);
        self.scene(Scene::Gone, self.at(21, 5, 0), gone);
    }

    fn ordinary(&mut self, chance: &mut Chance) {
        for _ in 0..ORDINARY {
            let house = if chance.percent(62) { House::Tea } else { House::Kite };
            let at = self.hour_of_custom(chance);
            let mut channel = if chance.percent(55) { Channel::Wechat } else { Channel::Alipay };
            // Around the time when the stall's phone is off, the studio's customers pay by Alipay
            // but for those whom the scene is about.
            let around = self.at(13, 45, 0)..self.at(14, 20, 0);
            if house == House::Kite && around.contains(&at) {
                channel = Channel::Alipay;
            }
            let price = if house == House::Tea { chance.pick(&TEAS) } else { chance.pick(&KITES) };
            let (deeds, ends) = match chance.below(100) {
                0..86 => (vec![(chance.seconds(15, 240), PAY)], OrderStatus::Paid),
                86..95 => (Vec::new(), OrderStatus::Expired),
                _ => (vec![(chance.seconds(30, 120), Deed::Cancel)], OrderStatus::Closed),
            };
            let (door, scene) = (Door::Main, None);
            self.visits.push(Visit { at, house, channel, price, door, deeds, ends, scene });
        }
    }

    /// Half of the custom comes at noon and in the evening.
    fn hour_of_custom(&self, chance: &mut Chance) -> Timestamp {
        let (from, to) = chance.pick(&[(8, 23), (8, 23), (11, 13), (17, 21)]);
        let span = chance.seconds(from * 3_600 + 60, to * 3_600 + 40 * 60);
        self.midnight.plus(span)
    }
}

struct Tale<'a> {
    house: House,
    channel: Channel,
    price: i64,
    door: Door,
    deeds: &'a [(u64, Deed)],
    ends: OrderStatus,
}

impl<'a> Tale<'a> {
    const fn tea(
        channel: Channel,
        price: i64,
        deeds: &'a [(u64, Deed)],
        ends: OrderStatus,
    ) -> Self {
        Self { house: House::Tea, channel, price, door: Door::Main, deeds, ends }
    }

    const fn kite(
        channel: Channel,
        price: i64,
        deeds: &'a [(u64, Deed)],
        ends: OrderStatus,
    ) -> Self {
        Self { house: House::Kite, ..Self::tea(channel, price, deeds, ends) }
    }

    const fn at(self, door: Door) -> Self {
        Self { door, ..self }
    }
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
