//! Every protocol at once: one price, one instant, the same two wallets.
//!
//! Youzan is not among them: its codes are made for one order each, at Youzan, and share no wallet.

use std::collections::BTreeSet;

use duizhang_core::id::{MerchantId, OrderId};
use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::position::Position;
use duizhang_listener_bridge::wire::{encode_component, md5_hex};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::rig::{DEVICE_KEY, MERCHANT_KEY, Rig, Setting, TOKEN};
use crate::shop::{Came, Shop};
use crate::wire::{get, raw};

const PRICE: &str = "10.00";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// The networks of the two wallets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Wechat,
    Alipay,
}

// tidy: long because each arm is one protocol and nothing else
/// A request of one protocol: its line, its headers and its body.
fn request(dialect: Dialect, network: Network, number: &str, notify: &str) -> [String; 3] {
    let sign = |text: &str| md5_hex(&[text.as_bytes(), MERCHANT_KEY.as_bytes()]);
    let word = |wechat: &str, alipay: &str| match network {
        Network::Wechat => wechat.to_owned(),
        Network::Alipay => alipay.to_owned(),
    };
    let form = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", encode_component(value)));
        pairs.collect::<Vec<_>>().join("&")
    };
    let sorted = |pairs: &mut Vec<(&str, &str)>| {
        pairs.sort_unstable();
        let texts: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        sign(&texts.join("&"))
    };
    let (line, headers, body) = match dialect {
        Dialect::Native => {
            let channel = word("wechat", "alipay");
            let body = serde_json::json!({
                "number": number, "amount": PRICE, "channels": [channel], "notify_url": notify
            });
            let head =
                format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
            ("POST /v1/orders".to_owned(), head, body.to_string())
        }
        Dialect::Vmq => {
            let kind = word("1", "2");
            let sign = sign(&format!("{number}{kind}{PRICE}"));
            let pairs = [("payId", number), ("type", &kind), ("price", PRICE)];
            let query = form(&[&pairs[..], &[("notifyUrl", notify), ("sign", &sign)]].concat());
            (format!("GET /createOrder?{query}"), String::new(), String::new())
        }
        Dialect::Bufpay => {
            let kind = word("wechat", "alipay");
            let sign = sign(&format!("cap{kind}{PRICE}{number}u{notify}http://shop.example/"));
            let pairs = [
                ("name", "cap"),
                ("pay_type", &kind),
                ("price", PRICE),
                ("order_id", number),
                ("order_uid", "u"),
                ("notify_url", notify),
                ("return_url", "http://shop.example/"),
                ("format", "json"),
                ("sign", &sign),
            ];
            ("POST /api/pay/1001".to_owned(), FORM.to_owned(), form(&pairs))
        }
        Dialect::Gogo => {
            let kind = word("1", "2");
            let sign = sign(&format!("1001{number}p{kind}{PRICE}"));
            let pairs = [("payId", number), ("param", "p"), ("type", &kind), ("price", PRICE)];
            let body = form(&[&pairs[..], &[("notifyUrl", notify), ("sign", &sign)]].concat());
            let head = format!("{FORM}App-Id: 1001\r\nApp-Secret: {MERCHANT_KEY}\r\n");
            ("POST /shop/api/createOrder".to_owned(), head, body)
        }
        Dialect::Codepay => {
            let kind = word("3", "1");
            let mut pairs = vec![
                ("id", "1001"),
                ("type", kind.as_str()),
                ("price", PRICE),
                ("pay_id", number),
                ("page", "4"),
                ("notify_url", notify),
            ];
            let sign = sorted(&mut pairs);
            let query = form(&[&pairs[..], &[("sign", &sign)]].concat());
            (format!("GET /creat_order/?{query}"), String::new(), String::new())
        }
        Dialect::Epay => {
            let kind = word("wxpay", "alipay");
            let mut pairs = vec![
                ("pid", "1001"),
                ("type", kind.as_str()),
                ("out_trade_no", number),
                ("notify_url", notify),
                ("name", "cap"),
                ("money", PRICE),
                ("clientip", "192.0.2.1"),
            ];
            let sign = sorted(&mut pairs);
            let body = form(&[&pairs[..], &[("sign", &sign), ("sign_type", "MD5")]].concat());
            ("POST /mapi.php".to_owned(), FORM.to_owned(), body)
        }
        Dialect::Youzan => unreachable!("its codes are not of these wallets"),
    };
    [line, headers, body]
}

