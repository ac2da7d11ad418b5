//! Conversations with epay shops: what is sent, what is understood, what is answered.

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::channel::Channel;
use duizhang_core::id::{OrderId, RefundId};
use duizhang_core::order::{Dialect as Protocol, OrderStatus};
use duizhang_core::refund::RefundState;
use duizhang_core::rejection::Rejection;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::{Answer, Method, Params, Request, encode_component, md5_hex};
use duizhang_projections::orders::OrderView;
use duizhang_projections::refunds::RefundView;
use proptest::prelude::*;

use super::{BESIDE_THE_CASHIER, Epay, NotifyMethod, Shop, canon};
use crate::dialects::desk_for_tests::{
    KEY, NOON, OLD_KEY, PLATFORM_KEY, STRICT_KEY, TestDesk, get, merchant, open_order, paid_order,
    post,
};
use crate::dialects::{
    Action, Call, CallbackRequest, Caller, Dialect, Judged, Message, NewOrder, NewRefund,
    OrderQuery, Reply, Unsendable,
};
use crate::key_pair::{PrivateKey, PublicKey};

const FORM: &str = "application/x-www-form-urlencoded";
// Made by OpenSSL; `create.sig` is the signature of the pairs of `SECOND` in sorted order.
const MERCHANT_KEY: &str = include_str!("../../../tests/data/epay/merchant.p8");
const MERCHANT_PUBLIC: &str = include_str!("../../../tests/data/epay/merchant.pub");
const PLATFORM_PUBLIC: &str = include_str!("../../../tests/data/epay/platform.pub");
const CREATE_SIGN: &str = include_str!("../../../tests/data/epay/create.sig");

type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// `1001` and `2002` speak both versions, `3003` the first, and `4004` is known to nobody.
fn epay(notify_method: NotifyMethod) -> Epay {
    let public_key = Some(PublicKey::parse(MERCHANT_PUBLIC).unwrap());
    let shop = Shop { notify_method, public_key };
    let shops = ["1001", "2002", "4004"].map(|name| (merchant(name), shop.clone()));
    Epay::new(BTreeMap::from(shops))
}

fn read(request: &Request) -> Result<Call, Answer> {
    epay(NotifyMethod::Get).read(request, &TestDesk::default())
}

fn text_of(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn refused(request: &Request) -> String {
    text_of(&read(request).expect_err("the request is refused"))
}

fn said(code: i32, text: &str) -> String {
    format!(r#"{{"code":{code},"msg":"{text}"}}"#)
}

fn encoded(pairs: &Pairs<'_>) -> String {
    let piece = |(name, value): &(&str, &str)| {
        format!("{}={}", encode_component(name), encode_component(value))
    };
    pairs.iter().map(piece).collect::<Vec<_>>().join("&")
}

/// Signed as the standard says: sorted, without what is empty.
fn signed(key: &str, pairs: &Pairs<'_>) -> String {
    let filled = pairs.iter().copied().filter(|(_, value)| !value.is_empty());
    let sign = md5_hex(&[canon::text(filled).as_bytes(), key.as_bytes()]);
    format!("{}&sign={sign}&sign_type=MD5", encoded(pairs))
}

fn signed_by_rsa(pairs: &Pairs<'_>) -> Vec<u8> {
    let key = PrivateKey::parse(MERCHANT_KEY.as_bytes()).unwrap();
    let sign = key.sign(canon::text(pairs.iter().copied()).as_bytes());
    format!("{}&sign={}&sign_type=RSA", encoded(pairs), encode_component(&sign)).into_bytes()
}

fn first() -> Pairs<'static> {
    vec![
        ("pid", "1001"),
        ("type", "alipay"),
        ("out_trade_no", "ORDER_1"),
        ("notify_url", "https://shop.example/notify?a=1&b=2"),
        ("return_url", "https://shop.example/back?x=1"),
        ("name", "VIP 会员"),
        ("money", "12.50"),
        ("clientip", "1.2.3.4"),
        ("param", "user_1001"),
    ]
}

fn second() -> Pairs<'static> {
    vec![
        ("pid", "1001"),
        ("type", "alipay"),
        ("out_trade_no", "ORDER_1"),
        ("notify_url", "https://shop.example/notify?a=1&b=2"),
        ("name", "VIP"),
        ("money", "12.50"),
        ("clientip", "1.2.3.4"),
        ("timestamp", "1795233600"),
    ]
}

/// The pairs with one value changed, added, or (where it is empty) taken out.
fn but<'a>(mut pairs: Pairs<'a>, name: &'a str, value: &'a str) -> Pairs<'a> {
    pairs.retain(|(other, _)| *other != name);
    if !value.is_empty() {
        pairs.push((name, value));
    }
    pairs
}

fn mapi(pairs: &Pairs<'_>) -> Request {
    post("/mapi.php", FORM, signed(KEY, pairs).as_bytes())
}

fn new_order(call: Call) -> NewOrder {
    match call.action {
        Action::Create(order) => order,
        other => panic!("not a creation: {other:?}"),
    }
}

fn own(action: Action) -> Call {
    Call { caller: Caller::Merchant(merchant("1001")), action }
}

fn answered(request: &Request, reply: &Reply) -> String {
    let call = own(Action::Get(OrderQuery::Id(OrderId::from_bits(7))));
    let answer = epay(NotifyMethod::Get).answer(request, &call, reply, &TestDesk::default());
    assert_eq!(answer.status, 200);
    text_of(&answer)
}

fn reply(order: OrderView) -> Reply {
    Reply::Order { order: Box::new(order), repeated: false }
}

fn repeat(order: OrderView) -> Reply {
    Reply::Order { order: Box::new(order), repeated: true }
}

fn view(order: OrderView) -> OrderView {
    let (subject, echo) = (Some(String::from("VIP")), Some(String::from("1 alipay")));
    OrderView { subject, echo, ..order }
}

fn open() -> OrderView {
    view(open_order(Protocol::Epay))
}

fn paid() -> OrderView {
    view(paid_order(Protocol::Epay))
}

fn refund(state: RefundState) -> Reply {
    let refund = RefundView {
        id: RefundId::from_bits(3),
        order: OrderId::from_bits(8),
        merchant: merchant("1001"),
        number: String::from("REFUND_1"),
        amount: Amount::fen(500),
        reason: String::from("epay refund"),
        state,
        evidence: None,
        created_at: NOON,
        updated_at: NOON.plus(Span::from_mins(2)),
    };
    Reply::Refund { refund: Box::new(refund), repeated: false }
}

