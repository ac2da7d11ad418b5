//! Finance's morning through the program: breaks, a day, movements and adjustments, worked on by
//! two persons, on a stopped server's data and at a running server.
//!
//! Invariant: the same words do, refuse and print the same in both ways.
//! Deliberately not here: how breaks come into the log, which is put there by a writer of the
//! test's own.

use std::sync::Arc;

use duizhang_api::clock::{Clock, SystemClock};
use duizhang_api::metrics::Metrics;
use duizhang_api::opening;
use duizhang_api::writer::Writer;
use duizhang_core::breaks::{BreakCode, Subject};
use duizhang_core::closing::Day;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, WalletId};
use duizhang_core::merkle::Hash;
use duizhang_core::testing::reckoning::{found, run, statement};
use duizhang_eventlog::{EventLog, LogConfig, SledLog};
use duizhang_listener_bridge::wire::sha256_hex;
use duizhang_projections::calendar::{Zone, date_of, day_of_date};
use serde_json::Value;

use crate::program::{BookFile, Ended, Program, usual};

/// A business day that is over in every zone.
fn over() -> Day {
    let zone = Zone::new("Asia/Shanghai").expect("a zone");
    Day::new(day_of_date(zone.day_of(SystemClock::new().now())).number() - 2)
}

fn wallet() -> WalletId {
    WalletId::new("wx-main").expect("a name")
}

fn id(serial: &str) -> String {
    let subject = Subject::Line { serial: serial.to_owned() };
    BreakId::about(&wallet(), over(), &subject).to_string()
}

/// Puts bytes where an audit looks for them.
fn custody(book: &BookFile) -> Hash {
    let bytes = b"what the channel says";
    let digits = sha256_hex(bytes);
    let folder = book.data().join("statements");
    std::fs::create_dir(&folder).expect("a new folder");
    std::fs::write(folder.join(&digits), bytes).expect("a file");
    digits.parse().expect("64 digits")
}

/// A statement of the day, and a run over it that finds two breaks.
fn reconcile(book: &BookFile) {
    let (log, _) = SledLog::open(&book.data(), LogConfig::default()).expect("nobody else has it");
    let log: Arc<dyn EventLog> = Arc::new(log);
    let (state, views) = opening::fold(&log, &mut |_| {}).expect("a readable log");
    let clock = Arc::new(SystemClock::new());
    let (writing, writer) =
        Writer::start(Arc::clone(&log), state, views, clock, Arc::new(Metrics::new()))
            .expect("threads");
    let mut kept = statement(1, over());
    let two =
        vec![found("A", BreakCode::OrphanPayment, 2_500), found("B", BreakCode::AmountOver, 50)];
    let mut found = run(1, over(), &[1], two);
    (kept.wallet, found.wallet) = (wallet(), wallet());
    kept.statement = custody(book);
    found.statements = vec![kept.statement];
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for fact in [Fact::StatementKept(kept), Fact::DayReconciled(found)] {
        runtime.block_on(writing.submit(fact)).expect("the rules take it");
    }
    drop(writing);
    writer.join().expect("no panic");
    log.close().expect("it closes");
}

/// A book with two breaks and two operators, whose tokens are returned.
fn with_breaks() -> (BookFile, [String; 2]) {
    let settings = "[books]\nadjust_alone_max = \"1.00\"\n";
    let book = BookFile::with(&format!("{}{settings}", usual("http://127.0.0.1:8331/")));
    let admin = book.operator();
    let added = book.run(&["user", "add", "auditor", "--json"]);
    let said: Value = serde_json::from_str(&added.output).expect("JSON");
    let auditor = said["token"].as_str().expect("a token").to_owned();
    reconcile(&book);
    (book, [admin, auditor])
}

/// The two persons.
#[derive(Clone, Copy, Debug)]
enum Person {
    Admin,
    Auditor,
}

/// How the verbs reach the book.
enum Way<'a> {
    Stopped(&'a BookFile),
    Running(&'a Program, &'a [String; 2]),
}

impl Way<'_> {
    fn say(&self, person: Person, verb: &[&str]) -> Ended {
        let looks = ["list", "show"].contains(&verb[1]);
        match self {
            Self::Stopped(book) => {
                let name = match person {
                    Person::Admin => "admin",
                    Person::Auditor => "auditor",
                };
                let by: &[&str] = if looks { &[] } else { &["--by", name] };
                book.run(&[verb, by].concat())
            }
            Self::Running(program, [admin, auditor]) => {
                let token = match person {
                    Person::Admin => admin,
                    Person::Auditor => auditor,
                };
                let server = format!("http://{}", program.caller().at);
                Program::run(Program::command(
                    &[verb, &["--server", &server, "--token", token]].concat(),
                ))
            }
        }
    }

    /// What a verb that must work says, as JSON.
    fn json(&self, person: Person, verb: &[&str]) -> Value {
        let ended = self.say(person, &[verb, &["--json"]].concat());
        assert_eq!(ended.code, Some(0), "{verb:?}: {ended:?}");
        serde_json::from_str(&ended.output).expect("one JSON document")
    }

    /// A verb that the rules refuse, and a part of what it says.
    fn refused(&self, person: Person, verb: &[&str], says: &str) {
        let ended = self.say(person, verb);
        assert_eq!(ended.code, Some(2), "{verb:?}: {ended:?}");
        assert!(ended.errors.contains(says), "{verb:?}: {ended:?}");
    }
}

