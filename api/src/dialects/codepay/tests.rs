//! Conversations with codepay shops: what is sent, what is understood, what is answered.

use std::collections::BTreeMap;

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::channel::Channel;
use duizhang_core::id::OrderId;
use duizhang_core::order::{Dialect as Protocol, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::{
    Answer, Method, Request, encode_bytes, encode_component, md5_hex,
};
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::OrderView;
use encoding_rs::GBK;
use proptest::prelude::*;

use super::received::{Received, signed_bytes};
use super::tokens::{merchant_token, order_token};
use super::{Codepay, Money};
use crate::dialects::desk_for_tests::{
    KEY, NOON, OLD_KEY, STRICT_KEY, TestDesk, get, merchant, open_order, paid_order, post,
};
use crate::dialects::{
    Action, Call, Caller, Dialect, Judged, Message, NewOrder, OrderQuery, Reply, Unsendable,
};

const FORM: &str = "application/x-www-form-urlencoded";
const PATH: &str = "/creat_order";
const PLAIN: [(&str, &str); 4] =
    [("id", "1001"), ("pay_id", "admin"), ("price", "1"), ("page", "4")];

fn read(request: &Request) -> Result<Call, Answer> {
    Codepay::default().read(request, &TestDesk::default())
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn refusal(request: &Request) -> String {
    body(&read(request).expect_err("the request is refused"))
}

fn refused(status: i8, text: &str) -> String {
    format!(r#"{{"msg":"{text}","status":{status},"chart":"utf-8"}}"#)
}

/// A signed query; the signature is over the plain texts, the query is encoded.
fn signed(key: &str, pairs: &[(&str, &str)]) -> String {
    let mut sorted: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
    sorted.sort_unstable();
    let text: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let sign = md5_hex(&[text.join("&").as_bytes(), key.as_bytes()]);
    let query: String =
        pairs.iter().map(|(name, value)| format!("{name}={}&", encode_component(value))).collect();
    format!("{query}sign={sign}")
}

/// The plain request with other values or more parameters.
fn with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut pairs: Vec<_> = PLAIN.to_vec();
    for change in changes {
        pairs.retain(|(name, _)| *name != change.0);
        pairs.push(*change);
    }
    pairs
}

fn asked_for(changes: &[(&'static str, &'static str)]) -> Request {
    get(PATH, &signed(KEY, &with(changes)))
}

fn new_order(call: Call) -> NewOrder {
    match call.action {
        Action::Create(order) => order,
        other => panic!("not a creation: {other:?}"),
    }
}

fn order() -> OrderView {
    OrderView {
        number: String::from("admin#0123456789abcdef-2"),
        echo: Some(String::from("1 utf-8 received")),
        attachment: None,
        ..open_order(Protocol::Codepay)
    }
}

fn paid() -> OrderView {
    let paid = paid_order(Protocol::Codepay);
    OrderView { status: paid.status, received: paid.received, ended_at: paid.ended_at, ..order() }
}

fn order_reply(order: OrderView) -> Reply {
    Reply::Order { order: Box::new(order), repeated: false }
}

fn answer_to(path: &str, query: &str, reply: &Reply) -> Answer {
    let call = Call { caller: Caller::Holder, action: Action::Watchers };
    Codepay::default().answer(&get(path, query), &call, reply, &TestDesk::default())
}

#[test]
fn its_own_paths_are_claimed() {
    for name in ["creat_order", "creat_order/", "creat_order/creat_order", "ispay", "ispay/"] {
        assert!(Codepay::default().claims(&get(&format!("/{name}"), "")), "{name}");
        assert!(Codepay::default().claims(&get(&format!("/m/1001/{name}"), "")), "{name}");
    }
    for path in ["/qr/o.png", "/m/1/qr/o.png"] {
        assert!(Codepay::default().claims(&get(path, "")), "{path}");
    }
    for path in
        ["/", "/create_order", "/creat_order/x", "/asked/creat_order", "/qr/o.svg", "/m/1001"]
    {
        assert!(!Codepay::default().claims(&get(path, "")), "{path}");
    }
}

#[test]
fn the_page_s_vector_is_the_formula() {
    let query = "type=1&return_url=http%3A%2F%2Fcodepay.fateqq.com%2F&price=100&pay_id=admin\
                 &id=10041&param=&sign=x";
    let received = Received::of(&get(PATH, query)).unwrap();
    let sign = md5_hex(&[&received.signed(), b"mykey"]);
    assert_eq!(sign, "83dfe3ebbaf5c1db1a7b70c51d2c70f8");
}

#[test]
fn a_request_is_understood() {
    let wide = [
        ("type", "3"),
        ("param", "abc=="),
        ("act", "0"),
        ("outTime", "120"),
        ("page", "1"),
        ("return_url", "http://a.cn/r?o=1&p=2"),
        ("notify_url", "http://a.cn/n"),
        ("pay_type", "0"),
        ("chart", "utf-8"),
        ("user_ip", "127.0.0.1"),
    ];
    let call = read(&asked_for(&wide)).unwrap();
    assert_eq!(call.caller, Caller::Merchant(merchant("1001")));
    let order = new_order(call);
    let number = order.number.clone().unwrap();
    assert!(number.starts_with("admin#") && number.len() == 22, "{number}");
    let expected = NewOrder {
        number: Some(number),
        requested: Amount::fen(100),
        channels: vec![Channel::Wechat],
        ttl: Some(Span::from_secs(120)),
        notify_url: Some(String::from("http://a.cn/n")),
        return_url: Some(String::from("http://a.cn/r?o=1&p=2")),
        subject: None,
        attachment: Some(String::from("abc==")),
        echo: Some(String::from("3 utf-8 received")),
        idempotency: None,
    };
    assert_eq!(order, expected);

    let query = signed(OLD_KEY, &with(&wide));
    for request in [
        get("/m/1001/creat_order/creat_order", &query),
        post("/creat_order/", FORM, query.as_bytes()),
        get(PATH, &query.replace("sign=", "empty=&sign=")),
    ] {
        assert_eq!(new_order(read(&request).unwrap()), expected);
    }
    for (name, money) in [("1001", "asked"), ("2002", "received")] {
        let settings = BTreeMap::from([(merchant(name), Money::Asked)]);
        let call = Codepay::new(settings).read(&get(PATH, &query), &TestDesk::default());
        assert_eq!(new_order(call.unwrap()).echo, Some(format!("3 utf-8 {money}")));
    }
}

#[test]
fn what_is_left_out_has_the_original_s_value() {
    let order = new_order(read(&asked_for(&[])).unwrap());
    assert_eq!((order.channels, order.ttl), (vec![Channel::Alipay], Some(Span::from_secs(360))));
    assert_eq!((order.attachment, order.notify_url, order.return_url), (None, None, None));
    let cases = [("1", "360"), ("59", "360"), ("60", "60"), ("999999", "999999"), ("000090", "90")];
    for (sent, meant) in cases {
        let order = new_order(read(&asked_for(&[("outTime", sent)])).unwrap());
        assert_eq!(order.ttl, Some(Span::from_secs(meant.parse().unwrap())), "{sent}");
    }
    for (kind, channel) in [("1", Channel::Alipay), ("2", Channel::Qq), ("3", Channel::Wechat)] {
        let order = new_order(read(&asked_for(&[("type", kind)])).unwrap());
        assert_eq!(order.channels, [channel], "{kind}");
    }
    for (price, fen) in [("0.01", 1), ("99999.99", 9_999_999), ("1", 100), ("1.0", 100)] {
        let order = new_order(read(&asked_for(&[("price", price)])).unwrap());
        assert_eq!(order.requested, Amount::fen(fen), "{price}");
    }
}

#[test]
fn what_is_missing_or_odd_is_named() {
    let long: &'static str = Box::leak("x".repeat(101).into_boxed_str());
    let cases = [
        (("id", ""), "undefined id"),
        (("pay_id", ""), "undefined pay_id"),
        (("price", ""), "undefined price"),
        (("pay_id", long), "too long pay_id"),
        (("pay_id", "a&b"), "undefined pay_id"),
        (("pay_id", "a\nb"), "undefined pay_id"),
        (("param", "a&price=2"), "undefined param"),
        (("price", "0"), "undefined price, 0.01 to 99999.99"),
        (("price", "-1"), "undefined price, 0.01 to 99999.99"),
        (("price", "100000"), "undefined price, 0.01 to 99999.99"),
        (("price", "1e12"), "undefined price, 0.01 to 99999.99"),
        (("price", "0.001"), "too long price, two decimals"),
        (("price", "abc"), "undefined price"),
        (("price", "1,160.00"), "undefined price"),
        (("price", "１０"), "undefined price"),
        (("type", "4"), "undefined type"),
        (("type", "01"), "undefined type"),
        (("outTime", "1e3"), "undefined outTime"),
        (("outTime", "1000000"), "undefined outTime"),
        (("outTime", "-5"), "undefined outTime"),
        (("page", "5"), "undefined page"),
        (("call", "alert(1)//"), "undefined call"),
        (("chart", "utf-16"), "undefined chart"),
        (("notify_url", "ftp://a.cn"), "undefined notify_url"),
        (("notify_url", "http://127.0.0.1/n"), "undefined notify_url"),
        (("notify_url", "https://pay.example/n"), "undefined notify_url"),
        (("return_url", "javascript:alert(1)"), "undefined return_url"),
        (("qrcode_url", "javascript:alert(1)"), "undefined qrcode_url"),
        (("qrcode_url", "//evil.example/a"), "undefined qrcode_url"),
    ];
    for (change, text) in cases {
        assert_eq!(refusal(&asked_for(&[change])), refused(-2, text), "{change:?}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let query = signed(KEY, &PLAIN);
    let crowd: String = (0..100).map(|n| format!("&x{n}=1")).collect();
    let long = format!("pay_id={}", "x".repeat(40_000));
    let cases = [
        (get(PATH, &format!("{query}&price=2")), "undefined price"),
        (get(PATH, "pay_id=%zz"), "undefined pay_id"),
        (get(PATH, "pay_id=%B6%A9"), "undefined pay_id"),
        (get(PATH, "chart=gb2312&pay_id=%B6"), "undefined pay_id"),
        (get(PATH, "chart=gb2312&pay_id=%zz"), "undefined pay_id"),
        (get(PATH, "chart=gb2312&pay_id=%81%30%81%30"), "undefined pay_id"),
        (get(PATH, &crowd), "too long"),
        (get(PATH, &long), "too long pay_id"),
        (post(PATH, FORM, b"pay_id=\xb6\xa9"), "undefined chart"),
        (get(PATH, ""), "undefined id"),
    ];
    for (mut request, text) in cases {
        if request.query.is_empty() && request.body.is_empty() {
            request.query = String::from("page=4");
        }
        assert_eq!(refusal(&request), refused(-2, text));
    }
    for (path, verb, allowed) in [
        (PATH, Method::Put, "GET, POST"),
        ("/ispay", Method::Post, "GET"),
        ("/qr/o.png", Method::Post, "GET"),
    ] {
        let answer = read(&Request::new(verb, path, &query)).unwrap_err();
        assert_eq!(answer.status, 405);
        assert_eq!(answer.headers, [(String::from("allow"), String::from(allowed))]);
    }
    assert_eq!(read(&get("/elsewhere", &query)).unwrap_err().status, 404);
    let too_large = Codepay::default().too_large(&get(PATH, "page=4"));
    assert_eq!((too_large.status, body(&too_large)), (200, refused(-2, "too long")));
}

#[test]
fn a_multipart_form_beside_gb2312_is_read_as_it_is() {
    let part = b"--x\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n%zz=\r\n--x--\r\n";
    let mut request = post(PATH, "multipart/form-data; boundary=x", part);
    request.query = String::from("page=4&chart=gb2312");
    let expected = r#"{"msg":"undefined pay_id","status":-2,"chart":"gb2312"}"#;
    assert_eq!(refusal(&request), expected, "the id is there, whatever it holds");
}

#[test]
fn who_cannot_prove_a_merchant_hears_one_answer() {
    let expected = refused(-2, "sign fail");
    for (place, id, key) in [
        ("", "1001", STRICT_KEY),
        ("", "2002", KEY),
        ("", "3003", ""),
        ("", "4004", KEY),
        ("", "5005", ""),
        ("", "a b", KEY),
        ("/m/2002", "1001", KEY),
        ("/m/a%20b", "1001", KEY),
    ] {
        let query = signed(key, &with(&[("id", id)]));
        assert_eq!(refusal(&get(&format!("{place}{PATH}"), &query)), expected, "{place} {id}");
        let token = merchant_token(key.as_bytes());
        let query = format!("id={id}&pay_id=a&price=1&page=4&token={token}");
        assert_eq!(refusal(&get(&format!("{place}{PATH}"), &query)), expected, "{place} {id}");
    }
    for query in ["id=1001&pay_id=a&price=1&page=4", "id=1001&pay_id=a&price=1&page=4&token=x"] {
        assert_eq!(refusal(&get(PATH, query)), expected, "{query}");
    }
    // The key itself is no token, and a signature that does not fit is not saved by a token.
    let token = merchant_token(KEY.as_bytes());
    for proof in [format!("token={KEY}"), format!("token={token}&sign=00")] {
        let query = format!("id=1001&pay_id=a&price=1&page=4&{proof}");
        assert_eq!(refusal(&get(PATH, &query)), expected, "{proof}");
    }
}

#[test]
fn a_token_in_the_clear_creates_except_for_strict_merchants() {
    for key in [KEY, OLD_KEY] {
        let token = merchant_token(key.as_bytes());
        // The seed's own example, with its doubled `&`.
        let query = format!("id=1001&token={token}&&price=100&pay_id=admin&type=1");
        let order = new_order(read(&get(PATH, &query)).unwrap());
        assert_eq!(order.requested, Amount::fen(10_000));
    }
    let token = merchant_token(STRICT_KEY.as_bytes());
    let query = format!("id=2002&token={token}&price=100&pay_id=admin&page=4");
    assert_eq!(refusal(&get(PATH, &query)), refused(-2, "sign fail"));
}

#[test]
fn tokens_have_one_purpose_each() {
    let order = OrderId::from_bits(7);
    let all = [
        merchant_token(KEY.as_bytes()),
        merchant_token(OLD_KEY.as_bytes()),
        order_token(KEY.as_bytes(), order),
        order_token(KEY.as_bytes(), OrderId::from_bits(8)),
    ];
    for (index, one) in all.iter().enumerate() {
        assert_eq!(one.len(), 32, "the length of a signature");
        assert!(!all[..index].contains(one), "{one}");
    }
    // What docs/dialects/codepay.md tells a shop to compute, by another implementation:
    // printf %s 'codepay token' | openssl dgst -sha256 -hmac "$key" | cut -c1-32
    assert_eq!(merchant_token(b"merchant-key-0001"), "f2d1583a15d1c16a95b24255e2d9b25a");
}

#[test]
fn a_strict_merchant_s_grammar_holds() {
    let strict = |changes: &[(&'static str, &'static str)]| {
        let pairs = [with(&[("id", "2002")]), changes.to_vec()].concat();
        read(&get(PATH, &signed(STRICT_KEY, &pairs)))
    };
    assert!(strict(&[("return_url", "http://a.cn/r?o=1"), ("param", "a=b")]).is_ok());
    for change in [("return_url", "http://a.cn/r?o=1&p=2"), ("a-b", "1"), ("x", "a&b")] {
        let text = format!("undefined {}", change.0);
        assert_eq!(body(&strict(&[change]).unwrap_err()), refused(-2, &text));
    }
}

#[test]
fn texts_in_gb2312_are_signed_and_answered_in_their_bytes() {
    let gbk = |text: &str| GBK.encode(text).0.into_owned();
    let plain = "chart=gb2312&id=1001&page=4&param=会员&pay_id=订单1&price=1";
    let sign = md5_hex(&[&gbk(plain), KEY.as_bytes()]);
    let query = format!(
        "pay_id={}&param={}&chart=gb2312&id=1001&page=4&price=1&sign={sign}",
        encode_bytes(&gbk("订单1")),
        encode_bytes(&gbk("会员")),
    );
    let new = new_order(read(&get(PATH, &query)).unwrap());
    assert!(new.number.unwrap().starts_with("订单1#"));
    assert_eq!(new.attachment.as_deref(), Some("会员"));
    assert_eq!(new.echo.as_deref(), Some("1 gb2312 received"));

    let kept = OrderView {
        number: String::from("订单1#0123456789abcdef"),
        attachment: Some(String::from("会员")),
        echo: Some(String::from("1 gb2312 received")),
        ..paid()
    };
    let shown = OrderView { status: OrderStatus::Open, ..kept.clone() };
    let answer = answer_to(PATH, &query, &order_reply(shown));
    assert_eq!(answer.content_type, "application/json;charset=gb2312");
    let text = GBK.decode(&answer.body).0;
    assert!(text.contains(r#""chart":"gb2312""#) && text.contains(r#""pay_id":"订单1""#), "{text}");

    let form = callback("http://a.cn/n", Topic::OrderPaid, &kept).unwrap();
    let (fields, sign) = form.rsplit_once("&sign=").unwrap();
    assert!(fields.contains("param=%BB%E1%D4%B1&pay_id=%B6%A9%B5%A51&"), "{fields}");
    let bytes = duizhang_listener_bridge::wire::decode_bytes(fields).unwrap();
    assert_eq!(sign, md5_hex(&[&bytes, KEY.as_bytes()]));
}

#[test]
fn an_order_is_shown_as_the_original_shows_it() {
    let token = order_token(KEY.as_bytes(), order().id);
    let id = order().id;
    let object = format!(
        r#"{{"msg":"ok","qrcode":"https://pay.example/qr/{id}.png","status":0,"chart":"utf-8","order_id":"{id}","pay_id":"admin","type":1,"price":"12.50","money":"12.51","userID":1001,"notiry_key":"{token}","tag":0,"serverTime":1795233600,"endTime":1795233900}}"#
    );
    let json = answer_to(PATH, "page=4&call=callback", &order_reply(order()));
    assert_eq!(json.content_type, "application/json;charset=utf-8");
    assert_eq!(body(&json), object);
    let script = answer_to(PATH, "page=3&call=a.b_$1", &order_reply(order()));
    assert_eq!(script.content_type, "application/javascript;charset=utf-8");
    assert_eq!(body(&script), format!("/**/a.b_$1({object});"));
    for answer in [&json, &script] {
        let nosniff = (String::from("x-content-type-options"), String::from("nosniff"));
        assert!(answer.headers.contains(&nosniff));
    }
    assert_eq!(body(&answer_to(PATH, "page=3", &order_reply(order()))), object);

    let own = "page=4&qrcode_url=qrcode.php%3Fa%3D1";
    let shown = body(&answer_to(PATH, own, &order_reply(order())));
    let picture = r#""qrcode":"qrcode.php?a=1\u0026type=1\u0026money=12.51\u0026tag=0""#;
    assert!(shown.contains(picture), "{shown}");
    let named = OrderView { merchant: merchant("1e9"), ..order() };
    let shown = body(&answer_to(PATH, "page=4", &order_reply(named)));
    assert!(shown.contains(r#""userID":"1e9""#), "{shown}");
    assert!(shown.contains(r#""notiry_key":"""#), "who has no key has no token");
}

#[test]
fn pages_lead_to_the_cashier() {
    let id = order().id;
    for query in ["", "page=1"] {
        let page = answer_to(PATH, query, &order_reply(order()));
        assert_eq!((page.status, page.content_type.as_str()), (200, "text/html;charset=utf-8"));
        let text = body(&page);
        for part in [
            &format!("href=\"https://pay.example/pay/{id}\""),
            &format!("src=\"https://pay.example/qr/{id}.png\""),
            "￥12.51",
            "window.top===window.self",
        ] {
            assert!(text.contains(part), "{part} of {text}");
        }
    }
    let form = body(&answer_to(PATH, "page=2", &order_reply(order())));
    let action = format!("action=\"https://pay.example/pay/{id}\" target=\"_top\"");
    assert!(form.contains(&action) && form.contains(".submit()"), "{form}");
    let refused = read(&get(PATH, "chart=gb2312&id=1&pay_id=<b>&price=1")).unwrap_err();
    assert_eq!(refused.content_type, "text/html;charset=gb2312");
    assert!(body(&refused).ends_with("<p>sign fail</p>"));
    let odd = [PLAIN[0], PLAIN[1], PLAIN[2], ("<b>", "1&")];
    let odd = body(&read(&get(PATH, &signed(KEY, &odd))).unwrap_err());
    assert!(odd.ends_with("<p>undefined &lt;b&gt;</p>"), "{odd}");
}

#[test]
fn only_a_plain_name_may_be_called() {
    for call in ["callback", "jQuery1_2", "$", "_a", "window.shop.paid"] {
        let query = format!("page=3&call={}", encode_component(call));
        let text = body(&answer_to(PATH, &query, &order_reply(order())));
        assert!(text.starts_with(&format!("/**/{call}({{\"msg\":")), "{text}");
    }
    let long = "a".repeat(65);
    for call in
        ["alert(1)", "a;b", "1a", "a..b", ".a", "a.", "a b", "a\u{2028}b", "回调", "a[0]", &long]
    {
        let query = format!("page=3&call={}", encode_component(call));
        let answer = answer_to(PATH, &query, &order_reply(order()));
        assert_eq!(answer.content_type, "application/json;charset=utf-8", "{call}");
        let refused = refusal(&get("/ispay", &query));
        assert!(refused.starts_with("{\"msg\":\"token error\""), "{refused}");
    }
    let nasty = OrderView { number: String::from("</script>\u{2028}&#1"), ..order() };
    let text = body(&answer_to(PATH, "page=3&call=c", &order_reply(nasty)));
    assert!(text.contains(r#""pay_id":"\u003c/script\u003e\u2028\u0026""#), "{text}");
}

#[test]
fn whether_it_is_paid_is_told_to_who_shows_a_token() {
    let order = OrderId::from_bits(7);
    let call = Call {
        caller: Caller::Merchant(merchant("1001")),
        action: Action::Get(OrderQuery::Id(order)),
    };
    for token in [
        merchant_token(KEY.as_bytes()),
        merchant_token(OLD_KEY.as_bytes()),
        order_token(KEY.as_bytes(), order),
    ] {
        for path in ["/ispay", "/ispay/", "/m/1001/ispay"] {
            let query = format!("id=1001&order_id={order}&token={token}");
            assert_eq!(read(&get(path, &query)).as_ref(), Ok(&call), "{path}");
        }
    }
    let token = merchant_token(KEY.as_bytes());
    let other = order_token(KEY.as_bytes(), OrderId::from_bits(8));
    let cases = [
        (format!("order_id={order}&token={token}"), -6, "token error"),
        (format!("id=1001&order_id={order}"), -6, "token error"),
        (format!("id=1001&order_id={order}&token={KEY}"), -6, "token error"),
        (format!("id=1001&order_id={order}&token={other}"), -6, "token error"),
        (format!("id=2002&order_id={order}&token={token}"), -6, "token error"),
        (format!("id=4004&order_id={order}&token={token}"), -6, "token error"),
        (format!("id=1001&order_id=888888888&token={token}"), -1, "no"),
        (format!("id=1001&token={token}"), -1, "no"),
    ];
    for (query, status, text) in cases {
        assert_eq!(refusal(&get("/ispay", &query)), refused(status, text), "{query}");
    }
}

#[test]
fn ispay_follows_the_status() {
    use CallbackStanding::{Abandoned, Acknowledged, Pending};
    let cases = [
        (OrderStatus::Open, Pending, 0, "no"),
        (OrderStatus::Underpaid, Pending, 0, "no"),
        (OrderStatus::Expired, Pending, -1, "no"),
        (OrderStatus::Closed, Pending, -1, "no"),
        (OrderStatus::Paid, Pending, 1, "ok"),
        (OrderStatus::PaidLate, Acknowledged, 2, "ok"),
        (OrderStatus::Overpaid, Abandoned, 1, "ok"),
    ];
    for (status, callback, number, text) in cases {
        let reply = order_reply(OrderView { status, callback, ..order() });
        let object = format!(r#"{{"status":{number},"msg":"{text}"}}"#);
        assert_eq!(body(&answer_to("/ispay", "", &reply)), object, "{status}");
        let called = body(&answer_to("/ispay", "call=callback", &reply));
        assert_eq!(called, format!("/**/callback({object});"));
    }
    let foreign = order_reply(open_order(Protocol::Vmq));
    assert_eq!(body(&answer_to("/ispay", "", &foreign)), refused(-1, "no"));
    assert_eq!(body(&answer_to("/ispay", "", &Reply::NotFound)), refused(-1, "no"));
}

#[test]
fn pictures_are_of_orders_that_wait() {
    let id = order().id;
    let path = format!("/qr/{id}.png");
    let action = Action::Get(OrderQuery::Id(id));
    assert_eq!(read(&get(&path, "")), Ok(Call { caller: Caller::Holder, action }));
    assert_eq!(read(&get("/qr/1.png", "")).unwrap_err().status, 404);
    let shown = answer_to(&path, "", &order_reply(order()));
    assert_eq!((shown.status, shown.content_type.as_str()), (200, "image/png"));
    assert_eq!(Some(shown.body), crate::cashier::code_png(&order().qr));
    let over = OrderView { status: OrderStatus::Expired, ..order() };
    for gone in [over, paid(), open_order(Protocol::Native)] {
        assert_eq!(answer_to(&path, "", &order_reply(gone)).status, 404);
    }
    let foreign = format!("/m/2002{path}");
    assert_eq!(answer_to(&foreign, "", &order_reply(order())).status, 404);
    assert_eq!(answer_to(&path, "", &Reply::NotFound).status, 404);
    assert_eq!(answer_to(&path, "", &Reply::Busy).status, 404);
}

#[test]
fn every_refusal_of_the_rules_has_words() {
    let id = OrderId::from_bits(1);
    let cases = [
        (Reply::Rejected(Rejection::UnknownMerchant), -2, "sign fail"),
        (Reply::Rejected(Rejection::BadText("attachment")), -2, "too long param"),
        (Reply::Rejected(Rejection::BadText("number")), -2, "too long pay_id"),
        (Reply::Rejected(Rejection::AmountsExhausted), -1, "qrcode too little"),
        (Reply::Rejected(Rejection::NoWallet), -1, "creat fail, no qrcode"),
        (Reply::Rejected(Rejection::TooManyOpenOrders), -1, "creat fail, too many orders wait"),
        (Reply::Rejected(Rejection::NumberTaken(id)), -1, "creat fail"),
        (Reply::NotFound, -1, "creat fail"),
        (Reply::Busy, -1, "creat fail, busy"),
        (Reply::OutcomeUnknown, -1, "creat fail, send the same again"),
        (order_reply(paid()), -1, "creat fail"),
        (order_reply(open_order(Protocol::Vmq)), -1, "creat fail"),
    ];
    for (reply, status, text) in cases {
        let answer = answer_to(PATH, "page=4", &reply);
        assert_eq!((answer.status, body(&answer)), (200, refused(status, text)));
        let waits = matches!(reply, Reply::Busy | Reply::OutcomeUnknown);
        let told = answer.headers.contains(&(String::from("retry-after"), String::from("1")));
        assert_eq!(told, waits, "{text}");
    }
}

fn callback(url: &str, topic: Topic, order: &OrderView) -> Result<String, Unsendable> {
    let callback = CallbackId { order: order.id, number: 1 };
    let message = Message { callback, topic, order, refund: None, url, since: NOON, at: NOON };
    let request = Codepay::default().write_callback(&message, &TestDesk::default())?;
    assert_eq!((request.method, request.url.as_str()), (Method::Post, url));
    let form = (String::from("content-type"), String::from(FORM));
    assert_eq!(request.headers, [form]);
    Ok(String::from_utf8(request.body).unwrap())
}

/// Checks a callback's form as the original's example code does.
fn verified(form: &str, key: &str) -> bool {
    let pairs: Vec<(&str, &str)> = form.split('&').filter_map(|p| p.split_once('=')).collect();
    let decoded: Vec<(String, String)> = pairs
        .iter()
        .map(|(name, value)| {
            let text = duizhang_listener_bridge::wire::decode_component(value).unwrap();
            (String::from(*name), text)
        })
        .collect();
    let texts = decoded.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signed = signed_bytes(texts, super::received::Charset::Utf8);
    form.ends_with(&format!("&sign={}", md5_hex(&[&signed, key.as_bytes()])))
}

#[test]
fn callbacks_and_ways_back_carry_both_amounts() {
    let id = order().id;
    let fields = |money: &str, param: &str| {
        format!(
            "chart=utf-8&money={money}&{param}pay_id=admin&pay_no={id}&pay_tag=0\
             &pay_time=1795233660&price=12.50&status=2&tag=0&type=1"
        )
    };
    let asked = OrderView { echo: Some(String::from("1 utf-8 asked")), ..paid() };
    let spoken = OrderView { attachment: Some(String::from("会员 1&2")), ..paid() };
    let over = OrderView { received: Amount::fen(2_000), status: OrderStatus::Overpaid, ..paid() };
    for (order, expected) in [
        (&paid(), fields("12.51", "")),
        (&asked, fields("12.50", "")),
        (&over, fields("20.00", "")),
        (&spoken, fields("12.51", "param=%E4%BC%9A%E5%91%98%201%262&")),
    ] {
        let form = callback("http://a.cn/n?x=1", Topic::OrderPaid, order).unwrap();
        assert!(form.starts_with(&format!("{expected}&sign=")), "{form}");
        assert!(verified(&form, KEY), "{form}");
        let back = Codepay::default().return_url(order, &TestDesk::default()).unwrap();
        assert_eq!(back, format!("https://shop.example/back?from=pay&{form}"));
    }
    let plain = Some(String::from("https://shop.example/back?from=pay"));
    assert_eq!(Codepay::default().return_url(&order(), &TestDesk::default()), plain);
    let nowhere = OrderView { return_url: None, ..paid() };
    assert_eq!(Codepay::default().return_url(&nowhere, &TestDesk::default()), None);
}

#[test]
fn what_cannot_be_told_is_not_sent() {
    let refund = Topic::RefundConfirmed(duizhang_core::id::RefundId::from_bits(1));
    assert_eq!(callback("http://a.cn", refund, &paid()), Err(Unsendable::NoWord));
    assert_eq!(callback("ftp://a.cn", Topic::OrderPaid, &paid()), Err(Unsendable::BadAddress));
    for name in ["3003", "4004", "5005"] {
        let keyless = OrderView { merchant: merchant(name), ..paid() };
        assert_eq!(callback("http://a.cn", Topic::OrderPaid, &keyless), Err(Unsendable::NoKey));
    }
    assert!(callback("http://a.cn", Topic::OrderPaid, &order()).is_err(), "unpaid is never signed");
}

#[test]
fn only_the_word_alone_is_success() {
    for body in ["success", "SUCCESS", " success\r\n", "\u{feff}success"] {
        assert_eq!(
            Codepay::default().judge(200, body.as_bytes()),
            Judged::Acknowledged,
            "{body:?}"
        );
        assert_eq!(Codepay::default().judge(500, body.as_bytes()), Judged::NotYet, "{body:?}");
    }
    for body in ["", "fail", "ok", "success!", "successsuccess"] {
        assert_eq!(Codepay::default().judge(200, body.as_bytes()), Judged::NotYet, "{body:?}");
    }
}

proptest! {
    #[test]
    fn one_changed_byte_of_the_signed_part_is_refused(at in 0_usize..100, to in 0x21_u8..0x7f) {
        let pairs = [("id", "2002"), ("param", "a=b"), ("pay_id", "ORD-7"), ("price", "10.00")];
        let sign = signed(STRICT_KEY, &pairs);
        let sign = sign.rsplit_once("sign=").unwrap().1;
        let mut changed: Vec<Vec<u8>> =
            pairs.iter().flat_map(|(name, value)| [name, value]).map(|t| t.as_bytes().to_vec())
                .collect();
        let place = at % changed.concat().len();
        let spot = changed.iter_mut().flatten().nth(place).unwrap();
        prop_assume!(*spot != to);
        *spot = to;
        let texts: Vec<String> = changed
            .into_iter()
            .map(|text| encode_component(&String::from_utf8(text).unwrap()))
            .collect();
        let query: String =
            texts.chunks(2).map(|pair| format!("{}={}&", pair[0], pair[1])).collect();
        prop_assert!(read(&get(PATH, &format!("{query}page=&sign={sign}"))).is_err(), "{}", query);
    }

    #[test]
    fn every_order_of_the_parameters_is_accepted(
        order in Just(vec![
            "id=1001", "pay_id=admin", "price=1", "type=3", "param=x", "page=4", "act=0", "SIGN",
        ]).prop_shuffle(),
    ) {
        let sign = signed(KEY, &[
            ("id", "1001"), ("pay_id", "admin"), ("price", "1"), ("type", "3"), ("param", "x"),
            ("page", "4"), ("act", "0"),
        ]);
        let sign = format!("sign={}", sign.rsplit_once("sign=").unwrap().1);
        let pieces: Vec<&str> =
            order.iter().map(|piece| if *piece == "SIGN" { sign.as_str() } else { piece }).collect();
        let order = new_order(read(&get(PATH, &pieces.join("&"))).unwrap());
        prop_assert_eq!(order.requested, Amount::fen(100));
    }

    #[test]
    fn no_request_panics_and_every_refusal_is_readable(
        path in "/(m/1001/)?(asked/)?(creat_order/?|ispay|qr/[a-z0-9]{0,30}.png)",
        query in "((id|pay_id|price|page|call|chart|sign|token|order_id)=[^&]{0,8}&){0,6}\\PC{0,20}",
        body in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut request = post(&path, FORM, &body);
        for method in [Method::Get, Method::Post] {
            request.method = method;
            request.query.clone_from(&query);
            if !Codepay::default().claims(&request) {
                continue;
            }
            if let Err(answer) = read(&request)
                && answer.content_type == "application/json;charset=utf-8"
            {
                let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                prop_assert!(json["status"].as_i64().unwrap() < 0);
            }
        }
    }

    #[test]
    fn every_order_is_answered_in_json(
        number in "\\PC{1,40}",
        requested in 1..10_000_000_000_i64,
        payable in 1..10_000_000_000_i64,
    ) {
        let order = OrderView {
            number: format!("{number}#0"),
            requested: Amount::fen(requested),
            payable: Amount::fen(payable),
            ..order()
        };
        let shown = body(&answer_to(PATH, "page=4", &order_reply(order)));
        let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
        prop_assert_eq!(json["pay_id"].as_str(), Some(number.as_str()));
        for (name, minor) in [("price", requested), ("money", payable)] {
            let read = Amount::parse(json[name].as_str().unwrap(), Currency::Cny).unwrap();
            prop_assert_eq!(read, Amount::fen(minor));
        }
    }
}
