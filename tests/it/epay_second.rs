//! epay's second version against the real program, from the order to the refund: the shop signs
//! with its key, and believes only what the published key of the program signed.
//!
//! Deliberately not here: single requests and their refusals, which are tests of the dialect.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_api::key_pair::{PrivateKey, PublicKey};
use duizhang_listener_bridge::wire::{decode_component, encode_component};
use serde_json::Value;

use crate::program::{BookFile, Caller, DEVICE_KEY, Shop as Ear, TOKEN, millis, push_path, usual};

/// The shop's pair, made by OpenSSL.
const SHOP_KEY: &str = include_str!("../../api/tests/data/epay/merchant.p8");
const SHOP_PUBLIC: &str = include_str!("../../api/tests/data/epay/merchant.pub");

type Fields = BTreeMap<String, String>;

/// `k=v` in the order of names, joined by `&`, without the signature and what is empty.
fn signed_text(fields: &Fields) -> String {
    let signed = fields.iter().filter(|(name, text)| !name.starts_with("sign") && !text.is_empty());
    signed.map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join("&")
}

/// A shop of the second version.
struct Shop {
    caller: Caller,
    own: PrivateKey,
    /// What the program published.
    platform: PublicKey,
}

impl Shop {
    /// Sends signed fields, and returns the answer once its signature was checked; a refusal has
    /// none.
    fn ask(&self, path: &str, more: &[(&str, &str)]) -> Value {
        let time = (millis() / 1_000).to_string();
        let all = more.iter().copied().chain([("pid", "1001"), ("timestamp", time.as_str())]);
        let fields: Fields = all.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let sign = self.own.sign(signed_text(&fields).as_bytes());
        let pairs = fields.iter().map(|(k, v)| format!("{k}={}", encode_component(v)));
        let form = pairs.collect::<Vec<_>>().join("&");
        let form = format!("{form}&sign_type=RSA&sign={}", encode_component(&sign));
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let line = format!("POST {path}");
        let answer = self.caller.ask(&line, &headers, form.as_bytes()).expect("an answer").json();
        if answer["code"] == 0 {
            let members = answer.as_object().expect("an object").iter();
            let texts = members.filter_map(|(name, value)| match value {
                Value::String(text) => Some((name.clone(), text.clone())),
                Value::Number(number) => Some((name.clone(), number.to_string())),
                _ => None,
            });
            self.check(&texts.collect(), &answer.to_string());
        }
        answer
    }

    fn check(&self, fields: &Fields, what: &str) {
        let sign = STANDARD.decode(&fields["sign"]).expect("base64");
        assert!(self.platform.verifies(signed_text(fields).as_bytes(), &sign), "{what}");
        let mut forged = fields.clone();
        forged.insert("money".into(), "0.01".into());
        assert!(!self.platform.verifies(signed_text(&forged).as_bytes(), &sign), "{what}");
    }
}

fn order<'a>(number: &'a str, notify: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("out_trade_no", number),
        ("notify_url", notify),
        ("name", "茶 & 水"),
        ("money", "12.50"),
        ("type", "wxpay"),
        ("clientip", "192.0.2.1"),
    ]
}

