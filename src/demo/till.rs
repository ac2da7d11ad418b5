//! The tills and the operator's desk: how the houses ask to be paid and to give money back, and how
//! an operator decides.
//!
//! Invariants: an answer other than the expected one stops the demo with its words; a request that
//! is sent twice must be answered with the same order.

use anyhow::{Context, ensure};
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::id::{OrderId, WalletId};
use duizhang_core::refund::RefundStep;
use duizhang_listener_bridge::wire::md5_hex;
use hyper::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::day::{Door, House, Visit};
use super::town::Keys;
use super::wire::{Answered, Wire};

/// An order as the shop knows it.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) order: OrderId,
    pub(super) payable: Amount,
}

/// An order to look at.
pub(super) struct Exhibit {
    pub(super) payable: Amount,
    pub(super) cashier_url: String,
}

/// Everybody who asks the server for something in the name of a house or of the operator.
pub(super) struct Till<'a> {
    pub(super) wire: &'a Wire,
    pub(super) keys: &'a Keys,
    /// Where the shops' own server is.
    pub(super) shops: &'a str,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    code: i16,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VmqOrder<'a> {
    order_id: String,
    #[serde(borrow)]
    really_price: &'a RawValue,
}

#[derive(Deserialize)]
struct NativeOrder {
    id: String,
    payable: String,
    cashier_url: String,
}

#[derive(Deserialize)]
struct NativeRefund {
    id: String,
}

/// What waits for the operator.
#[derive(Debug, Deserialize)]
pub(super) struct Inbox {
    held: Vec<Held>,
    questions: Vec<Question>,
}

#[derive(Debug, Deserialize)]
struct Held {
    payment: String,
    amount: String,
    wallets: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Question {
    notification: String,
}

/// The path of a door.
fn address(shops: &str, house: House, door: Door) -> String {
    let house = if house == House::Tea { "tea" } else { "kite" };
    let door = match door {
        Door::Main => "main",
        Door::Mumbling => "mumbling",
        Door::Slow => "slow",
        Door::Gone => "gone",
    };
    format!("{shops}/{house}/{door}")
}

fn read_amount(text: &str) -> anyhow::Result<Amount> {
    Amount::parse(text, Currency::Cny).map_err(|error| anyhow::anyhow!("read {text:?}: {error}"))
}

fn expect(answered: &Answered, status: u16, what: &str) -> anyhow::Result<()> {
    ensure!(answered.status == status, "{what}: {} {}", answered.status, answered.text());
    Ok(())
}

impl Till<'_> {
    /// Asks to be paid.
    pub(super) async fn open(&self, number: &str, visit: &Visit) -> anyhow::Result<Opened> {
        let notify_url = address(self.shops, visit.house, visit.door);
        match visit.house {
            House::Tea => self.open_tea(number, visit, &notify_url).await,
            House::Kite => self.open_kite(number, visit, &notify_url).await,
        }
    }

    async fn open_tea(&self, number: &str, visit: &Visit, url: &str) -> anyhow::Result<Opened> {
        let kind = if visit.channel == Channel::Alipay { "2" } else { "1" };
        let price = Amount::fen(visit.price).decimal_text();
        let sign = md5_hex(&[number, "table", kind, &price, &self.keys.tea].map(str::as_bytes));
        let fields = [
            ("payId", number),
            ("param", "table"),
            ("type", kind),
            ("price", &price),
            ("notifyUrl", url),
            ("sign", &sign),
        ];
        let answered = self.wire.form("/createOrder", &fields).await?;
        let envelope: Envelope<'_> = answered.read()?;
        ensure!(envelope.code == 1, "create {number}: {}", answered.text());
        let data = envelope.data.context("createOrder answered without data")?;
        let order: VmqOrder<'_> = serde_json::from_str(data.get())?;
        let payable = read_amount(order.really_price.get())?;
        Ok(Opened { order: order.order_id.parse()?, payable })
    }

    async fn open_kite(&self, number: &str, visit: &Visit, url: &str) -> anyhow::Result<Opened> {
        let body = json!({
            "number": number,
            "amount": Amount::fen(visit.price).decimal_text(),
            "channels": [visit.channel.word()],
            "notify_url": url,
            "subject": "one kite",
        });
        let answered = self.api(&self.keys.kite_token, Method::POST, "/v1/orders", &body).await?;
        let fresh = matches!(answered.status, 200 | 201);
        ensure!(fresh, "create {number}: {} {}", answered.status, answered.text());
        let order: NativeOrder = answered.read()?;
        Ok(Opened { order: order.id.parse()?, payable: read_amount(&order.payable)? })
    }

