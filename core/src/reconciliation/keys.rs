//! Items of both sides that carry the same text.
//!
//! Texts are hashed, hashes are sorted, and only equal hashes are compared as texts: a join that
//! needs 16 bytes an item and no table, and that texts chosen to collide make a sort by text and
//! nothing worse.
//!
//! Invariants: a run holds exactly the items of one text, payments first, each side by index.
//! Deliberately not here: what equal keys mean (`strong.rs`).

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::index::wide;

/// Which side an item is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    Payment,
    Line,
}

/// An item with the hash of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    hash: u64,
    pub(super) origin: Origin,
    pub(super) index: u32,
}

impl Key {
    pub(super) fn new(text: &[u8], origin: Origin, index: u32) -> Self {
        Self { hash: hash(text), origin, index }
    }

    /// The same order in one number, which sorts twice as fast as field after field.
    fn place(&self) -> u128 {
        let origin = match self.origin {
            Origin::Payment => 0,
            Origin::Line => 1_u64 << 32,
        };
        u128::from(self.hash) << 64 | u128::from(origin | u64::from(self.index))
    }

    /// Sorts by hash, then payments first, each side by index.
    pub(super) fn sort(keys: &mut [Self]) {
        keys.sort_unstable_by_key(Self::place);
    }

    /// Those of sorted keys that have this one's hash.
    pub(super) fn alike<'a>(&self, sorted: &'a [Self]) -> &'a [Self] {
        let start = sorted.partition_point(|key| key.hash < self.hash);
        let end = sorted.partition_point(|key| key.hash <= self.hash);
        sorted.get(start..end).unwrap_or_default()
    }
}

/// Two sorted sides, joined: what one payment and one line have alone, in the order of payments,
/// and the keys whose hash several items have otherwise. Whether the texts of a couple are equal
/// too is left to the caller: in the order of hashes every look would be at another end of memory.
pub(super) fn couples(
    payments: usize,
    ours: &[Key],
    theirs: &[Key],
) -> (Vec<(u32, u32)>, Vec<Key>) {
    // Each payment has a place for its line: that puts them in order without a sort.
    let mut partners: Vec<Option<NonZeroU32>> = vec![None; payments];
    let mut rest = Vec::new();
    let mut theirs = theirs.chunk_by(|a, b| a.hash == b.hash).peekable();
    let settle = |run: &[Key], rest: &mut Vec<Key>| {
        if run.len() > 1 {
            rest.extend_from_slice(run);
        }
    };
    for run in ours.chunk_by(|a, b| a.hash == b.hash) {
        while let Some(earlier) = theirs.next_if(|lines| lines[0].hash < run[0].hash) {
            settle(earlier, &mut rest);
        }
        match (run, theirs.next_if(|lines| lines[0].hash == run[0].hash)) {
            ([payment], Some([line])) => {
                partners[wide(payment.index)] = NonZeroU32::new(line.index.saturating_add(1));
            }
            (_, Some(lines)) => {
                rest.extend_from_slice(run);
                rest.extend_from_slice(lines);
            }
            (_, None) => settle(run, &mut rest),
        }
    }
    theirs.for_each(|run| settle(run, &mut rest));
    let couples = (0..).zip(partners);
    let couples = couples.filter_map(|(payment, line)| Some((payment, line?.get() - 1)));
    (couples.collect(), rest)
}

/// Calls `visit` with the items of each text that more than one item has.
pub(super) fn runs<'a>(
    keys: &mut [Key],
    text: impl Fn(&Key) -> &'a [u8],
    mut visit: impl FnMut(&[Key]),
) {
    Key::sort(keys);
    for same_hash in keys.chunk_by_mut(|a, b| a.hash == b.hash) {
        let Some(first) = same_hash.first().map(&text) else { continue };
        if same_hash.len() == 1 {
            continue;
        }
        if same_hash.iter().any(|key| text(key) != first) {
            same_hash.sort_by(|a, b| text(a).cmp(text(b)).then(a.cmp(b)));
        }
        for run in same_hash.chunk_by(|a, b| text(a) == text(b)) {
            if run.len() > 1 {
                visit(run);
            }
        }
    }
}

/// Eight bytes at a time; it need not resist anybody, see above.
fn hash(text: &[u8]) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = u64::try_from(text.len()).unwrap_or(u64::MAX) ^ ODD;
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(ODD);
        state ^= state >> 32;
    }
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    state = (state ^ u64::from_le_bytes(last)).wrapping_mul(ODD);
    state ^ (state >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_one_text_even_where_hashes_collide() {
        let texts: [&[u8]; 5] = [b"b", b"a", b"b", b"a", b"c"];
        let mut keys: Vec<Key> =
            (0..5).map(|index| Key { hash: 7, origin: Origin::Payment, index }).collect();
        let mut seen = Vec::new();
        runs(
            &mut keys,
            |key| texts[wide(key.index)],
            |run| seen.push(run.iter().map(|key| key.index).collect::<Vec<_>>()),
        );
        assert_eq!(seen, vec![vec![1, 3], vec![0, 2]]);
    }

    #[test]
    fn texts_of_every_length_have_hashes_of_their_own() {
        let zeros = [0; 40];
        let mut hashes: Vec<u64> = (0..40).map(|length| hash(&zeros[..length])).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 40);
    }
}
