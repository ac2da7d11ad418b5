//! Opening a journal: what the last crash left, and what of it counts.
//!
//! A group is there whole or not at all. A broken end of the last segment with nothing behind it is
//! a write that was cut short, never acknowledged, and ends the log; a broken frame with a whole
//! one behind it is damage and refused by name, because something acknowledged is lost.
//! Invariants: [`recover`] changes nothing of what is there, so that a refused opening leaves the
//! evidence; [`Recovered::settle`] rewrites the last frame before anybody relies on it: after a
//! failed sync only a new write reaches the disk, while a new sync alone may lie.

use std::io;
use std::sync::Arc;

use duizhang_core::merkle::Frontier;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::bytes::{fits, wide};
use crate::disk::Disk;
use crate::error::Error;
use crate::frame::{self, FRAME_MAGIC, FrameFlaw};
use crate::journal::prepare::{PREPARED_PREFIX, Preparer};
use crate::journal::reader::{End, Loaded, Progress, Segments};
use crate::journal::segment::{BLOCK_BYTES, Block};
use crate::journal::writer::{Active, Journal, start_segment};
use crate::log::Head;

/// A journal that was read and not yet changed.
pub(crate) struct Recovered {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    segments: Segments,
    last: Option<(Loaded, Progress)>,
    torn_bytes: u64,
}

/// Reads the journal on the disk.
pub(crate) fn recover(disk: Arc<dyn Disk>, segment_bytes: u64) -> Result<Recovered, Error> {
    let segments = Segments::list(disk.as_ref())?;
    segments.check_links(disk.as_ref())?;
    let mut recovered = Recovered { disk, segment_bytes, segments, last: None, torn_bytes: 0 };
    let Some(first) = recovered.segments.last() else { return Ok(recovered) };
    let loaded = Loaded::load(recovered.disk.as_ref(), first)?;
    let mut progress = loaded.start();
    if let End::Broken = loaded.frames(&mut progress, &mut |_| Ok(()))? {
        refuse_a_frame_behind(&loaded, &progress)?;
        let written = loaded.bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        recovered.torn_bytes = wide(written.saturating_sub(progress.used));
    }
    recovered.last = Some((loaded, progress));
    Ok(recovered)
}

/// Looks for a whole later frame behind a broken one. Only one write is ever under way, so there is
/// none unless something that was durable has been damaged. Copies of earlier frames inside events
/// do not count.
fn refuse_a_frame_behind(loaded: &Loaded, progress: &Progress) -> Result<(), Error> {
    let broken = progress.used;
    let behind = &loaded.bytes[broken + 1..];
    let magics = behind.windows(FRAME_MAGIC.len()).enumerate().filter(|(_, w)| *w == FRAME_MAGIC);
    for (offset, _) in magics {
        let whole = match frame::decode(&behind[offset..], loaded.seed) {
            Ok(frame) => frame.header.group.first > progress.head.position,
            Err(FrameFlaw::UnknownCodec) => true,
            Err(FrameFlaw::Blank | FrameFlaw::Broken) => false,
        };
        if whole {
            return Err(loaded.damaged(broken, "a broken frame with a whole one behind it"));
        }
    }
    Ok(())
}

impl Recovered {
    /// The durable end.
    pub(crate) fn head(&self) -> Head {
        self.last.as_ref().map_or_else(Head::empty, |(_, progress)| progress.head)
    }

    /// Bytes of a write that was cut short behind the end.
    pub(crate) const fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    pub(crate) const fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Makes the end durable, blanks what was torn, and yields the writing end.
    pub(crate) fn settle(self) -> Result<Journal, Error> {
        let disk = self.disk;
        let place = disk.place();
        let preparer = Arc::new(Preparer::new(Arc::clone(&disk), self.segment_bytes));
        let failed = |source| Error::io("settling the journal", &place, source);
        for name in disk.list().map_err(failed)? {
            if name.starts_with(PREPARED_PREFIX) {
                disk.remove(&name).map_err(failed)?;
            }
        }
        let (active, progress) = match self.last {
            Some((loaded, progress)) => {
                let active = settle_last(loaded, &progress, self.torn_bytes).map_err(failed)?;
                disk.sync_directory().map_err(failed)?;
                (active, progress)
            }
            None => start_first(disk.as_ref(), &preparer)?,
        };
        let Progress { head, frontier, link, .. } = progress;
        Ok(Journal { disk, preparer, active, head, frontier, link, poisoned: false })
    }
}

/// Writes the last frame once more (or the block, where there is no frame), zeros over the torn
/// bytes, and syncs.
fn settle_last(loaded: Loaded, progress: &Progress, torn_bytes: u64) -> io::Result<Active> {
    let from = if progress.used == BLOCK_BYTES { 0 } else { progress.last_frame };
    loaded.file.write_at(wide(from), &loaded.bytes[from..progress.used])?;
    let torn = fits(torn_bytes).unwrap_or(0);
    if torn > 0 {
        loaded.file.write_at(wide(progress.used), &vec![0; torn])?;
    }
    loaded.file.sync()?;
    let Loaded { file, name, block, seed, bytes } = loaded;
    Ok(Active { file, name, block, seed, used: wide(progress.used), capacity: wide(bytes.len()) })
}

/// The first segment of a new log.
fn start_first(disk: &dyn Disk, preparer: &Preparer) -> Result<(Active, Progress), Error> {
    let block = Block {
        previous: Position::START,
        time: Timestamp::MIN,
        frontier: Frontier::new(),
        link: 0,
    };
    let active = start_segment(disk, preparer, block, wide(BLOCK_BYTES))?;
    let progress = Progress {
        head: Head::empty(),
        frontier: Frontier::new(),
        link: 0,
        used: BLOCK_BYTES,
        last_frame: BLOCK_BYTES,
    };
    Ok((active, progress))
}
