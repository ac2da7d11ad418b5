//! Reading segments back: the frames of one, and all of them from the first on.
//!
//! Invariants: a frame is handed out only if it continues the one before it (position, link, time)
//! and its events hash to its root; whatever else stands in a segment is either blank or named as
//! damage.
//! Deliberately not here: what a torn end means (`recovery.rs` decides for the last segment; in a
//! closed segment it is damage).

use std::sync::Arc;

use duizhang_core::merkle::{Frontier, leaf_hash};
use duizhang_core::position::Position;

use crate::bytes::{fits, wide};
use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::frame::{self, Frame, FrameFlaw};
use crate::group::Events;
use crate::journal::segment::{BLOCK_BYTES, Block, first_of_name, name, seed};
use crate::log::Head;

/// The segments of a journal by name, the oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Segments(Vec<Position>);

/// One segment in memory.
pub(super) struct Loaded {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) name: String,
    pub(super) block: Block,
    pub(super) seed: u32,
    pub(super) bytes: Vec<u8>,
}

/// The state of the log after the frames read so far.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub(super) head: Head,
    pub(super) frontier: Frontier,
    pub(super) link: u32,
    /// Where in the segment the next frame starts.
    pub(super) used: usize,
    /// Where the last frame starts; the block's end where there is none.
    pub(super) last_frame: usize,
}

/// Why reading a segment's frames ended.
pub(super) enum End {
    /// Only zeros follow.
    Blank,
    /// Something follows that is not a whole frame.
    Broken,
}

impl Segments {
    /// The segments on the disk.
    pub(crate) fn list(disk: &dyn Disk) -> Result<Self, Error> {
        let names = disk.list().map_err(|source| Error::io("listing", &disk.place(), source))?;
        let mut firsts: Vec<_> = names.iter().filter_map(|name| first_of_name(name)).collect();
        firsts.sort_unstable();
        Ok(Self(firsts))
    }

    /// Checks that no segment is missing: the first starts at 1, and each names the one before it.
    pub(super) fn check_links(&self, disk: &dyn Disk) -> Result<(), Error> {
        let mut previous = Position::START;
        for &first in &self.0 {
            let named = load_block(disk, first)?.0.previous;
            if named != previous || (previous == Position::START && first != Position::new(1)) {
                let lost = if named > previous { named } else { previous.next() };
                return Err(Error::SegmentMissing { first: lost });
            }
            previous = first;
        }
        Ok(())
    }

    /// The first position of the last segment that starts at or before `position`.
    fn holding(&self, position: Position) -> usize {
        self.0.partition_point(|&first| first <= position).saturating_sub(1)
    }

    pub(super) fn last(&self) -> Option<Position> {
        self.0.last().copied()
    }

    /// Visits each group that ends at `from` or later, up to `to`, reading the segments that hold
    /// them.
    pub(crate) fn read(
        &self,
        disk: &dyn Disk,
        from: Position,
        to: Position,
        visit: &mut dyn FnMut(&Frame<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let start = self.holding(from);
        for (number, &first) in self.0.iter().enumerate().skip(start) {
            if first > to {
                break;
            }
            let loaded = Loaded::load(disk, first)?;
            let mut progress = loaded.start();
            loaded.frames(&mut progress, &mut |frame| {
                let last = frame.header.group.last();
                if last >= from && last <= to { visit(frame) } else { Ok(()) }
            })?;
            let reached = progress.head.position;
            let must_reach =
                self.0.get(number + 1).map_or(to, |&next| Position::new(next.number() - 1).min(to));
            if reached < must_reach {
                return Err(loaded.damaged(progress.used, "frames that the log needs are not here"));
            }
        }
        Ok(())
    }

    /// The head of the log as it was at `position`; nothing where no group ended there.
    pub(crate) fn head_at(
        &self,
        disk: &dyn Disk,
        position: Position,
    ) -> Result<Option<Head>, Error> {
        let Some(&first) = self.0.get(self.holding(position)) else { return Ok(None) };
        let loaded = Loaded::load(disk, first)?;
        let mut progress = loaded.start();
        let mut found = (progress.head.position == position).then_some(progress.head);
        loaded.frames(&mut progress, &mut |frame| {
            let group = frame.header.group;
            if group.last() == position {
                found = Some(Head { position, time: group.time, root: group.root });
            }
            Ok(())
        })?;
        Ok(found)
    }
}

fn load_block(disk: &dyn Disk, first: Position) -> Result<(Block, Vec<u8>), Error> {
    let name = name(first);
    let mut bytes = vec![0; BLOCK_BYTES];
    disk.open(&name)
        .and_then(|file| file.read_at(0, &mut bytes))
        .map_err(|source| Error::io("reading the block of segment", &name, source))?;
    match Block::decode(&bytes) {
        Some(block) if block.first() == first => Ok((block, bytes)),
        _ => Err(Error::SegmentDamaged { file: name, offset: 0, flaw: "not its block" }),
    }
}

impl Loaded {
    pub(super) fn load(disk: &dyn Disk, first: Position) -> Result<Self, Error> {
        let name = name(first);
        let (block, block_bytes) = load_block(disk, first)?;
        let read = || {
            let file = disk.open(&name)?;
            let length = fits(file.size()?).ok_or(std::io::ErrorKind::FileTooLarge)?;
            let mut bytes = vec![0; length];
            file.read_at(0, &mut bytes)?;
            Ok((file, bytes))
        };
        let (file, bytes) = read().map_err(|source| Error::io("reading segment", &name, source))?;
        Ok(Self { file, name, block, seed: seed(&block_bytes), bytes })
    }

