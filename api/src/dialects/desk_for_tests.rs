//! A desk with a few merchants, and orders to answer with, for the tests of the dialects.

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::id::{MerchantId, OrderId, RefundId, WalletId};
use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::position::Position;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::{Method, Request};
use duizhang_projections::calendar::Zone;
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::{DayTally, OrderView};

use super::{Desk, Found, MerchantCard, OrderQuery, Tally, Token};
use crate::outbound::{self, UrlRefusal};

/// The key of the protocol page's test vectors.
pub(super) const KEY: &str = "83d551f0b3609781a22536ca2658473d";
/// The key before it, still valid.
pub(super) const OLD_KEY: &str = "merchant-key-0001";
/// The strict merchant's key.
pub(super) const STRICT_KEY: &str = "strict-key-00001";
/// A webhook secret of 24 bytes.
pub(super) const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Our private key towards `1001` and `2002`, made by OpenSSL.
pub(super) const PLATFORM_KEY: &str = include_str!("../../tests/data/epay/platform.p8");
/// The default merchant's token.
pub(super) const TOKEN: &str = "token-of-1001-0123456789";
/// An operator's token.
pub(super) const OPERATOR_TOKEN: &str = "token-of-li-0123456789";
/// 2026-11-21 12:00:00 in Shanghai.
pub(super) const NOON: Timestamp = Timestamp::from_secs(1_795_233_600);

/// `1001` is the default, `2002` is strict, `3003` has no key, `4004` is known to nobody and `5005`
/// has an empty key.
pub(super) struct TestDesk {
    /// The merchant on paths that carry none.
    pub(super) default: Option<&'static str>,
    /// The numbers of merchant `1001`'s orders, and how these stand.
    pub(super) numbers: Vec<(String, OrderStatus)>,
}

impl Default for TestDesk {
    fn default() -> Self {
        Self { default: Some("1001"), numbers: Vec::new() }
    }
}

impl Desk for TestDesk {
    fn default_merchant(&self) -> Option<MerchantId> {
        self.default.map(merchant)
    }

    fn merchant(&self, id: &MerchantId) -> Option<MerchantCard> {
        let known = ["1001", "2002", "3003", "5005"].contains(&id.as_str());
        known.then(|| MerchantCard { id: id.clone(), strict: id.as_str() == "2002" })
    }

    fn each_key(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        match id.as_str() {
            "1001" => [KEY, OLD_KEY].iter().for_each(|key| show(key.as_bytes())),
            "2002" => show(STRICT_KEY.as_bytes()),
            "5005" => show(b""),
            _ => {}
        }
    }

    fn each_webhook_secret(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        if id.as_str() == "1001" {
            show(WEBHOOK_SECRET.as_bytes());
        }
    }

    fn each_platform_key(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        if ["1001", "2002"].contains(&id.as_str()) {
            show(PLATFORM_KEY.as_bytes());
        }
    }

    fn token(&self, token: &str) -> Option<Token> {
        match token {
            TOKEN => Some(Token::Merchant(merchant("1001"))),
            OPERATOR_TOKEN => Some(Token::Operator(String::from("li"))),
            _ => None,
        }
    }

    /// As on an open server that is reached at its public address.
    fn check_callback(&self, url: &str) -> Result<(), UrlRefusal> {
        let own_names = vec![(String::from("pay.example"), 443)];
        outbound::check_callback(url, &outbound::Policy { own_names, ..Default::default() })
    }

    fn merchant_of(&self, order: OrderId) -> Option<MerchantId> {
        (order == OrderId::from_bits(7)).then(|| merchant("1001"))
    }

