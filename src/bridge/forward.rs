//! Forwarding: one batch at a time, in order, until the server has it.
//!
//! Invariants: the next batch leaves only after a receipt for the one before; whatever goes wrong,
//! the same batch is tried again after a pause.
//! Deliberately not here: the queue and its disk.

use std::sync::Arc;

use anyhow::{Context, bail};
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, Method};
use duizhang_api::clock::Clock;
use duizhang_api::outbound::{Outbound, OutboundOutcome, OutboundRequest};
use duizhang_listener_bridge::relay::{Batch, RELAY_PATH, Receipt, pause};
use tokio::sync::watch;

use super::store::Store;

/// Forwards what waits until `closing` turns true.
pub(crate) async fn forward(
    store: Arc<Store>,
    outbound: Outbound,
    upstream: String,
    clock: Arc<dyn Clock>,
    mut closing: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let url = format!("{}{RELAY_PATH}", upstream.trim_end_matches('/'));
    let mut waiting = store.waiting();
    let mut failures = 0_u32;
    while !*closing.borrow() {
        let Some(batch) = read(&store).await? else {
            tokio::select! {
                _ = waiting.wait_for(|count| *count > 0) => {}
                _ = closing.wait_for(|closing| *closing) => {}
            }
            continue;
        };
        let sent = tokio::select! {
            sent = send(&outbound, &url, &batch) => sent,
            _ = closing.wait_for(|closing| *closing) => return Ok(()),
        };
        match sent {
            Ok(receipt) => {
                if failures > 0 {
                    tracing::info!(failures, "the server is in reach again");
                }
                failures = 0;
                take(&store, receipt).await?;
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                let wait = pause(failures);
                tracing::warn!(failures, "nothing was forwarded: {error:#}");
                tokio::select! {
                    () = clock.sleep_until(clock.now().plus(wait)) => {}
                    _ = closing.wait_for(|closing| *closing) => {}
                }
            }
        }
    }
    Ok(())
}

async fn read(store: &Arc<Store>) -> anyhow::Result<Option<Batch>> {
    let store = Arc::clone(store);
    tokio::task::spawn_blocking(move || store.batch()).await?
}

async fn take(store: &Arc<Store>, receipt: Receipt) -> anyhow::Result<()> {
    if !receipt.refused.is_empty() {
        tracing::warn!(
            refused = ?receipt.refused,
            "the server refused deliveries, which are kept: look at the keys of the phones, and \
             start once with --again"
        );
    }
    let store = Arc::clone(store);
    tokio::task::spawn_blocking(move || store.acknowledge(receipt)).await?
}

/// Posts a batch, and reads the receipt.
async fn send(outbound: &Outbound, url: &str, batch: &Batch) -> anyhow::Result<Receipt> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Bytes::from(serde_json::to_vec(batch)?);
    let request = OutboundRequest { method: Method::POST, url: url.to_owned(), headers, body };
    match outbound.send(request).await {
        OutboundOutcome::Answered { status: 200, body, .. } => read_receipt(batch, &body),
        OutboundOutcome::Answered { status, .. } => bail!("the server answered {status}"),
        OutboundOutcome::Refused(refusal) => Err(refusal.into()),
        OutboundOutcome::Failed(failure) => Err(failure.into()),
    }
}

/// A receipt must be of this batch: whoever answers at that address may be somebody else.
pub(super) fn read_receipt(batch: &Batch, body: &[u8]) -> anyhow::Result<Receipt> {
    let receipt: Receipt =
        serde_json::from_slice(body).context("the answer is no receipt of a Duizhang server")?;
    if !receipt.is_of(batch) {
        bail!("the server's receipt is for none of the deliveries that were sent");
    }
    Ok(receipt)
}
