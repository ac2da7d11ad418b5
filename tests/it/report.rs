//! `report` as finance uses it: every format from a stopped server's data and from a running
//! server, the day as it was known before, and what changed since.

use serde_json::Value;

use crate::program::Ended;
use crate::reconcile::{Day, Receipt, wechat_file};

/// A day with a stranger's line that was reconciled.
fn reconciled() -> Day {
    let day = Day::new();
    let bill = day.bill("bill.csv", &[day.paid(), day.stranger()]);
    let ended = day.reconcile(&["--statement", &bill]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    day
}

fn report(day: &Day, more: &[&str]) -> Ended {
    day.run(&[&["report", "--day", &day.day], more].concat())
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.output).unwrap_or_else(|_| panic!("{ended:?}"))
}

#[test]
fn a_stopped_and_a_running_server_write_the_same_report_in_every_format() {
    let day = reconciled();
    let folder = day.book.data().with_file_name("reports");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = |name: &str| folder.join(name).display().to_string();
    let mut written = Vec::new();
    for format in ["text", "html", "xlsx", "csv", "json"] {
        let file = path(&format!("stopped.{format}"));
        let ended = report(&day, &["--format", format, "-o", &file]);
        assert_eq!(ended.code, Some(1), "a stranger's money waits: {ended:?}");
        written.push((format, std::fs::read(&file).expect("it is written")));
    }
    let server = day.book.serve();
    for (format, expected) in &written {
        let file = path(&format!("running.{format}"));
        let verb = ["report", "--day", &day.day, "--format", format, "-o", &file];
        let ended = day.ask(server.caller(), &verb);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(std::fs::read(&file).expect("it is written") == *expected, "{format} differs");
    }
    assert_eq!(server.stop().code, Some(0));
    let starts: [&[u8]; 5] =
        ["日对账报告".as_bytes(), b"<!doctype html>", b"PK", "\u{feff}".as_bytes(), b"{\n"];
    for ((format, bytes), start) in written.iter().zip(starts) {
        assert!(bytes.starts_with(start), "{format}");
    }
    let shown = report(&day, &[]);
    assert_eq!(shown.output.as_bytes(), written[0].1, "standard output has nothing else");
    assert_eq!(report(&day, &["--json"]).output.as_bytes(), written[4].1);
    let said = json(&report(&day, &["--json"]));
    assert_eq!((&said["run"], &said["waiting"]), (&Value::from(1), &Value::from(1)), "{said}");
    assert_eq!(said["breaks"][0]["record"]["state"], "open", "{said}");
}

#[test]
fn a_day_is_told_as_it_was_known_and_what_changed_since() {
    let day = reconciled();
    let before = json(&report(&day, &["--json"]));
    let position = before["position"].as_u64().expect("a position").to_string();
    // The whole bill does not have the stranger's line: it was another account's.
    let whole = day.bill("whole.csv", &[day.paid()]);
    assert_eq!(day.reconcile(&["--statement", &whole]).code, Some(0));
    let after = json(&report(&day, &["--json"]));
    assert_eq!((&after["agrees"], &after["run"]), (&Value::from(true), &Value::from(2)), "{after}");
    assert_eq!(after["changes"].as_array().map(Vec::len), Some(1), "{after}");
    assert_eq!(json(&report(&day, &["--at", &position, "--json"])), before, "as it was known");

    let since = report(&day, &["--since", &position, "--json"]);
    assert_eq!(since.code, Some(1), "{since:?}");
    let told = json(&since);
    let differences = told["differences"].as_array().expect("a list");
    for one in differences {
        let cause = one["cause"]["text"].as_str().unwrap_or_else(|| panic!("{one}"));
        assert!(cause.contains("imported statement") || cause.contains("reconciled"), "{one}");
        assert_eq!(one["among"], 1, "{one}");
    }
    let broken = differences.iter().find(|one| one["about"] == "break").expect("it ended");
    assert!(broken["then"].as_str().is_some_and(|then| then.starts_with("U02")), "{broken}");
    let head = after["position"].as_u64().expect("a position").to_string();
    let same = report(&day, &["--since", &head]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.output.contains("0 differences"), "{}", same.output);
}

