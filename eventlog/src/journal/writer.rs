//! The writing end of the journal.
//!
//! Invariants: one write and one sync for each group; nothing is acknowledged before its sync
//! returned; after any failed write or sync the journal is poisoned for good, because the page
//! cache may show what the disk never got and a second sync may say "fine"; a segment is named only
//! after its block is durable.
//! Deliberately not here: reading back (`reader.rs`) and deciding what a crash left
//! (`recovery.rs`).

use std::io;
use std::sync::Arc;

use duizhang_core::merkle::Frontier;

use crate::bytes::{narrow, wide};
use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::frame::{FRAME_HEADER_BYTES, seal};
use crate::group::Group;
use crate::journal::prepare::{Prepared, Preparer};
use crate::journal::segment::{BLOCK_BYTES, Block, name, seed};
use crate::log::{GroupHeader, Head};

/// The journal of one log.
pub(crate) struct Journal {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) preparer: Arc<Preparer>,
    pub(super) active: Active,
    pub(super) head: Head,
    pub(super) frontier: Frontier,
    /// The header checksum of the last frame.
    pub(super) link: u32,
    pub(super) poisoned: bool,
}

/// The segment that frames are written to.
pub(super) struct Active {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) name: String,
    pub(super) block: Block,
    pub(super) seed: u32,
    /// Where the next frame goes.
    pub(super) used: u64,
    pub(super) capacity: u64,
}

/// A group as it was written: its header, and its frame with the events behind the frame's header.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) header: GroupHeader,
    frame: Vec<u8>,
}

impl Written {
    /// The events, each behind its length.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.frame[FRAME_HEADER_BYTES..]
    }

    /// Bytes that it holds in memory.
    pub(crate) const fn bytes(&self) -> usize {
        self.frame.len()
    }
}

impl Journal {
    /// The durable end.
    pub(crate) const fn head(&self) -> Head {
        self.head
    }

    pub(crate) const fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    pub(crate) fn poison(&mut self) {
        self.poisoned = true;
    }

    pub(crate) fn preparer(&self) -> Arc<Preparer> {
        Arc::clone(&self.preparer)
    }

    /// Makes a group durable.
    pub(crate) fn append(&mut self, group: &Group) -> Result<Written, Error> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        if group.is_empty() {
            return Err(Error::EmptyGroup);
        }
        if group.time() < self.head.time {
            let (head, group) = (self.head.time.micros(), group.time().micros());
            return Err(Error::TimeWentBack { head, group });
        }
        let frame_bytes = wide(FRAME_HEADER_BYTES + group.payload().len());
        let result = self.make_room(frame_bytes).and_then(|()| self.write(group));
        self.poisoned = result.is_err();
        result
    }

    fn write(&mut self, group: &Group) -> Result<Written, Error> {
        // The tree is changed on a copy of a few hashes, so that a failure leaves the head as it
        // was.
        let mut frontier = self.frontier.clone();
        group.leaves().iter().for_each(|&leaf| frontier.push(leaf));
        let header = GroupHeader {
            first: self.head.position.next(),
            count: narrow(group.count()),
            time: group.time(),
            root: frontier.root(),
        };
        let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES + group.payload().len());
        frame.resize(FRAME_HEADER_BYTES, 0);
        frame.extend_from_slice(group.payload());
        let link = seal(&mut frame, &header, self.link, self.active.seed);

        let failed = |action| move |source| (action, source);
        let file = &self.active.file;
        file.write_at(self.active.used, &frame)
            .map_err(failed("writing a group"))
            .and_then(|()| file.sync().map_err(failed("syncing a group")))
            .map_err(|(action, source)| Error::io(action, &self.active.name, source))?;

        assert_eq!(header.last().number(), frontier.size(), "positions are dense");
        self.active.used += wide(frame.len());
        self.head = Head { position: header.last(), time: header.time, root: header.root };
        self.frontier = frontier;
        self.link = link;
        if self.active.used > self.active.capacity / 2 {
            self.preparer.order();
        }
        Ok(Written { header, frame })
    }

    /// Starts a new segment where the frame does not fit the active one.
    fn make_room(&mut self, frame_bytes: u64) -> Result<(), Error> {
        if self.active.used + frame_bytes <= self.active.capacity {
            return Ok(());
        }
        // A segment without frames is replaced: the new one bears its name and takes its place.
        let is_empty = self.active.used == wide(BLOCK_BYTES);
        let active = &self.active.block;
        let block = Block {
            previous: if is_empty { active.previous } else { active.first() },
            time: self.head.time,
            frontier: self.frontier.clone(),
            link: self.link,
        };
        let bytes_min = wide(BLOCK_BYTES) + frame_bytes;
        self.active = start_segment(self.disk.as_ref(), &self.preparer, block, bytes_min)?;
        Ok(())
    }
}

/// Makes a segment that starts with this block, durable down to its name.
pub(super) fn start_segment(
    disk: &dyn Disk,
    preparer: &Preparer,
    block: Block,
    bytes_min: u64,
) -> Result<Active, Error> {
    let name = name(block.first());
    let bytes = block.encode();
    let make = || -> io::Result<Prepared> {
        let prepared = preparer.take(bytes_min)?;
        prepared.file.write_at(0, &bytes)?;
        prepared.file.sync()?;
        disk.rename(&prepared.name, &name)?;
        disk.sync_directory()?;
        Ok(prepared)
    };
    let prepared = make().map_err(|source| Error::io("starting a segment", &name, source))?;
    let (file, capacity) = (prepared.file, prepared.bytes);
    Ok(Active { file, name, block, seed: seed(&bytes), used: wide(BLOCK_BYTES), capacity })
}
