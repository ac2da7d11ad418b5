//! The shops' own server: where callbacks knock, who opens, and what the shops write into their own
//! books.
//!
//! Invariants: nothing is booked whose signature does not fit; a callback that comes again is
//! booked once; every knock is counted. The books know nothing of the engine but what they were
//! told.
//! Deliberately not here: comparing the books with the engine's ([`super::audit`]).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_api::clock::{Clock, ManualClock};
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::{Method, Params, Request as WireRequest, hex_equal, md5_hex};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::wire::hmac_base64;

/// How long the slow door takes.
const DAWDLE: Span = Span::from_secs(4);

/// Longest callback that a shop reads: an order's texts are below 8 KiB.
const BODY_BYTES_MAX: usize = 64 * 1_024;

/// How far the time in a callback may differ from the shop's own, as Standard Webhooks recommends.
const TOLERANCE: Span = Span::from_mins(5);

/// What a shop was told about one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The amount that came, as it was spelled.
    pub(super) received: String,
    /// How often it was told.
    pub(super) times: u32,
}

/// The shops' books.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    /// By the shop's own order number.
    pub(super) paid: BTreeMap<String, Told>,
    /// Refunds by id, with the state that was told.
    pub(super) refunds: BTreeMap<String, String>,
    /// Every knock, whether it was opened or not.
    pub(super) knocks: u64,
    /// Knocks while the tea house's server was down.
    pub(super) at_lunch: u64,
    /// Knocks that were not opened, those at lunch among them.
    pub(super) turned_away: u64,
    /// Knocks whose signature did not fit.
    pub(super) strangers: u64,
}

/// Faults that a test plants, to see that the audit finds them. By default there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Callbacks that the shops say they have and do not book.
    pub(super) callbacks_forgotten: u64,
    /// What the town's own list says more than was paid, in fen.
    pub(super) slip_fen: i64,
}

/// What the shops verify signatures with.
pub(super) struct Locks {
    pub(super) tea: String,
    pub(super) kite_webhook: String,
}

struct Shops {
    clock: ManualClock,
    midnight: Timestamp,
    locks: Locks,
    books: Mutex<Books>,
    /// How many callbacks are still to be forgotten.
    to_forget: AtomicU64,
    dawdling: watch::Sender<Option<Timestamp>>,
}

/// The running shops.
pub(super) struct Doors {
    shops: Arc<Shops>,
    address: SocketAddr,
}

impl Doors {
    /// Opens the doors on loopback. They stay open until the program ends.
    pub(super) async fn open(
        clock: &ManualClock,
        midnight: Timestamp,
        locks: Locks,
        faults: Faults,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("open the shops")?;
        let address = listener.local_addr()?;
        let (books, dawdling) = (Mutex::default(), watch::Sender::new(None));
        let clock = clock.clone();
        let to_forget = AtomicU64::new(faults.callbacks_forgotten);
        let shops = Arc::new(Shops { clock, midnight, locks, books, to_forget, dawdling });
        let routes = Router::new().fallback(knock).with_state(Arc::clone(&shops));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { shops, address })
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Until when the slow door sits on an answer.
    pub(super) fn dawdling(&self) -> watch::Receiver<Option<Timestamp>> {
        self.shops.dawdling.subscribe()
    }

    pub(super) fn books(&self) -> Books {
        self.shops.books().clone()
    }
}

