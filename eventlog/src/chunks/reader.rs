//! Reading chunks as events and groups, believing none of them unchecked.
//!
//! Invariants: a chunk is used only if its checksum is right, its key is its position and it
//! continues the chunk before it without a gap; otherwise the first position that cannot be read is
//! named.
//! Deliberately not here: the tail that is not stored yet (`tail.rs`), roots (`verify.rs`
//! recomputes them).

use std::ops::ControlFlow;

use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::bytes::wide;
use crate::chunks::chunk::{Chunk, decode};
use crate::chunks::store::{ChunkStore, key};
use crate::error::Error;
use crate::group::Events;
use crate::log::{GroupHeader, VisitEvent, VisitGroup};

pub(crate) use crate::chunks::store::Direction;

/// How a reading ended.
pub(crate) type Stored = Result<ControlFlow<()>, Error>;

/// Walks the chunks that hold `from..=to`, each checked, in either direction.
fn walk_chunks(
    store: &dyn ChunkStore,
    from: Position,
    to: Position,
    direction: Direction,
    visit: &mut dyn FnMut(&Chunk<'_>) -> ControlFlow<()>,
) -> Stored {
    let damaged = |position, flaw| Error::ChunkDamaged { position, flaw };
    // The chunk that holds `from` may start before it; a piece's first piece certainly does not
    // start after.
    let Some(start) = store.floor(key(from, 0))? else {
        return Err(damaged(from, "no chunk"));
    };
    let mut expected = Expected::new(from, to, direction);
    let mut failure = None;
    let mut flow = ControlFlow::Continue(());
    store.walk(start, key(to, u16::MAX), direction, &mut |stored_key, value| {
        let Some(chunk) = decode(value) else {
            failure = Some(damaged(expected.position, "not a chunk"));
            return ControlFlow::Break(());
        };
        if stored_key != key(chunk.first, chunk.piece) || !expected.accepts(&chunk) {
            failure = Some(damaged(expected.position, "a chunk that does not continue the last"));
            return ControlFlow::Break(());
        }
        expected.advance(&chunk);
        flow = visit(&chunk);
        flow
    })?;
    match failure {
        Some(error) => Err(error),
        None if flow.is_continue() && !expected.is_satisfied(from, to) => {
            Err(damaged(expected.position, "no chunk"))
        }
        None => Ok(flow),
    }
}

/// What the next chunk of a walk must be.
struct Expected {
    direction: Direction,
    /// A position that the next chunk must hold: its first one, or its last one going back. The
    /// chunk that the walk starts with may reach beyond it.
    position: Position,
    started: bool,
    /// The piece to come, in the middle of a large event: its number and how many there are.
    piece: Option<(u16, u16)>,
    exhausted: bool,
}

impl Expected {
    const fn new(from: Position, to: Position, direction: Direction) -> Self {
        let position = match direction {
            Direction::OldestFirst => from,
            Direction::NewestFirst => to,
        };
        Self { direction, position, started: false, piece: None, exhausted: false }
    }

    fn accepts(&self, chunk: &Chunk<'_>) -> bool {
        let holds = chunk.first <= self.position && self.position <= chunk.last();
        let (edge, first_piece) = match self.direction {
            Direction::OldestFirst => (chunk.first, 0),
            Direction::NewestFirst => (chunk.last(), chunk.pieces - 1),
        };
        let placed = if self.started { edge == self.position } else { holds };
        let piece = self.piece.unwrap_or((first_piece, chunk.pieces));
        placed && piece == (chunk.piece, chunk.pieces)
    }

    fn advance(&mut self, chunk: &Chunk<'_>) {
        self.started = true;
        let next_piece = match self.direction {
            Direction::OldestFirst => Some(chunk.piece + 1).filter(|&next| next < chunk.pieces),
            Direction::NewestFirst => chunk.piece.checked_sub(1),
        };
        self.piece = next_piece.map(|next| (next, chunk.pieces));
        if self.piece.is_none() {
            match self.direction {
                Direction::OldestFirst => self.position = chunk.last().next(),
                Direction::NewestFirst => {
                    self.position = Position::new(chunk.first.number() - 1);
                    self.exhausted = self.position == Position::START;
                }
            }
        }
    }

    fn is_satisfied(&self, from: Position, to: Position) -> bool {
        self.piece.is_none()
            && match self.direction {
                Direction::OldestFirst => self.position > to,
                Direction::NewestFirst => self.exhausted || self.position < from,
            }
    }
}

/// Visits the events `from..=to`, all of which must be stored.
pub(crate) fn read_events(
    store: &dyn ChunkStore,
    from: Position,
    to: Position,
    direction: Direction,
    visit: &mut VisitEvent<'_>,
) -> Stored {
    let mut large: Vec<u8> = Vec::new();
    walk_chunks(store, from, to, direction, &mut |chunk| {
        if chunk.pieces == 1 {
            return visit_body(chunk.first, chunk.time, chunk.body, (from, to), direction, visit);
        }
        let ends = match direction {
            Direction::OldestFirst => {
                large.extend_from_slice(chunk.body);
                chunk.piece + 1 == chunk.pieces
            }
            Direction::NewestFirst => {
                large.splice(0..0, chunk.body.iter().copied());
                chunk.piece == 0
            }
        };
        if !ends {
            return ControlFlow::Continue(());
        }
        let flow = visit(chunk.first, chunk.time, &large);
        large.clear();
        flow
    })
}

/// Visits those events of a payload that lie between the bounds.
pub(crate) fn visit_body(
    first: Position,
    time: Timestamp,
    payload: &[u8],
    (from, to): (Position, Position),
    direction: Direction,
    visit: &mut VisitEvent<'_>,
) -> ControlFlow<()> {
    let events = Events::new(payload).enumerate();
    let mut inside = events
        .map(|(number, event)| (first.plus(wide(number)), event))
        .filter(|&(position, _)| from <= position && position <= to);
    match direction {
        Direction::OldestFirst => inside.try_for_each(|(at, event)| visit(at, time, event)),
        Direction::NewestFirst => {
            let forward: Vec<_> = inside.collect();
            forward.into_iter().rev().try_for_each(|(at, event)| visit(at, time, event))
        }
    }
}

/// Visits the groups that end in `from..=to`, all of which must be stored; `to` is the end of a
/// group.
pub(crate) fn read_groups(
    store: &dyn ChunkStore,
    from: Position,
    to: Position,
    visit: &mut VisitGroup<'_>,
) -> Stored {
    walk_chunks(store, from, to, Direction::OldestFirst, &mut |chunk| {
        chunk.group().map_or(ControlFlow::Continue(()), |group| visit(&group))
    })
}

/// The group that the store ends with; nothing where the store is empty or ends in the middle of a
/// group.
pub(crate) fn last_group(store: &dyn ChunkStore) -> Result<LastGroup, Error> {
    let Some(last) = store.floor([u8::MAX; 10])? else { return Ok(LastGroup::Empty) };
    let mut end = LastGroup::Cut;
    store.walk(last, last, Direction::NewestFirst, &mut |stored_key, value| {
        if let Some(chunk) = decode(value).filter(|c| stored_key == key(c.first, c.piece))
            && let Some(group) = chunk.group()
        {
            end = LastGroup::Whole(group);
        }
        ControlFlow::Break(())
    })?;
    Ok(end)
}

/// What a store ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastGroup {
    /// No chunk at all.
    Empty,
    /// A chunk that is damaged or does not end its group.
    Cut,
    /// The last chunk of a group.
    Whole(GroupHeader),
}

/// Checks the chunks of `..=to` from the newest back, until so many bytes have been read, and then
/// the same ones forward: in a damaged sled the two ways lead over different pages, and one may
/// skip what the other finds.
pub(crate) fn check(store: &dyn ChunkStore, to: Position, bytes_max: u64) -> Result<(), Error> {
    let mut bytes = 0;
    let mut from = to;
    let _ = walk_chunks(store, Position::new(1), to, Direction::NewestFirst, &mut |chunk| {
        bytes += wide(chunk.body.len());
        from = chunk.first;
        if bytes < bytes_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let go_on = &mut |_: &Chunk<'_>| ControlFlow::Continue(());
    walk_chunks(store, from, to, Direction::OldestFirst, go_on).map(|_| ())
}
