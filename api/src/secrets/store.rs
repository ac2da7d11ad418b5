//! Who asks for secrets and who changes them.
//!
//! Invariants: a change is in the file before it is in force; a failed change changes nothing in
//! memory; a store that should be there and is not, or does not open, is an error and never an
//! empty store; a key is accepted before its end and not at it.
//! Deliberately not here: who may call this, and the events that name keys by their ids.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use duizhang_core::id::DeviceId;
use duizhang_core::time::{Span, Timestamp};

use super::envelope::MasterKey;
use super::file;
use super::key::{KeyId, KeyListing, Secret, SecretOf, SecretRefusal};
use super::table::{Entry, Table, kept_of};
use crate::clock::Clock;

/// Keys in all; see the size of the file.
const SECRETS_MAX: usize = 20_000;
/// Keys of one owner that are accepted at once: the present one and those of rotations whose time
/// of grace lasts.
const KEYS_PER_OWNER_MAX: usize = 8;

/// Why a secret could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The store should be there.
    #[error("open the secret store: {path} is missing")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The store should not be there yet.
    #[error("create the secret store: {path} exists already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Neither the environment nor a file gives the master key.
    #[error("open the secret store in {dir}: there is no master key")]
    NoMasterKey {
        /// The data directory.
        dir: PathBuf,
    },
    /// The file with the master key can be read by others.
    #[error("read the master key: {path} must be readable by its owner only (chmod 600)")]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// The file with the master key holds something else.
    #[error(
        "read the master key: {path} holds neither 64 hexadecimal digits nor base64 of 32 bytes"
    )]
    NotAMasterKey {
        /// The file.
        path: PathBuf,
    },
    /// The secrets were wrapped with another key.
    #[error("open the secret store: {path} was written with another master key")]
    WrongMasterKey {
        /// The file.
        path: PathBuf,
    },
    /// The file is not as it was written.
    #[error("open the secret store: {path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The system could not read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The system could not write. The old secrets stay in force.
    #[error("write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The secret is not fit for its use.
    #[error("set the {of}: {refusal}")]
    Refused {
        /// Which secret.
        of: SecretOf,
        /// Why.
        refusal: SecretRefusal,
    },
    /// Somebody else has the same secret.
    #[error("set the {of}: it is the same as the {other}")]
    Shared {
        /// Which secret.
        of: SecretOf,
        /// Who has it.
        other: SecretOf,
    },
    /// There are as many keys as there may be.
    #[error("set the {of}: too many keys are in force")]
    TooMany {
        /// Which secret.
        of: SecretOf,
    },
}

/// A key that is in force.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name in the log.
    pub id: KeyId,
    /// The first instant at which it is no longer accepted.
    pub until: Timestamp,
    /// The bytes.
    pub secret: Secret,
}

/// The store of one data directory.
pub struct SecretStore {
    dir: PathBuf,
    master: MasterKey,
    table: RwLock<Arc<Table>>,
    /// Held while the file is written, so that readers never wait for a disk.
    writing: Mutex<()>,
}

impl SecretStore {
    /// Makes the store of a new data directory, and a file with a master key unless one is given or
    /// there.
    ///
    /// # Errors
    /// [`SecretsError::Exists`], or that files could not be written.
    pub fn create(
        dir: &Path,
        master: Option<MasterKey>,
        clock: &dyn Clock,
    ) -> Result<Self, SecretsError> {
        if let path = dir.join(file::SECRETS_FILE)
            && path.exists()
        {
            return Err(SecretsError::Exists { path });
        }
        let master = match master {
            Some(given) => given,
            None => match file::read_master(dir)? {
                Some(there) => there,
                None => {
                    let drawn = MasterKey::drawn(clock);
                    file::write_master(dir, &drawn)?;
                    drawn
                }
            },
        };
        let table = Table::default();
        file::write(dir, &table, &master, clock)?;
        Ok(Self::with(dir, master, table))
    }

    /// Opens the store of a data directory with the given master key, or with that of its file.
    ///
    /// # Errors
    /// [`SecretsError`] names what is missing, wrong or damaged.
    pub fn open(dir: &Path, master: Option<MasterKey>) -> Result<Self, SecretsError> {
        let master = match master {
            Some(given) => given,
            None => file::read_master(dir)?
                .ok_or_else(|| SecretsError::NoMasterKey { dir: dir.to_owned() })?,
        };
        let table = file::read(dir, &master)?;
        Ok(Self::with(dir, master, table))
    }

