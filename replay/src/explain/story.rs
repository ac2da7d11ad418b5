//! Telling the story of one thing: its events in the order of the log, and where it stands.
//!
//! Invariants: every sentence of the story names the position that it rests on; a fact that the
//! story is about is told with all its decisions, any other only with those that name it.
//! Deliberately not here: which events belong to it (`threads`), how it stands (`standing`).

use std::ops::ControlFlow;

use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::position::Position;
use duizhang_eventlog::EventLog;
use duizhang_projections::projection::Projection;
use duizhang_projections::views::Views;
use serde::Serialize;

use super::standing::standing;
use super::subject::Subject;
use super::threads::Threads;
use crate::error::ReplayError;
use crate::play::{Progress, book_zone, guarded, play};
use crate::sentences::{Teller, listed};
use crate::spelling;

/// One event of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoryEvent {
    /// Its place in the log.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// The log time of its fact.
    pub at: String,
    /// `fact` or `decision`.
    pub kind: &'static str,
    /// What happened.
    pub text: String,
}

/// The story of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// What kind of thing it is.
    pub kind: &'static str,
    /// Which one.
    pub id: String,
    /// The last position that this story knows.
    #[serde(serialize_with = "spelling::position")]
    pub position: Position,
    /// What happened, oldest first.
    pub events: Vec<StoryEvent>,
    /// Where it stands, and why.
    pub standing: Vec<String>,
}

impl Story {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("The story of {} {}\n", self.kind, self.id);
        for event in &self.events {
            if event.kind == "fact" {
                text += &format!("\n{}\n", event.at);
            }
            text += &format!("  {:>8}  {}\n", event.position.number(), event.text);
        }
        text += &format!("\nAs of position {}\n", self.position);
        for sentence in &self.standing {
            text += &format!("  {sentence}\n");
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        spelling::document(self)
    }
}

/// Tells the story of a subject.
///
/// # Errors
/// [`ReplayError::NotFound`] where the log does not know it, [`ReplayError::SeveralOrders`] where
/// several merchants used the number, or why the log cannot be played.
pub fn explain(
    log: &dyn EventLog,
    subject: &Subject,
    progress: &mut Progress<'_>,
) -> Result<Story, ReplayError> {
    match (tell(log, subject, progress), subject) {
        // A merchant may number its orders in the form of our ids.
        (Err(ReplayError::NotFound { .. }), Subject::Order(id)) => {
            tell(log, &Subject::OrderNumber(id.to_string()), progress)
        }
        (told, _) => told,
    }
}

fn tell(
    log: &dyn EventLog,
    subject: &Subject,
    progress: &mut Progress<'_>,
) -> Result<Story, ReplayError> {
    let mut teller = Storyteller {
        teller: Teller(book_zone(log)?),
        threads: Threads::of(subject),
        views: Views::default(),
        events: Vec::new(),
        known: false,
    };
    let mut broken = None;
    play(log, Position::new(u64::MAX), progress, &mut |chapter| match guarded(chapter, || {
        teller.take(subject, chapter)
    }) {
        Ok(()) => ControlFlow::Continue(()),
        Err(contradiction) => {
            broken = Some(contradiction);
            ControlFlow::Break(())
        }
    })?;
    match broken {
        Some(contradiction) => Err(contradiction.into()),
        None => teller.story(subject),
    }
}

struct Storyteller {
    teller: Teller,
    threads: Threads,
    views: Views,
    events: Vec<StoryEvent>,
    known: bool,
}

impl Storyteller {
    fn take(&mut self, subject: &Subject, chapter: &Chapter) {
        self.views.fold(chapter);
        self.threads.learn(chapter);
        self.known |= chapter.decisions.iter().any(|decision| brings(subject, decision))
            || matches!(subject, Subject::OrderNumber(_)) && !self.threads.orders.is_empty();
        let whole = self.threads.fact(&chapter.fact);
        if !whole && !chapter.decisions.iter().any(|decision| self.threads.decision(decision)) {
            return;
        }
        let at = self.teller.0.rfc3339(chapter.at);
        let mut position = chapter.position;
        let text = self.teller.fact(&chapter.fact);
        self.events.push(StoryEvent { position, at: at.clone(), kind: "fact", text });
        for decision in &chapter.decisions {
            position = position.next();
            if whole || self.threads.decision(decision) {
                let text = self.teller.decision(decision);
                self.events.push(StoryEvent { position, at: at.clone(), kind: "decision", text });
            }
        }
    }

    fn story(self, subject: &Subject) -> Result<Story, ReplayError> {
        let (kind, id) = (subject.kind(), subject.id());
        if !self.known {
            return Err(ReplayError::NotFound { kind, id });
        }
        let orders: Vec<_> = self.threads.orders.iter().copied().collect();
        if orders.len() > 1 {
            return Err(ReplayError::SeveralOrders { number: id, orders: listed(&orders) });
        }
        let standing = standing(subject, &self.threads, &self.views, self.teller.0);
        Ok(Story { kind, id, position: self.views.position, events: self.events, standing })
    }
}

/// Whether the decision is the one with which the subject came to be.
fn brings(subject: &Subject, decision: &Decision) -> bool {
    match (subject, decision) {
        (Subject::Order(id), Decision::OrderAccepted { order, .. }) => id == order,
        (Subject::Notification(id), Decision::NotificationJudged { notification, .. }) => {
            id == notification
        }
        (Subject::Payment(id), Decision::PaymentObserved { payment, .. }) => id == payment,
        (Subject::Break(id), Decision::BreakOpened { id: opened, .. }) => id == opened,
        (Subject::Callback(id), Decision::CallbackScheduled { callback, .. }) => id == callback,
        _ => false,
    }
}
