//! Every source over real sockets: however often, in whatever order and however late its phone
//! delivers, one payment is one payment.
//!
//! The sources are data: how each one's phone writes a delivery, and how it writes the same one
//! when it tries again. Deliberately not here: what each source reads and refuses (its recorded
//! conversations).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Device, Fact, Merchant, Wallet};
use duizhang_core::id::{DeviceId, MerchantId, OrderId, WalletId};
use duizhang_core::matcher::HoldReason;
use duizhang_core::order::OrderStatus;
use duizhang_core::time::Span;
use duizhang_listener_bridge::every_source::every_source;
use duizhang_listener_bridge::rules::Rules;
use duizhang_listener_bridge::wire::{
    encode_component, hex_lower, hmac_sha256, md5_hex, sha256_hex,
};

use crate::rig::{DEVICE_KEY, Rig, T, TOKEN};
use crate::wire::{Answer, post_json, raw};

/// A delivery: verb and address, further header lines, media type and body.
struct Sent {
    line: String,
    head: String,
    body: String,
}

/// Money as a phone saw it.
#[derive(Clone)]
struct Seen {
    price: String,
    at: u64,
    /// Which try this is; some apps sign each anew.
    attempt: u64,
}

/// How one app's phone delivers.
struct App {
    source: &'static str,
    shape: &'static str,
    channel: Channel,
    write: fn(&Seen) -> Sent,
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

fn sent(line: &str, head: &str, body: String) -> Sent {
    Sent { line: line.to_owned(), head: head.to_owned(), body }
}

fn mac(message: &str) -> [u8; 32] {
    hmac_sha256(DEVICE_KEY.as_bytes(), message.as_bytes())
}

fn stamped(at: u64) -> String {
    encode_component(&STANDARD.encode(mac(&format!("{at}\n{DEVICE_KEY}"))))
}

fn text(seen: &Seen) -> String {
    format!("微信支付收款{}元", seen.price)
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, text)| format!("{name}={}", encode_component(text)));
    pairs.collect::<Vec<_>>().join("&")
}

fn vmq(seen: &Seen) -> Sent {
    let Seen { price, at, attempt } = seen;
    let sign = md5_hex(&[format!("1{price}{at}{DEVICE_KEY}").as_bytes()]);
    let forced = if *attempt > 0 { "&force_push=true" } else { "" };
    let query = format!("t={at}&type=1&price={price}&sign={sign}{forced}");
    sent(&format!("GET /appPush?{query}"), "", String::new())
}

fn vmq_monitor(seen: &Seen) -> Sent {
    let Sent { line, .. } = vmq(seen);
    sent(&line.replace("/appPush", "/m/1001/api/monitor/push"), "", String::new())
}

fn vmq_hmac(seen: &Seen) -> Sent {
    let Seen { price, at, .. } = seen;
    let signed = format!("price={price}&signType=HMAC_SHA256&t={at}&type=1");
    let query = format!("{signed}&sign={}", hex_lower(&mac(&signed)));
    sent(&format!("GET /appPush?{query}"), "", String::new())
}

