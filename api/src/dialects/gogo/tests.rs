//! Conversations with GOGO shops: what is sent, what is understood, what is answered.

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

use super::Gogo;
use crate::dialects::desk_for_tests::{
    KEY, NOON, OLD_KEY, STRICT_KEY, TestDesk, get, merchant, open_order, paid_order, post,
};
use crate::dialects::{
    Action, Call, Caller, Dialect, Judged, Message, NewOrder, OrderQuery, Reply, Unsendable,
};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json;charset=UTF-8";
const CREATE: &str = "/shop/api/createOrder";
const NOT_PROVEN: &str = "App-Id、App-Secret或签名错误";
const NO_ORDER: &str = "云端订单编号不存在";

fn carrying(mut request: Request, headers: &[(&str, &str)]) -> Request {
    let pairs = headers.iter().map(|(name, value)| (String::from(*name), String::from(*value)));
    request.headers.extend(pairs);
    request
}

fn proven(request: Request) -> Request {
    carrying(request, &[("app-id", "1001"), ("app-secret", KEY)])
}

fn sign(app_id: &str, key: &str, texts: [&str; 4]) -> String {
    md5_hex(&[app_id.as_bytes(), texts.concat().as_bytes(), key.as_bytes()])
}

/// A signed form; the signature is over the plain texts, the form is encoded.
fn form(app_id: &str, key: &str, texts: [&str; 4]) -> String {
    let sign = sign(app_id, key, texts);
    let [pay_id, param, kind, price] = texts.map(encode_component);
    format!("payId={pay_id}&param={param}&type={kind}&price={price}&sign={sign}")
}

const TEXTS: [&str; 4] = ["ORDER_1", "user_1001", "2", "12.50"];

fn plain() -> String {
    form("1001", KEY, TEXTS)
}

fn create(body: &str) -> Request {
    proven(post(CREATE, FORM, body.as_bytes()))
}

