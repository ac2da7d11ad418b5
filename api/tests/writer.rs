//! The writer over a disk that can fail: answers come after durability, and a failed log is never
//! trusted again.

use std::sync::Arc;

use duizhang_api::book::{Book, Settled, SubmitError};
use duizhang_api::clock::{Clock, ManualClock};
use duizhang_api::metrics::Metrics;
use duizhang_api::opening;
use duizhang_api::writer::Writer;
use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, Merchant, OrderRequested, PolicyActivated, Wallet};
use duizhang_core::id::{MerchantId, OrderId, WalletId};
use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::policy::Policy;
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::disk::{Crash, Fault, Operation, SimulatedDisk};
use duizhang_eventlog::{EventLog, MEMORY_SEGMENT_BYTES, MemoryLog};

const MORNING: Timestamp = Timestamp::from_secs(1_795_219_200);

struct Rig {
    disk: SimulatedDisk,
    clock: ManualClock,
    book: Book,
    writer: Writer,
}

impl Rig {
    fn open(disk: &SimulatedDisk, clock: &ManualClock) -> Self {
        let log = MemoryLog::open(disk, MEMORY_SEGMENT_BYTES).expect("the disk is healthy");
        let log: Arc<dyn EventLog> = Arc::new(log);
        let (state, views) = opening::fold(&log, &mut |_| {}).expect("the log is readable");
        let (disk, clock) = (disk.clone(), clock.clone());
        let ticking: Arc<dyn Clock> = Arc::new(clock.clone());
        let (book, writer) =
            Writer::start(log, state, views, ticking, Arc::new(Metrics::new())).expect("threads");
        Self { disk, clock, book, writer }
    }

    async fn new() -> Self {
        let rig = Self::open(&SimulatedDisk::new(), &ManualClock::new(MORNING, 1));
        for fact in declarations() {
            rig.book.submit(fact).await.expect("a declaration is taken");
        }
        rig
    }

    async fn order(&self, id: u128, number: &str, fen: i64) -> Result<Settled, SubmitError> {
        self.book.submit(request(id, number, fen)).await
    }

    /// The machine stops without warning and starts again.
    async fn crash(self) -> Self {
        let (disk, clock) = (self.disk.clone(), self.clock.clone());
        disk.crash(Crash::LoseUnsynced);
        drop(self.book);
        let _ = tokio::task::spawn_blocking(move || self.writer.join()).await;
        Self::open(&disk, &clock)
    }
}

fn merchant() -> MerchantId {
    MerchantId::new("1001").expect("a name")
}

fn declarations() -> [Fact; 2] {
    let id = WalletId::new("wx-main").expect("a name");
    let wallet = Wallet {
        id: id.clone(),
        channel: Channel::Wechat,
        qr: Some("wxp://f2f0example".into()),
        fixed: Vec::new(),
        enabled: true,
    };
    let merchant = Merchant {
        id: merchant(),
        name: "Shop".into(),
        notify_url: None,
        wallets: vec![id],
        default: true,
        strict: false,
        enabled: true,
    };
    [Fact::WalletDeclared(wallet), Fact::MerchantDeclared(merchant)]
}

fn request(id: u128, number: &str, fen: i64) -> Fact {
    Fact::OrderRequested(OrderRequested {
        order: OrderId::from_bits(id),
        merchant: merchant(),
        number: number.into(),
        requested: Amount::fen(fen),
        channels: Vec::new(),
        dialect: Dialect::Native,
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: None,
        attachment: None,
        echo: None,
        idempotency: None,
    })
}

fn payable(settled: &Settled) -> i64 {
    let Settled::Recorded(chapter) = settled else { panic!("recorded, not {settled:?}") };
    match &chapter.decisions[..] {
        [Decision::OrderAccepted { payable, .. }] => payable.minor(),
        other => panic!("accepted, not {other:?}"),
    }
}

