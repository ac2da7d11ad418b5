//! The Youzan bridge from end to end: a shop asks for a code, the platform makes it, pushes that it
//! was paid and is asked what that was, and every address of the shop is told once.

use std::collections::BTreeMap;

use duizhang_api::clock::Clock;
use duizhang_api::youzan::Shop as YouzanShop;
use duizhang_core::callback::{AttemptOutcome, CallbackId};
use duizhang_core::channel::Channel;
use duizhang_core::fact::{Device, Fact, Merchant, Wallet};
use duizhang_core::id::{DeviceId, MerchantId, WalletId};
use duizhang_core::matcher::HoldReason;
use duizhang_core::order::OrderStatus;
use duizhang_core::time::Span;
use duizhang_eventlog::disk::SimulatedDisk;
use duizhang_listener_bridge::wire::{decode_component, encode_component, md5_hex};
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::OrderView;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::platform::{CREATE, PICTURE, Platform, TRADE};
use crate::rig::{CLIENT_SECRET, MERCHANT_KEY, Rig, SLOW_SECRET, Setting, TOKEN, memory_log};
use crate::shop::{Came, Habit, Shop};
use crate::wire::{Answer, post_json};

/// The ticker, the deliverer and the fetcher, each waiting for its next time.
const AT_REST: usize = 3;

async fn bridge(platform: &Platform, disk: &SimulatedDisk, notify: &str) -> Rig {
    let mut setting = Setting::on(memory_log(disk));
    setting.shops = vec![platform.shop()];
    declare(setting, notify).await
}

/// A server with the wallet of the first shop, and what watches it.
async fn declare(setting: Setting, notify: &str) -> Rig {
    let rig = setting.start().await;
    let wallet = WalletId::new("yz-main").expect("a name");
    let facts = [
        Fact::WalletDeclared(Wallet {
            id: wallet.clone(),
            channel: Channel::Youzan,
            qr: None,
            fixed: Vec::new(),
            enabled: true,
        }),
        Fact::DeviceDeclared(Device {
            id: DeviceId::new("yz-main").expect("a name"),
            wallets: vec![wallet.clone()],
            enabled: true,
        }),
        Fact::MerchantDeclared(Merchant {
            id: MerchantId::new("1001").expect("a name"),
            name: "Shop".into(),
            notify_url: Some(notify.to_owned()),
            wallets: vec![wallet],
            default: true,
            strict: false,
            enabled: true,
        }),
    ];
    for fact in facts {
        rig.server.book().submit(fact).await.expect("a declaration is taken");
    }
    rig
}

async fn create(rig: &Rig, number: &str, price: i64) -> Answer {
    let body = json!({ "name": "a book", "price": price, "order_id": number });
    post_json(rig.at, "/api/payment/qrcode", "", &body.to_string()).await
}

fn order(rig: &Rig, number: &str) -> OrderView {
    let merchant = MerchantId::new("1001").expect("a name");
    let id = rig.server.book().views().orders.by_number(&merchant, number).expect("there").id;
    rig.seen(id)
}

fn envelope(number: &str, status: &str, count: u8) -> Value {
    envelope_by(CLIENT_SECRET, number, status, count)
}

fn envelope_by(secret: &str, number: &str, status: &str, count: u8) -> Value {
    let msg = json!({ "tid": number, "status": status, "payment": "10.00" }).to_string();
    let msg = encode_component(&msg);
    let sign = md5_hex(&[b"cid", msg.as_bytes(), secret.as_bytes()]);
    json!({
        "client_id": "cid", "type": "TRADE_ORDER_STATE", "id": number, "kdt_id": 110, "msg": msg,
        "sign": sign, "sendCount": count, "status": status, "test": false, "mode": 1,
    })
}

async fn push(rig: &Rig, number: &str, status: &str, count: u8) -> Answer {
    let body = envelope(number, status, count).to_string();
    post_json(rig.at, "/api/status", "", &body).await
}

