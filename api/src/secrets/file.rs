//! The two files of the store in the data directory: the wrapped secrets, and the master key where
//! no other place gives it.
//!
//! Invariants: a file is replaced whole or not at all, and is on disk before anybody relies on it;
//! both are readable by their owner only; every byte of the secrets is covered by a seal, so a cut,
//! edited or mixed file is refused by name. An older file of the same key as a whole cannot be told
//! from the present one.
//! Deliberately not here: locking against a second process (the book's own lock covers the
//! directory).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::envelope::{MasterKey, joined};
use super::key::{KeyId, Secret, SecretOf};
use super::store::SecretsError;
use super::table::{Entry, Table};
use crate::clock::Clock;

/// The wrapped secrets.
pub const SECRETS_FILE: &str = "secrets";
/// The master key, unless the environment gives it.
pub const MASTER_KEY_FILE: &str = "master.key";

const VERSION: u32 = 1;
/// 20,000 lines: a platform key has 1,624 bytes, sealed and in base64 twice below 3,000 with the
/// names; all others are below 800.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
const MASTER_KEY_BYTES_MAX: u64 = 128;
const OWNER_ONLY: u32 = 0o600;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    /// Opens with the right master key whatever else is wrong, and so tells a wrong key from a
    /// damaged file.
    check: String,
    secrets: Vec<Line>,
    /// Opens only if all lines are there, unchanged and in their order.
    seal: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    kind: String,
    owner: String,
    key: String,
    made: i64,
    until: i64,
    sealed: String,
}

/// Wraps what is kept of a secret under its full name.
pub(super) fn seal(of: &SecretOf, entry: &mut Entry, master: &MasterKey, clock: &dyn Clock) {
    let key = entry.key.to_string();
    let (made, until) = (entry.made.micros().to_be_bytes(), entry.until.micros().to_be_bytes());
    let name: [&[u8]; 5] =
        [of.word().as_bytes(), of.owner().as_bytes(), key.as_bytes(), &made, &until];
    entry.sealed = master.wrap(entry.kept.expose(), &name, clock);
}

const CHECK: &[&[u8]] = &[b"duizhang secrets", b"check"];

fn seal_name(lines: &[Line]) -> Vec<u8> {
    let mut all = joined(&[b"duizhang secrets", b"seal", &VERSION.to_be_bytes()]);
    for line in lines {
        let (made, until) = (line.made.to_be_bytes(), line.until.to_be_bytes());
        let texts = [&line.kind, &line.owner, &line.key, &line.sealed].map(|text| text.as_bytes());
        all.extend(joined(&[texts[0], texts[1], texts[2], texts[3], &made, &until]));
    }
    all
}

/// Replaces the secrets by this table.
pub(super) fn write(
    dir: &Path,
    table: &Table,
    master: &MasterKey,
    clock: &dyn Clock,
) -> Result<(), SecretsError> {
    let line = |(of, entry): (&SecretOf, &Entry)| Line {
        kind: of.word().to_owned(),
        owner: of.owner().to_owned(),
        key: entry.key.to_string(),
        made: entry.made.micros(),
        until: entry.until.micros(),
        sealed: STANDARD.encode(&entry.sealed),
    };
    let secrets: Vec<Line> = table.all().map(line).collect();
    let document = Document {
        version: VERSION,
        check: STANDARD.encode(master.wrap(&[], CHECK, clock)),
        seal: STANDARD.encode(master.wrap(&[], &[&seal_name(&secrets)], clock)),
        secrets,
    };
    let bytes = serde_json::to_vec(&document).expect("a document of texts and numbers is JSON");
    let path = dir.join(SECRETS_FILE);
    replace(dir, &path, &bytes).map_err(|source| SecretsError::Write { path, source })
}

/// Reads and opens the secrets.
pub(super) fn read(dir: &Path, master: &MasterKey) -> Result<Table, SecretsError> {
    let path = dir.join(SECRETS_FILE);
    let bytes = match contents(&path, FILE_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(SecretsError::Missing { path });
        }
        other => other.map_err(|source| SecretsError::Read { path: path.clone(), source })?,
    };
    open_document(path, &bytes, master)
}

/// Opens the bytes of the file.
pub(super) fn open_document(
    path: PathBuf,
    bytes: &[u8],
    master: &MasterKey,
) -> Result<Table, SecretsError> {
    let damaged = |what: &str| SecretsError::Damaged { path: path.clone(), what: what.to_owned() };
    let document: Document =
        serde_json::from_slice(bytes).map_err(|_| damaged("it is not a document of secrets"))?;
    if document.version != VERSION {
        return Err(damaged("its version is unknown"));
    }
    if !opens(master, &document.check, CHECK) {
        return Err(SecretsError::WrongMasterKey { path });
    }
    if !opens(master, &document.seal, &[&seal_name(&document.secrets)]) {
        return Err(damaged("its seal does not fit its lines"));
    }
    let mut table = Table::default();
    for line in &document.secrets {
        let (of, entry) = open_line(line, master).ok_or_else(|| damaged("a line does not open"))?;
        table.push(of, entry);
    }
    table.index();
    Ok(table)
}

fn opens(master: &MasterKey, sealed: &str, name: &[&[u8]]) -> bool {
    STANDARD.decode(sealed).is_ok_and(|sealed| master.unwrap(&sealed, name).is_some())
}

fn open_line(line: &Line, master: &MasterKey) -> Option<(SecretOf, Entry)> {
    let of = SecretOf::read(&line.kind, &line.owner)?;
    let sealed = STANDARD.decode(&line.sealed).ok()?;
    let (made, until) = (line.made.to_be_bytes(), line.until.to_be_bytes());
    let texts = [&line.kind, &line.owner, &line.key].map(|text| text.as_bytes());
    let mut opened = master.unwrap(&sealed, &[texts[0], texts[1], texts[2], &made, &until])?;
    let entry = Entry {
        key: KeyId::read(&line.key)?,
        made: Timestamp::from_micros(line.made),
        until: Timestamp::from_micros(line.until),
        kept: Secret::new(std::mem::take(&mut *opened)),
        sealed,
    };
    Some((of, entry))
}

/// The master key of the file; none where there is no file.
pub(super) fn read_master(dir: &Path) -> Result<Option<MasterKey>, SecretsError> {
    let path = dir.join(MASTER_KEY_FILE);
    let read = |path: &Path| -> io::Result<_> {
        let mode = fs::metadata(path)?.permissions().mode();
        Ok((mode, Zeroizing::new(contents(path, MASTER_KEY_BYTES_MAX)?)))
    };
    let (mode, bytes) = match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| SecretsError::Read { path: path.clone(), source })?,
    };
    if mode & 0o077 != 0 {
        return Err(SecretsError::OpenToOthers { path });
    }
    let text = std::str::from_utf8(&bytes).unwrap_or("");
    MasterKey::parse(text).map(Some).ok_or(SecretsError::NotAMasterKey { path })
}

/// Writes a new master key.
pub(super) fn write_master(dir: &Path, master: &MasterKey) -> Result<(), SecretsError> {
    let path = dir.join(MASTER_KEY_FILE);
    replace(dir, &path, master.to_text().as_bytes())
        .map_err(|source| SecretsError::Write { path, source })
}

fn contents(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than such a file can be"));
    }
    Ok(bytes)
}

/// The new bytes are on disk under another name before they take the place of the old ones.
fn replace(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft: PathBuf = path.with_added_extension("new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(dir)?.sync_all()
}
