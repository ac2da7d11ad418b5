//! The next segment, made ahead: zeros are written and synced before anybody waits for them.
//!
//! Overwriting zeros lets a sync skip the file's metadata, which halves its time. A half-used
//! segment orders the next one; the applier's thread makes it between two batches. Where it comes
//! too late, or where there is no such thread, the append that needs it makes it.
//! Invariants: a prepared file holds only zeros and nothing of it is ever believed; each has a name
//! of its own, so that making the next one never touches one that was handed out and is not renamed
//! yet.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bytes::{fits, wide};
use crate::disk::{Disk, DiskFile};

/// How the names of segments begin that have no first position yet.
pub(crate) const PREPARED_PREFIX: &str = "prepared-";
/// Zeros are written and synced in strides, so that an append's sync never waits for all of them.
const STRIDE_BYTES: usize = 1024 * 1024;

/// Makes segments ahead of their use.
pub(crate) struct Preparer {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    wanted: AtomicBool,
    made: Mutex<Made>,
}

/// A blank file that waits for its use.
pub(crate) struct Prepared {
    pub(crate) name: String,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) bytes: u64,
}

#[derive(Default)]
struct Made {
    number: u64,
    ready: Option<Prepared>,
}

impl Preparer {
    pub(crate) fn new(disk: Arc<dyn Disk>, segment_bytes: u64) -> Self {
        Self { disk, segment_bytes, wanted: AtomicBool::new(false), made: Mutex::default() }
    }

    /// Orders the next segment. Cheap; the work is done by [`Preparer::work`].
    pub(crate) fn order(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Makes the ordered segment, if one is ordered. A failure is left to the append that will need
    /// it.
    pub(crate) fn work(&self) {
        if !self.wanted.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.ready.is_none() {
            made.ready = self.make(&mut made, self.segment_bytes).ok();
        }
    }

    /// A blank file of at least the usual size.
    pub(crate) fn take(&self, bytes_min: u64) -> io::Result<Prepared> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match made.ready.take_if(|ready| ready.bytes >= bytes_min) {
            Some(ready) => Ok(ready),
            None => self.make(&mut made, self.segment_bytes.max(bytes_min)),
        }
    }

    fn make(&self, made: &mut Made, bytes: u64) -> io::Result<Prepared> {
        made.number += 1;
        let name = format!("{PREPARED_PREFIX}{}", made.number);
        let file = self.disk.create(&name)?;
        let zeros = vec![0; fits(bytes).map_or(STRIDE_BYTES, |bytes| bytes.min(STRIDE_BYTES))];
        let mut written = 0;
        while written < bytes {
            let stride = fits(bytes - written).map_or(zeros.len(), |left| left.min(zeros.len()));
            file.write_at(written, &zeros[..stride])?;
            file.sync()?;
            written += wide(stride);
        }
        Ok(Prepared { name, file, bytes })
    }
}
