//! Conversations with BufPay shops: what is sent, what is understood, what is answered.

use duizhang_core::amount::Amount;
use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::channel::Channel;
use duizhang_core::id::{OrderId, RefundId};
use duizhang_core::order::{Dialect as Protocol, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::{Answer, Method, Request, encode_component, md5_hex};
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::OrderView;
use proptest::prelude::*;

use super::Bufpay;
use crate::dialects::desk_for_tests::{
    KEY, NOON, OLD_KEY, STRICT_KEY, TestDesk, get, merchant, open_order, paid_order, post,
};
use crate::dialects::{
    Action, Call, Caller, Dialect, Judged, Message, NewOrder, OrderQuery, Reply, Unsendable,
};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const AOID: &str = "00000000000000000000000000000007";

/// Name, type, price, number, buyer, the three addresses.
type Texts<'a> = [&'a str; 8];

const NAMES: Texts<'_> = [
    "name",
    "pay_type",
    "price",
    "order_id",
    "order_uid",
    "notify_url",
    "return_url",
    "feedback_url",
];
const PLAIN: Texts<'_> =
    ["VIP", "alipay", "12.50", "ORDER_1", "user_1001", "http://a.cn/n", "", ""];

fn form(key: &str, texts: Texts<'_>) -> String {
    let sign = md5_hex(&[texts.concat().as_bytes(), key.as_bytes()]);
    let mut form: String = NAMES
        .iter()
        .zip(texts)
        .map(|(name, text)| format!("{name}={}&", encode_component(text)))
        .collect();
    form.push_str(&format!("sign={sign}"));
    form
}

fn with<'a>(changes: &[(&str, &'a str)]) -> Texts<'a> {
    let mut texts = PLAIN;
    for (name, text) in changes {
        let at = NAMES.iter().position(|known| known == name).unwrap();
        texts[at] = text;
    }
    texts
}

fn pay(aid: &str, query: &str, body: &str) -> Request {
    let mut request = post(&format!("/api/pay/{aid}"), FORM, body.as_bytes());
    request.query = String::from(query);
    request
}

