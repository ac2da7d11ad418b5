//! Places of finance's endpoints: how many of each may be at work or on their way at once.
//!
//! Invariants: whoever finds no place is told what takes it, and nothing waits; what holds memory
//! holds its place as long.
//! Deliberately not here: what is done in a place.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most days that are reconciled at once. A comparison of a busy day with its files takes some
/// hundred megabytes, and two of one day would be in each other's way.
const RUNS_MAX: usize = 1;
/// Most reports that are made at once; each is a comparison too.
const REPORTS_MAX: usize = 1;
/// Most messages with files on their way at once. Each is 65 MiB, and for an instant twice that: 2
/// × 130 MiB.
const UPLOADS_MAX: usize = 2;
/// Most answers about kept statements at once. A saved file is 64 MiB, and for an instant twice
/// that: 2 × 128 MiB.
const ANSWERS_MAX: usize = 2;

/// What a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Run,
    Report,
    Upload,
    Answer,
}

impl Use {
    /// What is said where all places are taken.
    pub(super) const fn busy(self) -> &'static str {
        match self {
            Self::Run => "another day is being reconciled; ask again later\n",
            Self::Report => "another report is being made; ask again later\n",
            Self::Upload => "other files are on their way; hand these in again later\n",
            Self::Answer => "other statements are being shown or saved; ask again later\n",
        }
    }
}

/// All places.
pub(super) struct Places {
    runs: Arc<Semaphore>,
    reports: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

/// A place that is taken until this is dropped.
pub(super) type Place = OwnedSemaphorePermit;

impl Places {
    pub(super) fn new() -> Self {
        let room = |places| Arc::new(Semaphore::new(places));
        Self {
            runs: room(RUNS_MAX),
            reports: room(REPORTS_MAX),
            uploads: room(UPLOADS_MAX),
            answers: room(ANSWERS_MAX),
        }
    }

    /// Takes a place, where one is free.
    pub(super) fn take(&self, what: Use) -> Result<Place, Use> {
        let room = match what {
            Use::Run => &self.runs,
            Use::Report => &self.reports,
            Use::Upload => &self.uploads,
            Use::Answer => &self.answers,
        };
        Arc::clone(room).try_acquire_owned().map_err(|_| what)
    }
}

/// A message that keeps its place until its reader has taken it or gone.
pub(super) fn held(message: Vec<u8>, place: Place) -> Bytes {
    Bytes::from_owner(Held { message, _place: place })
}

struct Held {
    message: Vec<u8>,
    _place: Place,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_has_places_of_its_own_and_one_more_is_turned_away_until_one_ends() {
        let places = Places::new();
        let uses = [
            (Use::Run, RUNS_MAX),
            (Use::Report, REPORTS_MAX),
            (Use::Upload, UPLOADS_MAX),
            (Use::Answer, ANSWERS_MAX),
        ];
        let mut taken = Vec::new();
        for (what, count) in uses {
            taken.extend((0..count).map(|_| (what, places.take(what).expect("a free place"))));
            assert_eq!(places.take(what).err(), Some(what));
        }
        while let Some((what, place)) = taken.pop() {
            drop(place);
            assert!(places.take(what).is_ok(), "{what:?}");
        }
    }

    #[test]
    fn an_answer_keeps_its_place_until_the_last_of_it_is_gone() {
        let places = Places::new();
        let place = || places.take(Use::Report);
        let mut message = held(b"an answer".to_vec(), place().expect("a free place"));
        let rest = message.split_off(3);
        assert_eq!((&message[..], &rest[..]), (&b"an "[..], &b"answer"[..]));
        drop(message);
        assert!(place().is_err());
        drop(rest);
        assert!(place().is_ok());
    }
}
