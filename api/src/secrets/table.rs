//! The secrets in memory, found by owner or by token.
//!
//! Invariants: the newest key of an owner comes first; a token is looked up by a piece of its
//! SHA-256 and then compared whole in constant time, so time tells nothing about tokens that are
//! not known already; no two owners share a secret, or a signature of one would be good for the
//! other.
//! Deliberately not here: the file.

use std::collections::BTreeMap;

use duizhang_core::time::Timestamp;
use sha2::{Digest, Sha256};

use super::key::{KeyId, Secret, SecretOf};

/// One key of one owner.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) key: KeyId,
    pub(super) made: Timestamp,
    /// The first instant at which it is no longer accepted; [`Timestamp::MAX`] while nothing ends
    /// it.
    pub(super) until: Timestamp,
    /// The secret, or for a token its SHA-256.
    pub(super) kept: Secret,
    /// As it stands in the file.
    pub(super) sealed: Vec<u8>,
}

#[derive(Clone, Default)]
pub(super) struct Table {
    owners: BTreeMap<SecretOf, Vec<Entry>>,
    /// Tokens by the first eight bytes of their hash.
    tokens: BTreeMap<[u8; 8], Vec<SecretOf>>,
}

/// What is kept of a secret: a token is only ever compared, so its hash is enough.
pub(super) fn kept_of(of: &SecretOf, secret: &Secret) -> Secret {
    if of.is_token() { Secret::new(hash(secret.expose())) } else { secret.clone() }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn piece(hash: &[u8]) -> [u8; 8] {
    hash.first_chunk().copied().unwrap_or_default()
}

impl Table {
    /// Every key in the order of the file.
    pub(super) fn all(&self) -> impl Iterator<Item = (&SecretOf, &Entry)> {
        self.owners.iter().flat_map(|(of, entries)| entries.iter().map(move |entry| (of, entry)))
    }

    pub(super) fn entries(&self, of: &SecretOf) -> &[Entry] {
        self.owners.get(of).map_or(&[], Vec::as_slice)
    }

    /// Puts these in the place of all keys of an owner.
    pub(super) fn put(&mut self, of: &SecretOf, entries: Vec<Entry>) {
        if entries.is_empty() {
            self.owners.remove(of);
        } else {
            self.owners.insert(of.clone(), entries);
        }
    }

    /// Adds one behind those that are there already, while a file is read.
    pub(super) fn push(&mut self, of: SecretOf, entry: Entry) {
        self.owners.entry(of).or_default().push(entry);
    }

    /// Makes tokens findable; to be called once after the last change.
    pub(super) fn index(&mut self) {
        let mut tokens: BTreeMap<_, Vec<SecretOf>> = BTreeMap::new();
        for (of, entry) in self.all() {
            if of.is_token() {
                tokens.entry(piece(entry.kept.expose())).or_default().push(of.clone());
            }
        }
        self.tokens = tokens;
    }

    /// Whose token this is.
    pub(super) fn token_owner(&self, token: &[u8], at: Timestamp) -> Option<SecretOf> {
        let hash = hash(token);
        let mut found = None;
        for of in self.tokens.get(&piece(&hash)).into_iter().flatten() {
            let known = self.entries(of).iter().any(|e| at < e.until && e.kept.equals(&hash));
            if known {
                found = Some(of.clone());
            }
        }
        found
    }

    /// The keys of all devices.
    pub(super) fn devices(&self) -> impl Iterator<Item = (&SecretOf, &Entry)> {
        // Device keys are the last kind in the order of owners, so nothing else is walked.
        let last = self.owners.iter().rev();
        last.take_while(|(of, _)| matches!(of, SecretOf::DeviceKey(_)))
            .flat_map(|(of, entries)| entries.iter().map(move |entry| (of, entry)))
    }

    /// Who else has the same secret.
    pub(super) fn other_owner(&self, of: &SecretOf, secret: &Secret) -> Option<&SecretOf> {
        let hashed = hash(secret.expose());
        let same = |(other, entry): &(&SecretOf, &Entry)| {
            let shown = if other.is_token() { &hashed } else { secret.expose() };
            let equal = entry.kept.equals(shown);
            *other != of && equal
        };
        self.all().find(same).map(|(other, _)| other)
    }
}
