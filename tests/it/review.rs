//! The verbs that read a book, as an auditor meets them.
//!
//! Invariant: whoever asks a running server and whoever reads a stopped server's data get the same
//! bytes and the same exit code.
//! Deliberately not here: what a replay or an audit finds in detail, which is tested in `replay`.

use std::path::Path;
use std::process::Command;

use duizhang_api::clock::{Clock, SystemClock};
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::OrderId;
use duizhang_eventlog::history::write;
use duizhang_eventlog::{EventLog, Group, LogConfig, SledLog};
use duizhang_projections::calendar::Zone;

use crate::program::{BookFile, Caller, Ended, Load, Program, Shop, TOKEN, usual};

/// Writes into the log what no writer of ours would: the release of an amount that nobody held.
/// Returns the last position.
fn contradict(data: &Path) -> u64 {
    let (log, _) = SledLog::open(data, LogConfig::default()).expect("nobody else has it");
    let head = log.head();
    let chapter = Chapter {
        position: head.position.next(),
        at: head.time,
        fact: Fact::ClockTicked,
        decisions: vec![Decision::AmountReleased { order: OrderId::from_bits(7) }],
    };
    let mut group = Group::new(head.time);
    write(&chapter, &mut group).expect("two events fit");
    let head = log.append(&group).expect("a healthy disk");
    log.close().expect("it closes");
    head.position.number()
}

#[test]
fn a_log_that_contradicts_itself_is_a_finding_of_every_verb_that_plays_it() {
    let book = BookFile::new("http://127.0.0.1:8331/");
    assert_eq!(book.serve().stop().code, Some(0));
    let head = contradict(&book.data()).to_string();
    let verbs: [(&[&str], &str); 4] = [
        (&["audit"], "contradicts what came before it"),
        (&["replay", "--day", "2026-11-21"], "No report: the events contradict each other."),
        (&["replay", "--day", "2026-11-21", "--json"], "\"report\": null"),
        (&["replay", "--from", "0", "--to", &head], "the play ended here"),
    ];
    for (verb, says) in verbs {
        let ended = book.run(verb);
        assert_eq!(ended.code, Some(1), "{verb:?}: {ended:?}");
        assert!(ended.output.contains(says), "{verb:?}: {ended:?}");
    }
}

/// Asks a running server.
fn ask(caller: Caller, token: &str, verb: &[&str]) -> Ended {
    let mut command = Program::command(verb);
    command.args(["--server", &format!("http://{}", caller.at), "--token", token]);
    Program::run(command)
}

fn today() -> String {
    let zone = Zone::new("Asia/Shanghai").expect("a zone");
    zone.day_of(SystemClock::new().now()).to_string()
}

#[test]
fn a_running_server_answers_with_the_bytes_of_a_stopped_one() {
    // Without an address for callbacks nothing happens in the book while it is asked.
    let address = "notify_url = \"http://127.0.0.1:8331/\"\n";
    let book = BookFile::with(&usual("http://127.0.0.1:8331/").replace(address, ""));
    let admin = book.operator();
    let (program, load) = (book.serve(), Load::default());
    for client in load.burst(program.caller(), 40, 40) {
        client.join().expect("no panic");
    }
    let day = today();
    let verbs: [(&[&str], i32); 18] = [
        (&["audit"], 0),
        (&["replay", "--day", &day], 0),
        (&["replay", "--day", "2001-01-01"], 0),
        (&["replay", "--from", "0", "--to", "40"], 0),
        (&["replay", "--from", "7", "--to", "7"], 0),
        (&["replay", "--from", "1", "--to", "1000000"], 2),
        (&["explain", "order", "N1"], 0),
        (&["explain", "order", "nobody-knows"], 2),
        (&["explain", "dragon", "x"], 2),
        (&["merchant", "list"], 0),
        (&["merchant", "show", "1001"], 0),
        (&["merchant", "show", "nobody"], 2),
        (&["wallet", "list"], 0),
        (&["wallet", "show", "wx-main"], 0),
        (&["device", "list"], 0),
        (&["device", "show", "phone-1"], 0),
        (&["user", "list"], 0),
        (&["user", "show", "admin"], 0),
    ];
    let mut answers: Vec<(Vec<&str>, Ended)> = Vec::new();
    for (verb, code) in verbs {
        for verb in [verb.to_vec(), [verb, &["--json"]].concat()] {
            let running = ask(program.caller(), &admin, &verb);
            assert_eq!(running.code, Some(code), "{verb:?}: {running:?}");
            answers.push((verb, running));
        }
    }
    assert_eq!(program.stop().code, Some(0));
    for (verb, running) in answers {
        let stopped = book.run(&verb);
        assert_eq!(running.code, stopped.code, "{verb:?}");
        assert_eq!(running.output, stopped.output, "{verb:?}");
        assert_eq!(running.errors, stopped.errors, "{verb:?}");
    }
}

