//! Items are named by 32 bits, slices are indexed by the machine's word.

/// An index of 32 bits as one of a slice.
pub(super) fn wide(index: u32) -> usize {
    usize::try_from(index).expect("an index of 32 bits fits into a word")
}

/// An index of a slice as one of 32 bits.
pub(super) fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("a side has fewer items than 32 bits can name")
}