use Person::{Admin, Auditor};

fn a_break(way: &Way<'_>) {
    let a = id("A");
    let found = way.json(Admin, &["break", "list", "--state", "unresolved"]);
    assert_eq!(found["breaks"].as_array().map(Vec::len), Some(2));
    let end = ["--resolution", "forced", "--root", "unknown", "--reason", "nobody knows"];
    way.refused(Admin, &[&["break", "resolve", &a], &end[..]].concat(), "(second_person)");
    way.json(Admin, &["break", "assign", &a, "--to", "auditor"]);
    way.json(Auditor, &["break", "comment", &a, "--text", "asked the channel"]);
    let waits = way.json(Auditor, &["break", "wait", &a, "--for", "provider"]);
    assert_eq!(waits["waiting_for"], "provider");
    way.json(Auditor, &[&["break", "propose", &a], &end[..]].concat());
    way.refused(Auditor, &["break", "approve", &a], "another person than the first");
    let refused = way.json(Admin, &["break", "refuse", &a, "--reason", "ask again"]);
    assert_eq!(refused["state"], "waiting");
    way.json(Auditor, &[&["break", "propose", &a], &end[..]].concat());
    assert_eq!(way.json(Admin, &["break", "approve", &a])["state"], "resolved");
    way.refused(Admin, &["break", "approve", &a], "the break is resolved (break_state)");
    let reopened = way.json(Admin, &["break", "reopen", &a, "--reason", "it came"]);
    assert_eq!(reopened["state"], "reopened");
    way.refused(Admin, &["break", "wait", &a, "--for", "rain"], "\"rain\" is none of provider");
    let nobody = BreakId::from_bits(7).to_string();
    way.refused(Admin, &["break", "show", &nobody], "(not_found)");
}

fn a_day(way: &Way<'_>) {
    let (day, a, b) = (date_of(over()).to_string(), id("A"), id("B"));
    let close = ["day", "close", &day, "--reason", "the channel answers on Monday"];
    way.refused(Admin, &close, "2 open breaks of that day not accepted (breaks_left)");
    way.refused(Admin, &[&close[..], &["--accept", &a]].concat(), "1 open breaks");
    let closed = way.json(Admin, &[&close[..], &["--accept", &a, "--accept", &b]].concat());
    assert_eq!(closed["state"], "closed");
    let reopen = ["day", "reopen", &day, "--reason", "a line came late"];
    assert_eq!(way.json(Admin, &reopen)["reopen_proposed_by"], "admin");
    assert_eq!(way.json(Admin, &reopen)["state"], "closed", "one person is one person");
    assert_eq!(way.json(Auditor, &reopen)["state"], "open");
    way.refused(Auditor, &reopen, "the day is open (day_open)");
    way.refused(Admin, &["day", "close", "2999-01-01", "--reason", "r"], "(day_not_over)");
}

fn the_books(way: &Way<'_>) {
    let at = ["--at", "2026-11-20T12:00:00+08:00", "--evidence", "line 7"];
    let opening = ["book", "opening", "--account", "wallet:wx-main", "--amount", "500"];
    way.json(Admin, &[&opening[..], &at].concat());
    way.refused(Admin, &[&opening[..], &at].concat(), "(already_opened)");
    let fee = ["book", "fee", "--wallet", "wx-main", "--amount", "1.26"];
    assert_eq!(way.json(Admin, &[&fee[..], &at].concat())["amount"], "1.26");
    let sent = "m00000000000000000000000007";
    let withdrawal =
        ["book", "withdrawal", "--wallet", "wx-main", "--bank", "cmb", "--fee", "0.40"];
    let withdrawal = [&withdrawal[..], &["--amount", "400", "--id", sent], &at].concat();
    for _ in 0..2 {
        assert_eq!(way.json(Admin, &withdrawal)["id"], sent);
    }
    assert_eq!(way.json(Admin, &["book", "list"])["movements"][0]["id"], sent);
    let arrival = [&["book", "arrival", "--withdrawal", sent], &at[..]].concat();
    way.json(Auditor, &arrival);
    way.refused(Auditor, &arrival, "the withdrawal has arrived already");
    let transfer = ["book", "transfer", "--wallet", "wx-main", "--to", "wx-main", "--amount", "1"];
    way.refused(Admin, &[&transfer[..], &at].concat(), "a transfer needs two wallets");
    assert_eq!(way.say(Admin, &["book", "list"]).output, "no withdrawal is under way\n");
}