fn read(request: &Request) -> Result<Call, Answer> {
    Gogo.read(request, &TestDesk::default())
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn refused(text: &str) -> String {
    format!(r#"{{"code":0,"msg":"{text}","data":null}}"#)
}

fn refusal(request: &Request) -> String {
    let answer = read(request).expect_err("the request is refused");
    assert_eq!(
        (answer.status, answer.content_type.as_str()),
        (200, "application/json;charset=UTF-8")
    );
    body(&answer)
}

fn new_order(call: Call) -> NewOrder {
    match call.action {
        Action::Create(order) => order,
        other => panic!("not a creation: {other:?}"),
    }
}

fn answer_to(path: &str, query: &str, reply: &Reply) -> Answer {
    let call = Call { caller: Caller::Holder, action: Action::Watchers };
    Gogo.answer(&proven(get(path, query)), &call, reply, &TestDesk::default())
}

fn replied(path: &str, reply: &Reply) -> String {
    body(&answer_to(path, "", reply))
}

fn reply(order: OrderView, repeated: bool) -> Reply {
    Reply::Order { order: Box::new(order), repeated }
}

fn open() -> OrderView {
    open_order(Protocol::Gogo)
}

fn paid() -> OrderView {
    paid_order(Protocol::Gogo)
}

#[test]
fn its_own_paths_are_claimed_and_v_s_are_not() {
    for name in ["createOrder", "getOrder", "checkOrder", "closeOrder", "deleteOrder"] {
        assert!(Gogo.claims(&get(&format!("/shop/api/{name}"), "")), "{name}");
        assert!(Gogo.claims(&proven(get(&format!("/{name}"), ""))), "{name}");
        assert!(!Gogo.claims(&get(&format!("/{name}"), "")), "without a header it is V免签's");
        assert!(!Gogo.claims(&proven(get(&format!("/m/1001/{name}"), ""))), "{name}");
    }
    for path in ["/getState", "/appPush", "/shop/api/getState", "/shop/api/", "/createorder", ""] {
        assert!(!Gogo.claims(&proven(get(path, ""))), "{path}");
    }
}

#[test]
fn the_page_s_vectors_come_out() {
    let vector = sign("appid", "appsec", ["p1", "x", "1", "0.01"]);
    assert_eq!(vector, "2e9483cca6a8ef7ac64595665823e89d");
    let notify = ["appid", "p1", "x", "1", "0.01", "0.02", "appsec"].map(str::as_bytes);
    assert_eq!(md5_hex(&notify), "eee000e16d063a4fdb4cbda94f4f323e");
}

#[test]
fn all_four_shapes_of_a_body_are_understood() {
    let expected = NewOrder {
        number: Some(String::from("ORDER_1")),
        requested: Amount::fen(1_250),
        channels: vec![Channel::Alipay],
        ttl: None,
        notify_url: Some(String::from("http://a.cn/n?a=1")),
        return_url: Some(String::from("http://a.cn/r")),
        subject: Some(String::from("会员 一年 期")),
        attachment: Some(String::from("user_1001")),
        echo: Some(String::from("2r")),
        idempotency: None,
    };
    let rest = [
        ("notifyUrl", "http://a.cn/n?a=1"),
        ("returnUrl", "http://a.cn/r"),
        ("title", "会员"),
        ("content", "一年\n期"),
        ("isHtml", "0"),
        ("returnParam", "1"),
    ];
    let names = ["payId", "param", "type", "price"];
    let signed = sign("1001", KEY, TEXTS);
    let fields: Vec<(&str, &str)> =
        names.into_iter().zip(TEXTS).chain(rest).chain([("sign", signed.as_str())]).collect();
    let urlencoded: Vec<String> =
        fields.iter().map(|(name, text)| format!("{name}={}", encode_component(text))).collect();
    let urlencoded = urlencoded.join("&");
    let multipart: String = fields
        .iter()
        .map(|(name, text)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        })
        .collect();
    let texts: std::collections::BTreeMap<_, _> = fields.iter().copied().collect();
    let json = serde_json::to_string(&texts).unwrap();
    let loose = json
        .replace("\"12.50\"", "12.50")
        .replace("\"type\":\"2\"", "\"type\":2")
        .replace("\"returnParam\":\"1\"", "\"returnParam\":1");
    assert_ne!(json, loose);
    let multipart = format!("{multipart}--b--\r\n");
    let mut in_query = post(CREATE, FORM, b"");
    in_query.headers.clear();
    in_query.query.clone_from(&urlencoded);
    let upper = urlencoded.replace(&signed, &signed.to_uppercase());
    let requests = [
        create(&urlencoded),
        create(&upper),
        proven(post("/createOrder", FORM, urlencoded.as_bytes())),
        proven(post(CREATE, "multipart/form-data; boundary=b", multipart.as_bytes())),
        proven(post(CREATE, JSON, json.as_bytes())),
        proven(post(CREATE, JSON, loose.as_bytes())),
        proven(in_query),
        carrying(
            post(CREATE, FORM, urlencoded.as_bytes()),
            &[("app-id", " 1001 "), ("app-secret", KEY)],
        ),
    ];
    for request in requests {
        let call = read(&request).unwrap_or_else(|answer| panic!("{}", body(&answer)));
        assert_eq!(call.caller, Caller::Merchant(merchant("1001")));
        assert_eq!(new_order(call), expected);
    }
}

#[test]
fn every_spelling_of_a_price_and_every_valid_key_passes() {
    for (price, minor) in [("1", 100), ("1.0", 100), ("0.18", 18), ("0.01", 1), ("1.0E2", 10_000)] {
        for key in [KEY, OLD_KEY] {
            let body = form("1001", key, ["订单 1", "", "1", price]);
            let headers = [("app-id", "1001"), ("app-secret", key)];
            let request = carrying(post(CREATE, FORM, body.as_bytes()), &headers);
            let order = new_order(read(&request).unwrap());
            assert_eq!(order.requested, Amount::fen(minor), "{price}");
            assert_eq!((order.attachment, order.channels), (None, vec![Channel::Wechat]));
            assert_eq!((order.subject, order.echo.as_deref()), (None, Some("1")));
        }
    }
}

#[test]
fn who_cannot_prove_a_merchant_hears_one_answer() {
    let request = |body: &str, headers: &[(&str, &str)]| {
        carrying(post(CREATE, FORM, body.as_bytes()), headers)
    };
    let good = plain();
    let own = ("app-id", "1001");
    let cases = [
        request(&good, &[]),
        request(&good, &[own]),
        request(&good, &[("app-secret", KEY)]),
        request(&good, &[own, ("app-secret", "")]),
        request(&good, &[own, ("app-secret", STRICT_KEY)]),
        request(&good, &[own, ("app-secret", &KEY[1..])]),
        request(&good, &[own, ("app-secret", &KEY.to_uppercase())]),
        request(&good, &[own, ("app-secret", KEY), ("app-secret", KEY)]),
        request(&good, &[own, own, ("app-secret", KEY)]),
        // Each half with another key of the same merchant.
        request(&good, &[own, ("app-secret", OLD_KEY)]),
        request(&form("4004", KEY, TEXTS), &[("app-id", "4004"), ("app-secret", KEY)]),
        request(&form("3003", "", TEXTS), &[("app-id", "3003"), ("app-secret", "")]),
        request(&form("5005", "", TEXTS), &[("app-id", "5005"), ("app-secret", "")]),
        request(&good, &[("app-id", "2002"), ("app-secret", STRICT_KEY)]),
        request(&good, &[("app-id", "no name!"), ("app-secret", KEY)]),
        create(&good.replace("12.50", "12.5")),
        create(&good.replace("sign=", "sign=0")),
        create(&good.replace("&sign=", "&signed=")),
        create(&form("1002", KEY, TEXTS)),
        create(""),
    ];
    for request in &cases {
        assert_eq!(refusal(request), refused(NOT_PROVEN), "{:?}", request.headers);
    }
    for path in ["getOrder", "checkOrder", "closeOrder", "deleteOrder"] {
        let request = get(&format!("/{path}"), "orderId=x");
        let request = carrying(request, &[own, ("app-secret", "x")]);
        assert_eq!(refusal(&request), refused(NOT_PROVEN), "{path}");
    }
}

#[test]
fn signed_nonsense_is_refused_by_name() {
    let amount = "订单金额必须是大于0且最多两位小数的数字";
    let long = "x".repeat(40_000);
    let cases = [
        (["", "", "1", "1"], "请传入商户订单号"),
        (["A", "", "", "1"], "支付方式错误=>1|微信 2|支付宝"),
        (["A", "", "3", "1"], "支付方式错误=>1|微信 2|支付宝"),
        (["A", "", "01", "1"], "支付方式错误=>1|微信 2|支付宝"),
        (["A", "", "1", ""], amount),
        (["A", "", "1", "abc"], amount),
        (["A", "", "1", "-1"], amount),
        (["A", "", "1", "0.00"], amount),
        (["A", "", "1", "0.001"], amount),
        (["A", "", "1", "1e12"], amount),
        (["A", "", "1", "1,160.00"], amount),
        (["A", "", "1", "１０"], amount),
        (["A&B", "", "1", "1"], "参数含有不允许的字符：payId"),
        (["A", "a=1", "1", "1"], "参数含有不允许的字符：param"),
        (["A", "a\nb", "1", "1"], "参数含有不允许的字符：param"),
        ([&long, "", "1", "1"], "参数过长：payId"),
    ];
    for (texts, text) in cases {
        assert_eq!(refusal(&create(&form("1001", KEY, texts))), refused(text));
    }
    let addresses = [
        ("notifyUrl=javascript:alert(1)", "地址必须以http或https开头：notifyUrl"),
        ("returnUrl=javascript:alert(1)", "地址必须以http或https开头：returnUrl"),
        ("returnUrl=//a.cn", "地址必须以http或https开头：returnUrl"),
        ("notifyUrl=http://127.0.0.1/n", "地址不允许访问：notifyUrl"),
        ("notifyUrl=http://localhost/n", "地址不允许访问：notifyUrl"),
        ("notifyUrl=https://pay.example/x", "地址不允许访问：notifyUrl"),
    ];
    for (param, text) in addresses {
        assert_eq!(refusal(&create(&format!("{}&{param}", plain()))), refused(text));
    }
    let empty = format!("{}&notifyUrl=&returnUrl=&title=&content=&returnParam=", plain());
    let order = new_order(read(&create(&empty)).unwrap());
    assert_eq!((order.notify_url, order.return_url, order.subject), (None, None, None));
}

#[test]
fn requests_with_two_readings_are_refused() {
    let mut both = create(&plain());
    both.query = String::from("price=12.50");
    let cases = [
        (both, "参数重复：price"),
        (create(&format!("{}&payId=ORDER_1", plain())), "参数重复：payId"),
        (create("payId=%zz"), "参数编码错误：payId"),
        (proven(post(CREATE, FORM, b"payId=\xb6\xa9")), "表单不是UTF-8编码"),
        (proven(post(CREATE, "multipart/form-data; boundary=b", b"--c--")), "表单格式错误"),
        (proven(post(CREATE, JSON, b"{\"payId\":[1]}")), "JSON格式错误"),
        (proven(post(CREATE, JSON, plain().as_bytes())), "JSON格式错误"),
    ];
    for (request, text) in cases {
        assert_eq!(refusal(&request), refused(text));
    }
    assert_eq!(body(&Gogo.too_large(&create(""))), refused("请求内容过长"));
    let put = proven(Request::new(Method::Put, CREATE, &plain()));
    let answer = read(&put).unwrap_err();
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers, [(String::from("allow"), String::from("GET, POST"))]);
    assert_eq!(read(&get("/elsewhere", "")).unwrap_err().status, 404);
}

