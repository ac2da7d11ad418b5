//! The crate `epay-sdk`, unmodified, against the real program: it signs and sends, reads every
//! answer strictly, and verifies the callback.
//!
//! Invariants: the crate's own transport is left out, because a second HTTP client and a second TLS
//! would be built for one test; the wire here is the plain one of the other tests.
//! Deliberately not here: clients in other languages (`clients`).

use std::future::{Future, ready};
use std::io;
use std::time::Duration;

use epay_sdk::transport::BoxFuture;
use epay_sdk::{
    Client, Error, HttpConfig, Money, Params, PayType, PaymentRequest, ProtocolContext, Result,
    Transport, TransportErrorKind, TransportOptions, parse_notify_params,
};
use url::{Position, Url, form_urlencoded};

use crate::clients::{ASKED, PAYABLE, occupy};
use crate::program::{
    Answer, BookFile, Caller, DEVICE_KEY, MERCHANT_KEY, Records, Shop, millis, push_path,
};

/// The crate's requests over the plain wire.
struct Wire(Caller);

impl Transport for Wire {
    fn get<'a>(&'a self, url: &'a Url, _: TransportOptions) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(ready(body(self.0.try_get(&url[Position::BeforePath..]))))
    }

    fn post_form<'a>(
        &'a self,
        url: &'a Url,
        form: &'a [(&'a str, &'a str)],
        _: TransportOptions,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let line = format!("POST {}", &url[Position::BeforePath..]);
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        Box::pin(ready(body(self.0.ask(&line, &headers, form.as_bytes()))))
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        panic!("the client tries again, which it was not told to")
    }
}

fn body(answer: io::Result<Answer>) -> Result<Vec<u8>> {
    match answer {
        Ok(answer) if answer.status == 200 => Ok(answer.text().into_bytes()),
        other => Err(Error::transport(TransportErrorKind::Other, format!("{other:?}"))),
    }
}

fn connect(caller: Caller, key: &str, shop: &Shop) -> Client {
    let protocol = ProtocolContext::builder(1001, key, format!("http://{}", caller.at))
        .notify_url(shop.url())
        .allow_insecure_http(true)
        .allow_insecure_callback_http(true)
        .build()
        .expect("sound terms");
    Client::with_transport(protocol, HttpConfig::default(), Wire(caller))
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

fn asked() -> Money {
    Money::from_yuan_str(ASKED).expect("an amount")
}

fn order() -> PaymentRequest {
    let order = PaymentRequest::new(PayType::Wxpay, "SO-1", "茶 & 水", asked());
    order.client_ip("203.0.113.7").param("table=7")
}

/// Every message that differs from this one in one parameter, and every one that lacks one.
fn forgeries(params: &Params) -> Vec<Params> {
    let changed = params.iter().map(|(name, value)| {
        let mut forged = params.clone();
        let last = if value.ends_with('0') { "1" } else { "0" };
        let kept = value.char_indices().next_back().map_or(0, |(at, _)| at);
        forged.insert(name, format!("{}{last}", &value[..kept]));
        forged
    });
    let lacking = params.iter().map(|(name, _)| {
        let mut forged = params.clone();
        forged.remove(name);
        forged
    });
    changed.chain(lacking).collect()
}

#[test]
fn epay_sdk_of_crates_io_orders_asks_verifies_and_refunds() {
    let shop = Shop::new();
    let book = BookFile::new(&shop.url());
    let program = book.serve();
    let caller = program.caller();
    occupy(&program);

    let stranger = connect(caller, "another-secret-altogether", &shop);
    let error = wait(stranger.create_payment(&order())).expect_err("a wrong signature");
    assert!(error.to_string().contains("签名校验失败"), "{error}");
    let error = wait(stranger.query_merchant()).expect_err("a wrong key");
    assert!(error.to_string().contains("商户密钥错误"), "{error}");
    let client = connect(caller, MERCHANT_KEY, &shop);
    let error = wait(client.query_order_by_out_trade_no("SO-1")).expect_err("no order");
    assert!(error.to_string().contains("订单号不存在"), "{error}");

    let made = wait(client.create_payment(&order())).expect("an order");
    assert!(made.pay_url.contains("/pay/o"), "{made:?}");
    assert!(caller.get(&made.pay_url[made.pay_url.find("/pay/").expect("a path")..]).status == 200);
    let again = wait(client.create_payment(&order())).expect("the same order");
    assert_eq!(again.trade_no, made.trade_no);
    let found = wait(client.query_order_by_out_trade_no("SO-1")).expect("the order");
    assert!(found.is_unpaid(), "{found:?}");

    let push = caller.get(&push_path(PAYABLE, millis(), DEVICE_KEY));
    assert_eq!(push.json()["code"], 1, "{}", push.text());
    shop.until("the callback", |came| !came.is_empty());
    let came = shop.came().remove(0);
    let query = came.line.split(' ').nth(1).and_then(|target| target.split_once('?'));
    let params = parse_notify_params(query.map(|(_, query)| query), None).expect("parameters");
    let said = client.verify_notify(&params).expect("the crate agrees");
    let said = said.try_into_success().expect("it is paid").into_inner();
    assert!(said.money_matches(asked()), "{said:?}");
    assert_eq!((said.out_trade_no.as_str(), said.param.as_str()), ("SO-1", "table=7"));
    for forged in forgeries(&params) {
        assert!(client.verify_notify(&forged).is_err(), "a forged callback passed: {forged:?}");
    }

    let found = wait(client.query_order_by_trade_no(&made.trade_no)).expect("the order");
    assert!(found.is_paid(), "{found:?}");
    assert_eq!((found.amount().expect("an amount"), found.name.as_str()), (asked(), "茶 & 水"));
    let listed = wait(client.query_all_orders(10, 2)).expect("a list");
    assert_eq!(listed.len(), 1, "the other protocol's order is not epay's");
    assert!(wait(client.query_merchant()).is_ok_and(|merchant| merchant.pid == 1001));
    assert!(wait(client.query_settlements()).is_ok_and(|settled| settled.settlements.is_empty()));
    let refund = wait(client.refund_by_out_trade_no("SO-1", asked())).expect("it is accepted");
    assert!(refund.msg.contains("人工"), "{refund:?}");

    assert_eq!(program.stop().code, Some(0));
    let records = Records::audited(&book.data()).expect("the audit is clean");
    assert!(records.paid.contains("SO-1"));
}
