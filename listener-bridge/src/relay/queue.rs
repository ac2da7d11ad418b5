//! What waits to be forwarded, as a fold over the relay's own log.
//!
//! Invariants: deliveries leave in the order in which they came; one leaves only by a receipt; one
//! that the server refused is kept, and waits again only by its operator's word, before all others;
//! folding the log again gives the same queue, so that a crash at any instant loses nothing and at
//! worst forwards again what the server counts once.
//! Deliberately not here: the deliveries themselves, which stay on disk until they are due.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::delivery::{BATCH_BYTES_MAX, BATCH_DELIVERIES_MAX, BridgeId, Delivery, Receipt};

/// Most refused deliveries that are kept, the newest: a week of one phone that beats every 30
/// seconds and whose key is wrong has 20,160. Half of a log's records, so that a fresh log that
/// begins with them has room for others.
pub const REFUSED_KEPT_MAX: usize = 20_000;

/// One event of the relay's log. Variants are only ever appended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The log was made.
    Opened {
        /// The relay's name for all deliveries of this log.
        bridge: BridgeId,
    },
    /// A phone delivered something.
    Received(Delivery),
    /// The server has everything up to a number, or refused it.
    Acknowledged(Receipt),
    /// What the server refused is to be sent once more.
    Recalled,
}

/// Why a record does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The log does not begin with its opening, or has a second one.
    #[error("a relay's log begins with one opening")]
    Opening,
    /// A number came twice or went back.
    #[error("delivery {0} is out of order")]
    Order(u64),
    /// A receipt for what was never sent.
    #[error("the receipt says {through}, but the last delivery is {last}")]
    Receipt {
        /// What it says.
        through: u64,
        /// What there is.
        last: u64,
    },
}

/// What waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    bridge: Option<BridgeId>,
    last: u64,
    waiting: VecDeque<u64>,
    refused: BTreeSet<u64>,
    forwarded: u64,
}

impl Queue {
    /// Whether records may follow, one after the other.
    ///
    /// # Errors
    /// [`QueueError`] of the first that may not.
    pub fn check(&self, records: &[Record]) -> Result<(), QueueError> {
        let (mut opened, mut last) = (self.bridge.is_some(), self.last);
        for record in records {
            match record {
                Record::Opened { .. } if !opened => opened = true,
                Record::Opened { .. } => return Err(QueueError::Opening),
                _ if !opened => return Err(QueueError::Opening),
                Record::Received(delivery) if delivery.number <= last => {
                    return Err(QueueError::Order(delivery.number));
                }
                Record::Received(delivery) => last = delivery.number,
                Record::Acknowledged(receipt) if receipt.through > last => {
                    return Err(QueueError::Receipt { through: receipt.through, last });
                }
                Record::Acknowledged(_) | Record::Recalled => {}
            }
        }
        Ok(())
    }

    /// Folds one record.
    ///
    /// # Errors
    /// [`QueueError`]; the queue is as before.
    pub fn fold(&mut self, record: &Record) -> Result<(), QueueError> {
        self.check(std::slice::from_ref(record))?;
        match record {
            Record::Opened { bridge } => self.bridge = Some(*bridge),
            Record::Received(delivery) => {
                self.last = delivery.number;
                self.waiting.push_back(delivery.number);
            }
            Record::Acknowledged(receipt) => {
                while let Some(number) = self.waiting.pop_front_if(|it| *it <= receipt.through) {
                    if receipt.refused.contains(&number) {
                        self.refused.insert(number);
                    } else {
                        self.forwarded = self.forwarded.saturating_add(1);
                    }
                }
                while self.refused.len() > REFUSED_KEPT_MAX {
                    self.refused.pop_first();
                }
            }
            Record::Recalled => {
                // All of them came before whatever waits.
                while let Some(number) = self.refused.pop_last() {
                    self.waiting.push_front(number);
                }
            }
        }
        Ok(())
    }

    /// The relay's name; none before its log is opened.
    #[must_use]
    pub const fn bridge(&self) -> Option<BridgeId> {
        self.bridge
    }

    /// The numbers that wait, the oldest first.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = u64> {
        self.waiting.iter().copied()
    }

    /// How many deliveries the server has.
    #[must_use]
    pub const fn forwarded(&self) -> u64 {
        self.forwarded
    }

    /// The numbers that it refused, the oldest first.
    pub fn refused(&self) -> impl ExactSizeIterator<Item = u64> {
        self.refused.iter().copied()
    }
}

/// The longest beginning of what is offered that fits into a batch; always one at least.
#[must_use]
pub fn fitting(offered: Vec<Delivery>) -> Vec<Delivery> {
    // The names of the batch's own fields.
    const FRAME: usize = 128;
    let mut bytes = FRAME;
    let fits = offered.iter().take(BATCH_DELIVERIES_MAX).take_while(|delivery| {
        bytes = bytes.saturating_add(delivery.bytes());
        bytes <= BATCH_BYTES_MAX
    });
    let count = fits.count().max(1);
    offered.into_iter().take(count).collect()
}
