//! Playing the day: the agenda's acts one after the other, each over the wire of whoever does it.
//!
//! Invariants: whatever is done is written down on the truth's side before the server is asked what
//! it thinks of it; the next act begins when the server has done all that this one caused.
//! Deliberately not here: the plan ([`super::day`]), the comparison ([`super::audit`]).

use std::collections::BTreeSet;

use anyhow::Context;
use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::id::{OrderId, WalletId};
use duizhang_core::refund::RefundStep;
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::calendar::Zone;

use super::agenda::{Act, Agenda};
use super::chance::Chance;
use super::day::{Day, Deed, House, Money, Scene, Visit};
use super::desk::Desk;
use super::finds;
use super::pace::Pace;
use super::phones::{Notice, Phones};
use super::till::{Opened, Till};
use super::town::{self, PHONES, STALL};

/// Of a hundred deliveries of a phone, how many are sent once more because the answer got lost.
const RETRIES_PERCENT: u64 = 12;

/// Of a hundred orders, how many are asked for once more because the answer got lost.
const ASKED_AGAIN_PERCENT: u64 = 4;

/// Who knows of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// It came, and a phone told of it.
    Heard,
    /// It came, and nobody told.
    Unheard,
    /// It never came, and was told of.
    Phantom,
}

/// Money that somebody paid, or is said to have paid.
#[derive(Clone, Debug)]
pub(super) struct Paid {
    pub(super) at: Timestamp,
    pub(super) trace: Trace,
    pub(super) wallet: WalletId,
    pub(super) amount: Amount,
    /// The visit that it was for; none where nobody asked for it.
    pub(super) visit: Option<usize>,
}

/// What really happened, written down by those who did it.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) opened: Vec<Option<Opened>>,
    pub(super) paid: Vec<Paid>,
    /// Deliveries that were the same again.
    pub(super) retries: u64,
    pub(super) forged: u64,
    pub(super) ignored: u64,
    pub(super) unread: u64,
    pub(super) assigned: u64,
    /// Refunds: scene, id and amount, and the last step.
    pub(super) refunds: Vec<(Scene, String, Amount, Option<RefundStep>)>,
    /// When the refunds of scenes were sent.
    pub(super) sent: Vec<(Scene, Timestamp)>,
    /// Requests for orders that were sent twice.
    pub(super) asked_again: u64,
}

impl Truth {
    /// What the engine can know of: everything that was told, true or not.
    pub(super) fn told(&self) -> impl Iterator<Item = &Paid> {
        self.paid.iter().filter(|paid| paid.trace != Trace::Unheard)
    }

    /// A slip of the pen in the list of payments, which a test plants.
    pub(super) fn slip(&mut self, fen: i64) {
        if let Some(first) = self.paid.first_mut() {
            first.amount = Amount::fen(first.amount.minor() + fen);
        }
    }

    /// The order of a scene's first visit, or of one of several.
    pub(super) fn orders(&self, day: &Day, scene: Scene) -> Vec<&Opened> {
        let visits = day.visits.iter().zip(&self.opened);
        visits
            .filter(|(visit, _)| visit.scene == Some(scene))
            .filter_map(|(_, o)| o.as_ref())
            .collect()
    }
}

/// The day being played.
pub(super) struct Drive<'a> {
    pub(super) day: &'a Day,
    pub(super) pace: &'a Pace,
    pub(super) till: Till<'a>,
    pub(super) phones: Phones<'a>,
    pub(super) zone: Zone,
    pub(super) chance: Chance,
    pub(super) truth: Truth,
    agenda: Agenda,
    off: BTreeSet<&'static str>,
    /// What the phone that is off has not told yet.
    untold: Vec<Notice>,
}

/// The merchant's own number of a visit's order.
pub(super) fn number(visit: &Visit, place: usize) -> String {
    let house = if visit.house == House::Tea { "TEA" } else { "KITE" };
    format!("{house}-{place:04}")
}

impl<'a> Drive<'a> {
    pub(super) fn new(
        day: &'a Day,
        pace: &'a Pace,
        till: Till<'a>,
        phones: Phones<'a>,
        zone: Zone,
        chance: Chance,
    ) -> Self {
        let truth = Truth { opened: vec![None; day.visits.len()], ..Truth::default() };
        let (agenda, off, untold) = (day.agenda(), BTreeSet::new(), Vec::new());
        Self { day, pace, till, phones, zone, chance, truth, agenda, off, untold }
    }

