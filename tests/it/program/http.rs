//! A plain, blocking HTTP client: one connection a request, so that nothing is hidden by a pool.
//!
//! Invariant: an answer is one only when it has come whole; what a dying server half said
//! acknowledges nothing.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::process::GUARD;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let broken = || io::Error::new(ErrorKind::UnexpectedEof, "the answer broke off");
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(broken)?;
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        let answer =
            Self { status: status.ok_or_else(broken)?, head, body: bytes[end + 4..].to_vec() };
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        match length {
            Some(length) if answer.body.len() < length => Err(broken()),
            _ => Ok(answer),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.map(str::trim)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

/// Who asks a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) at: SocketAddr,
}

impl Caller {
    /// Sends bytes as they are and reads until the server closes.
    pub(crate) fn raw(self, request: &[u8]) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(self.at)?;
        stream.set_read_timeout(Some(GUARD))?;
        // A server that refuses early may not read all of it.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            Err(error) if bytes.is_empty() => return Err(error),
            _ => {}
        }
        Answer::parse(&bytes)
    }

    pub(crate) fn try_get(self, path: &str) -> io::Result<Answer> {
        self.ask(&format!("GET {path}"), &[], b"")
    }

    pub(crate) fn get(self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(crate) fn get_as(self, path: &str, token: &str) -> Answer {
        let token = format!("Bearer {token}");
        let answer = self.ask(&format!("GET {path}"), &[("Authorization", &token)], b"");
        answer.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(crate) fn try_post_json(self, path: &str, token: &str, body: &str) -> io::Result<Answer> {
        let token = format!("Bearer {token}");
        let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
        self.ask(&format!("POST {path}"), &headers, body.as_bytes())
    }

    /// Sends a request with a verb, a path, headers and a body.
    pub(crate) fn ask(
        self,
        line: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut request = format!("{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.at);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() || line.starts_with("POST") {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut bytes = format!("{request}\r\n").into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes)
    }
}

/// A stream of server-sent events.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    pub(crate) fn open(caller: Caller, path: &str) -> Self {
        let mut stream = TcpStream::connect(caller.at).expect("the server listens");
        stream.set_read_timeout(Some(GUARD)).expect("a guard");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", caller.at);
        stream.write_all(head.as_bytes()).expect("the head is sent");
        Self(BufReader::new(stream))
    }

    /// The data of the next event.
    pub(crate) fn next(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.0.read_line(&mut line).expect("a line of the stream");
            assert!(read > 0, "the stream ended");
            if let Some(data) = line.strip_prefix("data:") {
                return data.trim().to_owned();
            }
        }
    }
}
