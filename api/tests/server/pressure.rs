//! Too much at once, stops under load, and a disk that fails under a whole server.
//!
//! Invariants under test: a full queue is said at once and changes nothing; whoever was told
//! "created" finds the order after any stop; after a failed sync nothing is acknowledged, and reads
//! go on.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};

use duizhang_api::book::{QUEUE_FACTS_MAX, Settled, SubmitError};
use duizhang_api::server::StopError;
use duizhang_core::fact::{Fact, HeartbeatReceived};
use duizhang_core::id::DeviceId;
use duizhang_core::position::Position;
use duizhang_eventlog::disk::{Crash, Fault, Operation, SimulatedDisk};
use duizhang_eventlog::{Error, EventLog, Group, Head, VisitEvent, VisitGroup};

use crate::rig::{OPERATOR_TOKEN, Rig, Setting, T, TOKEN, chapters_of, guarded, memory_log};
use crate::wire::{get, get_as, post_json};

/// A log whose appends wait at a gate.
struct GatedLog {
    inner: Arc<dyn EventLog>,
    shut: Mutex<bool>,
    opened: Condvar,
}

impl GatedLog {
    fn new(disk: &SimulatedDisk) -> Arc<Self> {
        let inner = memory_log(disk);
        Arc::new(Self { inner, shut: Mutex::new(false), opened: Condvar::new() })
    }

    fn set(&self, shut: bool) {
        *self.shut.lock().expect("whole") = shut;
        self.opened.notify_all();
    }
}

impl EventLog for GatedLog {
    fn append(&self, group: &Group) -> Result<Head, Error> {
        let shut = self.shut.lock().expect("whole");
        drop(self.opened.wait_while(shut, |shut| *shut).expect("whole"));
        self.inner.append(group)
    }

    fn head(&self) -> Head {
        self.inner.head()
    }

    fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    fn scan(
        &self,
        range: RangeInclusive<Position>,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error> {
        self.inner.scan(range, visit)
    }

    fn scan_back(
        &self,
        range: RangeInclusive<Position>,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error> {
        self.inner.scan_back(range, visit)
    }

    fn groups(&self, from: Position, visit: &mut VisitGroup<'_>) -> Result<(), Error> {
        self.inner.groups(from, visit)
    }

    fn recheck_journal(&self) -> Result<Head, Error> {
        self.inner.recheck_journal()
    }

    fn close(&self) -> Result<(), Error> {
        self.inner.close()
    }
}

fn beat() -> Fact {
    let device = DeviceId::new("phone-1").expect("a name");
    Fact::HeartbeatReceived(HeartbeatReceived { device, sent_at: None })
}

#[tokio::test]
async fn a_full_queue_is_told_at_once_with_a_time_to_come_back_and_changes_nothing() {
    let log = GatedLog::new(&SimulatedDisk::new());
    let shared: Arc<dyn EventLog> = log.clone();
    let rig = Setting::on(shared).start().await;
    log.set(true);
    // The gate, the waiting group and the queue fill up; from then on the book is busy.
    let mut waiting = Vec::new();
    while submit_one(&rig, &mut waiting) {
        assert!(waiting.len() < 2 * QUEUE_FACTS_MAX, "the queue has an end");
    }
    // The decider may take a few more out of the queue until it meets the gate too.
    let native = tokio::select! {
        answer = rig.native("N1", "10.00", "http://shop.example/n") => answer,
        () = top_up(&rig, &mut waiting) => unreachable!("it never ends"),
    };
    assert_eq!(native.status, 503, "{}", native.text());
    assert_eq!(native.json()["code"], "busy");
    assert_eq!(native.header("retry-after"), Some("1"));
    let phone = rig.push("10.00", T).await;
    assert_eq!((phone.status, phone.header("retry-after")), (503, Some("1")));
    assert_eq!(get(rig.at, "/healthz").await.status, 200, "reads go on");

    log.set(false);
    for submission in waiting {
        guarded("the queue to drain", submission).await.expect("what was taken is recorded");
    }
    assert_eq!(rig.native("N1", "10.00", "http://shop.example/n").await.status, 201);
    assert_eq!(rig.push("10.00", T).await.json()["code"], 1);
    rig.stop().await;
}

type Submission = Pin<Box<dyn Future<Output = Result<Settled, SubmitError>> + Send>>;

/// Submits a fact behind the shut gate. Returns whether it was taken.
fn submit_one(rig: &Rig, waiting: &mut Vec<Submission>) -> bool {
    let book = rig.server.book().clone();
    let mut submission: Submission = Box::pin(async move { book.submit(beat()).await });
    match submission.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(SubmitError::Busy)) => false,
        Poll::Ready(other) => panic!("the gate is shut: {other:?}"),
        Poll::Pending => {
            waiting.push(submission);
            true
        }
    }
}

