//! A shop on Youzan, and the token that speaks for it.
//!
//! Invariants: the application's secret is in the secret store and nowhere else; a token is renewed
//! before it ends, and at most one is asked for at a time.
//! Deliberately not here: the calls themselves.

use duizhang_core::id::{DeviceId, WalletId};
use duizhang_core::time::{Span, Timestamp};
use tokio::sync::{Mutex, Semaphore};

use super::platform::SHOP_CALLS_MAX;
use crate::secrets::{Secret, SecretOf};

/// Where the platform is.
pub const OPEN_PLATFORM: &str = "https://open.youzan.com";

/// How long before its end a token is renewed: a call in flight must not outlive it. A token lives
/// for seven days.
const RENEWAL: Span = Span::from_mins(10);

/// A shop on Youzan that is a wallet here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// The wallet.
    pub wallet: WalletId,
    /// What watches it: the platform's pushes, as a device with the wallet's own name.
    pub watcher: DeviceId,
    /// The application that was allowed to speak for the shop.
    pub client_id: String,
    /// The shop's number.
    pub kdt_id: String,
    /// The platform's address, without a slash at its end.
    pub base_url: String,
}

impl Shop {
    /// Which secret is the application's.
    #[must_use]
    pub fn secret(&self) -> SecretOf {
        SecretOf::YouzanSecret(self.wallet.clone())
    }
}

/// A token and when it ends.
struct Token {
    text: Secret,
    until: Timestamp,
}

/// A shop and its token.
pub(super) struct Counter {
    pub(super) shop: Shop,
    /// The calls that may be under way.
    pub(super) places: Semaphore,
    token: Mutex<Option<Token>>,
}

impl Counter {
    pub(super) fn new(shop: Shop) -> Self {
        Self { shop, places: Semaphore::new(SHOP_CALLS_MAX), token: Mutex::new(None) }
    }

    /// The token in force; a new one where there is none, where it ends soon, and where it is the
    /// one that was refused.
    pub(super) async fn token<E>(
        &self,
        now: Timestamp,
        refused: Option<&Secret>,
        ask: impl AsyncFnOnce() -> Result<(Secret, Span), E>,
    ) -> Result<Secret, E> {
        let mut token = self.token.lock().await;
        if let Some(known) = &*token
            && now.plus(RENEWAL) < known.until
            && !refused.is_some_and(|refused| known.text.equals(refused.expose()))
        {
            return Ok(known.text.clone());
        }
        // What was known is forgotten first: where asking fails, the next call asks again.
        *token = None;
        let (text, life) = ask().await?;
        *token = Some(Token { text: text.clone(), until: now.plus(life) });
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn a_token_is_kept_until_it_ends_soon_or_was_refused() {
        let shop = Shop {
            wallet: WalletId::new("yz").unwrap(),
            watcher: DeviceId::new("yz").unwrap(),
            client_id: "cid".into(),
            kdt_id: "110".into(),
            base_url: OPEN_PLATFORM.into(),
        };
        let counter = Counter::new(shop);
        let asked = Cell::new(0_u64);
        let token = async |secs: u64, refused: Option<u64>| {
            let refused = refused.map(|number| Secret::new(format!("token-{number}")));
            let now = Timestamp::from_secs(0).plus(Span::from_secs(secs));
            let ask = async || {
                asked.set(asked.get() + 1);
                match asked.get() {
                    4 => Err("the platform is away"),
                    number => Ok((Secret::new(format!("token-{number}")), Span::from_hours(1))),
                }
            };
            let got = counter.token(now, refused.as_ref(), ask).await;
            got.map(|secret| String::from_utf8(secret.expose().to_vec()).unwrap())
        };
        for (secs, refused, expected) in [
            (0, None, Ok("token-1")),
            (2_999, None, Ok("token-1")),
            (3_000, None, Ok("token-2")),
            (3_001, Some(1), Ok("token-2")),
            (3_002, Some(2), Ok("token-3")),
            (3_003, Some(3), Err("the platform is away")),
            (3_004, None, Ok("token-5")),
        ] {
            assert_eq!(token(secs, refused).await, expected.map(String::from), "{secs}");
        }
    }
}