async fn taken(rig: &Rig, number: &str, status: &str, count: u8) {
    let answer = push(rig, number, status, count).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"code":0,"msg":"success"}"#));
}

async fn until_status(rig: &Rig, number: &str, status: OrderStatus) {
    rig.until("the order's status", |rig| order(rig, number).status == status).await;
}

fn form(came: &Came) -> BTreeMap<String, String> {
    let pairs = came.body.split('&').map(|pair| pair.split_once('=').expect("a pair"));
    pairs.map(|(k, v)| (k.to_owned(), decode_component(v).expect("encoded"))).collect()
}

/// The whole callback about the order `N1`, paid by the trade `E1` through its code.
fn check_told(rig: &Rig, came: &Came) {
    assert_eq!(came.line, "POST /notify HTTP/1.1");
    assert_eq!(came.header("content-type"), Some("application/x-www-form-urlencoded"));
    let told = form(came);
    let time = rig.clock().now().secs().to_string();
    let signed = format!("{time}|E1-6377801|N1|1000|TRADE_SUCCESS|{MERCHANT_KEY}");
    let sign = md5_hex(&[signed.as_bytes()]);
    let names = ["tradeNo", "orderId", "payment", "status", "uuid", "sign", "time"];
    let told_in_order = names.map(|name| told[name].as_str());
    let expected = ["E1-6377801", "N1", "1000", "TRADE_SUCCESS", "", &sign, &time];
    assert_eq!(told_in_order, expected);
}

fn attempts(rig: &Rig) -> Vec<(CallbackId, AttemptOutcome)> {
    let chapters = rig.chapters(|chapter| matches!(chapter.fact, Fact::CallbackAttempted(_)));
    let attempts = chapters.into_iter().filter_map(|chapter| match chapter.fact {
        Fact::CallbackAttempted(attempt) => Some((attempt.callback, attempt.outcome)),
        _ => None,
    });
    attempts.collect()
}

#[tokio::test]
async fn a_code_is_made_paid_and_told_to_every_address_over_a_restart() {
    let (platform, disk) = (Platform::new().await, SimulatedDisk::new());
    let (mut good, mut moody) = (Shop::good().await, Shop::new(Habit::say(500, "")).await);
    let notify = format!("{};{}", good.url(), moody.url());
    let rig = bridge(&platform, &disk, &notify).await;

    let made = create(&rig, "N1", 1_000).await;
    let expected = format!(
        "{{\"qr_id\":\"6377801\",\"qr_url\":\"https://trade.koudaitong.com/wxpay/confirmQr?qr_id=\
         6377801\",\"qr_code\":\"{PICTURE}\",\"qr_type\":\"QR_TYPE_DYNAMIC\"}}"
    );
    assert_eq!((made.status, made.text()), (200, expected.clone()));
    assert_eq!(create(&rig, "N1", 1_000).await.text(), expected, "a repeat is the same order");
    let [asked] = &platform.asked(CREATE)[..] else { panic!("one code was made") };
    let asked = ["qr_name", "qr_price", "qr_type", "access_token"].map(|name| asked[name].as_str());
    assert_eq!(asked, ["a book", "1000", "QR_TYPE_DYNAMIC", "token-1"]);
    // Another order over the same price is no rival.
    assert_eq!(create(&rig, "N2", 1_000).await.status, 200);
    let shown = order(&rig, "N1");
    assert_eq!((shown.payable.minor(), shown.qr_fixed), (1_000, true));

    // The platform pushes, and does not say what it was when it is asked.
    taken(&rig, "E1", "WAIT_BUYER_PAY", 0).await;
    platform.out_of_order(Some(502));
    taken(&rig, "E1", "WAIT_SELLER_SEND_GOODS", 0).await;
    platform.until_asked(TRADE, 1).await;
    assert_eq!(order(&rig, "N1").status, OrderStatus::Open);

    let mut setting = rig.stop().await;
    platform.out_of_order(None);
    platform.trade("E1", "TRADE_SUCCESS", "10.00", "6377801");
    setting.log = memory_log(&disk);
    let rig = setting.start().await;
    until_status(&rig, "N1", OrderStatus::Paid).await;
    assert_eq!(order(&rig, "N2").status, OrderStatus::Open);
    assert_eq!(platform.tokens(), 2, "a token is kept as long as the server runs");

    // All pushes about the payment are one.
    for count in 1..=3 {
        taken(&rig, "E1", "WAIT_SELLER_SEND_GOODS", count).await;
    }
    taken(&rig, "E1", "TRADE_SUCCESS", 0).await;

    check_told(&rig, &good.next().await);

    // One address has it, the other is tried again and only that one.
    assert_eq!(form(&moody.next().await)["tradeNo"], "E1-6377801");
    rig.until("two attempts", |rig| attempts(rig).len() == 2).await;
    assert_eq!(order(&rig, "N1").callback, CallbackStanding::Pending);
    moody.becomes(Habit::say(200, "whatever"));
    rig.clock().until_sleepers(AT_REST).await;
    rig.clock().advance(Span::from_secs(20));
    assert_eq!(form(&moody.next().await)["orderId"], "N1");
    rig.until("the acknowledgement", |rig| {
        order(rig, "N1").callback == CallbackStanding::Acknowledged
    })
    .await;
    rig.clock().advance(Span::from_hours(13));
    assert_eq!((good.waiting(), moody.waiting()), (0, 0));
    let numbers: Vec<u16> = attempts(&rig).iter().map(|(id, _)| id.number).collect();
    assert_eq!(numbers.iter().filter(|number| **number == 1).count(), 1);
    assert_eq!(numbers.iter().filter(|number| **number == 2).count(), 2);
    rig.stop().await;
}

