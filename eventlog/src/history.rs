//! The log as a history: its events read as facts with the decisions that were made on them.
//!
//! Invariants: a chapter is visited whole, also where the range ends inside it; an event has one
//! byte form, so two events are equal exactly where their bytes are, and bytes that no writer would
//! have written are refused; whatever cannot be read is named by its position and nothing behind it
//! is visited. Reading and decoding run on a thread of their own, ahead of the visitor by a bounded
//! number of chapters.
//! Deliberately not here: whether a decision follows from its fact (`replay` derives it again), and
//! roots (`verify.rs`).

use std::ops::ControlFlow;
use std::sync::mpsc::{SyncSender, sync_channel};

use duizhang_core::decision::Decision;
use duizhang_core::event::{Chapter, Event};
use duizhang_core::fact::Fact;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;
use serde::Serialize;
use thiserror::Error;

use crate::codec::{self, CodecError};
use crate::error::Error as LogError;
use crate::group::{GROUP_BYTES_MAX, GROUP_EVENTS_MAX, Group, LENGTH_BYTES};
use crate::log::EventLog;

/// Chapters handed over at once: at some 100 ns to decode an event, a batch is a tenth of a
/// millisecond of work, far more than handing it over costs.
const BATCH_CHAPTERS_MAX: usize = 512;
/// Batches that wait for the visitor: four of 512 chapters of about 1 KiB are 2 MiB.
const BATCHES_WAITING_MAX: usize = 4;

/// Why the log could not be read as a history, or a chapter not be written into a group.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The log itself could not be read, or the group took no more.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The bytes are no event.
    #[error("reading of event {position} failed")]
    Undecodable {
        /// Where it lies.
        position: Position,
        /// What the codec said.
        source: CodecError,
    },
    /// The bytes are an event, but not as any writer writes it.
    #[error("event {position} is not stored in the form in which it would be written")]
    ForeignForm {
        /// Where it lies.
        position: Position,
    },
    /// A decision has no fact in front of it: the range starts inside a chapter, or the fact is
    /// gone.
    #[error("event {position} is a decision without the fact that it was made on")]
    DecisionAlone {
        /// Where it lies.
        position: Position,
    },
    /// A fact was asked for, and a decision is there.
    #[error("event {position} is a decision and no fact")]
    NotAFact {
        /// Where it lies.
        position: Position,
    },
    /// Nothing is there.
    #[error("the log has no event {position}")]
    NoEvent {
        /// What was asked for.
        position: Position,
    },
    /// An event could not be encoded.
    #[error("writing of the chapter at {position} failed")]
    Unencodable {
        /// The place of its fact.
        position: Position,
        /// What the codec said.
        source: CodecError,
    },
}

/// [`Event`] by reference, with the same stored form, so that writing clones nothing.
#[derive(Serialize)]
enum EventRef<'a> {
    Fact { at: Timestamp, fact: &'a Fact },
    Decision(&'a Decision),
}

/// Visits every chapter whose fact lies in `from..=to`, the oldest first, until the visitor breaks.
///
/// # Errors
/// [`HistoryError`] names the first event that cannot be read; what is visited before are the
/// chapters that are known to be whole.
pub fn chapters(
    log: &dyn EventLog,
    from: Position,
    to: Position,
    visit: &mut dyn FnMut(Chapter) -> ControlFlow<()>,
) -> Result<(), HistoryError> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(BATCHES_WAITING_MAX);
        let reader = scope.spawn(move || Reader::new(to, sender).read(log, from));
        // Leaving the loop drops the receiver, and the reader stops at its next batch.
        'visiting: for batch in receiver {
            for chapter in batch {
                if visit(chapter).is_break() {
                    break 'visiting;
                }
            }
        }
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reads the fact at a position.
///
/// # Errors
/// [`HistoryError::NoEvent`], [`HistoryError::NotAFact`], or why it cannot be read.
pub fn fact_at(log: &dyn EventLog, position: Position) -> Result<(Timestamp, Fact), HistoryError> {
    let mut found = Err(HistoryError::NoEvent { position });
    let mut scratch = Vec::new();
    log.scan(position..=position, &mut |_, _, bytes| {
        found = decode(position, bytes, &mut scratch);
        ControlFlow::Break(())
    })?;
    match found? {
        Event::Fact { at, fact } => Ok((at, fact)),
        Event::Decision(_) => Err(HistoryError::NotAFact { position }),
    }
}