fn vmq_v1(seen: &Seen) -> Sent {
    const PATH: &str = "/api/v1/payments/notify";
    let body = format!(r#"{{"channel":1,"price":{}}}"#, seen.price);
    // Each try has a nonce and a time of its own.
    let (secs, nonce) = (seen.at / 1_000 + seen.attempt, format!("{}-{}", seen.at, seen.attempt));
    let hash = sha256_hex(body.as_bytes());
    let message = format!("VMQ-HMAC-SHA256-V1\nPOST\n{PATH}\n{secs}\n{nonce}\n{hash}");
    let head = format!(
        "{JSON}X-VMQ-Timestamp: {secs}\r\nX-VMQ-Nonce: {nonce}\r\nX-VMQ-Signature: v1={}\r\n",
        hex_lower(&mac(&message))
    );
    sent(&format!("POST {PATH}"), &head, body)
}

fn smsforwarder(seen: &Seen) -> Sent {
    let (at, sign, text) = (seen.at.to_string(), stamped(seen.at), text(seen));
    let body = form(&[
        ("from", "com.tencent.mm"),
        ("title", "微信支付"),
        ("content", &text),
        ("timestamp", &at),
        ("sign", &sign),
    ]);
    sent("POST /hook/phone-1", FORM, body)
}

fn smsforwarder_multipart(seen: &Seen) -> Sent {
    let content = format!("com.tencent.mm\n{}\n微信支付\nUID：1\n2026\nphone", text(seen));
    let (at, sign) = (seen.at.to_string(), stamped(seen.at));
    let fields =
        [("from", "com.tencent.mm"), ("content", &content), ("timestamp", &at), ("sign", &sign)];
    let part = |(name, text): (&str, &str)| {
        format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let body: String = fields.into_iter().map(part).chain(["--b0--\r\n".to_owned()]).collect();
    sent("POST /hook/phone-1", "Content-Type: multipart/form-data; boundary=b0\r\n", body)
}

fn receiptnotice(seen: &Seen) -> Sent {
    let inner = md5_hex(&[format!("wechat{}", seen.price).as_bytes()]).to_uppercase();
    let sign = md5_hex(&[inner.as_bytes(), DEVICE_KEY.as_bytes()]).to_uppercase();
    let repeat = match seen.attempt {
        0 => String::new(),
        attempt => format!(r#","repeatnum":"{attempt}""#),
    };
    let body = format!(
        r#"{{"type":"wechat","time":"{}","title":"微信支付","money":"{}","content":"{} "好"","sign":"{sign}"{repeat}}}"#,
        seen.at,
        seen.price,
        text(seen)
    );
    sent("POST /hook/phone-1", JSON, body)
}

fn mpay(seen: &Seen) -> Sent {
    let data = format!(r#"{{"aid":"3","pid":"1000","title":"微信支付","msg":"{}"}}"#, text(seen));
    let (at, sign) = (seen.at.to_string(), stamped(seen.at));
    let body = form(&[("action", "mpay"), ("time", &at), ("sign", &sign), ("data", &data)]);
    sent("POST /mpayNotify", FORM, body)
}

fn mpay_v2(seen: &Seen) -> Sent {
    let content = format!(r#"{{"title":"微信支付","msg":"{}"}}"#, text(seen));
    let (at, sign) = (seen.at.to_string(), stamped(seen.at));
    let fields =
        [("from", "com.tencent.mm"), ("content", &content), ("timestamp", &at), ("sign", &sign)];
    sent("POST /api/pay/7/notify", FORM, form(&fields))
}

fn cxpay(seen: &Seen) -> Sent {
    let Seen { price, at, attempt } = seen;
    // The app signs and sends the amount as the notice wrote it.
    let price = price.strip_suffix(".00").unwrap_or(price);
    let (secs, now) = (at / 1_000, at / 1_000 + attempt);
    let (bill, nonce) = (format!("bill-{at:016}"), format!("nonce-{at:016}-{attempt}"));
    let message = format!("2|7|dev|bill|wxpay|{price}|{bill}|{secs}|{now}|{nonce}|1.3.1");
    let body = format!(
        r#"{{"version":"2","channel_id":7,"device_id":"dev","event":"bill","pay_type":"wxpay","money":"{price}","source_bill_id":"{bill}","occurred_at":{secs},"timestamp":{now},"nonce":"{nonce}","client_version":"1.3.1","sign":"{}"}}"#,
        hex_lower(&mac(&message))
    );
    sent("POST /api/appasst/push", JSON, body)
}

fn income_sms(seen: &Seen) -> Sent {
    let body = format!(
        r#"{{"package":"com.tencent.mm","from":"微信支付","text":"{}","sentStamp":{at},"receivedStamp":{at},"battery":{}}}"#,
        text(seen),
        90 - seen.attempt,
        at = seen.at
    );
    let head = format!("{JSON}X-Signature: {}\r\n", hex_lower(&mac(&body)));
    sent("POST /hook/phone-1", &head, body)
}

fn sms_gate(seen: &Seen) -> Sent {
    let body = format!(
        r#"{{"event":"sms:received","id":"try-{}","payload":{{"message":"您尾号0345卡11月21日08:00工商银行收入(他行汇入){}元，余额1,000.00元。【工商银行】","phoneNumber":"95588","receivedAt":"{}"}}}}"#,
        seen.attempt, seen.price, seen.at
    );
    let signed_at = seen.at / 1_000 + seen.attempt;
    let sign = hex_lower(&mac(&format!("{body}{signed_at}")));
    let head = format!("{JSON}X-Signature: {sign}\r\nX-Timestamp: {signed_at}\r\n");
    sent("POST /hook/phone-1", &head, body)
}

fn token_in_path(seen: &Seen) -> Sent {
    let query = form(&[
        ("app", "com.tencent.mm"),
        ("title", "微信支付"),
        ("text", &text(seen)),
        ("time", &seen.at.to_string()),
    ]);
    sent(&format!("GET /hook/phone-1/{DEVICE_KEY}?{query}"), "", String::new())
}

fn token_in_header(seen: &Seen) -> Sent {
    let body = format!(
        r#"{{"packageName":"com.tencent.mm","title":"微信支付","text":"{}","bigText":null,"timestamp":{},"priority":{}}}"#,
        text(seen),
        seen.at,
        seen.attempt
    );
    sent("POST /hook/phone-1", &format!("{JSON}X-Webhook-Token: {DEVICE_KEY}\r\n"), body)
}

const fn app(source: &'static str, shape: &'static str, write: fn(&Seen) -> Sent) -> App {
    App { source, shape, channel: Channel::Wechat, write }
}

const APPS: [App; 14] = [
    app("vmq", "forced", vmq),
    app("vmq", "monitor path below a merchant", vmq_monitor),
    app("vmq", "HMAC", vmq_hmac),
    app("vmq-v1", "JSON", vmq_v1),
    app("smsforwarder", "form", smsforwarder),
    app("smsforwarder", "multipart", smsforwarder_multipart),
    app("receiptnotice", "broken JSON", receiptnotice),
    app("mpay", "version 1", mpay),
    app("mpay", "version 2", mpay_v2),
    app("cxpay", "JSON", cxpay),
    app("income-sms", "JSON", income_sms),
    App { source: "sms-gate", shape: "a bank", channel: Channel::Unionpay, write: sms_gate },
    app("hook", "token in the path", token_in_path),
    app("hook", "token in a header", token_in_header),
];

/// A server whose phone also hears of a bank card.
async fn watched() -> Rig {
    let rig = Rig::new().await;
    let name = |text: &str| WalletId::new(text).expect("a name");
    let wallets = vec![name("wx-main"), name("ali-main"), name("card")];
    let facts = [
        Fact::WalletDeclared(Wallet {
            id: name("card"),
            channel: Channel::Unionpay,
            qr: Some("https://qr.95516.com/example".into()),
            fixed: Vec::new(),
            enabled: true,
        }),
        Fact::DeviceDeclared(Device {
            id: DeviceId::new("phone-1").expect("a name"),
            wallets: wallets.clone(),
            enabled: true,
        }),
        Fact::MerchantDeclared(Merchant {
            id: MerchantId::new("1001").expect("a name"),
            name: "Shop".into(),
            notify_url: None,
            wallets,
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

/// An order, and the amount to pay.
async fn order(rig: &Rig, app: &App, number: &str) -> (OrderId, String) {
    let body = serde_json::json!({
        "number": number,
        "amount": "10.00",
        "channels": [app.channel.word()],
        "notify_url": "http://shop.example/n",
    });
    let answer = post_json(rig.at, "/v1/orders", TOKEN, &body.to_string()).await;
    let id = answer.json()["id"].as_str().and_then(|id| id.parse().ok());
    let id: OrderId = id.unwrap_or_else(|| panic!("{}", answer.text()));
    (id, rig.seen(id).payable.decimal_text())
}

async fn deliver(rig: &Rig, app: &App, seen: &Seen) -> Answer {
    let Sent { line, head, body } = (app.write)(seen);
    let (at, length) = (rig.at, body.len());
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {at}\r\n{head}Content-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    let answer = raw(rig.at, request.as_bytes()).await;
    let told = answer.text();
    let taken = told == "200" || matches!(answer_code(&told), Some(1 | 200));
    assert!(answer.status == 200 && taken, "{} {}: {told}", app.source, app.shape);
    answer
}

fn answer_code(text: &str) -> Option<i64> {
    serde_json::from_str::<serde_json::Value>(text).ok()?["code"].as_i64()
}

fn payments(rig: &Rig) -> usize {
    let observed = |decision: &Decision| matches!(decision, Decision::PaymentObserved { .. });
    rig.chapters(|chapter| chapter.decisions.iter().any(observed)).len()
}

fn deliveries(rig: &Rig, app: &App) -> usize {
    let own = |fact: &Fact| matches!(fact, Fact::NotificationReceived(n) if n.source == app.source);
    rig.chapters(|chapter| own(&chapter.fact)).len()
}

/// Apps whose next try cannot be told from a second payment: it bears nothing of the first.
const SIGNS_ANEW: [&str; 1] = ["vmq-v1"];

/// Youzan's pushes tell of no amount: the server asks the platform (`api/src/youzan`).
const ASKED: [&str; 1] = ["youzan"];

/// What waits for a person: why, and for which orders.
fn held(rig: &Rig) -> Vec<(HoldReason, Vec<OrderId>)> {
    let views = rig.server.book().views();
    views.inbox.held().map(|held| (held.reason, held.candidates.clone())).collect()
}

#[test]
fn every_source_that_tells_of_money_is_among_them() {
    let sources = every_source(&Rules::default());
    for source in sources.iter().filter(|source| !ASKED.contains(&source.name())) {
        assert!(APPS.iter().any(|app| app.source == source.name()), "{}", source.name());
    }
}

#[tokio::test]
async fn retries_and_duplicates_of_every_source_are_one_payment() {
    for app in &APPS {
        let rig = watched().await;
        let (paid, price) = order(&rig, app, "N1").await;
        let (other, _) = order(&rig, app, "N2").await;
        let first = Seen { price, at: T, attempt: 0 };
        // The same bytes twice, and then as the app writes when it tries again.
        let again = if SIGNS_ANEW.contains(&app.source) { [0, 0] } else { [1, 2] };
        for attempt in [0, 0].into_iter().chain(again) {
            deliver(&rig, app, &Seen { attempt, ..first.clone() }).await;
        }
        let context = format!("{} {}", app.source, app.shape);
        assert_eq!(payments(&rig), 1, "{context}");
        assert_eq!(deliveries(&rig, app), 4, "{context}: every delivery is kept");
        let seen = rig.seen(paid);
        assert_eq!((seen.status, seen.received), (OrderStatus::Paid, seen.payable), "{context}");
        assert_eq!(rig.seen(other).status, OrderStatus::Open, "{context}");
        assert_eq!(rig.server.book().views().inbox.held().count(), 0, "{context}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn deliveries_of_every_source_settle_their_own_in_any_order() {
    for app in &APPS {
        let rig = watched().await;
        let mut orders = Vec::new();
        for number in 0..4_u64 {
            let (id, price) = order(&rig, app, &format!("N{number}")).await;
            orders.push((id, Seen { price, at: T + 1_000 * number, attempt: 0 }));
        }
        rig.clock().advance(Span::from_mins(1));
        for (_, seen) in orders.iter().rev().chain(&orders) {
            deliver(&rig, app, seen).await;
        }
        let context = format!("{} {}", app.source, app.shape);
        assert_eq!(payments(&rig), orders.len(), "{context}");
        for (id, _) in &orders {
            let seen = rig.seen(*id);
            assert_eq!(
                (seen.status, seen.received),
                (OrderStatus::Paid, seen.payable),
                "{context}"
            );
        }
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_delivery_that_comes_hours_late_is_one_payment_of_its_own_order() {
    for app in &APPS {
        let rig = watched().await;
        rig.heartbeat(T).await;
        let (late, price) = order(&rig, app, "N1").await;
        rig.clock().advance(Span::from_mins(6));
        rig.until("the order to expire", |rig| rig.seen(late).status == OrderStatus::Expired).await;
        rig.clock().advance(Span::from_hours(3));
        // The phone is back, and its heartbeat vouches for its clock.
        rig.heartbeat(T + (3 * 60 + 6) * 60_000).await;
        for attempt in [0, 1] {
            let seen = Seen { price: price.clone(), at: T + 60_000, attempt };
            deliver(&rig, app, &seen).await;
        }
        let context = format!("{} {}", app.source, app.shape);
        let twice = SIGNS_ANEW.contains(&app.source);
        assert_eq!(payments(&rig), if twice { 2 } else { 1 }, "{context}");
        let waiting = twice.then(|| (HoldReason::AlreadyPaid, vec![late]));
        assert_eq!(held(&rig), Vec::from_iter(waiting), "{context}");
        assert_eq!(rig.seen(late).status, OrderStatus::PaidLate, "{context}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn late_money_of_an_app_without_a_heartbeat_is_one_payment_that_a_person_places() {
    for app in APPS.iter().filter(|app| !["vmq", "vmq-v1", "cxpay"].contains(&app.source)) {
        let rig = watched().await;
        let (late, price) = order(&rig, app, "N1").await;
        rig.clock().advance(Span::from_mins(6));
        rig.until("the order to expire", |rig| rig.seen(late).status == OrderStatus::Expired).await;
        rig.clock().advance(Span::from_hours(3));
        let (next, _) = order(&rig, app, "N2").await;
        deliver(&rig, app, &Seen { price, at: T + 60_000, attempt: 0 }).await;
        let context = format!("{} {}", app.source, app.shape);
        assert_eq!(payments(&rig), 1, "{context}");
        assert_eq!(rig.seen(next).status, OrderStatus::Open, "{context}");
        assert_eq!(held(&rig), [(HoldReason::ClockDoubt, vec![late])], "{context}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn an_app_that_asks_again_as_anew_pays_once_and_the_rest_is_a_persons_question() {
    // shinian-a's app takes a new time; ifmein's takes a new nonce as well.
    let tries = [(&APPS[0], [(T, 0), (T + 1_000, 0)]), (&APPS[3], [(T, 0), (T, 1)])];
    for (app, tries) in tries {
        let rig = watched().await;
        let (paid, price) = order(&rig, app, "N1").await;
        let (other, _) = order(&rig, app, "N2").await;
        for (at, attempt) in tries {
            deliver(&rig, app, &Seen { price: price.clone(), at, attempt }).await;
        }
        assert_eq!(payments(&rig), 2, "nobody can tell it from a second payment: it is not lost");
        let seen = rig.seen(paid);
        assert_eq!((seen.status, seen.received), (OrderStatus::Paid, seen.payable), "but once");
        assert_eq!(rig.seen(other).status, OrderStatus::Open);
        assert_eq!(held(&rig), [(HoldReason::AlreadyPaid, vec![paid])], "{}", app.source);
        rig.stop().await;
    }
}
