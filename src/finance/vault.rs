//! Custody of statements: the original bytes beside the log, under the hash of what they are.
//!
//! Invariants: bytes are durable under their name before anybody tells the log of them; what is
//! read back is what was kept, or the damaged file is named; nothing is ever changed or removed.
//! A mapping that a file was read with is kept the same way.
//! Deliberately not here: what the bytes say, and the fact about them.

use std::fs::{DirBuilder, File};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use duizhang_core::merkle::Hash;
use duizhang_listener_bridge::statements::STATEMENT_BYTES_MAX;
use duizhang_listener_bridge::wire::sha256_hex;
use tempfile::NamedTempFile;

/// Where statements lie in a data directory.
const FOLDER: &str = "statements";

/// The kept files of a data directory.
pub(super) struct Vault {
    data: PathBuf,
    folder: PathBuf,
}

/// The hash of bytes.
pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    sha256_hex(bytes).parse().expect("SHA-256 is written with 64 digits")
}

impl Vault {
    /// The vault of a data directory, which may still be empty.
    pub(super) fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), folder: data.join(FOLDER) }
    }

    fn path(&self, hash: Hash) -> PathBuf {
        self.folder.join(hash.to_string())
    }

    /// Keeps bytes, and is back when they are durable. What lies damaged under their name is
    /// replaced.
    pub(super) fn keep(&self, bytes: &[u8]) -> anyhow::Result<Hash> {
        let hash = hash_of(bytes);
        let path = self.path(hash);
        self.place(&path, bytes).with_context(|| format!("keep {}", path.display()))?;
        Ok(hash)
    }

    fn place(&self, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        if !self.folder.is_dir() {
            DirBuilder::new().mode(0o700).create(&self.folder)?;
            File::open(&self.data)?.sync_all()?;
        }
        let is_there = std::fs::read(path).is_ok_and(|there| there == bytes);
        if !is_there {
            // A temporary file is its owner's alone.
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
        }
        // A crash may have come between the name and its sync.
        File::open(path)?.sync_all()?;
        Ok(File::open(&self.folder)?.sync_all()?)
    }

    /// Reads kept bytes back.
    pub(super) fn read(&self, hash: Hash) -> anyhow::Result<Vec<u8>> {
        let path = self.path(hash);
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(STATEMENT_BYTES_MAX + 1).read_to_end(&mut bytes))
            .with_context(|| {
                let path = path.display();
                format!("read the kept file {path}: restore it, or hand the original in again")
            })?;
        if hash_of(&bytes) != hash {
            bail!(
                "the kept file {} is damaged: its bytes are not those that its name stands for; \
                 restore it, or hand the original in again",
                path.display()
            );
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        let kept = std::fs::metadata(path).expect("it is there");
        kept.permissions().mode() & 0o777
    }

    #[test]
    fn bytes_are_kept_once_for_their_owner_alone_and_come_back() {
        let data = tempfile::tempdir().expect("a folder");
        let vault = Vault::new(data.path());
        let hash = vault.keep(b"a bill").expect("it is kept");
        assert_eq!(vault.keep(b"a bill").expect("again"), hash);
        assert_eq!(vault.read(hash).expect("it is there"), b"a bill");
        let files = std::fs::read_dir(&vault.folder).expect("a folder").count();
        assert_eq!(files, 1, "no temporary file stays");
        assert_eq!((mode(&vault.folder), mode(&vault.path(hash))), (0o700, 0o600));
    }

    #[test]
    fn damage_is_named_and_mended_by_the_original() {
        let data = tempfile::tempdir().expect("a folder");
        let vault = Vault::new(data.path());
        let hash = vault.keep(b"a bill").expect("it is kept");
        std::fs::write(vault.path(hash), b"a pill").expect("it is damaged");
        let error = vault.read(hash).expect_err("the hash differs").to_string();
        assert!(error.contains(&hash.to_string()) && error.contains("damaged"), "{error}");
        vault.keep(b"a bill").expect("it is kept");
        assert_eq!(vault.read(hash).expect("it is whole"), b"a bill");
        let gone = vault.read(hash_of(b"never")).expect_err("nobody kept it");
        assert!(gone.to_string().contains("hand the original in again"), "{gone}");
    }
}