#[test]
fn an_order_is_paid_told_asked_for_and_given_back() {
    let ear = Ear::new();
    let notify = format!("{}?from=epay", ear.url());
    let key = format!("  [merchant.epay]\n  public_key = \"\"\"\n{SHOP_PUBLIC}\"\"\"\n");
    let book = BookFile::with(&(usual(&notify) + &key));
    let operator = book.operator();
    let shown = book.run(&["merchant", "show", "1001", "--json"]);
    let shown: Value = serde_json::from_str(&shown.output).expect("one document");
    let published = shown["platform_public_key"].as_str().expect("a key");
    let program = book.serve();
    let shop = Shop {
        caller: program.caller(),
        own: PrivateKey::parse(SHOP_KEY.as_bytes()).expect("a key"),
        platform: PublicKey::parse(published).expect("a key"),
    };

    // One that is closed, and one that is paid.
    let made = shop.ask("/api/pay/create", &order("S-0", &notify));
    assert_eq!((&made["code"], &made["pay_type"]), (&0.into(), &"jump".into()), "{made}");
    let closed = shop.ask("/api/pay/close", &[("out_trade_no", "S-0")]);
    assert_eq!(closed["msg"], "订单关闭成功", "{closed}");
    let over = shop.ask("/api/pay/create", &order("S-0", &notify));
    assert_eq!(over["msg"], "该订单(S-0)已关闭，请更换订单号重新发起支付");

    let made = shop.ask("/api/pay/create", &order("S-1", &notify));
    let id = made["trade_no"].as_str().expect("a number").to_owned();
    let again = shop.ask("/api/pay/create", &order("S-1", &notify));
    assert_eq!(again["trade_no"], made["trade_no"]);
    assert_eq!(shop.ask("/api/pay/query", &[("out_trade_no", "S-1")])["status"], 0);
    let native = shop.caller.get_as(&format!("/v1/orders/{id}"), TOKEN).json();
    let payable = native["payable"].as_str().expect("an amount");
    let pushed = shop.caller.get(&push_path(payable, millis(), DEVICE_KEY));
    assert_eq!(pushed.json()["code"], 1, "{}", pushed.text());

    ear.until("the callback", |came| !came.is_empty());
    let came = ear.came().remove(0);
    let query = came.line.split(' ').nth(1).and_then(|target| target.split_once('?'));
    let query = query.and_then(|(_, query)| query.strip_prefix("from=epay&")).expect("a query");
    let pairs = query.split('&').map(|pair| pair.split_once('=').expect("a pair"));
    let told: Fields =
        pairs.map(|(k, v)| (k.to_owned(), decode_component(v).expect("encoded"))).collect();
    shop.check(&told, query);
    let said = ["out_trade_no", "trade_no", "money", "name", "trade_status", "sign_type"];
    let expected = ["S-1", &id, "12.5", "茶 & 水", "TRADE_SUCCESS", "RSA"];
    assert_eq!(said.map(|name| told[name].as_str()), expected);

    let paid = shop.ask("/api/pay/query", &[("trade_no", &id)]);
    assert_eq!((&paid["status"], &paid["money"]), (&1.into(), &"12.50".into()), "{paid}");
    let late = shop.ask("/api/pay/close", &[("out_trade_no", "S-1")]);
    assert_eq!(late["msg"], "该订单状态不支持关闭！");
    give_back(&shop, &operator);

    assert_eq!(program.stop().code, Some(0));
    assert_eq!(book.run(&["audit"]).code, Some(0));
}

/// Two refunds of one order, of which a person sends the first.
fn give_back(shop: &Shop, operator: &str) {
    let half = |number| {
        shop.ask(
            "/api/pay/refund",
            &[("out_trade_no", "S-1"), ("money", "6.25"), ("out_refund_no", number)],
        )
    };
    let first = half("R-0001");
    assert_eq!((&first["code"], &first["money"]), (&0.into(), &"6.25".into()), "{first}");
    assert_eq!(half("R-0001")["refund_no"], first["refund_no"], "a repeat is no second refund");
    assert_eq!(shop.ask("/api/pay/query", &[("out_trade_no", "S-1")])["status"], 1);
    assert_eq!(half("R-0002")["code"], 0);
    let back = shop.ask("/api/pay/query", &[("out_trade_no", "S-1")]);
    assert_eq!((&back["status"], &back["refundmoney"]), (&2.into(), &"12.50".into()), "{back}");

    let id = first["refund_no"].as_str().expect("a number");
    for step in ["approve", "send", "confirm"] {
        let path = format!("/v1/operator/refunds/{id}/{step}");
        let body = r#"{"evidence":"by hand"}"#;
        let answer = shop.caller.try_post_json(&path, operator, body).expect("an answer");
        assert_eq!(answer.status, 200, "{step}: {}", answer.text());
    }
    for (number, status, state) in [("R-0001", 1, "confirmed"), ("R-0002", 0, "requested")] {
        let asked = shop.ask("/api/pay/refundquery", &[("out_refund_no", number)]);
        assert_eq!((&asked["status"], &asked["state"]), (&status.into(), &state.into()), "{asked}");
        assert_eq!(asked["out_trade_no"], "S-1", "{asked}");
    }
}