    /// `1001` has an open order and a paid one of epay, one of V免签, and those of the test.
    fn find(&self, id: &MerchantId, query: &OrderQuery) -> Option<Found> {
        let given = self.numbers.iter().zip(100..);
        let mut given = given.filter(|((number, _), bits)| match query {
            OrderQuery::Id(id) => *id == OrderId::from_bits(*bits),
            OrderQuery::Number(asked) => asked == number,
        });
        if let Some(((_, status), bits)) = given.next().filter(|_| id.as_str() == "1001") {
            let (order, dialect) = (OrderId::from_bits(bits), Dialect::Epay);
            return Some(Found { order, dialect, status: *status });
        }
        let orders = [
            (7, "ORDER_1", Dialect::Epay, OrderStatus::Open),
            (8, "PAID_1", Dialect::Epay, OrderStatus::Paid),
            (9, "VMQ_1", Dialect::Vmq, OrderStatus::Open),
        ];
        let named = |(bits, number, ..): &(u128, &str, Dialect, OrderStatus)| match query {
            OrderQuery::Id(id) => *id == OrderId::from_bits(*bits),
            OrderQuery::Number(asked) => asked == number,
        };
        let (bits, _, dialect, status) = orders.into_iter().find(named)?;
        let found = Found { order: OrderId::from_bits(bits), dialect, status };
        (id.as_str() == "1001").then_some(found)
    }

    fn number(&self, order: OrderId) -> Option<String> {
        (order == OrderId::from_bits(8)).then(|| String::from("PAID_1"))
    }

    fn find_refund(&self, id: &MerchantId, number: &str) -> Option<RefundId> {
        let known = id.as_str() == "1001" && number == "REFUND_1";
        known.then(|| RefundId::from_bits(3))
    }

    fn tally(&self, _: &MerchantId, _: Dialect) -> Tally {
        let day = |orders, minor| DayTally { orders, minor };
        Tally { orders: 12, today: day(3, 1_250), yesterday: day(2, 100) }
    }

    fn public_url(&self) -> &str {
        "https://pay.example"
    }

    fn zone(&self) -> Zone {
        Zone::new("Asia/Shanghai").unwrap()
    }

    fn now(&self) -> Timestamp {
        NOON
    }
}

pub(super) fn merchant(name: &str) -> MerchantId {
    MerchantId::new(name).unwrap()
}

/// An open order of merchant `1001` over 12.50, to be paid with 12.51.
pub(super) fn open_order(dialect: Dialect) -> OrderView {
    OrderView {
        id: OrderId::from_bits(7),
        position: Position::new(42),
        merchant: merchant("1001"),
        number: String::from("ORDER_1"),
        dialect,
        wallet: WalletId::new("ali-main").unwrap(),
        channel: Channel::Alipay,
        requested: Amount::fen(1_250),
        payable: Amount::fen(1_251),
        received: Amount::fen(0),
        refunded: Amount::fen(0),
        status: OrderStatus::Open,
        callback: CallbackStanding::None,
        created_at: NOON,
        expires_at: NOON.plus(Span::from_mins(5)),
        ended_at: None,
        qr: String::from("https://qr.alipay.com/a?b=\"c\""),
        qr_fixed: false,
        code: None,
        trade: None,
        subject: None,
        attachment: Some(String::from("user_1001")),
        echo: Some(String::from("2")),
        notify_url: Some(String::from("https://shop.example/notify")),
        return_url: Some(String::from("https://shop.example/back?from=pay")),
    }
}

/// The same order, paid.
pub(super) fn paid_order(dialect: Dialect) -> OrderView {
    OrderView {
        received: Amount::fen(1_251),
        status: OrderStatus::Paid,
        callback: CallbackStanding::Pending,
        ended_at: Some(NOON.plus(Span::from_mins(1))),
        ..open_order(dialect)
    }
}

/// A GET with a query.
pub(super) fn get(path: &str, query: &str) -> Request {
    Request::new(Method::Get, path, query)
}

/// A POST with a body of a media type.
pub(super) fn post(path: &str, media: &str, body: &[u8]) -> Request {
    let mut request = Request::new(Method::Post, path, "");
    request.headers.push((String::from("content-type"), String::from(media)));
    request.body = body.to_vec();
    request
}
