//! Clients that create orders and pay them, and keep their own list of what they were told.
//!
//! Invariants: what is told is written down only after the whole answer came, and what is sent
//! before it is sent; no request is ever sent twice, so that "at most once" can be counted.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use duizhang_listener_bridge::wire::md5_hex;

use super::book::{DEVICE_KEY, MERCHANT_KEY, TOKEN, millis, push_path};
use super::http::Caller;
use super::process::GUARD;
use super::records::Records;

/// What the clients sent and what they were told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) orders_sent: BTreeSet<String>,
    pub(crate) orders_told: BTreeSet<String>,
    /// Pushes by their time, which no two share, with the order they pay.
    pub(crate) pushes_sent: BTreeSet<(u64, String)>,
    pub(crate) pushes_told: BTreeSet<(u64, String)>,
    drawn: u64,
    last_t: u64,
}

impl Ledger {
    fn sent(&self) -> usize {
        self.orders_sent.len() + self.pushes_sent.len()
    }

    /// Every way in which the records of a log contradict what the clients know.
    pub(crate) fn contradictions(&self, records: &Records) -> Vec<String> {
        let mut found = Vec::new();
        for number in &self.orders_told {
            if records.orders.get(number) != Some(&1) {
                let times = records.orders.get(number).copied().unwrap_or(0);
                found.push(format!("order {number} was acknowledged and is there {times} times"));
            }
        }
        for (t, number) in &self.pushes_told {
            if records.pushes.get(t) != Some(&1) {
                let times = records.pushes.get(t).copied().unwrap_or(0);
                found.push(format!(
                    "push {t} of {number} was acknowledged and is there {times} times"
                ));
            }
            if !records.paid.contains(number) {
                found.push(format!("order {number} was paid and is not"));
            }
        }
        let twice = |kind: &str, what: &dyn std::fmt::Display, times: &u64| {
            (*times > 1).then(|| format!("{kind} {what} is there {times} times"))
        };
        found.extend(records.orders.iter().filter_map(|(n, times)| twice("order", n, times)));
        found.extend(records.pushes.iter().filter_map(|(t, times)| twice("push", t, times)));
        found
    }
}

/// A ledger that clients share, and its bell.
#[derive(Clone, Default)]
pub(crate) struct Load {
    shared: Arc<(Mutex<Ledger>, Condvar)>,
}

impl Load {
    pub(crate) fn ledger(&self) -> Ledger {
        self.shared.0.lock().expect("whole").clone()
    }

    /// Lets clients send so many more requests, and waits until `enough` of these were sent. The
    /// clients go on to the end, or until the server is gone; join them afterwards.
    pub(crate) fn burst(&self, caller: Caller, enough: usize, all: usize) -> Vec<JoinHandle<()>> {
        const CLIENTS: usize = 4;
        let begin = self.ledger().sent();
        let clients = (0..CLIENTS).map(|_| {
            let load = self.clone();
            std::thread::spawn(move || while load.order_and_pay(caller, begin + all).is_some() {})
        });
        let clients = clients.collect();
        let ledger = self.shared.0.lock().expect("whole");
        let fewer = |ledger: &mut Ledger| ledger.sent() < begin + enough;
        let waited = self.shared.1.wait_timeout_while(ledger, GUARD, fewer).expect("whole");
        assert!(!waited.1.timed_out(), "waited {GUARD:?} for clients that send nothing");
        clients
    }

    fn change<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let changed = change(&mut self.shared.0.lock().expect("whole"));
        self.shared.1.notify_all();
        changed
    }

    /// One order and its payment; none where the server is gone or enough was sent.
    fn order_and_pay(&self, caller: Caller, end: usize) -> Option<()> {
        let (number, price) = self.change(|ledger| {
            if ledger.sent() >= end {
                return None;
            }
            ledger.drawn += 1;
            let drawn = ledger.drawn;
            let number = format!("N{drawn}");
            ledger.orders_sent.insert(number.clone());
            // Each price is asked once, so that each order's payment is told apart by its amount.
            Some((number, format!("{}.{:02}", 10 + drawn / 100, drawn % 100)))
        })?;
        let payable = create(caller, &number, &price)?;
        self.change(|ledger| ledger.orders_told.insert(number.clone()));
        let t = self.change(|ledger| {
            ledger.last_t = millis().max(ledger.last_t + 1);
            ledger.pushes_sent.insert((ledger.last_t, number.clone()));
            ledger.last_t
        });
        let answer = caller.try_get(&push_path(&payable, t, DEVICE_KEY)).ok()?;
        let told = answer.status == 200 && answer.json()["code"] == 1;
        if told {
            self.change(|ledger| ledger.pushes_told.insert((t, number)));
        }
        told.then_some(())
    }
}

/// Creates an order, every other one in the original protocol; none unless it was acknowledged.
fn create(caller: Caller, number: &str, price: &str) -> Option<String> {
    if number.ends_with(['0', '2', '4', '6', '8']) {
        let sign = md5_hex(&[format!("{number}1{price}{MERCHANT_KEY}").as_bytes()]);
        let path = format!("/createOrder?payId={number}&type=1&price={price}&sign={sign}");
        let answer = caller.try_get(&path).ok()?;
        let body = answer.json();
        return (body["code"] == 1).then(|| body["data"]["reallyPrice"].to_string());
    }
    let body = serde_json::json!({"number": number, "amount": price}).to_string();
    let answer = caller.try_post_json("/v1/orders", TOKEN, &body).ok()?;
    let told = (answer.status == 201).then(|| answer.json()["payable"].clone())?;
    told.as_str().map(str::to_owned)
}