/// How an order comes in: by a protocol's own path, or by that of a fork, vmqfox.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Of(Dialect),
    Fox,
}

const TOGETHER: [Entry; 7] = [
    Entry::Of(Dialect::Native),
    Entry::Of(Dialect::Vmq),
    Entry::Fox,
    Entry::Of(Dialect::Bufpay),
    Entry::Of(Dialect::Gogo),
    Entry::Of(Dialect::Codepay),
    Entry::Of(Dialect::Epay),
];

fn request_by(entry: Entry, network: Network, number: &str, notify: &str) -> [String; 3] {
    match entry {
        Entry::Of(dialect) => request(dialect, network, number, notify),
        Entry::Fox => {
            let kind = if network == Network::Wechat { 1 } else { 2 };
            let text = format!("payId={number}&param=&type={kind}&price={PRICE}");
            let sign = md5_hex(&[format!("{text}&key={MERCHANT_KEY}").as_bytes()]);
            let notify = encode_component(notify);
            let line = format!("GET /api/order/create?{text}&notifyUrl={notify}&sign={sign}");
            [line, String::new(), String::new()]
        }
    }
}

/// What a callback is asked for, wherever its protocol puts it.
fn names(came: &Came, number: &str) -> bool {
    [&came.line, &came.body].iter().any(|text| text.contains(number))
}

