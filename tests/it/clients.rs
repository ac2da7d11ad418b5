//! Clients that others wrote, unmodified, against the real program: each orders, is paid, takes and
//! verifies its callback, asks again, and refuses every forged callback.
//!
//! Invariants: the libraries do the signing and the verifying (`tests/clients`, with the list of
//! who they are); another order holds the asked amount, so that what is asked and what is paid
//! differ; the book agrees afterwards.
//! Deliberately not here: clients that are crates (`crate_client`), and protocols for which no
//! registry was found to have one; their conversations are recorded in `api/tests/conversations`.

use serde_json::{Value, json};

use crate::program::{
    BookFile, Client, DEVICE_KEY, MERCHANT_KEY, Program, Records, TOKEN, WEBHOOK, millis, push_path,
};

/// What the shop asks for.
pub(crate) const ASKED: &str = "12.50";
/// What the payer pays: the next amount, because somebody else's order holds the asked one.
pub(crate) const PAYABLE: &str = "12.51";
/// The only shop's address; every order here brings its own.
const NOBODY: &str = "http://127.0.0.1:8080/notify";

/// What one client must say.
struct Walk {
    script: &'static str,
    number: &'static str,
    /// In the answer to an order with a wrong key or token.
    turned_away: &'static str,
    /// In the verified callback.
    told: Value,
    /// In the answer to the query after the callback.
    queried: Value,
}

impl Walk {
    /// Walks the way of one payment; false where the client is not installed here.
    fn walk(&self) {
        let book = BookFile::new(NOBODY);
        let program = book.serve();
        occupy(&program);
        let terms = json!({
            "base": format!("http://{}", program.caller().at),
            "merchant": "1001",
            "key": MERCHANT_KEY,
            "token": TOKEN,
            "wrong": "another-secret-altogether",
            "webhook": WEBHOOK,
            "number": self.number,
            "amount": ASKED,
        });
        let Some(mut client) = Client::start(self.script, &terms) else { return };
        let turned_away = client.step("turned_away");
        let words = turned_away["words"].as_str().expect("words");
        assert!(words.contains(self.turned_away), "{}: {words}", self.script);
        let ordered = client.step("ordered");
        // A client that only leads the payer to the cashier does not know the amount.
        assert!(ordered["payable"].is_null() || ordered["payable"] == PAYABLE, "{ordered}");
        let push = program.caller().get(&push_path(PAYABLE, millis(), DEVICE_KEY));
        assert_eq!(push.json()["code"], 1, "{}", push.text());
        self.agree("told", &client.step("told"), &self.told);
        self.agree("queried", &client.step("queried"), &self.queried);
        let forged = client.step("forged");
        assert!(forged["refused"].as_u64() >= Some(9), "{}: {forged}", self.script);
        client.done();
        assert_eq!(program.stop().code, Some(0));
        let records = Records::audited(&book.data()).expect("the audit is clean");
        let paid: Vec<&String> = records.paid.iter().collect();
        assert!(matches!(paid[..], [number] if number.starts_with(self.number)), "{paid:?}");
    }

    /// Every expected fact is among the told ones.
    fn agree(&self, step: &str, told: &Value, expected: &Value) {
        for (name, value) in expected.as_object().expect("facts") {
            assert_eq!(&told[name], value, "{} {step} {name}: {told}", self.script);
        }
    }
}

/// Another order that holds the asked amount, and stays open.
pub(crate) fn occupy(program: &Program) {
    let body = json!({"number": "FIRST", "amount": ASKED, "channels": ["wechat"]}).to_string();
    let answer = program.caller().try_post_json("/v1/orders", TOKEN, &body).expect("an answer");
    assert_eq!((answer.status, &answer.json()["payable"]), (201, &ASKED.into()));
}

fn native(script: &'static str) -> Walk {
    Walk {
        script,
        number: "SO-1",
        turned_away: "unauthorized",
        told: json!({"type": "order.paid", "number": "SO-1", "received": PAYABLE}),
        queried: json!({"status": "paid"}),
    }
}

#[test]
fn standard_webhooks_of_pypi_verifies_native_callbacks() {
    native("native.py").walk();
}

#[test]
fn standard_webhooks_of_npm_verifies_native_callbacks() {
    native("native.js").walk();
}

#[test]
fn codepay_of_pypi_orders_and_verifies() {
    let told = json!({
        "method": "POST", "pay_id": "SO-1", "price": ASKED, "money": PAYABLE, "type": "3",
        "status": "2", "param": "茶 + 水",
    });
    Walk {
        script: "codepay.py",
        number: "SO-1",
        turned_away: "sign fail",
        told,
        queried: json!({"status": "ok"}),
    }
    .walk();
}

#[test]
fn epay_sdk_of_pypi_orders_asks_and_verifies() {
    let told = json!({
        "method": "GET", "number": "SO-1", "money": ASKED, "param": "table=7",
    });
    Walk {
        script: "epay.py",
        number: "SO-1",
        turned_away: "签名校验失败",
        told,
        queried: json!({"found": true, "money": ASKED, "status": 1}),
    }
    .walk();
}

#[test]
fn easypay_of_npm_orders_and_asks() {
    let told = json!({
        "method": "GET", "out_trade_no": "SO-1", "money": "12.5", "type": "wxpay", "name": "茶水",
        "trade_status": "TRADE_SUCCESS",
    });
    Walk {
        script: "epay.js",
        number: "SO-1",
        turned_away: "签名校验失败",
        told,
        queried: json!({"code": 1, "status": 1, "money": ASKED, "name": "茶水"}),
    }
    .walk();
}
