//! What comes by way of a relay: late, in batches, and proven by the phones alone.
//!
//! Deliberately not here: the relay itself, whose disk and network are those of the program
//! (`tests/it/bridge.rs` of the root).

use duizhang_core::fact::{Device, Fact};
use duizhang_core::id::{DeviceId, OrderId, WalletId};
use duizhang_core::matcher::HoldReason;
use duizhang_core::order::OrderStatus;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::md5_hex;
use serde_json::{Value, json};

use crate::rig::{DEVICE_KEY, Rig, T, push_path};
use crate::wire::{Answer, post_json};

/// A phone's request as a relay got it at a time in milliseconds.
fn relayed(number: u64, received_at: u64, path_and_query: &str) -> Value {
    let (path, query) = path_and_query.split_once('?').expect("a query");
    json!({
        "number": number, "received_at": received_at * 1_000, "method": "GET",
        "path": path, "query": query, "headers": [], "body": "",
    })
}

fn heartbeat(t: u64) -> String {
    let sign = md5_hex(&[t.to_string().as_bytes(), DEVICE_KEY.as_bytes()]);
    format!("/appHeart?t={t}&sign={sign}")
}

async fn post(rig: &Rig, deliveries: &[Value]) -> Answer {
    let batch = json!({ "bridge": "00000000000000000000000000000007", "deliveries": deliveries });
    post_json(rig.at, "/bridge/deliveries", "", &batch.to_string()).await
}

/// What waits for a person: why, and for which orders.
fn held(rig: &Rig) -> Vec<(HoldReason, Vec<OrderId>)> {
    let views = rig.server.book().views();
    views.inbox.held().map(|held| (held.reason, held.candidates.clone())).collect()
}

const URL: &str = "http://shop.example/n";
const HOURS: u64 = 4 * 3_600_000;

#[tokio::test]
async fn a_heartbeat_that_lay_in_a_relay_says_nothing_of_the_phones_clock() {
    // Money of four hours ago, with the heartbeat of then; a stranger waits for the same amount. A
    // relay whose own clock is as far ahead is believed no more.
    for received_at in [T, T + HOURS + HOURS] {
        let rig = Rig::new().await;
        rig.clock().advance(Span::from_hours(4));
        let (stranger, price) = rig.order("N1", "10.00", URL).await;
        rig.clock().advance(Span::from_secs(30));
        let paid_at = T + 10_000;
        let batch = [
            relayed(2, received_at, &heartbeat(T)),
            relayed(3, received_at, &push_path(&price, paid_at)),
        ];
        assert_eq!(post(&rig, &batch).await.json()["through"], 3);
        assert_eq!(rig.seen(stranger).status, OrderStatus::Open);
        assert_eq!(held(&rig), [(HoldReason::ClockDoubt, vec![stranger])]);
        rig.stop().await;
    }
}

#[tokio::test]
async fn late_money_by_way_of_a_relay_settles_its_own_order_once_the_phone_is_back() {
    let rig = Rig::new().await;
    let (own, price) = rig.order("N1", "10.00", URL).await;
    rig.clock().advance(Span::from_mins(6));
    rig.until("the order to expire", |rig| rig.seen(own).status == OrderStatus::Expired).await;
    rig.clock().advance(Span::from_hours(4));
    // The phone speaks to the server again before the relay has sent what it kept.
    rig.heartbeat(rig.millis()).await;
    let batch =
        [relayed(2, T, &heartbeat(T)), relayed(3, T + 10_000, &push_path(&price, T + 10_000))];
    assert_eq!(post(&rig, &batch).await.json(), json!({ "through": 3, "refused": [] }));
    assert_eq!(rig.seen(own).status, OrderStatus::PaidLate);
    assert_eq!(held(&rig), []);
    rig.stop().await;
}

#[tokio::test]
async fn a_heartbeat_that_a_relay_sends_on_at_once_vouches_for_a_slow_clock() {
    let rig = Rig::new().await;
    rig.clock().advance(Span::from_hours(4));
    let (own, price) = rig.order("N1", "10.00", URL).await;
    let now = rig.millis();
    let batch = [relayed(2, now, &heartbeat(T)), relayed(3, now, &push_path(&price, T + 1_000))];
    assert_eq!(post(&rig, &batch).await.json()["through"], 3);
    assert_eq!(rig.seen(own).status, OrderStatus::Paid);
    rig.stop().await;
}

#[tokio::test]
async fn a_receipt_names_what_was_refused_and_a_batch_of_forgeries_ends_early() {
    let rig = Rig::new().await;
    let (order, price) = rig.order("N1", "10.00", URL).await;
    let forged =
        |number| relayed(number, T, &push_path("0.01", T + number).replace("sign=", "sign=0"));
    let mut batch: Vec<Value> = (2..42).map(forged).collect();
    batch.insert(0, relayed(1, T, &heartbeat(T)));
    batch.push(relayed(42, T, &push_path(&price, T)));
    batch.push(relayed(43, T, "/nothing?x=1"));
    let (first, second): (Vec<u64>, Vec<u64>) = ((2..34).collect(), (34..42).chain([43]).collect());
    let receipt = post(&rig, &batch).await.json();
    assert_eq!(receipt, json!({ "through": 33, "refused": first }));
    assert_eq!(rig.seen(order).status, OrderStatus::Open);
    let receipt = post(&rig, &batch[33..]).await.json();
    assert_eq!(receipt, json!({ "through": 43, "refused": second }), "the next begins behind");
    assert_eq!(rig.seen(order).status, OrderStatus::Paid);
    rig.stop().await;
}

#[tokio::test]
async fn what_was_refused_counts_once_the_server_knows_the_device() {
    let rig = Rig::new().await;
    let (order, price) = rig.order("N1", "10.00", URL).await;
    let declare = async |enabled| {
        let name = |text: &str| WalletId::new(text).expect("a name");
        let device = Device {
            id: DeviceId::new("phone-1").expect("a name"),
            wallets: vec![name("wx-main"), name("ali-main")],
            enabled,
        };
        let declared = Fact::DeviceDeclared(device);
        rig.server.book().submit(declared).await.expect("a declaration is taken");
    };
    let batch = [relayed(2, T, &push_path(&price, T + 1_000))];
    declare(false).await;
    assert_eq!(post(&rig, &batch).await.json(), json!({ "through": 2, "refused": [2] }));
    declare(true).await;
    assert_eq!(post(&rig, &batch).await.json(), json!({ "through": 2, "refused": [] }));
    assert_eq!(rig.seen(order).status, OrderStatus::Paid);
    rig.stop().await;
}
