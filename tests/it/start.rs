//! What a start does and refuses before anybody is served: a log from the future, and a merchant
//! whose callbacks nobody could verify.

use std::path::Path;
use std::sync::Arc;

use duizhang_api::clock::{Clock, ManualClock, SystemClock};
use duizhang_api::metrics::Metrics;
use duizhang_api::opening;
use duizhang_api::secrets::SecretStore;
use duizhang_api::writer::Writer;
use duizhang_core::fact::{BookOpened, Fact};
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::{EventLog, LogConfig, SledLog};

use crate::program::{
    BookFile, DEVICE_KEY, Program, Shop, TOKEN, WEBHOOK, millis, push_path, usual,
};

/// A book whose only event has this time, as a machine with a wrong clock leaves it behind.
fn opened_at(data: &Path, at: Timestamp) {
    std::fs::create_dir_all(data).expect("a folder");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(at, 1));
    SecretStore::create(data, None, &*clock).expect("a new store");
    let (log, _) = SledLog::open(data, LogConfig::default()).expect("the log opens");
    let log: Arc<dyn EventLog> = Arc::new(log);
    let (state, views) = opening::fold(&log, &mut |_| {}).expect("the log is readable");
    let metrics = Arc::new(Metrics::new());
    let (book, writer) =
        Writer::start(Arc::clone(&log), state, views, clock, metrics).expect("the writer starts");
    let opened = BookOpened { book: "main".into(), time_zone: "Asia/Shanghai".into() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(book.submit(Fact::BookOpened(opened))).expect("it is taken");
    drop(book);
    writer.join().expect("no panic");
    log.close().expect("it closes");
}

#[test]
fn a_log_that_is_ahead_of_the_clock_is_not_served_and_not_written() {
    let book = BookFile::new("https://shop.example/notify");
    opened_at(&book.data(), SystemClock::new().now().plus(Span::from_hours(24)));
    let ended = match Program::start(book.command(&["serve"])) {
        Err(ended) => ended,
        Ok(_) => panic!("a book that is a day ahead would never let an order expire"),
    };
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for word in ["this machine's clock says", "set the clock right"] {
        assert!(ended.errors.contains(word), "{ended:?}");
    }
    // The merchants and wallets of the configuration were not declared.
    let (log, _) = SledLog::open(&book.data(), LogConfig::default()).expect("the log opens");
    assert_eq!(log.head().position.number(), 1);
}

#[test]
fn a_log_that_is_a_minute_ahead_is_served() {
    let book = BookFile::new("https://shop.example/notify");
    opened_at(&book.data(), SystemClock::new().now().plus(Span::from_mins(1)));
    assert_eq!(book.serve().stop().code, Some(0));
}

/// The webhook secrets that the stopped book knows of.
fn webhook_secrets(book: &BookFile) -> Vec<String> {
    let shown = book.run(&["merchant", "show", "1001", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.output).expect("JSON");
    let keys = shown["keys"].as_array().expect("keys");
    let of_kind = keys.iter().filter(|key| key["kind"] == "webhook-secret");
    of_kind.map(|key| key["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_merchant_with_a_token_and_no_webhook_secret_gets_one_once() {
    let shop = Shop::new();
    let text = usual(&shop.url()).replace(&format!("webhook_secret = \"{WEBHOOK}\"\n"), "");
    let book = BookFile::with(&text);
    let program = book.serve();
    let body = r#"{"number":"SO-1","amount":"8.88"}"#;
    let created = program.caller().try_post_json("/v1/orders", TOKEN, body).expect("an answer");
    assert_eq!(created.status, 201, "{}", created.text());
    program.caller().get(&push_path("8.88", millis(), DEVICE_KEY));
    assert!(shop.of("SO-1").headers["webhook-signature"].starts_with("v1,"));
    let ended = program.stop();
    assert!(ended.errors.contains("merchant 1001 had no webhook secret"), "{ended:?}");
    assert!(!ended.errors.contains("whsec_"), "a secret is no log line");
    let drawn = webhook_secrets(&book);
    assert_eq!(drawn.len(), 1);

    let again = book.serve().stop();
    assert!(!again.errors.contains("no webhook secret"), "{again:?}");
    assert_eq!(webhook_secrets(&book), drawn, "what shops verify with stays");
}

#[test]
fn a_merchant_without_a_token_needs_no_webhook_secret() {
    let text = usual("https://shop.example/notify")
        .replace(&format!("webhook_secret = \"{WEBHOOK}\"\n"), "")
        .replace(&format!("token = \"{TOKEN}\"\n"), "");
    let book = BookFile::with(&text);
    assert_eq!(book.serve().stop().code, Some(0));
    assert_eq!(webhook_secrets(&book), Vec::<String>::new());
}
