//! What the relay keeps: a log of its own, and the queue that follows from it.
//!
//! A log cannot be shortened, so a drained one that has grown long is replaced by a fresh one in
//! the next numbered folder, which begins with what the server has refused, and removed.
//!
//! Invariants: a folder is removed only when nothing waits in it and a newer one holds what it
//! keeps; a fresh log gets its number when it is whole; the time never goes back, though the
//! machine's clock may.
//! Deliberately not here: the network, and when to try again.

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use duizhang_api::clock::Clock;
use duizhang_core::position::Position;
use duizhang_eventlog::{EventLog, Group, LogConfig, SledLog, codec};
use duizhang_listener_bridge::relay::{
    BATCH_DELIVERIES_MAX, Batch, BridgeId, Delivery, Queue, Receipt, Record, fitting,
};
use duizhang_listener_bridge::wire::Request;
use tokio::sync::watch;

/// Records after which a drained log is replaced: a week of one phone that beats every 30 seconds
/// has 20,160 deliveries and as many receipts, and 10 MB.
pub(super) const RECORDS_MAX: u64 = 40_000;

/// Refused deliveries that a fresh log takes over at once: at most 64 KiB each, below the 4 MiB of
/// one group of the log.
const TAKEN_OVER_MAX: usize = 48;

/// A fresh log that has no number yet.
const UNFINISHED: &str = "unfinished";

/// The relay's log and queue.
pub(crate) struct Store {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    records_max: u64,
    inner: Mutex<Inner>,
    /// How many deliveries wait.
    waiting: watch::Sender<usize>,
}

struct Inner {
    generation: u64,
    log: Arc<dyn EventLog>,
    queue: Queue,
}

impl Store {
    /// Opens what an earlier run left, or makes it.
    pub(crate) fn open(folder: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        Self::open_with(folder, clock, RECORDS_MAX)
    }

    pub(super) fn open_with(
        folder: &Path,
        clock: Arc<dyn Clock>,
        records_max: u64,
    ) -> anyhow::Result<Self> {
        let mut inner = None;
        for generation in generations(folder)?.into_iter().rev() {
            let opened = Inner::open(folder, generation, &*clock)?;
            match &inner {
                None => inner = Some(opened),
                // Only a drained log is ever replaced.
                Some(_) if opened.queue.waiting().len() == 0 => {
                    opened.log.close()?;
                    fs::remove_dir_all(path(folder, generation)).context("remove a drained log")?;
                }
                Some(_) => bail!("{}: deliveries wait in two logs", folder.display()),
            }
        }
        let inner = match inner {
            Some(inner) => inner,
            None => Inner::open(folder, 1, &*clock)?,
        };
        let waiting = watch::Sender::new(inner.queue.waiting().len());
        Ok(Self { folder: folder.into(), clock, records_max, inner: Mutex::new(inner), waiting })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a request durable. Waits for the disk.
    pub(crate) fn keep(&self, request: &Request) -> anyhow::Result<()> {
        let mut inner = self.lock();
        let number = inner.log.head().position.number().saturating_add(1);
        let delivery = Delivery::of(number, self.clock.now(), request);
        inner.append(&[Record::Received(delivery)], &*self.clock)?;
        self.waiting.send_replace(inner.queue.waiting().len());
        Ok(())
    }

    /// The oldest deliveries that wait, as many as one batch holds; none where nothing waits. Reads
    /// the disk.
    pub(crate) fn batch(&self) -> anyhow::Result<Option<Batch>> {
        let (log, bridge, numbers) = {
            let inner = self.lock();
            let numbers: Vec<u64> = inner.queue.waiting().take(BATCH_DELIVERIES_MAX).collect();
            (Arc::clone(&inner.log), inner.queue.bridge(), numbers)
        };
        let Some(bridge) = bridge.filter(|_| !numbers.is_empty()) else { return Ok(None) };
        let offered = deliveries(&*log, &numbers)?;
        Ok(Some(Batch { bridge, deliveries: fitting(offered) }))
    }

    /// Takes the server's receipt. Waits for the disk.
    pub(crate) fn acknowledge(&self, receipt: Receipt) -> anyhow::Result<()> {
        let mut inner = self.lock();
        inner.append(&[Record::Acknowledged(receipt)], &*self.clock)?;
        let waiting = inner.queue.waiting().len();
        if waiting == 0 && inner.log.head().position.number() >= self.records_max {
            inner.renew(&self.folder, &*self.clock)?;
        }
        drop(inner);
        self.waiting.send_replace(waiting);
        Ok(())
    }

    /// Lets what the server refused wait once more, and says how much that is. Waits for the disk.
    pub(crate) fn recall(&self) -> anyhow::Result<usize> {
        let mut inner = self.lock();
        let refused = inner.queue.refused().len();
        if refused > 0 {
            inner.append(&[Record::Recalled], &*self.clock)?;
        }
        self.waiting.send_replace(inner.queue.waiting().len());
        Ok(refused)
    }

    /// How many deliveries wait; tells when that changes.
    pub(crate) fn waiting(&self) -> watch::Receiver<usize> {
        self.waiting.subscribe()
    }

    /// Deliveries that the server has of this log, and those that are kept because it refused them.
    pub(crate) fn counts(&self) -> (u64, usize) {
        let inner = self.lock();
        (inner.queue.forwarded(), inner.queue.refused().len())
    }

    /// Lets go of the files.
    pub(crate) fn close(&self) -> anyhow::Result<()> {
        self.lock().log.close().context("close the relay's log")
    }
}

impl Inner {
    fn open(folder: &Path, generation: u64, clock: &dyn Clock) -> anyhow::Result<Self> {
        Self::open_in(&path(folder, generation), generation, clock)
    }