#[test]
fn a_strict_merchant_s_grammar_holds() {
    let read_strict = |texts: [&str; 4], more: &str| {
        let body = form("2002", STRICT_KEY, texts) + more;
        let headers = [("app-id", "2002"), ("app-secret", STRICT_KEY)];
        read(&carrying(post(CREATE, FORM, body.as_bytes()), &headers))
    };
    let good = ["ORD-7_a", "|user 1|", "1", "10.00"];
    let all = "&isHtml=1&notifyUrl=&returnUrl=&title=a&content=b&returnParam=0";
    assert_eq!(new_order(read_strict(good, all).unwrap()).requested, Amount::fen(1_000));
    let cases = [
        (["ORD.7", "|u|", "1", "10.00"], "payId"),
        (["订单", "|u|", "1", "10.00"], "payId"),
        (["A", "", "1", "10.00"], "param"),
        (["A", "u", "1", "10.00"], "param"),
        (["A", "|u1", "1", "10.00"], "param"),
        (["A", "|a=b|", "1", "10.00"], "param"),
        (["A", "|u|", "1", "10"], "price"),
        (["A", "|u|", "1", "010.00"], "price"),
    ];
    for (texts, name) in cases {
        let answer = read_strict(texts, "").unwrap_err();
        assert_eq!(body(&answer), refused(&format!("参数不符合严格模式：{name}")), "{texts:?}");
    }
    let answer = read_strict(good, "&more=1").unwrap_err();
    assert_eq!(body(&answer), refused("严格模式不接受参数：more"));
}