    fn with(dir: &Path, master: MasterKey, table: Table) -> Self {
        let table = RwLock::new(Arc::new(table));
        Self { dir: dir.to_owned(), master, table, writing: Mutex::new(()) }
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether any key is in force.
    #[must_use]
    pub fn has(&self, of: &SecretOf, at: Timestamp) -> bool {
        self.table().entries(of).iter().any(|entry| at < entry.until)
    }

    /// The keys in force, newest first. A token has none to show: ask
    /// [`token_owner`](Self::token_owner).
    #[must_use]
    pub fn keys_of(&self, of: &SecretOf, at: Timestamp) -> Vec<Key> {
        if of.is_token() {
            return Vec::new();
        }
        let table = self.table();
        table.entries(of).iter().filter(|entry| at < entry.until).map(key).collect()
    }

    /// Whose keys are in force, each with its name, its age and its end, and without its bytes.
    #[must_use]
    pub fn in_force(&self, at: Timestamp) -> Vec<KeyListing> {
        let table = self.table();
        let in_force = table.all().filter(|(_, entry)| at < entry.until);
        in_force
            .map(|(of, entry)| KeyListing {
                of: of.clone(),
                id: entry.key,
                made: entry.made,
                until: entry.until,
            })
            .collect()
    }

    /// Every device's keys in force, for a push that does not say whose it is.
    #[must_use]
    pub fn each_device_key(&self, at: Timestamp) -> Vec<(DeviceId, Key)> {
        let table = self.table();
        let in_force = table.devices().filter(|(_, entry)| at < entry.until);
        in_force
            .filter_map(|(of, entry)| match of {
                SecretOf::DeviceKey(device) => Some((device.clone(), key(entry))),
                SecretOf::MerchantKey(_)
                | SecretOf::NativeToken(_)
                | SecretOf::OperatorToken(_)
                | SecretOf::YouzanSecret(_)
                | SecretOf::WebhookSecret(_)
                | SecretOf::PlatformKey(_) => None,
            })
            .collect()
    }

    /// Whose bearer token this is: a [`SecretOf::NativeToken`] or a [`SecretOf::OperatorToken`].
    #[must_use]
    pub fn token_owner(&self, token: &[u8], at: Timestamp) -> Option<SecretOf> {
        self.table().token_owner(token, at)
    }

    /// Makes this the only secret; where it already is, nothing happens.
    ///
    /// # Errors
    /// [`SecretsError`]; the old keys stay in force.
    pub fn set(
        &self,
        of: &SecretOf,
        secret: &Secret,
        clock: &dyn Clock,
    ) -> Result<KeyId, SecretsError> {
        let ids = self.set_all(&[(of.clone(), secret.clone())], clock)?;
        Ok(ids[0])
    }

    /// Sets several secrets with one write, all or none: a configuration file with all of its keys.
    ///
    /// # Errors
    /// The first [`SecretsError`].
    pub fn set_all(
        &self,
        secrets: &[(SecretOf, Secret)],
        clock: &dyn Clock,
    ) -> Result<Vec<KeyId>, SecretsError> {
        let now = clock.now();
        self.change(clock, |table| {
            let mut ids = Vec::new();
            let mut changed = false;
            for (of, secret) in secrets {
                let only = match table.entries(of) {
                    [only] if same_and_open(of, only, secret) => Some(only.key),
                    _ => None,
                };
                ids.push(match only {
                    Some(id) => id,
                    None => {
                        let entry = self.entry(table, of, secret, now, clock)?;
                        let id = entry.key;
                        table.put(of, vec![entry]);
                        changed = true;
                        id
                    }
                });
            }
            Ok((ids, changed))
        })
    }

    /// Puts a new secret in front; the old ones are accepted for a time of grace.
    ///
    /// # Errors
    /// [`SecretsError`]; the old keys stay in force as they were.
    pub fn rotate(
        &self,
        of: &SecretOf,
        secret: &Secret,
        grace: Span,
        clock: &dyn Clock,
    ) -> Result<KeyId, SecretsError> {
        let now = clock.now();
        self.change(clock, |table| {
            let entry = self.entry(table, of, secret, now, clock)?;
            let id = entry.key;
            let mut entries = vec![entry];
            for old in table.entries(of).iter().filter(|old| now < old.until) {
                let mut old = old.clone();
                old.until = old.until.min(now.plus(grace));
                file::seal(of, &mut old, &self.master, clock);
                entries.push(old);
            }
            entries.retain(|entry| now < entry.until);
            if entries.len() > KEYS_PER_OWNER_MAX {
                return Err(SecretsError::TooMany { of: of.clone() });
            }
            table.put(of, entries);
            Ok((id, true))
        })
    }

    /// Removes every key of this owner for ever; says whether there was one.
    ///
    /// # Errors
    /// [`SecretsError::Write`]; the keys stay in force.
    pub fn disable(&self, of: &SecretOf, clock: &dyn Clock) -> Result<bool, SecretsError> {
        self.change(clock, |table| {
            let had = !table.entries(of).is_empty();
            table.put(of, Vec::new());
            Ok((had, had))
        })
    }

    /// A checked and sealed entry for a new secret.
    fn entry(
        &self,
        table: &Table,
        of: &SecretOf,
        secret: &Secret,
        made: Timestamp,
        clock: &dyn Clock,
    ) -> Result<Entry, SecretsError> {
        of.check(secret).map_err(|refusal| SecretsError::Refused { of: of.clone(), refusal })?;
        if let Some(other) = table.other_owner(of, secret) {
            return Err(SecretsError::Shared { of: of.clone(), other: other.clone() });
        }
        if table.all().count() >= SECRETS_MAX {
            return Err(SecretsError::TooMany { of: of.clone() });
        }
        let mut entry = Entry {
            key: KeyId::from_bits(clock.draw()),
            made,
            until: Timestamp::MAX,
            kept: kept_of(of, secret),
            sealed: Vec::new(),
        };
        file::seal(of, &mut entry, &self.master, clock);
        Ok(entry)
    }

    /// Works on a copy, writes it, and only then puts it in force.
    fn change<T>(
        &self,
        clock: &dyn Clock,
        work: impl FnOnce(&mut Table) -> Result<(T, bool), SecretsError>,
    ) -> Result<T, SecretsError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = Table::clone(&self.table());
        let (result, changed) = work(&mut table)?;
        if changed {
            table.index();
            file::write(&self.dir, &table, &self.master, clock)?;
            *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        }
        Ok(result)
    }
}

fn same_and_open(of: &SecretOf, entry: &Entry, secret: &Secret) -> bool {
    entry.until == Timestamp::MAX && kept_of(of, secret).equals(entry.kept.expose())
}

fn key(entry: &Entry) -> Key {
    Key { id: entry.key, until: entry.until, secret: entry.kept.clone() }
}
