//! Merkle trees over stored event bytes, as RFC 6962 section 2.1 defines them (SHA-256).
//!
//! A leaf is hashed behind the byte 0x00 and an inner node behind 0x01, so that no leaf can pose as
//! a node.
//! Invariants: the root of a [`Frontier`] equals [`root_of`] the same leaves; a proof that was
//! changed in any bit, lengthened or shortened does not verify; the empty tree's root is the hash
//! of the empty string.
//! Deliberately not here: signed heads (the shell has the keys) and reading leaves from a log.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Most peaks that a frontier can have: one for each bit of a 64-bit tree size.
pub const PEAKS_MAX: usize = 64;

/// One SHA-256 value: of a leaf, of an inner node, or of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hash([u8; 32]);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHash;

impl fmt::Display for NotAHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not 64 lower-case hexadecimal digits")
    }
}

impl core::error::Error for NotAHash {}

impl Hash {
    /// From the 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for Hash {
    /// 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let lower = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 64 || !lower {
            return Err(NotAHash);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = core::str::from_utf8(pair).map_err(|_| NotAHash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(bytes))
    }
}

/// The hash of one leaf: the stored bytes of an event.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x00]);
    hasher.update(bytes);
    Hash(hasher.finalize().into())
}

/// The hash of an inner node over its two children.
fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut input = [0x01; 65];
    input[1..33].copy_from_slice(&left.0);
    input[33..].copy_from_slice(&right.0);
    Hash(Sha256::digest(input).into())
}

/// The root of a tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// A tree that only grows, reduced to the roots of its complete subtrees: at most 64 hashes for any
/// size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    /// Roots of the complete subtrees, the largest (oldest) first.
    peaks: Vec<Hash>,
    size: u64,
}

impl Frontier {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { peaks: Vec::new(), size: 0 }
    }

    /// From the size and the peaks that [`Frontier::peaks`] gave. Nothing where their number does
    /// not fit the size: a tree of `size` leaves has one peak for each bit that is set in `size`.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let fits = u32::try_from(peaks.len()) == Ok(size.count_ones());
        fits.then_some(Self { peaks, size })
    }

    /// Adds a leaf at the right end.
    pub fn push(&mut self, leaf: Hash) {
        assert!(self.size < u64::MAX, "a tree cannot hold 2^64 leaves");
        let mut merged = leaf;
        let mut complete = self.size;
        while complete & 1 == 1 {
            let left = self.peaks.pop().expect("one peak for each bit set in the size");
            merged = node_hash(left, merged);
            complete >>= 1;
        }
        self.peaks.push(merged);
        self.size = self.size.saturating_add(1);
        debug_assert_eq!(u32::try_from(self.peaks.len()), Ok(self.size.count_ones()));
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.peaks.iter().rev().copied();
        let Some(last) = smallest_first.next() else { return empty_root() };
        smallest_first.fold(last, |right, left| node_hash(left, right))
    }
}

/// The root over all these leaf hashes.
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut tree = Frontier::new();
    leaves.iter().for_each(|&leaf| tree.push(leaf));
    tree.root()
}

/// Where a tree of two or more leaves splits: the largest power of two below its size.
fn split(leaves: &[Hash]) -> (&[Hash], &[Hash]) {
    let half = leaves.len().next_power_of_two() >> 1;
    leaves.split_at(half)
}

/// The proof that `leaves[index]` is in the tree of all `leaves`: the sibling roots on the way up.
/// Nothing where there is no such leaf. O(n): every inner node is hashed once.
#[must_use]
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut tree, mut place, mut downward) = (leaves, index, Vec::new());
    while tree.len() > 1 {
        let (left, right) = split(tree);
        if let Some(beyond) = place.checked_sub(left.len()) {
            downward.push(root_of(left));
            (tree, place) = (right, beyond);
        } else {
            downward.push(root_of(right));
            tree = left;
        }
    }
    downward.reverse();
    Some(downward)
}

/// Whether `proof` shows that `leaf` is number `index` (from 0) of the `size` leaves under `root`
/// (RFC 9162 section 2.1.3.2).
#[must_use]
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> bool {
    let Some(last) = size.checked_sub(1).filter(|&last| index <= last) else { return false };
    let (mut place, mut end, mut hash) = (index, last, leaf);
    for &sibling in proof {
        if end == 0 {
            return false;
        }
        if place & 1 == 1 || place == end {
            hash = node_hash(sibling, hash);
            let skipped = levels_without_sibling(place);
            (place, end) = (place >> skipped, end >> skipped);
        } else {
            hash = node_hash(hash, sibling);
        }
        (place, end) = (place >> 1, end >> 1);
    }
    end == 0 && hash == root
}

/// How many levels a node at the right edge rises without a sibling.
const fn levels_without_sibling(place: u64) -> u32 {
    if place == 0 { 0 } else { place.trailing_zeros() }
}

/// The proof that the tree of the first `old_size` leaves is a prefix of the tree of all `leaves`.
/// Nothing where `old_size` is larger than the tree; an empty or equally large old tree needs no
/// hashes.
#[must_use]
pub fn consistency_proof(leaves: &[Hash], old_size: usize) -> Option<Vec<Hash>> {
    if old_size > leaves.len() {
        return None;
    }
    let mut downward = Vec::new();
    if old_size == 0 {
        return Some(downward);
    }
    // While the old tree is a subtree that the verifier knows already, its root is left out.
    let (mut tree, mut old, mut known) = (leaves, old_size, true);
    while old != tree.len() {
        let (left, right) = split(tree);
        if let Some(beyond) = old.checked_sub(left.len()).filter(|&beyond| beyond > 0) {
            downward.push(root_of(left));
            (tree, old, known) = (right, beyond, false);
        } else {
            downward.push(root_of(right));
            tree = left;
        }
    }
    if !known {
        downward.push(root_of(tree));
    }
    downward.reverse();
    Some(downward)
}

/// Whether `proof` shows that the tree of `new_size` leaves under `new_root` continues the tree of
/// `old_size` leaves under `old_root` (RFC 9162 section 2.1.4.2).
#[must_use]
pub fn verify_consistency(
    old_size: u64,
    old_root: Hash,
    new_size: u64,
    new_root: Hash,
    proof: &[Hash],
) -> bool {
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    let Some(old_last) = old_size.checked_sub(1) else {
        return proof.is_empty() && old_root == empty_root();
    };
    if old_size > new_size {
        return false;
    }
    // An old tree that is one complete subtree is its own first hash and is not sent.
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        let Some((&first, rest)) = proof.split_first() else { return false };
        (first, rest)
    };
    let aligned = old_last.trailing_ones();
    let mut place = old_last.checked_shr(aligned).unwrap_or(0);
    let mut end = new_size.saturating_sub(1).checked_shr(aligned).unwrap_or(0);
    let (mut old, mut new) = (first, first);
    for &sibling in rest {
        if end == 0 {
            return false;
        }
        if place & 1 == 1 || place == end {
            old = node_hash(sibling, old);
            new = node_hash(sibling, new);
            let skipped = levels_without_sibling(place);
            (place, end) = (place >> skipped, end >> skipped);
        } else {
            new = node_hash(new, sibling);
        }
        (place, end) = (place >> 1, end >> 1);
    }
    end == 0 && old == old_root && new == new_root
}

#[cfg(test)]
#[path = "merkle_tests.rs"]
mod tests;
