//! Where operators' verbs are carried out: at a running server, or on a stopped server's data.
//!
//! Both are asked in the words of the native API, with the same path and the same body, and both
//! answer in its words, so a verb does, refuses and prints the same wherever it is said.
//!
//! Invariant: on stopped data whoever does something is an operator by name, because a second
//! person is only another one where names are known.
//! Deliberately not here: what each verb asks for, and how the answers look as text.

use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use duizhang_api::book::Book;
use duizhang_api::clock::Clock;
use duizhang_api::http::InHand;
use duizhang_api::metrics::Metrics;
use duizhang_api::secrets::Secret;
use duizhang_api::writer::Writer;
use duizhang_eventlog::EventLog;
use duizhang_listener_bridge::wire::{Method, Request, encode_component};
use duizhang_projections::calendar::Zone;
use hyper::Uri;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::output::Bar;
use super::program::Setting;
use super::review::in_use;
use crate::compose::{Absent, OpenBook};
use crate::review::{converse, operators};

/// What is on a page that a list is put together from.
const PAGE: usize = 200;

/// Who does it.
#[derive(Clone, Debug, Args)]
pub(super) struct Who {
    /// Which operator does it, on a stopped server's data; at a running server the token says it
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
}

/// A place that takes operators' requests.
pub(super) enum Counter {
    /// A running server.
    Server(Uri, Secret),
    /// A stopped server's data.
    InHand(Box<Hand>),
}

/// A book with a writer that lives only for what is asked.
pub(super) struct Hand {
    runtime: Runtime,
    book: Book,
    writer: Writer,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    zone: Zone,
    by: String,
}

impl Counter {
    /// Opens the place that the command line names; whoever only looks needs no name.
    pub(super) fn open(setting: &Setting, who: Option<&Who>) -> anyhow::Result<Self> {
        match &setting.server {
            Some((server, token)) => Ok(Self::Server(server.clone(), token.clone())),
            None => Hand::open(setting, who).map(|hand| Self::InHand(Box::new(hand))),
        }
    }

    /// Asks for something that changes nothing.
    pub(super) fn see(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        let pairs = query.iter().map(|(name, value)| format!("{name}={}", encode_component(value)));
        self.ask(path, &pairs.collect::<Vec<_>>().join("&"), None)
    }

    /// Has something done.
    pub(super) fn have_done(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(path, "", Some(body))
    }

    /// Everything on all pages of a list, which is named as in the answers.
    pub(super) fn all(
        &self,
        list: &str,
        path: &str,
        query: &[(&str, String)],
    ) -> anyhow::Result<Value> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PAGE.to_string()));
            query.extend(cursor.map(|cursor| ("cursor", cursor)));
            let mut page = self.see(path, &query)?;
            match page[list].take() {
                Value::Array(more) => all.extend(more),
                _ => bail!("the answer has no {list}"),
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(json!({ list: all }));
            }
        }
    }

    fn ask(&self, path: &str, query: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let path = format!("/v1/operator/{path}");
        let bytes = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let (status, answer) = match self {
            Self::Server(server, token) => {
                let verb = if body.is_some() { hyper::Method::POST } else { hyper::Method::GET };
                let whole = if query.is_empty() { path } else { format!("{path}?{query}") };
                let (status, answer) = converse(server, token, verb, &whole, bytes)?;
                (status.as_u16(), answer.to_vec())
            }
            Self::InHand(hand) => {
                let verb = if body.is_some() { Method::Post } else { Method::Get };
                let mut request = Request::new(verb, &path, query);
                request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
                request.body = bytes;
                hand.ask(&request)
            }
        };
        understood(status, &answer)
    }

    /// Closes the book, where it was in hand.
    pub(super) fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Server(..) => Ok(()),
            Self::InHand(hand) => hand.close(),
        }
    }
}

impl Hand {
    fn open(setting: &Setting, who: Option<&Who>) -> anyhow::Result<Self> {
        let data = setting.config()?.server.data;
        let mut bar = Bar::default();
        let mut progress = |what, at, end| bar.show(what, at, end);
        let book = OpenBook::open(&data, Absent::Refuse, &mut progress).map_err(in_use)?;
        let by = match who {
            Some(who) => operator(&book, who.by.as_deref().unwrap_or_default())?,
            None => String::new(),
        };
        let zone = book.zone()?;
        let OpenBook { log, state, views, clock, .. } = book;
        let metrics = Arc::new(Metrics::new());
        let writer = Writer::start(Arc::clone(&log), state, views, Arc::clone(&clock), metrics);
        let (book, writer) = writer.context("start the writer")?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, book, writer, log, clock, zone, by })
    }

    fn ask(&self, request: &Request) -> (u16, Vec<u8>) {
        let desk = InHand { book: &self.book, clock: &*self.clock, zone: self.zone };
        let answer = self.runtime.block_on(desk.ask(&self.by, request));
        (answer.status, answer.body)
    }

    fn close(self) -> anyhow::Result<()> {
        drop(self.book);
        self.writer.join().context("stop the writer")?;
        self.log.close().context("close the log")
    }
}

/// A name on a stopped server's data, where it is a declared operator's.
pub(super) fn operator(book: &OpenBook, name: &str) -> anyhow::Result<String> {
    let known = operators(&book.secrets, book.clock.now());
    if known.iter().any(|operator| operator.as_str() == name) {
        return Ok(name.to_owned());
    }
    bail!("there is no operator {name:?}; `duizhang user add` declares one")
}

/// What an answer shows, or why nothing was done, in the words of the problem document.
fn understood(status: u16, answer: &[u8]) -> anyhow::Result<Value> {
    let shown: Option<Value> = serde_json::from_slice(answer).ok();
    match shown {
        Some(shown) if (200..300).contains(&status) => Ok(shown),
        Some(problem) if problem["detail"].is_string() => {
            let word = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
            bail!("{} ({})", word("detail"), word("code"))
        }
        _ => bail!("the answer was {status}: {}", String::from_utf8_lossy(answer).trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_in_its_own_words() {
        let problem = br#"{"title":"T","detail":"the day is open","code":"day_open"}"#;
        let told = |status, answer: &[u8]| understood(status, answer).map_err(|e| e.to_string());
        assert_eq!(told(409, problem), Err("the day is open (day_open)".to_owned()));
        assert_eq!(told(502, b"bad gateway\n"), Err("the answer was 502: bad gateway".to_owned()));
        assert_eq!(told(200, b"bad"), Err("the answer was 200: bad".to_owned()));
        assert_eq!(told(200, b"{}"), Ok(json!({})));
    }
}