#[test]
fn a_book_is_audited_while_it_is_written() {
    let shop = Shop::new();
    let book = BookFile::new(&shop.url());
    let admin = book.operator();
    let (program, load) = (book.serve(), Load::default());
    let clients = load.burst(program.caller(), 20, 400);
    for verb in [&["audit"][..], &["replay", "--day", &today()], &["explain", "order", "N1"]] {
        let ended = ask(program.caller(), &admin, verb);
        assert_eq!(ended.code, Some(0), "{verb:?}: {ended:?}");
    }
    for client in clients {
        client.join().expect("no panic");
    }
    assert_eq!(program.stop().code, Some(0));
    assert_eq!(book.run(&["audit"]).code, Some(0));
}

#[test]
fn a_book_is_opened_by_operators_and_by_what_it_understands_only() {
    let book = BookFile::new("http://127.0.0.1:8331/");
    let admin = book.operator();
    let program = book.serve();
    let caller = program.caller();
    let audit = r#"{"question":{"history":"audit"},"form":"text"}"#;
    let long = format!(r#"{{"question":{{"history":"{}"}},"form":"text"}}"#, "a".repeat(2_000));
    let cases = [
        ("POST", "", audit, 401, "a valid token of an operator is required"),
        ("POST", "Bearer guessed", audit, 401, "a valid token of an operator is required"),
        ("POST", &format!("Basic {admin}"), audit, 401, "a valid token"),
        ("POST", &format!("Bearer {TOKEN}"), audit, 403, "an operator's does"),
        ("POST", &format!("Bearer {admin}"), "audit", 400, "does not know the question"),
        ("POST", &format!("Bearer {admin}"), &long, 413, "longer than 1024 bytes"),
        ("GET", &format!("Bearer {admin}"), "", 405, ""),
        ("POST", &format!("bearer {admin}"), audit, 200, "Every check passed."),
    ];
    for (method, authorization, body, status, says) in cases {
        let headers = [("Authorization", authorization)];
        let answer = caller.ask(&format!("{method} /review"), &headers, body.as_bytes());
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    let ended = ask(caller, "guessed", &["audit"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.errors.contains("answered 401 Unauthorized: a valid token"), "{ended:?}");
    assert!(!ended.errors.contains("guessed"), "a token is repeated: {ended:?}");

    // Where the data are in use, whoever reads them is told how to ask.
    let in_use = book.run(&["audit"]);
    assert_eq!(in_use.code, Some(2));
    assert!(in_use.errors.contains("ask it with --server URL"), "{in_use:?}");

    assert_eq!(program.stop().code, Some(0));
    let gone = ask(caller, &admin, &["audit"]);
    assert_eq!(gone.code, Some(2));
    assert!(gone.errors.contains(&format!("ask the server http://{}", caller.at)), "{gone:?}");
}

#[test]
fn a_server_is_named_with_its_token_and_for_reading_only() {
    let here = "http://127.0.0.1:8330";
    let cases: [(&[&str], &str); 7] = [
        (&["audit", "--server", here], "--server needs --token or DUIZHANG_TOKEN"),
        (&["audit", "--token", "t"], "--token is for --server"),
        (&["audit", "--server", here, "--token", ""], "it is empty"),
        (&["audit", "--server", here, "--token", "t", "--data", "d"], "--data is for a stopped"),
        (&["audit", "--server", "127.0.0.1:8330", "--token", "t"], "is not an address like"),
        (&["audit", "--server", "http://me:pw@host", "--token", "t"], "is not an address like"),
        (&["user", "add", "me", "--server", here, "--token", "t"], "not this one"),
    ];
    for (arguments, says) in cases {
        let ended = Program::run(Program::command(arguments));
        assert_eq!(ended.code, Some(64), "{arguments:?}: {ended:?}");
        assert!(ended.errors.contains(says), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn the_token_may_lie_in_the_environment() {
    let book = BookFile::new("http://127.0.0.1:8331/");
    let admin = book.operator();
    let program = book.serve();
    let mut command: Command = Program::command(&["user", "list"]);
    command.args(["--server", &format!("http://{}/", program.caller().at)]);
    command.env("DUIZHANG_TOKEN", &admin);
    let ended = Program::run(command);
    assert_eq!((ended.code, ended.output.as_str()), (Some(0), "admin\n"), "{ended:?}");
    assert_eq!(program.stop().code, Some(0));
}
