//! A shop: takes callbacks, tells the test of each, and answers as the test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::rig::guarded;

/// A callback as it came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// A parameter of the query, as it stands there.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let query = self.line.split(' ').nth(1)?.split_once('?')?.1;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then_some(value)
        })
    }
}

/// What a shop does with a callback.
#[derive(Clone, Debug)]
pub(crate) enum Habit {
    /// Answers with this status, these further header lines and this body.
    Say(u16, String, String),
    /// Hears, and says nothing until the test lets go; then closes.
    Hang,
    /// Closes at once.
    Close,
}

impl Habit {
    pub(crate) fn say(status: u16, body: &str) -> Self {
        Self::Say(status, String::new(), body.to_owned())
    }
}

/// A shop on loopback.
pub(crate) struct Shop {
    pub(crate) at: SocketAddr,
    habit: Arc<Mutex<Habit>>,
    came: UnboundedReceiver<Came>,
    hold: watch::Sender<bool>,
}

impl Shop {
    pub(crate) async fn new(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let at = listener.local_addr().expect("bound");
        let habit = Arc::new(Mutex::new(habit));
        let (tell, came) = unbounded_channel();
        let hold = watch::Sender::new(true);
        let (shared, held) = (Arc::clone(&habit), hold.subscribe());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), tell.clone(), held.clone()));
            }
        });
        Self { at, habit, came, hold }
    }

    pub(crate) async fn good() -> Self {
        Self::new(Habit::say(200, "success")).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/notify", self.at)
    }

    pub(crate) fn becomes(&self, habit: Habit) {
        *self.habit.lock().expect("whole") = habit;
    }

    /// The next callback.
    pub(crate) async fn next(&mut self) -> Came {
        guarded("a callback", self.came.recv()).await.expect("the shop is open")
    }

    /// What came and was not asked for yet.
    pub(crate) fn waiting(&mut self) -> usize {
        std::iter::from_fn(|| self.came.try_recv().ok()).count()
    }

    /// Closes every connection on which it hangs.
    pub(crate) fn let_go(&self) {
        self.hold.send_replace(false);
    }
}

async fn serve(
    mut stream: TcpStream,
    habit: Arc<Mutex<Habit>>,
    tell: UnboundedSender<Came>,
    mut held: watch::Receiver<bool>,
) {
    let Some(came) = hear(&mut stream).await else { return };
    let habit = habit.lock().expect("whole").clone();
    let text = match &habit {
        Habit::Say(status, headers, body) => format!(
            "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\
             \r\n{body}",
            body.len()
        ),
        Habit::Hang | Habit::Close => String::new(),
    };
    // The test may have ended.
    let _ = tell.send(came);
    if matches!(habit, Habit::Hang) {
        let _ = held.wait_for(|held| !held).await;
    }
    let _ = stream.write_all(text.as_bytes()).await;
}

async fn hear(stream: &mut TcpStream) -> Option<Came> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await.ok()?;
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).ok()?;
    let (line, head) = text.split_once("\r\n")?;
    let mut came = Came { line: line.into(), head: head.into(), body: String::new() };
    let length = came.header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    came.body = String::from_utf8(body).ok()?;
    Some(came)
}