#[tokio::test]
async fn money_of_another_amount_or_another_code_waits_for_a_person() {
    let (platform, disk) = (Platform::new().await, SimulatedDisk::new());
    let mut shop = Shop::good().await;
    let rig = bridge(&platform, &disk, &shop.url()).await;
    create(&rig, "N1", 1_000).await;
    platform.trade("E1", "TRADE_SUCCESS", "9.99", "6377801");
    platform.trade("E2", "TRADE_SUCCESS", "10.00", "777");
    platform.trade("E3", "TRADE_SUCCESS", "10.00", "no code");
    for number in ["E1", "E2", "E3"] {
        taken(&rig, number, "TRADE_SUCCESS", 0).await;
    }
    rig.until("three held payments", |rig| rig.server.book().views().inbox.held().count() == 3)
        .await;
    let mut reasons: Vec<(i64, HoldReason)> = {
        let views = rig.server.book().views();
        views.inbox.held().map(|held| (held.amount.minor(), held.reason)).collect()
    };
    reasons.sort_by_key(|(minor, _)| *minor);
    let none = HoldReason::NoOrder;
    assert_eq!(reasons, [(999, HoldReason::AmountDiffers), (1_000, none), (1_000, none)]);
    assert_eq!(order(&rig, "N1").status, OrderStatus::Open);
    assert_eq!(shop.waiting(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn a_trade_is_asked_for_until_it_is_paid_and_a_closed_one_is_left_to_a_person() {
    let (platform, disk) = (Platform::new().await, SimulatedDisk::new());
    let rig = bridge(&platform, &disk, "http://127.0.0.1:9/n").await;
    create(&rig, "N1", 1_000).await;
    platform.trade("E1", "WAIT_BUYER_PAY", "10.00", "6377801");
    taken(&rig, "E1", "TRADE_SUCCESS", 0).await;
    for (asked, wait) in [(1, 5), (2, 30), (3, 120)] {
        platform.until_asked(TRADE, asked).await;
        rig.clock().until_sleepers(AT_REST).await;
        assert_eq!(order(&rig, "N1").status, OrderStatus::Open);
        if asked == 3 {
            platform.trade("E1", "TRADE_SUCCESS", "10.00", "6377801");
        }
        rig.clock().advance(Span::from_secs(wait));
    }
    until_status(&rig, "N1", OrderStatus::Paid).await;
    platform.trade("E2", "TRADE_CLOSED", "10.00", "6377801");
    taken(&rig, "E2", "TRADE_SUCCESS", 0).await;
    platform.until_asked(TRADE, 5).await;
    rig.clock().until_sleepers(AT_REST).await;
    rig.clock().advance(Span::from_hours(2));
    rig.clock().until_sleepers(AT_REST).await;
    assert_eq!(platform.asked(TRADE).len(), 5, "it is not asked for again");
    assert_eq!(rig.server.book().views().inbox.questions().count(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn without_the_platform_an_order_stays_without_a_code_and_a_repeat_asks_again() {
    let (platform, disk) = (Platform::new().await, SimulatedDisk::new());
    let rig = bridge(&platform, &disk, "http://127.0.0.1:9/n").await;
    platform.out_of_order(Some(500));
    let failed = create(&rig, "N1", 1_000).await;
    assert_eq!((failed.status, failed.text().as_str()), (500, "Create payment qrcode failed"));
    let kept = order(&rig, "N1");
    assert_eq!((kept.status, kept.code), (OrderStatus::Open, None));
    platform.out_of_order(None);
    assert_eq!(create(&rig, "N1", 1_000).await.status, 200);
    assert_eq!(order(&rig, "N1").id, kept.id);
    // A token that was revoked is renewed once, within the call.
    platform.revoke();
    assert_eq!(create(&rig, "N2", 1_000).await.status, 200);
    assert_eq!((platform.tokens(), platform.asked(CREATE).len()), (3, 3));
    rig.stop().await;
}

#[tokio::test]
async fn what_is_not_proven_changes_nothing() {
    let (platform, disk) = (Platform::new().await, SimulatedDisk::new());
    let rig = bridge(&platform, &disk, "http://127.0.0.1:9/n").await;
    create(&rig, "N1", 1_000).await;
    platform.trade("E1", "TRADE_SUCCESS", "10.00", "6377801");
    let mut forged = envelope("E1", "TRADE_SUCCESS", 0);
    forged["sign"] = json!("00000000000000000000000000000000");
    let answer = post_json(rig.at, "/api/status", "", &forged.to_string()).await;
    assert_eq!(answer.status, 403);
    // The application's secret signs for no phone, and a phone's key for no application.
    let t = rig.millis();
    let sign = md5_hex(&[format!("11000{t}").as_bytes(), CLIENT_SECRET.as_bytes()]);
    let path = format!("/appPush?type=1&price=1000&t={t}&sign={sign}");
    assert_eq!(crate::wire::get(rig.at, &path).await.json()["code"], -1);
    let mut test = envelope("E1", "TRADE_SUCCESS", 0);
    test["test"] = json!(true);
    let answer = post_json(rig.at, "/api/status", "", &test.to_string()).await;
    assert_eq!(answer.text(), r#"{"code":0,"msg":"success"}"#);

    for (body, expected) in [
        (r#"{"name":"x","price":1000}"#, "order_id is missing"),
        (r#"{"name":"x","order_id":"N9"}"#, "price is missing"),
        (r#"{"name":"a book","price":999,"order_id":"N1"}"#, "order_id was used before"),
        ("{", "the body is not a JSON object"),
    ] {
        let answer = post_json(rig.at, "/api/payment/qrcode", TOKEN, body).await;
        assert_eq!(answer.status, 500);
        assert!(answer.text().contains(expected), "{}", answer.text());
    }
    let answer = post_json(rig.at, "/api/payment/qrcode", "a-token-of-nobody", "{}").await;
    assert_eq!(answer.status, 401);
    assert_eq!(platform.asked(TRADE).len(), 0);
    assert_eq!(order(&rig, "N1").status, OrderStatus::Open);
    let log = rig.chapters(|_| true);
    assert!(!format!("{log:?}").contains(CLIENT_SECRET), "no secret enters the log");
    rig.stop().await;
}

#[tokio::test]
async fn a_shop_whose_platform_does_not_answer_delays_no_other() {
    let (platform, disk) = (Platform::new().await, SimulatedDisk::new());
    // Connections are made and nobody ever speaks.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let slow = WalletId::new("yz-slow").expect("a name");
    let mut setting = Setting::on(memory_log(&disk));
    let base_url = format!("http://{}", silent.local_addr().expect("bound"));
    let watcher = DeviceId::new("yz-slow").expect("a name");
    setting.shops = vec![
        YouzanShop { wallet: slow.clone(), watcher: watcher.clone(), base_url, ..platform.shop() },
        platform.shop(),
    ];
    let rig = declare(setting, "http://127.0.0.1:9/n").await;
    let (channel, wallets) = (Channel::Youzan, vec![slow.clone()]);
    let wallet = Wallet { id: slow, channel, qr: None, fixed: Vec::new(), enabled: true };
    let device = Device { id: watcher, wallets, enabled: true };
    for fact in [Fact::WalletDeclared(wallet), Fact::DeviceDeclared(device)] {
        rig.server.book().submit(fact).await.expect("a declaration is taken");
    }
    create(&rig, "N1", 1_000).await;
    platform.trade("E9", "TRADE_SUCCESS", "10.00", "6377801");
    for number in ["E1", "E2", "E3", "E4", "E5"] {
        let body = envelope_by(SLOW_SECRET, number, "TRADE_SUCCESS", 0).to_string();
        let answer = post_json(rig.at, "/d/yz-slow/api/status", "", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let body = envelope("E9", "TRADE_SUCCESS", 0).to_string();
    let answer = post_json(rig.at, "/d/yz-main/api/status", "", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    until_status(&rig, "N1", OrderStatus::Paid).await;
    assert_eq!(rig.server.book().views().inbox.questions().count(), 5);
    rig.stop().await;
}

#[tokio::test]
async fn a_code_that_is_another_orders_is_no_code() {
    let (platform, disk) = (Platform::new().await, SimulatedDisk::new());
    let rig = bridge(&platform, &disk, "http://127.0.0.1:9/n").await;
    assert_eq!(create(&rig, "N1", 1_000).await.status, 200);
    platform.repeats();
    let second = create(&rig, "N2", 1_000).await;
    assert_eq!((second.status, second.text().as_str()), (500, "Create payment qrcode failed"));
    assert_eq!((order(&rig, "N2").status, order(&rig, "N2").code), (OrderStatus::Open, None));
    rig.stop().await;
}

#[tokio::test]
async fn an_expired_order_has_no_code_any_more_and_its_money_is_known_as_its_own() {
    let (platform, disk) = (Platform::new().await, SimulatedDisk::new());
    let mut shop = Shop::good().await;
    let rig = bridge(&platform, &disk, &shop.url()).await;
    create(&rig, "N1", 1_000).await;
    rig.clock().until_sleepers(AT_REST).await;
    rig.clock().advance(Span::from_secs(301));
    until_status(&rig, "N1", OrderStatus::Expired).await;
    let again = create(&rig, "N1", 1_000).await;
    assert_eq!((again.status, again.text().as_str()), (500, "the order is expired"));
    assert_eq!(platform.asked(CREATE).len(), 1, "no code is made for it");
    platform.trade("E1", "TRADE_SUCCESS", "10.00", "6377801");
    taken(&rig, "E1", "TRADE_SUCCESS", 0).await;
    until_status(&rig, "N1", OrderStatus::PaidLate).await;
    check_told(&rig, &shop.next().await);
    rig.stop().await;
    assert_eq!(shop.waiting(), 0);
}
