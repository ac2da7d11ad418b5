//! Conversations with `/v1`: what is sent, what is understood, what is answered.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use duizhang_core::amount::Amount;
use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::channel::Channel;
use duizhang_core::fact::Judgement;
use duizhang_core::id::{NotificationId, OrderId, PaymentId, RefundId, WalletId};
use duizhang_core::matcher::{Grade, HoldReason};
use duizhang_core::notification::Verdict;
use duizhang_core::order::{Dialect as Protocol, OrderStatus, idempotency_key};
use duizhang_core::position::Position;
use duizhang_core::refund::{RefundState, RefundStep};
use duizhang_core::rejection::Rejection;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::{Answer, Method, Request};
use duizhang_projections::inbox::{Held, Question};
use duizhang_projections::orders::OrderView;
use duizhang_projections::refunds::RefundView;
use proptest::prelude::*;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::finance::tests as finance;
use super::problem::Code;
use super::requests::parse_body;
use super::routes::ROUTES;
use super::sent::{AssignBody, DismissBody, JudgeBody, NewOrderBody, NewRefundBody, StepBody};
use super::{DOCS_STYLESHEET, Native, docs_page, openapi_document};
use crate::clock::{Clock, SystemClock};
use crate::dialects::desk_for_tests::{
    NOON, OPERATOR_TOKEN, TOKEN, TestDesk, WEBHOOK_SECRET, get, merchant, open_order, paid_order,
    post,
};
use crate::dialects::{
    Action, Call, Caller, Dialect, Judged, Message, NewOrder, NewRefund, OrderQuery, Reply,
    Unsendable,
};

pub(super) const JSON: &str = "application/json";
const ORDER: &str = "o00000000000000000000000007";

pub(super) fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((String::from(name), String::from(value)));
    request
}

pub(super) fn by_merchant(request: Request) -> Request {
    with(request, "authorization", &format!("Bearer {TOKEN}"))
}

pub(super) fn by_operator(request: Request) -> Request {
    with(request, "authorization", &format!("Bearer {OPERATOR_TOKEN}"))
}

pub(super) fn read(request: &Request) -> Result<Call, Answer> {
    Native.read(request, &TestDesk::default())
}

fn action(request: Request) -> Action {
    read(&by_merchant(request)).unwrap().action
}

fn create(body: &str) -> Request {
    post("/v1/orders", JSON, body.as_bytes())
}

pub(super) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The status and code of a problem document, whose other members are checked on the way.
pub(super) fn problem_of(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.content_type, "application/problem+json");
    let document = json_of(answer);
    let code = document["code"].as_str().unwrap();
    assert_eq!(document["type"], format!("/docs#problem-{code}"));
    assert_eq!(document["status"], answer.status);
    assert!(!document["title"].as_str().unwrap().is_empty());
    assert!(!document["detail"].as_str().unwrap().is_empty());
    (answer.status, String::from(code))
}

fn refused(request: Request) -> (u16, String) {
    problem_of(&read(&by_merchant(request)).expect_err("the request is refused"))
}

fn answered(action: Action, reply: &Reply) -> Answer {
    let call = Call { caller: Caller::Merchant(merchant("1001")), action };
    Native.answer(&get("/v1/orders", ""), &call, reply, &TestDesk::default())
}

fn order_reply(order: OrderView, repeated: bool) -> Reply {
    Reply::Order { order: Box::new(order), repeated }
}

fn refund() -> RefundView {
    RefundView {
        id: RefundId::from_bits(9),
        order: OrderId::from_bits(7),
        merchant: merchant("1001"),
        number: String::from("RF-1"),
        amount: Amount::fen(250),
        reason: String::from("<one> item"),
        state: RefundState::Confirmed,
        evidence: Some(String::from("transfer 1")),
        created_at: NOON,
        updated_at: NOON,
    }
}

fn new_order() -> NewOrder {
    NewOrder {
        number: None,
        requested: Amount::fen(1_000),
        channels: Vec::new(),
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: None,
        attachment: None,
        echo: None,
        idempotency: None,
    }
}

#[test]
fn everything_below_v1_is_claimed() {
    for (path, claimed) in [
        ("/v1", true),
        ("/v1/x", true),
        ("/v1/orders", true),
        ("/v10", false),
        ("/v2/orders", false),
    ] {
        assert_eq!(Native.claims(&get(path, "")), claimed, "{path}");
    }
}

