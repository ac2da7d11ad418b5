//! The way of one payment, hop by hop, through the real program over real HTTP: twice, with each of
//! the shop protocols and each of the phone sources; and then the verbs that read the stopped book
//! agree.

use axum::http::{HeaderMap, HeaderName};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_api::clock::{Clock, SystemClock};
use duizhang_listener_bridge::wire::{encode_component, hmac_sha256, md5_hex};
use duizhang_projections::calendar::Zone;
use standardwebhooks::Webhook;

use crate::program::{
    BookFile, DEVICE_KEY, Events, MERCHANT_KEY, Program, Records, Shop, TOKEN, WEBHOOK, millis,
    push_path,
};

/// The cashier page and its stream, from waiting to paid; `pay` is what happens in between.
fn watch(program: &Program, order: &str, payable: &str, pay: impl FnOnce()) {
    let caller = program.caller();
    let page = caller.get(&format!("/pay/{order}"));
    assert_eq!(page.status, 200);
    assert!(page.text().contains(r#"data-state="waiting""#) && page.text().contains(payable));
    assert!(page.text().contains("<svg"), "the page shows a code");
    let mut events = Events::open(caller, &format!("/pay/{order}/events"));
    assert_eq!(events.next(), "waiting");
    pay();
    assert_eq!(events.next(), "paid");
    let page = caller.get(&format!("/pay/{order}"));
    assert!(page.text().contains(r#"data-state="paid""#), "{}", page.text());
}

/// What the stopped book says about the day and the order.
fn agree(book: &BookFile, number: &str, payable: &str) {
    let story = book.run(&["explain", "order", number]);
    assert_eq!(story.code, Some(0), "{story:?}");
    for word in [number, payable, "paid"] {
        assert!(story.output.contains(word), "the story lacks {word}: {}", story.output);
    }
    let audit = book.run(&["audit"]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
    assert!(audit.output.contains("Every check passed."), "{}", audit.output);
    let zone = Zone::new("Asia/Shanghai").expect("a zone");
    let day = zone.day_of(SystemClock::new().now()).to_string();
    let replay = book.run(&["replay", "--day", &day, "--json"]);
    assert_eq!(replay.code, Some(0), "{replay:?}");
    let report: serde_json::Value = serde_json::from_str(&replay.output).expect("JSON");
    let days = &report["report"];
    assert_eq!(days["day"], day.as_str(), "{report}");
    assert_eq!((&days["orders"]["created"], &days["orders"]["paid_exact"]), (&1.into(), &1.into()));
    assert_eq!(report["decisions"]["differing"], 0, "{report}");
    let records = Records::audited(&book.data()).expect("the audit is clean");
    assert!(records.paid.contains(number));
    assert!(report.to_string().contains(payable), "the day's amounts name {payable}: {report}");
}

#[test]
fn an_order_of_the_original_protocol_is_paid_by_its_phone() {
    let shop = Shop::new();
    let book = BookFile::new(&shop.url());
    let program = book.serve();
    let caller = program.caller();
    let t = millis();
    let sign = md5_hex(&[format!("{t}{DEVICE_KEY}").as_bytes()]);
    assert_eq!(caller.get(&format!("/appHeart?t={t}&sign={sign}")).json()["code"], 1);

    // Hops 1 to 5: the order, its amount and its page.
    let sign = md5_hex(&[format!("SO-1user_7112.50{MERCHANT_KEY}").as_bytes()]);
    let path = format!("/createOrder?payId=SO-1&param=user_7&type=1&price=12.50&sign={sign}");
    let order = caller.get(&path).json()["data"].clone();
    assert_eq!((&order["price"], &order["reallyPrice"]), (&12.5.into(), &12.5.into()));
    let id = order["orderId"].as_str().expect("an id").to_owned();

    // Hops 6 and 7: the phone's push settles it, once.
    watch(&program, &id, "12.50", || {
        let path = push_path("12.5", millis(), DEVICE_KEY);
        assert_eq!(caller.get(&path).text(), r#"{"code":1,"msg":"成功","data":null}"#);
        assert_eq!(caller.get(&path).text(), r#"{"code":1,"msg":"成功","data":null}"#);
    });
    let checked = caller.get(&format!("/checkOrder?orderId={id}")).json();
    assert_eq!(checked["code"], 1, "{checked}");

    // Hop 8: the signed callback.
    let came = shop.of("SO-1");
    let signed = format!("SO-1user_7112.512.5{MERCHANT_KEY}");
    assert_eq!(came.param("sign"), Some(md5_hex(&[signed.as_bytes()]).as_str()), "{came:?}");
    assert_eq!(program.stop().code, Some(0));
    assert_eq!(shop.came().len(), 1);

    // Hop 10: the day from the log.
    agree(&book, "SO-1", "12.50");
}

#[test]
fn a_native_order_is_paid_by_a_forwarded_notification() {
    let shop = Shop::new();
    let book = BookFile::new(&shop.url());
    let program = book.serve();
    let caller = program.caller();
    let body = r#"{"number":"SO-2","amount":"8.88","channels":["wechat"],"subject":"茶"}"#;
    let created = caller.try_post_json("/v1/orders", TOKEN, body).expect("an answer");
    assert_eq!(created.status, 201, "{}", created.text());
    let order = created.json();
    assert_eq!((&order["status"], &order["payable"]), (&"open".into(), &"8.88".into()));
    let id = order["id"].as_str().expect("an id").to_owned();

    watch(&program, &id, "8.88", || {
        let t = millis().to_string();
        let key = DEVICE_KEY.as_bytes();
        let sign = STANDARD.encode(hmac_sha256(key, format!("{t}\n{DEVICE_KEY}").as_bytes()));
        let text = "com.tencent.mm\n微信支付收款8.88元，免费提现额度1000元\n微信收款助手\nUID：10123\n\
                    2026-11-21 06:13:20\nphone";
        let form = format!(
            "from=com.tencent.mm&content={}&timestamp={t}&sign={}",
            encode_component(text),
            encode_component(&encode_component(&sign))
        );
        let kind = [("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")];
        for _ in 0..2 {
            let answer = caller.ask("POST /hook/phone-1", &kind, form.as_bytes());
            let answer = answer.expect("an answer");
            assert_eq!(answer.text(), r#"{"code":1,"msg":"成功","data":null}"#);
        }
    });
    let seen = caller.get_as(&format!("/v1/orders/{id}"), TOKEN).json();
    assert_eq!((&seen["status"], &seen["received"]), (&"paid".into(), &"8.88".into()));

    let came = shop.of("SO-2");
    let mut headers = HeaderMap::new();
    for (name, value) in came.headers.iter().filter(|(name, _)| name.starts_with("webhook-")) {
        let name: HeaderName = name.parse().expect("a header's name");
        headers.insert(name, value.parse().expect("a header's value"));
    }
    let judge = Webhook::new(WEBHOOK).expect("the secret is sound");
    judge.verify(came.body.as_bytes(), &headers).expect("the specification's library agrees");
    let said: serde_json::Value = serde_json::from_str(&came.body).expect("JSON");
    assert_eq!((&said["type"], &said["data"]["status"]), (&"order.paid".into(), &"paid".into()));
    assert_eq!(came.headers["webhook-id"], format!("msg_{id}_1"));
    assert_eq!(program.stop().code, Some(0));
    assert_eq!(shop.came().len(), 1);
    agree(&book, "SO-2", "8.88");
}
