//! Youzan's push service: `POST /api/status`, on which the platform tells an application of what
//! happens to its shop's trades.
//!
//! The envelope is JSON; its `msg` is percent-encoded JSON and signed as
//! `md5(client_id + msg + client_secret)`, over the text as received. Nothing else of the envelope
//! is signed, so nothing else decides: `type` is asked only where `msg` names no status, and a
//! trade is known by the number inside of `msg`. A push says that a trade was paid and not how much
//! of it is ours, so it is announced, and the trade itself is asked for.
//!
//! Invariants: all pushes about the payment of one trade have one key, whatever status they name
//! and however often they come, so a trade is asked for and counted once; what is no payment is
//! ignored with its reason; what nobody can place waits for a person.
//! Deliberately not here: asking the platform (the server does), and the shop's side of the bridge
//! (a dialect).
//!
//! Wire facts: `thundernet8/YouzanPayPortal: src/service/youzanPayService.ts`,
//! `src/interface/IYZPush.ts`, `src/enum/YZPushType.ts`; `Dezsidog/Larazan:
//! src/Message/TradeNormal.php` for the newer messages.

use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;
use serde_json::Value;

use crate::source::{
    DeviceKeys, Evidence, Outcome, Reading, Refusal, Source, check_signer, find_signer,
};
use crate::wire::{Answer, Method, Request, decode_component, hex_equal, md5_hex};

/// The name of this source in readings and the log.
pub const YOUZAN: &str = "youzan";

/// Longest number of a trade in bytes; those of today have 24 to 27.
const TRADE_NUMBER_BYTES_MAX: usize = 64;

const TO_FETCH: &str = "youzan: the trade is to be fetched: ";

/// The number of the trade that a rule says is to be asked for; none where it says something else.
#[must_use]
pub fn trade_to_fetch(rule: &str) -> Option<&str> {
    rule.strip_prefix(TO_FETCH).filter(|number| is_trade_number(number))
}

/// What a status says of the money of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is paid; goods may still have to go out.
    Paid,
    /// It waits for its money.
    Unpaid,
    /// It ended without money, or with money that went back.
    Closed,
    /// We do not know this status.
    Unknown,
}

/// What a status says of the money of a trade.
#[must_use]
pub fn standing_of(status: &str) -> Standing {
    match status {
        "TRADE_PAID"
        | "PAID"
        | "WAIT_CONFIRM"
        | "WAIT_SELLER_SEND_GOODS"
        | "WAIT_BUYER_CONFIRM_GOODS"
        | "TRADE_BUYER_SIGNED"
        | "TRADE_SUCCESS" => Standing::Paid,
        "WAIT_BUYER_PAY" | "TRADE_NO_CREATE_PAY" | "WAIT_PAY_RETURN" => Standing::Unpaid,
        "TRADE_CLOSED" | "TRADE_CLOSE" | "TRADE_CLOSED_BY_USER" => Standing::Closed,
        _ => Standing::Unknown,
    }
}

/// The source for Youzan's pushes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Youzan;