#[test]
fn a_full_and_a_short_creation_are_understood() {
    let full = r#" {"number":"SO-1","amount":"12.50","currency":"CNY","channels":["alipay","wechat"],
        "expires_in":300,"notify_url":"https://a.cn/n","return_url":"HTTP://a.cn/r",
        "subject":"会员 \"gold\"","attachment":"u"} "#;
    let expected = NewOrder {
        number: Some(String::from("SO-1")),
        requested: Amount::fen(1_250),
        channels: vec![Channel::Alipay, Channel::Wechat],
        ttl: Some(Span::from_secs(300)),
        notify_url: Some(String::from("https://a.cn/n")),
        return_url: Some(String::from("HTTP://a.cn/r")),
        subject: Some(String::from("会员 \"gold\"")),
        attachment: Some(String::from("u")),
        ..new_order()
    };
    assert_eq!(action(create(full)), Action::Create(expected));
    for amount in ["10", "10.0", "10.00"] {
        let body = format!(r#"{{"amount":"{amount}","subject":null}}"#);
        assert_eq!(action(create(&body)), Action::Create(new_order()), "{amount}");
    }
    let utf8 = post("/v1/orders", "application/json; charset=utf-8", br#"{"amount":"10"}"#);
    let keyed = with(utf8, "idempotency-key", "k 1");
    let idempotency = Some(idempotency_key(&merchant("1001"), "k 1"));
    assert_eq!(action(keyed), Action::Create(NewOrder { idempotency, ..new_order() }));
}

#[test]
fn bodies_that_are_not_the_protocol_s_are_refused_by_name() {
    let url = |text: &str| format!(r#"{{"amount":"1","notify_url":"{text}"}}"#);
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let cases = [
        ("", 400, "malformed_request"),
        ("{", 400, "malformed_request"),
        ("[]", 400, "malformed_request"),
        ("{}", 400, "malformed_request"),
        (r#"{"amount":null}"#, 400, "malformed_request"),
        (r#"{"amount":10}"#, 400, "malformed_request"),
        (r#"{"amount":10.00}"#, 400, "malformed_request"),
        (r#"{"amount":["1"]}"#, 400, "malformed_request"),
        (r#"{"amount":"1","amount":"2"}"#, 400, "malformed_request"),
        (r#"{"amount":"1","state":"paid"}"#, 400, "malformed_request"),
        (r#"{"amount":"1","channels":["paypal"]}"#, 400, "malformed_request"),
        (r#"{"amount":"1","expires_in":-1}"#, 400, "malformed_request"),
        (r#"{"amount":"1","expires_in":"60"}"#, 400, "malformed_request"),
        (r#"{"amount":"1"} x"#, 400, "malformed_request"),
        ("\u{feff}{\"amount\":\"1\"}", 400, "malformed_request"),
        (&format!(r#"{{"amount":"1","number":{deep}}}"#), 400, "malformed_request"),
        (r#"{"amount":""}"#, 422, "invalid_amount"),
        (r#"{"amount":"1e3"}"#, 422, "invalid_amount"),
        (r#"{"amount":"NaN"}"#, 422, "invalid_amount"),
        (r#"{"amount":"1,160.00"}"#, 422, "invalid_amount"),
        (r#"{"amount":"0.001"}"#, 422, "invalid_amount"),
        (r#"{"amount":"99999999999999"}"#, 422, "invalid_amount"),
        (r#"{"amount":"0.00"}"#, 422, "amount_not_positive"),
        (r#"{"amount":"-1"}"#, 422, "amount_not_positive"),
        (r#"{"amount":"1","currency":"USD"}"#, 422, "currency_unsupported"),
        (r#"{"amount":"1","currency":""}"#, 422, "currency_unsupported"),
        (r#"{"amount":"1","expires_in":9}"#, 422, "invalid_expires_in"),
        (r#"{"amount":"1","expires_in":18446744073709551615}"#, 422, "invalid_expires_in"),
        (&url("javascript:alert(1)"), 422, "invalid_url"),
        (&url("//a.cn"), 422, "invalid_url"),
        (&url(""), 422, "invalid_url"),
        (&url("http://a\\nb"), 422, "invalid_url"),
        (&url("http://127.0.0.1:8330/v1/orders"), 422, "invalid_url"),
        (&url("http://169.254.169.254/latest"), 422, "invalid_url"),
        (&url("http://[::ffff:10.0.0.1]/"), 422, "invalid_url"),
        (&url("https://pay.example/v1/orders"), 422, "invalid_url"),
        (&url("http://shop.example:6379/"), 422, "invalid_url"),
        (&url("http://user:hunter2@shop.example/"), 422, "invalid_url"),
        (&url(&format!("http://a.cn/{}", "x".repeat(2_037))), 422, "invalid_url"),
    ];
    for (body, status, code) in cases {
        let shown = body.chars().take(60).collect::<String>();
        assert_eq!(refused(create(body)), (status, String::from(code)), "{shown}");
    }
    let detail = |body: &str| {
        let answer = read(&by_merchant(create(body))).unwrap_err();
        String::from(json_of(&answer)["detail"].as_str().unwrap())
    };
    let private = detail(&url("http://127.0.0.1/n?secret=hunter2"));
    assert_eq!(
        private,
        "notify_url: the host may not be called: the address is a loopback address"
    );
    assert!(detail(r#"{"amount":10}"#).contains("never as a number"));
    assert!(detail(r#"{"amount":"1","state":"paid"}"#).contains("unknown field `state`"));
    assert!(detail(r#"{"amount":"1","amount":"1"}"#).contains("duplicate field `amount`"));
}

#[test]
fn media_types_sizes_and_encodings_are_checked() {
    let unsupported = (415, String::from("unsupported_media_type"));
    for media in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        assert_eq!(refused(post("/v1/orders", media, br#"{"amount":"1"}"#)), unsupported);
    }
    let long = Native.too_large(&post("/v1/orders", "application/json", b""));
    assert_eq!(problem_of(&long), (413, String::from("body_too_large")));
    let foreign = post("/v1/orders", JSON, b"{\"amount\":\"1\",\"subject\":\"\xb6\xa9\"}");
    assert_eq!(refused(foreign), (400, String::from("malformed_request")));
    for key in ["", &"k".repeat(256), "schlüssel", "a\tb"] {
        let request = with(create(r#"{"amount":"1"}"#), "idempotency-key", key);
        assert_eq!(refused(request), (400, String::from("malformed_request")), "{key}");
    }
    let longest = with(create(r#"{"amount":"1"}"#), "idempotency-key", &"k".repeat(255));
    assert!(read(&by_merchant(longest)).is_ok());
}

#[test]
fn without_a_valid_token_nothing_is_read() {
    let cases = [None, Some("Bearer"), Some("Bearer "), Some("Bearer x"), Some("Basic dG9rZW4=")];
    let first = read(&create("{}")).unwrap_err();
    for case in cases {
        let request =
            case.map_or_else(|| create("{}"), |value| with(create("{}"), "authorization", value));
        let answer = read(&request).unwrap_err();
        assert_eq!(problem_of(&answer), (401, String::from("unauthorized")));
        assert_eq!(header(&answer, "www-authenticate"), Some("Bearer"));
        assert_eq!(answer, first, "every failure to prove oneself reads alike");
    }
    let answer = read(&by_operator(create(r#"{"amount":"1"}"#))).unwrap_err();
    assert_eq!(problem_of(&answer), (403, String::from("forbidden")));
}

#[test]
fn paths_and_verbs_are_told_apart() {
    assert_eq!(refused(get("/v1/unknown", "")), (404, String::from("not_found")));
    let answer = read(&by_merchant(Request::new(Method::Put, "/v1/orders", ""))).unwrap_err();
    assert_eq!(problem_of(&answer), (405, String::from("method_not_allowed")));
    assert_eq!(header(&answer, "allow"), Some("POST, GET"));
    // What cannot be an id is answered like an id of nothing, and like another merchant's.
    let unknown = answered(Action::Get(OrderQuery::Id(OrderId::from_bits(8))), &Reply::NotFound);
    for path in ["/v1/orders/x", "/v1/orders/r00000000000000000000000007", "/v1/refunds/%2e"] {
        assert_eq!(read(&by_merchant(get(path, ""))).unwrap_err(), unknown, "{path}");
    }
    assert_eq!(unknown.status, 404);
}

#[test]
fn looking_and_listing_are_understood() {
    let order = OrderId::from_bits(7);
    let list = |before, limit| Action::List { before, limit };
    let inbox = |after, limit| Action::Inbox { after, limit };
    let number = Action::Get(OrderQuery::Number(String::from("SO 1")));
    let cases = [
        ("/v1/orders/o00000000000000000000000007", "", Action::Get(OrderQuery::Id(order))),
        ("/v1/orders", "", list(None, 20)),
        ("/v1/orders", "limit=200", list(None, 200)),
        ("/v1/orders", "limit=1&cursor=c2a", list(Some(Position::new(42)), 1)),
        ("/v1/orders", "number=SO+1", number),
        ("/v1/orders/o00000000000000000000000007/refunds", "", Action::ListRefunds(order)),
        ("/v1/refunds/r00000000000000000000000009", "", Action::GetRefund(RefundId::from_bits(9))),
        ("/v1/operator/inbox", "", inbox(None, 100)),
        ("/v1/operator/inbox", "limit=200", inbox(None, 200)),
        ("/v1/operator/inbox", "limit=1&cursor=c2a", inbox(Some(Position::new(42)), 1)),
        ("/v1/operator/devices", "", Action::Watchers),
    ];
    for (path, query, expected) in cases {
        assert_eq!(action(get(path, query)), expected, "{path}?{query}");
    }
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=1",
        "cursor=2a",
        "cursor=c02a",
        "cursor=c+2a",
        "cursor=cffffffffffffffffff",
        "number=a&limit=1",
        "page=2",
        "number=%zz",
    ] {
        assert_eq!(
            refused(get("/v1/orders", query)),
            (400, String::from("malformed_request")),
            "{query}"
        );
    }
    for query in ["all=1", "limit=0", "limit=201", "cursor=x", "number=1"] {
        let strange = get("/v1/operator/inbox", query);
        assert_eq!(refused(strange), (400, String::from("malformed_request")), "{query}");
    }
}

// tidy: long because it is one table
#[test]
fn everything_that_changes_is_understood() {
    let order = OrderId::from_bits(7);
    let at = |path: &str, body: &str| post(path, JSON, body.as_bytes());
    let notification = NotificationId::from_bits(3);
    let reason = String::from("because");
    let cases = [
        (post(&format!("/v1/orders/{ORDER}/close"), "", b""), Action::Close(order)),
        (at(&format!("/v1/orders/{ORDER}/close"), "{}"), Action::Close(order)),
        (
            at(&format!("/v1/orders/{ORDER}/refunds"), r#"{"amount":"2.50","reason":"because"}"#),
            Action::Refund(NewRefund {
                order,
                number: None,
                amount: Amount::fen(250),
                reason: reason.clone(),
            }),
        ),
        (
            post(&format!("/v1/callbacks/msg_{ORDER}_1/redeliver"), "", b""),
            Action::Redeliver(CallbackId { order, number: 1 }),
        ),
        (
            at(
                &format!("/v1/operator/payments/{}/assign", PaymentId::from_bits(3)),
                &format!(r#"{{"order":"{ORDER}","reason":"because"}}"#),
            ),
            Action::Assign { payment: PaymentId::from_bits(3), order, reason: reason.clone() },
        ),
        (
            at(
                &format!("/v1/operator/payments/{}/dismiss", PaymentId::from_bits(3)),
                r#"{"reason":"because"}"#,
            ),
            Action::Dismiss { payment: PaymentId::from_bits(3), reason: reason.clone() },
        ),
        (
            at(
                &format!("/v1/operator/notifications/{notification}/judge"),
                r#"{"says":"not_money","reason":"because"}"#,
            ),
            Action::Judge { notification, judgement: Judgement::NotMoney, reason: reason.clone() },
        ),
        (
            at(
                &format!("/v1/operator/notifications/{notification}/judge"),
                r#"{"says":"money","wallet":"w","amount":"1","paid_at":"2026-11-21T12:00:00+08:00","reason":"because"}"#,
            ),
            Action::Judge {
                notification,
                judgement: Judgement::Money {
                    wallet: WalletId::new("w").unwrap(),
                    amount: Amount::fen(100),
                    paid_at: NOON,
                },
                reason,
            },
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(action(request), expected);
    }
    let refund = RefundId::from_bits(9);
    for (word, step) in [
        ("approve", RefundStep::Approve),
        ("send", RefundStep::Send),
        ("confirm", RefundStep::Confirm),
        ("decline", RefundStep::Decline),
    ] {
        let request = at(&format!("/v1/operator/refunds/{refund}/{word}"), r#"{"evidence":"e"}"#);
        let call = read(&by_operator(request)).unwrap();
        assert_eq!(call.caller, Caller::Operator(String::from("li")));
        assert_eq!(call.action, Action::StepRefund { refund, step, evidence: String::from("e") });
    }
}

#[test]
fn half_said_changes_are_refused() {
    let judge = format!("/v1/operator/notifications/{}/judge", NotificationId::from_bits(3));
    let refunds = format!("/v1/orders/{ORDER}/refunds");
    let close = format!("/v1/orders/{ORDER}/close");
    let cases = [
        (&close, r#"{"force":true}"#, 400, "malformed_request"),
        (&refunds, r#"{"amount":"1"}"#, 400, "malformed_request"),
        (&refunds, r#"{"amount":"0","reason":"r"}"#, 422, "amount_not_positive"),
        (&judge, r#"{"says":"maybe","reason":"r"}"#, 400, "malformed_request"),
        (&judge, r#"{"says":"money","amount":"1","reason":"r"}"#, 400, "malformed_request"),
        (&judge, r#"{"says":"not_money","amount":"1","reason":"r"}"#, 400, "malformed_request"),
        (
            &judge,
            r#"{"says":"money","wallet":"w w","amount":"1","paid_at":"2026-11-21T12:00:00Z","reason":"r"}"#,
            422,
            "unknown_wallet",
        ),
        (
            &judge,
            r#"{"says":"money","wallet":"w","amount":"1","paid_at":"yesterday","reason":"r"}"#,
            400,
            "malformed_request",
        ),
    ];
    for (path, body, status, code) in cases {
        let request = post(path, JSON, body.as_bytes());
        assert_eq!(refused(request), (status, String::from(code)), "{path} {body}");
    }
    let plain = post(&close, "text/plain", b"now");
    assert_eq!(refused(plain), (415, String::from("unsupported_media_type")));
}

#[test]
fn an_order_is_answered_whole() {
    let action = Action::Create(new_order());
    let answer = answered(action.clone(), &order_reply(open_order(Protocol::Native), false));
    assert_eq!((answer.status, answer.content_type.as_str()), (201, JSON));
    let expected = json!({
        "id": ORDER, "number": "ORDER_1", "status": "open", "channel": "alipay", "currency": "CNY",
        "requested": "12.50", "payable": "12.51", "received": "0.00", "refunded": "0.00",
        "qr": "https://qr.alipay.com/a?b=\"c\"", "qr_fixed": false,
        "cashier_url": format!("https://pay.example/pay/{ORDER}"),
        "subject": null, "attachment": "user_1001",
        "notify_url": "https://shop.example/notify",
        "return_url": "https://shop.example/back?from=pay", "callback": "none",
        "created_at": "2026-11-21T12:00:00+08:00", "expires_at": "2026-11-21T12:05:00+08:00",
        "ended_at": null,
    });
    assert_eq!(json_of(&answer), expected);

    let again = answered(action, &order_reply(open_order(Protocol::Native), true));
    assert_eq!((again.status, header(&again, "idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.body, answer.body);
    let look = Action::Get(OrderQuery::Id(OrderId::from_bits(7)));
    let shown = answered(look, &order_reply(paid_order(Protocol::Native), false));
    assert_eq!((shown.status, header(&shown, "idempotent-replayed")), (200, None));
    assert_eq!(json_of(&shown)["status"], "paid");
    assert_eq!(json_of(&shown)["ended_at"], "2026-11-21T12:01:00+08:00");
}

#[test]
fn lists_refunds_and_the_inbox_are_answered() {
    let list = Action::List { before: None, limit: 1 };
    let orders = vec![open_order(Protocol::Native)];
    let page = answered(list.clone(), &Reply::Orders { orders, next: Some(Position::new(42)) });
    assert_eq!(json_of(&page)["next_cursor"], "c2a");
    assert_eq!(json_of(&page)["orders"][0]["id"], ORDER);
    let last = answered(list, &Reply::Orders { orders: Vec::new(), next: None });
    assert_eq!(json_of(&last), json!({"orders": [], "next_cursor": null}));

    let one = Reply::Refund { refund: Box::new(refund()), repeated: false };
    let asked = Action::GetRefund(RefundId::from_bits(9));
    let shown = json_of(&answered(asked.clone(), &one));
    assert_eq!(shown["amount"], "2.50");
    assert_eq!(shown["order"], ORDER);
    assert_eq!(shown["state"], "confirmed");
    let all = answered(Action::ListRefunds(OrderId::from_bits(7)), &Reply::Refunds(vec![refund()]));
    assert_eq!(json_of(&all)["refunds"][0], shown);

    let held = Held {
        payment: PaymentId::from_bits(3),
        position: Position::new(1),
        amount: Amount::fen(1_251),
        wallets: vec![WalletId::new("w").unwrap()],
        paid_at: NOON,
        since: NOON,
        grade: Grade::Ambiguous,
        reason: HoldReason::SeveralOrders,
        candidates: vec![OrderId::from_bits(7)],
        proposed: None,
    };
    let question = Question {
        notification: NotificationId::from_bits(3),
        position: Position::new(2),
        since: NOON,
        verdict: Verdict::Unreadable,
    };
    let next = Some(Position::new(42));
    let inbox = Reply::Inbox { held: vec![held], questions: vec![question], next };
    let asked_inbox = Action::Inbox { after: None, limit: 2 };
    let shown = json_of(&answered(asked_inbox.clone(), &inbox));
    assert_eq!(shown["next_cursor"], "c2a");
    let empty = Reply::Inbox { held: Vec::new(), questions: Vec::new(), next: None };
    let last = json!({"held": [], "questions": [], "next_cursor": null});
    assert_eq!(json_of(&answered(asked_inbox, &empty)), last);
    assert_eq!(shown["held"][0]["reason"], "several_orders");
    assert_eq!(shown["held"][0]["candidates"], json!([ORDER]));
    assert_eq!(shown["questions"][0]["verdict"], "unreadable");
    let devices = Reply::Watchers { devices: Vec::new(), last_money: Some(NOON) };
    let shown = json_of(&answered(Action::Watchers, &devices));
    assert_eq!(shown, json!({"devices": [], "last_money": "2026-11-21T12:00:00+08:00"}));
    assert_eq!(answered(asked, &Reply::Done).status, 204);
}

#[test]
fn every_refusal_of_the_rules_has_its_code() {
    let order = OrderId::from_bits(7);
    let cases = [
        (Rejection::UnknownMerchant, 403, "forbidden"),
        (Rejection::BadText("number"), 422, "invalid_text"),
        (Rejection::AmountNotPositive, 422, "amount_not_positive"),
        (Rejection::CurrencyUnsupported, 422, "currency_unsupported"),
        (Rejection::NumberTaken(order), 409, "number_taken"),
        (Rejection::IdempotencyKeyReused(order), 409, "idempotency_key_reused"),
        (Rejection::NoWallet, 422, "no_wallet"),
        (Rejection::TooManyOpenOrders, 429, "too_many_open_orders"),
        (Rejection::AmountsExhausted, 409, "amounts_exhausted"),
        (Rejection::UnknownWallet, 422, "unknown_wallet"),
        (Rejection::OrderIs(OrderStatus::Paid), 409, "order_status"),
        (Rejection::RefundNumberTaken, 409, "refund_number_taken"),
        (Rejection::RefundExceeds { left: Amount::fen(1) }, 409, "refund_exceeds"),
        (Rejection::RefundIs(RefundState::Declined), 409, "refund_state"),
        (Rejection::UnknownOrder, 404, "not_found"),
        (Rejection::UnknownPayment, 404, "not_found"),
        (Rejection::UnknownNotification, 404, "not_found"),
        (Rejection::UnknownCallback, 404, "not_found"),
        (Rejection::UnknownRefund, 404, "not_found"),
        (Rejection::BookAlreadyOpen, 500, "internal"),
        (Rejection::TooManyDeclared, 500, "internal"),
        (Rejection::UnknownDevice, 500, "internal"),
    ];
    for (rejection, status, code) in cases {
        let reply = Reply::Rejected(rejection);
        let answer = answered(Action::Create(new_order()), &reply);
        assert_eq!(problem_of(&answer), (status, String::from(code)));
    }
    for (reply, status, code, wait) in [
        (Reply::Busy, 503, "busy", Some("1")),
        (Reply::OutcomeUnknown, 503, "outcome_unknown", Some("1")),
        (Reply::Rejected(Rejection::TooManyOpenOrders), 429, "too_many_open_orders", Some("1")),
        (Reply::Forbidden, 403, "forbidden", None),
    ] {
        let answer = answered(Action::Create(new_order()), &reply);
        assert_eq!(problem_of(&answer), (status, String::from(code)));
        assert_eq!(header(&answer, "retry-after"), wait);
    }
}

fn callback(
    topic: Topic,
    order: &OrderView,
    refund: Option<&RefundView>,
    at: Timestamp,
) -> Result<crate::dialects::CallbackRequest, Unsendable> {
    let message = Message {
        callback: CallbackId { order: order.id, number: 1 },
        topic,
        order,
        refund,
        url: "https://shop.example/notify",
        since: NOON,
        at,
    };
    Native.write_callback(&message, &TestDesk::default())
}

#[test]
fn callbacks_verify_with_the_published_library() {
    // The published verifier compares with the real time and takes no clock, so these are made at
    // the real time too.
    let at = SystemClock::new().now();
    let id = RefundId::from_bits(9);
    let cases = [
        (Topic::OrderPaid, None, "order.paid", "payable", "12.51"),
        (Topic::RefundConfirmed(id), Some(refund()), "refund.confirmed", "amount", "2.50"),
        (Topic::RefundDeclined(id), Some(refund()), "refund.declined", "order", ORDER),
    ];
    for (topic, refund, kind, field, value) in cases {
        let order = paid_order(Protocol::Native);
        let request = callback(topic, &order, refund.as_ref(), at).unwrap();
        assert_eq!(
            (request.method, request.url.as_str()),
            (Method::Post, "https://shop.example/notify")
        );
        let headers: HeaderMap = request
            .headers
            .iter()
            .map(|(name, value)| {
                (name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap())
            })
            .collect();
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["webhook-id"], format!("msg_{ORDER}_1"));
        let verifier = Webhook::new(WEBHOOK_SECRET).unwrap();
        verifier.verify(&request.body, &headers).unwrap();
        let mut forged = request.body.clone();
        forged[20] ^= 1;
        assert!(verifier.verify(&forged, &headers).is_err());
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["type"], kind);
        assert_eq!(body["timestamp"], "2026-11-21T12:00:00+08:00");
        assert_eq!(body["data"][field], value);
    }
}

#[test]
fn what_cannot_be_sent_is_named() {
    let keyless = OrderView { merchant: merchant("3003"), ..paid_order(Protocol::Native) };
    assert!(matches!(callback(Topic::OrderPaid, &keyless, None, NOON), Err(Unsendable::NoKey)));
    let topic = Topic::RefundConfirmed(RefundId::from_bits(9));
    let paid = paid_order(Protocol::Native);
    assert!(matches!(callback(topic, &paid, None, NOON), Err(Unsendable::NoWord)));
}

#[test]
fn success_is_any_2xx_and_410_is_the_end() {
    for (status, judged) in [
        (200, Judged::Acknowledged),
        (204, Judged::Acknowledged),
        (299, Judged::Acknowledged),
        (199, Judged::NotYet),
        (301, Judged::NotYet),
        (404, Judged::NotYet),
        (410, Judged::Gone),
        (500, Judged::NotYet),
    ] {
        assert_eq!(Native.judge(status, b"whatever"), judged, "{status}");
    }
    let desk = TestDesk::default();
    let back = Native.return_url(&paid_order(Protocol::Native), &desk);
    assert_eq!(back.as_deref(), Some("https://shop.example/back?from=pay"));
}

#[test]
fn the_document_names_every_path_and_its_examples_are_read() {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, verbs)| {
            verbs.as_object().unwrap().keys().map(|verb| (verb.to_uppercase(), path.clone()))
        })
        .collect();
    let known = ROUTES.iter().map(|route| (route.verb.to_string(), String::from(route.path)));
    assert_eq!(described, known.collect());

    let mut read_examples = 0;
    let shops = |path: &&String| !finance::is_ours(path);
    for path in document["paths"].as_object().unwrap().keys().filter(shops) {
        let verbs = &document["paths"][path];
        let example = &verbs["post"]["requestBody"]["content"][JSON]["example"];
        if example.is_null() {
            continue;
        }
        let body = example.to_string().into_bytes();
        let fine = match path.rsplit('/').next().unwrap() {
            "orders" => parse_body::<NewOrderBody<'_>>(&body).is_ok(),
            "refunds" => parse_body::<NewRefundBody<'_>>(&body).is_ok(),
            "assign" => parse_body::<AssignBody>(&body).is_ok(),
            "dismiss" => parse_body::<DismissBody>(&body).is_ok(),
            "judge" => parse_body::<JudgeBody<'_>>(&body).is_ok(),
            _ => parse_body::<StepBody>(&body).is_ok(),
        };
        assert!(fine, "{path}: {example}");
        read_examples += 1;
    }
    assert_eq!(read_examples, 9);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in ["NewOrder", "Order", "OrderPage", "Refund", "Problem", "Inbox"] {
        assert!(schemas.contains_key(name), "{name} is described: {:?}", schemas.keys());
    }
    assert_eq!(schemas["Order"]["properties"]["payable"]["type"], "string");
}

#[test]
fn the_page_explains_every_code_and_runs_nothing() {
    let page = docs_page();
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.parts().0).collect();
    assert_eq!(codes.len(), Code::ALL.len());
    for code in Code::ALL {
        let (word, _, _) = code.parts();
        assert!(page.contains(&format!("id=\"problem-{word}\"")), "{word}");
        assert_eq!(serde_json::to_value(code).unwrap(), word);
    }
    for route in &ROUTES {
        let verb = route.verb.to_string();
        let class = verb.to_lowercase();
        let badge = format!("<span class=\"verb {class}\">{verb}</span>");
        let heading = format!("{badge} <code>{}</code>", route.path);
        assert!(page.contains(&heading), "{route:?}");
    }
    for foreign in ["<script", "<style", "style=", "src=", "http://", "onclick"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for tag in ["article", "dl", "ul", "main", "h3", "span"] {
        let opened = page.matches(&format!("<{tag}>")).count();
        let opened = opened + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    assert!(!DOCS_STYLESHEET.contains("url(") && !DOCS_STYLESHEET.contains("@import"));
}

proptest! {
    #[test]
    fn no_request_panics_and_every_refusal_is_a_problem(
        post_it: bool,
        route in 0..ROUTES.len(),
        id in "\\PC{0,30}",
        query in "\\PC{0,20}",
        body in "(\\PC{0,40}|\\{\"amount\":\"[0-9.eE-]{0,9}\"(,\"[a-z_]{1,9}\":(1|\"x\"|null)){0,2}\\})",
    ) {
        let path = ROUTES[route].path.replace("{id}", &id).replace("{day}", &id);
        let mut request = post(&path, JSON, body.as_bytes());
        request.method = if post_it { Method::Post } else { Method::Get };
        request.query = query;
        if let Err(answer) = read(&by_merchant(request)) {
            let _ = problem_of(&answer);
        }
    }

    #[test]
    fn every_order_is_answered_in_json(
        number in any::<String>(),
        qr in any::<String>(),
        minor in 1..1_000_000_000_i64,
    ) {
        let order = OrderView {
            number: number.clone(),
            qr: qr.clone(),
            payable: Amount::fen(minor),
            ..open_order(Protocol::Native)
        };
        let shown = json_of(&answered(Action::Watchers, &order_reply(order, false)));
        prop_assert_eq!(shown["number"].as_str(), Some(number.as_str()));
        prop_assert_eq!(shown["qr"].as_str(), Some(qr.as_str()));
        let payable = Amount::fen(minor).decimal_text();
        prop_assert_eq!(shown["payable"].as_str(), Some(payable.as_str()));
    }
}