#[tokio::test]
async fn facts_submitted_together_are_decided_in_their_order_and_answered_each() {
    let rig = Rig::new().await;
    let facts = vec![
        request(1, "A1", 1_000),
        request(1, "A1", 1_000),
        request(2, "A1", 2_000),
        request(3, "A3", 1_000),
    ];
    let settled = rig.book.submit_all(facts.clone()).await;
    let told: Vec<&str> = settled
        .iter()
        .map(|one| match one {
            Ok(Settled::Recorded(_)) => "recorded",
            Ok(Settled::Repeat(_)) => "repeat",
            Err(SubmitError::Rejected(_)) => "rejected",
            Err(_) => "lost",
        })
        .collect();
    assert_eq!(told, ["recorded", "repeat", "rejected", "recorded"]);
    let rig = rig.crash().await;
    let again = rig.book.submit_all(facts).await;
    let repeats = again.iter().filter(|one| matches!(one, Ok(Settled::Repeat(_)))).count();
    assert_eq!(repeats, 3, "what was answered is there: {again:?}");
    assert!(rig.book.submit_all(Vec::new()).await.is_empty());
}

#[tokio::test]
async fn what_was_answered_survives_a_crash_and_is_read_at_once() {
    let rig = Rig::new().await;
    for id in 1..=50 {
        let settled = rig.order(id, &format!("N{id}"), 1_000).await.expect("taken");
        assert_eq!(payable(&settled), 1_000 + i64::try_from(id).expect("small") - 1);
        assert!(rig.book.views().orders.get(OrderId::from_bits(id)).is_some());
    }
    let head = rig.book.log().head();
    let rig = rig.crash().await;
    assert_eq!(rig.book.log().head(), head);
    assert_eq!(rig.book.views().orders.len(), 50);
    let again = rig.order(99, "N7", 1_000).await.expect("a repeat is answered");
    assert!(matches!(again, Settled::Repeat(_)));
    assert_eq!(rig.book.log().head(), head, "a repeat changes nothing");
}

#[tokio::test]
async fn facts_submitted_at_once_are_each_answered_with_their_own_amount() {
    let rig = Rig::new().await;
    let submitted = (1..=64).map(|id| {
        let book = rig.book.clone();
        tokio::spawn(async move { book.submit(request(id, &format!("N{id}"), 500)).await })
    });
    let submitted: Vec<_> = submitted.collect();
    let mut amounts = std::collections::BTreeSet::new();
    for task in submitted {
        let settled = task.await.expect("no panic").expect("taken");
        assert!(amounts.insert(payable(&settled)), "one amount has one holder");
    }
    assert_eq!(amounts, (500..564).collect());
}

#[tokio::test]
async fn a_failed_sync_is_fatal_and_only_opening_again_decides() {
    for fault in [Fault::DeviceError, Fault::NoSpace, Fault::Stop] {
        let rig = Rig::new().await;
        rig.order(1, "before", 100).await.expect("taken");
        rig.disk.fail(Operation::Sync, 1, fault);
        assert_eq!(rig.order(2, "during", 100).await.err(), Some(SubmitError::OutcomeUnknown));
        assert!(rig.book.has_failed());
        assert_eq!(rig.order(3, "after", 100).await.err(), Some(SubmitError::Stopped));
        let views = rig.book.views().orders.len();
        assert_eq!(views, 1, "reads go on, and show only what is durable");
        let rig = rig.crash().await;
        assert!(rig.book.views().orders.get(OrderId::from_bits(1)).is_some());
        assert!(rig.book.views().orders.get(OrderId::from_bits(3)).is_none());
        let repeated = rig.order(4, "during", 100).await;
        assert!(repeated.is_ok(), "the same number finds or makes the one order");
    }
}