    /// Before the first frame.
    pub(super) fn start(&self) -> Progress {
        Progress {
            head: self.block.head(),
            frontier: self.block.frontier.clone(),
            link: self.block.link,
            used: BLOCK_BYTES,
            last_frame: BLOCK_BYTES,
        }
    }

    pub(super) fn damaged(&self, offset: usize, flaw: &'static str) -> Error {
        Error::SegmentDamaged { file: self.name.clone(), offset: wide(offset), flaw }
    }

    /// Visits the frames up to the first place that holds none.
    pub(super) fn frames(
        &self,
        progress: &mut Progress,
        visit: &mut dyn FnMut(&Frame<'_>) -> Result<(), Error>,
    ) -> Result<End, Error> {
        loop {
            match frame::decode(&self.bytes[progress.used..], self.seed) {
                Ok(frame) => {
                    self.check(&frame, progress)?;
                    visit(&frame)?;
                }
                Err(FrameFlaw::Blank) if self.is_blank_from(progress.used) => {
                    return Ok(End::Blank);
                }
                Err(FrameFlaw::Blank | FrameFlaw::Broken) => return Ok(End::Broken),
                Err(FrameFlaw::UnknownCodec) => {
                    return Err(self.damaged(progress.used, "a codec that this program lacks"));
                }
            }
        }
    }

    /// Checks that a whole frame continues the log, and advances behind it.
    fn check(&self, frame: &Frame<'_>, progress: &mut Progress) -> Result<(), Error> {
        let group = frame.header.group;
        if group.first != progress.head.position.next() || frame.header.link != progress.link {
            return Err(self.damaged(progress.used, "a frame that does not continue the last one"));
        }
        if group.time < progress.head.time {
            return Err(self.damaged(progress.used, "a frame whose time goes back"));
        }
        Events::new(frame.payload).for_each(|event| progress.frontier.push(leaf_hash(event)));
        if progress.frontier.root() != group.root {
            return Err(Error::RootMismatch { first: group.first, last: group.last() });
        }
        progress.head = Head { position: group.last(), time: group.time, root: group.root };
        progress.link = frame.header.checksum;
        progress.last_frame = progress.used;
        progress.used += frame.bytes();
        Ok(())
    }

    fn is_blank_from(&self, offset: usize) -> bool {
        self.bytes[offset..].iter().all(|&byte| byte == 0)
    }
}

/// Reads every segment strictly up to the position `to`; what stands behind it may be in the
/// making.
pub(crate) fn recheck(disk: &dyn Disk, to: Position) -> Result<Head, Error> {
    let segments = Segments::list(disk)?;
    segments.check_links(disk)?;
    let mut head = Head::empty();
    let mut link = 0;
    for &first in &segments.0 {
        let loaded = Loaded::load(disk, first)?;
        if loaded.block.head() != head || loaded.block.link != link {
            return Err(loaded.damaged(0, "a block that does not continue the segment before it"));
        }
        let mut progress = loaded.start();
        let end = loaded.frames(&mut progress, &mut |_| Ok(()))?;
        (head, link) = (progress.head, progress.link);
        if head.position >= to {
            return Ok(head);
        }
        if let End::Broken = end {
            return Err(loaded.damaged(progress.used, "not a frame"));
        }
    }
    if head.position < to {
        return Err(Error::SegmentMissing { first: head.position.next() });
    }
    Ok(head)
}
