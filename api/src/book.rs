//! The handle that the rest of the server holds: submit facts, read views, follow changes.
//!
//! Invariants: a submitted fact is answered only after its group is durable and folded into the
//! views, so whoever was answered reads its own write; a full queue is refused at once, never
//! dropped silently.
//! Deliberately not here: deciding and appending (the writer).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use duizhang_core::decide::Repeat;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{EvidenceJudged, Fact, Judgement, OrderRequested};
use duizhang_core::id::OrderId;
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_core::time::Timestamp;
use duizhang_eventlog::EventLog;
use duizhang_eventlog::history::{self, HistoryError};
use duizhang_projections::codes::Places;
use duizhang_projections::orders::OrderView;
use duizhang_projections::views::Views;
use tokio::sync::{oneshot, watch};

/// Most facts that wait for the writer: a second of the highest load measured, so that a full queue
/// means that more comes than can be written, and waiting longer would help nobody.
pub const QUEUE_FACTS_MAX: usize = 32_768;

/// A fact on its way to the writer.
pub(crate) struct Submission {
    pub(crate) fact: Fact,
    pub(crate) reply: oneshot::Sender<Result<Settled, SubmitError>>,
}

/// What the writer will say to a submission.
type Answer = oneshot::Receiver<Result<Settled, SubmitError>>;

/// What became of a fact that was taken.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It is in the log with these decisions.
    Recorded(Arc<Chapter>),
    /// The same was asked before, and that is in the log.
    Repeat(Repeat),
}

/// Why a fact was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The rules refuse; nothing has changed.
    #[error("the rules refuse: {0}")]
    Rejected(Rejection),
    /// The queue is full; nothing has changed.
    #[error("the writer is overloaded")]
    Busy,
    /// The writer has stopped; nothing has changed.
    #[error("the writer has stopped")]
    Stopped,
    /// The log failed while the fact was being written: whether it is there is unknown until the
    /// log is opened again.
    #[error("the log failed; whether the fact is in it is unknown")]
    OutcomeUnknown,
}

/// What writer and readers share.
pub(crate) struct Shared {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) views: RwLock<Views>,
    pub(crate) head: watch::Sender<Position>,
    pub(crate) next_due: watch::Sender<Option<Timestamp>>,
    pub(crate) failed: AtomicBool,
    watchers: Mutex<BTreeMap<OrderId, watch::Sender<()>>>,
}

impl Shared {
    pub(crate) fn new(log: Arc<dyn EventLog>, views: Views) -> Self {
        let (head, next_due) = (watch::Sender::new(views.position), watch::Sender::new(None));
        Self {
            log,
            views: RwLock::new(views),
            head,
            next_due,
            failed: AtomicBool::new(false),
            watchers: Mutex::new(BTreeMap::new()),
        }
    }

    /// Tells whoever looks at one of these orders that it changed, and forgets those whom nobody
    /// looks at.
    pub(crate) fn wake(&self, orders: impl Iterator<Item = OrderId>) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if watchers.is_empty() {
            return;
        }
        for order in orders {
            if let Some(watcher) = watchers.get(&order)
                && watcher.send(()).is_err()
            {
                watchers.remove(&order);
            }
        }
    }
}

/// The handle of one book.
#[derive(Clone)]
pub struct Book {
    pub(crate) queue: SyncSender<Submission>,
    pub(crate) shared: Arc<Shared>,
}

impl Book {
    /// Has a fact decided and made durable.
    ///
    /// # Errors
    /// [`SubmitError`] says whether something may have changed.
    pub async fn submit(&self, fact: Fact) -> Result<Settled, SubmitError> {
        match self.enqueue(fact) {
            Ok(answer) => answer.await.unwrap_or(Err(SubmitError::OutcomeUnknown)),
            Err(error) => Err(error),
        }
    }

    /// Has facts decided and made durable in their order, and tells of each what became of it. They
    /// wait together, so that they share the groups in which they become durable.
    pub async fn submit_all(&self, facts: Vec<Fact>) -> Vec<Result<Settled, SubmitError>> {
        let waiting: Vec<_> = facts.into_iter().map(|fact| self.enqueue(fact)).collect();
        let mut settled = Vec::new();
        for answer in waiting {
            settled.push(match answer {
                Ok(answer) => answer.await.unwrap_or(Err(SubmitError::OutcomeUnknown)),
                Err(error) => Err(error),
            });
        }
        settled
    }

    /// Puts a fact into the writer's queue.
    fn enqueue(&self, fact: Fact) -> Result<Answer, SubmitError> {
        let (reply, answer) = oneshot::channel();
        match self.queue.try_send(Submission { fact, reply }) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(SubmitError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(SubmitError::Stopped),
        }
    }

    /// The views as they are now. Hold them shortly: the writer waits.
    pub fn views(&self) -> RwLockReadGuard<'_, Views> {
        // A reader that panics leaves the views whole: only the writer changes them.
        self.shared.views.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log, for reading.
    #[must_use]
    pub fn log(&self) -> &dyn EventLog {
        &*self.shared.log
    }

    /// Follows the durable head.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Position> {
        self.shared.head.subscribe()
    }

    /// Follows the time at which something is due next.
    #[must_use]
    pub fn next_due(&self) -> watch::Receiver<Option<Timestamp>> {
        self.shared.next_due.subscribe()
    }

    /// Whether the log failed and the book takes no more facts.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// Follows the changes of one order.
    #[must_use]
    pub fn watch(&self, order: OrderId) -> watch::Receiver<()> {
        let mut watchers = self.shared.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|_, watcher| watcher.receiver_count() > 0);
        watchers.entry(order).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// The request of an order, read from the log.
    ///
    /// # Errors
    /// [`HistoryError`] where the log cannot be read, or says something else there.
    pub fn request_at(&self, position: Position) -> Result<OrderRequested, HistoryError> {
        match history::fact_at(self.log(), position)? {
            (_, Fact::OrderRequested(request)) => Ok(request),
            _ => Err(HistoryError::NotAFact { position }),
        }
    }

    /// An order whole; none where there is no such order.
    ///
    /// # Errors
    /// As [`Book::request_at`].
    pub fn order(&self, id: OrderId) -> Result<Option<OrderView>, HistoryError> {
        let Some(position) = self.views().orders.get(id).map(|row| row.position) else {
            return Ok(None);
        };
        let request = self.request_at(position)?;
        let (view, places) = {
            let views = self.views();
            let view = views.orders.get(id).map(|row| views.order(row, &request));
            (view, views.codes.of(id))
        };
        match (view, places) {
            (Some(view), Some(places)) => self.with_code(view, places).map(Some),
            (view, _) => Ok(view),
        }
    }

    /// An order with the code that was made for it, and the trade that paid it.
    fn with_code(&self, view: OrderView, places: Places) -> Result<OrderView, HistoryError> {
        let fact = |position| history::fact_at(self.log(), position).map(|(_, fact)| fact);
        let Fact::CodeIssued(code) = fact(places.code)? else {
            return Err(HistoryError::NotAFact { position: places.code });
        };
        let trade = match places.trade.map(fact).transpose()? {
            Some(Fact::EvidenceJudged(EvidenceJudged {
                judgement: Judgement::Trade { number, .. },
                ..
            })) => Some(number),
            _ => None,
        };
        Ok(OrderView { trade, ..view.with_code(code) })
    }
}
