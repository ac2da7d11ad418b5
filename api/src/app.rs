//! What every request handler shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use duizhang_core::id::{MerchantId, OrderId, RefundId};
use duizhang_core::order::{self, OrderStatus};
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::source::Source;
use duizhang_projections::calendar::Zone;
use duizhang_projections::orders::OrderView;
use duizhang_projections::refunds::RefundView;

use crate::accept::Traffic;
use crate::book::Book;
use crate::clock::Clock;
use crate::dialects::{Desk, Dialect, Found, MerchantCard, OrderQuery, Tally, Token};
use crate::metrics::Metrics;
use crate::outbound::{Outbound, UrlRefusal};
use crate::secrets::{SecretOf, SecretStore};
use crate::youzan::Youzan;

/// What every request handler shares.
pub struct App {
    /// The book.
    pub book: Book,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Keys and tokens.
    pub secrets: Arc<SecretStore>,
    /// The merchant-side protocols, in the order in which they are asked whether a request is
    /// theirs.
    pub dialects: Vec<(order::Dialect, Box<dyn Dialect>)>,
    /// The evidence-side protocols, likewise.
    pub sources: Vec<Box<dyn Source + Send + Sync>>,
    /// The protocols of those merchants that do not speak all of them.
    pub spoken: BTreeMap<MerchantId, Vec<order::Dialect>>,
    /// The HTTP client for callbacks.
    pub outbound: Arc<Outbound>,
    /// What the accept loop counts.
    pub traffic: Arc<Traffic>,
    /// Who asks Youzan for codes and trades.
    pub youzan: Youzan,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The address under which payers and merchants reach us, without a slash at its end.
    pub public_url: String,
    /// The zone of business days and printed times.
    pub zone: Zone,
}

impl App {
    /// The protocol that an order came in.
    ///
    /// # Panics
    /// Where the program was composed without one of the dialects.
    #[must_use]
    pub fn dialect(&self, of: order::Dialect) -> &dyn Dialect {
        let found = self.dialects.iter().find(|(known, _)| *known == of);
        &*found.expect("every dialect is composed").1
    }

    /// Where the payer's browser goes back to, signed as the order's protocol wants it.
    #[must_use]
    pub fn return_url(&self, order: &OrderView) -> Option<String> {
        self.dialect(order.dialect).return_url(order, self)
    }
}

impl Desk for App {
    fn default_merchant(&self) -> Option<MerchantId> {
        let views = self.book.views();
        let enabled: Vec<_> = views.book.merchants().filter(|m| m.enabled).collect();
        match enabled.as_slice() {
            [only] => Some(only.id.clone()),
            several => several.iter().find(|m| m.default).map(|m| m.id.clone()),
        }
    }

    fn merchant(&self, id: &MerchantId) -> Option<MerchantCard> {
        let views = self.book.views();
        let merchant = views.book.merchant(id).filter(|merchant| merchant.enabled)?;
        Some(MerchantCard { id: merchant.id.clone(), strict: merchant.strict })
    }

    fn each_key(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        let of = SecretOf::MerchantKey(id.clone());
        for key in self.secrets.keys_of(&of, self.clock.now()) {
            show(key.secret.expose());
        }
    }

    fn each_webhook_secret(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        let of = SecretOf::WebhookSecret(id.clone());
        for key in self.secrets.keys_of(&of, self.clock.now()) {
            show(key.secret.expose());
        }
    }

    fn each_platform_key(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8])) {
        let of = SecretOf::PlatformKey(id.clone());
        for key in self.secrets.keys_of(&of, self.clock.now()) {
            show(key.secret.expose());
        }
    }

    fn token(&self, token: &str) -> Option<Token> {
        match self.secrets.token_owner(token.as_bytes(), self.clock.now())? {
            SecretOf::NativeToken(merchant) => Some(Token::Merchant(merchant)),
            SecretOf::OperatorToken(operator) => Some(Token::Operator(operator.to_string())),
            SecretOf::MerchantKey(_)
            | SecretOf::WebhookSecret(_)
            | SecretOf::PlatformKey(_)
            | SecretOf::YouzanSecret(_)
            | SecretOf::DeviceKey(_) => None,
        }
    }

    fn check_callback(&self, url: &str) -> Result<(), UrlRefusal> {
        self.outbound.check_callback(url)
    }

    fn merchant_of(&self, order: OrderId) -> Option<MerchantId> {
        let views = self.book.views();
        views.orders.get(order).map(|row| views.orders.merchant_of(row).clone())
    }

    fn find(&self, merchant: &MerchantId, query: &OrderQuery) -> Option<Found> {
        let views = self.book.views();
        let row = match query {
            OrderQuery::Id(id) => views.orders.get(*id),
            OrderQuery::Number(number) => views.orders.by_number(merchant, number),
        };
        let own = row.filter(|row| views.orders.merchant_of(row) == merchant)?;
        // The writer ends what is due before it takes the next fact, so to whoever asks an order is
        // over in that moment, and not when the tick is folded.
        let over = own.status == OrderStatus::Open && own.expires_at <= self.clock.now();
        let status = if over { OrderStatus::Expired } else { own.status };
        Some(Found { order: own.id, dialect: own.dialect, status })
    }

    fn number(&self, order: OrderId) -> Option<String> {
        let position = self.book.views().orders.get(order)?.position;
        match self.book.request_at(position) {
            Ok(request) => Some(request.number),
            Err(error) => {
                tracing::error!(%error, %order, "an order cannot be read from the log");
                None
            }
        }
    }

    fn find_refund(&self, merchant: &MerchantId, number: &str) -> Option<RefundId> {
        let views = self.book.views();
        // People send each refund by hand, so there are not many of them.
        let named = |refund: &&RefundView| refund.merchant == *merchant && refund.number == number;
        views.refunds.iter().find(named).map(|refund| refund.id)
    }

    fn tally(&self, merchant: &MerchantId, dialect: order::Dialect) -> Tally {
        let today = self.zone.day_of(self.clock.now());
        let views = self.book.views();
        let Some(counted) = views.orders.tally(merchant, dialect) else { return Tally::default() };
        Tally {
            orders: counted.orders(),
            today: counted.day(today),
            yesterday: today.pred_opt().map(|day| counted.day(day)).unwrap_or_default(),
        }
    }

    fn public_url(&self) -> &str {
        &self.public_url
    }

    fn zone(&self) -> Zone {
        self.zone
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
