//! A shop on loopback: takes callbacks, says success, and remembers each.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use super::process::GUARD;

/// A callback as it came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Came {
    /// A parameter of the query, as it stands there.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let query = self.line.split(' ').nth(1)?.split_once('?')?.1;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then_some(value)
        })
    }

    /// The shop's own number of the order, in either protocol.
    pub(crate) fn number(&self) -> Option<String> {
        if let Some(number) = self.param("payId") {
            return Some(number.to_owned());
        }
        let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
        body["data"]["number"].as_str().map(str::to_owned)
    }

    /// What tells this message from others: the header of the native protocol, the order elsewhere.
    pub(crate) fn id(&self) -> String {
        self.headers.get("webhook-id").cloned().unwrap_or_else(|| self.line.clone())
    }
}

#[derive(Default)]
struct Book {
    came: Mutex<Vec<Came>>,
    rang: Condvar,
}

/// A shop that always says success.
pub(crate) struct Shop {
    pub(crate) at: SocketAddr,
    book: Arc<Book>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let at = listener.local_addr().expect("bound");
        let book = Arc::new(Book::default());
        let kept = Arc::clone(&book);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(&kept, stream));
            }
        });
        Self { at, book }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/notify", self.at)
    }

    /// Everything that came so far.
    pub(crate) fn came(&self) -> Vec<Came> {
        self.book.came.lock().expect("whole").clone()
    }

    /// Waits until what came is enough.
    pub(crate) fn until(&self, what: &str, enough: impl Fn(&[Came]) -> bool) {
        let came = self.book.came.lock().expect("whole");
        let waited = self.book.rang.wait_timeout_while(came, GUARD, |came| !enough(came));
        let (came, waited) = waited.expect("whole");
        assert!(!waited.timed_out(), "waited {GUARD:?} for {what}; {} came", came.len());
    }

    /// Waits for the callback of an order.
    pub(crate) fn of(&self, number: &str) -> Came {
        let fits = |came: &Came| came.number().as_deref() == Some(number);
        self.until(&format!("the callback of {number}"), |came| came.iter().any(fits));
        self.came().into_iter().find(fits).expect("it came")
    }
}

fn serve(book: &Book, stream: TcpStream) {
    let Some((came, mut stream)) = hear(stream) else { return };
    book.came.lock().expect("whole").push(came);
    book.rang.notify_all();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nsuccess";
    // The server may have been killed meanwhile.
    let _ = stream.write_all(answer);
}

fn hear(stream: TcpStream) -> Option<(Came, TcpStream)> {
    stream.set_read_timeout(Some(GUARD)).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some((Came { line: line.trim_end().to_owned(), headers, body }, reader.into_inner()))
}
