//! Conversations with shops that sign as vmq-suite does.

use duizhang_core::amount::Amount;
use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::id::OrderId;
use duizhang_core::order::Dialect as Protocol;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::{
    Answer, Method, Params, Request, encode_component, hex_lower, hmac_sha256, md5_hex,
};
use duizhang_projections::orders::OrderView;
use proptest::prelude::*;

use super::Vmq;
use super::suite::canonical;
use crate::dialects::desk_for_tests::{
    KEY, NOON, OLD_KEY, STRICT_KEY, TestDesk, get, merchant, paid_order, post,
};
use crate::dialects::{Action, Call, Caller, Dialect, Message, NewOrder};

const FORM: &str = "application/x-www-form-urlencoded";

fn read(request: &Request) -> Result<Call, Answer> {
    Vmq.read(request, &TestDesk::default())
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn refusal(request: &Request) -> String {
    body(&read(request).expect_err("the request is refused"))
}

fn plain_refused(text: &str) -> String {
    format!(r#"{{"code":-1,"msg":"{text}"}}"#)
}

fn new_order(call: Call) -> NewOrder {
    match call.action {
        Action::Create(order) => order,
        other => panic!("not a creation: {other:?}"),
    }
}

fn kept(echo: &str, order: OrderView) -> OrderView {
    OrderView { echo: Some(String::from(echo)), ..order }
}

fn callback(order: &OrderView, at: Timestamp) -> String {
    let callback = CallbackId { order: order.id, number: 1 };
    let url = "http://a.cn/n";
    let topic = Topic::OrderPaid;
    let message = Message { callback, topic, order, refund: None, url, since: NOON, at };
    let request = Vmq.write_callback(&message, &TestDesk::default()).unwrap();
    assert_eq!(request.method, Method::Get);
    String::from(request.url.strip_prefix("http://a.cn/n?").unwrap())
}

/// A `createOrder` query signed by HMAC.
fn by_hmac(key: &str, changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("payId", "ORDER_1"),
        ("param", "user_1001"),
        ("type", "2"),
        ("price", "12.50"),
        ("signType", "HMAC_SHA256"),
        ("timestamp", "1795233600000"),
        ("nonce", "abc"),
    ];
    for change in changes {
        fields.retain(|(name, _)| *name != change.0);
        fields.push(*change);
    }
    let sign = hex_lower(&hmac_sha256(key.as_bytes(), canonical(&fields).as_bytes()));
    let query: String =
        fields.iter().map(|(name, value)| format!("{name}={}&", encode_component(value))).collect();
    format!("{query}sign={sign}")
}

#[test]
fn a_request_signed_by_hmac_is_understood() {
    // The signature by another implementation: openssl dgst -sha256 -hmac.
    assert!(
        by_hmac(KEY, &[])
            .ends_with("1527bbcbb35ad693c73d16036ec4e6c6e8a1e08c54fe60cef0d29d18027f76cb")
    );
    for request in [
        get("/createOrder", &by_hmac(KEY, &[])),
        get("/m/1001/createOrder", &by_hmac(OLD_KEY, &[("signType", "hmac_sha256")])),
        post("/createOrder", FORM, by_hmac(KEY, &[("timestamp", "1795233900000")]).as_bytes()),
        get("/createOrder", &by_hmac(KEY, &[("timestamp", "1795233300000")])),
    ] {
        let order = new_order(read(&request).unwrap());
        assert_eq!(order.number.as_deref(), Some("ORDER_1"));
        assert_eq!(order.requested, Amount::fen(1_250));
        assert_eq!(order.echo.as_deref(), Some("2 hmac"));
    }
    // A param that is left out is signed as an empty one.
    let without = by_hmac(KEY, &[("param", "")]);
    let left_out = without.replace("param=&", "");
    assert_ne!(without, left_out);
    for query in [without, left_out] {
        assert_eq!(new_order(read(&get("/createOrder", &query)).unwrap()).attachment, None);
    }
    // Names leave one reading, so a strict merchant's texts are free.
    let strict = by_hmac(STRICT_KEY, &[("param", "1"), ("price", "5")]);
    assert!(read(&get("/m/2002/createOrder", &strict)).is_ok());

    let id = OrderId::from_bits(7).to_string();
    let fields = [
        ("orderId", id.as_str()),
        ("signType", "HMAC_SHA256"),
        ("timestamp", "1795233600000"),
        ("nonce", "n"),
    ];
    let sign = hex_lower(&hmac_sha256(KEY.as_bytes(), canonical(&fields).as_bytes()));
    let query =
        format!("orderId={id}&signType=HMAC_SHA256&timestamp=1795233600000&nonce=n&sign={sign}");
    let action = Action::Close(OrderId::from_bits(7));
    let caller = Caller::Merchant(merchant("1001"));
    assert_eq!(read(&get("/closeOrder", &query)), Ok(Call { caller, action }));
}

#[test]
fn what_is_stale_odd_or_signed_otherwise_is_one_answer() {
    let long = "n".repeat(129);
    let md5 = md5_hex(&[b"ORDER_1user_1001212.50", KEY.as_bytes()]);
    let mixed = by_hmac(KEY, &[]);
    let mixed = format!("{}sign={md5}", &mixed[..mixed.len() - 69]);
    let cases = [
        by_hmac(KEY, &[("timestamp", "1795233900001")]),
        by_hmac(KEY, &[("timestamp", "1795233299999")]),
        by_hmac(KEY, &[("timestamp", "1795233600")]),
        by_hmac(KEY, &[("timestamp", "+795233600000")]),
        by_hmac(KEY, &[("timestamp", "")]),
        by_hmac(KEY, &[("nonce", "")]),
        by_hmac(KEY, &[("nonce", " ")]),
        by_hmac(KEY, &[("nonce", "a&b")]),
        by_hmac(KEY, &[("nonce", &long)]),
        by_hmac(STRICT_KEY, &[]),
        by_hmac(KEY, &[]).replace("nonce=abc", "nonce=abe"),
        by_hmac(KEY, &[]).replace("signType=HMAC_SHA256", "signType=MD5"),
        mixed,
    ];
    for query in cases {
        let refused = plain_refused("签名校验不通过");
        assert_eq!(refusal(&get("/createOrder", &query)), refused, "{query}");
    }
    for param in ["a&b", "a=b"] {
        let query = by_hmac(KEY, &[("param", param)]);
        let refused = plain_refused("参数含有不允许的字符：param");
        assert_eq!(refusal(&get("/createOrder", &query)), refused);
    }
}

#[test]
fn an_order_asked_for_by_hmac_is_called_back_so() {
    let order = kept("2 hmac", paid_order(Protocol::Vmq));
    let id = order.id;
    let checked = |query: &str| {
        let request = get("/", query);
        let params = Params::of(&request).unwrap();
        let fields: Vec<(&str, &str)> = params
            .iter()
            .filter(|param| param.name != "sign")
            .map(|param| (param.name.as_str(), param.value.as_str()))
            .collect();
        let sign = hex_lower(&hmac_sha256(KEY.as_bytes(), canonical(&fields).as_bytes()));
        assert_eq!(params.get("sign"), Some(sign.as_str()), "{query}");
        String::from(params.get("nonce").unwrap())
    };
    let query = callback(&order, NOON);
    let expected = format!(
        "payId=ORDER_1&param=user_1001&type=2&price=12.5&reallyPrice=12.51\
         &signType=HMAC_SHA256&eventId=payment-{id}&timestamp=1795233600000&nonce="
    );
    assert!(query.starts_with(&expected), "{query}");
    let first = checked(&query);
    assert_eq!(first.len(), 32);
    assert_eq!(callback(&order, NOON), query, "one attempt is written in one way");
    let second = checked(&callback(&order, NOON.plus(Span::from_secs(30))));
    assert_ne!(first, second, "each attempt has a nonce of its own");
    let back = Vmq.return_url(&order, &TestDesk::default()).unwrap();
    assert_eq!(back, format!("https://shop.example/back?from=pay&{query}"));
    let keyless = OrderView { merchant: merchant("3003"), ..order };
    let plain = Some(String::from("https://shop.example/back?from=pay"));
    assert_eq!(Vmq.return_url(&keyless, &TestDesk::default()), plain);
}

proptest! {
    #[test]
    fn one_changed_byte_of_what_hmac_covers_is_refused(at in 0_usize..100, to in 0x21_u8..0x7f) {
        let query = by_hmac(KEY, &[]);
        let (fields, sign) = query.split_at(query.rfind("&sign=").unwrap());
        let mut changed = fields.as_bytes().to_vec();
        let place = at % changed.len();
        // A change of case in the type of the signature is no change; the fork forgives it too.
        prop_assume!(!changed[place].eq_ignore_ascii_case(&to));
        changed[place] = to;
        let query = format!("{}{sign}", String::from_utf8(changed).unwrap());
        prop_assert!(read(&get("/createOrder", &query)).is_err(), "{}", query);
    }
}