fn read(request: &Request) -> Result<Call, Answer> {
    Bufpay.read(request, &TestDesk::default())
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn refusal(request: &Request) -> String {
    let answer = read(request).expect_err("the request is refused");
    assert_eq!(answer.status, 200);
    body(&answer)
}

fn new_order(call: Call) -> NewOrder {
    match call.action {
        Action::Create(order) => order,
        other => panic!("not a creation: {other:?}"),
    }
}

fn answer_to(request: &Request, reply: &Reply) -> Answer {
    let call = Call { caller: Caller::Holder, action: Action::Watchers };
    Bufpay.answer(request, &call, reply, &TestDesk::default())
}

fn replied(reply: &Reply) -> String {
    body(&answer_to(&pay("1001", "format=json", ""), reply))
}

fn queried(reply: &Reply) -> String {
    body(&answer_to(&get(&format!("/api/query/{AOID}"), ""), reply))
}

fn reply(order: OrderView, repeated: bool) -> Reply {
    Reply::Order { order: Box::new(order), repeated }
}

fn paid() -> OrderView {
    OrderView { echo: Some(String::from("alipay")), ..paid_order(Protocol::Bufpay) }
}

fn open() -> OrderView {
    OrderView { echo: Some(String::from("alipay")), ..open_order(Protocol::Bufpay) }
}

#[test]
fn its_own_paths_are_claimed_and_epay_s_are_not() {
    for path in ["/api/pay/1001", "/api/pay/107628", "/api/query/x", "/api/query/create"] {
        assert!(Bufpay.claims(&get(path, "")), "{path}");
    }
    for path in [
        "/api/pay/submit",
        "/api/pay/create",
        "/api/pay/query",
        "/api/pay/refund",
        "/api/pay/refundquery",
        "/api/pay/close",
        "/api/pay/",
        "/api/pay",
        "/api/pay/1001/",
        "/api/query/",
        "/api/query/a/b",
        "/api/payment/qrcode",
        "/api/status",
        "/pay/1001",
        "/",
        "",
    ] {
        assert!(!Bufpay.claims(&post(path, FORM, b"")), "{path}");
    }
}

#[test]
fn the_page_s_vectors_come_out() {
    let texts = ["name", "alipay", "10.00", "o1", "u1", "http://a/n", "http://a/r", ""];
    assert!(form("sec", texts).ends_with("sign=3a2f51100890277387073368c039500c"));
    let notify = ["aoid1", "o1", "u1", "10.00", "10.01", "sec"].map(str::as_bytes);
    assert_eq!(md5_hex(&notify), "f552a94aaf79a2f86db78baaaf59d17e");
}

#[test]
fn forms_and_json_are_understood() {
    let expected = NewOrder {
        number: Some(String::from("ORDER_1")),
        requested: Amount::fen(1_250),
        channels: vec![Channel::Alipay],
        ttl: None,
        notify_url: Some(String::from("http://a.cn/n")),
        return_url: None,
        subject: Some(String::from("VIP")),
        attachment: Some(String::from("user_1001")),
        echo: Some(String::from("alipay")),
        idempotency: None,
    };
    let plain = form(KEY, PLAIN);
    let sign = &plain[plain.len() - 32..];
    let json = |price: &str, rest: &str| {
        let body = format!(
            r#"{{"name":"VIP","pay_type":"alipay","price":{price},"order_id":"ORDER_1","order_uid":"user_1001","notify_url":"http:\/\/a.cn\/n","sign":"{sign}"{rest}}}"#
        );
        post("/api/pay/1001", JSON, body.as_bytes())
    };
    let multipart: String = plain
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, text)| {
            let text = text.replace("%3A", ":").replace("%2F", "/");
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        })
        .collect();
    let multipart = format!("{multipart}--b--\r\n");
    let absent = plain.replace("&return_url=&feedback_url=", "");
    let requests = [
        pay("1001", "", &plain),
        pay("1001", "format=json", &absent),
        pay("1001", "", &format!("{plain}&format=json&user_cache=true&expire=")),
        pay("1001", "", &plain.replace(sign, &sign.to_uppercase())),
        pay("1001", "flag=%26", &format!("{plain}&feedback_url%20=")),
        pay("1001", &plain, ""),
        json("\"12.50\"", ""),
        json("12.50", ",\"return_url\":\"\",\"feedback_url\":null,\"user_cache\":true"),
        post("/api/pay/1001", "multipart/form-data; boundary=b", multipart.as_bytes()),
    ];
    for request in requests {
        let call = read(&request).unwrap_or_else(|answer| panic!("{}", body(&answer)));
        assert_eq!(call.caller, Caller::Merchant(merchant("1001")));
        assert_eq!(new_order(call), expected);
    }
}

#[test]
fn every_spelling_key_and_option_passes() {
    for (price, minor) in [("1", 100), ("1.0", 100), ("1.00", 100), ("0.01", 1), ("1.0E2", 10_000)]
    {
        for key in [KEY, OLD_KEY] {
            let texts = with(&[("price", price), ("pay_type", "wechat"), ("order_uid", "")]);
            let order = new_order(read(&pay("1001", "", &form(key, texts))).unwrap());
            assert_eq!(order.requested, Amount::fen(minor), "{price}");
            assert_eq!((order.attachment, order.channels), (None, vec![Channel::Wechat]));
        }
    }
    let texts = with(&[
        ("name", "R&B = 会员+卡"),
        ("notify_url", ""),
        ("return_url", "HTTPS://a.cn/?a=1&b=2"),
        ("feedback_url", "http://a.cn/help"),
    ]);
    let order = new_order(read(&pay("1001", "", &form(KEY, texts))).unwrap());
    assert_eq!(order.subject.as_deref(), Some("R&B = 会员+卡"));
    assert_eq!(
        (order.notify_url, order.return_url.as_deref()),
        (None, Some("HTTPS://a.cn/?a=1&b=2"))
    );
    let spans = [
        ("", None),
        ("0", None),
        ("300", Some(300)),
        ("86400", Some(86_400)),
        ("86400000", Some(86_400)),
        ("99999999999999999999999", Some(86_400)),
    ];
    for (expire, secs) in spans {
        let body = format!("{}&expire={expire}", form(KEY, PLAIN));
        let order = new_order(read(&pay("1001", "", &body)).unwrap());
        assert_eq!(order.ttl, secs.map(Span::from_secs), "{expire}");
    }
}