/// Adds the events of a chapter to a group, all or none.
///
/// # Errors
/// [`LogError::GroupFull`] and [`LogError::EventTooLarge`] inside [`HistoryError::Log`], or
/// [`HistoryError::Unencodable`]; the group is then as it was before.
pub fn write(chapter: &Chapter, group: &mut Group) -> Result<(), HistoryError> {
    let mut bytes = Vec::new();
    let mut ends = Vec::with_capacity(chapter.decisions.len().saturating_add(1));
    let fact = EventRef::Fact { at: chapter.at, fact: &chapter.fact };
    let events = chapter.decisions.iter().map(EventRef::Decision);
    for event in std::iter::once(fact).chain(events) {
        codec::encode(&event, &mut bytes)
            .map_err(|source| HistoryError::Unencodable { position: chapter.position, source })?;
        ends.push(bytes.len());
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let spans: Vec<_> = starts.zip(ends.iter().copied()).map(|(start, end)| start..end).collect();
    let lengths = ends.len().saturating_mul(LENGTH_BYTES);
    let whole = group.payload().len().saturating_add(bytes.len()).saturating_add(lengths);
    let count = group.count().saturating_add(ends.len());
    let largest = spans.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    if largest > crate::group::EVENT_BYTES_MAX {
        return Err(LogError::EventTooLarge { bytes: largest }.into());
    }
    if count > GROUP_EVENTS_MAX || whole > GROUP_BYTES_MAX {
        return Err(LogError::GroupFull.into());
    }
    for span in spans {
        group.push(&bytes[span])?;
    }
    Ok(())
}

/// Decodes one event and makes sure that it is stored as it would be written.
fn decode(position: Position, bytes: &[u8], scratch: &mut Vec<u8>) -> Result<Event, HistoryError> {
    let event: Event =
        codec::decode(bytes).map_err(|source| HistoryError::Undecodable { position, source })?;
    scratch.clear();
    codec::encode(&event, scratch)
        .map_err(|source| HistoryError::Unencodable { position, source })?;
    if scratch == bytes { Ok(event) } else { Err(HistoryError::ForeignForm { position }) }
}

/// The visitor is gone, or the range has ended.
struct Done;

/// Collects events into chapters and chapters into batches.
struct Reader {
    to: Position,
    sender: SyncSender<Vec<Chapter>>,
    open: Option<Chapter>,
    batch: Vec<Chapter>,
    scratch: Vec<u8>,
}

impl Reader {
    fn new(to: Position, sender: SyncSender<Vec<Chapter>>) -> Self {
        Self { to, sender, open: None, batch: Vec::new(), scratch: Vec::new() }
    }

    fn read(mut self, log: &dyn EventLog, from: Position) -> Result<(), HistoryError> {
        let mut failure = None;
        // The last chapter may reach beyond the range, so the scan does not end with it.
        let read = log.scan(from..=log.head().position, &mut |position, _, bytes| {
            match decode(position, bytes, &mut self.scratch).map(|event| self.take(position, event))
            {
                Ok(Ok(ControlFlow::Continue(()))) => return ControlFlow::Continue(()),
                Ok(Ok(ControlFlow::Break(Done))) => {}
                Ok(Err(error)) | Err(error) => failure = Some(error),
            }
            ControlFlow::Break(())
        });
        let error = failure.or(read.err().map(HistoryError::Log));
        if error.is_none() {
            self.batch.extend(self.open.take());
        }
        // A visitor that is gone does not want the rest.
        self.sender.send(self.batch).ok();
        error.map_or(Ok(()), Err)
    }

    fn take(
        &mut self,
        position: Position,
        event: Event,
    ) -> Result<ControlFlow<Done>, HistoryError> {
        match event {
            Event::Decision(decision) => {
                let chapter = self.open.as_mut().ok_or(HistoryError::DecisionAlone { position })?;
                chapter.decisions.push(decision);
            }
            Event::Fact { at, fact } => {
                self.batch.extend(self.open.take());
                if position > self.to {
                    return Ok(ControlFlow::Break(Done));
                }
                self.open = Some(Chapter { position, at, fact, decisions: Vec::new() });
                if self.batch.len() >= BATCH_CHAPTERS_MAX {
                    let next = Vec::with_capacity(BATCH_CHAPTERS_MAX);
                    let full = std::mem::replace(&mut self.batch, next);
                    if self.sender.send(full).is_err() {
                        return Ok(ControlFlow::Break(Done));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryLog;
    use duizhang_core::fact::HeartbeatReceived;
    use duizhang_core::id::{DeviceId, OrderId};
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp::from_secs(1_763_700_000);

    fn chapter(position: u64, decisions: u64) -> Chapter {
        let fact = if decisions == 0 {
            let device = DeviceId::new("phone-1").expect("a plain word is a name");
            Fact::HeartbeatReceived(HeartbeatReceived { device, sent_at: Some(NOON) })
        } else {
            Fact::ClockTicked
        };
        let released = |number: u64| Decision::AmountReleased {
            order: OrderId::from_bits(u128::from(position + number)),
        };
        let decisions = (0..decisions).map(released).collect();
        Chapter { position: Position::new(position), at: NOON, fact, decisions }
    }

    /// Chapters with so many decisions each, on places that follow each other.
    fn story(counts: &[u64]) -> Vec<Chapter> {
        let mut next = 1;
        let mut chapters = Vec::new();
        for count in counts {
            chapters.push(chapter(next, *count));
            next += 1 + count;
        }
        chapters
    }

    fn log_of(chapters: &[Chapter], in_a_group: usize) -> MemoryLog {
        let log = MemoryLog::new();
        for some in chapters.chunks(in_a_group) {
            let mut group = Group::new(NOON);
            for chapter in some {
                write(chapter, &mut group).expect("a few small events fit");
            }
            log.append(&group).expect("a healthy disk");
        }
        log
    }

    fn log_of_bytes(events: &[&[u8]]) -> MemoryLog {
        let log = MemoryLog::new();
        let mut group = Group::new(NOON);
        for event in events {
            group.push(event).expect("a few small events fit");
        }
        log.append(&group).expect("a healthy disk");
        log
    }

    fn encoded(event: &Event) -> Vec<u8> {
        let mut bytes = Vec::new();
        codec::encode(event, &mut bytes).expect("an event encodes");
        bytes
    }

    fn read(log: &dyn EventLog, from: u64, to: u64) -> (Vec<Chapter>, Result<(), HistoryError>) {
        let mut visited = Vec::new();
        let result = chapters(log, Position::new(from), Position::new(to), &mut |chapter| {
            visited.push(chapter);
            ControlFlow::Continue(())
        });
        (visited, result)
    }

    const TICK: Event = Event::Fact { at: NOON, fact: Fact::ClockTicked };

    fn release(bits: u128) -> Event {
        Event::Decision(Decision::AmountReleased { order: OrderId::from_bits(bits) })
    }

    #[test]
    fn a_decision_without_its_fact_is_named() {
        let log = log_of_bytes(&[&encoded(&release(1)), &encoded(&TICK)]);
        let (visited, result) = read(&log, 1, 2);
        assert_eq!(visited, []);
        assert_eq!(
            result.expect_err("no fact in front").to_string(),
            "event 1 is a decision without the fact that it was made on"
        );
        let log = log_of(&story(&[2, 0]), 2);
        assert!(matches!(
            read(&log, 2, 4).1,
            Err(HistoryError::DecisionAlone { position }) if position == Position::new(2)
        ));
    }

    #[test]
    fn what_is_no_event_is_named_and_nothing_behind_it_is_visited() {
        let (tick, unknown, cut) = (encoded(&TICK), [9_u8, 0], &encoded(&release(1))[..2]);
        for bad in [&unknown[..], cut, &[]] {
            let log = log_of_bytes(&[&tick, &tick, bad, &tick]);
            let (visited, result) = read(&log, 1, 4);
            // The second tick may have lost a decision, so it is not known to be whole.
            assert_eq!(visited, [Chapter { decisions: Vec::new(), ..chapter(1, 1) }]);
            let error = result.expect_err("damaged");
            assert_eq!(error.to_string(), "reading of event 3 failed");
            assert!(std::error::Error::source(&error).is_some());
        }
    }

    #[test]
    fn bytes_that_no_writer_writes_are_refused_although_they_decode() {
        let plain = encoded(&release(5));
        assert_eq!(plain.last(), Some(&5));
        // The same number as a 16-bit one: the codec reads it, and never writes it.
        let mut foreign = plain[..plain.len() - 1].to_vec();
        foreign.extend([0xfb, 5, 0]);
        assert_eq!(codec::decode::<Event>(&foreign).expect("decodes"), release(5));
        let log = log_of_bytes(&[&encoded(&TICK), &foreign]);
        assert!(matches!(
            read(&log, 1, 2).1,
            Err(HistoryError::ForeignForm { position }) if position == Position::new(2)
        ));
    }

    #[test]
    fn one_fact_is_read_by_its_place() {
        let log = log_of(&story(&[1, 0]), 9);
        let (at, fact) = fact_at(&log, Position::new(3)).expect("a fact is there");
        assert_eq!((at, fact), (NOON, chapter(3, 0).fact));
        let decision = fact_at(&log, Position::new(2)).expect_err("a decision");
        assert_eq!(decision.to_string(), "event 2 is a decision and no fact");
        for nowhere in [0, 4] {
            let error = fact_at(&log, Position::new(nowhere)).expect_err("nothing there");
            assert_eq!(error.to_string(), format!("the log has no event {nowhere}"));
        }
    }

    #[test]
    fn a_chapter_that_does_not_fit_leaves_the_group_as_it_was() {
        let mut group = Group::new(NOON);
        for _ in 0..GROUP_EVENTS_MAX - 2 {
            group.push(b"x").expect("within the limit");
        }
        let refused = write(&chapter(1, 2), &mut group).expect_err("three events for two places");
        assert!(matches!(refused, HistoryError::Log(LogError::GroupFull)), "{refused}");
        assert_eq!(group.count(), GROUP_EVENTS_MAX - 2);
        write(&chapter(1, 1), &mut group).expect("two events for two places");
    }

    #[test]
    fn events_by_reference_have_the_stored_form() {
        let chapter = chapter(1, 1);
        let mut group = Group::new(NOON);
        write(&chapter, &mut group).expect("fits");
        let whole = [TICK, Event::Decision(chapter.decisions[0].clone())].map(|e| encoded(&e));
        assert_eq!(group.events().collect::<Vec<_>>(), whole);
    }

    #[test]
    fn a_visitor_may_leave_early_in_a_long_log() {
        let all = story(&vec![0; 4 * BATCH_CHAPTERS_MAX * BATCHES_WAITING_MAX]);
        let log = log_of(&all, GROUP_EVENTS_MAX);
        let mut visited = 0;
        let result = chapters(&log, Position::new(1), Position::new(u64::MAX), &mut |_| {
            visited += 1;
            if visited == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(result.is_ok());
        assert_eq!(visited, 3);
        assert_eq!(read(&log, 1, u64::MAX).0, all);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_range_gives_its_chapters_whole(
            counts in prop::collection::vec(0_u64..5, 0..30),
            in_a_group in 1_usize..6,
            start: prop::sample::Index,
            length in 0_u64..80,
        ) {
            let all = story(&counts);
            let log = log_of(&all, in_a_group);
            prop_assert_eq!(&read(&log, 0, u64::MAX).0, &all);
            if !all.is_empty() {
                let from = all[start.index(all.len())].position.number();
                let to = from + length;
                let inside = |c: &&Chapter| (from..=to).contains(&c.position.number());
                let expected: Vec<_> = all.iter().filter(inside).cloned().collect();
                let (visited, result) = read(&log, from, to);
                prop_assert!(result.is_ok());
                prop_assert_eq!(visited, expected);
            }
        }
    }
}