/// Fills up again what the decider takes out; never ends.
async fn top_up(rig: &Rig, waiting: &mut Vec<Submission>) {
    loop {
        submit_one(rig, waiting);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_nothing_that_was_acknowledged() {
    let disk = SimulatedDisk::new();
    let rig = Setting::on(memory_log(&disk)).start().await;
    let (at, stopping) = (rig.at, Arc::new(AtomicBool::new(false)));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    for client in 0..8 {
        let (tell, stopping) = (tell.clone(), Arc::clone(&stopping));
        tokio::spawn(async move {
            for number in 0.. {
                if stopping.load(Ordering::Acquire) {
                    return;
                }
                let name = format!("C{client}-{number}");
                let amount = format!("{}.{:02}", 10 + client, number % 100);
                let body = serde_json::json!({"number": name, "amount": amount}).to_string();
                let posted =
                    tokio::spawn(
                        async move { post_json(at, "/v1/orders", TOKEN, &body).await.status },
                    );
                // A connection that is cut ends the client: its order is unacknowledged.
                match posted.await {
                    Ok(201) => tell.send(name).expect("the test listens"),
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
        });
    }
    drop(tell);
    let mut acknowledged = BTreeSet::new();
    while acknowledged.len() < 100 {
        acknowledged.insert(guarded("an order", told.recv()).await.expect("clients run"));
    }
    rig.stop().await;
    stopping.store(true, Ordering::Release);
    while let Some(name) = guarded("the clients to end", told.recv()).await {
        acknowledged.insert(name);
    }
    disk.crash(Crash::LoseUnsynced);
    let there = numbers(&*memory_log(&disk));
    assert!(acknowledged.iter().all(|name| there.contains(name)), "an acknowledged order is lost");
}

fn numbers(log: &dyn EventLog) -> Vec<String> {
    chapters_of(log, |chapter| matches!(chapter.fact, Fact::OrderRequested(_)))
        .into_iter()
        .filter_map(|chapter| match chapter.fact {
            Fact::OrderRequested(request) => Some(request.number),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_acknowledged_and_reads_go_on() {
    for fault in [Fault::DeviceError, Fault::NoSpace, Fault::Stop] {
        let disk = SimulatedDisk::new();
        let rig = Setting::on(memory_log(&disk)).start().await;
        let (order, payable) = rig.order("before", "10.00", "http://shop.example/n").await;
        disk.fail(Operation::Sync, 1, fault);
        let during = rig.native("during", "20.00", "http://shop.example/n").await;
        assert_eq!(during.status, 503, "{fault:?}: {}", during.text());
        assert_eq!(during.json()["code"], "outcome_unknown");
        assert!(during.header("retry-after").is_some());
        // The device heals and lies: the next sync says that all is well. Nobody may be told "ok"
        // all the same.
        disk.heal();
        for number in 0..5 {
            let after = rig.native(&format!("after{number}"), "30.00", "http://a.example/").await;
            assert_eq!((after.status, &after.json()["code"]), (503, &"busy".into()));
        }
        assert_eq!(rig.push(&payable, T).await.status, 503);
        assert_eq!(rig.heartbeat(T).await.status, 503);
        assert_eq!(get(rig.at, "/readyz").await.status, 503);
        assert_eq!(get(rig.at, "/healthz").await.status, 200);
        assert_eq!(get(rig.at, &format!("/pay/{order}")).await.status, 200);
        let looked = get(rig.at, &format!("/checkOrder?orderId={order}")).await;
        assert_eq!(looked.json()["msg"], "订单未支付");
        let inbox = get_as(rig.at, "/v1/operator/inbox", OPERATOR_TOKEN).await;
        assert_eq!(inbox.status, 200);
        guarded("the server to notice", rig.server.failed()).await;
        let (server, mut setting) = rig.into_parts();
        let stopped = guarded("the server to stop", server.stop()).await;
        assert!(matches!(stopped, Err(StopError::LogFailed | StopError::Log(_))), "{stopped:?}");

        setting.log = reopened(&disk);
        let rig = setting.start().await;
        let there = numbers(rig.server.book().log());
        assert!(there.iter().filter(|number| *number == "before").count() == 1);
        assert!(there.iter().filter(|number| *number == "during").count() <= 1);
        assert!(!there.iter().any(|number| number.starts_with("after")), "{there:?}");
        let again = rig.native("during", "20.00", "http://shop.example/n").await;
        assert!(matches!(again.status, 200 | 201), "repeating finds or makes the one order");
        rig.stop().await;
    }
}

/// The machine stops and starts again.
fn reopened(disk: &SimulatedDisk) -> Arc<dyn EventLog> {
    disk.crash(Crash::LoseUnsynced);
    memory_log(disk)
}

/// The control of this file: on a disk whose sync does nothing and says that it did, an
/// acknowledged order is lost, and the comparison that the other tests make says so. No engine can
/// do better on such a disk.
#[tokio::test]
async fn a_sync_that_does_nothing_loses_an_acknowledged_order_and_the_comparison_says_so() {
    let disk = SimulatedDisk::new();
    let rig = Setting::on(memory_log(&disk)).start().await;
    rig.order("before", "10.00", "http://shop.example/n").await;
    disk.fail(Operation::Sync, 1, Fault::Lie);
    let acknowledged = rig.native("lost", "20.00", "http://shop.example/n").await;
    assert_eq!(acknowledged.status, 201);
    let (server, _setting) = rig.into_parts();
    disk.crash(Crash::LoseUnsynced);
    let there = numbers(&*memory_log(&disk));
    assert!(there.contains(&"before".to_owned()));
    assert!(!there.contains(&"lost".to_owned()), "the control must lose what the disk lied about");
    drop(server);
}