#[tokio::test]
async fn a_refused_fact_leaves_no_trace() {
    let rig = Rig::new().await;
    let head = rig.book.log().head();
    let refused = rig.order(1, "N1", 0).await.err();
    assert_eq!(refused, Some(SubmitError::Rejected(Rejection::AmountNotPositive)));
    rig.order(2, "N2", 100).await.expect("taken");
    assert_eq!(rig.book.log().head().position, head.position.plus(2));
    let taken = rig.order(3, "N2", 200).await.err();
    let first = OrderId::from_bits(2);
    assert_eq!(taken, Some(SubmitError::Rejected(Rejection::NumberTaken(first))));
    assert_eq!(rig.book.log().head().position, head.position.plus(2));
}

#[tokio::test]
async fn a_refusal_waits_for_what_it_tells_of() {
    let rig = Rig::new().await;
    rig.disk.fail(Operation::Sync, 1, Fault::DeviceError);
    // Both are in one group at the most, and whichever way they fall nobody may hear of an order
    // that the disk does not have.
    let (first, second) = tokio::join!(rig.order(1, "N1", 100), rig.order(2, "N1", 200));
    assert_eq!(first.err(), Some(SubmitError::OutcomeUnknown));
    let told = second.expect_err("not taken");
    assert!(matches!(told, SubmitError::OutcomeUnknown | SubmitError::Stopped), "{told:?}");
}

#[tokio::test]
async fn a_fact_beyond_every_limit_is_refused_and_the_writer_lives() {
    let rig = Rig::new().await;
    let head = rig.book.log().head();
    let huge = Wallet {
        id: WalletId::new("big").expect("a name"),
        channel: Channel::Wechat,
        qr: None,
        fixed: (1..=1_000).map(|fen| (Amount::fen(fen), "x".repeat(90))).collect(),
        enabled: true,
    };
    let refused = rig.book.submit(Fact::WalletDeclared(huge)).await.err();
    assert!(matches!(refused, Some(SubmitError::Rejected(_))), "{refused:?}");
    assert_eq!(rig.book.log().head(), head);
    rig.order(1, "N1", 100).await.expect("the writer goes on");
}

#[tokio::test]
async fn what_is_due_is_decided_before_the_next_fact() {
    let rig = Rig::new().await;
    // Two amounts only, so that the third order must get one that was released.
    let policy = Policy { max_offset: 1, ..Policy::default() };
    let activated = PolicyActivated { policy, by: String::from("test") };
    rig.book.submit(Fact::PolicyActivated(activated)).await.expect("a sound policy");
    rig.order(1, "N1", 100).await.expect("taken");
    rig.clock.advance(Span::from_mins(6));
    let settled = rig.order(2, "N2", 100).await.expect("taken");
    assert_eq!(payable(&settled), 101, "an expired order's amount stays quarantined");
    let status = rig.book.views().orders.get(OrderId::from_bits(1)).map(|row| row.status);
    assert_eq!(status, Some(OrderStatus::Expired));
    rig.clock.advance(Span::from_mins(16));
    let settled = rig.order(3, "N3", 100).await.expect("taken");
    assert_eq!(payable(&settled), 100, "the quarantine has ended");
}

#[tokio::test]
async fn the_writer_drains_before_it_ends() {
    let rig = Rig::new().await;
    let pending: Vec<_> = (1..=200)
        .map(|id| {
            let book = rig.book.clone();
            let fen = 9_000 + 1_000 * i64::try_from(id).expect("small");
            tokio::spawn(async move { book.submit(request(id, &format!("N{id}"), fen)).await })
        })
        .collect();
    for task in pending {
        task.await.expect("no panic").expect("taken");
    }
    let (disk, clock) = (rig.disk.clone(), rig.clock.clone());
    drop(rig.book);
    let joined = tokio::task::spawn_blocking(move || rig.writer.join()).await;
    assert_eq!(joined.expect("no panic"), Ok(()));
    disk.crash(Crash::LoseUnsynced);
    let rig = Rig::open(&disk, &clock);
    assert_eq!(rig.book.views().orders.len(), 200);
    assert_eq!(rig.book.views().position, rig.book.log().head().position);
    assert!(rig.book.request_at(Position::new(1)).is_err(), "a declaration is no order");
}
