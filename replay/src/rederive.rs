//! Deriving every decision again: each fact is put to the rules with the state of that moment, and
//! what they say is compared with what the log says.
//!
//! Invariants: the state is always built from the first event on; it follows the recorded
//! decisions, so that one difference does not colour what comes after it. A decision is compared
//! with all that was decided on its fact, so a range is widened to whole chapters, and the answer
//! says so. Events have one byte form (`history`), so equal decisions are equal bytes.
//! Deliberately not here: whether the bytes are what was once written (roots, `audit`).

use std::ops::{ControlFlow, RangeInclusive};

use duizhang_core::decide::Ruling;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_core::state::State;
use duizhang_eventlog::EventLog;
use duizhang_projections::calendar::Zone;
use serde::Serialize;

use crate::error::ReplayError;
use crate::play::{Contradiction, Progress, book_zone, play, rule_and_fold};
use crate::sentences::Teller;
use crate::spelling;

/// Most differences that are told in words; all are counted. A page of a report holds about 100.
pub const DIFFERENCES_MAX: usize = 100;

/// A decision that the rules do not derive, or derive and the log does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The place of the first event that differs.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// When its fact came.
    pub at: String,
    /// The fact, in words.
    pub fact: String,
    /// What the log has there, in words.
    pub recorded: String,
    /// What the rules say, in words.
    pub derived: String,
}

/// Where the events contradict each other so that nothing behind can be played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// The place of the fact whose chapter does not fit.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// What does not fit.
    pub why: String,
}

/// A range of positions as somebody asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The first one.
    #[serde(serialize_with = "spelling::position")]
    pub from: Position,
    /// The last one.
    #[serde(serialize_with = "spelling::position")]
    pub to: Position,
}

/// What deriving again has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rederivation {
    /// The first position compared.
    #[serde(serialize_with = "spelling::position")]
    pub from: Position,
    /// The last position compared.
    #[serde(serialize_with = "spelling::position")]
    pub to: Position,
    /// The range that was asked for, where it cut through chapters and was widened.
    pub asked: Option<Asked>,
    /// Facts ruled on again.
    pub facts: u64,
    /// Decisions compared.
    pub decisions: u64,
    /// How many facts have decisions that differ.
    pub differing: u64,
    /// The first of them, at most [`DIFFERENCES_MAX`].
    pub differences: Vec<Difference>,
    /// Where the play ended before its time.
    pub stopped: Option<Stop>,
}

impl Rederivation {
    /// Whether every decision was derived again.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differing == 0 && self.stopped.is_none()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let (facts, decisions) = (self.facts, self.decisions);
        let mut text = format!(
            "Decisions of positions {} to {}: {facts} facts ruled on again, {decisions} decisions \
             compared, {} facts differ.\n",
            self.from, self.to, self.differing
        );
        if let Some(Asked { from, to }) = self.asked {
            text += &format!(
                "Asked were {from} to {to}, which cut through what was decided together; whole \
                 chapters are compared.\n"
            );
        }
        for difference in &self.differences {
            text += &format!(
                "position {} ({}): {}\n  recorded: {}\n  derived:  {}\n",
                difference.position,
                difference.at,
                difference.fact,
                difference.recorded,
                difference.derived
            );
        }
        if self.differing > u64::try_from(self.differences.len()).unwrap_or(u64::MAX) {
            text += "Further differences are not listed.\n";
        }
        if let Some(stop) = &self.stopped {
            text += &format!("position {}: the play ended here: {}\n", stop.position, stop.why);
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        spelling::document(self)
    }

    pub(crate) fn begin(from: Position, to: Position) -> Self {
        Self {
            from,
            to,
            asked: None,
            facts: 0,
            decisions: 0,
            differing: 0,
            differences: Vec::new(),
            stopped: None,
        }
    }

    pub(crate) fn stop(&mut self, Contradiction { position, why }: Contradiction) {
        self.stopped = Some(Stop { position, why });
    }

    /// Compares a chapter with the ruling on its fact.
    pub(crate) fn compare(
        &mut self,
        zone: Zone,
        chapter: &Chapter,
        ruling: &Result<Ruling, Rejection>,
    ) {
        let count = u64::try_from(chapter.decisions.len()).unwrap_or(u64::MAX);
        self.facts = self.facts.saturating_add(1);
        self.decisions = self.decisions.saturating_add(count);
        match ruling {
            Ok(Ruling::Decided(derived)) if *derived == chapter.decisions => {}
            _ => {
                self.differing = self.differing.saturating_add(1);
                if self.differences.len() < DIFFERENCES_MAX {
                    self.differences.push(difference(zone, chapter, ruling));
                }
            }
        }
    }
}

