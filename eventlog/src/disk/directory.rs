//! What the journal needs of a disk: one flat directory, files written and read at offsets, syncs
//! that fail.
//!
//! Invariants expected of an implementation: after `sync` returned, the bytes written before it
//! survive a crash; after `sync_directory` returned, so do names; what was not synced may survive
//! in part or not at all.
//! Deliberately not here: permissions, folders in folders, deleting by age.

use std::io;
use std::sync::Arc;

/// A directory that one log has for itself.
pub trait Disk: Send + Sync {
    /// Takes the directory for this process; false where somebody else has it.
    ///
    /// # Errors
    /// What the system says.
    fn try_lock(&self) -> io::Result<bool>;

    /// Lets go of the directory.
    fn unlock(&self);

    /// Where it is, for messages.
    fn place(&self) -> String;

    /// The names of its files, in no order.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes an empty file, in the place of an older one of that name.
    ///
    /// # Errors
    /// What the system says.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file that is there, for reading and writing.
    ///
    /// # Errors
    /// What the system says.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names durable.
    ///
    /// # Errors
    /// What the system says; the names may or may not be durable then.
    fn sync_directory(&self) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn size(&self) -> io::Result<u64>;

    /// Fills the whole buffer from `offset` on.
    ///
    /// # Errors
    /// What the system says; also where the file ends before.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all bytes at `offset`, making the file longer where needed.
    ///
    /// # Errors
    /// What the system says; some of the bytes may be written then.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes the bytes durable. After an error nobody knows which are, and the next call may lie.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&self) -> io::Result<()>;
}
