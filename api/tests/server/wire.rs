//! A plain HTTP client: one connection a request, so that nothing is hidden by a pool.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::rig::guarded;

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        Self { status: status.expect("a status"), head, body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

/// Sends bytes as they are and reads until the server closes.
pub(crate) async fn raw(at: SocketAddr, request: &[u8]) -> Answer {
    let exchange = async {
        let mut stream = TcpStream::connect(at).await.expect("the server listens");
        // A server that refuses early may not read all of it.
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        bytes
    };
    Answer::parse(&guarded("an answer", exchange).await)
}

pub(crate) async fn get(at: SocketAddr, path: &str) -> Answer {
    get_as(at, path, "").await
}

pub(crate) async fn get_as(at: SocketAddr, path: &str, token: &str) -> Answer {
    let token = bearer(token);
    let head = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n{token}Connection: close\r\n\r\n");
    raw(at, head.as_bytes()).await
}

pub(crate) async fn post_json(at: SocketAddr, path: &str, token: &str, body: &str) -> Answer {
    let (token, length) = (bearer(token), body.len());
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {at}\r\n{token}Content-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    raw(at, head.as_bytes()).await
}

fn bearer(token: &str) -> String {
    if token.is_empty() {
        return String::new();
    }
    format!("Authorization: Bearer {token}\r\n")
}

/// A stream of server-sent events.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    pub(crate) async fn open(at: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(at).await.expect("the server listens");
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nAccept: text/event-stream\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("the head is sent");
        let mut events = Self(BufReader::new(stream));
        let status = events.line().await.expect("a status line");
        assert!(status.contains(" 200 "), "{status}");
        events
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = guarded("a line of the stream", self.0.read_line(&mut line)).await;
        matches!(read, Ok(bytes) if bytes > 0).then_some(line)
    }

    /// The data of the next event; none where the stream ends.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            let line = self.line().await?;
            if let Some(data) = line.strip_prefix("data:") {
                return Some(data.trim().to_owned());
            }
            if line.trim() == "0" {
                return None;
            }
        }
    }
}
