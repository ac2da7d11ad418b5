//! Calls to the platform.
//!
//! Invariants: secrets and tokens travel in bodies, never in addresses; a call that is refused for
//! its token is made once more with a new one; no text of an error repeats what the platform said;
//! at most [`CALLS_MAX`] calls are under way, and no more of one shop than [`SHOP_CALLS_MAX`].
//! Deliberately not here: what is in an answer (`wire`), and when to call.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use duizhang_core::id::{DeviceId, WalletId};
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::encode_component;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::shop::{Counter, Shop};
use super::wire::{self, NewCode, Trade};
use crate::app::App;
use crate::outbound::{OutboundOutcome, OutboundRequest};
use crate::secrets::Secret;

/// Calls under way over all shops: the platform allows some ten a second, and each holds a socket
/// and at most 64 KiB.
const CALLS_MAX: usize = 16;

/// Calls under way of one shop: a quarter of all, so that one whose platform does not answer leaves
/// room for the others.
pub(super) const SHOP_CALLS_MAX: usize = 4;

/// Why the platform did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// The wallet is no shop of the configuration.
    #[error("wallet {0} has no shop on Youzan in the configuration")]
    NoShop(WalletId),
    /// The application's secret is not in the store.
    #[error("the application's secret is not in the secret store")]
    NoSecret,
    /// There was no answer.
    #[error("reach the platform: {0}")]
    Unreachable(String),
    /// The answer is no success.
    #[error("the platform answered {0}")]
    Status(u16),
    /// The answer lacks something.
    #[error("the platform's answer cannot be read: {0}")]
    Unreadable(&'static str),
    /// The application is not believed.
    #[error("the platform gave no token: look at client_id, client_secret and kdt_id")]
    NoToken,
    /// The token is no longer one.
    #[error("the platform refused the token")]
    TokenRefused,
    /// It does not do this.
    #[error("the platform refused with code {code}")]
    Refused {
        /// Its own code.
        code: i64,
    },
}

/// Who speaks to the platform for all shops.
pub struct Youzan {
    counters: Vec<Counter>,
    places: Semaphore,
}

impl Youzan {
    /// Speaks for these shops.
    #[must_use]
    pub fn new(shops: Vec<Shop>) -> Self {
        let counters = shops.into_iter().map(Counter::new).collect();
        Self { counters, places: Semaphore::new(CALLS_MAX) }
    }

    /// All shops.
    pub fn shops(&self) -> impl Iterator<Item = &Shop> {
        self.counters.iter().map(|counter| &counter.shop)
    }

    /// The shop that a device watches.
    #[must_use]
    pub fn shop_of(&self, watcher: &DeviceId) -> Option<&Shop> {
        self.shops().find(|shop| shop.watcher == *watcher)
    }

    /// Has a code made.
    pub(super) async fn new_code(
        &self,
        app: &App,
        wallet: &WalletId,
        name: &str,
        fen: i64,
    ) -> Result<NewCode, PlatformError> {
        let fen = fen.to_string();
        let params = [("qr_name", name), ("qr_price", &fen), ("qr_type", "QR_TYPE_DYNAMIC")];
        let path = "/api/oauthentry/youzan.pay.qrcode/3.0.0/create";
        wire::code(&self.invoke(app, wallet, path, &params).await?)
    }

    /// Asks what a trade is.
    pub(super) async fn trade(
        &self,
        app: &App,
        wallet: &WalletId,
        number: &str,
    ) -> Result<Trade, PlatformError> {
        let path = "/api/oauthentry/youzan.trade/4.0.0/get";
        wire::trade(&self.invoke(app, wallet, path, &[("tid", number)]).await?)
    }

    async fn invoke(
        &self,
        app: &App,
        wallet: &WalletId,
        path: &str,
        params: &[(&str, &str)],
    ) -> Result<Value, PlatformError> {
        let counter = self.counters.iter().find(|counter| counter.shop.wallet == *wallet);
        let counter = counter.ok_or_else(|| PlatformError::NoShop(wallet.clone()))?;
        // The shop's own place comes first: whoever waits for it holds no place of the others.
        let _own = counter.places.acquire().await.expect("nobody closes the places");
        let _place = self.places.acquire().await.expect("nobody closes the places");
        let first = token(app, counter, None).await?;
        match call(app, counter, path, params, &first).await {
            Err(PlatformError::TokenRefused) => {
                let renewed = token(app, counter, Some(&first)).await?;
                call(app, counter, path, params, &renewed).await
            }
            answered => answered,
        }
    }
}

async fn call(
    app: &App,
    counter: &Counter,
    path: &str,
    params: &[(&str, &str)],
    token: &Secret,
) -> Result<Value, PlatformError> {
    let token = std::str::from_utf8(token.expose()).map_err(|_| PlatformError::NoToken)?;
    let mut all = vec![("access_token", token)];
    all.extend_from_slice(params);
    wire::result(&post(app, &counter.shop, path, &all).await?)
}

async fn token(
    app: &App,
    counter: &Counter,
    refused: Option<&Secret>,
) -> Result<Secret, PlatformError> {
    let now = app.clock.now();
    let shop = &counter.shop;
    let ask = async || -> Result<(Secret, Span), PlatformError> {
        let keys = app.secrets.keys_of(&shop.secret(), now);
        let key = keys.first().ok_or(PlatformError::NoSecret)?;
        let secret = std::str::from_utf8(key.secret.expose());
        let params = [
            ("client_id", shop.client_id.as_str()),
            ("client_secret", secret.map_err(|_| PlatformError::NoSecret)?),
            ("grant_type", "silent"),
            ("kdt_id", &shop.kdt_id),
        ];
        wire::token(&post(app, shop, "/oauth/token", &params).await?)
    };
    counter.token(now, refused, ask).await
}

async fn post(
    app: &App,
    shop: &Shop,
    path: &str,
    params: &[(&str, &str)],
) -> Result<Vec<u8>, PlatformError> {
    let pairs = params.iter().map(|(name, value)| format!("{name}={}", encode_component(value)));
    let body = pairs.collect::<Vec<_>>().join("&");
    let media = HeaderValue::from_static("application/x-www-form-urlencoded");
    let request = OutboundRequest {
        method: Method::POST,
        url: format!("{}{path}", shop.base_url),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, media)]),
        body: body.into(),
    };
    match app.outbound.send(request).await {
        OutboundOutcome::Answered { status: 200, body, truncated: false, .. } => Ok(body),
        OutboundOutcome::Answered { status: 200, .. } => {
            Err(PlatformError::Unreadable("more than 64 KiB"))
        }
        OutboundOutcome::Answered { status: 401, .. } => Err(PlatformError::TokenRefused),
        OutboundOutcome::Answered { status, .. } => Err(PlatformError::Status(status)),
        OutboundOutcome::Refused(refusal) => Err(PlatformError::Unreachable(refusal.to_string())),
        OutboundOutcome::Failed(failure) => Err(PlatformError::Unreachable(failure.to_string())),
    }
}