    /// Plays the whole day.
    pub(super) async fn play(&mut self) -> anyhow::Result<()> {
        while let Some((at, act)) = self.agenda.next() {
            self.pace.go_to(at).await?;
            let what = format!("{} {act:?}", self.zone.clock_text(at));
            self.act(at, act).await.with_context(|| what)?;
            self.pace.settle().await?;
        }
        self.pace.go_to(self.day.closes).await
    }

    async fn act(&mut self, at: Timestamp, act: Act) -> anyhow::Result<()> {
        match act {
            Act::Beat => self.beat(at).await,
            Act::Open(place) => self.open(at, place).await,
            Act::Do(place, deed) => self.act_of_customer(at, place, deed).await,
            Act::Tell(notice) => self.tell(&notice).await,
            Act::MonthlyReport => {
                self.truth.ignored += 1;
                self.phones.report(at).await
            }
            Act::Stray { fen } => {
                let (house, channel, amount) = (House::Tea, Channel::Wechat, Amount::fen(fen));
                self.pay(Notice { house, channel, amount: Some(amount), paid_at: at }, None);
                Ok(())
            }
            Act::Forge => {
                self.truth.forged += 1;
                self.phones.forge(at).await
            }
            Act::ComeBack => self.come_back(at).await,
            Act::Assign(scene) => self.assign(scene).await,
            Act::Judge(scene) => self.judge(scene).await,
            Act::Refund { scene, fen, reason } => self.refund(scene, fen, reason).await,
            Act::Step { scene, step, evidence } => {
                if step == RefundStep::Send {
                    self.truth.sent.push((scene, at));
                }
                self.step(scene, step, evidence).await
            }
            Act::Withdraw => {
                let Till { wire, keys, .. } = self.till;
                let desk = Desk { wire, keys, zone: self.zone };
                desk.withdraw(&finds::noted(self.day, self.zone), Amount::fen(0)).await
            }
        }
    }

    async fn beat(&mut self, at: Timestamp) -> anyhow::Result<()> {
        let hour = at.since(self.day.opens).secs();
        let away = (6 * 3_600..6 * 3_600 + 20 * 60).contains(&hour);
        if away {
            self.off.insert(STALL);
        }
        for phone in PHONES.iter().filter(|phone| !self.off.contains(*phone)) {
            self.phones.beat(phone, at).await?;
        }
        Ok(())
    }

    async fn open(&mut self, at: Timestamp, place: usize) -> anyhow::Result<()> {
        let visit = &self.day.visits[place];
        let number = number(visit, place);
        let opened = self.till.open(&number, visit).await?;
        if self.chance.percent(ASKED_AGAIN_PERCENT) {
            self.truth.asked_again += 1;
            let again = self.till.open(&number, visit).await?;
            anyhow::ensure!(again.order == opened.order, "a repeated request made another order");
        }
        self.truth.opened[place] = Some(opened);
        for (after, deed) in &visit.deeds {
            self.agenda.add(at.plus(*after), Act::Do(place, *deed));
        }
        Ok(())
    }

    async fn act_of_customer(
        &mut self,
        at: Timestamp,
        place: usize,
        deed: Deed,
    ) -> anyhow::Result<()> {
        let visit = &self.day.visits[place];
        let opened = self.truth.opened[place].clone().context("nobody can pay before ordering")?;
        let (house, channel, paid_at) = (visit.house, visit.channel, at);
        let money = match deed {
            Deed::Cancel => return self.till.close(house, opened.order).await,
            Deed::Pay(money) => money,
        };
        let amount = if let Money::Fen(fen) = money { Amount::fen(fen) } else { opened.payable };
        let notice = Notice { house, channel, amount: Some(amount), paid_at };
        match money {
            Money::Asked | Money::Fen(_) => self.pay(notice, Some(place)),
            Money::Unheard => self.note(&notice, amount, Some(place), Trace::Unheard),
            Money::Phantom => {
                self.note(&notice, amount, Some(place), Trace::Phantom);
                self.agenda.add(at.plus(Span::from_secs(3)), Act::Tell(notice));
            }
            Money::Unnamed => {
                self.note(&notice, amount, Some(place), Trace::Heard);
                self.truth.unread += 1;
                let notice = Notice { amount: None, ..notice };
                self.agenda.add(at.plus(Span::from_secs(2)), Act::Tell(notice));
            }
        }
        Ok(())
    }