#[test]
fn the_signed_text_is_that_of_the_page_s_vectors() {
    let pairs = [
        ("type", "alipay"),
        ("pid", "1001"),
        ("out_trade_no", "T1"),
        ("notify_url", "http://a.cn/n"),
        ("return_url", "http://a.cn/r"),
        ("name", "VIP"),
        ("money", "1.00"),
    ];
    let sign =
        canon::md5_sign(&canon::text(pairs.into_iter()), b"89unJUB8HZ54Hj7x4nUj56HN4nUzUJ8i");
    assert_eq!(sign, "29d280327ef4dd82e37b37457bd10d58");
    let go = canon::text([("money", "moneyv"), ("device", "devicev")].into_iter());
    assert_eq!(canon::md5_sign(&go, b"1234567"), "3854cc9f022e0fb821bd2e002260245d");
}

#[test]
fn its_paths_are_claimed_with_and_without_their_prefixes() {
    let firsts = ["submit", "mapi", "api", "getshop"];
    for name in firsts.iter().flat_map(|name| [String::from(*name), format!("{name}.php")]) {
        for prefix in ["", "pay/", "xpay/epay/", "m/1001/", "m/1001/pay/"] {
            assert!(
                Epay::default().claims(&get(&format!("/{prefix}{name}"), "")),
                "{prefix}{name}"
            );
        }
        assert!(BESIDE_THE_CASHIER.contains(&format!("/pay/{name}").as_str()), "{name}");
    }
    let seconds = ["submit", "create", "query", "refund", "refundquery", "close"]
        .map(|word| format!("api/pay/{word}"));
    for name in
        seconds.iter().map(String::as_str).chain(["api/merchant/info", "api/merchant/orders"])
    {
        assert!(Epay::default().claims(&get(&format!("/{name}"), "")), "{name}");
        assert!(Epay::default().claims(&get(&format!("/m/1001/{name}"), "")), "{name}");
    }
    for path in ["/", "/pay/o1", "/api/pay/1001", "/api/query/1", "/api/pay", "/submit.php/", "/v1"]
    {
        assert!(!Epay::default().claims(&get(path, "")), "{path}");
    }
}

#[test]
fn an_order_of_the_first_version_is_understood() {
    let expected = NewOrder {
        number: Some(String::from("ORDER_1")),
        requested: Amount::fen(1_250),
        channels: vec![Channel::Alipay],
        ttl: None,
        notify_url: Some(String::from("https://shop.example/notify?a=1&b=2")),
        return_url: Some(String::from("https://shop.example/back?x=1")),
        subject: Some(String::from("VIP 会员")),
        attachment: Some(String::from("user_1001")),
        echo: Some(String::from("1 alipay")),
        idempotency: None,
    };
    let query = signed(KEY, &first());
    for path in ["/submit.php", "/pay/submit", "/mapi.php", "/m/1001/mapi", "/xpay/epay/mapi.php"] {
        for request in [get(path, &query), post(path, FORM, query.as_bytes())] {
            assert_eq!(read(&request), Ok(own(Action::Create(expected.clone()))), "{path}");
        }
    }
    let old = post("/mapi.php", FORM, signed(OLD_KEY, &first()).as_bytes());
    assert_eq!(read(&old), Ok(own(Action::Create(expected))), "a rotated key");
}