fn difference(zone: Zone, chapter: &Chapter, ruling: &Result<Ruling, Rejection>) -> Difference {
    let teller = Teller(zone);
    let whole = |decision: Option<&Decision>| {
        decision.map_or("no decision".to_owned(), |decision| {
            format!("{} [{decision:?}]", teller.decision(decision))
        })
    };
    let recorded = &chapter.decisions;
    let (position, recorded, derived) = match ruling {
        Ok(Ruling::Decided(derived)) => {
            let same = recorded.iter().zip(derived).take_while(|(a, b)| a == b).count();
            let place = chapter.position.plus(u64::try_from(same).unwrap_or(u64::MAX)).next();
            (place, whole(recorded.get(same)), whole(derived.get(same)))
        }
        Ok(Ruling::Repeat(_)) => {
            let derived = "a repeat, which does not enter the log".to_owned();
            (chapter.position, whole(recorded.first()), derived)
        }
        Err(rejection) => {
            let derived = format!("refused: {rejection}");
            (chapter.position, whole(recorded.first()), derived)
        }
    };
    let (at, fact) = (zone.rfc3339(chapter.at), teller.fact(&chapter.fact));
    Difference { position, at, fact, recorded, derived }
}

/// Plays the log and compares all chapters that have an event in the range.
///
/// # Errors
/// [`ReplayError::History`] where an event cannot be read, [`ReplayError::Zone`].
pub fn rederive(
    log: &dyn EventLog,
    range: RangeInclusive<Position>,
    progress: &mut Progress<'_>,
) -> Result<Rederivation, ReplayError> {
    let zone = book_zone(log)?;
    let (from, to) = (*range.start(), (*range.end()).min(log.head().position));
    let mut found = Rederivation::begin(from.max(Position::START.next()), to);
    let asked = Asked { from: found.from, to };
    let mut state = State::new();
    play(log, to, progress, &mut |chapter| match rule_and_fold(&mut state, chapter) {
        Ok(ruling) => {
            if chapter.last_position() >= from {
                found.from = found.from.min(chapter.position);
                found.to = found.to.max(chapter.last_position());
                found.compare(zone, chapter, &ruling);
            }
            ControlFlow::Continue(())
        }
        Err(contradiction) => {
            found.stop(contradiction);
            ControlFlow::Break(())
        }
    })?;
    found.asked = (asked != Asked { from: found.from, to: found.to }).then_some(asked);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story_book::{log_of, log_of_book, story_of};
    use duizhang_core::amount::Amount;
    use duizhang_core::fact::Fact;
    use duizhang_core::policy::Policy;
    use duizhang_core::testing::{Book, history};
    use duizhang_core::time::Span;
    use duizhang_eventlog::MemoryLog;
    use proptest::prelude::*;

    const WHOLE: RangeInclusive<Position> = Position::START..=Position::new(u64::MAX);

    fn again(story: &[Chapter]) -> Rederivation {
        rederive(&log_of(story), WHOLE, &mut |_, _| {}).expect("every event can be read")
    }

    fn book() -> Book {
        let mut book = Book::default();
        book.open("shop", "A1", 1_000);
        book.pay(1_000);
        book.open("shop", "A2", 2_000);
        book
    }

    fn place_of(story: &[Chapter], wanted: fn(&Fact) -> bool) -> usize {
        story.iter().position(|chapter| wanted(&chapter.fact)).expect("it is in the story")
    }

    #[test]
    fn an_empty_log_has_nothing_to_differ() {
        let found = rederive(&MemoryLog::new(), WHOLE, &mut |_, _| {}).expect("nothing to read");
        assert!(found.is_clean());
        assert_eq!((found.facts, found.decisions), (0, 0));
    }

    #[test]
    fn a_changed_amount_is_found_at_its_position_and_nowhere_else() {
        let mut story = story_of(&book());
        let place = place_of(&story, |fact| matches!(fact, Fact::OrderRequested(_)));
        let Decision::OrderAccepted { payable, .. } = &mut story[place].decisions[0] else {
            panic!("an order is accepted first")
        };
        *payable = Amount::fen(1_001);
        let found = again(&story);
        let first = &found.differences[0];
        assert_eq!(first.position, story[place].position.next());
        assert!(first.recorded.contains("10.01 CNY"), "{first:?}");
        assert!(first.derived.contains("10.00 CNY"), "{first:?}");
        let text = found.text();
        assert!(text.contains(&format!("position {}", first.position)), "{text}");
        assert!(!found.is_clean());
    }

    #[test]
    fn a_dropped_decision_is_found() {
        let mut story = story_of(&book());
        story.pop();
        let payment = story.last_mut().expect("the payment");
        let callback = payment.decisions.pop();
        assert!(matches!(callback, Some(Decision::CallbackScheduled { .. })));
        let place = payment.position.plus(u64::try_from(payment.decisions.len()).unwrap()).next();
        let found = again(&story);
        assert_eq!(found.differing, 1);
        assert_eq!(found.differences[0].position, place);
        assert_eq!(found.differences[0].recorded, "no decision");
    }

    #[test]
    fn a_dropped_fact_leaves_decisions_that_do_not_follow() {
        let mut story = story_of(&book());
        let place = place_of(&story, |fact| matches!(fact, Fact::NotificationReceived(_)));
        let orphaned = story.remove(place).decisions;
        let before = story[place - 1].position;
        story[place - 1].decisions.extend(orphaned);
        let found = again(&story);
        assert!(!found.is_clean());
        assert_eq!(found.differences[0].position, before.plus(2), "{found:?}");
    }

    #[test]
    fn a_dropped_chapter_is_found_by_what_needed_it() {
        let mut story = story_of(&book());
        let place = place_of(&story, |fact| matches!(fact, Fact::OrderRequested(_)));
        story.remove(place);
        let found = again(&story);
        let at = found.stopped.as_ref().map(|stop| stop.position);
        assert!(at.is_some(), "the payment names an order that is not there: {found:?}");
        assert!(found.text().contains("the play ended here"));
    }

    #[test]
    fn another_policy_is_found_by_the_first_decision_that_depends_on_it() {
        let mut book = Book::new(Policy { order_ttl: Span::from_mins(6), ..Policy::default() });
        book.open("shop", "A1", 1_000);
        let mut story = story_of(&book);
        let place = place_of(&story, |fact| matches!(fact, Fact::PolicyActivated(_)));
        let Fact::PolicyActivated(activated) = &mut story[place].fact else {
            panic!("a policy was activated")
        };
        activated.policy = Policy { order_ttl: Span::from_mins(7), ..Policy::default() };
        let found = again(&story);
        let order = place_of(&story, |fact| matches!(fact, Fact::OrderRequested(_)));
        assert_eq!(found.differences[0].position, story[order].position.next());
    }

    #[test]
    fn a_fact_that_the_rules_refuse_or_know_is_named() {
        let mut story = story_of(&book());
        let last = story.last().expect("the second order").clone();
        let again_at = last.last_position().next();
        story.push(Chapter { position: again_at, decisions: Vec::new(), ..last });
        let found = again(&story);
        assert_eq!(found.differences[0].derived, "a repeat, which does not enter the log");
        assert_eq!(found.differences[0].position, again_at);
        let opened = story[0].fact.clone();
        story.last_mut().expect("the repeat").fact = opened;
        let found = again(&story);
        assert_eq!(found.differences[0].derived, "refused: the book is already open");
    }

    #[test]
    fn only_the_range_is_compared_but_everything_is_played() {
        let book = book();
        let story = story_of(&book);
        let last = story.last().expect("the second order");
        let range = last.position..=last.position;
        let found = rederive(&log_of_book(&book), range, &mut |_, _| {}).expect("readable");
        assert_eq!((found.facts, found.decisions), (1, 1));
        assert!(found.is_clean());
    }

    #[test]
    fn a_range_inside_a_chapter_is_widened_to_the_whole_of_it() {
        let mut story = story_of(&book());
        let place = place_of(&story, |fact| matches!(fact, Fact::NotificationReceived(_)));
        let (first, last) = (story[place].position, story[place].last_position());
        assert!(first.next() < last, "the payment has several decisions");
        let inner = first.next();
        let ask = |story: &[Chapter], range: RangeInclusive<Position>| {
            rederive(&log_of(story), range, &mut |_, _| {}).expect("readable")
        };
        let found = ask(&story, inner..=inner);
        assert_eq!((found.from, found.to, found.facts), (first, last, 1));
        assert_eq!(found.asked, Some(Asked { from: inner, to: inner }));
        assert!(found.is_clean());
        assert!(found.text().contains("whole chapters are compared"), "{}", found.text());
        assert_eq!(ask(&story, first..=last).asked, None);
        let two = ask(&story, inner..=last.next());
        assert_eq!((two.from, two.facts), (first, 2));
        // What differs is found, wherever in the chapter one looks.
        story[place].decisions.pop();
        assert_eq!(ask(&story, inner..=inner).differing, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_was_decided_is_derived_again(steps in history(80)) {
            let mut book = Book::default();
            book.play(&steps);
            let story = story_of(&book);
            let mut told = Vec::new();
            let found = rederive(&log_of(&story), WHOLE, &mut |at, end| told.push((at, end)))
                .expect("every event can be read");
            prop_assert!(found.is_clean(), "{}", found.text());
            prop_assert_eq!(found.facts, u64::try_from(story.len()).unwrap());
            let end = book.state.position();
            prop_assert_eq!(told.last(), Some(&(end, end)));
            prop_assert_eq!(found.json(), again(&story).json());
        }
    }
}