    /// Writes down who knows of money.
    fn note(&mut self, notice: &Notice, amount: Amount, visit: Option<usize>, trace: Trace) {
        let wallet = town::wallet(notice.house, notice.channel);
        self.truth.paid.push(Paid { at: notice.paid_at, trace, wallet, amount, visit });
    }

    /// Money moves, and the phone that sees it will tell.
    fn pay(&mut self, notice: Notice, visit: Option<usize>) {
        let at = notice.paid_at;
        self.note(&notice, notice.amount.unwrap_or(Amount::fen(0)), visit, Trace::Heard);
        if self.off.contains(notice.phone()) {
            self.untold.push(notice);
            return;
        }
        let told = at.plus(self.chance.seconds(1, 8));
        self.agenda.add(told, Act::Tell(notice));
        if self.chance.percent(RETRIES_PERCENT) {
            self.truth.retries += 1;
            self.agenda.add(told.plus(self.chance.seconds(20, 40)), Act::Tell(notice));
        }
    }

    async fn tell(&mut self, notice: &Notice) -> anyhow::Result<()> {
        self.phones.tell(notice).await
    }

    /// The phone beats again and tells what it has seen meanwhile.
    async fn come_back(&mut self, at: Timestamp) -> anyhow::Result<()> {
        self.off.remove(STALL);
        self.phones.beat(STALL, at).await?;
        for (late, notice) in std::mem::take(&mut self.untold).into_iter().enumerate() {
            let after = Span::from_secs(u64::try_from(late)? + 1);
            self.agenda.add(at.plus(after), Act::Tell(notice));
        }
        Ok(())
    }

    /// The first visit of a scene, and its order.
    fn of(&self, scene: Scene) -> anyhow::Result<(&'a Visit, Opened)> {
        let mut places = self.day.visits.iter().zip(&self.truth.opened);
        let (visit, opened) = places
            .find(|(visit, _)| visit.scene == Some(scene))
            .with_context(|| format!("{scene:?} is not in the plan"))?;
        Ok((visit, opened.clone().with_context(|| format!("{scene:?} has not begun"))?))
    }

    async fn assign(&mut self, scene: Scene) -> anyhow::Result<()> {
        let (visit, opened) = self.of(scene)?;
        let wallet = town::wallet(visit.house, visit.channel);
        let amount = match visit.deeds.first() {
            Some((_, Deed::Pay(Money::Fen(fen)))) => Amount::fen(*fen),
            _ => opened.payable,
        };
        self.truth.assigned += 1;
        let reason = "the payer showed the receipt at the counter";
        self.till.assign(&wallet, amount, opened.order, reason).await
    }

    async fn judge(&mut self, scene: Scene) -> anyhow::Result<()> {
        let (visit, opened) = self.of(scene)?;
        let wallet = town::wallet(visit.house, visit.channel);
        let paid_after = visit.deeds.first().map(|(after, _)| *after).unwrap_or_default();
        let paid_at = self.zone.rfc3339(visit.at.plus(paid_after));
        self.till.judge(&wallet, opened.payable, &paid_at).await
    }

    async fn refund(&mut self, scene: Scene, fen: Option<i64>, reason: &str) -> anyhow::Result<()> {
        let (_, opened) = self.of(scene)?;
        let amount = fen.map_or(opened.payable, Amount::fen);
        let id = self.till.refund(opened.order, amount, reason).await?;
        self.truth.refunds.push((scene, id, amount, None));
        Ok(())
    }

    async fn step(&mut self, scene: Scene, step: RefundStep, evidence: &str) -> anyhow::Result<()> {
        let refund = self.truth.refunds.iter_mut().find(|(of, ..)| *of == scene);
        let (_, id, _, last) = refund.with_context(|| format!("{scene:?} has no refund"))?;
        self.till.step(id, step, evidence).await?;
        *last = Some(step);
        Ok(())
    }
}

/// The orders of all visits by number.
pub(super) fn numbered<'t>(
    day: &'t Day,
    truth: &'t Truth,
) -> impl Iterator<Item = (String, &'t Visit, OrderId)> {
    let visits = day.visits.iter().zip(&truth.opened).enumerate();
    visits.filter_map(|(place, (visit, opened))| {
        opened.as_ref().map(|opened| (number(visit, place), visit, opened.order))
    })
}
