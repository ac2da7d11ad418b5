//! What one protocol may look up: everything, but for merchants that do not speak it.
//!
//! A merchant may be configured to answer in some protocols only, because one key under two
//! formulas signs texts of both. In the others it is nobody: each protocol answers as it answers an
//! unknown merchant, at the same cost, and none has to know of this.
//!
//! Invariant: only reading a request looks through here; callbacks of older orders go on.
//! Deliberately not here: which protocols a merchant speaks (the configuration says it).

use duizhang_core::id::{MerchantId, OrderId, RefundId};
use duizhang_core::order;
use duizhang_core::time::Timestamp;
use duizhang_projections::calendar::Zone;

use crate::app::App;
use crate::dialects::{Desk, Found, MerchantCard, OrderQuery, Tally, Token};
use crate::outbound::UrlRefusal;

/// The desk of one protocol.
pub(super) struct Spoken<'a> {
    pub(super) app: &'a App,
    pub(super) dialect: order::Dialect,
}

impl Spoken<'_> {
    fn speaks(&self, merchant: &MerchantId) -> bool {
        let own = self.app.spoken.get(merchant);
        own.is_none_or(|dialects| dialects.contains(&self.dialect))
    }
}

impl Desk for Spoken<'_> {
    fn merchant(&self, id: &MerchantId) -> Option<MerchantCard> {
        self.app.merchant(id).filter(|card| self.speaks(&card.id))
    }

    fn token(&self, token: &str) -> Option<Token> {
        self.app.token(token).filter(|token| match token {
            Token::Merchant(id) => self.speaks(id),
            Token::Operator(_) => true,
        })
    }

    fn default_merchant(&self) -> Option<MerchantId> {
        self.app.default_merchant()
    }

    fn each_key(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        self.app.each_key(id, show);
    }

    fn each_webhook_secret(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        self.app.each_webhook_secret(id, show);
    }

    fn each_platform_key(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        self.app.each_platform_key(id, show);
    }

    fn check_callback(&self, url: &str) -> Result<(), UrlRefusal> {
        self.app.check_callback(url)
    }

    fn merchant_of(&self, order: OrderId) -> Option<MerchantId> {
        self.app.merchant_of(order)
    }

    fn find(&self, merchant: &MerchantId, query: &OrderQuery) -> Option<Found> {
        self.app.find(merchant, query)
    }

    fn find_refund(&self, merchant: &MerchantId, number: &str) -> Option<RefundId> {
        self.app.find_refund(merchant, number)
    }

    fn tally(&self, merchant: &MerchantId, dialect: order::Dialect) -> Tally {
        self.app.tally(merchant, dialect)
    }

    fn number(&self, order: OrderId) -> Option<String> {
        self.app.number(order)
    }

    fn public_url(&self) -> &str {
        self.app.public_url()
    }

    fn zone(&self) -> Zone {
        self.app.zone()
    }

    fn now(&self) -> Timestamp {
        self.app.now()
    }
}
