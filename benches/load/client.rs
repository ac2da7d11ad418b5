//! A frugal HTTP/1.1 client: one thread, keep-alive connections, one request in flight on each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Where to send what.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) address: SocketAddr,
    /// Writes the request with this number.
    pub(crate) write: fn(u64, &mut Vec<u8>),
    pub(crate) numbers: Arc<AtomicU64>,
    /// What every answer begins with.
    pub(crate) status: &'static [u8],
}

/// Sends until the deadline, or so many requests on each connection, and returns how many were
/// answered.
pub(crate) fn run(job: &Job, connections: usize, end: Instant, limit: Option<usize>) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answered = Arc::new(AtomicUsize::new(0));
    runtime.expect("a runtime").block_on(async {
        let tasks: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(converse(job.clone(), end, limit, Arc::clone(&answered))))
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
    });
    answered.load(Ordering::Relaxed)
}

async fn converse(job: Job, end: Instant, limit: Option<usize>, answered: Arc<AtomicUsize>) {
    let mut stream = TcpStream::connect(job.address).await.expect("connects");
    stream.set_nodelay(true).expect("sets an option");
    let (mut request, mut answer) = (Vec::with_capacity(1_024), Vec::with_capacity(4_096));
    let mut sent = 0;
    while Instant::now() < end && limit.is_none_or(|limit| sent < limit) {
        request.clear();
        (job.write)(job.numbers.fetch_add(1, Ordering::Relaxed), &mut request);
        stream.write_all(&request).await.expect("sends");
        read_answer(&mut stream, &mut answer, job.status).await;
        sent += 1;
    }
    answered.fetch_add(sent, Ordering::Relaxed);
}

async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>, status: &[u8]) {
    answer.clear();
    loop {
        let read = stream.read_buf(answer).await.expect("receives");
        assert!(read > 0, "the server hung up: {}", String::from_utf8_lossy(answer));
        let Some(head) = find(answer, b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|text| text.trim().parse().ok()).expect("a length");
        if answer.len() >= head + 4 + length {
            assert!(answer.starts_with(status), "{}", String::from_utf8_lossy(answer));
            return;
        }
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