    /// An order that waits for a day, to be looked at.
    pub(super) async fn exhibit(&self) -> anyhow::Result<Exhibit> {
        let body = json!({
            "number": "KITE-EXHIBIT",
            "amount": "68.00",
            "channels": ["wechat"],
            "expires_in": 86_400,
            "notify_url": address(self.shops, House::Kite, Door::Main),
            "subject": "one kite",
        });
        let answered = self.api(&self.keys.kite_token, Method::POST, "/v1/orders", &body).await?;
        expect(&answered, 201, "create the order to look at")?;
        let NativeOrder { payable, cashier_url, .. } = answered.read()?;
        Ok(Exhibit { payable: read_amount(&payable)?, cashier_url })
    }

    /// Cancels an order.
    pub(super) async fn close(&self, house: House, order: OrderId) -> anyhow::Result<()> {
        let id = order.to_string();
        if house == House::Tea {
            let sign = md5_hex(&[id.as_bytes(), self.keys.tea.as_bytes()]);
            let fields = [("orderId", id.as_str()), ("sign", &sign)];
            let answered = self.wire.form("/closeOrder", &fields).await?;
            ensure!(answered.read::<Envelope<'_>>()?.code == 1, "close {id}: {}", answered.text());
            return Ok(());
        }
        let path = format!("/v1/orders/{id}/close");
        let answered = self.api(&self.keys.kite_token, Method::POST, &path, &Value::Null).await?;
        expect(&answered, 200, "close an order")
    }

    /// Asks to give money back; the refund's id.
    pub(super) async fn refund(
        &self,
        order: OrderId,
        amount: Amount,
        reason: &str,
    ) -> anyhow::Result<String> {
        let path = format!("/v1/orders/{order}/refunds");
        let body = json!({ "amount": amount.decimal_text(), "reason": reason });
        let answered = self.api(&self.keys.kite_token, Method::POST, &path, &body).await?;
        expect(&answered, 201, "ask for a refund")?;
        Ok(answered.read::<NativeRefund>()?.id)
    }

    /// The operator moves a refund on.
    pub(super) async fn step(
        &self,
        refund: &str,
        step: RefundStep,
        evidence: &str,
    ) -> anyhow::Result<()> {
        let verb = match step {
            RefundStep::Approve => "approve",
            RefundStep::Send => "send",
            RefundStep::Confirm => "confirm",
            RefundStep::Decline => "decline",
        };
        let path = format!("/v1/operator/refunds/{refund}/{verb}");
        let answered = self.operate(&path, &json!({ "evidence": evidence })).await?;
        expect(&answered, 200, "move a refund on")
    }

    /// What waits for the operator.
    pub(super) async fn inbox(&self) -> anyhow::Result<Inbox> {
        let path = "/v1/operator/inbox?limit=200";
        let answered = self.api(&self.keys.operator, Method::GET, path, &Value::Null).await?;
        expect(&answered, 200, "look into the inbox")?;
        answered.read()
    }

    /// The operator says whose a held payment is.
    pub(super) async fn assign(
        &self,
        wallet: &WalletId,
        amount: Amount,
        order: OrderId,
        reason: &str,
    ) -> anyhow::Result<()> {
        let inbox = self.inbox().await?;
        let text = amount.decimal_text();
        let is_it = |held: &&Held| held.amount == text && held.wallets == [wallet.as_str()];
        let held = inbox.held.iter().find(is_it).context("the payment is not in the inbox")?;
        let path = format!("/v1/operator/payments/{}/assign", held.payment);
        let body = json!({ "order": order.to_string(), "reason": reason });
        expect(&self.operate(&path, &body).await?, 200, "assign a payment")
    }

    /// The operator reads the one notice that the rules could not.
    pub(super) async fn judge(
        &self,
        wallet: &WalletId,
        amount: Amount,
        paid_at: &str,
    ) -> anyhow::Result<()> {
        let inbox = self.inbox().await?;
        let question = inbox.questions.first().context("no question is in the inbox")?;
        let path = format!("/v1/operator/notifications/{}/judge", question.notification);
        let body = json!({
            "says": "money",
            "wallet": wallet.as_str(),
            "amount": amount.decimal_text(),
            "paid_at": paid_at,
            "reason": "read in the app on the phone",
        });
        let answered = self.operate(&path, &body).await?;
        ensure!(
            matches!(answered.status, 200 | 204),
            "judge: {} {}",
            answered.status,
            answered.text()
        );
        Ok(())
    }

    async fn operate(&self, path: &str, body: &Value) -> anyhow::Result<Answered> {
        self.api(&self.keys.operator, Method::POST, path, body).await
    }

    async fn api(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Answered> {
        self.wire.api(token, method, path, body).await
    }
}
