//! What a stop, in order or without warning, leaves of callbacks under way.

use duizhang_core::callback::AttemptOutcome;
use duizhang_core::fact::Fact;
use duizhang_core::id::OrderId;
use duizhang_core::time::Span;
use duizhang_eventlog::disk::{Crash, SimulatedDisk};
use duizhang_projections::callbacks::CallbackStanding;
use tokio::runtime::Runtime;

use crate::rig::{Rig, Setting, T, memory_log};
use crate::shop::{Habit, Shop};

fn outcomes(rig: &Rig) -> Vec<AttemptOutcome> {
    let chapters = rig.chapters(|chapter| matches!(chapter.fact, Fact::CallbackAttempted(_)));
    let facts = chapters.into_iter().map(|chapter| chapter.fact);
    facts
        .filter_map(|fact| match fact {
            Fact::CallbackAttempted(attempted) => Some(attempted.outcome),
            _ => None,
        })
        .collect()
}

async fn paid(rig: &Rig, number: &str, notify: &str) -> OrderId {
    let answer = rig.native(number, "10.00", notify).await.json();
    let payable = answer["payable"].as_str().expect("an amount").to_owned();
    rig.push(&payable, T).await;
    answer["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

async fn acknowledged(rig: &Rig, order: OrderId) {
    rig.until("the acknowledgement", |rig| {
        rig.seen(order).callback == CallbackStanding::Acknowledged
    })
    .await;
}

#[test]
fn a_server_that_dies_between_sending_and_recording_repeats_the_attempt_with_the_same_id() {
    let shops = Runtime::new().expect("a runtime");
    let servers = Runtime::new().expect("a runtime");
    let disk = SimulatedDisk::new();
    let mut shop = shops.block_on(Shop::new(Habit::Hang));
    let url = shop.url();
    let rig = servers.block_on(Setting::on(memory_log(&disk)).start());
    let order = servers.block_on(paid(&rig, "N1", &url));
    let first = shops.block_on(shop.next());

    // The process dies: its tasks are dropped where they stand, and what was not synced is gone.
    let (server, mut setting) = rig.into_parts();
    drop(server);
    servers.shutdown_background();
    disk.crash(Crash::LoseUnsynced);
    shop.becomes(Habit::say(200, ""));
    setting.log = memory_log(&disk);

    let servers = Runtime::new().expect("a runtime");
    let rig = servers.block_on(setting.start());
    let again = shops.block_on(shop.next());
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    servers.block_on(acknowledged(&rig, order));
    assert_eq!(outcomes(&rig), [AttemptOutcome::Acknowledged { status: 200 }]);
    servers.block_on(rig.stop());
}

#[tokio::test]
async fn callbacks_with_attempts_ahead_go_on_after_a_restart() {
    let disk = SimulatedDisk::new();
    let mut shop = Shop::new(Habit::say(500, "")).await;
    let rig = Setting::on(memory_log(&disk)).start().await;
    let order = paid(&rig, "N1", &shop.url()).await;
    let first = shop.next().await;
    rig.until("the first attempt", |rig| rig.server.book().views().callbacks.attempts == 1).await;

    let mut setting = rig.stop().await;
    shop.becomes(Habit::say(200, ""));
    setting.clock.advance(Span::from_hours(2));
    setting.log = memory_log(&disk);
    let rig = setting.start().await;
    let again = shop.next().await;
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    acknowledged(&rig, order).await;
    let expected = [
        AttemptOutcome::Answered { status: 500, retry_after: None },
        AttemptOutcome::Acknowledged { status: 200 },
    ];
    assert_eq!(outcomes(&rig), expected);
    rig.stop().await;
}

#[tokio::test]
async fn an_attempt_in_flight_at_a_stop_in_order_is_recorded_before_the_log_closes() {
    let disk = SimulatedDisk::new();
    let mut shop = Shop::new(Habit::Hang).await;
    let rig = Setting::on(memory_log(&disk)).start().await;
    let order = paid(&rig, "N1", &shop.url()).await;
    shop.next().await;
    let stopping = tokio::spawn(rig.stop());
    shop.let_go();
    let mut setting = stopping.await.expect("no panic");
    setting.log = memory_log(&disk);
    let rig = setting.start().await;
    assert_eq!(outcomes(&rig), [AttemptOutcome::Unreachable]);
    assert_eq!(rig.seen(order).callback, CallbackStanding::Pending);
    rig.stop().await;
}
