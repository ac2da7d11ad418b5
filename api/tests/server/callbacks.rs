//! Callbacks over real sockets: what counts as success, what is tried again and when, and what is
//! never called.
//!
//! Invariant under test: every attempt is an event, and all attempts of a callback bear one id.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::http::HeaderMap;
use duizhang_api::clock::{Clock, ManualClock, SystemClock};
use duizhang_api::outbound::FixedResolver;
use duizhang_api::secrets::{Secret, SecretOf};
use duizhang_core::callback::{AttemptOutcome, CallbackId};
use duizhang_core::fact::{CallbackAttempted, Fact};
use duizhang_core::id::{MerchantId, OrderId};
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::md5_hex;
use duizhang_projections::callbacks::CallbackStanding;
use standardwebhooks::Webhook;

use crate::rig::{MERCHANT_KEY, OPERATOR_TOKEN, Rig, Setting, T, TOKEN, WEBHOOK};
use crate::shop::{Habit, Shop};
use crate::wire::{get, post_json};

fn attempts(rig: &Rig) -> Vec<CallbackAttempted> {
    let chapters = rig.chapters(|chapter| matches!(chapter.fact, Fact::CallbackAttempted(_)));
    let facts = chapters.into_iter().map(|chapter| chapter.fact);
    facts
        .map(|fact| match fact {
            Fact::CallbackAttempted(attempted) => attempted,
            other => panic!("an attempt, not {other:?}"),
        })
        .collect()
}

async fn until_attempts(rig: &Rig, count: u64) {
    rig.until("attempts to be recorded", |rig| {
        rig.server.book().views().callbacks.attempts >= count
    })
    .await;
}

fn due(rig: &Rig, order: OrderId) -> Timestamp {
    let callback = CallbackId { order, number: 1 };
    let pending = rig.server.book().views().callbacks.get(callback).copied();
    pending.expect("attempts are ahead").due
}

