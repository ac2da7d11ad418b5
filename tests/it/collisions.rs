//! Two hundred orders of one price, created at once and paid in random order: each is settled by
//! its own payment, none twice; and the same where half of the payments are pushed twice.
//!
//! Two wallets with a hundred amounts each have room for exactly these orders, so every amount from
//! 10.00 to 10.99 is held twice, and only the wallet and the amount together tell whose a payment
//! is.

use std::collections::{BTreeMap, BTreeSet};

use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, Reading};
use duizhang_core::id::{OrderId, PaymentId};
use duizhang_core::notification::Verdict;

use crate::program::{
    BookFile, Caller, Chance, Program, Records, Shop, TOKEN, WEBHOOK, millis, push_path,
};

const ORDERS: usize = 200;
/// Each wallet's code and the key of the phone that watches it.
const PHONES: [(&str, &str); 2] =
    [("wxp://one", "device-key-0001"), ("wxp://two", "device-key-0002")];

fn config(notify_url: &str) -> String {
    let mut text = format!(
        r#"[server]
listen = "127.0.0.1:0"
[policy]
order_ttl = "30m"
max_offset = "0.99"
[callbacks]
allow_private_addresses = true
[[merchant]]
id = "1001"
token = "{TOKEN}"
webhook_secret = "{WEBHOOK}"
notify_url = "{notify_url}"
wallets = ["wx-0", "wx-1"]
"#
    );
    for (number, (qr, key)) in PHONES.iter().enumerate() {
        text += &format!(
            "[[wallet]]\nid = \"wx-{number}\"\nchannel = \"wechat\"\nqr = \"{qr}\"\n\
             [[device]]\nid = \"phone-{number}\"\nkey = \"{key}\"\nwallets = [\"wx-{number}\"]\n"
        );
    }
    text
}

struct Placed {
    number: String,
    payable: String,
    key: &'static str,
}

/// All orders at once, each from a client of its own.
fn place(caller: Caller) -> Vec<Placed> {
    let clients: Vec<_> = (0..ORDERS)
        .map(|number| {
            std::thread::spawn(move || {
                let number = format!("N{number}");
                let body = format!(r#"{{"number":"{number}","amount":"10.00"}}"#);
                let answer = caller.try_post_json("/v1/orders", TOKEN, &body).expect("an answer");
                assert_eq!(answer.status, 201, "{}", answer.text());
                let order = answer.json();
                let qr = order["qr"].as_str().expect("a code").to_owned();
                let phone = PHONES.iter().find(|(code, _)| *code == qr).expect("a wallet's code");
                let payable = order["payable"].as_str().expect("an amount").to_owned();
                Placed { number, payable, key: phone.1 }
            })
        })
        .collect();
    clients.into_iter().map(|client| client.join().expect("no panic")).collect()
}

fn settle(twice: bool) {
    let mut chance = Chance::new("collisions");
    let shop = Shop::new();
    let book = BookFile::with(&config(&shop.url()));
    let program: Program = book.serve();
    let caller = program.caller();
    let mut orders = place(caller);
    let slots: BTreeSet<_> = orders.iter().map(|order| (order.key, &order.payable)).collect();
    assert_eq!(slots.len(), ORDERS, "one holder for each wallet and amount");
    let full = caller.try_post_json("/v1/orders", TOKEN, r#"{"amount":"10.00"}"#);
    let full = full.expect("an answer");
    assert_eq!((full.status, &full.json()["code"]), (409, &"amounts_exhausted".into()));

    chance.shuffle(&mut orders);
    let begin = millis();
    for (step, order) in (0..).zip(&orders) {
        let path = push_path(&order.payable, begin + step, order.key);
        let times = if twice && step % 2 == 0 { 2 } else { 1 };
        for _ in 0..times {
            assert_eq!(caller.get(&path).json()["code"], 1);
        }
        let path = format!("/v1/orders?number={}", order.number);
        let seen = caller.get_as(&path, TOKEN).json();
        assert_eq!(seen["status"], "paid", "its own payment settles it: {seen}");
        assert_eq!(seen["received"], seen["payable"]);
    }
    // Payments of other times that nobody waits for any more are a person's business, and settle
    // nothing.
    for order in orders.iter().take(10) {
        let path = push_path(&order.payable, begin + 5_000, order.key);
        assert_eq!(caller.get(&path).json()["code"], 1);
    }
    shop.until("all callbacks", |came| {
        came.iter().filter_map(|came| came.number()).collect::<BTreeSet<_>>().len() == ORDERS
    });
    assert_eq!(program.stop().code, Some(0));
    judge(&Records::audited(&book.data()).expect("the audit is clean"), twice);
    let ids: BTreeSet<_> = shop.came().iter().map(|came| came.id()).collect();
    assert_eq!(ids.len(), ORDERS, "one message for each order");
}

/// Each match in the log joins one payment and one order of the same wallet and amount.
fn judge(records: &Records, twice: bool) {
    let mut accepted = BTreeMap::new();
    let mut matches: BTreeMap<OrderId, PaymentId> = BTreeMap::new();
    let mut payments = BTreeSet::new();
    let (mut repeats, mut held) = (0, 0);
    for chapter in &records.chapters {
        let seen = match &chapter.fact {
            Fact::NotificationReceived(received) => match &received.reading {
                Reading::Money { amount, .. } => {
                    let device = received.device.as_ref().expect("a proven device").as_str();
                    Some((device.replace("phone", "wx"), *amount))
                }
                _ => None,
            },
            _ => None,
        };
        for decision in &chapter.decisions {
            match decision {
                Decision::OrderAccepted { order, wallet, payable, .. } => {
                    accepted.insert(*order, (wallet.to_string(), *payable));
                }
                Decision::PaymentMatched { payment, order, .. } => {
                    assert!(matches.insert(*order, *payment).is_none(), "{order} is settled twice");
                    assert!(payments.insert(*payment), "{payment} settles two orders");
                    assert_eq!(accepted.get(order), seen.as_ref(), "another order's payment");
                }
                Decision::NotificationJudged { verdict: Verdict::Repeat { .. }, .. } => {
                    repeats += 1;
                }
                Decision::PaymentHeld { .. } => held += 1,
                _ => {}
            }
        }
    }
    assert_eq!(matches.len(), ORDERS);
    assert_eq!(repeats, if twice { ORDERS / 2 } else { 0 });
    assert_eq!(held, 10, "what is paid twice waits for a person");
}

#[test]
fn two_hundred_orders_of_one_price_are_each_settled_by_their_own_payment() {
    settle(false);
}

#[test]
fn two_hundred_orders_of_one_price_are_settled_once_though_half_is_pushed_twice() {
    settle(true);
}