/// Sends all at the same time, and returns what was made: order, network, payable amount.
async fn create_all(rig: &Rig, notify: &str) -> Vec<(OrderId, Network, String)> {
    let asked = TOGETHER.iter().flat_map(|entry| {
        [Network::Wechat, Network::Alipay].map(|network| {
            let number = number_of(*entry, network);
            let [line, headers, body] = request_by(*entry, network, &number, notify);
            let (at, length) = (rig.at, body.len());
            format!(
                "{line} HTTP/1.1\r\nHost: {at}\r\n{headers}Content-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            )
        })
    });
    let asked: Vec<String> = asked.collect();
    let answers =
        futures_util::future::join_all(asked.iter().map(|one| raw(rig.at, one.as_bytes())));
    let said: Vec<String> = answers.await.iter().map(crate::wire::Answer::text).collect();
    let merchant = MerchantId::new("1001").expect("a name");
    let views = rig.server.book().views();
    let rows = views.orders.of_merchant(&merchant, Position::new(u64::MAX));
    let ids: Vec<OrderId> = rows.map(|row| row.id).collect();
    drop(views);
    assert_eq!(ids.len(), asked.len(), "each request made an order: {said:#?}");
    let made = ids.into_iter().map(|id| {
        let order = rig.seen(id);
        let wechat = order.wallet.as_str() == "wx-main";
        let network = if wechat { Network::Wechat } else { Network::Alipay };
        (id, network, order.payable.decimal_text())
    });
    made.collect()
}

fn number_of(entry: Entry, network: Network) -> String {
    let word = match entry {
        Entry::Of(dialect) => dialect.word(),
        Entry::Fox => "fox",
    };
    format!("no-{word}-{network:?}")
}

async fn pay(rig: &Rig, network: Network, price: &str, t: u64) {
    let kind = if network == Network::Wechat { 1 } else { 2 };
    let sign = md5_hex(&[format!("{kind}{price}{t}{DEVICE_KEY}").as_bytes()]);
    let answer =
        get(rig.at, &format!("/appPush?type={kind}&price={price}&t={t}&sign={sign}")).await;
    assert_eq!(answer.json()["code"], 1, "{}", answer.text());
}

async fn play(order: &[usize]) {
    let rig = Rig::new().await;
    let mut shop = Shop::good().await;
    let made = create_all(&rig, &shop.url()).await;
    let places: BTreeSet<_> =
        made.iter().map(|(_, network, payable)| (format!("{network:?}"), payable)).collect();
    assert_eq!(places.len(), made.len(), "no two of one wallet have one amount: {made:?}");
    for (offset, place) in (0_u64..).zip(order) {
        let (_, network, payable) = &made[place % made.len()];
        pay(&rig, *network, payable, rig.millis() + offset).await;
    }
    let mut came = Vec::new();
    for _ in &made {
        came.push(shop.next().await);
    }
    for (id, _, payable) in &made {
        let seen = rig.seen(*id);
        assert_eq!(seen.status, OrderStatus::Paid, "{seen:?}");
        assert_eq!(seen.received.decimal_text(), *payable, "{seen:?}");
        let number = seen.number.clone();
        let marked = came.iter().filter(|came| names(came, &marker(&number))).count();
        assert_eq!(marked, 1, "{number}: one callback, in its own protocol");
    }
    rig.stop().await;
    assert_eq!(shop.waiting(), 0);
}

/// The shop's own number; codepay's orders of one number have a longer one with us.
fn marker(number: &str) -> String {
    let all = TOGETHER.iter().flat_map(|entry| {
        [Network::Wechat, Network::Alipay].map(|network| number_of(*entry, network))
    });
    let mut fitting = all.filter(|known| number.contains(known.as_str()));
    fitting.next().unwrap_or_else(|| panic!("{number} is no number of these"))
}

#[test]
fn one_price_in_every_protocol_at_once_is_paid_and_told_without_a_mistake() {
    let count = TOGETHER.len() * 2;
    let orders = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
    let config = Config { cases: 8, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    TestRunner::new(config)
        .run(&orders, |order| {
            runtime.block_on(play(&order));
            Ok(())
        })
        .expect("every order of payments goes well");
}

/// One protocol's answer to a request of a shop, and whether an order was made.
async fn asked_of(rig: &Rig, dialect: Dialect, key_fits: bool) -> (u16, String, bool) {
    let orders = || {
        let merchant = MerchantId::new("1001").expect("a name");
        let views = rig.server.book().views();
        views.orders.of_merchant(&merchant, Position::new(u64::MAX)).count()
    };
    let [line, headers, body] = request(dialect, Network::Wechat, "S-1", "http://shop.example/n");
    let spoilt = |text: String| match key_fits {
        true => text,
        false => text.replace(TOKEN, "no-token").replace("sign=", "sign=0").replace("S-1", "S-2"),
    };
    let [line, headers, body] = [line, headers, body].map(spoilt);
    let (at, length, before) = (rig.at, body.len(), orders());
    let wire = format!(
        "{line} HTTP/1.1\r\nHost: {at}\r\n{headers}Content-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    let answer = raw(rig.at, wire.as_bytes()).await;
    (answer.status, answer.text(), orders() > before)
}

#[tokio::test]
async fn a_merchant_is_nobody_in_a_protocol_that_it_does_not_speak() {
    let protocols = || {
        TOGETHER.into_iter().filter_map(|entry| match entry {
            Entry::Of(dialect) => Some(dialect),
            Entry::Fox => None,
        })
    };
    for spoken in protocols() {
        let mut setting = Setting::new();
        let merchant = MerchantId::new("1001").expect("a name");
        setting.spoken.insert(merchant, vec![spoken]);
        let rig = setting.start().await;
        for dialect in protocols() {
            let (status, text, made) = asked_of(&rig, dialect, true).await;
            assert_eq!(made, dialect == spoken, "{dialect:?} of a shop of {spoken:?}: {text}");
            if dialect != spoken {
                let forged = asked_of(&rig, dialect, false).await;
                assert_eq!((status, text, false), forged, "{dialect:?}: as one that nobody signed");
            }
        }
        rig.stop().await;
    }
}
