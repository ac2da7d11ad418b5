//! The next segment, made ahead: zeros are written and synced before anybody waits for them.
//!
//! Overwriting zeros lets a sync skip the file's metadata, which halves its time. A half-used segment orders
//! the next one; the applier's thread makes it between two batches. Where it comes too late, or where there
//! is no such thread, the append that needs it makes it.
//! Invariants: at most one prepared file exists; it holds only zeros and nothing of it is ever believed.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bytes::{fits, wide};
use crate::disk::{Disk, DiskFile};

/// The name of a segment that has no first position yet.
pub(crate) const PREPARED_NAME: &str = "prepared";
/// Zeros are written and synced in strides, so that an append's sync never waits for all of them.
const STRIDE_BYTES: usize = 1024 * 1024;

/// Makes segments ahead of their use.
pub(crate) struct Preparer {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    wanted: AtomicBool,
    ready: Mutex<Option<Arc<dyn DiskFile>>>,
}

impl Preparer {
    pub(crate) fn new(disk: Arc<dyn Disk>, segment_bytes: u64) -> Self {
        Self { disk, segment_bytes, wanted: AtomicBool::new(false), ready: Mutex::new(None) }
    }

    /// Orders the next segment. Cheap; the work is done by [`Preparer::work`].
    pub(crate) fn order(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Makes the ordered segment, if one is ordered. A failure is left to the append that will need it.
    pub(crate) fn work(&self) {
        if !self.wanted.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.is_none() {
            *ready = self.make(self.segment_bytes).ok();
        }
    }

    /// A blank file under [`PREPARED_NAME`] of at least the usual size, and its size.
    pub(crate) fn take(&self, bytes_min: u64) -> io::Result<(Arc<dyn DiskFile>, u64)> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        match ready.take() {
            Some(file) if bytes_min <= self.segment_bytes => Ok((file, self.segment_bytes)),
            _ => {
                let bytes = self.segment_bytes.max(bytes_min);
                Ok((self.make(bytes)?, bytes))
            }
        }
    }

    fn make(&self, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.create(PREPARED_NAME)?;
        let zeros = vec![0; fits(bytes).map_or(STRIDE_BYTES, |bytes| bytes.min(STRIDE_BYTES))];
        let mut written = 0;
        while written < bytes {
            let stride = fits(bytes - written).map_or(zeros.len(), |left| left.min(zeros.len()));
            file.write_at(written, &zeros[..stride])?;
            file.sync()?;
            written += wide(stride);
        }
        Ok(file)
    }
}
