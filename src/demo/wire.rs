//! The HTTP client of everybody who calls the server in the demo.
//!
//! Invariants: one request at a time is answered before the next thing happens, because whoever
//! asks waits.
//! Deliberately not here: what is asked.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_listener_bridge::wire::{encode_component, hmac_sha256};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client of one server.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Answered {
    /// The body as text, for an error.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(super) fn read<'a, T: serde::Deserialize<'a>>(&'a self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("read the answer {} {}", self.status, self.text()))
    }
}

impl Wire {
    pub(super) fn to(base: String) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()), base }
    }

    /// A whole address on the server.
    pub(super) fn address(&self, path: &str) -> String {
        self.base.clone() + path
    }

    pub(super) async fn get(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Answered> {
        let target = format!("{path}?{}", encoded(fields));
        self.ask(Request::get(self.address(&target)), Bytes::new()).await
    }

    pub(super) async fn form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Answered> {
        let request = Request::post(self.address(path))
            .header("content-type", "application/x-www-form-urlencoded");
        self.ask(request, Bytes::from(encoded(fields))).await
    }

    pub(super) async fn api(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &serde_json::Value,
    ) -> anyhow::Result<Answered> {
        let request = Request::builder()
            .method(method)
            .uri(self.address(path))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.ask(request, body).await
    }

    /// A message whose body is no JSON document.
    pub(super) async fn message(
        &self,
        token: &str,
        path: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Answered> {
        let request = Request::post(self.address(path))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/octet-stream");
        self.ask(request, Bytes::from(body)).await
    }

    async fn ask(
        &self,
        request: hyper::http::request::Builder,
        body: Bytes,
    ) -> anyhow::Result<Answered> {
        let request = request.body(Full::new(body)).context("build a request")?;
        let what = format!("{} {}", request.method(), request.uri().path());
        let response = self.client.request(request).await.with_context(|| format!("ask {what}"))?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        let body = body.with_context(|| format!("read the answer to {what}"))?.to_bytes();
        Ok(Answered { status, body })
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encode_component(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Base64 of the HMAC-SHA256 of a message, as SmsForwarder and Standard Webhooks sign.
pub(super) fn hmac_base64(key: &[u8], message: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(key, message))
}
