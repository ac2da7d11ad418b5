//! Youzan's open platform, played by the test: it checks what it is asked, and answers as the test
//! wants.
//!
//! Invariant: whoever asks without the application's secret, or with a token that is not the one in
//! force, is refused as the platform refuses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use duizhang_api::youzan::Shop;
use duizhang_core::id::{DeviceId, WalletId};
use duizhang_listener_bridge::wire::decode_component;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::rig::{CLIENT_SECRET, guarded};

pub(crate) const CREATE: &str = "/api/oauthentry/youzan.pay.qrcode/3.0.0/create";
pub(crate) const TRADE: &str = "/api/oauthentry/youzan.trade/4.0.0/get";
const TOKEN: &str = "/oauth/token";

/// A picture of one pixel.
pub(crate) const PICTURE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

/// A request as it came: path and form.
pub(crate) type Asked = (String, BTreeMap<String, String>);

#[derive(Default)]
struct Stand {
    /// How many tokens were given; the last one is in force unless it was revoked.
    tokens: u32,
    revoked: bool,
    codes: u32,
    /// Whether every code has the number of the last one.
    repeats: bool,
    trades: BTreeMap<String, Value>,
    asked: Vec<Asked>,
    /// What every call is answered while the platform is out of order.
    out_of_order: Option<u16>,
}

#[derive(Clone)]
struct Shared {
    stand: Arc<Mutex<Stand>>,
    heard: watch::Sender<usize>,
}

/// The platform.
pub(crate) struct Platform {
    at: SocketAddr,
    shared: Shared,
}

impl Platform {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let at = listener.local_addr().expect("bound");
        let shared = Shared { stand: Arc::default(), heard: watch::Sender::new(0) };
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { at, shared }
    }

    pub(crate) fn shop(&self) -> Shop {
        Shop {
            wallet: WalletId::new("yz-main").expect("a name"),
            watcher: DeviceId::new("yz-main").expect("a name"),
            client_id: "cid".into(),
            kdt_id: "110".into(),
            base_url: format!("http://{}", self.at),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Stand) -> T) -> T {
        look(&mut self.shared.stand.lock().expect("whole"))
    }

    /// What a trade is, from now on.
    pub(crate) fn trade(&self, number: &str, status: &str, payment: &str, code: &str) {
        let trade = json!({
            "full_order_info": {
                "order_info": { "tid": number, "status": status, "pay_time": "2026-11-21 08:00:00" },
                "pay_info": { "payment": payment },
            },
            "qr_info": { "qr_id": code.parse::<u64>().ok() },
        });
        self.with(|stand| stand.trades.insert(number.into(), trade));
    }

    /// Gives the last code again whenever it is asked for one.
    pub(crate) fn repeats(&self) {
        self.with(|stand| stand.repeats = true);
    }

    pub(crate) fn revoke(&self) {
        self.with(|stand| stand.revoked = true);
    }

    pub(crate) fn out_of_order(&self, status: Option<u16>) {
        self.with(|stand| stand.out_of_order = status);
    }

    /// Everything that was asked at a path.
    pub(crate) fn asked(&self, path: &str) -> Vec<BTreeMap<String, String>> {
        let all = self.with(|stand| stand.asked.clone());
        all.into_iter().filter(|(at, _)| at == path).map(|(_, form)| form).collect()
    }

    /// How many tokens were asked for.
    pub(crate) fn tokens(&self) -> usize {
        self.asked(TOKEN).len()
    }

    /// Waits until so many requests came at a path.
    pub(crate) async fn until_asked(&self, path: &str, count: usize) {
        let mut heard = self.shared.heard.subscribe();
        let asking = async {
            loop {
                heard.borrow_and_update();
                if self.asked(path).len() >= count {
                    return;
                }
                heard.changed().await.expect("the platform stands");
            }
        };
        guarded("a request to the platform", asking).await;
    }
}

async fn answer(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let form = String::from_utf8(body.to_vec()).expect("a form");
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(uri.query(), None, "nothing that is secret stands in an address");
    let form: BTreeMap<String, String> = form
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decode_component(value).expect("encoded")))
        .collect();
    let answer = {
        let mut stand = shared.stand.lock().expect("whole");
        stand.asked.push((uri.path().to_owned(), form.clone()));
        stand.answer(uri.path(), &form)
    };
    shared.heard.send_modify(|count| *count += 1);
    answer
}

impl Stand {
    fn answer(&mut self, path: &str, form: &BTreeMap<String, String>) -> (StatusCode, String) {
        if let Some(status) = self.out_of_order {
            return (StatusCode::from_u16(status).expect("a status"), "away".into());
        }
        let of = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let given = [of("client_id"), of("client_secret"), of("grant_type"), of("kdt_id")];
        let body = match path {
            TOKEN if given == ["cid", CLIENT_SECRET, "silent", "110"] => {
                self.tokens += 1;
                self.revoked = false;
                json!({ "access_token": format!("token-{}", self.tokens), "expires_in": 604_800 })
            }
            TOKEN => json!({ "error": "invalid_client" }),
            _ if self.revoked || of("access_token") != format!("token-{}", self.tokens) => {
                json!({ "error_response": { "code": 40010, "msg": "bad token" } })
            }
            CREATE => {
                self.codes += u32::from(!self.repeats);
                let id = 6_377_800 + self.codes;
                let qr_url = format!("https://trade.koudaitong.com/wxpay/confirmQr?qr_id={id}");
                let (qr_code, qr_type) = (PICTURE, of("qr_type"));
                let code = json!({
                    "qr_id": id, "qr_url": qr_url, "qr_code": qr_code, "qr_type": qr_type,
                });
                json!({ "response": code })
            }
            TRADE => match self.trades.get(of("tid")) {
                Some(trade) => json!({ "response": trade }),
                None => json!({ "error_response": { "code": 50000, "msg": "no such trade" } }),
            },
            other => panic!("the platform has no {other}"),
        };
        (StatusCode::OK, body.to_string())
    }
}