#[test]
fn what_cannot_be_told_is_said() {
    let day = reconciled();
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--format", "pdf"], 64, "text, html, xlsx, csv, json"),
        (&["--at", "1", "--now"], 64, "cannot be used with"),
        (&["--at", "999999"], 2, "behind the last one"),
        (&["--since", "999999"], 2, "lies behind"),
        (&["--since", "1", "--format", "html"], 2, "text or json"),
        (&["-o", "/nowhere/at/all.html", "--format", "html"], 2, "write /nowhere/at/all.html"),
    ];
    for (more, code, says) in cases {
        let ended = report(&day, more);
        assert_eq!(ended.code, Some(code), "{more:?}: {ended:?}");
        assert!(ended.errors.contains(says), "{says}: {}", ended.errors);
    }
    let empty = day.run(&["report", "--day", "2020-01-01"]);
    assert_eq!(empty.code, Some(0), "{empty:?}");
    assert!(empty.output.contains("everything agrees"), "{}", empty.output);
}

#[test]
fn a_closed_day_is_told_as_it_was_closed_whatever_came_after() {
    let day = Day::new();
    let yesterday = day.before.clone();
    let stranger = Receipt { time: format!("{yesterday} 12:00:00"), ..day.stranger() };
    let bill = day.file("bill.csv", &wechat_file(&yesterday, std::slice::from_ref(&stranger)));
    let about = |verb: &[&str]| day.run(&[verb, &["--day", &yesterday]].concat());
    assert_eq!(about(&["reconcile", "--statement", &bill]).code, Some(1));
    let open = json(&about(&["report", "--json"]));
    let id = open["breaks"][0]["id"].as_str().expect("an id").to_owned();
    let close = ["day", "close", &yesterday, "--by", "admin", "--reason", "a stranger's"];
    let closed = day.run(&[&close[..], &["--accept", &id]].concat());
    assert_eq!(closed.code, Some(0), "{closed:?}");
    let then = about(&["report", "--json"]);
    let said = json(&then);
    assert_eq!(said["closed"]["by"], "admin", "{said}");
    assert_eq!(said["breaks"][0]["record"]["accepted"], true, "{said}");

    // A later file does not have the stranger's line, and has another one.
    let other = Receipt { amount: "5.00", serial: "1000050201202611210009", ..stranger };
    let later = day.file("later.csv", &wechat_file(&yesterday, &[other]));
    assert_eq!(about(&["reconcile", "--statement", &later]).code, Some(1));
    assert_eq!(about(&["report", "--json"]), then, "as it was closed");
    let now = json(&about(&["report", "--now", "--json"]));
    assert_ne!(now["wallets"], said["wallets"], "{now}");
    let position = said["position"].as_u64().expect("a position").to_string();
    let told = about(&["report", "--since", &position]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.output.contains("1 / 66.66 → 1 / 5.00"), "{}", told.output);
    assert!(!told.output.contains("no event between"), "{}", told.output);
}

#[test]
fn before_the_first_event_there_is_no_time() {
    let told = report(&reconciled(), &["--at", "0"]);
    assert!(told.output.contains("position: 0 (before the first event)"), "{told:?}");
}

#[test]
fn no_verb_writes_into_the_data_directory() {
    let day = reconciled();
    let lock = day.book.data().join("journal/lock");
    let (before, file) = (std::fs::read(&lock).expect("a lock"), lock.display().to_string());
    let listed = json(&day.run(&["statement", "list", "--json"]));
    let digits = listed[0]["sha256"].as_str().expect("a hash").to_owned();
    for verb in [
        vec!["report", "--day", &day.day],
        vec!["export", "events", "--format", "json"],
        vec!["statement", "save", &digits],
    ] {
        let ended = day.run(&[verb.as_slice(), &["-o", &file]].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.errors.contains("lies in the data directory"), "{ended:?}");
    }
    assert!(std::fs::read(&lock).expect("still there") == before);
}