#[test]
fn the_same_terms_go_on_under_a_number_that_expired() {
    let numbers = vec![(String::from("T-9"), OrderStatus::Expired)];
    let desk = TestDesk { numbers, ..TestDesk::default() };
    let pairs = but(first(), "out_trade_no", "T-9");
    let expired = epay(NotifyMethod::Get).read(&mapi(&pairs), &desk).unwrap();
    let Action::CreateAgain { order, number } = expired.action else { panic!("{expired:?}") };
    assert_eq!((order.number.as_deref(), number.as_str()), (Some("T-9"), "T-9#2"));
    let second = || OrderView { number: String::from("T-9#2"), ..open() };
    let query = get("/api.php", "act=order");
    assert!(answered(&query, &reply(second())).contains(r#""out_trade_no":"T-9","#));
    let gone = OrderView { status: OrderStatus::Expired, ..second() };
    let over = said(-1, "该订单(T-9)已关闭，请更换订单号重新发起支付");
    assert_eq!(answered(&mapi(&pairs), &repeat(gone)), over, "the hundredth of one number");
    let told = OrderView { number: String::from("T-9#2"), ..paid() };
    let sent = callback(NotifyMethod::Get, &told, Topic::OrderPaid, "http://a.cn/n").unwrap();
    assert!(sent.url.contains("&out_trade_no=T-9&"), "{}", sent.url);
}

#[test]
fn types_and_amounts_are_read_as_shops_write_them() {
    let types: [(&str, &[Channel]); 5] = [
        ("alipay", &[Channel::Alipay]),
        ("wxpay", &[Channel::Wechat]),
        ("qqpay", &[Channel::Qq]),
        ("tenpay", &[Channel::Qq]),
        ("bank", &[Channel::Unionpay]),
    ];
    for (kind, channels) in types {
        let order = new_order(read(&mapi(&but(first(), "type", kind))).unwrap());
        assert_eq!((order.channels.as_slice(), order.echo), (channels, Some(format!("1 {kind}"))));
    }
    let any = but(but(first(), "type", ""), "clientip", "");
    let order = new_order(read(&get("/submit.php", &signed(KEY, &any))).unwrap());
    assert_eq!((order.channels, order.echo), (vec![], Some(String::from("1 "))));
    for (text, fen) in [("1", 100), ("1.0", 100), ("1.00", 100), ("0.01", 1), ("12.5", 1_250)] {
        let order = new_order(read(&mapi(&but(first(), "money", text))).unwrap());
        assert_eq!(order.requested, Amount::fen(fen), "{text}");
    }
    let long = "会".repeat(50);
    let order = new_order(read(&mapi(&but(first(), "name", &long))).unwrap());
    assert_eq!(order.subject, Some("会".repeat(42)), "127 bytes hold 42 of three bytes");
}

#[test]
fn what_is_missing_or_odd_is_named_in_the_protocol_s_words() {
    let long_url = format!("https://shop.example/{}", "x".repeat(2_048));
    let cases = [
        ("out_trade_no", "", "订单号(out_trade_no)不能为空"),
        ("notify_url", "", "通知地址(notify_url)不能为空"),
        ("name", " ", "商品名称(name)不能为空"),
        ("money", "", "金额(money)不能为空"),
        ("type", "", "支付方式(type)不能为空"),
        ("clientip", "", "用户IP地址(clientip)不能为空"),
        ("out_trade_no", "订单1", "订单号(out_trade_no)格式不正确"),
        ("out_trade_no", "A 1", "订单号(out_trade_no)格式不正确"),
        ("money", "0", "金额不合法"),
        ("money", "-1", "金额不合法"),
        ("money", "1e3", "金额不合法"),
        ("money", "1.001", "金额不合法"),
        ("money", "1.2.3", "金额不合法"),
        ("money", "１", "金额不合法"),
        ("money", "99999999999999999999", "金额不合法"),
        ("type", "usdt", "支付方式(type)不存在"),
        ("notify_url", "ftp://shop.example/", "通知地址(notify_url)格式不正确"),
        ("notify_url", "http://127.0.0.1/n", "通知地址(notify_url)不允许访问"),
        ("notify_url", "http://user:pw@shop.example/", "通知地址(notify_url)不允许访问"),
        ("notify_url", &long_url, "通知地址(notify_url)不允许访问"),
        ("return_url", "javascript:alert(1)", "回调地址(return_url)格式不正确"),
        ("name", "a\nb", "参数含有不允许的内容：name"),
    ];
    for (name, value, text) in cases {
        let mut pairs = but(first(), name, value);
        pairs.retain(|(_, value)| !value.trim().is_empty());
        assert_eq!(refused(&mapi(&pairs)), said(-1, text), "{name}={value}");
    }
    let no_way_back = signed(KEY, &but(first(), "return_url", ""));
    assert!(read(&post("/mapi.php", FORM, no_way_back.as_bytes())).is_ok());
    let page = refused(&get("/submit.php", &no_way_back));
    assert!(page.contains("<p>回调地址(return_url)不能为空</p>"), "{page}");
}

#[test]
fn whoever_cannot_sign_hears_one_answer() {
    let bad = said(-1, "签名校验失败，请返回重试！");
    let other = |name| signed(KEY, &but(first(), "pid", name));
    let by = |key| signed(key, &first());
    let cases = [
        by("another-key-00001"),
        by(""),
        by(STRICT_KEY),
        other("2002"),
        other("3003"),
        other("4004"),
        other("5005"),
        other("no name!"),
        encoded(&first()),
        format!("{}&sign=", encoded(&first())),
        signed(KEY, &first()).replace("12.50", "0.01"),
        format!("{}&extra=1", signed(KEY, &first())),
    ];
    for query in cases {
        assert_eq!(refused(&post("/mapi.php", FORM, query.as_bytes())), bad, "{query}");
    }
    let elsewhere = post("/m/2002/mapi.php", FORM, by(KEY).as_bytes());
    assert_eq!(refused(&elsewhere), bad, "the path names another merchant");
    assert_eq!(refused(&post("/mapi.php", FORM, b"a=1")), said(-4, "未传入任何参数"));
    assert_eq!(refused(&post("/mapi.php", FORM, b"pid=")), said(-1, "商户ID不能为空"));
    assert!(refused(&get("/submit.php", "")).contains("你还未配置支付接口商户！"));
}

#[test]
fn shops_that_sign_a_little_differently_are_understood() {
    let sign_of = |text: &str| md5_hex(&[text.as_bytes(), KEY.as_bytes()]);
    let with = |extra: &str, sign: &str| format!("{}{extra}&sign={sign}", encoded(&first()));
    let plain = sign_of(&canon::text(first().into_iter()));
    let everything = {
        let mut pairs = first();
        pairs.extend([("sitename", ""), ("device", "")]);
        sign_of(&canon::text(pairs.into_iter()))
    };
    let cases = [
        ("upper case", with("", &plain.to_uppercase())),
        ("empties are not signed", with("&sitename=&device=", &plain)),
        ("spaces are empty", with("&sitename=%20%09", &plain)),
        ("empties are signed", with("&sitename=&device=", &everything)),
        ("lists are not signed", with("&a%5B%5D=1&b%5Bx%5D=2", &plain)),
        ("another sign_type", with("&sign_type=md5", &plain)),
    ];
    for (what, query) in cases {
        assert!(read(&post("/mapi.php", FORM, query.as_bytes())).is_ok(), "{what}");
    }
    let mut more = first();
    more.extend([("device", "pc"), ("sitename", "小店"), ("zero", "0")]);
    assert!(read(&mapi(&more)).is_ok(), "the shop's own extras are signed");
}

#[test]
fn values_that_could_hide_a_parameter_are_refused() {
    let lax = [
        ("name", "VIP&out_trade_no=T999", false),
        ("name", "VIP&out_trade_no=ORDER_1", true),
        ("name", "VIP&notify_url=http://evil.example/", false),
        ("name", "VIP&trade_no=o1", false),
        ("name", "VIP&trade_status=X", false),
        ("name", "A&B=C", true),
        ("name", "a=b&c", true),
        ("param", "uid=1&type=gold", true),
        ("param", "uid=1&pid=7", false),
        ("device", "pc&money=0.01&m=", false),
        ("notify_url", "https://a.cn/n?a=1&type=epay&trade_no=1", true),
        ("notify_url", "https://a.cn/n?a=1&out_trade_no=ORDER_1", true),
        ("notify_url", "https://a.cn/n?a=1&out_trade_no=T999", false),
        ("return_url", "https://a.cn/r?a=1&money=12.50", true),
        ("return_url", "https://a.cn/r?a=1&money=0.01", false),
        ("x&money=0.01&y", "1", false),
    ];
    for (name, value, fine) in lax {
        let read = read(&mapi(&but(first(), name, value)));
        assert_eq!(read.is_ok(), fine, "{name}={value}");
    }
    let strict = [
        ("name", "VIP 会员 a=b", true),
        ("name", "A&B=C", true),
        ("name", "A&type=B", false),
        ("notify_url", "https://a.cn/n?a=1&b=2", true),
        ("notify_url", "https://a.cn/n?a=1&type=epay", false),
        ("notify_url", "https://a.cn/n?type=epay", true),
        ("extra", "1", false),
    ];
    for (name, value, fine) in strict {
        let pairs = but(but(first(), "pid", "2002"), name, value);
        let query = signed(STRICT_KEY, &pairs);
        let read = read(&post("/mapi.php", FORM, query.as_bytes()));
        assert_eq!(read.is_ok(), fine, "{name}={value}");
    }
}

#[test]
fn the_key_in_clear_opens_api_php_and_nothing_else_does() {
    let page =
        |limit, offset, settled| Action::Page { dialect: Protocol::Epay, settled, offset, limit };
    let (id, order) = (OrderId::from_bits(7).to_string(), OrderId::from_bits(7));
    let (by_id, by_number) = (OrderQuery::Id(order), OrderQuery::Id(order));
    let cases = [
        (String::from("act=query"), page(0, 0, None)),
        (String::from("act=settle"), page(0, 0, None)),
        (format!("act=order&trade_no={id}&out_trade_no=X"), Action::Get(by_id)),
        (String::from("act=order&out_trade_no=ORDER_1"), Action::Get(by_number)),
        (String::from("act=orders"), page(10, 0, None)),
        (String::from("act=orders&limit=500&offset=7&status=1"), page(50, 7, Some(true))),
        (String::from("act=orders&limit=20&page=3&status=0"), page(20, 40, Some(false))),
        (String::from("act=orders&limit=-1&offset=x"), page(10, 0, None)),
    ];
    for (query, action) in cases {
        let request = get("/api.php", &format!("{query}&pid=1001&key={KEY}"));
        assert_eq!(read(&request), Ok(own(action)), "{query}");
    }
    let wrong = said(-3, "商户密钥错误");
    for (pid, key) in [
        ("1001", STRICT_KEY),
        ("1001", ""),
        ("3003", KEY),
        ("4004", KEY),
        ("5005", ""),
        ("x!", KEY),
    ] {
        for act in ["query", "settle", "order", "orders", "refund"] {
            let query = format!("act={act}&pid={pid}&key={key}&money=1&out_trade_no=ORDER_1");
            assert_eq!(refused(&get("/api.php", &query)), wrong, "{query}");
        }
    }
    let upper = format!("act=query&pid=1001&key={}", KEY.to_uppercase());
    assert_eq!(refused(&get("/api.php", &upper)), wrong);
    let cases = [
        (format!("act=order&pid=1001&key={KEY}"), said(-4, "订单号不能为空")),
        (format!("act=order&trade_no=1&pid=1001&key={KEY}"), said(-1, "订单号不存在")),
        (format!("act=query&key={KEY}"), said(-3, "商户ID不存在")),
        (String::from("act=other"), said(-5, "No Act!")),
        (String::new(), said(-5, "No Act!")),
    ];
    for (query, answer) in cases {
        assert_eq!(refused(&get("/api.php", &query)), answer, "{query}");
    }
}

#[test]
fn a_signature_opens_an_order_s_query_and_nothing_else_of_api_php() {
    let asked = |pairs: &Pairs<'_>, key: &str| get("/api.php", &signed(key, pairs));
    let query = vec![("pid", "1001"), ("act", "order"), ("out_trade_no", "ORDER_1")];
    let by_number = Action::Get(OrderQuery::Id(OrderId::from_bits(7)));
    assert_eq!(read(&asked(&query, KEY)), Ok(own(by_number)));

    let bad = said(-1, "签名校验失败，请返回重试！");
    assert_eq!(refused(&asked(&query, STRICT_KEY)), bad);
    assert_eq!(refused(&asked(&but(query.clone(), "pid", "3003"), KEY)), bad);
    let other = signed(KEY, &query).replace("ORDER_1", "ORDER_2");
    assert_eq!(refused(&get("/api.php", &other)), bad);
    let wrong = said(-3, "商户密钥错误");
    let both = format!("{}&key={STRICT_KEY}", signed(KEY, &query));
    assert_eq!(refused(&get("/api.php", &both)), wrong, "a wrong key is not mended by a sign");
    for act in ["query", "settle", "orders", "refund"] {
        assert_eq!(refused(&asked(&but(query.clone(), "act", act), KEY)), wrong, "{act}");
    }
    // An order's own signature, which its payer sees, with the question put to it.
    let seen = format!("{}&act=order", signed(KEY, &first()));
    assert_eq!(refused(&get("/api.php", &seen)), bad);
}

#[test]
fn a_refund_is_of_an_own_order_and_is_not_asked_for_twice() {
    let ask = |rest: &str| {
        let form = format!("pid=1001&key={KEY}&{rest}");
        let mut request = post("/api.php", FORM, form.as_bytes());
        request.query = String::from("act=refund");
        request
    };
    let order = OrderId::from_bits(8);
    let expected = NewRefund {
        order,
        number: Some(format!("{order}-5.00")),
        amount: Amount::fen(500),
        reason: String::from("epay refund"),
    };
    for rest in [format!("trade_no={order}&money=5"), String::from("out_trade_no=PAID_1&money=5.0")]
    {
        assert_eq!(read(&ask(&rest)), Ok(own(Action::Refund(expected.clone()))), "{rest}");
    }
    let foreign = OrderId::from_bits(9);
    let cases = [
        (format!("trade_no={order}"), said(-1, "金额输入错误")),
        (format!("trade_no={order}&money=0"), said(-1, "金额输入错误")),
        (format!("trade_no={order}&money=-5"), said(-1, "金额输入错误")),
        (String::from("money=5"), said(-4, "订单号不能为空")),
        (format!("trade_no={foreign}&money=5"), said(-1, "当前订单不存在！")),
        (String::from("out_trade_no=VMQ_1&money=5"), said(-1, "当前订单不存在！")),
        (String::from("out_trade_no=NONE&money=5"), said(-1, "当前订单不存在！")),
        (String::from("trade_no=x&money=5"), said(-1, "当前订单不存在！")),
    ];
    for (rest, answer) in cases {
        assert_eq!(refused(&ask(&rest)), answer, "{rest}");
    }
}

#[test]
fn a_created_order_leads_to_the_cashier() {
    let id = OrderId::from_bits(7);
    let shown =
        format!(r#"{{"code":1,"trade_no":"{id}","payurl":"https://pay.example/pay/{id}"}}"#);
    let request = mapi(&first());
    assert_eq!(answered(&request, &reply(open())), shown);
    assert_eq!(answered(&request, &repeat(open())), shown, "the same number is the same order");
    let page = answered(&get("/submit.php", &signed(KEY, &first())), &reply(open()));
    assert!(page.contains(&format!("'https://pay.example/pay/{id}'")), "{page}");

    let closed = OrderView { status: OrderStatus::Closed, ..open() };
    let cases = [
        (repeat(paid()), "该订单(ORDER_1)已完成支付，请勿重复发起支付"),
        (repeat(closed), "该订单(ORDER_1)已关闭，请更换订单号重新发起支付"),
        (taken(7), "该订单(ORDER_1)支付参数有变化，请更换订单号重新发起支付"),
        (taken(8), "该订单(ORDER_1)已完成支付，请勿重复发起支付"),
        (
            Reply::Rejected(Rejection::AmountsExhausted),
            "当前金额的待支付订单已满，请稍后再试或更换金额",
        ),
        (Reply::Rejected(Rejection::NoWallet), "当前支付方式没有可用的收款账户，请更换支付方式"),
        (Reply::Rejected(Rejection::TooManyOpenOrders), "当前商户已超出订单并发量限制，请稍后再试"),
        (Reply::Rejected(Rejection::BadText("attachment")), "参数错误：param"),
        (Reply::Rejected(Rejection::UnknownMerchant), "签名校验失败，请返回重试！"),
        (Reply::Busy, "系统繁忙，请稍后重试"),
        (Reply::OutcomeUnknown, "结果未知，请用同一订单号重试"),
        (Reply::Forbidden, "操作失败"),
    ];
    for (reply, text) in cases {
        assert_eq!(answered(&request, &reply), said(-1, text));
        let page = answered(&get("/submit.php", &signed(KEY, &first())), &reply);
        assert!(page.contains(&format!("<p>{text}</p>")), "{page}");
    }
}

fn taken(bits: u128) -> Reply {
    Reply::Rejected(Rejection::NumberTaken(OrderId::from_bits(bits)))
}

#[test]
fn a_page_shows_no_text_as_markup() {
    let pairs = but(first(), "<script>&'\"", "1");
    let page = refused(&get("/submit.php", &signed("another-key-00001", &pairs)));
    assert!(page.contains("签名校验失败"), "{page}");
    let twice = refused(&get("/submit.php", "%3Cscript%3E=1&%3Cscript%3E=2"));
    assert!(twice.contains("参数重复：&lt;script&gt;") && !twice.contains("<script>"), "{twice}");
}

#[test]
fn queries_show_an_order_as_the_original_does() {
    let id = OrderId::from_bits(7);
    let request = get("/api.php", "act=order");
    let shown = format!(
        r#"{{"code":1,"msg":"succ","trade_no":"{id}","out_trade_no":"ORDER_1","api_trade_no":null,"type":"alipay","pid":1001,"addtime":"2026-11-21 12:00:00","endtime":null,"name":"VIP","money":"12.50","param":"user_1001","buyer":null,"status":0,"payurl":"https://pay.example/pay/{id}"}}"#
    );
    assert_eq!(answered(&request, &reply(open())), shown);
    let shown = answered(&request, &reply(paid()));
    assert!(shown.contains(r#""endtime":"2026-11-21 12:01:00","#), "{shown}");
    assert!(shown.contains(r#""status":1,"#), "{shown}");
    let underpaid = OrderView { status: OrderStatus::Underpaid, ..paid() };
    assert!(answered(&request, &reply(underpaid)).contains(r#""status":0,"#));
    let elsewhere = view(paid_order(Protocol::Vmq));
    for reply in [Reply::NotFound, reply(elsewhere)] {
        assert_eq!(answered(&request, &reply), said(-1, "订单号不存在"));
    }

    let list = Reply::Orders { orders: vec![paid(), open()], next: None };
    let shown = answered(&get("/api.php", "act=orders"), &list);
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&json["code"], &json["count"]), (&1.into(), &2.into()));
    assert_eq!(json["data"][0]["status"], 1);
    assert_eq!(json["data"][1]["out_trade_no"], "ORDER_1");

    let none = Reply::Orders { orders: Vec::new(), next: None };
    let shown = r#"{"code":1,"pid":1001,"key":"","active":1,"money":"0.00","type":1,"account":"","username":"","orders":12,"orders_today":3,"orders_lastday":2,"order_today":3,"order_lastday":2}"#;
    assert_eq!(answered(&get("/api.php", "act=query"), &none), shown);
    let shown = r#"{"code":1,"msg":"查询结算记录成功！","data":[]}"#;
    assert_eq!(answered(&get("/api.php", "act=settle"), &none), shown);
}

#[test]
fn a_refund_is_told_as_what_it_is() {
    let (id, order) = (RefundId::from_bits(3), OrderId::from_bits(8));
    let request = get("/api.php", "act=refund&out_trade_no=PAID_1");
    let shown = format!(
        r#"{{"code":0,"refund_no":"{id}","out_refund_no":"REFUND_1","trade_no":"{order}","out_trade_no":"PAID_1","uid":1001,"money":"5.00","reducemoney":"5.00","msg":"退款申请已受理，由人工打款！退款金额¥5.00"}}"#
    );
    assert_eq!(answered(&request, &refund(RefundState::Requested)), shown);
    let Reply::Refund { refund: known, .. } = refund(RefundState::Confirmed) else { panic!() };
    let again = Reply::Refund { refund: known, repeated: true };
    let before = format!(
        "该订单已有一笔相同金额(¥5.00)的退款申请({id})，本次未受理；如需再退一笔，请填写退款单号(out_refund_no)"
    );
    assert_eq!(answered(&request, &again), said(-1, &before));
    let named = get("/api.php", "act=refund&out_trade_no=PAID_1&out_refund_no=REFUND_1");
    assert!(answered(&named, &again).contains(r#""code":0,"#), "a named one is known again");
    let left = Amount::fen(1);
    let cases = [
        (refund(RefundState::Declined), "该退款申请已被拒绝，未退款"),
        (Reply::Rejected(Rejection::OrderIs(OrderStatus::Open)), "该订单状态不支持退款！"),
        (
            Reply::Rejected(Rejection::RefundExceeds { left }),
            "退款金额不能超过该订单剩余可退款金额！",
        ),
        (Reply::Rejected(Rejection::RefundNumberTaken), "退款单号已被使用，且退款内容不同"),
        (Reply::Rejected(Rejection::BadText("number")), "参数错误：out_refund_no"),
    ];
    for (reply, text) in cases {
        assert_eq!(answered(&request, &reply), said(-1, text));
    }
}

#[test]
fn getshop_leads_back_for_five_minutes() {
    let id = OrderId::from_bits(7);
    let request = get("/getshop.php", &format!("trade_no={id}"));
    let call = Call { caller: Caller::Holder, action: Action::Get(OrderQuery::Id(id)) };
    assert_eq!(read(&request), Ok(call));
    let not_yet = said(-1, "未付款");
    assert_eq!(answered(&request, &reply(open())), not_yet);
    assert_eq!(answered(&request, &reply(view(paid_order(Protocol::Vmq)))), not_yet);
    assert_eq!(answered(&request, &Reply::NotFound), not_yet);
    let elsewhere = get("/m/2002/getshop.php", &format!("trade_no={id}"));
    assert_eq!(answered(&elsewhere, &reply(paid())), not_yet);
    assert_eq!(refused(&get("/getshop.php", "")), said(-2, "No trade_no!"));
    assert_eq!(refused(&get("/getshop.php", "trade_no=1")), not_yet);

    let shown = answered(&request, &reply(paid()));
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let back = json["backurl"].as_str().unwrap();
    assert!(back.starts_with("https://shop.example/back?from=pay&pid=1001&trade_no="), "{back}");
    let long_ago = OrderView { ended_at: Some(NOON.minus(Span::from_secs(301))), ..paid() };
    let shown = answered(&request, &reply(long_ago));
    let cashier =
        format!(r#"{{"code":1,"msg":"付款成功","backurl":"https://pay.example/pay/{id}"}}"#);
    assert_eq!(shown, cashier);
}

fn callback(
    method: NotifyMethod,
    order: &OrderView,
    topic: Topic,
    url: &str,
) -> Result<CallbackRequest, Unsendable> {
    let callback = CallbackId { order: order.id, number: 1 };
    let message = Message { callback, topic, order, refund: None, url, since: NOON, at: NOON };
    epay(method).write_callback(&message, &TestDesk::default())
}

#[test]
fn a_callback_says_the_asked_amount_as_a_float_and_nothing_empty() {
    let id = OrderId::from_bits(7);
    let text = format!(
        "money=12.5&name=VIP&out_trade_no=ORDER_1&param=user_1001&pid=1001&trade_no={id}&trade_status=TRADE_SUCCESS&type=alipay"
    );
    let sign = md5_hex(&[text.as_bytes(), KEY.as_bytes()]);
    let form = format!(
        "pid=1001&trade_no={id}&out_trade_no=ORDER_1&type=alipay&name=VIP&money=12.5&trade_status=TRADE_SUCCESS&param=user_1001&sign={sign}&sign_type=MD5"
    );
    for (url, begin) in
        [("http://a.cn/n", "http://a.cn/n?"), ("http://a.cn/n?x=1", "http://a.cn/n?x=1&")]
    {
        let sent = callback(NotifyMethod::Get, &paid(), Topic::OrderPaid, url).unwrap();
        assert_eq!((sent.method, sent.url), (Method::Get, format!("{begin}{form}")));
        assert!(sent.headers.is_empty() && sent.body.is_empty());
    }
    let sent =
        callback(NotifyMethod::Post, &paid(), Topic::OrderPaid, "http://a.cn/n?x=1").unwrap();
    assert_eq!((sent.method, sent.url.as_str()), (Method::Post, "http://a.cn/n?x=1"));
    assert_eq!(sent.headers, [(String::from("content-type"), String::from(FORM))]);
    assert_eq!(String::from_utf8(sent.body).unwrap(), form);

    let bare = OrderView {
        requested: Amount::fen(10_000),
        attachment: None,
        echo: Some(String::from("1 ")),
        channel: Channel::Wechat,
        ..paid()
    };
    let sent = callback(NotifyMethod::Get, &bare, Topic::OrderPaid, "http://a.cn").unwrap().url;
    assert!(sent.contains("&type=wxpay&name=VIP&money=100&trade_status"), "{sent}");
    assert!(!sent.contains("param="), "{sent}");
    for (fen, text) in [(1, "0.01"), (10, "0.1"), (100, "1"), (1_000, "10"), (100_001, "1000.01")] {
        assert_eq!(super::callback::float_text(Amount::fen(fen)), text);
    }
}

#[test]
fn what_cannot_be_sent_is_named_and_nothing_is_signed_before_payment() {
    let topic = Topic::RefundConfirmed(RefundId::from_bits(1));
    let send = |order: &OrderView, topic, url| callback(NotifyMethod::Get, order, topic, url);
    assert_eq!(send(&paid(), topic, "http://a"), Err(Unsendable::NoWord));
    assert_eq!(send(&paid(), Topic::OrderPaid, "ftp://a"), Err(Unsendable::BadAddress));
    assert_eq!(send(&open(), Topic::OrderPaid, "http://a"), Err(Unsendable::NoKey));
    for name in ["3003", "4004", "5005"] {
        for echo in ["1 alipay", "2 alipay"] {
            let echo = Some(String::from(echo));
            let keyless = OrderView { merchant: merchant(name), echo, ..paid() };
            assert_eq!(send(&keyless, Topic::OrderPaid, "http://a"), Err(Unsendable::NoKey));
        }
    }
    let desk = TestDesk::default();
    let plain = Some(String::from("https://shop.example/back?from=pay"));
    assert_eq!(Epay::default().return_url(&open(), &desk), plain);
    let nowhere = OrderView { return_url: None, ..paid() };
    assert_eq!(Epay::default().return_url(&nowhere, &desk), None);
}

#[test]
fn a_callback_of_the_second_version_is_signed_by_us() {
    let echo = Some(String::from("2 alipay"));
    let order = OrderView { echo, ..paid() };
    let sent = callback(NotifyMethod::Get, &order, Topic::OrderPaid, "http://a.cn/n").unwrap();
    let query = sent.url.strip_prefix("http://a.cn/n?").unwrap();
    let params = Params::of(&get("/", query)).unwrap();
    assert_eq!(params.get("sign_type"), Some("RSA"));
    assert_eq!(params.get("timestamp"), Some("1795233600"));
    assert_eq!(params.get("money"), Some("12.5"));
    let key = PublicKey::parse(PLATFORM_PUBLIC).unwrap();
    assert!(canon::rsa_fits(&canon::texts(&params), params.get("sign").unwrap(), &key));
}

#[test]
fn success_is_the_word_anywhere() {
    let yes =
        ["success", "SUCCESS", "Success", " success\n", r#"{"state":"success","msg":"支付成功"}"#];
    for body in yes {
        assert_eq!(Epay::default().judge(200, body.as_bytes()), Judged::Acknowledged, "{body}");
        assert_eq!(Epay::default().judge(500, body.as_bytes()), Judged::NotYet, "{body}");
        assert_eq!(Epay::default().judge(302, body.as_bytes()), Judged::NotYet, "{body}");
    }
    for body in ["", "fail", "ok", "succeed", "sUCCESS"] {
        assert_eq!(Epay::default().judge(200, body.as_bytes()), Judged::NotYet, "{body}");
    }
}

fn v2(word: &str, pairs: &Pairs<'_>) -> Request {
    post(&format!("/api/pay/{word}"), FORM, &signed_by_rsa(pairs))
}

#[test]
fn a_signature_that_openssl_made_is_good() {
    let form =
        format!("{}&sign={}&sign_type=RSA", encoded(&second()), encode_component(CREATE_SIGN));
    let unencoded = format!("{}&sign={CREATE_SIGN}&sign_type=rsa", encoded(&second()));
    for form in [form, unencoded] {
        let call = read(&post("/api/pay/create", FORM, form.as_bytes())).unwrap();
        let order = new_order(call);
        assert_eq!(order.echo.as_deref(), Some("2 alipay"));
        assert_eq!(order.requested, Amount::fen(1_250));
    }
}

#[test]
fn the_second_version_checks_kind_time_and_signature() {
    let times = [
        ("1795233300", true),
        ("1795233900", true),
        ("1795233299", false),
        ("1795233901", false),
        ("179523360", false),
        ("17952336000", false),
        ("x", false),
    ];
    let late = said(-3, "时间戳字段不正确，请检查服务器时间");
    for (time, fine) in times {
        let request = v2("create", &but(second(), "timestamp", time));
        match read(&request) {
            Ok(_) => assert!(fine, "{time}"),
            Err(answer) => assert_eq!((fine, text_of(&answer)), (false, late.clone()), "{time}"),
        }
    }
    let raw = |form: &str| refused(&post("/api/pay/create", FORM, form.as_bytes()));
    let bad = said(-3, "RSA签名校验失败");
    for name in ["3003", "4004", "5005", "no name!"] {
        assert_eq!(refused(&v2("create", &but(second(), "pid", name))), bad, "{name}");
    }
    let good = String::from_utf8(signed_by_rsa(&second())).unwrap();
    assert_eq!(raw(&good.replace("money=12.50", "money=0.01")), bad);
    assert_eq!(raw(&format!("{good}&extra=1")), bad);
    let plain = encoded(&second());
    assert_eq!(raw(&format!("{plain}&sign_type=RSA&sign=AAAA")), bad);
    assert_eq!(raw(&format!("{plain}&sign_type=RSA&sign=%20!")), bad);
    assert_eq!(raw(&format!("{plain}&sign_type=RSA")), said(-3, "缺少签名参数"));
    assert_eq!(raw(&signed(KEY, &second())), said(-3, "该接口只能使用RSA签名类型"));
    assert_eq!(raw("sign_type=RSA&pid=1001"), said(-3, "时间戳(timestamp)字段不能为空"));
    assert_eq!(raw("a=1"), said(-4, "未传入任何参数"));
    let nobody = Epay::default().read(&v2("create", &second()), &TestDesk::default());
    assert_eq!(text_of(&nobody.unwrap_err()), bad, "no merchant has a key");
    let get = get("/api/pay/create", &good);
    assert_eq!(read(&get).unwrap_err().status, 405);
    let page = read(&Request { path: String::from("/api/pay/submit"), ..get }).unwrap_err();
    assert!(text_of(&page).contains("回调地址(return_url)不能为空"));
}

#[test]
fn the_second_version_s_questions_are_understood() {
    let base = || vec![("pid", "1001"), ("timestamp", "1795233600")];
    let with = |more: Pairs<'static>| [base(), more].concat();
    let order = OrderId::from_bits(7);
    let by_number = with(vec![("out_trade_no", "ORDER_1")]);
    let query = Action::Get(OrderQuery::Id(order));
    assert_eq!(read(&v2("query", &by_number)), Ok(own(query)));
    assert_eq!(read(&v2("close", &by_number)), Ok(own(Action::Close(order))));
    let more = vec![("out_trade_no", "PAID_1"), ("money", "5"), ("out_refund_no", "REFUND_1")];
    let refund = NewRefund {
        order: OrderId::from_bits(8),
        number: Some(String::from("REFUND_1")),
        amount: Amount::fen(500),
        reason: String::from("epay refund"),
    };
    assert_eq!(read(&v2("refund", &with(more))), Ok(own(Action::Refund(refund))));
    let asked = Action::GetRefund(RefundId::from_bits(3));
    let named = with(vec![("out_refund_no", "REFUND_1")]);
    assert_eq!(read(&v2("refundquery", &named)), Ok(own(asked)));
    let page =
        |settled, offset, limit| Action::Page { dialect: Protocol::Epay, settled, offset, limit };
    let orders = post("/api/merchant/orders", FORM, &signed_by_rsa(&with(vec![("limit", "5")])));
    assert_eq!(read(&orders), Ok(own(page(None, 0, 5))));
    let info = post("/api/merchant/info", FORM, &signed_by_rsa(&base()));
    assert_eq!(read(&info), Ok(own(page(None, 0, 0))));

    let cases = [
        ("query", base(), said(-4, "订单号不能为空")),
        ("close", base(), said(-4, "订单号不能为空")),
        ("close", with(vec![("out_trade_no", "VMQ_1")]), said(-1, "当前订单不存在！")),
        ("refund", by_number.clone(), said(-1, "金额输入错误")),
        ("refundquery", base(), said(-1, "商户退款单号不能为空")),
        ("refundquery", with(vec![("out_refund_no", "X")]), said(-1, "退款记录不存在")),
        ("refundquery", with(vec![("refund_no", "X")]), said(-1, "退款记录不存在")),
        ("refund", second(), said(-1, "参数含有不允许的内容：notify_url")),
        ("close", second(), said(-1, "参数含有不允许的内容：notify_url")),
    ];
    for (word, pairs, answer) in cases {
        assert_eq!(refused(&v2(word, &pairs)), answer, "{word} {pairs:?}");
    }
}

/// The members of a signed answer, once our signature over them was checked.
fn checked(answer: &str) -> serde_json::Value {
    let json: serde_json::Value = serde_json::from_str(answer).unwrap();
    let texts: Vec<(String, String)> = json
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(name, value)| match value {
            serde_json::Value::String(text) => Some((name.clone(), text.clone())),
            serde_json::Value::Number(number) => Some((name.clone(), number.to_string())),
            _ => None,
        })
        .collect();
    let pairs: Pairs<'_> = texts.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let params = Params::of(&get("/", &encoded(&pairs))).unwrap();
    let key = PublicKey::parse(PLATFORM_PUBLIC).unwrap();
    assert!(canon::rsa_fits(&canon::texts(&params), params.get("sign").unwrap(), &key), "{answer}");
    assert_eq!((&json["sign_type"], &json["timestamp"]), (&"RSA".into(), &"1795233600".into()));
    json
}

#[test]
fn the_second_version_s_answers_are_signed() {
    let ask = |path: &str, reply: &Reply| answered(&post(path, FORM, b""), reply);
    let id = OrderId::from_bits(7).to_string();
    let json = checked(&ask("/api/pay/create", &reply(open())));
    assert_eq!((&json["code"], &json["pay_type"]), (&0.into(), &"jump".into()));
    assert_eq!(json["pay_info"], format!("https://pay.example/pay/{id}"));
    let json = checked(&ask("/api/pay/query", &reply(paid())));
    assert_eq!((&json["status"], &json["money"]), (&1.into(), &"12.50".into()));
    for (refunded, status, text) in [(1_251, 2, "12.51"), (1_250, 2, "12.50"), (1_249, 1, "12.49")]
    {
        let back = OrderView { refunded: Amount::fen(refunded), ..paid() };
        let json = checked(&ask("/api/pay/query", &reply(back)));
        assert_eq!((&json["status"], &json["refundmoney"]), (&status.into(), &text.into()));
    }
    // The original filters out what is empty, and shops loop over what is there.
    let bare = OrderView { attachment: Some(String::from(" ")), ..open() };
    let json = checked(&ask("/api/pay/query", &reply(bare)));
    let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "addtime",
        "code",
        "money",
        "name",
        "out_trade_no",
        "pid",
        "sign",
        "sign_type",
        "status",
        "timestamp",
        "trade_no",
        "type",
    ];
    assert_eq!(names, expected);
    let closed = OrderView { status: OrderStatus::Closed, ..open() };
    assert_eq!(checked(&ask("/api/pay/close", &reply(closed)))["msg"], "订单关闭成功");
    assert_eq!(checked(&ask("/api/pay/refund", &refund(RefundState::Requested)))["code"], 0);
    let states = [
        (RefundState::Requested, 0, "requested", "退款申请此前已受理，由人工打款！退款金额¥5.00"),
        (RefundState::Confirmed, 1, "confirmed", "已退款！退款金额¥5.00"),
        (RefundState::Declined, 0, "declined", "该退款申请已被拒绝，未退款"),
    ];
    for (state, status, word, text) in states {
        let json = checked(&ask("/api/pay/refundquery", &refund(state)));
        assert_eq!((&json["status"], &json["state"]), (&status.into(), &word.into()));
        assert_eq!((&json["msg"], &json["out_trade_no"]), (&text.into(), &"PAID_1".into()));
    }
    let list = || Reply::Orders { orders: vec![paid()], next: None };
    let json = checked(&ask("/api/merchant/orders", &list()));
    assert_eq!(json["data"][0]["trade_no"], id);
    let json = checked(&ask("/api/merchant/info", &list()));
    assert_eq!((&json["order_num"], &json["order_money_today"]), (&12.into(), &"12.50".into()));
    assert_eq!(
        ask("/api/pay/create", &repeat(paid())),
        said(-1, "该订单(ORDER_1)已完成支付，请勿重复发起支付")
    );
    assert_eq!(ask("/api/pay/refundquery", &Reply::NotFound), said(-1, "退款记录不存在"));
    let open = Reply::Rejected(Rejection::OrderIs(OrderStatus::Paid));
    assert_eq!(ask("/api/pay/close", &open), said(-1, "该订单状态不支持关闭！"));

    let call = Call { caller: Caller::Merchant(merchant("3003")), action: Action::Watchers };
    let request = post("/api/pay/query", FORM, b"");
    let answer = Epay::default().answer(&request, &call, &reply(paid()), &TestDesk::default());
    assert_eq!(text_of(&answer), said(-1, "平台尚未生成与该商户的RSA密钥"));
}

#[test]
fn verbs_and_lengths_are_refused_in_its_words() {
    for path in ["/submit.php", "/mapi.php", "/api/pay/create"] {
        let request = Request::new(Method::Put, path, "");
        assert_eq!(read(&request).unwrap_err().status, 405, "{path}");
        let answer = Epay::default().too_large(&request);
        assert!(answer.status == 200 && text_of(&answer).contains("请求内容过长"), "{path}");
    }
    let busy = answered(&mapi(&first()), &Reply::Busy);
    assert_eq!(busy, said(-1, "系统繁忙，请稍后重试"));
    assert_ne!(PLATFORM_KEY, MERCHANT_KEY);
}

proptest! {
    #[test]
    fn one_changed_byte_of_the_signed_part_is_refused(at in 0_usize..200, to in 0x21_u8..0x7f) {
        let pairs = but(but(first(), "pid", "2002"), "name", "VIP");
        let good = signed(STRICT_KEY, &pairs);
        let texts: Vec<&str> = pairs.iter().map(|(_, value)| *value).collect();
        let length: usize = texts.iter().map(|text| text.len()).sum();
        let mut changed: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        let spot = changed.iter_mut().flatten().nth(at % length).unwrap();
        prop_assume!(*spot != to);
        *spot = to;
        let changed: Vec<String> =
            changed.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        let names = pairs.iter().map(|(name, _)| *name);
        let pairs: Pairs<'_> = names.zip(changed.iter().map(String::as_str)).collect();
        let sign = good.split_once("&sign=").unwrap().1;
        let query = format!("{}&sign={sign}", encoded(&pairs));
        prop_assert!(read(&post("/mapi.php", FORM, query.as_bytes())).is_err(), "{}", query);
    }

    #[test]
    fn any_order_of_the_parameters_is_accepted(
        pairs in Just(first()).prop_shuffle(),
        split in 0_usize..12,
    ) {
        let query = signed(KEY, &pairs);
        let pieces: Vec<&str> = query.split('&').collect();
        let (query, form) = pieces.split_at(split.min(pieces.len()));
        let mut request = post("/mapi.php", FORM, form.join("&").as_bytes());
        request.query = query.join("&");
        prop_assert!(read(&request).is_ok());
    }

    #[test]
    fn nothing_panics_and_every_refusal_has_a_shape(
        path in "/(submit|mapi|api|getshop|api/pay/(submit|create|query|refund|close)|api/merchant/info)(.php)?",
        query in "((act|pid|key|sign|money|name|timestamp|trade_no|a%5B%5D)=[^&]{0,8}&){0,6}\\PC{0,20}",
        body in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut request = post(&path, FORM, &body);
        request.query = query;
        if !Epay::default().claims(&request) {
            return Ok(());
        }
        if let Err(answer) = read(&request) {
            let text = text_of(&answer);
            let json = serde_json::from_str::<serde_json::Value>(&text);
            let page = text.starts_with("<!DOCTYPE html>");
            prop_assert!(page || json.is_ok_and(|json| json["code"].is_i64()), "{}", text);
        }
    }

    #[test]
    fn every_order_is_answered_in_json_and_called_back_with_what_it_holds(
        number in "[A-Za-z0-9._|-]{1,40}",
        name in "\\PC{1,40}",
        param in "\\PC{1,40}",
        fen in 1..10_000_000_000_i64,
    ) {
        let order = OrderView {
            number: number.clone(),
            subject: Some(name),
            attachment: Some(param.clone()),
            requested: Amount::fen(fen),
            ..paid()
        };
        let shown = answered(&get("/api.php", "act=order"), &reply(order.clone()));
        let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
        prop_assert_eq!(json["param"].as_str(), Some(param.as_str()));
        let sent = callback(NotifyMethod::Get, &order, Topic::OrderPaid, "http://a.cn/").unwrap();
        let params = Params::of(&get("/", sent.url.split_once('?').unwrap().1)).unwrap();
        prop_assert!(canon::md5_fits(&canon::texts(&params), params.get("sign").unwrap(), KEY.as_bytes()));
        prop_assert_eq!(params.get("out_trade_no"), Some(number.as_str()));
        let money = params.get("money").unwrap();
        let read = Amount::parse(money, duizhang_core::amount::Currency::Cny).unwrap();
        prop_assert_eq!(read, Amount::fen(fen), "the amount to the fen");
    }
}