impl Source for Youzan {
    fn name(&self) -> &'static str {
        YOUZAN
    }

    fn claims(&self, request: &Request) -> bool {
        device_on(&request.path).is_some()
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let Some(named) = device_on(&request.path) else {
            return Err(bad("path", "not one of this source"));
        };
        if request.method != Method::Post {
            return Err(bad("request", "pushes are posted"));
        }
        let envelope: Value = serde_json::from_slice(&request.body)
            .map_err(|_| bad("request", "the body is not JSON"))?;
        let msg = text(&envelope, "msg").ok_or(Refusal::MissingParameter("msg"))?;
        let sign = text(&envelope, "sign").ok_or(Refusal::MissingParameter("sign"))?;
        let client = text(&envelope, "client_id").or_else(|| text(&envelope, "app_id"));
        let client = client.ok_or(Refusal::MissingParameter("client_id"))?;
        let fits =
            |secret: &[u8]| hex_equal(sign, &md5_hex(&[client.as_bytes(), msg.as_bytes(), secret]));
        let device = match named {
            Some(name) => check_signer(keys, name, &fits)?,
            None => find_signer(keys, &fits)?,
        };
        let evidence = read_push(&device, &envelope, msg);
        let raw = request.without_secrets();
        let repeat_key = Some(key_of_push(&device, client, msg, &evidence));
        Ok(Reading { device, evidence, raw, source: YOUZAN, repeat_key })
    }

    fn answer(&self, _: &Request, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Accepted | Outcome::Repeat | Outcome::Held => taken(),
            Outcome::Unavailable => {
                Answer::json(503, r#"{"code":-1,"msg":"busy"}"#).with_header("retry-after", "1")
            }
        }
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Answer {
        // The platform's own trial of an address is not signed, and the address is saved only where
        // it is answered like any other push.
        let envelope: Option<Value> = serde_json::from_slice(&request.body).ok();
        if envelope.is_some_and(|envelope| is_test(&envelope)) {
            return taken();
        }
        let (status, word) = match refusal {
            Refusal::BadSignature | Refusal::SharedKey => (403, "sign"),
            Refusal::MissingParameter(_) | Refusal::BadParameter { .. } => (400, "request"),
        };
        Answer::json(status, format!(r#"{{"code":-1,"msg":"bad {word}"}}"#))
    }
}

fn taken() -> Answer {
    Answer::json(200, r#"{"code":0,"msg":"success"}"#)
}

/// The device that a path names, if any; none where the path is not ours.
fn device_on(path: &str) -> Option<Option<&str>> {
    if path == "/api/status" {
        return Some(None);
    }
    let name = path.strip_prefix("/d/")?.strip_suffix("/api/status")?;
    (!name.is_empty() && !name.contains('/')).then_some(Some(name))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn is_test(envelope: &Value) -> bool {
    match envelope.get("test") {
        Some(Value::Bool(test)) => *test,
        Some(Value::String(test)) => test == "true",
        Some(Value::Number(test)) => test.as_i64() == Some(1),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
    }
}

/// What one signed push is good for once in each way in which it can be read. The signature has no
/// border between client and message, and whoever saw one push may write anything beside them, so
/// neither a moved border nor another envelope makes a new one.
fn key_of_push(device: &DeviceId, client: &str, msg: &str, evidence: &Evidence) -> Digest {
    let reason = match evidence {
        Evidence::Ignored { reason, .. } | Evidence::Unreadable { reason, .. } => reason.as_str(),
        Evidence::Announced { .. } | Evidence::Money(_) | Evidence::Heartbeat { .. } => "",
    };
    let signed = [client, msg].concat();
    let parts = [YOUZAN, device.as_str(), &signed, reason];
    Digest::of(&parts.map(str::as_bytes))
}

fn read_push(device: &DeviceId, envelope: &Value, msg: &str) -> Evidence {
    let kind = text(envelope, "type").unwrap_or_default();
    if is_test(envelope) {
        return ignored("youzan: a test", kind);
    }
    let Some(message) = message_of(msg) else {
        return unreadable("youzan: the message is not JSON", kind);
    };
    let order = message.pointer("/full_order_info/order_info").unwrap_or(&message);
    let find = |name| text(order, name).or_else(|| text(&message, name));
    if kind.to_ascii_uppercase().contains("REFUND") {
        return unreadable("youzan: money may have gone back", kind);
    }
    let Some(number) = find("tid").filter(|number| is_trade_number(number)) else {
        return if is_trade(kind) {
            unreadable("youzan: a trade without a number", kind)
        } else {
            ignored("youzan: no trade", kind)
        };
    };
    let status = find("status").unwrap_or_else(|| status_of_kind(kind));
    let told = format!("{kind} {number} {status}");
    match standing_of(status) {
        Standing::Paid => Evidence::Announced {
            key: Digest::of(&[b"youzan", device.as_str().as_bytes(), number.as_bytes(), b"paid"]),
            rule: format!("{TO_FETCH}{number}"),
            text: told,
        },
        Standing::Unpaid => ignored("youzan: not paid yet", &told),
        Standing::Closed => ignored("youzan: the trade was closed", &told),
        Standing::Unknown if is_trade(kind) => unreadable("youzan: an unknown status", &told),
        Standing::Unknown => ignored("youzan: no trade", &told),
    }
}

/// The message behind its encoding. Some applications get it without.
fn message_of(msg: &str) -> Option<Value> {
    let decoded = if msg.starts_with('{') { msg.to_owned() } else { decode_component(msg).ok()? };
    serde_json::from_str(&decoded).ok().filter(Value::is_object)
}

fn is_trade(kind: &str) -> bool {
    kind == "TRADE" || kind.starts_with("TRADE_ORDER_STATE") || kind.starts_with("trade_")
}

/// The status that the newer types stand for, where the message names none.
fn status_of_kind(kind: &str) -> &str {
    match kind {
        "trade_TradePaid" | "trade_TradeBuyerPay" => "TRADE_PAID",
        "trade_TradeSuccess" => "TRADE_SUCCESS",
        "trade_TradeCreate" => "WAIT_BUYER_PAY",
        "trade_TradeClose" => "TRADE_CLOSED",
        _ => "",
    }
}

fn is_trade_number(text: &str) -> bool {
    let fits = (1..=TRADE_NUMBER_BYTES_MAX).contains(&text.len());
    fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn ignored(reason: &str, text: &str) -> Evidence {
    Evidence::Ignored { reason: String::from(reason), text: String::from(text) }
}

fn unreadable(reason: &str, text: &str) -> Evidence {
    Evidence::Unreadable { reason: String::from(reason), text: String::from(text) }
}

fn bad(name: &str, why: &str) -> Refusal {
    Refusal::BadParameter { name: String::from(name), why: String::from(why) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::encode_component;
    use proptest::prelude::*;
    use serde_json::json;

    const SECRET: &str = "client-secret-0001";

    struct OneShop;

    impl DeviceKeys for OneShop {
        fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
            show(&DeviceId::new("yz-main").unwrap(), SECRET.as_bytes());
        }

        fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
            if device.as_str() == "yz-main" {
                show(SECRET.as_bytes());
            }
        }
    }

    fn post(body: &Value) -> Request {
        let mut request = Request::new(Method::Post, "/api/status", "");
        request.body = body.to_string().into_bytes();
        request
    }

    fn envelope(kind: &str, msg: &Value) -> Value {
        let msg = encode_component(&msg.to_string());
        let sign = md5_hex(&[b"cid", msg.as_bytes(), SECRET.as_bytes()]);
        json!({
            "client_id": "cid", "type": kind, "msg": msg, "sign": sign, "kdt_id": 110, "mode": 1,
            "test": false, "sendCount": 0, "version": 1_517_457_474_i64,
        })
    }

    fn read(body: &Value) -> Result<Evidence, Refusal> {
        Youzan.read(&post(body), &OneShop).map(|reading| reading.evidence)
    }

    #[test]
    fn the_protocol_pages_vector_is_signed_like_this() {
        let sign = md5_hex(&[b"cid", b"%7B%22tid%22%3A%22E1%22%7D", b"csec"]);
        assert_eq!(sign, "b3c8b3019f8246ae0bdefdd95e7ec2ee");
    }

    #[test]
    fn the_status_inside_of_the_signed_message_decides() {
        let old = |status: &str| json!({ "tid": "E1", "status": status, "payment": "0.10" });
        let new = |status: &str| json!({ "full_order_info": { "order_info": { "tid": "E1", "status": status } } });
        let bare = json!({ "tid": "E1" });
        let cases = [
            ("TRADE_ORDER_STATE", old("TRADE_SUCCESS"), "E1"),
            ("TRADE_ORDER_STATE", old("WAIT_SELLER_SEND_GOODS"), "E1"),
            ("trade_TradePaid", new("TRADE_PAID"), "E1"),
            ("trade_TradePaid", new("PAID"), "E1"),
            ("trade_TradeMemoModified", new("TRADE_SUCCESS"), "E1"),
            ("trade_TradePaid", bare.clone(), "E1"),
            ("trade_TradeSuccess", bare.clone(), "E1"),
            ("TRADE_ORDER_STATE", old("WAIT_BUYER_PAY"), "ignored: youzan: not paid yet"),
            ("trade_TradeCreate", bare.clone(), "ignored: youzan: not paid yet"),
            ("trade_TradePaid", new("WAIT_BUYER_PAY"), "ignored: youzan: not paid yet"),
            ("TRADE_ORDER_STATE", old("TRADE_CLOSED"), "ignored: youzan: the trade was closed"),
            ("trade_TradeClose", bare.clone(), "ignored: youzan: the trade was closed"),
            ("ITEM_STATE", json!({ "item": 1 }), "ignored: youzan: no trade"),
            ("POINTS", bare.clone(), "ignored: youzan: no trade"),
            ("TRADE_ORDER_STATE", old("NEW_WORD"), "unreadable: youzan: an unknown status"),
            ("TRADE_ORDER_STATE", bare, "unreadable: youzan: an unknown status"),
            (
                "TRADE_ORDER_REFUND",
                old("TRADE_SUCCESS"),
                "unreadable: youzan: money may have gone back",
            ),
            (
                "TRADE_ORDER_STATE",
                json!({ "tid": 5 }),
                "unreadable: youzan: a trade without a number",
            ),
            (
                "trade_TradePaid",
                json!({ "tid": "E1 2" }),
                "unreadable: youzan: a trade without a number",
            ),
        ];
        for (kind, msg, expected) in cases {
            let told = match read(&envelope(kind, &msg)).expect("it is signed") {
                Evidence::Announced { rule, .. } => {
                    trade_to_fetch(&rule).expect("a number").to_owned()
                }
                Evidence::Ignored { reason, .. } => format!("ignored: {reason}"),
                Evidence::Unreadable { reason, .. } => format!("unreadable: {reason}"),
                other => panic!("{other:?}"),
            };
            assert_eq!(told, expected, "{kind} {msg}");
        }
    }

    #[test]
    fn all_pushes_about_one_payment_have_one_key() {
        let key = |kind: &str, msg: &Value, more: (&str, Value)| {
            let mut body = envelope(kind, msg);
            body[more.0] = more.1;
            match read(&body) {
                Ok(Evidence::Announced { key, .. }) => key,
                other => panic!("{other:?}"),
            }
        };
        let paid = json!({ "tid": "E1", "status": "WAIT_SELLER_SEND_GOODS" });
        let done = json!({ "tid": "E1", "status": "TRADE_SUCCESS", "payment": "0.10" });
        let first = key("TRADE_ORDER_STATE", &paid, ("sendCount", json!(0)));
        assert_eq!(first, key("TRADE_ORDER_STATE", &paid, ("sendCount", json!(2))));
        assert_eq!(first, key("TRADE_ORDER_STATE", &done, ("id", json!("E9"))));
        assert_eq!(first, key("trade_TradePaid", &done, ("kdt_id", json!("111"))));
        let other = json!({ "tid": "E2", "status": "TRADE_SUCCESS" });
        assert_ne!(first, key("TRADE_ORDER_STATE", &other, ("sendCount", json!(0))));
    }

    #[test]
    fn whoever_saw_one_push_makes_no_new_ones_of_it() {
        let body = envelope("TRADE_ORDER_STATE", &json!({ "tid": "E1", "status": "NEW_WORD" }));
        let key = |change: &dyn Fn(&mut Value)| {
            let mut body = body.clone();
            change(&mut body);
            let reading = Youzan.read(&post(&body), &OneShop).expect("it is signed");
            let Evidence::Unreadable { reason, .. } = reading.evidence else { panic!("{body}") };
            (reading.repeat_key.expect("a key"), reason)
        };
        let first = key(&|_| {});
        assert_eq!(first, key(&|body| body["sendCount"] = json!(3)));
        assert_eq!(first, key(&|body| body["id"] = json!("x")));
        let refund = key(&|body| body["type"] = json!("REFUND1"));
        assert_eq!(refund, key(&|body| body["type"] = json!("REFUND2")));
        let moved = |at: usize| {
            key(&move |body| {
                let msg = ["cid", body["msg"].as_str().unwrap_or_default()].concat();
                let (client, msg) = msg.split_at(at);
                (body["client_id"], body["msg"]) = (json!(client), json!(msg));
            })
        };
        assert_eq!(moved(1), moved(2), "one question, wherever the border is");
        assert_eq!(moved(1), moved(9));
        assert_ne!(first.0, refund.0);
    }

    #[test]
    fn a_test_is_seen_and_dropped_signed_or_not() {
        let mut body = envelope("TRADE_ORDER_STATE", &json!({ "tid": "E1", "status": "PAID" }));
        body["test"] = json!(true);
        let dropped =
            Evidence::Ignored { reason: "youzan: a test".into(), text: "TRADE_ORDER_STATE".into() };
        assert_eq!(read(&body), Ok(dropped));
        for unsigned in [json!({ "test": true }), json!({ "test": true, "msg": "x", "sign": "y" })]
        {
            let request = post(&unsigned);
            let refusal = Youzan.read(&request, &OneShop).expect_err("nothing is proven");
            assert_eq!(Youzan.refuse(&request, &refusal), taken());
        }
    }

    #[test]
    fn a_push_that_proves_nothing_is_refused() {
        let good = envelope("trade_TradePaid", &json!({ "tid": "E1", "status": "PAID" }));
        assert!(read(&good).is_ok());
        for (name, value, status) in [
            ("sign", json!("00000000000000000000000000000000"), 403),
            ("sign", json!(""), 400),
            ("sign", json!(0), 400),
            ("sign", json!(true), 400),
            ("sign", Value::Null, 400),
            ("client_id", json!("other"), 403),
            ("client_id", Value::Null, 400),
            ("msg", json!("%7B%22tid%22%3A%22E1%22%7D"), 403),
            ("msg", json!({ "tid": "E1" }), 400),
        ] {
            let mut body = good.clone();
            body[name] = value;
            let request = post(&body);
            let refusal = Youzan.read(&request, &OneShop).expect_err(name);
            assert_eq!(Youzan.refuse(&request, &refusal).status, status, "{name}: {refusal}");
        }
        let upper = good["sign"].as_str().map(str::to_uppercase);
        let mut body = good;
        body["sign"] = json!(upper);
        assert!(read(&body).is_ok(), "hexadecimal has no case");
    }

    #[test]
    fn paths_name_no_device_or_one() {
        for (path, expected) in [
            ("/api/status", Some(None)),
            ("/d/yz-main/api/status", Some(Some("yz-main"))),
            ("/d//api/status", None),
            ("/d/a/b/api/status", None),
            ("/api/status/", None),
            ("/m/1001/api/status", None),
        ] {
            assert_eq!(device_on(path), expected, "{path}");
        }
    }

    #[test]
    fn only_our_own_rule_names_a_trade_to_ask_for() {
        for (rule, expected) in [
            ("youzan: the trade is to be fetched: E1", Some("E1")),
            ("youzan: the trade is to be fetched: ", None),
            ("youzan: the trade is to be fetched: E1&x=1", None),
            ("youzan: an unknown status", None),
        ] {
            assert_eq!(trade_to_fetch(rule), expected, "{rule}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_byte_of_what_is_signed_is_refused(at in any::<usize>(), byte in "[a-z0-9%]") {
            let good = envelope("trade_TradePaid", &json!({ "tid": "E1", "status": "PAID" }));
            let mut msg = String::from(good["msg"].as_str().unwrap());
            let at = at % msg.len();
            msg.replace_range(at..=at, &byte);
            prop_assume!(msg != good["msg"]);
            let mut body = good;
            body["msg"] = json!(msg);
            prop_assert_eq!(read(&body), Err(Refusal::BadSignature));
        }

        #[test]
        fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut request = Request::new(Method::Post, "/api/status", "");
            request.body = body;
            let refusal = Youzan.read(&request, &OneShop).expect_err("nothing is proven");
            prop_assert!(Youzan.refuse(&request, &refusal).status >= 400);
        }
    }
}