#[test]
fn who_cannot_prove_a_merchant_hears_one_answer() {
    let plain = form(KEY, PLAIN);
    let unsigned = &plain[..plain.len() - 37];
    let cases = [
        ("1001", form(STRICT_KEY, PLAIN)),
        ("1001", form("", PLAIN)),
        ("1001", String::from(unsigned)),
        ("1001", format!("{unsigned}&sign=")),
        ("1001", format!("{unsigned}&sign=true")),
        ("1001", String::new()),
        ("1001", plain.replace("12.50", "12.5")),
        ("4004", plain.clone()),
        ("4004", form("", PLAIN)),
        ("3003", form("", PLAIN)),
        ("5005", form("", PLAIN)),
        ("2002", plain.clone()),
        ("a%20b", plain.clone()),
    ];
    for (aid, body) in &cases {
        let json = refusal(&pay(aid, "format=json", body));
        assert_eq!(json, r#"{"status":"sign_error"}"#, "{aid} {body}");
        assert_eq!(refusal(&pay(aid, "", body)), "签名错误（sign_error）", "{aid} {body}");
    }
    let json = post("/api/pay/1001", JSON, br#"{"sign":["x"],"format":"json"}"#);
    assert!(refusal(&json).contains("param_error"));
}

#[test]
fn signed_nonsense_is_refused_by_name() {
    let long = "x".repeat(40_000);
    let cases: [(&[(&str, &str)], &str); 21] = [
        (&[("name", "")], "缺少参数：name"),
        (&[("order_id", "")], "缺少参数：order_id"),
        (&[("pay_type", "")], "参数错误：pay_type"),
        (&[("pay_type", "qq")], "参数错误：pay_type"),
        (&[("pay_type", "Alipay")], "参数错误：pay_type"),
        (&[("price", "")], "参数错误：price"),
        (&[("price", "abc")], "参数错误：price"),
        (&[("price", "-1")], "参数错误：price"),
        (&[("price", "0.00")], "参数错误：price"),
        (&[("price", "0.001")], "参数错误：price"),
        (&[("price", "1e12")], "参数错误：price"),
        (&[("price", "１０")], "参数错误：price"),
        (&[("name", "a\nb")], "参数含有不允许的字符：name"),
        (&[("order_id", "a&b")], "参数含有不允许的字符：order_id"),
        (&[("order_uid", "a=b")], "参数含有不允许的字符：order_uid"),
        (&[("notify_url", "http://127.0.0.1/n")], "参数错误：notify_url"),
        (&[("notify_url", "ftp://a.cn/n")], "参数错误：notify_url"),
        (&[("notify_url", "https://pay.example/x")], "参数错误：notify_url"),
        (&[("return_url", "javascript:alert(1)")], "参数错误：return_url"),
        (&[("feedback_url", "//a.cn")], "参数错误：feedback_url"),
        (&[("name", &long)], "参数过长：name"),
    ];
    for (changes, text) in cases {
        let body = form(KEY, with(changes));
        let expected = format!(r#"{{"status":"param_error","msg":"{text}"}}"#);
        assert_eq!(refusal(&pay("1001", "format=json", &body)), expected);
        assert_eq!(refusal(&pay("1001", "", &body)), format!("{text}（param_error）"));
    }
    for expire in ["-1", "1.5", "5m", "１"] {
        let body = format!("{}&format=json&expire={}", form(KEY, PLAIN), encode_component(expire));
        assert!(refusal(&pay("1001", "", &body)).contains("参数错误：expire"), "{expire}");
    }
}

#[test]
fn requests_with_two_readings_are_refused() {
    let plain = form(KEY, PLAIN);
    let cases = [
        (pay("1001", "format=json&price=12.50", &plain), "参数重复：price"),
        (pay("1001", "", &format!("{plain}&format=json&name=VIP")), "参数重复：name"),
        (pay("1001", "format=json", "name=%zz"), "参数编码错误：name"),
        (post("/api/pay/1001", FORM, b"name=\xb6\xa9"), "表单不是UTF-8编码"),
        (post("/api/pay/1001", "multipart/form-data", b"x"), "表单格式错误"),
        (post("/api/pay/1001", JSON, b"name=VIP"), "JSON格式错误"),
    ];
    for (request, text) in cases {
        assert!(refusal(&request).contains(text), "{text}");
    }
    let long = Bufpay.too_large(&pay("1001", "format=json", ""));
    assert_eq!(body(&long), r#"{"status":"param_error","msg":"请求内容过长"}"#);
}

#[test]
fn only_the_original_s_verbs_are_taken() {
    let refused = |method: Method, path: &str| {
        let answer = read(&Request::new(method, path, &form(KEY, PLAIN))).unwrap_err();
        (answer.status, answer.headers)
    };
    let allow = |verb: &str| vec![(String::from("allow"), String::from(verb))];
    assert_eq!(refused(Method::Get, "/api/pay/1001"), (405, allow("POST")));
    assert_eq!(refused(Method::Post, "/api/query/7"), (405, allow("GET")));
    assert_eq!(refused(Method::Get, "/elsewhere").0, 404);
}

#[test]
fn a_strict_merchant_s_grammar_holds() {
    let good = [
        "VIP 卡",
        "alipay",
        "10.00",
        "ORD-7_a",
        "|user 1|",
        "https://a.cn/n?a=1&b=2",
        "https://a.cn/r",
        "http://a.cn/f",
    ];
    let read_strict = |texts: Texts<'_>, more: &str| {
        read(&pay("2002", "", &format!("{}&format=json{more}", form(STRICT_KEY, texts))))
    };
    let order = new_order(read_strict(good, "&expire=60&user_cache=true").unwrap());
    assert_eq!(order.requested, Amount::fen(1_000));
    let cases = [
        ("name", ""),
        ("name", "alipay red packet"),
        ("name", "my wechat"),
        ("pay_type", "qq"),
        ("price", "10"),
        ("price", "10.0"),
        ("price", "010.00"),
        ("price", "0.00"),
        ("price", "1.0E1"),
        ("order_id", "ORD.7"),
        ("order_id", "订单"),
        ("order_uid", ""),
        ("order_uid", "user"),
        ("order_uid", "|user1"),
        ("order_uid", ":user|"),
        ("order_uid", "|a/b|"),
        ("order_uid", "|a:b|"),
        ("order_uid", "|a=b|"),
        ("notify_url", ""),
        ("notify_url", "HTTP://a.cn"),
        ("notify_url", "http://"),
        ("notify_url", "http://a.cn/?to=http://b.cn"),
        ("return_url", "a.cn"),
        ("return_url", ""),
    ];
    for (name, text) in cases {
        let mut texts = good;
        texts[NAMES.iter().position(|known| *known == name).unwrap()] = text;
        let refused = body(&read_strict(texts, "").unwrap_err());
        // Without a way back it is the address behind it that has no place.
        let named = if (name, text) == ("return_url", "") { "feedback_url" } else { name };
        assert!(refused.contains(&format!("参数不符合严格模式：{named}")), "{name} {refused}");
    }
    let refused = body(&read_strict(good, "&more=1").unwrap_err());
    assert!(refused.contains("严格模式不接受参数：more"), "{refused}");
}

#[test]
fn an_order_is_shown_as_the_original_shows_it() {
    let shown = replied(&reply(open(), false));
    let begin = format!(
        r#"{{"status":"ok","aoid":"{AOID}","pay_type":"alipay","price":"12.51","qr_price":"","qr":"https://qr.alipay.com/a?b=\"c\"","qr_img":"data:image/png;base64,iVBORw0KGgo"#
    );
    let end = r#"","expires_in":300,"return_url":"https://shop.example/back?from=pay"}"#;
    assert!(shown.starts_with(&begin), "{shown}");
    assert!(shown.ends_with(end), "{shown}");

    let fixed = OrderView {
        qr_fixed: true,
        channel: Channel::Wechat,
        echo: None,
        qr: String::from("wxp://f2f0fixed"),
        return_url: None,
        expires_at: NOON.plus(Span::from_secs(61)),
        ..open()
    };
    let shown = replied(&reply(fixed, true));
    let part = r#""pay_type":"wechat","price":"12.51","qr_price":"12.51","qr":"wxp://f2f0fixed","#;
    assert!(shown.contains(part), "{shown}");
    assert!(shown.ends_with(r#","expires_in":61,"return_url":""}"#), "{shown}");

    let codeless = OrderView { qr: "x".repeat(4_000), ..open() };
    assert!(replied(&reply(codeless, false)).contains(r#""qr_img":"""#));
}

#[test]
fn a_repeat_hears_how_the_order_stands() {
    let cases = [
        (OrderStatus::Paid, "order_payed"),
        (OrderStatus::PaidLate, "order_payed"),
        (OrderStatus::Overpaid, "order_payed"),
        (OrderStatus::Expired, "order_expire"),
        (OrderStatus::Closed, "order_expire"),
        (OrderStatus::Underpaid, "order_exist"),
    ];
    let address = format!("https://pay.example/pay/{}", OrderId::from_bits(7));
    for (status, word) in cases {
        let order = reply(OrderView { status, ..open() }, true);
        assert_eq!(replied(&order), format!(r#"{{"status":"{word}"}}"#), "{status}");
        let page = body(&answer_to(&pay("1001", "", ""), &order));
        assert!(page.starts_with(&format!("<script>window.location.href = '{address}'</script>")));
        assert!(!page.contains("ORDER_1") && !page.contains("sign="), "{page}");
    }
}

#[test]
fn every_refusal_of_the_rules_has_its_word() {
    let taken = Rejection::NumberTaken(OrderId::from_bits(7));
    let cases = [
        (Reply::Rejected(Rejection::AmountsExhausted), r#"{"status":"qr_limit"}"#, "qr_limit"),
        (Reply::Rejected(Rejection::NoWallet), r#"{"status":"qr_limit"}"#, "qr_limit"),
        (Reply::Rejected(Rejection::TooManyOpenOrders), r#"{"status":"qr_limit"}"#, "qr_limit"),
        (Reply::Rejected(Rejection::UnknownMerchant), r#"{"status":"sign_error"}"#, "sign_error"),
        (Reply::Rejected(taken), r#"{"status":"order_exist"}"#, "order_exist"),
        (
            Reply::Rejected(Rejection::BadText("attachment")),
            r#"{"status":"param_error","msg":"参数错误：order_uid"}"#,
            "param_error",
        ),
        (Reply::Busy, r#"{"status":"busy"}"#, "busy"),
        (Reply::OutcomeUnknown, r#"{"status":"unknown"}"#, "unknown"),
        (Reply::Forbidden, r#"{"status":"busy"}"#, "busy"),
    ];
    for (reply, json, word) in cases {
        assert_eq!(replied(&reply), json);
        let page = answer_to(&pay("1001", "", ""), &reply);
        assert_eq!((page.status, page.content_type.as_str()), (200, "text/plain;charset=UTF-8"));
        assert!(body(&page).ends_with(&format!("（{word}）")), "{word}");
        let later = matches!(word, "busy" | "unknown");
        assert_eq!(page.headers.iter().any(|(name, _)| name == "retry-after"), later, "{word}");
    }
}

#[test]
fn a_query_needs_the_id_alone_and_says_how_the_order_stands() {
    let own = OrderId::from_bits(7).to_string();
    for aoid in [AOID, own.as_str()] {
        let call = read(&get(&format!("/api/query/{aoid}"), "flag=%zz")).unwrap();
        let action = Action::Get(OrderQuery::Id(OrderId::from_bits(7)));
        assert_eq!(call, Call { caller: Caller::Holder, action });
    }
    for aoid in ["97008", "+0000000000000000000000000000007", "x", &AOID[1..], "%00"] {
        let refused = refusal(&get(&format!("/api/query/{aoid}"), ""));
        assert_eq!(refused, r#"{"status":"not_exist"}"#, "{aoid}");
    }
    use CallbackStanding::{Abandoned, Acknowledged, None, Pending};
    let cases = [
        (OrderStatus::Open, None, "new"),
        (OrderStatus::Underpaid, None, "new"),
        (OrderStatus::Expired, None, "expire"),
        (OrderStatus::Closed, None, "expire"),
        (OrderStatus::Paid, Pending, "payed"),
        (OrderStatus::Paid, None, "payed"),
        (OrderStatus::Overpaid, Abandoned, "payed"),
        (OrderStatus::PaidLate, Acknowledged, "success"),
    ];
    for (status, callback, word) in cases {
        let order = OrderView { status, callback, ..open() };
        assert_eq!(queried(&reply(order, false)), format!(r#"{{"status":"{word}"}}"#), "{status}");
    }
    let none = r#"{"status":"not_exist"}"#;
    assert_eq!(queried(&reply(paid_order(Protocol::Vmq), false)), none);
    assert_eq!(queried(&Reply::NotFound), none);
    assert_eq!(queried(&Reply::Busy), r#"{"status":"busy"}"#);
}

fn callback(url: &str, topic: Topic, order: &OrderView) -> Result<String, Unsendable> {
    let callback = CallbackId { order: order.id, number: 1 };
    let message = Message { callback, topic, order, refund: None, url, since: NOON, at: NOON };
    let request = Bufpay.write_callback(&message, &TestDesk::default())?;
    assert_eq!((request.method, request.url.as_str()), (Method::Post, url));
    assert_eq!(request.headers, [(String::from("content-type"), String::from(FORM))]);
    Ok(String::from_utf8(request.body).unwrap())
}

#[test]
fn a_callback_is_a_form_and_the_way_back_carries_the_same() {
    let signed = ["00000000000000000000000000000007", "ORDER_1", "user_1001", "12.50", "12.51"];
    let sign = md5_hex(&[signed.concat().as_bytes(), KEY.as_bytes()]);
    let expected = format!(
        "aoid={AOID}&order_id=ORDER_1&order_uid=user_1001&price=12.50&pay_price=12.51&sign={sign}"
    );
    let sent = callback("https://a.cn/n?a=1", Topic::OrderPaid, &paid()).unwrap();
    assert_eq!(sent, expected);
    let desk = TestDesk::default();
    let back = format!("https://shop.example/back?from=pay&{expected}");
    assert_eq!(Bufpay.return_url(&paid(), &desk), Some(back));
    let plain = Some(String::from("https://shop.example/back?from=pay"));
    assert_eq!(Bufpay.return_url(&open(), &desk), plain, "unpaid is never signed");
    let nowhere = OrderView { return_url: None, ..paid() };
    assert_eq!(Bufpay.return_url(&nowhere, &desk), None);

    let odd = OrderView {
        number: String::from("订 1"),
        attachment: None,
        received: Amount::fen(2_000),
        ..paid()
    };
    let sign = md5_hex(&[AOID, "订 1", "12.50", "20.00", KEY].map(str::as_bytes));
    let expected = format!(
        "aoid={AOID}&order_id=%E8%AE%A2%201&order_uid=&price=12.50&pay_price=20.00&sign={sign}"
    );
    assert_eq!(callback("http://a", Topic::OrderPaid, &odd).unwrap(), expected);
}

#[test]
fn what_cannot_be_sent_is_named() {
    let refund = Topic::RefundConfirmed(RefundId::from_bits(1));
    assert_eq!(callback("http://a", refund, &paid()), Err(Unsendable::NoWord));
    assert_eq!(callback("ftp://a", Topic::OrderPaid, &paid()), Err(Unsendable::BadAddress));
    for name in ["3003", "5005", "4004"] {
        let keyless = OrderView { merchant: merchant(name), ..paid() };
        assert_eq!(callback("http://a", Topic::OrderPaid, &keyless), Err(Unsendable::NoKey));
    }
    assert!(callback("http://a", Topic::OrderPaid, &open()).is_err(), "unpaid is never signed");
}

#[test]
fn the_status_200_alone_is_success() {
    for body in ["", "ok", "fail"] {
        assert_eq!(Bufpay.judge(200, body.as_bytes()), Judged::Acknowledged, "{body}");
    }
    for status in [201, 204, 301, 302, 400, 405, 410, 500] {
        assert_eq!(Bufpay.judge(status, b"ok"), Judged::NotYet, "{status}");
    }
}

proptest! {
    #[test]
    fn one_changed_byte_of_the_signed_part_is_refused(at in 0_usize..200, to in 0x21_u8..0x7f) {
        let texts = [
            "VIP", "alipay", "10.00", "ORD-7_a", "|user|", "https://a.cn/n", "http://a.cn/r", "",
        ];
        let signed = form(STRICT_KEY, texts);
        let sign = &signed[signed.len() - 32..];
        let mut changed = texts.map(|text| text.as_bytes().to_vec());
        let place = at % texts.concat().len();
        let spot = changed.iter_mut().flatten().nth(place).unwrap();
        prop_assume!(*spot != to);
        *spot = to;
        let changed = changed.map(|text| String::from_utf8(text).unwrap());
        let mut pairs: Vec<String> = NAMES
            .iter()
            .zip(&changed)
            .map(|(name, text)| format!("{name}={}", encode_component(text)))
            .collect();
        pairs.push(format!("sign={sign}"));
        let request = pay("2002", "format=json", &pairs.join("&"));
        prop_assert_eq!(refusal(&request), r#"{"status":"sign_error"}"#);
    }

    #[test]
    fn any_order_of_the_parameters_is_one_request(
        order in Just((0..9_usize).collect::<Vec<_>>()).prop_shuffle(),
        split in 0_usize..10,
    ) {
        let signed = form(KEY, PLAIN);
        let pairs: Vec<&str> = signed.split('&').collect();
        let shuffled: Vec<&str> = order.iter().map(|at| pairs[*at]).collect();
        let (front, behind) = shuffled.split_at(split);
        let call = read(&pay("1001", &front.join("&"), &behind.join("&")));
        let expected = read(&pay("1001", "", &signed));
        prop_assert_eq!(call.map_err(|answer| body(&answer)), expected.map_err(|a| body(&a)));
    }

    #[test]
    fn no_request_panics_and_every_refusal_is_json(
        path in "/api/(pay|query)/[0-9a-z%]{1,33}",
        media in "(application/(json|x-www-form-urlencoded)|multipart/form-data; boundary=b)",
        body in proptest::collection::vec(any::<u8>(), 0..80),
        text in "((\\{\"|--b\r\n)?(name|price|sign)[=:\"]\\PC{0,8}&?){0,4}",
    ) {
        for bytes in [body.as_slice(), text.as_bytes()] {
            for method in [Method::Get, Method::Post] {
                let mut request = post(&path, &media, bytes);
                request.method = method;
                request.query = String::from("format=json");
                if Bufpay.claims(&request) && let Err(answer) = read(&request) {
                    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                    prop_assert!(json["status"].is_string());
                }
            }
        }
    }

    #[test]
    fn every_order_is_answered_in_json(
        qr in "\\PC{0,60}",
        back in proptest::option::of(any::<String>()),
        payable in 1..10_000_000_000_i64,
    ) {
        let order = OrderView { qr: qr.clone(), return_url: back, payable: Amount::fen(payable), ..open() };
        let json: serde_json::Value = serde_json::from_str(&replied(&reply(order, false))).unwrap();
        prop_assert_eq!(json["qr"].as_str(), Some(qr.as_str()));
        let price = json["price"].as_str().unwrap();
        let read = Amount::parse(price, duizhang_core::amount::Currency::Cny).unwrap();
        prop_assert_eq!(read, Amount::fen(payable));
    }
}