    fn open_in(directory: &Path, generation: u64, clock: &dyn Clock) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("make the folder {}", directory.display()))?;
        let (log, _) = SledLog::open(directory, LogConfig::default())
            .with_context(|| format!("open the relay's log in {}", directory.display()))?;
        let mut inner = Self { generation, log: Arc::new(log), queue: Queue::default() };
        for record in records(&*inner.log, 1, inner.log.head().position.number())? {
            inner.queue.fold(&record)?;
        }
        if inner.queue.bridge().is_none() {
            let bridge = BridgeId::from_bits(clock.draw());
            inner.append(&[Record::Opened { bridge }], clock)?;
        }
        Ok(inner)
    }

    /// Makes records durable, all or none, and folds them.
    fn append(&mut self, records: &[Record], clock: &dyn Clock) -> anyhow::Result<()> {
        self.queue.check(records)?;
        let mut group = Group::new(clock.now().max(self.log.head().time));
        for record in records {
            let mut bytes = Vec::new();
            codec::encode(record, &mut bytes)?;
            group.push(&bytes)?;
        }
        self.log.append(&group).context("write the relay's log")?;
        for record in records {
            self.queue.fold(record)?;
        }
        Ok(())
    }

    /// Goes on in a fresh log, which takes over what the server refused.
    fn renew(&mut self, folder: &Path, clock: &dyn Clock) -> anyhow::Result<()> {
        let generation = self.generation.saturating_add(1);
        let unfinished = folder.join(UNFINISHED);
        if unfinished.is_dir() {
            fs::remove_dir_all(&unfinished).context("remove an unfinished log")?;
        }
        let mut fresh = Self::open_in(&unfinished, generation, clock)?;
        let refused: Vec<u64> = self.queue.refused().collect();
        for numbers in refused.chunks(TAKEN_OVER_MAX) {
            fresh.take_over(deliveries(&*self.log, numbers)?, clock)?;
        }
        fresh.log.close()?;
        fs::rename(&unfinished, path(folder, generation)).context("name a fresh log")?;
        File::open(folder)?.sync_all().context("name a fresh log")?;
        let fresh = Self::open(folder, generation, clock)?;
        let drained = std::mem::replace(self, fresh);
        drained.log.close()?;
        fs::remove_dir_all(path(folder, drained.generation)).context("remove a drained log")
    }

    /// Keeps what a server refused, under numbers of this log. Nothing stands on the server under
    /// the old ones.
    fn take_over(&mut self, mut refused: Vec<Delivery>, clock: &dyn Clock) -> anyhow::Result<()> {
        let first = self.log.head().position.number().saturating_add(1);
        for (number, delivery) in (first..).zip(&mut refused) {
            delivery.number = number;
        }
        let numbers: Vec<u64> = refused.iter().map(|delivery| delivery.number).collect();
        let through = numbers.last().copied().unwrap_or_default();
        let mut records: Vec<Record> = refused.into_iter().map(Record::Received).collect();
        records.push(Record::Acknowledged(Receipt { through, refused: numbers }));
        self.append(&records, clock)
    }
}

/// The deliveries of these numbers, in their order.
fn deliveries(log: &dyn EventLog, numbers: &[u64]) -> anyhow::Result<Vec<Delivery>> {
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        for record in records(log, *number, *number)? {
            if let Record::Received(delivery) = record {
                found.push(delivery);
            }
        }
    }
    Ok(found)
}

/// The records of a range of positions.
fn records(log: &dyn EventLog, first: u64, last: u64) -> anyhow::Result<Vec<Record>> {
    let mut found = Vec::new();
    let mut failure = None;
    log.scan(Position::new(first)..=Position::new(last), &mut |_, _, bytes| {
        match codec::decode(bytes) {
            Ok(record) => found.push(record),
            Err(error) => failure = Some(error),
        }
        if failure.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    failure.map_or(Ok(found), |error| Err(error).context("read the relay's log"))
}

fn path(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("log-{generation:08}"))
}

/// The logs that there are, the oldest first.
fn generations(folder: &Path) -> anyhow::Result<Vec<u64>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).context("list the relay's logs")? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("log-")?.parse::<u64>().ok());
        found.extend(number);
    }
    found.sort_unstable();
    Ok(found)
}
