//! Who comes on the day, drawn from the seed: the scenes with a point, what only the statement can
//! show, and the ordinary customers around them.
//!
//! Invariants: the visits follow from the seed alone; a scene's price is its own.
//! Deliberately not here: what operators and phones do at fixed times ([`super::day`]).

use duizhang_core::channel::Channel;
use duizhang_core::order::OrderStatus;
use duizhang_core::time::{Span, Timestamp};

use super::chance::Chance;
use super::day::{Deed, Door, House, Money, Scene, Visit, clock};

/// Ordinary customers; with the scenes there are 300 orders.
const ORDINARY: u64 = 272;

/// The visits of a seed.
pub(super) fn visits(seed: u64, midnight: Timestamp) -> Vec<Visit> {
    let mut chance = Chance::new(seed);
    let mut plan = Plan { midnight, visits: Vec::new() };
    plan.scenes(&mut chance);
    plan.unseen(&mut chance);
    plan.ordinary(&mut chance);
    plan.visits
}

/// A scene, the prices that it may have, what is done after how many seconds, and its end.
type Unseen = (Scene, &'static [i64], &'static [(u64, Deed)], OrderStatus);

const CHANNELS: [Channel; 2] = [Channel::Wechat, Channel::Alipay];

struct Plan {
    midnight: Timestamp,
    visits: Vec<Visit>,
}

/// What the menus say, in fen.
const TEAS: [i64; 9] = [990, 1_200, 1_500, 1_680, 1_800, 2_200, 2_600, 3_800, 5_800];
const KITES: [i64; 6] = [3_900, 4_900, 6_800, 8_800, 12_800, 19_900];

const PAY: Deed = Deed::Pay(Money::Asked);
const UNHEARD: Deed = Deed::Pay(Money::Unheard);
const PHANTOM: Deed = Deed::Pay(Money::Phantom);

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
        let rounded = Tale::kite(wechat, 3_260, &[(60, Deed::Pay(Money::Fen(3_300)))], Overpaid);
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

    /// What only the channel's statement can show. Where and when it happens is chance, at hours at
    /// which nothing else with a point happens to the phones.
    fn unseen(&mut self, chance: &mut Chance) {
        use OrderStatus::{Expired, Paid};
        let scenes: [Unseen; 4] = [
            (Scene::Lost, &[2_090, 2_390, 3_190], &[(75, UNHEARD)], Expired),
            (Scene::LostToo, &[5_590, 7_190, 9_390], &[(55, UNHEARD)], Expired),
            (Scene::Phantom, &[2_990, 4_190, 6_390], &[(35, PHANTOM)], Paid),
            (Scene::DoubleTap, &[1_390, 3_490, 6_190], &[(42, PAY), (45, UNHEARD)], Paid),
        ];
        for (scene, prices, deeds, ends) in scenes {
            let hour = chance.pick(&[10, 11, 15, 19, 20]);
            let at = self.at(hour, chance.below(50), chance.below(60));
            let (channel, price) = (chance.pick(&CHANNELS), chance.pick(prices));
            let tale = match scene {
                Scene::Lost | Scene::Phantom => Tale::tea(channel, price, deeds, ends),
                _ => Tale::kite(channel, price, deeds, ends),
            };
            self.scene(scene, at, tale);
        }
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