#[test]
fn an_order_is_named_by_either_number_or_by_both() {
    let order = OrderId::from_bits(7);
    let caller = Caller::Merchant(merchant("1001"));
    let ways = [
        format!("orderId={order}"),
        format!("orderId={order}&payId="),
        format!("orderId={order}&payId=ORDER_1"),
        String::from("payId=ORDER_1"),
    ];
    for (path, action) in [
        ("/getOrder", Action::Get(OrderQuery::Id(order))),
        ("/shop/api/checkOrder", Action::Get(OrderQuery::Id(order))),
        ("/closeOrder", Action::Close(order)),
        ("/deleteOrder", Action::Close(order)),
    ] {
        for query in &ways {
            let call = read(&proven(get(path, query))).unwrap();
            assert_eq!(call, Call { caller: caller.clone(), action: action.clone() }, "{query}");
            let form = proven(post(path, FORM, query.as_bytes()));
            assert_eq!(read(&form).unwrap(), call, "{query}");
        }
        let foreign = format!("orderId={}&payId=ORDER_1", OrderId::from_bits(8));
        let other = format!("orderId={order}&payId=ORDER_2");
        for (query, text) in [
            ("", "请传入云端订单号"),
            ("orderId=&payId=", "请传入云端订单号"),
            ("orderId=202110061010199251", NO_ORDER),
            ("payId=ORDER_2", NO_ORDER),
            (&foreign, NO_ORDER),
            (&other, NO_ORDER),
        ] {
            assert_eq!(refusal(&proven(get(path, query))), refused(text), "{path}?{query}");
        }
    }
}

