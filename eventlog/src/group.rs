//! A group: the events that become durable together, at one time, with one sync.
//!
//! Invariants: the bytes lie in one buffer, each event behind its length, exactly as the journal
//! writes them, so an event is copied once and nothing is allocated for it; a group within its
//! limits always fits a frame. Each event is hashed when it is pushed: that work is then done while
//! the group before is being synced.
//! Deliberately not here: positions and roots; the log gives them out when it appends.

use duizhang_core::merkle::{Hash, leaf_hash};
use duizhang_core::time::Timestamp;

use crate::bytes::{narrow, size, u32_at};
use crate::error::Error;

/// Most events in a group: 64 requests each of 256 connections make less, at four events a request.
pub const GROUP_EVENTS_MAX: usize = 4_096;
/// Most bytes of events in a group, with their lengths: 4 MiB is 1 KiB for each of
/// [`GROUP_EVENTS_MAX`].
pub const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most bytes in one event. 64 KiB holds every request that the server accepts as evidence; what is
/// larger than a chunk is stored in pieces, so that sled never makes a blob file (from 131,052
/// bytes a leaf on).
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the length in front of each event.
pub(crate) const LENGTH_BYTES: usize = 4;

/// Events that are appended together.
#[derive(Clone, Debug)]
pub struct Group {
    time: Timestamp,
    payload: Vec<u8>,
    leaves: Vec<Hash>,
}

impl Group {
    /// A group without events, at this time.
    #[must_use]
    pub const fn new(time: Timestamp) -> Self {
        Self { time, payload: Vec::new(), leaves: Vec::new() }
    }

    /// Adds the encoded bytes of one event.
    ///
    /// # Errors
    /// [`Error::EventTooLarge`] or [`Error::GroupFull`]; the group is then as it was before.
    pub fn push(&mut self, event: &[u8]) -> Result<(), Error> {
        if event.len() > EVENT_BYTES_MAX {
            return Err(Error::EventTooLarge { bytes: event.len() });
        }
        if !self.has_room(event.len()) {
            return Err(Error::GroupFull);
        }
        self.payload.extend_from_slice(&narrow(event.len()).to_le_bytes());
        self.payload.extend_from_slice(event);
        self.leaves.push(leaf_hash(event));
        Ok(())
    }

    /// Whether an event of so many bytes still fits.
    #[must_use]
    pub const fn has_room(&self, event_bytes: usize) -> bool {
        let bytes = self.payload.len().saturating_add(LENGTH_BYTES).saturating_add(event_bytes);
        self.leaves.len() < GROUP_EVENTS_MAX && bytes <= GROUP_BYTES_MAX
    }

    /// Forgets the events and takes another time, keeping the buffers for the next use.
    pub fn restart(&mut self, time: Timestamp) {
        self.time = time;
        self.payload.clear();
        self.leaves.clear();
    }

    /// When this group happened.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// How many events it has.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.leaves.len()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The bytes of each event in order.
    pub fn events(&self) -> impl Iterator<Item = &[u8]> {
        Events::new(&self.payload)
    }

    /// The leaf hash of each event in order.
    pub(crate) fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// All events as they are written, each behind its length.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// The events of a payload. A payload from outside must have passed [`is_well_formed`] before.
pub(crate) struct Events<'a>(&'a [u8]);

impl<'a> Events<'a> {
    pub(crate) const fn new(payload: &'a [u8]) -> Self {
        Self(payload)
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (event, rest) = split_event(self.0)?;
        self.0 = rest;
        Some(event)
    }
}

/// The first event of a payload and what follows it; nothing where no whole event is left.
fn split_event(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    if payload.len() < LENGTH_BYTES {
        return None;
    }
    let length = size(u32_at(payload, 0));
    payload[LENGTH_BYTES..].split_at_checked(length)
}

/// Whether a payload is exactly `count` events within the limits, without a byte left over.
pub(crate) fn is_well_formed(payload: &[u8], count: u32) -> bool {
    let mut rest = payload;
    for _ in 0..count {
        match split_event(rest) {
            Some((event, after)) if event.len() <= EVENT_BYTES_MAX => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(1_763_700_000);

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut group = Group::new(NOON);
        let too_large = vec![0; EVENT_BYTES_MAX + 1];
        assert!(matches!(group.push(&too_large), Err(Error::EventTooLarge { bytes: 65_537 })));
        assert!(group.is_empty());
        for _ in 0..GROUP_EVENTS_MAX {
            group.push(b"x").expect("within the limit");
        }
        assert!(matches!(group.push(b"x"), Err(Error::GroupFull)));
        assert_eq!(group.count(), GROUP_EVENTS_MAX);
    }

    #[test]
    fn bytes_are_limited_too() {
        let mut group = Group::new(NOON);
        let event = vec![7; EVENT_BYTES_MAX];
        let whole = GROUP_BYTES_MAX / (EVENT_BYTES_MAX + LENGTH_BYTES);
        for _ in 0..whole {
            group.push(&event).expect("within the limit");
        }
        assert!(matches!(group.push(&event), Err(Error::GroupFull)));
        assert_eq!(group.events().count(), whole);
    }

    #[test]
    fn a_restarted_group_is_empty() {
        let mut group = Group::new(NOON);
        group.push(b"one").expect("fits");
        group.restart(Timestamp::MAX);
        assert!(group.is_empty());
        assert_eq!(group.events().count(), 0);
        assert_eq!(group.time(), Timestamp::MAX);
    }

    #[test]
    fn a_payload_with_another_count_or_a_cut_end_is_not_well_formed() {
        let mut group = Group::new(NOON);
        group.push(b"one").expect("fits");
        group.push(b"").expect("fits");
        let payload = group.payload();
        assert!(is_well_formed(payload, 2));
        assert!(!is_well_formed(payload, 1));
        assert!(!is_well_formed(payload, 3));
        assert!(!is_well_formed(&payload[..payload.len() - 1], 2));
        assert!(!is_well_formed(&u32::MAX.to_le_bytes(), 1));
        assert_eq!(group.events().collect::<Vec<_>>(), [&b"one"[..], b""]);
    }
}