/// A native order that is paid, and its id.
async fn native_paid(rig: &Rig, number: &str, amount: &str, notify: &str) -> OrderId {
    let answer = rig.native(number, amount, notify).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let order = answer.json();
    let payable = order["payable"].as_str().expect("an amount").to_owned();
    let fen: u64 = payable.replace('.', "").parse().expect("digits");
    assert_eq!(rig.push(&payable, rig.millis() + fen).await.json()["code"], 1);
    order["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

async fn vmq_paid(rig: &Rig, number: &str, notify: &str) -> OrderId {
    let (order, payable) = rig.order(number, "10.00", notify).await;
    assert_eq!(rig.push(&payable, rig.millis()).await.json()["code"], 1);
    order
}

#[tokio::test]
async fn a_shop_of_the_original_protocol_is_told_once_and_says_success() {
    let rig = Rig::new().await;
    let mut shop = Shop::good().await;
    let order = vmq_paid(&rig, "N1", &shop.url()).await;
    let came = shop.next().await;
    assert!(came.line.starts_with("GET /notify?payId=N1&param=&type=1&price=10.0&"), "{came:?}");
    let signed = format!("N1110.010.0{MERCHANT_KEY}");
    assert_eq!(came.param("sign"), Some(md5_hex(&[signed.as_bytes()]).as_str()));
    until_attempts(&rig, 1).await;
    assert_eq!(rig.seen(order).callback, CallbackStanding::Acknowledged);
    rig.clock().advance(Span::from_hours(48));
    let [only] = &attempts(&rig)[..] else { panic!("one attempt") };
    assert_eq!(only.outcome, AttemptOutcome::Acknowledged { status: 200 });
    assert_eq!(only.excerpt, "success");
    assert_eq!(shop.waiting(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn success_words_are_each_dialects_own() {
    let cases = [
        (200, "success", true, true),
        (200, " SUCCESS\n", true, true),
        (200, "\u{feff}success", true, true),
        (200, "ok", false, true),
        (200, "", false, true),
        (204, "", false, true),
        (200, "successful", false, true),
        (201, "fail", false, true),
        (500, "success", false, false),
        (302, "success", false, false),
    ];
    for (status, body, vmq, native) in cases {
        let rig = Rig::new().await;
        let mut shop = Shop::new(Habit::say(status, body)).await;
        let old = vmq_paid(&rig, "N1", &shop.url()).await;
        let new = native_paid(&rig, "N2", "20.00", &shop.url()).await;
        shop.next().await;
        shop.next().await;
        until_attempts(&rig, 2).await;
        let standing = |fits| match fits {
            true => CallbackStanding::Acknowledged,
            false => CallbackStanding::Pending,
        };
        assert_eq!(rig.seen(old).callback, standing(vmq), "{status} {body:?} by V免签");
        assert_eq!(rig.seen(new).callback, standing(native), "{status} {body:?} natively");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_native_callback_passes_the_specifications_own_library_and_keeps_its_id() {
    let mut setting = Setting::new();
    // The library compares with the machine's clock, and takes five minutes of difference.
    setting.clock = ManualClock::new(SystemClock::new().now(), 1);
    let rig = setting.start().await;
    let mut shop = Shop::new(Habit::say(503, "later")).await;
    let order = native_paid(&rig, "N1", "10.00", &shop.url()).await;
    let mut ids = Vec::new();
    // The third attempt is made an hour later, by our clock, and says so.
    for attempt in 1..=3 {
        let came = shop.next().await;
        assert!(came.line.starts_with("POST /notify HTTP/1.1"), "{came:?}");
        let mut headers = HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let value = came.header(name).expect("the header is there");
            headers.insert(name, value.parse().expect("a header's value"));
        }
        let judge = Webhook::new(WEBHOOK).expect("the secret is sound");
        let verdict = judge.verify(came.body.as_bytes(), &headers);
        assert_eq!(verdict.is_ok(), attempt <= 2, "{attempt}: {verdict:?}");
        assert!(judge.verify(b"{}", &headers).is_err(), "the library looks at the body");
        let body: serde_json::Value = serde_json::from_str(&came.body).expect("JSON");
        assert_eq!(body["type"], "order.paid");
        assert_eq!(body["data"]["number"], "N1");
        assert_eq!(body["data"]["received"], "10.00");
        ids.push(came.header("webhook-id").expect("an id").to_owned());
        until_attempts(&rig, attempt).await;
        rig.clock().set(due(&rig, order));
        rig.clock().advance(Span::from_hours(attempt - 1));
    }
    ids.dedup();
    assert_eq!(ids, [format!("msg_{order}_1")]);
    rig.stop().await;
}

#[tokio::test]
async fn a_wrong_word_is_tried_again_on_schedule_and_every_attempt_is_an_event() {
    let rig = Rig::new().await;
    let mut shop = Shop::new(Habit::say(200, "fail")).await;
    let order = vmq_paid(&rig, "N1", &shop.url()).await;
    let delays = [15, 60, 180, 600, 1_800, 3_600, 7_200, 21_600, 43_200];
    for (number, delay) in (1..).zip(delays) {
        shop.next().await;
        until_attempts(&rig, number).await;
        let now = rig.clock().now();
        let wait = due(&rig, order).since(now);
        let jitter = Span::from_secs(delay / 5);
        assert!(wait >= Span::from_secs(delay), "attempt {number} waits {wait:?}");
        assert!(wait.micros() <= Span::from_secs(delay).micros() + jitter.micros());
        rig.clock().set(due(&rig, order).minus(Span::from_micros(1)));
        assert_eq!(shop.waiting(), 0, "nothing comes before it is due");
        rig.clock().set(due(&rig, order));
    }
    shop.next().await;
    until_attempts(&rig, 10).await;
    assert_eq!(rig.seen(order).callback, CallbackStanding::Abandoned);
    rig.clock().advance(Span::from_hours(100));
    let outcomes: Vec<_> = attempts(&rig).into_iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, vec![AttemptOutcome::Answered { status: 200, retry_after: None }; 10]);
    assert_eq!(shop.waiting(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn an_abandoned_callback_is_sent_again_when_an_operator_asks_and_keeps_its_id() {
    let rig = Rig::new().await;
    let mut shop = Shop::new(Habit::say(410, "")).await;
    let order = native_paid(&rig, "N1", "10.00", &shop.url()).await;
    let first = shop.next().await;
    until_attempts(&rig, 1).await;
    assert_eq!(attempts(&rig)[0].outcome, AttemptOutcome::Gone);
    assert_eq!(rig.seen(order).callback, CallbackStanding::Abandoned);

    shop.becomes(Habit::say(200, ""));
    let path = format!("/v1/callbacks/msg_{order}_1/redeliver");
    assert_eq!(post_json(rig.at, &path, "", "{}").await.status, 401);
    assert_eq!(post_json(rig.at, &path, TOKEN, "{}").await.status, 204);
    let again = shop.next().await;
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    until_attempts(&rig, 2).await;
    assert_eq!(rig.seen(order).callback, CallbackStanding::Acknowledged);

    assert_eq!(post_json(rig.at, &path, OPERATOR_TOKEN, "{}").await.status, 204);
    let third = shop.next().await;
    assert_eq!(third.header("webhook-id"), first.header("webhook-id"));
    until_attempts(&rig, 3).await;
    let unknown = format!("/v1/callbacks/msg_{order}_2/redeliver");
    assert_eq!(post_json(rig.at, &unknown, TOKEN, "{}").await.status, 404);
    rig.stop().await;
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let rig = Rig::new().await;
    let mut trap = Shop::good().await;
    let location = format!("Location: {}\r\n", trap.url());
    let mut shop = Shop::new(Habit::Say(302, location, "success".into())).await;
    vmq_paid(&rig, "N1", &shop.url()).await;
    shop.next().await;
    until_attempts(&rig, 1).await;
    let [only] = &attempts(&rig)[..] else { panic!("one attempt") };
    assert_eq!(only.outcome, AttemptOutcome::Answered { status: 302, retry_after: None });
    assert_eq!(trap.waiting(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn a_shop_that_asks_for_time_gets_it() {
    let rig = Rig::new().await;
    let retry = Habit::Say(503, "Retry-After: 120\r\n".into(), String::new());
    let mut shop = Shop::new(retry).await;
    let order = native_paid(&rig, "N1", "10.00", &shop.url()).await;
    shop.next().await;
    until_attempts(&rig, 1).await;
    let now = rig.clock().now();
    assert_eq!(due(&rig, order).since(now), Span::from_secs(120));
    rig.stop().await;
}

#[tokio::test]
async fn private_addresses_are_refused_after_resolution_and_the_refusal_is_an_event() {
    let inside = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    let outside = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));
    let mapped = "::ffff:127.0.0.1".parse().expect("an address");
    let resolver = FixedResolver::default()
        .with("private.example", &[&[inside]])
        .with("mixed.example", &[&[outside, inside]])
        .with("mapped.example", &[&[mapped]])
        .with("loopback.example", &[&[IpAddr::V4(Ipv4Addr::LOCALHOST)]]);
    let mut setting = Setting::new();
    (setting.allow_private, setting.resolver) = (false, Arc::new(resolver));
    let rig = setting.start().await;
    let mut shop = Shop::good().await;
    // A literal address is refused when the order is made.
    let hosts = ["private.example", "mixed.example", "mapped.example", "loopback.example"];
    let urls = hosts.map(|host| format!("http://{host}:{}/n", shop.at.port()));
    for (number, url) in urls.iter().enumerate() {
        let (_, payable) = rig.order(&format!("N{number}"), "10.00", url).await;
        rig.push(&payable, T + u64::try_from(number).expect("few")).await;
    }
    let count = u64::try_from(urls.len()).expect("few");
    until_attempts(&rig, count).await;
    for attempt in attempts(&rig) {
        assert_eq!(attempt.outcome, AttemptOutcome::AddressRefused, "{attempt:?}");
        assert!(!attempt.excerpt.is_empty(), "the record says why");
    }
    assert_eq!(rig.resolver().asked("mixed.example"), 1, "one look-up an attempt");
    assert_eq!(shop.waiting(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn a_message_without_a_key_is_unsendable_and_goes_out_once_there_is_one() {
    let rig = Rig::new().await;
    let mut shop = Shop::good().await;
    let secrets = &rig.server.app().secrets;
    let of = SecretOf::WebhookSecret(MerchantId::new("1001").expect("a name"));
    assert!(secrets.disable(&of, rig.clock()).expect("stored"));
    let order = native_paid(&rig, "N1", "10.00", &shop.url()).await;
    until_attempts(&rig, 1).await;
    let [only] = &attempts(&rig)[..] else { panic!("one attempt") };
    assert_eq!(only.outcome, AttemptOutcome::Unsendable);
    assert_eq!(only.excerpt, "the merchant has no key to sign with");
    assert_eq!(shop.waiting(), 0);
    secrets.set(&of, &Secret::new(WEBHOOK.as_bytes()), rig.clock()).expect("stored");
    rig.clock().set(due(&rig, order));
    assert!(shop.next().await.header("webhook-signature").is_some());
    until_attempts(&rig, 2).await;
    assert_eq!(rig.seen(order).callback, CallbackStanding::Acknowledged);
    let metrics = get(rig.at, "/metrics").await.text();
    assert!(metrics.contains(r#"attempts_total{word="unsendable"} 1"#), "{metrics}");
    rig.stop().await;
}

#[tokio::test]
async fn a_shop_that_hangs_up_is_unreachable_and_tried_again() {
    let rig = Rig::new().await;
    let mut shop = Shop::new(Habit::Close).await;
    let order = vmq_paid(&rig, "N1", &shop.url()).await;
    shop.next().await;
    until_attempts(&rig, 1).await;
    assert_eq!(attempts(&rig)[0].outcome, AttemptOutcome::Unreachable);
    shop.becomes(Habit::say(200, "success"));
    rig.clock().set(due(&rig, order));
    shop.next().await;
    until_attempts(&rig, 2).await;
    assert_eq!(rig.seen(order).callback, CallbackStanding::Acknowledged);
    rig.stop().await;
}
