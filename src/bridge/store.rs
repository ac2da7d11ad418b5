//! What the relay keeps: a log of its own, and the queue that follows from it.
//!
//! A log cannot be shortened, so a drained one that has grown long is replaced by a fresh one in
//! the next numbered folder, and removed.
//!
//! Invariants: a folder is removed only when nothing waits in it; the time never goes back, though
//! the machine's clock may.
//! Deliberately not here: the network, and when to try again.

use std::fs;
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
        inner.append(&Record::Received(delivery), &*self.clock)?;
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
        let (Some(bridge), Some(first), Some(last)) = (bridge, numbers.first(), numbers.last())
        else {
            return Ok(None);
        };
        let mut offered = Vec::with_capacity(numbers.len());
        for record in records(&*log, *first, *last)? {
            if let Record::Received(delivery) = record {
                offered.push(delivery);
            }
        }
        Ok(Some(Batch { bridge, deliveries: fitting(offered) }))
    }

    /// Takes the server's receipt. Waits for the disk.
    pub(crate) fn acknowledge(&self, receipt: Receipt) -> anyhow::Result<()> {
        let mut inner = self.lock();
        inner.append(&Record::Acknowledged(receipt), &*self.clock)?;
        let waiting = inner.queue.waiting().len();
        if waiting == 0 && inner.log.head().position.number() >= self.records_max {
            inner.renew(&self.folder, &*self.clock)?;
        }
        drop(inner);
        self.waiting.send_replace(waiting);
        Ok(())
    }

    /// How many deliveries wait; tells when that changes.
    pub(crate) fn waiting(&self) -> watch::Receiver<usize> {
        self.waiting.subscribe()
    }

    /// Deliveries that the server has of this log, and how many of them it refused.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.queue.forwarded(), inner.queue.refused())
    }

    /// Lets go of the files.
    pub(crate) fn close(&self) -> anyhow::Result<()> {
        self.lock().log.close().context("close the relay's log")
    }
}

impl Inner {
    fn open(folder: &Path, generation: u64, clock: &dyn Clock) -> anyhow::Result<Self> {
        let directory = path(folder, generation);
        fs::create_dir_all(&directory)
            .with_context(|| format!("make the folder {}", directory.display()))?;
        let (log, _) = SledLog::open(&directory, LogConfig::default())
            .with_context(|| format!("open the relay's log in {}", directory.display()))?;
        let mut inner = Self { generation, log: Arc::new(log), queue: Queue::default() };
        for record in records(&*inner.log, 1, inner.log.head().position.number())? {
            inner.queue.fold(&record)?;
        }
        if inner.queue.bridge().is_none() {
            let bridge = BridgeId::from_bits(clock.draw());
            inner.append(&Record::Opened { bridge }, clock)?;
        }
        Ok(inner)
    }

    /// Makes a record durable and folds it.
    fn append(&mut self, record: &Record, clock: &dyn Clock) -> anyhow::Result<()> {
        let mut queue = self.queue.clone();
        queue.fold(record)?;
        let mut bytes = Vec::new();
        codec::encode(record, &mut bytes)?;
        let mut group = Group::new(clock.now().max(self.log.head().time));
        group.push(&bytes)?;
        self.log.append(&group).context("write the relay's log")?;
        self.queue = queue;
        Ok(())
    }

    /// Goes on in a fresh log.
    fn renew(&mut self, folder: &Path, clock: &dyn Clock) -> anyhow::Result<()> {
        let fresh = Self::open(folder, self.generation.saturating_add(1), clock)?;
        let drained = std::mem::replace(self, fresh);
        drained.log.close()?;
        fs::remove_dir_all(path(folder, drained.generation)).context("remove a drained log")
    }
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
