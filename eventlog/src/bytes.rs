//! Little-endian numbers in byte buffers, read at fixed offsets of a header whose length was
//! checked before.
//!
//! Deliberately not here: variable-length fields; frames, segments and chunks check their own
//! lengths.

/// The `N` bytes at `offset`. The caller has checked that the buffer is long enough.
pub(crate) fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[offset..offset + N]);
    array
}

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, offset))
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, offset))
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, offset))
}

pub(crate) fn i64_at(bytes: &[u8], offset: usize) -> i64 {
    i64::from_le_bytes(array_at(bytes, offset))
}

/// Overwrites the bytes at `offset`.
pub(crate) fn put(bytes: &mut [u8], offset: usize, value: &[u8]) {
    bytes[offset..offset + value.len()].copy_from_slice(value);
}

/// A length as a file offset or a count of events.
pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).expect("a length in memory has at most 64 bits")
}

/// A length that a limit keeps below 4 GiB.
pub(crate) fn narrow(length: usize) -> u32 {
    u32::try_from(length).expect("lengths are limited far below 4 GiB")
}

/// A stored 32-bit length as a length in memory.
pub(crate) fn size(length: u32) -> usize {
    usize::try_from(length).expect("memory addresses have at least 32 bits")
}

/// A file offset or size as a length in memory; nothing on a machine that could not hold it.
pub(crate) fn fits(length: u64) -> Option<usize> {
    usize::try_from(length).ok()
}
