//! A store that is opened again and again, and receipts that are none.

use std::sync::Arc;

use duizhang_api::clock::{Clock, ManualClock};
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::relay::{Batch, BridgeId, Delivery, Receipt};
use duizhang_listener_bridge::wire::{Method, Request};

use super::forward::read_receipt;
use super::store::Store;

const AT: Timestamp = Timestamp::from_secs(1_795_219_200);

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new(AT, 1))
}

fn push(number: u64) -> Request {
    Request::new(Method::Get, "/appPush", &format!("t={number}"))
}

fn waiting(store: &Store) -> Vec<u64> {
    let batch = store.batch().unwrap();
    batch.map_or_else(Vec::new, |batch| batch.deliveries.iter().map(|one| one.number).collect())
}

fn receipt(through: u64) -> Receipt {
    Receipt { through, refused: vec![] }
}

fn refused(through: u64, refused: &[u64]) -> Receipt {
    Receipt { through, refused: refused.into() }
}

#[test]
fn what_was_kept_waits_until_the_server_has_it_however_often_the_store_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let bridge = {
        let store = Store::open(dir.path(), clock()).unwrap();
        for number in 0..3 {
            store.keep(&push(number)).unwrap();
        }
        assert_eq!(waiting(&store), [2, 3, 4]);
        assert!(store.acknowledge(receipt(9)).is_err(), "a receipt for what was never sent");
        store.acknowledge(receipt(3)).unwrap();
        let bridge = store.batch().unwrap().unwrap().bridge;
        store.close().unwrap();
        bridge
    };
    let store = Store::open(dir.path(), clock()).unwrap();
    assert_eq!(store.batch().unwrap().unwrap().bridge, bridge, "the name is for ever");
    assert_eq!((waiting(&store), store.counts()), (vec![4], (2, 0)));
    assert_eq!(*store.waiting().borrow(), 1);
    let kept = store.batch().unwrap().unwrap().deliveries.remove(0).into_request();
    assert_eq!(kept, push(2));
    store.close().unwrap();
}

#[test]
fn two_relays_never_share_a_log() {
    let dir = tempfile::tempdir().unwrap();
    let first = Store::open(dir.path(), clock()).unwrap();
    assert!(Store::open(dir.path(), clock()).is_err());
    first.close().unwrap();
}

#[test]
fn a_long_log_is_replaced_only_when_nothing_waits_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let logs = || std::fs::read_dir(dir.path()).unwrap().count();
    let store = Store::open_with(dir.path(), clock(), 6).unwrap();
    for number in 0..4 {
        store.keep(&push(number)).unwrap();
    }
    let old = store.batch().unwrap().unwrap().bridge;
    store.acknowledge(receipt(4)).unwrap();
    assert_eq!(waiting(&store), [5], "it is long, but one waits");
    store.acknowledge(receipt(5)).unwrap();
    assert_eq!((waiting(&store), logs()), (vec![], 1));
    store.keep(&push(9)).unwrap();
    let fresh = store.batch().unwrap().unwrap();
    assert_ne!(fresh.bridge, old, "numbers begin again under another name");
    assert_eq!(fresh.deliveries[0].number, 2);
    store.close().unwrap();
    let store = Store::open_with(dir.path(), clock(), 6).unwrap();
    assert_eq!(waiting(&store), [2]);
    store.close().unwrap();
}

#[test]
fn what_the_server_refused_is_kept_and_waits_again_only_when_it_is_recalled() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), clock()).unwrap();
    for number in 0..4 {
        store.keep(&push(number)).unwrap();
    }
    store.acknowledge(refused(4, &[2, 4])).unwrap();
    assert_eq!((waiting(&store), store.counts()), (vec![5], (1, 2)));
    store.close().unwrap();
    let store = Store::open(dir.path(), clock()).unwrap();
    assert_eq!((waiting(&store), store.counts()), (vec![5], (1, 2)), "not by itself");
    assert_eq!(store.recall().unwrap(), 2);
    assert_eq!((waiting(&store), store.counts()), (vec![2, 4, 5], (1, 0)));
    assert_eq!(*store.waiting().borrow(), 3);
    store.acknowledge(refused(5, &[4])).unwrap();
    assert_eq!((waiting(&store), store.counts()), (vec![], (3, 1)), "refused once more");
    store.close().unwrap();
}

#[test]
fn a_fresh_log_begins_with_what_the_server_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_with(dir.path(), clock(), 103).unwrap();
    for number in 0..101 {
        store.keep(&push(number)).unwrap();
    }
    let before = store.batch().unwrap().unwrap();
    // What a crash left behind of an earlier attempt is in nobody's way.
    std::fs::create_dir(dir.path().join("unfinished")).unwrap();
    let all: Vec<u64> = (2..=102).collect();
    store.acknowledge(refused(102, &all[1..])).unwrap();
    assert_eq!((waiting(&store), store.counts()), (vec![], (0, 100)), "more than one group");
    store.close().unwrap();
    let store = Store::open_with(dir.path(), clock(), 103).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(store.recall().unwrap(), 100);
    let after = store.batch().unwrap().unwrap();
    assert_ne!(after.bridge, before.bridge);
    let queries = |batch: Batch| -> Vec<_> {
        batch.deliveries.into_iter().map(|one| one.into_request().query).collect()
    };
    assert_eq!(queries(after), queries(before)[1..], "each as it came, in its order");
    store.close().unwrap();
}

#[test]
fn a_drained_log_that_a_crash_left_behind_is_removed_and_one_that_is_not_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let older = Store::open(dir.path(), clock()).unwrap();
    older.keep(&push(1)).unwrap();
    older.close().unwrap();
    std::fs::rename(dir.path().join("log-00000001"), dir.path().join("log-00000000")).unwrap();
    assert_eq!(waiting(&Store::open(dir.path(), clock()).unwrap()), [2], "the newest there is");
    let newer = dir.path().join("log-00000001");
    std::fs::create_dir(&newer).unwrap();
    let refused = Store::open(dir.path(), clock()).err().expect("something waits in the older");
    assert!(refused.to_string().contains("wait in two logs"), "{refused}");
    std::fs::remove_dir_all(&newer).unwrap();
    let older = Store::open(dir.path(), clock()).unwrap();
    older.acknowledge(receipt(2)).unwrap();
    older.close().unwrap();
    std::fs::create_dir(&newer).unwrap();
    let store = Store::open(dir.path(), clock()).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the drained one is gone");
    store.close().unwrap();
}

#[test]
fn only_a_receipt_for_what_was_sent_counts() {
    let deliveries = [3, 4].map(|number| Delivery::of(number, AT, &push(number))).into();
    let batch = Batch { bridge: BridgeId::from_bits(1), deliveries };
    let read = |text: &str| read_receipt(&batch, text.as_bytes()).map(|receipt| receipt.through);
    assert_eq!(read(r#"{"through":3,"refused":[]}"#).unwrap(), 3);
    assert_eq!(read(r#"{"through":4,"refused":[3,4]}"#).unwrap(), 4);
    for other in [
        r#"{"through":2,"refused":[]}"#,
        r#"{"through":5,"refused":[]}"#,
        r#"{"through":3,"refused":[4]}"#,
        r#"{"through":4,"refused":[2]}"#,
        r#"{"through":3,"refused":1}"#,
        r#"{"through":-1,"refused":[]}"#,
        r#"{"code":1,"msg":"成功"}"#,
        "<html>please log in to this wifi</html>",
        "",
    ] {
        assert!(read(other).is_err(), "{other}");
    }
}
