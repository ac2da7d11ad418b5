//! Conversations with V免签 shops: what is sent, what is understood, what is answered.

use duizhang_core::amount::Amount;
use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::channel::Channel;
use duizhang_core::fact::Device;
use duizhang_core::id::{DeviceId, OrderId};
use duizhang_core::order::{Dialect as Protocol, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::{Answer, Method, Request, encode_component, md5_hex};
use duizhang_projections::book::DeviceView;
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::OrderView;
use proptest::prelude::*;

use super::Vmq;
use crate::dialects::desk_for_tests::{
    KEY, NOON, OLD_KEY, STRICT_KEY, TestDesk, get, merchant, open_order, paid_order, post,
};
use crate::dialects::{
    Action, Call, Caller, Dialect, Judged, Message, NewOrder, OrderQuery, Reply, Unsendable,
};

const FORM: &str = "application/x-www-form-urlencoded";
const CREATE: &str =
    "payId=ORDER_1&param=user_1001&type=2&price=12.50&sign=c87435bc76e1a2ef1378f4b87ff650c6";

fn read(request: &Request) -> Result<Call, Answer> {
    Vmq.read(request, &TestDesk::default())
}

fn refusal(request: &Request) -> String {
    body(&read(request).expect_err("the request is refused"))
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn message_of(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(value["code"], -1, "{json}");
    String::from(value["msg"].as_str().unwrap())
}

/// A signed `createOrder` query; the signature is over the plain texts, the query is encoded.
fn signed(key: &str, pay_id: &str, param: &str, kind: &str, price: &str) -> String {
    let sign = md5_hex(&[pay_id, param, kind, price, key].map(str::as_bytes));
    let [pay_id, param, kind, price] = [pay_id, param, kind, price].map(encode_component);
    format!("payId={pay_id}&param={param}&type={kind}&price={price}&sign={sign}")
}

fn new_order(call: Call) -> NewOrder {
    match call.action {
        Action::Create(order) => order,
        other => panic!("not a creation: {other:?}"),
    }
}

fn answer_to(path: &str, query: &str, reply: &Reply) -> Answer {
    let call = Call { caller: Caller::Holder, action: Action::Watchers };
    Vmq.answer(&get(path, query), &call, reply, &TestDesk::default())
}

fn replied(path: &str, reply: &Reply) -> String {
    let answer = answer_to(path, "", reply);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.content_type, "application/json;charset=UTF-8");
    body(&answer)
}

fn order_reply(order: OrderView) -> Reply {
    Reply::Order { order: Box::new(order), repeated: false }
}

fn device(last_heard: Option<Timestamp>, silent: bool) -> DeviceView {
    let id = DeviceId::new("phone-1").unwrap();
    let declared = Device { id, wallets: Vec::new(), enabled: true };
    DeviceView { declared, last_heard, last_money: None, silent }
}

#[test]
fn its_own_paths_are_claimed_and_gogo_s_are_not() {
    for name in ["createOrder", "getOrder", "checkOrder", "closeOrder", "getState"] {
        assert!(Vmq.claims(&get(&format!("/{name}"), "")), "{name}");
        assert!(Vmq.claims(&get(&format!("/m/1001/{name}"), "")), "{name}");
        assert!(!Vmq.claims(&get(&format!("/shop/api/{name}"), "")), "{name}");
        let mut gogo = get(&format!("/{name}"), "");
        gogo.headers.push((String::from("app-id"), String::from("1")));
        assert!(!Vmq.claims(&gogo), "{name}");
    }
    for path in ["/", "/appHeart", "/appPush", "/createorder", "/m/1001", "/m/createOrder", "x"] {
        assert!(!Vmq.claims(&get(path, "")), "{path}");
    }
}

#[test]
fn the_page_s_vectors_are_understood() {
    let expected = NewOrder {
        number: Some(String::from("ORDER_1")),
        requested: Amount::fen(1_250),
        channels: vec![Channel::Alipay],
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: None,
        attachment: Some(String::from("user_1001")),
        echo: Some(String::from("2")),
        idempotency: None,
    };
    let upper =
        CREATE.replace("c87435bc76e1a2ef1378f4b87ff650c6", "C87435BC76E1A2EF1378F4B87FF650C6");
    let requests = [
        get("/createOrder", CREATE),
        get("/m/1001/createOrder", CREATE),
        get("/createOrder", &upper),
        get("/createOrder", &format!("{CREATE}&isHtml=0&unknown=1")),
        post("/createOrder", FORM, CREATE.as_bytes()),
    ];
    for request in requests {
        let call = read(&request).unwrap();
        assert_eq!(call.caller, Caller::Merchant(merchant("1001")));
        assert_eq!(new_order(call), expected);
    }

    // closeOrder of the original's own order number proves the formula; ours are spelled otherwise.
    let query = "orderId=202605221430159876&sign=350ac3a1ae066a5ef8b0828faffcdb25";
    assert_eq!(message_of(&refusal(&get("/closeOrder", query))), "云端订单编号不存在");
    // The heartbeat's vector is also getState's: one formula.
    let query = "t=1779431415000&sign=76cc720769dd83fd652b21d4e10d6f51";
    assert_eq!(read(&get("/getState", query)).unwrap().action, Action::Watchers);
    // A push, a heartbeat and the form of a fork with names in it are no orders.
    for sign in [
        "446741749cde3221af896603ed29740b",
        "28df80a9ed33ec1d67ad49cc5825bb4d",
        "76cc720769dd83fd652b21d4e10d6f51",
        "d3cfeaee18b7509603e2be7515d5c7d4",
    ] {
        let query = CREATE.replace("c87435bc76e1a2ef1378f4b87ff650c6", sign);
        assert_eq!(message_of(&refusal(&get("/createOrder", &query))), "签名校验不通过");
    }
    let notify = ["ORDER_1", "user_1001", "2", "12.5", "12.51", KEY].map(str::as_bytes);
    assert_eq!(md5_hex(&notify), "472285de375752942093ce0f151e1c3f");
}

#[test]
fn every_spelling_of_a_price_and_every_valid_key_passes() {
    for (price, minor) in [("1", 100), ("1.0", 100), ("1.00", 100), ("0.01", 1), ("1.0E2", 10_000)]
    {
        for key in [KEY, OLD_KEY] {
            let query = signed(key, "A1", "", "1", price);
            let order = new_order(read(&get("/createOrder", &query)).unwrap());
            assert_eq!(order.requested, Amount::fen(minor), "{price}");
            assert_eq!((order.attachment, order.channels), (None, vec![Channel::Wechat]));
        }
    }
    let query = format!(
        "{}&notifyUrl=http%3A%2F%2Fa.cn%2Fn%3Fa%3D1&returnUrl=HTTPS%3A%2F%2Fa.cn",
        signed(KEY, "订单 1", "会员+卡", "1", "5")
    );
    let order = new_order(read(&get("/createOrder", &query)).unwrap());
    assert_eq!(order.number.as_deref(), Some("订单 1"));
    assert_eq!(order.attachment.as_deref(), Some("会员+卡"));
    assert_eq!(order.notify_url.as_deref(), Some("http://a.cn/n?a=1"));
    assert_eq!(order.return_url.as_deref(), Some("HTTPS://a.cn"));
}

#[test]
fn what_is_missing_is_named_in_the_original_s_order() {
    let cases = [
        ("", "请传入商户订单号"),
        ("payId=", "请传入商户订单号"),
        ("payId=A", "请传入支付方式=>1|微信 2|支付宝"),
        ("payId=A&type=3", "支付方式错误=>1|微信 2|支付宝"),
        ("payId=A&type=01", "支付方式错误=>1|微信 2|支付宝"),
        ("payId=A&type=1", "请传入订单金额"),
        ("payId=A&type=1&price=-1", "订单金额必须大于0"),
        ("payId=A&type=1&price=0.00", "订单金额必须大于0"),
        ("payId=A&type=1&price=1", "请传入签名"),
        ("payId=A&type=1&price=1&sign=", "请传入签名"),
        ("payId=A&type=1&price=1&sign=00", "签名校验不通过"),
        ("payId=A&type=1&price=x&sign=00", "签名校验不通过"),
    ];
    for (query, text) in cases {
        let expected = format!(r#"{{"code":-1,"msg":"{text}"}}"#);
        assert_eq!(refusal(&get("/createOrder", query)), expected, "{query}");
        let answer = read(&get("/createOrder", &format!("{query}&isHtml=1"))).unwrap_err();
        assert_eq!(answer.content_type, "text/plain;charset=UTF-8");
        assert_eq!(body(&answer), text, "{query}");
    }
    let others = [
        ("/getOrder", "", "请传入订单编号"),
        ("/checkOrder", "", "请传入订单编号"),
        ("/getOrder", "orderId=", "云端订单编号不存在"),
        ("/checkOrder", "orderId=202605221430159876", "云端订单编号不存在"),
        ("/closeOrder", "", "请传入云端订单号"),
        ("/closeOrder", "orderId=1", "请传入签名"),
        ("/closeOrder", "orderId=1&sign=1", "签名校验不通过"),
        ("/getState", "", "请传入t"),
        ("/getState", "t=1", "请传入sign"),
        ("/getState", "t=1&sign=1", "签名校验不通过"),
    ];
    for (path, query, text) in others {
        let expected = format!(r#"{{"code":-1,"msg":"{text}","data":null}}"#);
        assert_eq!(refusal(&get(path, query)), expected, "{path}?{query}");
    }
}

#[test]
fn signed_nonsense_is_refused_by_name() {
    let long = "x".repeat(200_000);
    let cases = [
        ("A", "", "abc", "订单金额格式错误"),
        ("A", "", "1,160.00", "订单金额格式错误"),
        ("A", "", "１０", "订单金额格式错误"),
        ("A", "", "NaN", "订单金额格式错误"),
        ("A", "", "0e1", "订单金额必须大于0"),
        ("A", "", "0.001", "订单金额最多两位小数"),
        ("A", "", "1e12", "订单金额过大"),
        ("A&B", "", "1", "参数含有不允许的字符：payId"),
        ("A", "a=1", "1", "参数含有不允许的字符：param"),
        ("A", "a\nb", "1", "参数含有不允许的字符：param"),
        (&long, "", "1", "参数过长：payId"),
    ];
    for (pay_id, param, price, text) in cases {
        let query = signed(KEY, pay_id, param, "1", price);
        assert_eq!(message_of(&refusal(&get("/createOrder", &query))), text);
    }
    let plain = signed(KEY, "A", "", "1", "1");
    for address in
        ["javascript:alert(1)", "//a.cn", "ftp://a.cn", "http:/a", "http%3A%2F%2Fa%0D%0Ab"]
    {
        for name in ["notifyUrl", "returnUrl"] {
            let query = format!("{plain}&{name}={address}");
            let expected = format!("地址必须以http或https开头：{name}");
            assert_eq!(message_of(&refusal(&get("/createOrder", &query))), expected);
        }
    }
}

#[test]
fn a_callback_address_that_could_never_be_called_is_refused_at_once() {
    let plain = signed(KEY, "A", "", "1", "1");
    let long = format!("http://a.cn/{}", "x".repeat(2_037));
    let cases = [
        ("http://127.0.0.1/n", "地址不允许访问：notifyUrl"),
        ("http://2130706433/n", "地址不允许访问：notifyUrl"),
        ("http://localhost:8080/n", "地址不允许访问：notifyUrl"),
        ("http://shop.example:6379/", "地址不允许访问：notifyUrl"),
        ("https://pay.example/createOrder", "地址不允许访问：notifyUrl"),
        ("http://user:pass@shop.example/", "地址格式错误：notifyUrl"),
        ("http://256.0.0.1/", "地址格式错误：notifyUrl"),
        (&long, "参数过长：notifyUrl"),
    ];
    for (address, expected) in cases {
        let address = encode_component(address);
        let request = get("/createOrder", &format!("{plain}&notifyUrl={address}"));
        assert_eq!(message_of(&refusal(&request)), expected, "{address}");
        let way_back = get("/createOrder", &format!("{plain}&returnUrl={address}"));
        assert!(Vmq.read(&way_back, &TestDesk::default()).is_ok(), "the browser goes, not we");
    }
}

#[test]
fn a_body_that_is_too_long_is_refused_in_the_protocols_words() {
    let refused = |path: &str, query: &str| {
        let request = Request::new(Method::Post, path, query);
        let answer = Vmq.too_large(&request);
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    let cases = [
        ("/createOrder", "", r#"{"code":-1,"msg":"请求内容过长"}"#),
        ("/createOrder", "isHtml=1", "请求内容过长"),
        ("/m/1001/closeOrder", "", r#"{"code":-1,"msg":"请求内容过长","data":null}"#),
    ];
    for (path, query, body) in cases {
        assert_eq!(refused(path, query), (200, String::from(body)), "{path}?{query}");
    }
}

#[test]
fn requests_with_two_readings_are_refused() {
    let both = {
        let mut request = post("/createOrder", FORM, b"price=1");
        request.query = String::from(CREATE);
        request
    };
    let crowd: String = (0..100).map(|n| format!("&x{n}=1")).collect();
    let cases = [
        (both, "参数重复：price"),
        (get("/createOrder", &format!("{CREATE}&payId=ORDER_1")), "参数重复：payId"),
        (get("/createOrder", "payId=%zz"), "参数编码错误：payId"),
        (get("/createOrder", "payId=%B6%A9"), "参数编码错误：payId"),
        (get("/createOrder", &crowd), "参数过多"),
        (post("/createOrder", FORM, b"payId=\xb6\xa9"), "表单不是UTF-8编码"),
        (post("/createOrder", "application/json", CREATE.as_bytes()), "请传入商户订单号"),
    ];
    for (request, text) in cases {
        assert_eq!(message_of(&refusal(&request)), text);
    }
    let put = Request::new(Method::Put, "/createOrder", CREATE);
    let answer = read(&put).unwrap_err();
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers, [(String::from("allow"), String::from("GET, POST"))]);
    assert_eq!(read(&get("/elsewhere", CREATE)).unwrap_err().status, 404);
}

#[test]
fn who_cannot_prove_a_merchant_hears_one_answer() {
    let expected = refusal(&get("/createOrder", &CREATE.replace("sign=c", "sign=d")));
    for (place, key) in [
        ("/m/4004", KEY),
        ("/m/4004", ""),
        ("/m/3003", ""),
        ("/m/5005", ""),
        ("/m/2002", KEY),
        ("/m/a%20b", KEY),
        ("/m/", KEY),
        ("", STRICT_KEY),
    ] {
        let query = signed(key, "ORDER_1", "user_1001", "2", "12.50");
        let request = get(&format!("{place}/createOrder"), &query);
        assert_eq!(refusal(&request), expected, "{place} {key}");
    }
    let nobody = TestDesk { default: None, ..TestDesk::default() };
    assert_eq!(body(&Vmq.read(&get("/createOrder", CREATE), &nobody).unwrap_err()), expected);
}

#[test]
fn a_strict_merchant_s_grammar_holds() {
    let read_strict = |query: &str| read(&get("/m/2002/createOrder", query));
    let good = signed(STRICT_KEY, "ORD-7_a", "|user 1|", "1", "10.00");
    assert_eq!(new_order(read_strict(&good).unwrap()).requested, Amount::fen(1_000));
    let cases = [
        ("ORD.7", "|u|", "10.00", "payId"),
        ("订单", "|u|", "10.00", "payId"),
        (&"x".repeat(65), "|u|", "10.00", "payId"),
        ("A", "", "10.00", "param"),
        ("A", "u", "10.00", "param"),
        ("A", "|u1", "10.00", "param"),
        ("A", "|u.", "10.00", "param"),
        ("A", "|a=b|", "10.00", "param"),
        ("A", "|a%b|", "10.00", "param"),
        ("A", "|a\tb|", "10.00", "param"),
        ("A", "|u|", "10", "price"),
        ("A", "|u|", "10.0", "price"),
        ("A", "|u|", "010.00", "price"),
        ("A", "|u|", ".50", "price"),
        ("A", "|u|", "123456789.00", "price"),
        ("A", "|u|", "1.0E1", "price"),
    ];
    for (pay_id, param, price, name) in cases {
        let query = signed(STRICT_KEY, pay_id, param, "1", price);
        let message = message_of(&body(&read_strict(&query).unwrap_err()));
        assert_eq!(message, format!("参数不符合严格模式：{name}"), "{pay_id} {param} {price}");
    }
    let message = message_of(&body(&read_strict(&format!("{good}&more=1")).unwrap_err()));
    assert_eq!(message, "严格模式不接受参数：more");
}

#[test]
fn looking_closing_and_asking_need_what_they_need() {
    let order = OrderId::from_bits(7);
    for path in ["/getOrder", "/m/1001/checkOrder"] {
        let call = read(&post(path, FORM, format!("orderId={order}").as_bytes())).unwrap();
        let action = Action::Get(OrderQuery::Id(order));
        assert_eq!(call, Call { caller: Caller::Holder, action });
    }
    let text = order.to_string();
    let sign = md5_hex(&[text.as_bytes(), KEY.as_bytes()]);
    let call = read(&get("/closeOrder", &format!("orderId={text}&sign={sign}"))).unwrap();
    let caller = Caller::Merchant(merchant("1001"));
    assert_eq!(call, Call { caller: caller.clone(), action: Action::Close(order) });
    for (t, fine) in
        [("1779431415000", true), ("1779431415", true), ("17794314", false), (&text, false)]
    {
        let sign = md5_hex(&[t.as_bytes(), KEY.as_bytes()]);
        let read = read(&get("/getState", &format!("t={t}&sign={sign}")));
        assert_eq!(read.is_ok_and(|call| call.action == Action::Watchers), fine, "{t}");
    }
}

#[test]
fn an_order_is_shown_as_the_original_shows_it() {
    let id = OrderId::from_bits(7);
    let shown = format!(
        r#"{{"code":1,"msg":"成功","data":{{"payId":"ORDER_1","orderId":"{id}","payType":2,"price":12.5,"reallyPrice":12.51,"payUrl":"https://qr.alipay.com/a?b=\"c\"","isAuto":1,"state":0,"timeOut":5,"date":1795233600000}}}}"#
    );
    for path in ["/createOrder", "/getOrder", "/m/1001/getOrder"] {
        assert_eq!(replied(path, &order_reply(open_order(Protocol::Vmq))), shown, "{path}");
    }
    let fixed = OrderView {
        requested: Amount::fen(1_000),
        payable: Amount::fen(1),
        qr_fixed: true,
        channel: Channel::Wechat,
        echo: None,
        expires_at: NOON.plus(Span::from_secs(61)),
        ..open_order(Protocol::Vmq)
    };
    let shown = replied("/getOrder", &order_reply(fixed));
    let part = r#""payType":1,"price":10.0,"reallyPrice":0.01,"#;
    assert!(
        shown.contains(part) && shown.contains(r#""isAuto":0,"state":0,"timeOut":2,"#),
        "{shown}"
    );
}

#[test]
fn states_and_the_way_back_follow_the_status() {
    use CallbackStanding::{Abandoned, Acknowledged, Pending};
    let not_yet = r#"{"code":-1,"msg":"订单未支付","data":null}"#;
    let too_late = r#"{"code":-1,"msg":"订单已过期","data":null}"#;
    let back = |really: &str| {
        let texts = ["ORDER_1", "user_1001", "2", "12.5", really, KEY].map(str::as_bytes);
        let sign = md5_hex(&texts);
        format!(
            r#"{{"code":1,"msg":"成功","data":"https://shop.example/back?from=pay&payId=ORDER_1&param=user_1001&type=2&price=12.5&reallyPrice={really}&sign={sign}"}}"#
        )
    };
    let cases = [
        (OrderStatus::Open, Pending, 0, 0, String::from(not_yet)),
        (OrderStatus::Underpaid, Pending, 1_000, 0, String::from(not_yet)),
        (OrderStatus::Expired, Pending, 0, -1, String::from(too_late)),
        (OrderStatus::Closed, Pending, 0, -1, String::from(too_late)),
        (OrderStatus::Paid, Pending, 1_251, 1, back("12.51")),
        (OrderStatus::PaidLate, Acknowledged, 1_251, 1, back("12.51")),
        (OrderStatus::Overpaid, Abandoned, 2_000, 2, back("20.0")),
    ];
    for (status, callback, received, state, checked) in cases {
        let received = Amount::fen(received);
        let order = OrderView { status, callback, received, ..open_order(Protocol::Vmq) };
        let reply = order_reply(order);
        assert_eq!(replied("/checkOrder", &reply), checked, "{status}");
        let shown = replied("/getOrder", &reply);
        assert!(shown.contains(&format!(r#""state":{state},"#)), "{status}: {shown}");
    }
    // The page's vector: what the shop would verify on its way back.
    assert!(back("12.51").contains("472285de375752942093ce0f151e1c3f"));
}

#[test]
fn the_way_back_is_signed_only_after_payment_and_with_a_key() {
    let desk = TestDesk::default();
    let plain = Some(String::from("https://shop.example/back?from=pay"));
    assert_eq!(Vmq.return_url(&open_order(Protocol::Vmq), &desk), plain);
    let keyless = OrderView { merchant: merchant("3003"), ..paid_order(Protocol::Vmq) };
    assert_eq!(Vmq.return_url(&keyless, &desk), plain);
    let signed = Vmq.return_url(&paid_order(Protocol::Vmq), &desk).unwrap();
    assert!(signed.ends_with("&sign=472285de375752942093ce0f151e1c3f"), "{signed}");

    let nowhere = OrderView { return_url: None, ..paid_order(Protocol::Vmq) };
    assert_eq!(Vmq.return_url(&nowhere, &desk), None);
    let cashier = format!("https://pay.example/pay/{}", nowhere.id);
    let expected = format!(r#"{{"code":1,"msg":"成功","data":"{cashier}"}}"#);
    assert_eq!(replied("/checkOrder", &order_reply(nowhere)), expected);
}

#[test]
fn another_protocol_s_or_merchant_s_order_does_not_exist() {
    let none = r#"{"code":-1,"msg":"云端订单编号不存在","data":null}"#;
    for path in ["/getOrder", "/checkOrder"] {
        assert_eq!(replied(path, &order_reply(paid_order(Protocol::Native))), none);
        let elsewhere = format!("/m/2002{path}");
        assert_eq!(replied(&elsewhere, &order_reply(paid_order(Protocol::Vmq))), none);
        assert_eq!(replied(path, &Reply::NotFound), none);
    }
}

#[test]
fn a_repeat_is_the_same_order_only_while_it_is_unpaid() {
    let repeat = |order: OrderView| Reply::Order { order: Box::new(order), repeated: true };
    let again = replied("/createOrder", &repeat(open_order(Protocol::Vmq)));
    assert_eq!(again, replied("/createOrder", &order_reply(open_order(Protocol::Vmq))));
    let taken = r#"{"code":-1,"msg":"商户订单号已存在！"}"#;
    assert_eq!(replied("/createOrder", &repeat(paid_order(Protocol::Vmq))), taken);
    let other = Reply::Rejected(Rejection::NumberTaken(OrderId::from_bits(7)));
    assert_eq!(replied("/createOrder", &other), taken);
}

#[test]
fn every_refusal_of_the_rules_has_its_words() {
    let cases = [
        (Reply::Rejected(Rejection::NoWallet), "请您先进入后台配置程序"),
        (Reply::Rejected(Rejection::AmountsExhausted), "所有金额均被占用"),
        (Reply::Rejected(Rejection::TooManyOpenOrders), "订单超出负荷，请稍后重试"),
        (Reply::Rejected(Rejection::BadText("number")), "参数错误：payId"),
        (Reply::Rejected(Rejection::BadText("attachment")), "参数错误：param"),
        (Reply::Rejected(Rejection::UnknownMerchant), "签名校验不通过"),
        (Reply::Rejected(Rejection::AmountNotPositive), "订单金额必须大于0"),
        (Reply::Rejected(Rejection::UnknownRefund), "失败"),
        (Reply::Forbidden, "失败"),
    ];
    for (reply, text) in cases {
        let expected = format!(r#"{{"code":-1,"msg":"{text}"}}"#);
        assert_eq!(replied("/createOrder", &reply), expected);
    }
    for (reply, text) in [
        (Reply::Busy, "系统繁忙，请稍后重试"),
        (Reply::OutcomeUnknown, "结果未知，请用同一商户订单号重试"),
    ] {
        let answer = answer_to("/createOrder", "", &reply);
        assert_eq!((answer.status, message_of(&body(&answer)).as_str()), (200, text));
        assert_eq!(answer.headers, [(String::from("retry-after"), String::from("1"))]);
    }
}

#[test]
fn closing_says_whether_it_is_closed() {
    let closed = OrderView { status: OrderStatus::Closed, ..open_order(Protocol::Vmq) };
    let done = r#"{"code":1,"msg":"成功","data":null}"#;
    assert_eq!(replied("/closeOrder", &order_reply(closed)), done);
    assert_eq!(replied("/closeOrder", &Reply::Done), done);
    let refused = r#"{"code":-1,"msg":"订单状态不允许关闭","data":null}"#;
    let paid = Reply::Rejected(Rejection::OrderIs(OrderStatus::Paid));
    assert_eq!(replied("/closeOrder", &paid), refused);
    assert_eq!(replied("/closeOrder", &order_reply(paid_order(Protocol::Vmq))), refused);
}

#[test]
fn the_state_of_the_phones_is_told_in_texts() {
    let heard = Some(Timestamp::from_millis(1_779_431_415_000));
    let cases = [
        (vec![], None, "-1", "0", "0"),
        (vec![device(None, false)], None, "-1", "0", "0"),
        (vec![device(heard, true)], heard, "0", "1779431415000", "1779431415000"),
        (vec![device(heard, true), device(Some(NOON), false)], None, "1", "1795233600000", "0"),
    ];
    for (devices, last_money, state, heart, pay) in cases {
        let expected = format!(
            r#"{{"code":1,"msg":"成功","data":{{"state":"{state}","lastheart":"{heart}","lastpay":"{pay}","jkstate":"{state}"}}}}"#
        );
        assert_eq!(replied("/getState", &Reply::Watchers { devices, last_money }), expected);
    }
}

#[test]
fn a_page_is_a_way_to_the_cashier_and_nothing_else() {
    let answer = answer_to("/createOrder", "isHtml=1", &order_reply(open_order(Protocol::Vmq)));
    assert_eq!(answer.content_type, "text/html;charset=UTF-8");
    let page = body(&answer);
    let address = format!("https://pay.example/pay/{}", OrderId::from_bits(7));
    assert!(
        page.contains(&format!("<script>window.location.href = '{address}'</script>")),
        "{page}"
    );
    assert!(!page.contains("ORDER_1") && !page.contains("user_1001"), "{page}");
}

fn callback(url: &str, topic: Topic, order: &OrderView) -> Result<String, Unsendable> {
    let callback = CallbackId { order: order.id, number: 1 };
    let message = Message { callback, topic, order, refund: None, url, since: NOON, at: NOON };
    let request = Vmq.write_callback(&message, &TestDesk::default())?;
    assert_eq!(request.method, Method::Get);
    assert!(request.headers.is_empty() && request.body.is_empty());
    Ok(request.url)
}

#[test]
fn callbacks_are_glued_to_every_address() {
    let sign = "472285de375752942093ce0f151e1c3f";
    let query =
        format!("payId=ORDER_1&param=user_1001&type=2&price=12.5&reallyPrice=12.51&sign={sign}");
    for (url, begin, end) in [
        ("https://a.cn/n", "https://a.cn/n?", ""),
        ("https://a.cn/n?a=1", "https://a.cn/n?a=1&", ""),
        ("https://a.cn/n?", "https://a.cn/n?", ""),
        ("https://a.cn/n?a=1&", "https://a.cn/n?a=1&", ""),
        ("https://a.cn/n#f?", "https://a.cn/n?", "#f?"),
    ] {
        let sent = callback(url, Topic::OrderPaid, &paid_order(Protocol::Vmq)).unwrap();
        assert_eq!(sent, format!("{begin}{query}{end}"));
    }
    let odd = OrderView {
        number: String::from("订 1"),
        attachment: None,
        merchant: merchant("2002"),
        ..paid_order(Protocol::Vmq)
    };
    let sign = md5_hex(&["订 1", "", "2", "12.50", "12.51", STRICT_KEY].map(str::as_bytes));
    let expected = format!(
        "http://a?payId=%E8%AE%A2%201&param=&type=2&price=12.50&reallyPrice=12.51&sign={sign}"
    );
    assert_eq!(callback("http://a", Topic::OrderPaid, &odd).unwrap(), expected);
}

#[test]
fn what_cannot_be_sent_is_named() {
    let paid = paid_order(Protocol::Vmq);
    let refund = Topic::RefundConfirmed(duizhang_core::id::RefundId::from_bits(1));
    assert_eq!(callback("http://a", refund, &paid), Err(Unsendable::NoWord));
    assert_eq!(callback("ftp://a", Topic::OrderPaid, &paid), Err(Unsendable::BadAddress));
    for name in ["3003", "5005", "4004"] {
        let keyless = OrderView { merchant: merchant(name), ..paid.clone() };
        assert_eq!(callback("http://a", Topic::OrderPaid, &keyless), Err(Unsendable::NoKey));
    }
    let open = open_order(Protocol::Vmq);
    assert!(callback("http://a", Topic::OrderPaid, &open).is_err(), "unpaid is never signed");
}

#[test]
fn only_the_word_alone_is_success() {
    for body in ["success", "SUCCESS", " success\r\n", "\u{feff}Success"] {
        assert_eq!(Vmq.judge(200, body.as_bytes()), Judged::Acknowledged, "{body:?}");
        assert_eq!(Vmq.judge(500, body.as_bytes()), Judged::NotYet, "{body:?}");
        assert_eq!(Vmq.judge(302, body.as_bytes()), Judged::NotYet, "{body:?}");
    }
    for body in ["", "ok", "error_sign", "success!", "{\"state\":\"success\"}", "successsuccess"] {
        assert_eq!(Vmq.judge(200, body.as_bytes()), Judged::NotYet, "{body:?}");
    }
    assert_eq!(Vmq.judge(410, b""), Judged::NotYet);
}

proptest! {
    #[test]
    fn one_changed_byte_of_the_signed_part_is_refused(at in 0_usize..100, to in 0x21_u8..0x7f) {
        let texts = ["ORD-7_a", "|user 1|", "1", "10.00"];
        let [pay_id, param, kind, price] = texts.map(str::as_bytes);
        let sign = md5_hex(&[pay_id, param, kind, price, STRICT_KEY.as_bytes()]);
        let mut changed = texts.map(|text| text.as_bytes().to_vec());
        let place = at % texts.concat().len();
        let spot = changed.iter_mut().flatten().nth(place).unwrap();
        prop_assume!(*spot != to);
        *spot = to;
        let [a, b, c, d] = changed.map(|text| encode_component(&String::from_utf8(text).unwrap()));
        let query = format!("payId={a}&param={b}&type={c}&price={d}&sign={sign}");
        prop_assert!(read(&get("/m/2002/createOrder", &query)).is_err(), "{}", query);
    }

    #[test]
    fn no_request_panics_and_every_refusal_is_json(
        path in "/(createOrder|getOrder|checkOrder|closeOrder|getState)",
        query in "((payId|type|price|sign|param|orderId|t)=[^&]{0,8}&){0,6}\\PC{0,20}",
        body in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut request = post(&path, FORM, &body);
        request.query = query;
        if let Err(answer) = read(&request)
            && answer.content_type.starts_with("application/json")
        {
            let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            prop_assert_eq!(&json["code"], -1);
        }
    }

    #[test]
    fn every_order_is_answered_in_json(
        number in "\\PC{1,40}",
        qr in any::<String>(),
        requested in 1..10_000_000_000_i64,
        payable in 1..10_000_000_000_i64,
    ) {
        let order = OrderView {
            number: number.clone(),
            qr,
            requested: Amount::fen(requested),
            payable: Amount::fen(payable),
            ..open_order(Protocol::Vmq)
        };
        let shown = replied("/getOrder", &order_reply(order));
        let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
        prop_assert_eq!(json["data"]["payId"].as_str(), Some(number.as_str()));
        // The number that a shop reads is the amount, to the fen.
        let text = json["data"]["reallyPrice"].to_string();
        let read = Amount::parse(&text, duizhang_core::amount::Currency::Cny).unwrap();
        prop_assert_eq!(read, Amount::fen(payable));
    }
}
