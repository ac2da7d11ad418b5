//! The protocol's words, request by request, against the original's.

use std::net::IpAddr;

use duizhang_core::amount::Amount;
use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::channel::Channel;
use duizhang_core::fact::CodeIssued;
use duizhang_core::id::{OrderId, RefundId};
use duizhang_core::order::{Dialect as Protocol, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::wire::{Answer, Method, Request, decode_component, md5_hex};
use duizhang_projections::orders::OrderView;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Youzan;
use crate::dialects::desk_for_tests::{
    KEY, NOON, OPERATOR_TOKEN, TOKEN, TestDesk, merchant, open_order, paid_order, post,
};
use crate::dialects::{Action, Caller, Dialect, Judged, Message, NewOrder, Reply, Unsendable};

const PATH: &str = "/api/payment/qrcode";
const FORM: &str = "application/x-www-form-urlencoded";

fn near(body: &[u8]) -> Request {
    let mut request = post(PATH, "application/json", body);
    request.peer = Some(IpAddr::from([127, 0, 0, 1]));
    request
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("text")
}

fn read(request: &Request) -> Result<NewOrder, Answer> {
    let call = Youzan.read(request, &TestDesk::default())?;
    assert!(matches!(call.caller, Caller::Merchant(_)));
    match call.action {
        Action::Create(order) => Ok(order),
        other => panic!("{other:?}"),
    }
}

fn refusal(body: &Value) -> (u16, String) {
    let answer = read(&near(body.to_string().as_bytes())).expect_err("it is refused");
    (answer.status, text(&answer))
}

fn with_code(order: OrderView) -> OrderView {
    let code = CodeIssued {
        order: order.id,
        reference: "7".into(),
        qr: "https://qr.example/\"7\"".into(),
        picture: "data:image/png;base64,AAAA".into(),
    };
    order.with_code(code)
}

fn answered(reply: &Reply) -> Answer {
    let request = near(br#"{"name":"a","price":1,"order_id":"N1"}"#);
    let desk = TestDesk::default();
    let call = Youzan.read(&request, &desk).expect("it is sound");
    Youzan.answer(&request, &call, reply, &desk)
}

fn shown(order: OrderView) -> Answer {
    answered(&Reply::Order { order: Box::new(order), repeated: false })
}

fn sent(order: &OrderView) -> Result<Vec<(String, String)>, Unsendable> {
    let message = message(order, Topic::OrderPaid, "https://shop.example/notify?a=1");
    let request = Youzan.write_callback(&message, &TestDesk::default())?;
    assert_eq!((request.method, request.url.as_str()), (Method::Post, message.url));
    assert_eq!(request.headers, [("content-type".to_owned(), FORM.to_owned())]);
    let body = String::from_utf8(request.body).expect("a form");
    let pairs = body.split('&').map(|pair| pair.split_once('=').expect("a pair"));
    Ok(pairs.map(|(k, v)| (k.to_owned(), decode_component(v).expect("encoded"))).collect())
}

fn message<'a>(order: &'a OrderView, topic: Topic, url: &'a str) -> Message<'a> {
    let callback = CallbackId { order: order.id, number: 1 };
    Message { callback, topic, order, refund: None, url, since: NOON, at: NOON }
}

#[test]
fn its_one_path_is_claimed_also_below_a_merchant() {
    for (path, claimed) in [
        (PATH, true),
        ("/m/1001/api/payment/qrcode", true),
        ("/api/payment", false),
        ("/api/payment/qrcode/", false),
        ("/api/status", false),
        ("/m/api/payment/qrcode", false),
    ] {
        assert_eq!(Youzan.claims(&post(path, "application/json", b"{}")), claimed, "{path}");
    }
    let mut get = near(b"{}");
    get.method = Method::Get;
    assert_eq!(read(&get).expect_err("a verb").status, 405);
    assert_eq!(Youzan.too_large(&get).status, 500);
}

#[test]
fn an_order_is_read_as_the_original_reads_it() {
    let order = |number: &str, fen| NewOrder {
        number: Some(number.into()),
        requested: Amount::fen(fen),
        channels: vec![Channel::Youzan],
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: Some("test name".into()),
        attachment: None,
        echo: None,
        idempotency: None,
    };
    for (body, expected) in [
        (
            r#"{"name":"test name", "price": 1, "order_id": "your orderid"}"#,
            order("your orderid", 1),
        ),
        (
            r#"{"order_id":1515174485676262,"name":"test name","price":"10"}"#,
            order("1515174485676262", 10),
        ),
        (r#"{"price":-25,"order_id":"N","name":"test name","more":[1]}"#, order("N", 25)),
        (r#"{"price":1250.0,"order_id":"N","name":"test name"}"#, order("N", 1_250)),
        (r#"{"price":"1250.00","order_id":"N","name":"test name"}"#, order("N", 1_250)),
    ] {
        assert_eq!(read(&near(body.as_bytes())).expect(body), expected);
    }
    let mut form = near(b"name=test+name&price=10&order_id=%E5%8F%B7");
    form.headers[0].1 = FORM.into();
    assert_eq!(read(&form).expect("a form"), order("号", 10));
}

#[test]
fn what_is_missing_or_wrong_is_told_in_words() {
    let whole = json!({ "name": "a", "price": 1, "order_id": "N" });
    for (name, value, expected) in [
        ("name", json!(null), "name is missing"),
        ("name", json!(""), "name is missing"),
        ("name", json!("x".repeat(1_025)), "name is too long"),
        ("name", json!("a\u{0}"), "control characters"),
        ("order_id", json!(null), "order_id is missing"),
        ("order_id", json!(true), "order_id is missing"),
        ("order_id", json!(["N"]), "order_id is missing"),
        ("order_id", json!("x".repeat(129)), "order_id is too long"),
        ("price", json!(null), "price is missing"),
        ("price", json!(0), "price is not a whole number"),
        ("price", json!("0"), "price is not a whole number"),
        ("price", json!(0.5), "price is not a whole number"),
        ("price", json!("1250."), "price is not a whole number"),
        ("price", json!(".0"), "price is not a whole number"),
        ("price", json!("1250.0.0"), "price is not a whole number"),
        ("price", json!("1250.01"), "price is not a whole number"),
        ("price", json!("1e3"), "price is not a whole number"),
        ("price", json!("１"), "price is not a whole number"),
        ("price", json!(i64::MIN), "price is not a whole number"),
        ("price", json!(1_000_000_000_001_i64), "price is not a whole number"),
    ] {
        let mut body = whole.clone();
        body[name] = value;
        let (status, told) = refusal(&body);
        assert!(status == 500 && told.contains(expected), "{name}: {told}");
    }
    for body in
        ["", "[]", "null", "{", "\u{feff}{}", r#"{"name":"a","name":"b","price":1,"order_id":"N"}"#]
    {
        let answer = read(&near(body.as_bytes())).expect_err(body);
        assert_eq!(answer.status, 500, "{body}");
    }
}

#[test]
fn who_may_ask_shows_a_token_or_is_on_this_machine_itself() {
    let body = br#"{"name":"a","price":1,"order_id":"N"}"#;
    let ask = |path: &str, peer: [u8; 4], header: Option<(&str, &str)>| {
        let mut request = post(path, "application/json", body);
        request.peer = Some(IpAddr::from(peer));
        let header = header.map(|(name, value)| (name.to_owned(), value.to_owned()));
        request.headers.extend(header);
        read(&request).map_or_else(|answer| answer.status, |_| 200)
    };
    let (here, away) = ([127, 0, 0, 1], [203, 0, 113, 9]);
    let bearer = format!("Bearer {TOKEN}");
    let operator = format!("Bearer {OPERATOR_TOKEN}");
    for (path, peer, header, expected) in [
        (PATH, here, None, 200),
        (PATH, away, None, 401),
        (PATH, away, Some(("authorization", bearer.as_str())), 200),
        (PATH, away, Some(("authorization", operator.as_str())), 401),
        (PATH, here, Some(("authorization", "Bearer nobody")), 401),
        (PATH, here, Some(("x-forwarded-for", "203.0.113.9")), 401),
        (PATH, here, Some(("x-real-ip", "203.0.113.9")), 401),
        (PATH, here, Some(("via", "1.1 proxy")), 401),
        (PATH, here, Some(("origin", "https://elsewhere.example")), 401),
        (PATH, here, Some(("origin", "null")), 401),
        (PATH, here, Some(("sec-fetch-site", "same-origin")), 401),
        (PATH, here, Some(("sec-fetch-mode", "no-cors")), 401),
        ("/m/1001/api/payment/qrcode", here, None, 200),
        ("/m/2002/api/payment/qrcode", here, None, 401),
        ("/m/2002/api/payment/qrcode", here, Some(("authorization", bearer.as_str())), 401),
        ("/m/9999/api/payment/qrcode", here, None, 401),
    ] {
        assert_eq!(ask(path, peer, header), expected, "{path} {peer:?} {header:?}");
    }
    for media in ["text/plain", "text/json", ""] {
        let mut page = near(body);
        page.headers[0].1 = media.into();
        assert_eq!(read(&page).expect_err(media).status, 401, "{media}");
        page.headers.push(("authorization".into(), bearer.clone()));
        page.headers.push(("origin".into(), "https://shop.example".into()));
        assert!(read(&page).is_ok(), "{media}: the token decides");
    }
    let mut mapped = near(body);
    mapped.peer = Some("::ffff:127.0.0.1".parse().expect("an address"));
    assert!(read(&mapped).is_ok());
    mapped.peer = None;
    assert!(read(&mapped).is_err());
    mapped.query = format!("token={TOKEN}");
    assert!(read(&mapped).is_ok());
    let nobody = TestDesk { default: None, ..TestDesk::default() };
    assert_eq!(Youzan.read(&near(body), &nobody).expect_err("nobody").status, 401);
}

#[test]
fn a_code_is_shown_in_the_originals_order() {
    let answer = shown(with_code(open_order(Protocol::Youzan)));
    assert_eq!(
        (answer.status, answer.content_type.as_str()),
        (200, "application/json;charset=UTF-8")
    );
    assert_eq!(
        text(&answer),
        r#"{"qr_id":"7","qr_url":"https://qr.example/\"7\"","qr_code":"data:image/png;base64,AAAA","qr_type":"QR_TYPE_DYNAMIC"}"#
    );
    let mut drawn = with_code(open_order(Protocol::Youzan));
    drawn.code.as_mut().expect("a code").picture.clear();
    let shown: Value = serde_json::from_slice(&shown(drawn).body).expect("JSON");
    let picture = shown["qr_code"].as_str().expect("a text");
    assert!(picture.starts_with("data:image/png;base64,iVBOR"), "{picture}");
}

#[test]
fn a_wallets_own_code_will_do_only_where_nothing_is_to_be_added_to_the_price() {
    let order = open_order(Protocol::Youzan);
    assert_eq!(shown(order.clone()).status, 500, "the payer would pay another amount");
    let exact = OrderView { payable: order.requested, ..order.clone() };
    assert_eq!(shown(exact).status, 200);
    let bare = OrderView { payable: order.requested, qr: String::new(), ..order };
    assert_eq!(
        (shown(bare.clone()).status, text(&shown(bare)).as_str()),
        (500, "Create payment qrcode failed")
    );
}

#[test]
fn everything_else_that_may_come_of_it_is_a_sentence() {
    for status in [OrderStatus::Paid, OrderStatus::Expired, OrderStatus::Closed] {
        let told = shown(OrderView { status, ..with_code(open_order(Protocol::Youzan)) });
        assert_eq!((told.status, text(&told)), (500, format!("the order is {status}")));
    }
    let rejected = |rejection| text(&answered(&Reply::Rejected(rejection)));
    for (rejection, expected) in [
        (Rejection::NumberTaken(OrderId::from_bits(7)), "order_id was used before"),
        (Rejection::NoWallet, "no wallet of this merchant"),
        (Rejection::AmountsExhausted, "every amount near this price"),
        (Rejection::TooManyOpenOrders, "too many open orders"),
        (Rejection::BadText("number"), "order_id is too long"),
        (Rejection::BadText("subject"), "name is too long"),
        (Rejection::AmountNotPositive, "price is not above zero"),
        (Rejection::UnknownMerchant, "Create payment qrcode failed"),
    ] {
        let told = rejected(rejection);
        assert!(told.contains(expected), "{told}");
    }
    for reply in [Reply::Busy, Reply::OutcomeUnknown] {
        let told = answered(&reply);
        assert_eq!((told.status, told.headers[0].0.as_str()), (500, "retry-after"));
    }
    for reply in [Reply::NotFound, Reply::Forbidden, Reply::Done] {
        assert_eq!(answered(&reply).status, 500);
    }
}

#[test]
fn the_protocol_pages_vector_is_signed_like_this() {
    let signed = md5_hex(&[b"1500000000|E1-7|O1|100|TRADE_SUCCESS|self"]);
    assert_eq!(signed, "81e1888950296d930cd4e6aedd892842");
}

#[test]
fn a_paid_order_is_told_in_a_signed_form() {
    let trade = Some(String::from("E1"));
    let order = OrderView { trade, ..with_code(paid_order(Protocol::Youzan)) };
    let time = NOON.secs().to_string();
    let sign = md5_hex(&[format!("{time}|E1-7|ORDER_1|1251|TRADE_SUCCESS|{KEY}").as_bytes()]);
    let expected = [
        ("tradeNo", "E1-7"),
        ("orderId", "ORDER_1"),
        ("payment", "1251"),
        ("status", "TRADE_SUCCESS"),
        ("uuid", ""),
        ("sign", sign.as_str()),
        ("time", time.as_str()),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sent(&order).expect("it is signed"), expected);
    // Money that a person assigned is of no trade that we know.
    let assigned = OrderView { trade: None, ..order.clone() };
    let told = sent(&assigned).expect("it is signed");
    assert_eq!(told[0].1, format!("{}-7", assigned.id));
}

#[test]
fn what_cannot_be_told_is_not_sent() {
    let paid = with_code(paid_order(Protocol::Youzan));
    let keyless = OrderView { merchant: merchant("3003"), ..paid.clone() };
    assert_eq!(sent(&keyless), Err(Unsendable::NoKey));
    assert_eq!(sent(&with_code(open_order(Protocol::Youzan))), Err(Unsendable::NoKey));
    let desk = TestDesk::default();
    let refund = Topic::RefundConfirmed(RefundId::from_bits(1));
    let told = Youzan.write_callback(&message(&paid, refund, "https://a.example"), &desk);
    assert_eq!(told, Err(Unsendable::NoWord));
    let told = Youzan.write_callback(&message(&paid, Topic::OrderPaid, "ftp://a"), &desk);
    assert_eq!(told, Err(Unsendable::BadAddress));
    assert_eq!(Youzan.return_url(&OrderView { return_url: None, ..paid }, &desk), None);
}

#[test]
fn only_the_status_two_hundred_is_success() {
    for (status, judged) in [
        (200, Judged::Acknowledged),
        (201, Judged::NotYet),
        (204, Judged::NotYet),
        (302, Judged::NotYet),
        (410, Judged::NotYet),
        (500, Judged::NotYet),
    ] {
        assert_eq!(Youzan.judge(status, b"success"), judged, "{status}");
    }
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(answer) = read(&near(&body)) {
            prop_assert_eq!(answer.status, 500);
        }
    }

    #[test]
    fn members_may_stand_in_any_order(order in Just(["name", "price", "order_id"]).prop_shuffle()) {
        let member = |name| match name {
            "price" => r#""price":5"#.to_owned(),
            other => format!(r#""{other}":"x""#),
        };
        let body = format!("{{{}}}", order.map(member).join(","));
        let read = read(&near(body.as_bytes())).expect("it is sound");
        prop_assert_eq!(read.requested, Amount::fen(5));
    }

    #[test]
    fn any_order_is_shown_in_json(
        reference in any::<String>(), qr in "[^\u{0}]{1,80}", picture in any::<String>(),
    ) {
        let order = open_order(Protocol::Youzan);
        let code = CodeIssued { order: order.id, reference: reference.clone(), qr, picture };
        let answer = shown(order.with_code(code));
        let json: Value = serde_json::from_slice(&answer.body).expect("JSON");
        prop_assert_eq!(json["qr_id"].as_str(), Some(reference.as_str()));
    }
}
