//! The interesting moments of the day, in words, each with the command that shows it event by
//! event.
//!
//! Invariants: whatever is said here is read from the plan, the truth and the books of that very
//! day.

use duizhang_core::amount::Amount;
use duizhang_projections::calendar::Zone;

use super::day::{Day, STRAY_FEN, Scene, Visit};
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
        let scenes = [
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
            Scene::Lost,
            Scene::LostToo,
            Scene::Phantom,
            Scene::DoubleTap,
        ];
        let scenes = scenes.into_iter().filter_map(|scene| self.scene(scene));
        let mut moments: Vec<(String, String)> = scenes.chain(self.evidence()).collect();
        moments.sort();
        let moments: String = moments.into_iter().map(|(_, text)| text).collect();
        format!("What happened\n{moments}")
    }

    /// A scene: when it begins, and its text.
    fn scene(&self, scene: Scene) -> Option<(String, String)> {
        let of = |(_, visit, _): &(_, &Visit, _)| visit.scene == Some(scene);
        let (_, first, order) = numbered(self.day, self.truth).find(of)?;
        let clock = self.zone.clock_text(first.at);
        let mut text = moment(&clock, &self.words(scene));
        text += &moment("", &format!("explain order {order}"));
        if let Some((_, id, amount, _)) = self.truth.refunds.iter().find(|(of, ..)| *of == scene) {
            text += &moment("", &format!("refund {id} of {amount}"));
        }
        Some((clock, text))
    }

    // tidy: long because it is one text for each scene
    fn words(&self, scene: Scene) -> String {
        let payables = || {
            let orders = self.truth.orders(self.day, scene);
            let asked: Vec<String> = orders.iter().map(|o| o.payable.decimal_text()).collect();
            asked.join(", ")
        };
        match scene {
            Scene::Crowd => format!(
                "Six guests order for 18.80 at once and are asked for {}: each order is settled \
                 by its own money.",
                payables()
            ),
            Scene::Mumbling => format!(
                "A shop address answers \"OK!\" instead of \"success\" until it is mended at \
                 16:00: told {} times, booked once.",
                self.times_told(scene)
            ),
            Scene::Late => {
                "A guest pays seven minutes later, two after the order has expired: the \
                amount was still kept for this order, so it is paid late."
                    .into()
            }
            Scene::Lunch => format!(
                "The tea house's server is down from 12:00 to 13:00: {} knocks at closed doors, \
                 and whatever was to be said there arrived later.",
                self.books.at_lunch
            ),
            Scene::Offline => {
                "The stall's phone is off from 14:00 to 14:20: three payments become \
                known when it is back, each by the time at which it was made."
                    .into()
            }
            Scene::TooLate => format!(
                "A guest pays {} after 26 minutes. The quarantine of 15 minutes is over, so the \
                 payment is held until an operator gives it to this order. A longer \
                 policy.quarantine keeps amounts for guests like this.",
                payables()
            ),
            Scene::NextHolder => format!(
                "Meanwhile another guest orders for 28.80 and is asked for {}: what an unpaid order \
                 held within a day is given out again last, so neither is credited with the \
                 other's money.",
                payables()
            ),
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
            Scene::Lost | Scene::LostToo => {
                "A guest pays, and the phone's notice gets lost: to the engine the order expires, \
                until finance reads the statement."
                    .into()
            }
            Scene::Phantom => {
                "Somebody who has seen the phone's key tells of money that never came: the order \
                is paid, until finance reads the statement."
                    .into()
            }
            Scene::DoubleTap => {
                "A customer taps twice and pays twice within three seconds; the phone tells once."
                    .into()
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

    /// What has no order.
    fn evidence(&self) -> [(String, String); 4] {
        let Truth { retries, asked_again, .. } = self.truth;
        let stray = Amount::fen(STRAY_FEN);
        let report = "A monthly report of the payment app comes by: known to be no money.";
        let stray =
            format!("{stray} comes that nobody asked for: in suspense, for a person to look at.");
        let forged = "Somebody with a guessed key reports money: kept as evidence, without effect.";
        let again = format!(
            "{retries} deliveries came twice and {asked_again} requests for an order were \
             repeated: nothing happened twice."
        );
        let told = |clock: &str, words: &str| (clock.to_owned(), moment(clock, words));
        // Words come behind digits, so what lasted all day stands at the end.
        [
            told("10:00:05", report),
            told("11:11:11", &stray),
            told("13:13:13", forged),
            told("all day", &again),
        ]
    }
}

/// A line of the story, broken between words.
pub(super) fn moment(clock: &str, words: &str) -> String {
    const WIDTH: usize = 86;
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let wide = lines.last().is_some_and(|line| line.chars().count() + word.len() > WIDTH);
        if wide {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    let line = |(place, line): (usize, &String)| {
        let clock = if place == 0 { clock } else { "" };
        format!("  {clock:<8}  {line}\n")
    };
    lines.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_broken_between_words_and_loses_none() {
        let words = "one two three ".repeat(30);
        let text = moment("09:30:00", words.trim());
        assert!(text.lines().count() > 3);
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        assert!(text.starts_with("  09:30:00  one two"));
        assert!(text.lines().skip(1).all(|line| line.starts_with("            ")));
        let said: Vec<&str> = text.split_whitespace().skip(1).collect();
        assert_eq!(said, words.split_whitespace().collect::<Vec<_>>());
    }
}