#[test]
fn an_order_is_shown_as_the_original_shows_it() {
    let id = OrderId::from_bits(7);
    let shown = format!(
        r#"{{"code":1,"msg":"成功","data":{{"payId":"ORDER_1","orderId":"{id}","payType":2,"price":"12.50","reallyPrice":"12.51","payUrl":"https://qr.alipay.com/a?b=\"c\"","isAuto":1,"state":0,"timeOut":5,"date":1795233600}}}}"#
    );
    for path in [CREATE, "/createOrder", "/getOrder"] {
        assert_eq!(replied(path, &reply(open(), false)), shown, "{path}");
    }
    let fixed = OrderView {
        qr_fixed: true,
        channel: Channel::Wechat,
        echo: None,
        expires_at: NOON.plus(Span::from_secs(61)),
        ..open()
    };
    let shown = replied("/getOrder", &reply(fixed, false));
    assert!(shown.contains(r#""payType":1,"price":"12.50","#), "{shown}");
    assert!(shown.contains(r#""isAuto":0,"state":0,"timeOut":2,"#), "{shown}");
}

#[test]
fn states_and_the_way_back_follow_the_status() {
    use CallbackStanding::{Abandoned, Acknowledged, Pending};
    let back = r#"{"code":1,"msg":"成功","data":"https://shop.example/back?from=pay"}"#;
    let cases = [
        (OrderStatus::Open, Pending, 0, refused("订单未支付")),
        (OrderStatus::Underpaid, Pending, 0, refused("订单未支付")),
        (OrderStatus::Expired, Pending, -1, refused("订单已过期")),
        (OrderStatus::Closed, Pending, -1, refused("订单已过期")),
        (OrderStatus::Paid, Pending, 1, String::from(back)),
        (OrderStatus::PaidLate, Acknowledged, 1, String::from(back)),
        (OrderStatus::Overpaid, Abandoned, 2, String::from(back)),
    ];
    for (status, callback, state, checked) in cases {
        let reply = reply(OrderView { status, callback, ..open() }, false);
        assert_eq!(replied("/checkOrder", &reply), checked, "{status}");
        let shown = replied("/getOrder", &reply);
        assert!(shown.contains(&format!(r#""state":{state},"#)), "{status}: {shown}");
    }
    let nowhere = reply(OrderView { return_url: None, ..paid() }, false);
    let cashier = format!("https://pay.example/pay/{}", OrderId::from_bits(7));
    let expected = format!(r#"{{"code":1,"msg":"成功","data":"{cashier}"}}"#);
    assert_eq!(replied("/checkOrder", &nowhere), expected);
    for path in ["/getOrder", "/checkOrder", "/closeOrder", "/deleteOrder"] {
        let foreign = reply(paid_order(Protocol::Vmq), false);
        assert_eq!(replied(path, &foreign), refused(NO_ORDER), "{path}");
        assert_eq!(replied(path, &Reply::NotFound), refused(NO_ORDER), "{path}");
    }
}

#[test]
fn closing_and_deleting_say_whether_the_order_is_over() {
    let done = String::from(r#"{"code":1,"msg":"成功","data":null}"#);
    let not_closed = refused("订单状态不允许关闭");
    let not_deleted = refused("订单已支付，不能删除");
    let cases = [
        (OrderStatus::Closed, &done, &done),
        (OrderStatus::Expired, &not_closed, &done),
        (OrderStatus::Paid, &not_closed, &not_deleted),
        (OrderStatus::PaidLate, &not_closed, &not_deleted),
        (OrderStatus::Overpaid, &not_closed, &not_deleted),
        (OrderStatus::Underpaid, &not_closed, &not_deleted),
    ];
    for (status, closed, deleted) in cases {
        let rejected = Reply::Rejected(Rejection::OrderIs(status));
        let shown = reply(OrderView { status, ..open() }, false);
        for reply in [rejected, shown] {
            assert_eq!(replied("/closeOrder", &reply), *closed, "{status}");
            assert_eq!(replied("/deleteOrder", &reply), *deleted, "{status}");
        }
    }
}

#[test]
fn every_refusal_of_the_rules_has_its_words() {
    let taken = Rejection::NumberTaken(OrderId::from_bits(7));
    let cases = [
        (Reply::Rejected(Rejection::NoWallet), "请先在后台添加收款码"),
        (Reply::Rejected(Rejection::AmountsExhausted), "所有金额均被占用，请稍后重试"),
        (Reply::Rejected(Rejection::TooManyOpenOrders), "订单超出负荷，请稍后重试"),
        (Reply::Rejected(Rejection::BadText("number")), "参数错误：payId"),
        (Reply::Rejected(Rejection::BadText("subject")), "参数错误：title、content"),
        (Reply::Rejected(Rejection::UnknownMerchant), NOT_PROVEN),
        (Reply::Rejected(taken), "商户订单号已存在"),
        (Reply::Rejected(Rejection::UnknownRefund), "失败"),
        (Reply::Forbidden, "失败"),
        (reply(paid(), true), "商户订单号已存在"),
        (reply(OrderView { status: OrderStatus::Expired, ..open() }, true), "商户订单号已存在"),
    ];
    for (reply, text) in cases {
        assert_eq!(replied(CREATE, &reply), refused(text));
    }
    for (reply, text) in [
        (Reply::Busy, "系统繁忙，请稍后重试"),
        (Reply::OutcomeUnknown, "结果未知，请用同一商户订单号重试"),
    ] {
        for query in ["", "isHtml=1"] {
            let answer = answer_to(CREATE, query, &reply);
            assert_eq!((answer.status, body(&answer)), (200, refused(text)));
            assert_eq!(answer.headers, [(String::from("retry-after"), String::from("1"))]);
        }
    }
}

/// The plug-in for ECShop takes the text from the first `http` to the first `'<` as the address.
#[test]
fn the_page_holds_the_address_where_shops_cut_it_out() {
    for order in [open(), paid()] {
        let answer = answer_to(CREATE, "isHtml=1", &reply(order, true));
        assert_eq!(answer.content_type, "text/html;charset=UTF-8");
        let page = body(&answer);
        assert!(page.contains("<script>"), "{page}");
        let cut = &page[page.find("http").unwrap()..];
        let cut = &cut[..cut.find("'<").unwrap()];
        assert_eq!(cut, format!("https://pay.example/pay/{}", OrderId::from_bits(7)));
        assert!(!page.contains("ORDER_1") && !page.contains("user_1001"), "{page}");
    }
}

fn callback(url: &str, topic: Topic, order: &OrderView) -> Result<(String, String), Unsendable> {
    let callback = CallbackId { order: order.id, number: 1 };
    let message = Message { callback, topic, order, refund: None, url, since: NOON, at: NOON };
    let request = Gogo.write_callback(&message, &TestDesk::default())?;
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.headers, [(String::from("content-type"), String::from(FORM))]);
    Ok((request.url, String::from_utf8(request.body).unwrap()))
}

#[test]
fn a_callback_says_all_in_query_and_form() {
    let signed = ["1001", "ORDER_1", "user_1001", "2", "12.50", "12.51", KEY].map(str::as_bytes);
    let params = format!(
        "payId=ORDER_1&param=user_1001&type=2&price=12.50&reallyPrice=12.51&sign={}",
        md5_hex(&signed)
    );
    for (url, begin, end) in [
        ("https://a.cn/n", "https://a.cn/n?", ""),
        ("https://a.cn/n?code=gogo", "https://a.cn/n?code=gogo&", ""),
        ("https://a.cn/n#f", "https://a.cn/n?", "#f"),
    ] {
        let sent = callback(url, Topic::OrderPaid, &paid()).unwrap();
        assert_eq!(sent, (format!("{begin}{params}{end}"), params.clone()));
    }
    let desk = TestDesk::default();
    let bare = Some(String::from("https://shop.example/back?from=pay"));
    assert_eq!(Gogo.return_url(&paid(), &desk), bare, "nobody asked for parameters");
    let asked = |order| OrderView { echo: Some(String::from("2r")), ..order };
    let back = format!("https://shop.example/back?from=pay&{params}");
    assert_eq!(Gogo.return_url(&asked(paid()), &desk), Some(back));
    assert_eq!(Gogo.return_url(&asked(open()), &desk), bare, "unpaid is never signed");
    let keyless = OrderView { merchant: merchant("3003"), ..asked(paid()) };
    assert_eq!(Gogo.return_url(&keyless, &desk), bare);
    assert_eq!(Gogo.return_url(&OrderView { return_url: None, ..paid() }, &desk), None);
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
fn only_the_word_alone_is_success() {
    for body in ["success", "SUCCESS", " success\r\n", "\u{feff}Success"] {
        assert_eq!(Gogo.judge(200, body.as_bytes()), Judged::Acknowledged, "{body:?}");
        assert_eq!(Gogo.judge(401, body.as_bytes()), Judged::NotYet, "{body:?}");
    }
    for body in ["", "ok", "error", "error_sign", "success!", "{\"state\":\"success\"}"] {
        assert_eq!(Gogo.judge(200, body.as_bytes()), Judged::NotYet, "{body:?}");
    }
}

proptest! {
    #[test]
    fn one_changed_byte_of_the_signed_part_is_refused(at in 0_usize..100, to in 0x21_u8..0x7f) {
        let texts = ["ORD-7_a", "|user 1|", "1", "10.00"];
        let sign = sign("2002", STRICT_KEY, texts);
        let mut changed = texts.map(|text| text.as_bytes().to_vec());
        let place = at % texts.concat().len();
        let spot = changed.iter_mut().flatten().nth(place).unwrap();
        prop_assume!(*spot != to);
        *spot = to;
        let [a, b, c, d] = changed.map(|text| encode_component(&String::from_utf8(text).unwrap()));
        let body = format!("payId={a}&param={b}&type={c}&price={d}&sign={sign}");
        let headers = [("app-id", "2002"), ("app-secret", STRICT_KEY)];
        let request = carrying(post(CREATE, FORM, body.as_bytes()), &headers);
        prop_assert_eq!(refusal(&request), refused(NOT_PROVEN));
    }

    #[test]
    fn any_order_of_the_parameters_is_one_request(
        order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle(),
        split in 0_usize..6,
    ) {
        let signed = plain();
        let pairs: Vec<&str> = signed.split('&').collect();
        let shuffled: Vec<&str> = order.iter().map(|at| pairs[*at]).collect();
        let (front, behind) = shuffled.split_at(split);
        let mut request = create(&behind.join("&"));
        request.query = front.join("&");
        prop_assert_eq!(read(&request).unwrap(), read(&create(&signed)).unwrap());
    }

    #[test]
    fn no_request_panics_and_every_refusal_is_json(
        path in "(/shop/api)?/(create|get|check|close|delete)Order",
        media in "(application/(json|x-www-form-urlencoded)|multipart/form-data; boundary=b)",
        noise in proptest::collection::vec(any::<u8>(), 0..80),
        text in "((\\{\"|--b\r\n)?(payId|price|sign|orderId)[=:\"]\\PC{0,8}&?){0,4}",
    ) {
        for bytes in [noise.as_slice(), text.as_bytes()] {
            let request = proven(post(&path, &media, bytes));
            prop_assert!(Gogo.claims(&request));
            if let Err(answer) = read(&request) {
                let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                prop_assert_eq!(&json["code"], 0);
            }
        }
    }

    #[test]
    fn every_order_is_answered_in_json(
        number in "\\PC{1,40}",
        qr in any::<String>(),
        payable in 1..10_000_000_000_i64,
    ) {
        let order =
            OrderView { number: number.clone(), qr, payable: Amount::fen(payable), ..open() };
        let shown = replied("/getOrder", &reply(order, false));
        let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
        prop_assert_eq!(json["data"]["payId"].as_str(), Some(number.as_str()));
        let price = json["data"]["reallyPrice"].as_str().unwrap();
        let read = Amount::parse(price, duizhang_core::amount::Currency::Cny).unwrap();
        prop_assert_eq!(read, Amount::fen(payable));
    }
}
