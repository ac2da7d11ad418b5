//! The interesting moments of the day, in words, each with the command that shows it event by event.
//!
//! Invariants: whatever is said here is read from the plan, the truth and the books of that very day.

use duizhang_core::amount::Amount;
use duizhang_projections::calendar::Zone;

use super::day::{Day, STRAY_FEN, Scene};
use super::doors::Books;
use super::drive::{Truth, numbered};

/// Who tells, and of what.
pub(super) struct Story<'a> {
    pub(super) day: &'a Day,
    pub(super) truth: &'a Truth,
    pub(super) books: &'a Books,
    pub(super) zone: Zone,
}

impl Story<'_> {
    /// The whole story.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("What happened\n");
        for scene in [
            Scene::Crowd,
            Scene::Mumbling,
            Scene::Late,
            Scene::Lunch,
            Scene::Offline,
            Scene::TooLate,
            Scene::NextHolder,
            Scene::Twice,
            Scene::Slow,
            Scene::Rounded,
            Scene::Refunded,
            Scene::Unread,
            Scene::Declined,
            Scene::Gone,
        ] {
            text += &self.scene(scene);
        }
        text += &self.evidence();
        text
    }

    fn scene(&self, scene: Scene) -> String {
        let visits =
            numbered(self.day, self.truth).filter(|(_, visit, _)| visit.scene == Some(scene));
        let orders: Vec<_> = visits.collect();
        let Some((_, first, order)) = orders.first() else { return String::new() };
        let clock = self.zone.clock_text(first.at);
        let words = self.words(scene);
        let text = format!("  {clock}  {words}\n            explain order {order}\n");
        match self.truth.refunds.iter().find(|(of, ..)| *of == scene) {
            Some((_, id, amount, _)) => text + &format!("            refund {id} of {amount}\n"),
            None => text,
        }
    }

    fn words(&self, scene: Scene) -> String {
        let payables = || {
            let orders = self.truth.orders(self.day, scene);
            let asked: Vec<String> = orders.iter().map(|o| o.payable.decimal_text()).collect();
            asked.join(", ")
        };
        match scene {
            Scene::Crowd => format!(
                "Six guests order for 18.80 at once and are asked for {}: each order is settled by its own money.",
                payables()
            ),
            Scene::Mumbling => format!(
                "A shop address answers \"OK!\" instead of \"success\" until it is mended at 16:00: told {} times, \
                 booked once.",
                self.times_told(scene)
            ),
            Scene::Late => {
                "A guest pays seven minutes later, two after the order has expired: the \
                amount was still kept for this order, so it is paid late."
                    .into()
            }
            Scene::Lunch => format!(
                "The tea house's server is down from 12:00 to 13:00: {} callbacks of the day met a closed door, \
                 and all of them arrived later.",
                self.books.turned_away
            ),
            Scene::Offline => {
                "The stall's phone is off from 14:00 to 14:20: three payments become \
                known when it is back, each by the time at which it was made."
                    .into()
            }
            Scene::TooLate => format!(
                "A guest pays {} 26 minutes late, when another order already waits for this amount: \
                 the money settles that one.",
                payables()
            ),
            Scene::NextHolder => "That other guest pays as well: the order has its money already, \
                so the payment is held until an operator gives it to the first order."
                .into(),
            Scene::Twice => format!("A guest pays {} twice: the second payment waits.", payables()),
            Scene::Slow => {
                "The studio's server takes four seconds to answer; nobody else waits for it.".into()
            }
            Scene::Rounded => {
                "A customer is asked for 32.60 and pays 33.00: held, as no order asks for \
                it, then assigned by an operator; the surplus goes back."
                    .into()
            }
            Scene::Refunded => {
                "A kite with a broken frame: requested, approved, sent, confirmed.".into()
            }
            Scene::Unread => {
                "The phone says that money came, but not how much: kept for an operator, \
                who reads it in the app."
                    .into()
            }
            Scene::Declined => {
                "A customer changes her mind after a week of flying: the refund is declined.".into()
            }
            Scene::Gone => {
                "The callback address answers 410 Gone: given up, for a person to look at.".into()
            }
        }
    }

    /// How often the shop was told of a scene's first order.
    fn times_told(&self, scene: Scene) -> u32 {
        let mut orders = numbered(self.day, self.truth);
        let first = orders.find(|(_, visit, _)| visit.scene == Some(scene));
        let told = first.and_then(|(number, ..)| self.books.paid.get(&number));
        told.map_or(0, |told| told.times)
    }

    fn evidence(&self) -> String {
        let stray = Amount::fen(STRAY_FEN);
        format!(
            "  All day   {} deliveries came twice and {} requests for an order were repeated: nothing \
             happened twice.\n  \
             11:11:11  {stray} comes that nobody asked for: in suspense, for a person to look at.\n  \
             13:13:13  Somebody with a guessed key reports money: kept as evidence, without effect.\n  \
             10:00:05  A monthly report of the payment app is known to be no money.\n",
            self.truth.retries, self.truth.asked_again
        )
    }
}