type Answer = (StatusCode, &'static str);

async fn knock(State(shops): State<Arc<Shops>>, request: Request) -> Answer {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let headers = request.headers().clone();
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await.unwrap_or_default();
    shops.books().knocks += 1;
    match path.as_str() {
        "/tea/main" if shops.is_lunch() => {
            shops.books().at_lunch += 1;
            shops.turn_away((StatusCode::BAD_GATEWAY, "<h1>502 Bad Gateway</h1>"))
        }
        "/tea/main" => shops.told_tea(&query, "success"),
        "/tea/mumbling" if shops.hour() < 16 => shops.told_tea(&query, "OK!"),
        "/tea/mumbling" => shops.told_tea(&query, "success"),
        "/kite/main" => shops.told_kite(&headers, &body),
        "/kite/slow" => {
            shops.dawdle().await;
            shops.told_kite(&headers, &body)
        }
        "/kite/gone" => shops.turn_away((StatusCode::GONE, "moved away")),
        _ => shops.turn_away((StatusCode::NOT_FOUND, "")),
    }
}

#[derive(Deserialize)]
struct Webhook {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    id: String,
    number: String,
    received: Option<String>,
    state: Option<String>,
}

impl Shops {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hour(&self) -> u64 {
        self.clock.now().since(self.midnight).secs() / 3_600
    }

    fn is_lunch(&self) -> bool {
        self.hour() == 12
    }

    fn turn_away(&self, answer: Answer) -> Answer {
        self.books().turned_away += 1;
        answer
    }

    fn stranger(&self) -> Answer {
        self.books().strangers += 1;
        (StatusCode::UNAUTHORIZED, "who are you?")
    }

    async fn dawdle(&self) {
        let until = self.clock.now().plus(DAWDLE);
        self.dawdling.send_replace(Some(until));
        self.clock.sleep_until(until).await;
        self.dawdling.send_replace(None);
    }

    /// A V免签 callback: the parameters in their order, then the key.
    fn told_tea(&self, query: &str, word: &'static str) -> Answer {
        let request = WireRequest::new(Method::Get, "/", query);
        let Ok(params) = Params::of(&request) else { return self.stranger() };
        let get = |name| params.get(name).unwrap_or_default();
        let signed =
            ["payId", "param", "type", "price", "reallyPrice"].map(|name| get(name).as_bytes());
        let sign = md5_hex(&[&signed[..], &[self.locks.tea.as_bytes()]].concat());
        if !hex_equal(get("sign"), &sign) {
            return self.stranger();
        }
        self.book(get("payId"), get("reallyPrice"));
        (StatusCode::OK, word)
    }

    /// A callback by Standard Webhooks.
    fn told_kite(&self, headers: &HeaderMap, body: &Bytes) -> Answer {
        if self.verify(headers, body).is_none() {
            return self.stranger();
        }
        let Ok(webhook) = serde_json::from_slice::<Webhook>(body) else { return self.stranger() };
        let Data { id, number, received, state } = webhook.data;
        match (webhook.kind.as_str(), received, state) {
            ("order.paid", Some(received), _) => self.book(&number, &received),
            ("refund.confirmed" | "refund.declined", _, Some(state)) => {
                self.books().refunds.insert(id, state);
            }
            _ => return self.turn_away((StatusCode::BAD_REQUEST, "what is that?")),
        }
        (StatusCode::NO_CONTENT, "")
    }

    fn verify(&self, headers: &HeaderMap, body: &Bytes) -> Option<()> {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
        let sent = Timestamp::from_secs(timestamp.parse().ok()?);
        let key = STANDARD.decode(self.locks.kite_webhook.strip_prefix("whsec_")?).ok()?;
        let message = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        let expected = format!("v1,{}", hmac_base64(&key, &message));
        let signed = header("webhook-signature")?.split(' ').any(|one| one == expected);
        (signed && sent.distance(self.clock.now()) <= TOLERANCE).then_some(())
    }

    fn book(&self, number: &str, received: &str) {
        let left = |left: u64| left.checked_sub(1);
        if self.to_forget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok() {
            return;
        }
        let mut books = self.books();
        let first = Told { received: received.to_owned(), times: 0 };
        books.paid.entry(number.to_owned()).or_insert(first).times += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::wire::Wire;

    const KEY: &str = "tea-key-0001";

    async fn doors(hour: u64, faults: Faults) -> (Doors, Wire) {
        let midnight = Timestamp::from_secs(1_767_283_200);
        let clock = ManualClock::new(midnight.plus(Span::from_hours(hour)), 1);
        let kite_webhook = format!("whsec_{}", STANDARD.encode([7; 32]));
        let locks = Locks { tea: KEY.into(), kite_webhook };
        let doors = Doors::open(&clock, midnight, locks, faults).await.unwrap();
        let wire = Wire::to(doors.base());
        (doors, wire)
    }

    async fn tell(wire: &Wire, door: &str, key: &str) -> (u16, String) {
        let sign = md5_hex(&["TEA-1", "table", "1", "18.8", "18.81", key].map(str::as_bytes));
        let fields = [
            ("payId", "TEA-1"),
            ("param", "table"),
            ("type", "1"),
            ("price", "18.8"),
            ("reallyPrice", "18.81"),
            ("sign", &sign),
        ];
        let answered = wire.get(door, &fields).await.unwrap();
        (answered.status, answered.text())
    }

    #[tokio::test]
    async fn a_callback_is_booked_once_and_counted_each_time() {
        let (doors, wire) = doors(9, Faults::default()).await;
        for door in ["/tea/mumbling", "/tea/main", "/tea/main"] {
            let word = if door == "/tea/main" { "success" } else { "OK!" };
            assert_eq!(tell(&wire, door, KEY).await, (200, word.to_owned()));
        }
        let books = doors.books();
        let told = Told { received: "18.81".into(), times: 3 };
        assert_eq!(books.paid, BTreeMap::from([("TEA-1".to_owned(), told)]));
        assert_eq!((books.knocks, books.strangers, books.turned_away), (3, 0, 0));
    }

    #[tokio::test]
    async fn who_has_no_key_is_not_believed() {
        let (doors, wire) = doors(9, Faults::default()).await;
        assert_eq!(tell(&wire, "/tea/main", "another-key").await.0, 401);
        let webhook = serde_json::json!({ "type": "order.paid", "data": {} });
        let answered = wire.api("", hyper::Method::POST, "/kite/main", &webhook).await.unwrap();
        assert_eq!(answered.status, 401);
        let books = doors.books();
        assert!(books.paid.is_empty());
        assert_eq!((books.knocks, books.strangers), (2, 2));
    }

    #[tokio::test]
    async fn closed_doors_book_nothing() {
        let (doors, wire) = doors(12, Faults::default()).await;
        assert_eq!(tell(&wire, "/tea/main", KEY).await.0, 502);
        assert_eq!(tell(&wire, "/kite/gone", KEY).await.0, 410);
        assert_eq!(tell(&wire, "/nowhere", KEY).await.0, 404);
        let books = doors.books();
        assert!(books.paid.is_empty());
        assert_eq!((books.knocks, books.turned_away), (3, 3));
    }

    #[tokio::test]
    async fn a_planted_fault_forgets_as_often_as_it_is_told_to() {
        let (doors, wire) = doors(9, Faults { callbacks_forgotten: 1, slip_fen: 0 }).await;
        assert_eq!(tell(&wire, "/tea/main", KEY).await.0, 200);
        assert!(doors.books().paid.is_empty());
        assert_eq!(tell(&wire, "/tea/main", KEY).await.0, 200);
        assert_eq!(doors.books().paid.len(), 1);
    }
}