fn the_adjustments(way: &Way<'_>) {
    let told = ["--at", "2026-11-20T12:00:00+08:00", "--reason", "forgiven"];
    let propose = |lines: [&'static str; 2]| {
        let lines = ["--line", lines[0], "--line", lines[1]];
        [&["adjustment", "propose"], &lines[..], &told].concat()
    };
    let small = propose(["营业外支出-抹零=1.00", "Assets:Receivable:Orders=-1.00"]);
    assert_eq!(way.json(Admin, &small)["state"], "posted", "within what one person may");
    let odd = propose(["营业外支出-抹零=1.00", "Assets:Receivable:Orders=-1.01"]);
    way.refused(Admin, &odd, "the lines do not sum to zero");
    let large = propose(["营业外支出-抹零=1.01", "Assets:Receivable:Orders=-1.01"]);
    let proposed = way.json(Admin, &large);
    assert_eq!(proposed["state"], "proposed");
    let id = proposed["id"].as_str().expect("an id");
    assert_eq!(way.json(Admin, &["adjustment", "list"])["adjustments"][0]["id"], id);
    let approve = ["adjustment", "approve", id, "--reason", "seen the statement"];
    way.refused(Admin, &approve, "whoever proposed an adjustment does not approve it");
    assert_eq!(way.json(Auditor, &approve)["judged_by"], "auditor");
    let decline = ["adjustment", "decline", id, "--reason", "too late"];
    way.refused(Admin, &decline, "the adjustment is posted (adjustment_state)");
}

fn morning(way: &Way<'_>) {
    a_break(way);
    a_day(way);
    the_books(way);
    the_adjustments(way);
}

#[test]
fn a_morning_on_a_stopped_server_s_data() {
    let (book, _) = with_breaks();
    morning(&Way::Stopped(&book));
    let audit = book.run(&["audit"]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
}

#[test]
fn a_morning_at_a_running_server_and_the_same_bytes_after_it() {
    let (book, tokens) = with_breaks();
    let program = book.serve();
    let way = Way::Running(&program, &tokens);
    morning(&way);
    let (day, a) = (date_of(over()).to_string(), id("A"));
    let looks: [&[&str]; 8] = [
        &["break", "list"],
        &["break", "list", "--owner", "auditor", "--day", &day],
        &["break", "list", "--state", "lost"],
        &["break", "show", &a],
        &["day", "list"],
        &["day", "show", &day],
        &["book", "list"],
        &["adjustment", "list"],
    ];
    let said = |way: &Way<'_>| -> Vec<Ended> {
        let forms = looks.iter().flat_map(|look| [look.to_vec(), [look, &["--json"][..]].concat()]);
        forms.map(|verb| way.say(Admin, &verb)).collect()
    };
    let running = said(&way);
    assert_eq!(running[8].output, format!("{day}  open  2 breaks, 2 open\n"));
    assert_eq!(running[14].output, "none waits\n");
    assert!(running[0].output.ends_with("auditor has it  D0\n2 breaks\n"), "{:?}", running[0]);
    assert_eq!(program.stop().code, Some(0));
    for (running, stopped) in running.iter().zip(said(&Way::Stopped(&book))) {
        assert_eq!(running.code, stopped.code, "{stopped:?}");
        assert_eq!(running.output, stopped.output);
        assert_eq!(running.errors, stopped.errors);
    }
    let history = &running[6].output;
    for words in ["ann  opened", "auditor  comment: asked the channel", "admin  approve"] {
        assert!(history.contains(words), "{words}: {history}");
    }
    assert_eq!(book.run(&["audit"]).code, Some(0));
}

#[test]
fn who_does_it_is_said_once_and_known() {
    let (book, [admin, _]) = with_breaks();
    let day = date_of(over()).to_string();
    let close = ["day", "close", &day, "--reason", "r"];
    let nameless = book.run(&close);
    assert_eq!(nameless.code, Some(64), "{nameless:?}");
    assert!(nameless.errors.contains("--by NAME says which operator does it"), "{nameless:?}");
    let stranger = book.run(&[&close[..], &["--by", "mallory"]].concat());
    assert_eq!(stranger.code, Some(2), "{stranger:?}");
    assert!(stranger.errors.contains("there is no operator \"mallory\""), "{stranger:?}");

    let program = book.serve();
    let server = format!("http://{}", program.caller().at);
    let asked = [&close[..], &["--server", &server, "--token", &admin]].concat();
    let twice = Program::run(Program::command(&[&asked[..], &["--by", "admin"]].concat()));
    assert_eq!(twice.code, Some(64), "{twice:?}");
    assert!(twice.errors.contains("the token says who"), "{twice:?}");
    let shop = crate::program::TOKEN;
    let asked = [&close[..], &["--server", &server, "--token", shop]].concat();
    let by_shop = Program::run(Program::command(&asked));
    assert_eq!(by_shop.code, Some(2), "{by_shop:?}");
    assert!(by_shop.errors.contains("(forbidden)"), "{by_shop:?}");
    let in_use = book.run(&[&close[..], &["--by", "admin"]].concat());
    assert_eq!(in_use.code, Some(2), "{in_use:?}");
    assert!(in_use.errors.contains("ask it with --server URL"), "{in_use:?}");
    assert_eq!(program.stop().code, Some(0));
}
