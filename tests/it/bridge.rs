//! The relay near the phones: what it took is counted once by the server, however often the relay
//! dies, the server dies, or a receipt is lost on the way.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use duizhang_core::decision::Decision;

use crate::program::{
    BookFile, Came, DEVICE_KEY, GUARD, Program, Records, Shop, TOKEN, millis, push_path,
};

/// What becomes of a connection between the relay and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is closed at once.
    Cut,
    /// What the relay says arrives, and what the server answers is lost.
    Deaf(SocketAddr),
    /// It works.
    Open(SocketAddr),
}

/// The network between the relay and the server.
struct Link {
    at: SocketAddr,
    way: Arc<Mutex<Way>>,
    /// Answers that were lost.
    lost: Arc<(Mutex<usize>, Condvar)>,
}

impl Link {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let at = listener.local_addr().expect("bound");
        let way = Arc::new(Mutex::new(Way::Cut));
        let lost = Arc::new((Mutex::new(0), Condvar::new()));
        let (shared, counted) = (Arc::clone(&way), Arc::clone(&lost));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let way = *shared.lock().expect("whole");
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || carry(stream, way, &counted));
            }
        });
        Self { at, way, lost }
    }

    fn becomes(&self, way: Way) {
        *self.way.lock().expect("whole") = way;
    }

    /// Waits until an answer of the server was lost.
    fn until_lost(&self) {
        let (count, told) = &*self.lost;
        let count = count.lock().expect("whole");
        let waited = told.wait_timeout_while(count, GUARD, |count| *count == 0).expect("whole");
        assert!(!waited.1.timed_out(), "waited {GUARD:?} for an answer to be lost");
    }
}

/// Carries one request and its answer; both sides close after one exchange.
fn carry(mut relay: TcpStream, way: Way, lost: &(Mutex<usize>, Condvar)) {
    let (Way::Open(server) | Way::Deaf(server)) = way else { return };
    let Ok(mut to_server) = TcpStream::connect(server) else { return };
    let (mut asking, mut asked) =
        (relay.try_clone().expect("a stream"), to_server.try_clone().expect("a stream"));
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut asking, &mut asked);
        let _ = asked.shutdown(Shutdown::Write);
    });
    let mut answer = Vec::new();
    let _ = to_server.read_to_end(&mut answer);
    if matches!(way, Way::Deaf(_)) && !answer.is_empty() {
        *lost.0.lock().expect("whole") += 1;
        lost.1.notify_all();
        let _ = relay.shutdown(Shutdown::Both);
        return;
    }
    let _ = relay.write_all(&answer);
    let _ = relay.shutdown(Shutdown::Both);
}

/// A relay with its own folder.
fn relay(link: &Link) -> BookFile {
    BookFile::with(&format!(
        "[bridge]\nlisten = \"127.0.0.1:0\"\nupstream = \"http://{}\"\n",
        link.at
    ))
}

fn order(server: &Program, number: usize) -> String {
    let body = format!(r#"{{"number":"R-{number}","amount":"10.00","channels":["wechat"]}}"#);
    let answer = server.caller().try_post_json("/v1/orders", TOKEN, &body).expect("an answer");
    let payable = answer.json()["payable"].as_str().map(str::to_owned);
    payable.unwrap_or_else(|| panic!("{}", answer.text()))
}

fn push(to: &Program, price: &str, t: u64, key: &str) {
    let answer = to.caller().get(&push_path(price, t, key));
    assert_eq!(answer.json()["code"], 1, "{}", answer.text());
}

/// Waits until nothing waits in a relay: the shop may hear of a payment before the relay has its
/// receipt.
fn drained(relay: &Program) {
    const LOOKS_MAX: usize = 20_000;
    let waits = |_: &usize| relay.caller().get("/healthz").json()["waiting"] != 0;
    let looks = (0..LOOKS_MAX).take_while(waits).count();
    assert!(looks < LOOKS_MAX, "something waits for ever");
}

#[test]
fn a_relayed_push_counts_once_though_relay_server_and_receipts_are_lost() {
    let shop = Shop::new();
    let book = BookFile::new(&shop.url());
    let server = book.serve();
    let prices: Vec<String> = (0..6).map(|number| order(&server, number)).collect();
    let told = |count: usize| {
        let numbers = move |came: &[Came]| {
            let numbers: std::collections::BTreeSet<_> =
                came.iter().filter_map(Came::number).collect();
            numbers.len() >= count
        };
        shop.until(&format!("{count} orders to be called back"), numbers);
    };
    let link = Link::new();
    let near = relay(&link);
    let t = millis();

    // The server is out of reach: the relay keeps what comes, and dies.
    let first = Program::serve(near.command(&["bridge"]));
    for (number, price) in (0_u64..).zip(&prices[..3]) {
        push(&first, price, t + number, DEVICE_KEY);
    }
    push(&first, &prices[5], t + 9, "a forged key 0001");
    assert_eq!(first.caller().get("/healthz").json()["waiting"], 4);
    assert_eq!(first.caller().get("/nothing").status, 404);
    first.kill();

    // The next relay sends it all, the server has it all, and nobody hears so.
    link.becomes(Way::Deaf(server.caller().at));
    let second = Program::serve(near.command(&["bridge"]));
    link.until_lost();
    link.becomes(Way::Cut);
    told(3);
    server.kill();

    // Another server: all of it comes again, and more.
    let server = book.serve();
    push(&second, &prices[3], t + 3, DEVICE_KEY);
    push(&second, &prices[3], t + 3, DEVICE_KEY);
    push(&server, &prices[4], t + 4, DEVICE_KEY);
    push(&second, &prices[4], t + 4, DEVICE_KEY);
    link.becomes(Way::Open(server.caller().at));
    push(&second, &prices[5], t + 5, DEVICE_KEY);
    told(6);
    drained(&second);
    assert_eq!(second.stop().code, Some(0));
    for (number, price) in prices.iter().enumerate() {
        let found = server.caller().get_as(&format!("/v1/orders?number=R-{number}"), TOKEN).json();
        assert_eq!(found["status"], "paid", "{found}");
        assert_eq!(found["received"], *price, "{found}");
    }
    assert_eq!(server.stop().code, Some(0));
    let third = Program::serve(near.command(&["bridge"]));
    let health = third.caller().get("/healthz").json();
    assert_eq!(health["waiting"], 0, "all of it was acknowledged: {health}");
    assert_eq!(health["refused"], 1, "what was refused is kept: {health}");
    assert_eq!(third.stop().code, Some(0));
    let again = Program::serve(near.command(&["bridge", "--again"]));
    let health = again.caller().get("/healthz").json();
    assert_eq!((&health["waiting"], &health["refused"]), (&1.into(), &0.into()), "{health}");
    assert_eq!(again.stop().code, Some(0));

    let records = Records::audited(&book.data()).expect("the audit is clean");
    let observed = records.chapters.iter().flat_map(|chapter| &chapter.decisions);
    let observed = observed.filter(|made| matches!(made, Decision::PaymentObserved { .. }));
    assert_eq!(observed.count(), 6, "one payment for each order");
}

#[test]
fn a_relay_without_a_server_to_forward_to_does_not_start() {
    let near = BookFile::with("[bridge]\nlisten = \"127.0.0.1:0\"\n");
    let ended = near.run(&["bridge"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.errors.contains("bridge.upstream is not set"), "{}", ended.errors);
    let near = BookFile::with("[bridge]\nupstream = \"pay.example\"\n");
    let ended = near.run(&["bridge"]);
    assert!(ended.errors.contains("bridge.upstream"), "{}", ended.errors);
}
