//! Conversations with shops that speak vmqfox's paths.

use duizhang_core::amount::Amount;
use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::channel::Channel;
use duizhang_core::id::OrderId;
use duizhang_core::order::{Dialect as Protocol, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::wire::{Answer, Method, Request, encode_component, md5_hex};
use duizhang_projections::orders::OrderView;
use proptest::prelude::*;

use super::Vmq;
use crate::dialects::desk_for_tests::{
    KEY, NOON, STRICT_KEY, TestDesk, get, merchant, open_order, paid_order, post,
};
use crate::dialects::{Action, Call, Caller, Dialect, Message, NewOrder, OrderQuery, Reply};

const FORM: &str = "application/x-www-form-urlencoded";
const FOX: &str = "/api/order/create";
/// The page's vector of vmqfox.
const FOX_CREATE: &str =
    "payId=ORDER_1&param=user_1001&type=2&price=12.50&sign=d3cfeaee18b7509603e2be7515d5c7d4";

fn read(request: &Request) -> Result<Call, Answer> {
    Vmq.read(request, &TestDesk::default())
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn refusal(request: &Request) -> String {
    body(&read(request).expect_err("the request is refused"))
}

fn fox_refused(text: &str) -> String {
    format!(r#"{{"code":400,"msg":"{text}","data":null}}"#)
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

fn answer_to(path: &str, query: &str, reply: &Reply) -> Answer {
    let call = Call { caller: Caller::Holder, action: Action::Watchers };
    Vmq.answer(&get(path, query), &call, reply, &TestDesk::default())
}

fn order_reply(order: OrderView) -> Reply {
    Reply::Order { order: Box::new(order), repeated: false }
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

#[test]
fn vmqfox_s_create_is_understood() {
    for request in [
        get(FOX, FOX_CREATE),
        get("/m/1001/api/order/create", FOX_CREATE),
        post(FOX, FORM, FOX_CREATE.as_bytes()),
    ] {
        assert!(Vmq.claims(&request));
        let call = read(&request).unwrap();
        assert_eq!(call.caller, Caller::Merchant(merchant("1001")));
        let order = new_order(call);
        assert_eq!(order.number.as_deref(), Some("ORDER_1"));
        assert_eq!((order.requested, order.channels), (Amount::fen(1_250), vec![Channel::Alipay]));
        assert_eq!(order.attachment.as_deref(), Some("user_1001"));
        assert_eq!(order.echo.as_deref(), Some("2 fox"));
    }
    // One formula is not the other's.
    let classic =
        FOX_CREATE.replace("d3cfeaee18b7509603e2be7515d5c7d4", "c87435bc76e1a2ef1378f4b87ff650c6");
    assert!(read(&get("/createOrder", &classic)).is_ok());
    assert_eq!(refusal(&get(FOX, &classic)), fox_refused("签名错误"));
    assert_eq!(refusal(&get("/createOrder", FOX_CREATE)), plain_refused("签名校验不通过"));
    for path in ["/api/order", "/api/order/", "/api/order/x", "/api/order/close/1", "/api/create"] {
        assert!(!Vmq.claims(&get(path, "")), "{path}");
    }
}

#[test]
fn vmqfox_s_refusals_have_its_words() {
    let signed = |pay_id: &str, param: &str, price: &str, more: &str| {
        let text = format!("payId={pay_id}&param={param}&type=1&price={price}&key={KEY}");
        let sign = md5_hex(&[text.as_bytes()]);
        let [pay_id, param] = [pay_id, param].map(encode_component);
        format!("payId={pay_id}&param={param}&type=1&price={price}&sign={sign}{more}")
    };
    let cases = [
        (String::new(), "参数不完整"),
        (String::from("payId=A&type=1&price=1&sign="), "参数不完整"),
        (String::from("payId=A&type=3&price=1&sign=1"), "支付类型错误"),
        (String::from("payId=A&type=1&price=1&sign=1"), "签名错误"),
        (String::from("payId=A&type=1&price=x&sign=1"), "价格错误"),
        (String::from("payId=A&type=1&price=-1&sign=1"), "价格错误"),
        (String::from("payId=A&type=1&price=1e1&sign=1"), "价格错误"),
        (String::from("payId=A&type=1&price=1.1.1&sign=1"), "价格错误"),
        (signed("A", "", "0", ""), "价格错误"),
        (signed("A", "", "0.00", ""), "价格错误"),
        (signed("A", "", "99999999999", ""), "订单金额过大"),
        (signed("A", "", "0.001", ""), "订单金额最多两位小数"),
        (signed("A&type=2", "", "1", ""), "参数含有不允许的字符：payId"),
        (signed("A", "b=1", "1", ""), "参数含有不允许的字符：param"),
        (signed("A", "", "1", "&payId=B"), "参数重复：payId"),
        (signed("A", "", "1", "&notifyUrl=http%3A%2F%2F127.0.0.1"), "地址不允许访问：notifyUrl"),
        (
            signed("A", "", "1", "&returnUrl=ftp%3A%2F%2Fa.cn"),
            "地址必须以http或https开头：returnUrl",
        ),
    ];
    for (query, text) in cases {
        assert_eq!(refusal(&get(FOX, &query)), fox_refused(text), "{query}");
    }
    let page = read(&get(FOX, "isHtml=1")).unwrap_err();
    assert_eq!(
        (page.content_type.as_str(), body(&page)),
        ("text/plain;charset=UTF-8", String::from("参数不完整"))
    );
    for name in ["2002", "3003", "4004", "5005", "a%20b"] {
        let path = format!("/m/{name}{FOX}");
        assert_eq!(refusal(&get(&path, FOX_CREATE)), fox_refused("签名错误"), "{name}");
    }
    for (path, verb) in [(FOX, Method::Put), ("/api/order/get/o", Method::Post)] {
        assert_eq!(read(&Request::new(verb, path, "")).unwrap_err().status, 405);
    }
    let large = Vmq.too_large(&get(FOX, ""));
    assert_eq!(body(&large), fox_refused("请求内容过长"));

    let rejected = |rejection| body(&answer_to(FOX, "", &Reply::Rejected(rejection)));
    let other = OrderId::from_bits(1);
    let cases = [
        (Rejection::NumberTaken(other), "商户订单号已存在，请勿重复提交"),
        (Rejection::AmountsExhausted, "订单超出负荷，请稍后重试"),
        (Rejection::NoWallet, "暂无可用支付二维码"),
        (Rejection::BadText("number"), "参数错误：payId"),
    ];
    for (rejection, text) in cases {
        assert_eq!(rejected(rejection), fox_refused(text));
    }
    for (reply, text) in [
        (Reply::Busy, "系统繁忙，请稍后重试"),
        (Reply::OutcomeUnknown, "结果未知，请用同一商户订单号重试"),
    ] {
        let answer = answer_to(FOX, "", &reply);
        assert_eq!(body(&answer), fox_refused(text));
        assert_eq!(answer.headers, [(String::from("retry-after"), String::from("1"))]);
    }
}

#[test]
fn a_strict_merchant_s_callback_needs_the_strict_grammar_here_too() {
    let read = |param: &str, price: &str, more: &str| {
        let text = format!("payId=A&param={param}&type=1&price={price}&key={STRICT_KEY}");
        let (sign, param) = (md5_hex(&[text.as_bytes()]), encode_component(param));
        let query = format!("payId=A&param={param}&type=1&price={price}&sign={sign}{more}");
        read(&get("/m/2002/api/order/create", &query))
    };
    let cases = [
        ("1", "9.90", "", "参数不符合严格模式：param"),
        ("", "9.90", "", "参数不符合严格模式：param"),
        ("|u|", "9.9", "", "参数不符合严格模式：price"),
        ("|u=", "9.90", "", "参数含有不允许的字符：param"),
        ("|u|", "9.90", "&money=1", "严格模式不接受参数：money"),
    ];
    for (param, price, more, text) in cases {
        let refused = read(param, price, more).expect_err("it has several readings");
        assert_eq!(body(&refused), fox_refused(text), "{param} {price} {more}");
    }
    assert!(read("|u|", "9.90", "&isHtml=0").is_ok());
}

#[test]
fn vmqfox_s_order_is_shown_as_it_shows_it() {
    let id = OrderId::from_bits(7);
    let order = kept("2 fox", open_order(Protocol::Vmq));
    let created = format!(
        r#"{{"code":200,"msg":"成功","data":{{"payId":"ORDER_1","orderId":"{id}","payType":"2","price":"12.50","reallyPrice":"12.51","payUrl":"https://qr.alipay.com/a?b=\"c\"","isAuto":1,"redirectUrl":"https://pay.example/pay/{id}"}}}}"#
    );
    assert_eq!(body(&answer_to(FOX, "", &order_reply(order.clone()))), created);
    let page = answer_to(FOX, "isHtml=1", &order_reply(order.clone()));
    assert_eq!(page.content_type, "text/html;charset=UTF-8");
    let shown = format!(
        r#"{{"code":200,"msg":"成功","data":{{"payId":"ORDER_1","orderId":"{id}","payType":2,"price":12.5,"reallyPrice":12.51,"payUrl":"https://qr.alipay.com/a?b=\"c\"","isAuto":1,"state":0,"stateText":"未支付","timeOut":5,"date":1795233600,"remainingSeconds":300,"return_url":"https://shop.example/back?from=pay","param":"user_1001"}}}}"#
    );
    let path = format!("/api/order/get/{id}");
    assert_eq!(body(&answer_to(&path, "", &order_reply(order.clone()))), shown);
    let again = Reply::Order { order: Box::new(paid_order(Protocol::Vmq)), repeated: true };
    assert_eq!(body(&answer_to(FOX, "", &again)), fox_refused("商户订单号已存在，请勿重复提交"));

    let action = Action::Get(OrderQuery::Id(id));
    assert_eq!(read(&get(&path, "")), Ok(Call { caller: Caller::Holder, action }));
    assert_eq!(refusal(&get("/api/order/get/20261121", "")), fox_refused("订单不存在"));
    let foreign = answer_to(&format!("/m/2002{path}"), "", &order_reply(order));
    assert_eq!(body(&foreign), fox_refused("订单不存在"));
    let native = answer_to(&path, "", &order_reply(open_order(Protocol::Native)));
    assert_eq!(body(&native), fox_refused("订单不存在"));
    assert_eq!(body(&answer_to(&path, "", &Reply::NotFound)), fox_refused("订单不存在"));
}

#[test]
fn vmqfox_s_page_is_told_the_way_back_only_when_it_is_paid() {
    let rest = r#""return_url":"https://shop.example/back?from=pay","param":"user_1001""#;
    let id = OrderId::from_bits(7);
    let check = |status| {
        let order = OrderView { status, ..kept("2 fox", paid_order(Protocol::Vmq)) };
        body(&answer_to(&format!("/api/order/check/{id}"), "", &order_reply(order)))
    };
    let waits = format!(
        r#"{{"code":200,"msg":"订单未支付","data":{{"state":0,"remainingSeconds":300,{rest}}}}}"#
    );
    let over = format!(
        r#"{{"code":200,"msg":"订单已过期","data":{{"state":-1,"remainingSeconds":0,{rest}}}}}"#
    );
    let paid = format!(
        r#"{{"code":200,"msg":"支付成功","data":{{"redirectUrl":"https://shop.example/back?from=pay","remainingSeconds":0,{rest}}}}}"#
    );
    for (status, expected) in [
        (OrderStatus::Open, &waits),
        (OrderStatus::Underpaid, &waits),
        (OrderStatus::Expired, &over),
        (OrderStatus::Closed, &over),
        (OrderStatus::Paid, &paid),
        (OrderStatus::PaidLate, &paid),
        (OrderStatus::Overpaid, &paid),
    ] {
        assert_eq!(&check(status), expected, "{status}");
    }

    let path = format!("/api/order/return-url/{id}");
    let texts = ["ORDER_1", "user_1001", "2", "12.50", "12.51", KEY].map(str::as_bytes);
    let sign = md5_hex(&texts);
    let query =
        format!("payId=ORDER_1&param=user_1001&type=2&price=12.50&reallyPrice=12.51&sign={sign}");
    let order = kept("2 fox", paid_order(Protocol::Vmq));
    let expected = format!(
        r#"{{"code":200,"msg":"成功","data":{{"returnUrl":"https://shop.example/back?from=pay&{query}","sign":"{sign}"}}}}"#
    );
    assert_eq!(body(&answer_to(&path, "", &order_reply(order.clone()))), expected);
    assert_eq!(callback(&order, NOON), query, "the fork prints two decimals where it signs");
    let open = kept("2 fox", open_order(Protocol::Vmq));
    assert_eq!(body(&answer_to(&path, "", &order_reply(open))), fox_refused("订单未支付"));
    let nowhere = OrderView { return_url: None, ..order };
    let refused = fox_refused("订单没有配置返回URL");
    assert_eq!(body(&answer_to(&path, "", &order_reply(nowhere))), refused);
}

proptest! {
    #[test]
    fn one_changed_byte_of_vmqfox_s_fields_is_refused(at in 0_usize..100, to in 0x21_u8..0x7f) {
        let (fields, sign) = FOX_CREATE.split_at(FOX_CREATE.rfind("&sign=").unwrap());
        let mut changed = fields.as_bytes().to_vec();
        let place = at % changed.len();
        prop_assume!(changed[place] != to);
        changed[place] = to;
        let query = format!("{}{sign}", String::from_utf8(changed).unwrap());
        prop_assert!(read(&get(FOX, &query)).is_err(), "{}", query);
    }

    #[test]
    fn no_request_to_a_fork_panics(
        path in "/(m/1001/)?(api/order/(create|get/\\PC{0,8}|check/o|return-url/)|enQrcode)",
        query in "((payId|type|price|sign|param|signType|timestamp|nonce|url)=[^&]{0,8}&){0,8}",
        body in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut request = post(&path, FORM, &body);
        request.query = query;
        for method in [Method::Get, Method::Post] {
            request.method = method;
            if Vmq.claims(&request) {
                let _ = read(&request);
            }
        }
    }
}
