//! Finance's desk: files handed in, breaks worked on, a day closed, each as a request to the
//! server.
//!
//! Invariants: the same messages as those of `reconcile`, `report`, `break`, `book` and `day` at a
//! running server; an answer other than the expected one stops the demo with its words.

use anyhow::{Context, bail, ensure};
use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use duizhang_projections::calendar::Zone;
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bank;
use super::finds::{Find, Noted};
use super::town::Keys;
use super::wire::Wire;
use crate::finance::{
    Given, RECONCILE_PATH, REPORT_PATH, ReportQuestion, Task, Unframed, task_frame, unframed,
};
use crate::review::{Answered, Form};

/// Where withdrawals go.
const BANK: &str = "cmb-8888";

/// Most breaks that are listed at once. The demo has about ten.
const PAGE: usize = 200;

/// Whoever does finance's work.
pub(super) struct Desk<'a> {
    pub(super) wire: &'a Wire,
    pub(super) keys: &'a Keys,
    pub(super) zone: Zone,
}

/// A break as the server tells it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Break {
    pub(super) id: String,
    pub(super) wallet: String,
    /// The day that it is booked in.
    pub(super) booked: String,
    pub(super) codes: Vec<String>,
    pub(super) amount: String,
    pub(super) subject: Subject,
    pub(super) state: String,
}

/// What a break is about.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) id: Option<String>,
}

#[derive(Deserialize)]
struct Breaks {
    breaks: Vec<Break>,
    next_cursor: Option<String>,
}

/// What a comparison recorded.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reconciled {
    pub(super) changes: Vec<Change>,
    pub(super) recorded: Recorded,
}

/// A row that another export tells otherwise.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Change {
    pub(super) wallet: String,
    pub(super) differs: Vec<String>,
}

/// What entered the log.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Recorded {
    /// Breaks of the day that wait for a person.
    pub(super) open: usize,
}

impl Desk<'_> {
    /// Hands in files and has the day compared with all that are kept.
    pub(super) async fn reconcile(
        &self,
        day: NaiveDate,
        files: Vec<Given>,
    ) -> anyhow::Result<Reconciled> {
        let task = Task { day, files, mapping: None, dry_run: false, by: String::new() };
        let message = task_frame(&task, Form::Json)?;
        let answered = self.wire.message(&self.keys.operator, RECONCILE_PATH, message).await?;
        match answered.read()? {
            Answered::Told { output, .. } => {
                serde_json::from_str(&output).context("read what was recorded")
            }
            Answered::Refused { complaint } => bail!("reconcile the day: {complaint}"),
        }
    }

    /// The report of the day in a format; of a closed day as it was known then.
    pub(super) async fn report(&self, day: NaiveDate, format: &str) -> anyhow::Result<Vec<u8>> {
        let (day, format) = (day.to_string(), format.to_owned());
        let question = ReportQuestion { day, at: None, since: None, now: false, format };
        let body = serde_json::to_vec(&question)?;
        let answered = self.wire.message(&self.keys.operator, REPORT_PATH, body).await?;
        ensure!(answered.status == 200, "report: {} {}", answered.status, answered.text());
        let (told, bytes): Unframed<'_, Answered> = unframed(&answered.body)?;
        match told {
            Answered::Told { .. } => Ok(bytes.to_vec()),
            Answered::Refused { complaint } => bail!("report on the day: {complaint}"),
        }
    }

    /// All breaks, in the order in which they were found.
    pub(super) async fn breaks(&self) -> anyhow::Result<Vec<Break>> {
        let path = format!("/v1/operator/breaks?limit={PAGE}");
        let shown: Breaks =
            serde_json::from_value(self.ask(Method::GET, &path, Value::Null).await?)
                .context("read the breaks")?;
        ensure!(shown.next_cursor.is_none(), "more than {PAGE} breaks in a demo");
        Ok(shown.breaks)
    }

    /// Takes the line of a break for a payment.
    pub(super) async fn take(&self, id: &str, paid_at: &str, reason: &str) -> anyhow::Result<()> {
        let body = json!({ "paid_at": paid_at, "reason": reason });
        self.ask(Method::POST, &format!("/v1/operator/breaks/{id}/take"), body).await.map(drop)
    }

    /// Records a withdrawal.
    pub(super) async fn withdraw(&self, noted: &Noted, fee: Amount) -> anyhow::Result<()> {
        let body = json!({
            "kind": "withdrawal",
            "wallet": noted.wallet.as_str(),
            "bank": BANK,
            "amount": noted.arrives.decimal_text(),
            "fee": fee.decimal_text(),
            "moved_at": self.zone.rfc3339(noted.at),
            "evidence": noted.serial,
        });
        self.ask(Method::POST, "/v1/operator/movements", body).await.map(drop)
    }

    /// Records a fee that was forgotten, and ends the break about it.
    pub(super) async fn adjust(
        &self,
        find: &Find,
        found: &Break,
        of: &bank::Entry,
    ) -> anyhow::Result<()> {
        let fee = json!({
            "kind": "fee",
            "wallet": find.wallet.as_str(),
            "amount": find.amount.decimal_text(),
            "moved_at": self.zone.rfc3339(of.at),
            "evidence": format!("the fee of withdrawal {}", of.serial),
        });
        self.ask(Method::POST, "/v1/operator/movements", fee).await?;
        let reason = "the fee was forgotten, and is recorded now";
        let end = json!({ "resolution": "adjusted", "root": "us", "reason": reason });
        let path = format!("/v1/operator/breaks/{}/resolve", found.id);
        self.ask(Method::POST, &path, end).await.map(drop)
    }

    /// Closes the day over breaks that are accepted.
    pub(super) async fn close(
        &self,
        day: NaiveDate,
        accepted: &[String],
        reason: &str,
    ) -> anyhow::Result<()> {
        let body = json!({ "accepted": accepted, "reason": reason });
        self.ask(Method::POST, &format!("/v1/operator/days/{day}/close"), body).await.map(drop)
    }

    /// A day as the server shows it.
    pub(super) async fn day(&self, day: NaiveDate) -> anyhow::Result<Value> {
        self.ask(Method::GET, &format!("/v1/operator/days/{day}"), Value::Null).await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> anyhow::Result<Value> {
        let answered = self.wire.api(&self.keys.operator, method, path, &body).await?;
        let fine = matches!(answered.status, 200 | 201);
        ensure!(fine, "{path}: {} {}", answered.status, answered.text());
        answered.read()
    }
}
