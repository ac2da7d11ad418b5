//! Real files in a real directory.
//!
//! Invariants: a sync is one `fdatasync`; names are made durable by an `fsync` of the directory;
//! the lock is a `flock` on a file of its own, which the system drops when the process dies,
//! however it dies.
//! Deliberately not here: sled's folder, which has rules of its own (`sled_store.rs`).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Disk, DiskFile};

/// The file that carries the lock; it is never removed, or two processes could each lock their own.
const LOCK_FILE: &str = "lock";

/// A directory of the file system.
#[derive(Debug)]
pub struct RealDisk {
    directory: PathBuf,
    lock: Mutex<Option<File>>,
}

impl RealDisk {
    /// Takes a directory, making it and its parents where they are missing.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(directory: &Path) -> io::Result<Self> {
        let missing: Vec<_> = directory.ancestors().take_while(|path| !path.is_dir()).collect();
        fs::create_dir_all(directory)?;
        // A new folder is durable when the folder that names it has been synced.
        for parent in missing.iter().filter_map(|path| path.parent()) {
            let named = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            File::open(named)?.sync_all()?;
        }
        Ok(Self { directory: directory.to_owned(), lock: Mutex::new(None) })
    }
}

impl Disk for RealDisk {
    fn try_lock(&self) -> io::Result<bool> {
        let path = self.directory.join(LOCK_FILE);
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn unlock(&self) {
        // Closing the file drops the lock.
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn place(&self) -> String {
        self.directory.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            // What is not text was not named by us.
            if let (true, Ok(name)) =
                (entry.file_type()?.is_file(), entry.file_name().into_string())
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.directory.join(name);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(self.directory.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.directory.join(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_directory_is_refused_until_it_is_let_go() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = RealDisk::new(directory.path()).expect("opens");
        let second = RealDisk::new(directory.path()).expect("opens");
        assert!(first.try_lock().expect("locks"));
        assert!(!second.try_lock().expect("answers"));
        first.unlock();
        assert!(second.try_lock().expect("locks"));
    }

    #[test]
    fn files_are_written_read_and_renamed() {
        let directory = tempfile::tempdir().expect("a directory");
        let deep = directory.path().join("deep/er");
        let disk = RealDisk::new(&deep).expect("makes folders");
        assert!(RealDisk::new(&deep).is_ok(), "what is there already is taken as it is");
        let file = disk.create("a").expect("creates");
        file.write_at(3, b"xyz").expect("writes");
        file.sync().expect("syncs");
        disk.rename("a", "b").expect("renames");
        disk.sync_directory().expect("syncs");
        let mut bytes = [0; 6];
        let file = disk.open("b").expect("opens");
        file.read_at(0, &mut bytes).expect("reads");
        assert_eq!(&bytes, b"\0\0\0xyz");
        assert!(file.read_at(1, &mut bytes).is_err());
        assert_eq!(file.size().expect("has a size"), 6);
        assert_eq!(disk.list().expect("lists"), ["b"]);
        disk.remove("b").expect("removes");
        assert!(disk.open("b").is_err());
    }
}
